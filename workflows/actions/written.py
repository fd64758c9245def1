"""What actions that write into the ERP share: their values, and what is said when a write was refused or came out otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from connectors.dictionary.types import FieldClass
from connectors.mapping import decimal_read
from kernel.errors import Rejected
from kernel.text import Localized, localized
from workflows.actions.question import plain
from workflows.blocks import Change, Done, Refused, StepContext


def is_input(logic: Any) -> bool:
    """`{"input": name}`: what the person entered."""
    return isinstance(logic, Mapping) and set(logic) == {"input"}


def value_text(logic: Any, context: StepContext, record: Mapping[str, Any]) -> str | None:
    """A value to be written, as text; None or empty where there is none."""
    if is_input(logic):
        found = context.inputs.get(str(logic["input"]))
        return None if found is None else str(found)
    return plain(context.evaluate(logic, record))


def refused(error: Rejected) -> Refused:
    """The ERP said no, in its own words."""
    return Refused(
        localized(gettext_noop("The ERP refused: %(reason)s"), reason=error.message),
        {"refused": error.message},
    )


def moved(differences: Sequence[Change], message: str) -> Refused:
    """Nothing was written, because of `differences`. `message` is marked for translation, with `%(changes)s`."""

    def told(words: Sequence[Localized]) -> Localized:
        return localized(message, changes=_joined(words))

    return Refused(
        told([each.words for each in differences]),
        {"changed": [each.words.en for each in differences]},
        masked=told([each.masked if _is_sensitive(each.field_class) else each.words for each in differences]),
        classes=frozenset(each.field_class.value for each in differences if _is_sensitive(each.field_class)),
    )


def values_unequal(values: Mapping[str, Any], read: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Field → {"wanted", "found"} where the ERP holds another value than was written."""
    return {
        name: {"wanted": str(value), "found": str(read[name])}
        for name, value in sorted(values.items())
        if name in read and not equal(value, read[name])
    }


def mismatch(
    output: Mapping[str, Any],
    unequal: Mapping[str, Mapping[str, str]],
    classes: Mapping[str, FieldClass],
    message: str,
    **values: Any,
) -> Done:
    """It was written and came out otherwise. `message` is marked for translation, with `%(words)s` and `values`."""

    def told(words: Sequence[str]) -> Localized:
        return localized(message, words="; ".join(words), **values)

    full = {name: f"{name} {each['wanted']} ≠ {each['found']}" for name, each in unequal.items()}
    return Done(
        output,
        told(list(full.values())),
        is_mismatch=True,
        masked=told([name if _is_sensitive(classes[name]) else words for name, words in full.items()]),
        classes=frozenset(each.value for each in classes.values() if _is_sensitive(each)),
    )


def filled(text: Localized, values: Mapping[str, str]) -> Localized:
    """`{name}` in a text a designer wrote; `{at}` stays for the reader's own time."""

    def each(words: str) -> str:
        for name, value in values.items():
            words = words.replace("{" + name + "}", value)
        return words

    return Localized(each(text.en), each(text.zh))


def equal(wanted: Any, found: Any) -> bool:
    """Numbers by value, nothing and an empty text alike, everything else as text."""
    if wanted in (None, "") or found in (None, ""):
        return wanted in (None, "") and found in (None, "")
    if isinstance(wanted, bool) or isinstance(found, bool):
        return str(wanted).lower() == str(found).lower()
    try:
        return decimal_read(wanted) == decimal_read(found)
    except ValueError:
        return str(wanted) == str(found)


def _is_sensitive(field_class: FieldClass) -> bool:
    return field_class is not FieldClass.GENERAL


def _joined(words: Sequence[Localized]) -> Localized:
    return Localized("; ".join(each.en for each in words), "；".join(each.zh for each in words))
