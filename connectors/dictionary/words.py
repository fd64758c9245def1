"""What dimensions, field classes and treatments are called."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.dictionary.types import Dimension, FieldClass, Treatment
from kernel.text import Localized as L

DIMENSIONS: Mapping[Dimension, L] = {
    Dimension.COMPANY: L("Company", "公司"),
    Dimension.WAREHOUSE: L("Warehouse", "仓库"),
    Dimension.SALESPERSON: L("Salesperson", "业务员"),
    Dimension.DEPARTMENT: L("Department", "部门"),
    Dimension.REGION: L("Region", "区域"),
    Dimension.SUPPLIER_GROUP: L("Supplier group", "供应商组"),
}
CLASSES: Mapping[FieldClass, L] = {
    FieldClass.COST: L("Cost", "成本"),
    FieldClass.MARGIN: L("Margin", "毛利"),
    FieldClass.BANK: L("Bank", "银行"),
    FieldClass.PERSONAL: L("Personal", "个人信息"),
    FieldClass.SALARY: L("Salary", "薪资"),
    FieldClass.CREDIT: L("Credit", "信用"),
}
TREATMENTS: Mapping[Treatment, L] = {
    Treatment.MASK: L("Masked: •••", "遮蔽：•••"),
    Treatment.ROUND: L("Rounded: its size only", "取整：只显示数量级"),
    Treatment.LEAVE_OUT: L("Left out, with its name", "连同名称一起隐去"),
}
