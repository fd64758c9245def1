-- The demo company's ERP. Money and prices are TEXT decimals, so that no reader meets binary noise; times are
-- UTC text (2026-11-22T08:15:00.000Z), dates are ISO text. Baton reads the v_ views, writes
-- baton_inbox, and changes what the demo's connection names in its write set.

CREATE TABLE companies (
    code     TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    name_en  TEXT,
    currency TEXT NOT NULL DEFAULT 'CNY'
);

CREATE TABLE warehouses (
    code    TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    company TEXT NOT NULL REFERENCES companies (code),
    name_en TEXT
);

CREATE TABLE employees (
    login      TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    company    TEXT NOT NULL REFERENCES companies (code),
    department TEXT NOT NULL,
    role       TEXT NOT NULL,
    name_en    TEXT,
    active     INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE suppliers (
    code     TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    name_en  TEXT,
    currency TEXT NOT NULL DEFAULT 'CNY'
);

CREATE TABLE products (
    code          TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    supplier_code TEXT NOT NULL REFERENCES suppliers (code),
    unit_price    TEXT NOT NULL,
    buyer         TEXT NOT NULL,
    name_en       TEXT,
    list_price    TEXT
);

CREATE TABLE stock (
    product_code     TEXT NOT NULL REFERENCES products (code),
    warehouse        TEXT NOT NULL REFERENCES warehouses (code),
    quantity         INTEGER NOT NULL,
    reorder_level    INTEGER NOT NULL,
    reorder_quantity INTEGER NOT NULL,
    updated_at       TEXT NOT NULL,
    PRIMARY KEY (product_code, warehouse)
);

CREATE TABLE customers (
    code         TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    company      TEXT NOT NULL REFERENCES companies (code),
    salesperson  TEXT NOT NULL,
    payment_days INTEGER NOT NULL DEFAULT 30,
    credit_limit TEXT,
    name_en      TEXT
);

-- status: new, confirmed, shipped, cancelled
CREATE TABLE sales_orders (
    number        TEXT PRIMARY KEY,
    customer_code TEXT NOT NULL REFERENCES customers (code),
    company       TEXT NOT NULL REFERENCES companies (code),
    warehouse     TEXT NOT NULL REFERENCES warehouses (code),
    product_code  TEXT NOT NULL REFERENCES products (code),
    quantity      INTEGER NOT NULL,
    unit_price    TEXT NOT NULL,
    amount        TEXT NOT NULL,
    salesperson   TEXT NOT NULL,
    status        TEXT NOT NULL DEFAULT 'new',
    ordered_at    TEXT NOT NULL,
    due_date      TEXT NOT NULL,
    updated_at    TEXT NOT NULL
);
CREATE INDEX sales_orders_item ON sales_orders (product_code, warehouse, status);

-- status: open, received, cancelled
CREATE TABLE purchase_orders (
    number        TEXT PRIMARY KEY,
    supplier_code TEXT NOT NULL REFERENCES suppliers (code),
    product_code  TEXT NOT NULL REFERENCES products (code),
    quantity      INTEGER NOT NULL,
    unit_price    TEXT NOT NULL,
    reference     TEXT,
    status        TEXT NOT NULL DEFAULT 'open',
    created_at    TEXT NOT NULL,
    warehouse     TEXT REFERENCES warehouses (code)
);
CREATE INDEX purchase_orders_item ON purchase_orders (product_code, status);
CREATE INDEX purchase_orders_reference ON purchase_orders (reference);

-- status: open, partial, paid
CREATE TABLE receivables (
    number        TEXT PRIMARY KEY,
    customer_code TEXT NOT NULL REFERENCES customers (code),
    company       TEXT NOT NULL REFERENCES companies (code),
    sales_order   TEXT NOT NULL REFERENCES sales_orders (number),
    amount        TEXT NOT NULL,
    paid          TEXT NOT NULL DEFAULT '0.00',
    invoiced_on   TEXT NOT NULL,
    due_date      TEXT NOT NULL,
    status        TEXT NOT NULL DEFAULT 'open'
);

-- The agreed staging table. The trigger answers each row at once: status done (with number) or refused (with message).
CREATE TABLE baton_inbox (
    idempotency_key TEXT NOT NULL UNIQUE CHECK (idempotency_key <> ''),
    type            TEXT NOT NULL,
    payload         TEXT NOT NULL,
    status          TEXT DEFAULT 'new',
    number          TEXT,
    message         TEXT
);
CREATE INDEX baton_inbox_number ON baton_inbox (number);

-- What changes Baton made, once each.
CREATE TABLE baton_updates (
    idempotency_key TEXT NOT NULL UNIQUE CHECK (idempotency_key <> ''),
    source          TEXT NOT NULL,
    record_key      TEXT NOT NULL,
    payload         TEXT NOT NULL
);

-- The row refuse_orders closes order entry: value is the reason, remaining how many entries are still to be
-- refused (NULL: until it is taken away).
CREATE TABLE demo_switches (
    name      TEXT PRIMARY KEY,
    value     TEXT NOT NULL,
    remaining INTEGER
);
