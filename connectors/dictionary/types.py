"""Types of the business dictionary (ARCHITECTURE.md section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kernel.text import Localized


class FieldType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CODE = "code"
    LIST = "list"


class FieldClass(StrEnum):
    """Sensitivity of a field. GENERAL is visible to whoever may see the record; others need a grant of the class."""

    GENERAL = "general"
    COST = "cost"
    MARGIN = "margin"
    BANK = "bank"
    PERSONAL = "personal"
    SALARY = "salary"
    CREDIT = "credit"


class Treatment(StrEnum):
    """What stands in the place of a field whose class is not open: `•••`, only its size, or nothing at all."""

    MASK = "mask"
    ROUND = "round"
    LEAVE_OUT = "leave_out"


TREATMENTS: Mapping[FieldClass, Treatment] = {
    FieldClass.COST: Treatment.MASK,
    FieldClass.MARGIN: Treatment.MASK,
    FieldClass.BANK: Treatment.MASK,
    FieldClass.PERSONAL: Treatment.MASK,
    FieldClass.SALARY: Treatment.LEAVE_OUT,
    FieldClass.CREDIT: Treatment.MASK,
}
"""As shipped. A connection may choose others: `treatments` of its dictionary extension."""


class Dimension(StrEnum):
    """Scope dimensions: indexed columns of the record store, value sets of a Grant."""

    COMPANY = "company"
    WAREHOUSE = "warehouse"
    SALESPERSON = "salesperson"
    DEPARTMENT = "department"
    REGION = "region"
    SUPPLIER_GROUP = "supplier_group"


@dataclass(frozen=True)
class DictionaryField:
    """One canonical field. `decimals` is the scale of a DECIMAL; `codes` the canonical values of a CODE.

    `person`: the value names an employee by login or number; a recipient can be "the person in this field".
    """

    name: str
    type: FieldType
    label: Localized
    required: bool = False
    decimals: int = 0
    unit: str = ""
    currency_field: str = ""
    codes: tuple[tuple[str, Localized], ...] = ()
    synonyms: tuple[str, ...] = ()
    dimension: Dimension | None = None
    field_class: FieldClass = FieldClass.GENERAL
    person: bool = False
    items: tuple[DictionaryField, ...] = ()


@dataclass(frozen=True)
class DictionaryObject:
    """One business object. `needs` are the dimensions a grant must cover for a record of it to be seen.

    `treatments` says per field class how a field is hidden from whoever the class is not open to.
    """

    name: str
    label: Localized
    plural: Localized
    fields: tuple[DictionaryField, ...]
    title_fields: tuple[str, ...]
    needs: tuple[Dimension, ...] = ()
    synonyms: tuple[str, ...] = ()
    treatments: Mapping[FieldClass, Treatment] = field(default_factory=lambda: TREATMENTS, hash=False)
    by_name: Mapping[str, DictionaryField] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.fields})

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Those a field of this object fills: the only ones it can need."""
        filled = {each.dimension for each in self.fields}
        return tuple(each for each in Dimension if each in filled)
