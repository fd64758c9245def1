"""A small ERP on a real MariaDB or PostgreSQL server: a database and accounts of its own, gone afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pymysql


@dataclass(frozen=True)
class Server:
    """`run` is the administrator of the ERP; `account` may do what the README says and nothing more."""

    kind: str
    database: str
    account: str
    password: str

    @property
    def settings(self) -> dict[str, str]:
        driver = {"mariadb": "mysql+pymysql", "postgresql": "postgresql+psycopg"}[self.kind]
        return {
            "url": f"{driver}://{self.account}@127.0.0.1/{self.database}",
            "time_zone": "Asia/Shanghai",
        }

    @property
    def credentials(self) -> dict[str, str]:
        return {"password": self.password}

    def connect(self, database: str | None = None) -> Any:
        """As administrator, every statement committed."""
        if self.kind == "mariadb":
            return pymysql.connect(
                host="127.0.0.1", user="root", database=database or self.database, autocommit=True
            )
        return psycopg.connect(
            host="127.0.0.1", user="postgres", dbname=database or self.database, autocommit=True
        )

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


_SCHEMA = (
    "CREATE TABLE stock (product_code varchar(40), warehouse varchar(40), quantity numeric(12,3) NOT NULL,"
    " unit_price numeric(12,4), weight double precision, updated_at timestamp NOT NULL,"
    " PRIMARY KEY (product_code, warehouse))",
    "CREATE VIEW v_stock_levels AS SELECT concat(product_code, '@', warehouse) AS id, product_code,"
    " warehouse, quantity AS on_hand, unit_price, weight, updated_at FROM stock",
    "INSERT INTO stock VALUES"
    " ('007', 'EAST', 12.500, 0.4500, 0.1, '2026-11-22 16:00:00'),"
    " ('007', 'WEST', 3, 0.45, NULL, '2026-11-22 16:00:00'),"
    " ('008', 'EAST', 0, NULL, 2.5, '2026-11-22 16:00:00')",
    "CREATE TABLE purchase_orders (number varchar(40) PRIMARY KEY, product_code varchar(40) NOT NULL,"
    " quantity numeric(12,3) NOT NULL, reference varchar(80))",
    "CREATE VIEW v_purchase_orders AS SELECT * FROM purchase_orders",
)
_MARIADB_INBOX = (
    "CREATE TABLE baton_inbox (idempotency_key varchar(80) NOT NULL UNIQUE, type varchar(40) NOT NULL,"
    " payload json NOT NULL, status varchar(20) NOT NULL DEFAULT 'new', number varchar(40),"
    " message varchar(200))",
    """CREATE TRIGGER baton_inbox_validate BEFORE INSERT ON baton_inbox FOR EACH ROW
    BEGIN
        IF JSON_VALUE(NEW.payload, '$.product_code') = 'SIGNAL' THEN
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '信用冻结 credit hold';
        ELSEIF JSON_VALUE(NEW.payload, '$.product_code') = 'REFUSED' THEN
            SET NEW.status = 'refused', NEW.message = 'unknown product: REFUSED';
        ELSEIF JSON_VALUE(NEW.payload, '$.product_code') <> 'LATER' THEN
            SET NEW.status = 'done', NEW.number = concat('PO-', NEW.idempotency_key);
            INSERT INTO purchase_orders VALUES (NEW.number, JSON_VALUE(NEW.payload, '$.product_code'),
                JSON_VALUE(NEW.payload, '$.quantity'), JSON_VALUE(NEW.payload, '$.reference'));
        END IF;
    END""",
)
_POSTGRESQL_INBOX = (
    "CREATE TABLE baton_inbox (idempotency_key varchar(80) NOT NULL UNIQUE, type text NOT NULL,"
    " payload jsonb NOT NULL, status text NOT NULL DEFAULT 'new', number text, message text)",
    """CREATE FUNCTION baton_inbox_validate() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.payload->>'product_code' = 'SIGNAL' THEN
            RAISE EXCEPTION '信用冻结 credit hold';
        ELSIF NEW.payload->>'product_code' <> 'LATER' THEN
            NEW.status := 'done';
            NEW.number := 'PO-' || NEW.idempotency_key;
            INSERT INTO purchase_orders VALUES (NEW.number, NEW.payload->>'product_code',
                (NEW.payload->>'quantity')::numeric, NEW.payload->>'reference');
        END IF;
        RETURN NEW;
    END $$""",
    "CREATE TRIGGER baton_inbox_validate BEFORE INSERT ON baton_inbox FOR EACH ROW"
    " EXECUTE FUNCTION baton_inbox_validate()",
    "COMMENT ON VIEW v_stock_levels IS '库存'",
    "COMMENT ON COLUMN v_stock_levels.on_hand IS '现存量'",
    "CREATE VIEW v_ids AS SELECT gen_random_uuid() AS id, g AS n FROM generate_series(1, 5) g",
    "CREATE TABLE things (id uuid PRIMARY KEY, n bigint UNIQUE, at timestamptz)",
    "INSERT INTO things SELECT gen_random_uuid(), g, '2026-11-22 08:00:00+00' FROM generate_series(1, 5) g",
)


@contextmanager
def mariadb() -> Iterator[Server]:
    server = Server(
        "mariadb", f"erp_{secrets.token_hex(4)}", f"baton_{secrets.token_hex(4)}", secrets.token_hex(12)
    )
    with closing(server.connect("mysql")) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {server.database} CHARACTER SET utf8mb4")
        try:
            cursor.execute(f"CREATE USER {server.account}@'%' IDENTIFIED BY '{server.password}'")
            server.run(*_SCHEMA, *_MARIADB_INBOX)
            for view in ("v_stock_levels", "v_purchase_orders"):
                cursor.execute(f"GRANT SELECT, SHOW VIEW ON {server.database}.{view} TO {server.account}@'%'")
            cursor.execute(f"GRANT SELECT, INSERT ON {server.database}.baton_inbox TO {server.account}@'%'")
            yield server
        finally:
            cursor.execute(f"DROP DATABASE {server.database}")
            cursor.execute(f"DROP USER IF EXISTS {server.account}@'%'")


@contextmanager
def postgresql() -> Iterator[Server]:
    server = Server(
        "postgresql", f"erp_{secrets.token_hex(4)}", f"baton_{secrets.token_hex(4)}", secrets.token_hex(12)
    )
    with closing(server.connect("postgres")) as connection:
        connection.execute(f"CREATE DATABASE {server.database}")
        try:
            connection.execute(f"CREATE ROLE {server.account} LOGIN PASSWORD '{server.password}'")
            server.run(
                *_SCHEMA,
                *_POSTGRESQL_INBOX,
                f"GRANT SELECT ON v_stock_levels, v_purchase_orders, v_ids, things TO {server.account}",
                f"GRANT SELECT, INSERT ON baton_inbox TO {server.account}",
            )
            yield server
        finally:
            connection.execute(f"DROP DATABASE {server.database} WITH (FORCE)")
            connection.execute(f"DROP ROLE IF EXISTS {server.account}")
