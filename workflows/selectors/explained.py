"""A decision of the gate in words: which grants open a record and its fields, and what it would take."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from connectors.dictionary.types import DictionaryObject, FieldClass, Treatment
from connectors.dictionary.words import CLASSES, DIMENSIONS
from permissions.explain import Explained
from permissions.models import Grant, User
from permissions.policies import Decision
from workflows.selectors.shown import RecordView


@dataclass(frozen=True)
class FieldSeen:
    """`shown`: shown, masked, rounded or left_out for that person. `mine`: whether the asker sees the value.

    `grants` open it; `why` says what a grant would need that opens it.
    """

    name: str
    label: str
    value: str
    shown: str
    mine: bool
    grants: tuple[int, ...]
    why: str


@dataclass(frozen=True)
class GrantSeen:
    """A grant that was weighed, in words; only for those who may read grants."""

    id: int
    holder: str
    opens: bool
    words: str


def fields_explained(
    view: RecordView,
    data: Mapping[str, Any],
    scopes: Mapping[str, str],
    explained: Explained,
    mine: Decision,
    *,
    reads_grants: bool,
) -> list[FieldSeen]:
    """Every field that has a value. `view` shows them within `mine`, the asker's own decision."""
    about, decision = view.about, explained.decision
    found: list[FieldSeen] = []
    for each in about.fields if about is not None else ():
        if about is None or each.name not in data:
            continue
        hidden = not decision.allowed or each.name in decision.masked
        how = decision.treatments.get(each.name, Treatment.MASK)
        silent = mine.leaves_out(each.name) or (hidden and how is Treatment.LEAVE_OUT)
        found.append(
            FieldSeen(
                each.name,
                str(each.label),
                "" if silent else view.value(each.name),
                hidden_word(how) if hidden else "shown",
                each.name not in mine.masked,
                explained.opened_by(each.field_class) if reads_grants and not hidden else (),
                needs_words(about, scopes, each.field_class) if hidden else "",
            )
        )
    return found


def hidden_word(how: Treatment) -> str:
    return {Treatment.MASK: "masked", Treatment.ROUND: "rounded", Treatment.LEAVE_OUT: "left_out"}[how]


def needs_words(about: DictionaryObject, scopes: Mapping[str, str], field_class: FieldClass) -> str:
    """What one grant would have to hold and cover; `scopes` empty where no record is in question."""
    places = ", ".join(
        f"{DIMENSIONS[need]} {scopes.get(need) or '*'}" if scopes else str(DIMENSIONS[need])
        for need in about.needs
    )
    values = {"object": str(about.label), "places": places or "–"}
    if field_class is FieldClass.GENERAL:
        return _("It takes one grant on %(object)s that covers: %(places)s.") % values
    values["class"] = str(CLASSES[field_class])
    return _("It takes one grant on %(object)s with the class “%(class)s” that covers: %(places)s.") % values


def grants_explained(explained: Explained, scopes: Mapping[str, str]) -> list[GrantSeen]:
    weighed = {each.id: each for each in explained.weighed}
    grants = Grant.objects.select_related("user", "group").in_bulk(list(weighed))
    found = []
    for pk, each in weighed.items():
        if pk not in grants:  # ended while we asked
            continue
        if each.lacks:
            missing = ", ".join(f"{DIMENSIONS[need]} {scopes.get(need) or '–'}" for need in each.lacks)
            words = _("Does not cover: %(places)s.") % {"places": missing}
        else:
            words = _scopes_words(grants[pk])
        found.append(GrantSeen(pk, _holder(grants[pk]), not each.lacks, words))
    return found


def grants_named(pks: Collection[int]) -> list[GrantSeen]:
    """Grants that name an object, without a record in question."""
    grants = Grant.objects.select_related("user", "group").in_bulk(pks)
    return [GrantSeen(pk, _holder(grant), True, _scopes_words(grant)) for pk, grant in grants.items()]


def _holder(grant: Grant) -> str:
    return grant.user.display_name if isinstance(grant.user, User) else str(grant.group)


def _scopes_words(grant: Grant) -> str:
    places = "; ".join(
        f"{label}: {', '.join(grant.scopes[dimension.value])}"
        for dimension, label in DIMENSIONS.items()
        if grant.scopes.get(dimension.value)
    )
    names: dict[str, str] = {each.value: str(label) for each, label in CLASSES.items()}
    classes = ", ".join(names.get(each, each) for each in grant.field_classes)
    return " · ".join(each for each in (places, classes, grant.note) if each) or "–"
