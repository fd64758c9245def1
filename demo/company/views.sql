-- The agreed read views: stable names, one key column each (v_stock_levels.id, else code or number).

CREATE VIEW v_stock_levels AS
SELECT s.product_code || '@' || s.warehouse AS id,
       s.product_code,
       p.name                               AS product_name,
       COALESCE(p.name_en, p.name)          AS product_name_en,
       s.warehouse,
       w.name                               AS warehouse_name,
       w.company,
       s.quantity                           AS on_hand,
       COALESCE((SELECT SUM(o.quantity) FROM sales_orders o
                  WHERE o.product_code = s.product_code AND o.warehouse = s.warehouse
                    AND o.status IN ('new', 'confirmed')), 0) AS reserved,
       COALESCE((SELECT SUM(o.quantity) FROM purchase_orders o
                  WHERE o.product_code = s.product_code AND o.status = 'open'
                    AND (o.warehouse = s.warehouse OR o.warehouse IS NULL)), 0) AS incoming,
       s.reorder_level,
       s.reorder_quantity,
       p.supplier_code,
       u.name                               AS supplier_name,
       p.unit_price,
       u.currency,
       p.buyer,
       s.updated_at
  FROM stock s
  LEFT JOIN products p ON p.code = s.product_code
  LEFT JOIN warehouses w ON w.code = s.warehouse
  LEFT JOIN suppliers u ON u.code = p.supplier_code;

CREATE VIEW v_products AS
SELECT p.code, p.name, COALESCE(p.name_en, p.name) AS name_en, p.supplier_code, u.name AS supplier_name,
       p.unit_price, u.currency, p.list_price, p.buyer
  FROM products p
  LEFT JOIN suppliers u ON u.code = p.supplier_code;

CREATE VIEW v_suppliers AS
SELECT code, name, COALESCE(name_en, name) AS name_en, currency FROM suppliers;

CREATE VIEW v_customers AS
SELECT c.code, c.name, COALESCE(c.name_en, c.name) AS name_en, c.company, c.salesperson, c.payment_days,
       c.credit_limit, m.currency
  FROM customers c
  LEFT JOIN companies m ON m.code = c.company;

CREATE VIEW v_sales_orders AS
SELECT o.number, o.customer_code, c.name AS customer_name, COALESCE(c.name_en, c.name) AS customer_name_en,
       o.company, o.warehouse, o.product_code, p.name AS product_name,
       COALESCE(p.name_en, p.name) AS product_name_en, o.quantity, o.unit_price, o.amount, m.currency,
       o.salesperson, o.status, o.ordered_at, o.due_date, o.updated_at
  FROM sales_orders o
  LEFT JOIN customers c ON c.code = o.customer_code
  LEFT JOIN companies m ON m.code = o.company
  LEFT JOIN products p ON p.code = o.product_code;

-- Prices have at most four decimals: counted in ten-thousandths the amount is exact, then rounded half up to the cent.
CREATE VIEW v_purchase_orders AS
SELECT number, supplier_code, supplier_name, product_code, product_name, product_name_en, warehouse, company,
       quantity, unit_price, printf('%d.%02d', cents / 100, cents % 100) AS amount, currency, reference,
       status, created_at
  FROM (SELECT o.*, u.name AS supplier_name, u.currency, p.name AS product_name,
               COALESCE(p.name_en, p.name) AS product_name_en, w.company,
               (o.quantity * CAST(round(o.unit_price * 10000) AS INTEGER) + 50) / 100 AS cents
          FROM purchase_orders o
          LEFT JOIN suppliers u ON u.code = o.supplier_code
          LEFT JOIN products p ON p.code = o.product_code
          LEFT JOIN warehouses w ON w.code = o.warehouse);

CREATE VIEW v_receivables AS
SELECT number, customer_code, customer_name, customer_name_en, company, salesperson, sales_order, amount, paid,
       printf('%d.%02d', cents / 100, cents % 100) AS balance, currency, invoiced_on, due_date, status
  FROM (SELECT r.*, c.name AS customer_name, COALESCE(c.name_en, c.name) AS customer_name_en, c.salesperson,
               m.currency, CAST(round(r.amount * 100) AS INTEGER) - CAST(round(r.paid * 100) AS INTEGER) AS cents
          FROM receivables r
          LEFT JOIN customers c ON c.code = r.customer_code
          LEFT JOIN companies m ON m.code = r.company);

CREATE VIEW v_employees AS
SELECT login AS code, login, name, COALESCE(name_en, name) AS name_en, company, department, role, active
  FROM employees;
