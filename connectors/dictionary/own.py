"""Objects of Baton's own: what a rule is about when no record of an ERP started it.

No connection delivers or maps them and no mapping page lists them; rules, cards, traces and the gate know them as any other.
"""

from __future__ import annotations

from connectors.dictionary.types import DictionaryField as F
from connectors.dictionary.types import DictionaryObject
from connectors.dictionary.types import FieldType as T
from kernel.text import Localized as L

OCCASION = DictionaryObject(
    "occasion",
    L("Scheduled time", "定时时刻"),
    L("Scheduled times", "定时时刻"),
    (
        F("at", T.DATETIME, L("Time", "时间"), required=True),
        F("date", T.DATE, L("Date", "日期"), required=True),
        F("weekday", T.INTEGER, L("Weekday (Monday is 1)", "星期（周一为 1）"), required=True),
        F("number", T.INTEGER, L("How many times so far", "累计次数"), required=True),
    ),
    ("at",),
)
OWN_OBJECTS: tuple[DictionaryObject, ...] = (OCCASION,)
OWN_BY_NAME = {each.name: each for each in OWN_OBJECTS}
OPEN_TO_SEE = frozenset({OCCASION.name})
"""They hold nothing of an ERP: every active person may see them, build on them and be asked about them."""
