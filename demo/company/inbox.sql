-- The ERP's side of baton_inbox: what it reads from a row, what it refuses, what it makes of it.

-- The next free number of each series (PO, SO) in this year. The inbox counts too: a number once given to
-- somebody is never given again, even if the order was deleted meanwhile.
CREATE VIEW demo_next_numbers AS
SELECT s.series,
       printf('%s-%s-%05d', s.series, s.year, 1 + COALESCE(MAX(CAST(substr(n.number, 9) AS INTEGER)), 0)) AS number
  FROM (SELECT 'PO' AS series, strftime('%Y', 'now') AS year
        UNION ALL SELECT 'SO', strftime('%Y', 'now')) s
  LEFT JOIN (SELECT number FROM purchase_orders
             UNION ALL SELECT number FROM sales_orders
             UNION ALL SELECT number FROM baton_inbox WHERE number IS NOT NULL) n
         ON substr(n.number, 1, 8) = s.series || '-' || s.year || '-'
 GROUP BY s.series;

-- Every inbox row taken apart: what it asks for, numbers as the text that was written (NULL: missing).
CREATE VIEW demo_inbox_entries AS
SELECT idempotency_key, type, readable,
       json_extract(body, '$.number')        AS number,
       json_extract(body, '$.supplier_code') AS supplier_code,
       json_extract(body, '$.product_code')  AS product_code,
       json_extract(body, '$.warehouse')     AS warehouse,
       json_extract(body, '$.currency')      AS currency,
       json_extract(body, '$.reference')     AS reference,
       CASE json_type(body, '$.quantity') WHEN 'null' THEN NULL WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
            ELSE CAST(json_extract(body, '$.quantity') AS TEXT) END AS quantity,
       CASE json_type(body, '$.unit_price') WHEN 'null' THEN NULL WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
            ELSE CAST(json_extract(body, '$.unit_price') AS TEXT) END AS unit_price
  FROM (SELECT idempotency_key, type, readable, CASE WHEN readable THEN payload ELSE '{}' END AS body
          FROM (SELECT idempotency_key, type, payload,
                       CASE WHEN json_valid(payload) THEN json_type(payload) = 'object' ELSE 0 END AS readable
                  FROM baton_inbox));

-- Why the ERP refuses an inbox row; NULL when it does not. The first reason that applies is told.
CREATE VIEW demo_inbox_refusals AS
SELECT e.idempotency_key,
       CASE
       WHEN w.value IS NOT NULL THEN 'order entry is closed: ' || w.value
       WHEN e.type NOT IN ('purchase_order', 'sales_order_confirm') THEN 'unknown type: ' || e.type
       WHEN NOT e.readable THEN 'payload is not a JSON object'
       WHEN e.type = 'sales_order_confirm' THEN CASE
           WHEN e.number IS NULL THEN 'number is missing'
           WHEN o.number IS NULL THEN 'unknown sales order: ' || e.number
           WHEN o.status <> 'new' THEN 'sales order ' || o.number || ' is already ' || o.status
           END
       WHEN e.supplier_code IS NULL THEN 'supplier_code is missing'
       WHEN u.code IS NULL THEN 'unknown supplier: ' || e.supplier_code
       WHEN e.product_code IS NULL THEN 'product_code is missing'
       WHEN p.code IS NULL THEN 'unknown product: ' || e.product_code
       WHEN p.supplier_code <> u.code THEN 'supplier ' || u.code || ' does not sell product ' || p.code
       WHEN e.warehouse IS NOT NULL AND h.code IS NULL THEN 'unknown warehouse: ' || e.warehouse
       WHEN e.quantity IS NULL THEN 'quantity is missing'
       WHEN ltrim(e.quantity, '-') NOT GLOB '[0-9]*' OR ltrim(e.quantity, '-') GLOB '*[^0-9.]*'
            OR e.quantity GLOB '*.*.*' OR e.quantity GLOB '--*' THEN 'quantity is not a number: ' || e.quantity
       WHEN CAST(e.quantity AS REAL) <= 0 THEN 'quantity must be above 0: ' || e.quantity
       WHEN CAST(e.quantity AS REAL) > 999999999 THEN 'quantity is too large: ' || e.quantity
       WHEN CAST(e.quantity AS REAL) <> CAST(e.quantity AS INTEGER)
            THEN 'quantity must be a whole number: ' || e.quantity
       WHEN e.unit_price IS NULL THEN 'unit_price is missing'
       WHEN ltrim(e.unit_price, '-') NOT GLOB '[0-9]*' OR ltrim(e.unit_price, '-') GLOB '*[^0-9.]*'
            OR e.unit_price GLOB '*.*.*' OR e.unit_price GLOB '--*' THEN 'unit_price is not a number: ' || e.unit_price
       WHEN CAST(e.unit_price AS REAL) <= 0 THEN 'unit_price must be above 0: ' || e.unit_price
       WHEN CAST(e.unit_price AS REAL) > 999999999 THEN 'unit_price is too large: ' || e.unit_price
       WHEN e.unit_price GLOB '*.*' AND rtrim(e.unit_price, '0') GLOB '*.?????*'
            THEN 'unit_price has more than 4 decimals: ' || e.unit_price
       WHEN e.currency IS NOT NULL AND e.currency <> u.currency
            THEN 'supplier ' || u.code || ' sells in ' || u.currency || ', not in ' || e.currency
       END AS refusal
  FROM demo_inbox_entries e
  LEFT JOIN demo_switches w ON w.name = 'refuse_orders'
  LEFT JOIN sales_orders o ON o.number = e.number
  LEFT JOIN suppliers u ON u.code = e.supplier_code
  LEFT JOIN products p ON p.code = e.product_code
  LEFT JOIN warehouses h ON h.code = e.warehouse;

-- The ERP's own validation and its answer. Whatever the writer put into status, number and message is ignored.
CREATE TRIGGER baton_inbox_validate AFTER INSERT ON baton_inbox
BEGIN
    UPDATE baton_inbox
       SET status = 'new', number = NULL,
           message = (SELECT refusal FROM demo_inbox_refusals r WHERE r.idempotency_key = NEW.idempotency_key)
     WHERE idempotency_key = NEW.idempotency_key;
    UPDATE demo_switches SET remaining = remaining - 1 WHERE name = 'refuse_orders';
    DELETE FROM demo_switches WHERE name = 'refuse_orders' AND remaining <= 0;

    UPDATE baton_inbox SET status = 'refused'
     WHERE idempotency_key = NEW.idempotency_key AND message IS NOT NULL;
    UPDATE baton_inbox
       SET status = 'done',
           number = CASE type WHEN 'purchase_order' THEN (SELECT number FROM demo_next_numbers WHERE series = 'PO')
                    ELSE json_extract(payload, '$.number') END
     WHERE idempotency_key = NEW.idempotency_key AND status = 'new';

    INSERT INTO purchase_orders (number, supplier_code, product_code, quantity, unit_price, reference, status,
                                 created_at, warehouse)
    SELECT i.number, e.supplier_code, e.product_code, CAST(e.quantity AS INTEGER), e.unit_price, e.reference, 'open',
           strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), e.warehouse
      FROM baton_inbox i JOIN demo_inbox_entries e ON e.idempotency_key = i.idempotency_key
     WHERE i.idempotency_key = NEW.idempotency_key AND i.status = 'done' AND i.type = 'purchase_order';
    UPDATE sales_orders SET status = 'confirmed', updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
     WHERE number = (SELECT number FROM baton_inbox
                      WHERE idempotency_key = NEW.idempotency_key AND status = 'done'
                        AND type = 'sales_order_confirm');
END;
