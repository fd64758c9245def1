"""The shipped objects of the business dictionary: canonical names, types, units, code values, zh and en labels."""

from __future__ import annotations

from connectors.dictionary.types import DictionaryField as F
from connectors.dictionary.types import DictionaryObject, Dimension, FieldClass
from connectors.dictionary.types import FieldType as T
from kernel.text import Localized as L

CURRENCY = F("currency", T.TEXT, L("Currency", "币种"), synonyms=("curr", "币别"))
COMPANY = F("company", T.TEXT, L("Company", "公司"), dimension=Dimension.COMPANY, synonyms=("ledger", "账套"))
WAREHOUSE = F("warehouse", T.TEXT, L("Warehouse", "仓库"), required=True, dimension=Dimension.WAREHOUSE)


def _money(
    name: str, label: L, *, field_class: FieldClass = FieldClass.GENERAL, synonyms: tuple[str, ...] = ()
) -> F:
    return F(
        name,
        T.DECIMAL,
        label,
        decimals=4 if "price" in name else 2,
        currency_field="currency",
        field_class=field_class,
        synonyms=synonyms,
    )


def _quantity(name: str, label: L, *, required: bool = False, synonyms: tuple[str, ...] = ()) -> F:
    return F(name, T.DECIMAL, label, required=required, decimals=3, unit="unit", synonyms=synonyms)


STOCK_LEVEL = DictionaryObject(
    "stock_level",
    L("Stock level", "库存"),
    L("Stock levels", "库存"),
    (
        F(
            "product_code",
            T.TEXT,
            L("Item", "物料编码"),
            required=True,
            synonyms=("sku", "料号", "item code"),
        ),
        F("product_name", T.TEXT, L("Item name", "物料名称")),
        WAREHOUSE,
        F("warehouse_name", T.TEXT, L("Warehouse name", "仓库名称")),
        COMPANY,
        _quantity(
            "on_hand", L("On hand", "现存量"), required=True, synonyms=("qty", "quantity", "stock", "数量")
        ),
        _quantity("reserved", L("Reserved", "已预留")),
        _quantity("incoming", L("Incoming", "在途"), synonyms=("on order",)),
        _quantity("projected", L("Projected", "预计可用")),
        _quantity(
            "reorder_level",
            L("Reorder level", "再订货点"),
            synonyms=("reorder point", "safety stock", "安全库存"),
        ),
        _quantity("reorder_quantity", L("Reorder quantity", "补货数量")),
        F("supplier_code", T.TEXT, L("Supplier", "供应商编码"), synonyms=("vendor",)),
        F("supplier_name", T.TEXT, L("Supplier name", "供应商名称")),
        _money(
            "unit_price",
            L("Purchase price", "采购单价"),
            field_class=FieldClass.COST,
            synonyms=("cost", "进价"),
        ),
        CURRENCY,
        F("buyer", T.TEXT, L("Buyer", "采购员"), person=True),
        F("updated_at", T.DATETIME, L("Updated", "更新时间")),
    ),
    title_fields=("product_code", "product_name", "warehouse"),
    needs=(Dimension.WAREHOUSE,),
    synonyms=("inventory", "库存量"),
)

PRODUCT = DictionaryObject(
    "product",
    L("Product", "产品"),
    L("Products", "产品"),
    (
        F("code", T.TEXT, L("Item", "物料编码"), required=True),
        F("name", T.TEXT, L("Name", "名称"), required=True),
        F("supplier_code", T.TEXT, L("Supplier", "供应商编码")),
        _money("unit_price", L("Purchase price", "采购单价"), field_class=FieldClass.COST),
        CURRENCY,
        F("buyer", T.TEXT, L("Buyer", "采购员"), person=True),
    ),
    title_fields=("code", "name"),
)

SUPPLIER = DictionaryObject(
    "supplier",
    L("Supplier", "供应商"),
    L("Suppliers", "供应商"),
    (
        F("code", T.TEXT, L("Supplier code", "供应商编码"), required=True),
        F("name", T.TEXT, L("Name", "名称"), required=True),
    ),
    title_fields=("code", "name"),
)

CUSTOMER = DictionaryObject(
    "customer",
    L("Customer", "客户"),
    L("Customers", "客户"),
    (
        F("code", T.TEXT, L("Customer code", "客户编码"), required=True, synonyms=("cust_code", "客户 ID")),
        F("name", T.TEXT, L("Name", "名称"), required=True),
        COMPANY,
        F("region", T.TEXT, L("Region", "区域"), dimension=Dimension.REGION),
        F("salesperson", T.TEXT, L("Salesperson", "业务员"), dimension=Dimension.SALESPERSON, person=True),
        _money("credit_limit", L("Credit limit", "信用额度"), field_class=FieldClass.CREDIT),
        CURRENCY,
    ),
    title_fields=("code", "name"),
    needs=(Dimension.COMPANY, Dimension.SALESPERSON),
)

ORDER_STATUS = (
    ("draft", L("Draft", "草稿")),
    ("open", L("Open", "未完成")),
    ("confirmed", L("Confirmed", "已确认")),
    ("received", L("Received", "已入库")),
    ("shipped", L("Shipped", "已发货")),
    ("done", L("Done", "已完成")),
    ("cancelled", L("Cancelled", "已取消")),
)

SALES_ORDER = DictionaryObject(
    "sales_order",
    L("Sales order", "销售订单"),
    L("Sales orders", "销售订单"),
    (
        F("number", T.TEXT, L("Number", "单号"), required=True),
        F("customer_code", T.TEXT, L("Customer", "客户编码"), required=True),
        F("customer_name", T.TEXT, L("Customer name", "客户名称")),
        COMPANY,
        F("salesperson", T.TEXT, L("Salesperson", "业务员"), dimension=Dimension.SALESPERSON, person=True),
        F("product_code", T.TEXT, L("Item", "物料编码")),
        _quantity("quantity", L("Quantity", "数量")),
        _money("amount", L("Amount", "金额")),
        CURRENCY,
        F("status", T.CODE, L("Status", "状态"), codes=ORDER_STATUS),
        F("ordered_on", T.DATE, L("Order date", "下单日期")),
        F("due_on", T.DATE, L("Due date", "交货日期")),
    ),
    title_fields=("number", "customer_name"),
    needs=(Dimension.COMPANY, Dimension.SALESPERSON),
)

PURCHASE_ORDER = DictionaryObject(
    "purchase_order",
    L("Purchase order", "采购订单"),
    L("Purchase orders", "采购订单"),
    (
        F("number", T.TEXT, L("Number", "单号"), required=True),
        F("supplier_code", T.TEXT, L("Supplier", "供应商编码"), required=True),
        F("product_code", T.TEXT, L("Item", "物料编码"), required=True),
        F("warehouse", T.TEXT, L("Warehouse", "仓库"), dimension=Dimension.WAREHOUSE),
        _quantity("quantity", L("Quantity", "数量"), required=True),
        _money("unit_price", L("Purchase price", "采购单价"), field_class=FieldClass.COST),
        CURRENCY,
        F("reference", T.TEXT, L("Reference", "外部参考号")),
        F("status", T.CODE, L("Status", "状态"), codes=ORDER_STATUS),
        F("created_at", T.DATETIME, L("Created", "创建时间")),
    ),
    title_fields=("number", "product_code"),
    needs=(Dimension.WAREHOUSE,),
)

RECEIVABLE = DictionaryObject(
    "receivable",
    L("Receivable", "应收账款"),
    L("Receivables", "应收账款"),
    (
        F("number", T.TEXT, L("Number", "单号"), required=True),
        F("customer_code", T.TEXT, L("Customer", "客户编码"), required=True),
        F("customer_name", T.TEXT, L("Customer name", "客户名称")),
        COMPANY,
        F("salesperson", T.TEXT, L("Salesperson", "业务员"), dimension=Dimension.SALESPERSON, person=True),
        _money("amount", L("Amount", "金额")),
        _money("open_amount", L("Open amount", "未收金额")),
        CURRENCY,
        F("due_on", T.DATE, L("Due date", "到期日")),
        F(
            "status",
            T.CODE,
            L("Status", "状态"),
            codes=(("open", L("Open", "未结")), ("paid", L("Paid", "已结"))),
        ),
    ),
    title_fields=("number", "customer_name"),
    needs=(Dimension.COMPANY, Dimension.SALESPERSON),
)

EMPLOYEE = DictionaryObject(
    "employee",
    L("Employee", "员工"),
    L("Employees", "员工"),
    (
        F("login", T.TEXT, L("Login", "登录名"), required=True, person=True),
        F("name", T.TEXT, L("Name", "姓名"), required=True),
        COMPANY,
        F("department", T.TEXT, L("Department", "部门"), dimension=Dimension.DEPARTMENT),
        F("role", T.TEXT, L("Role", "角色")),
        F("active", T.BOOLEAN, L("Active", "在职")),
        F("email", T.TEXT, L("E-mail", "邮箱"), field_class=FieldClass.PERSONAL),
        F("mobile", T.TEXT, L("Mobile", "手机"), field_class=FieldClass.PERSONAL),
    ),
    title_fields=("login", "name"),
    needs=(Dimension.DEPARTMENT,),
)

OBJECTS: tuple[DictionaryObject, ...] = (
    STOCK_LEVEL,
    PRODUCT,
    SUPPLIER,
    CUSTOMER,
    SALES_ORDER,
    PURCHASE_ORDER,
    RECEIVABLE,
    EMPLOYEE,
)
OBJECTS_BY_NAME = {each.name: each for each in OBJECTS}
