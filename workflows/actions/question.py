"""The parts of a card that asking and sending share: checks, and building the language-free card."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel.errors import ConfigError
from kernel.text import Localized, localized
from messaging.templating import template_check
from workflows.blocks import RuleScope, StepContext
from workflows.conditions import condition_check, value_check
from workflows.definition import Problem

RECIPIENTS = ("record_person", "user", "role", "rule_owner", "group_chat")
OTHERWISE = ("split", "mask", "link", "block")
LANGUAGES = ("en", "zh-hans")


def card_check(params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
    """Texts parse, fields exist, recipients and channels are named."""
    problems: list[Problem] = []
    for name in ("title", "body"):
        text = params.get(name)
        texts = text.values() if isinstance(text, Mapping) else [text or ""]
        if name == "title" and not any(texts):
            problems.append(Problem(f"{pointer}/title", "missing", _("Write a title.")))
        for each in texts:
            try:
                template_check(str(each))
            except ConfigError as error:
                problems.append(Problem(f"{pointer}/{name}", "template", error.message))
    for index, each in enumerate(params.get("fields", ())):
        for key in ("name", "with"):
            name = each.get(key)
            if name and name not in scope.about.by_name:
                problems.append(
                    Problem(
                        f"{pointer}/fields/{index}",
                        "unknown_field",
                        _("“%(name)s” is not a field of %(object)s.")
                        % {"name": name, "object": str(scope.about.label)},
                    )
                )
    problems += recipients_check(params, scope, pointer)
    priority = params.get("priority", 5)
    if isinstance(priority, bool) or not isinstance(priority, int) or not 1 <= priority <= 9:
        problems.append(
            Problem(f"{pointer}/priority", "range", _("A priority is a whole number from 1 (urgent) to 9."))
        )
    seconds = params.get("confirm_seconds", 600)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 10 <= seconds <= 2_592_000:
        problems.append(
            Problem(
                f"{pointer}/confirm_seconds",
                "range",
                _("The time to wait for a sign is 10 seconds to 30 days, in whole seconds."),
            )
        )
    for index, channel in enumerate(params.get("channels", ())):
        if channel not in scope.channels:
            problems.append(
                Problem(
                    f"{pointer}/channels/{index}",
                    "unknown_channel",
                    _("There is no messenger connection “%(name)s”.") % {"name": channel},
                )
            )
    return problems


def recipients_check(params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
    problems: list[Problem] = []
    if not params.get("recipients"):
        problems.append(Problem(f"{pointer}/recipients", "missing", _("Choose who is told.")))
    for name in ("recipients", "fallback"):
        for index, spec in enumerate(params.get(name, ())):
            where = f"{pointer}/{name}/{index}"
            kind = spec.get("type")
            if kind not in RECIPIENTS:
                problems.append(Problem(where, "unknown_recipient", _("Unknown kind of recipient.")))
            elif kind == "group_chat" and spec.get("otherwise", OTHERWISE[0]) not in OTHERWISE:
                problems.append(
                    Problem(
                        where,
                        "otherwise",
                        _("Choose what is done when not everybody may see everything: %(choices)s.")
                        % {"choices": ", ".join(OTHERWISE)},
                    )
                )
            elif kind == "record_person":
                field = scope.about.by_name.get(str(spec.get("field")))
                if field is None or not field.person:
                    problems.append(
                        Problem(
                            where,
                            "not_a_person",
                            _("“%(name)s” does not name a person.") % {"name": str(spec.get("field"))},
                        )
                    )
    return problems


def logic_problems(logic: Any, scope: RuleScope, pointer: str, *, is_condition: bool) -> list[Problem]:
    found = condition_check(logic, scope.schema) if is_condition else value_check(logic, scope.schema)
    return [Problem(pointer + each.pointer, each.code, str(each.message)) for each in found]


def plain(value: Any) -> str:
    """A calculated value as the text of an input."""
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def fields_read(logic: Any) -> set[str]:
    """The fields of the record an expression may take its value from."""
    if isinstance(logic, str):
        return {logic.removeprefix("record.").split(".")[0]} if logic.startswith("record.") else set()
    parts: list[Any] = []
    if isinstance(logic, Mapping):
        parts = list(logic.values())
    elif isinstance(logic, list | tuple):
        parts = list(logic)
    return {name for part in parts for name in fields_read(part)}


def card_build(params: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
    """The language-free card of messaging/card.py, with prefilled inputs calculated from the record."""
    return {
        "object": context.about.name,
        "title": params.get("title", ""),
        "body": params.get("body", ""),
        "fields": list(params.get("fields", ())),
        "buttons": [
            {
                **{
                    key: button[key]
                    for key in ("key", "label", "style", "replies", "confirm")
                    if key in button
                },
                "inputs": [
                    {
                        **{
                            key: each[key]
                            for key in ("name", "label", "type", "minimum", "maximum")
                            if key in each
                        },
                        "value": plain(context.evaluate(each.get("value"))),
                        "reads": sorted(fields_read(each.get("value"))),
                    }
                    for each in button.get("inputs", ())
                ],
            }
            for button in params.get("buttons", ())
        ],
        "data": dict(context.record),
        **{key: params[key] for key in ("confirm_seconds",) if key in params},
    }


def preconditions(params: Mapping[str, Any]) -> list[tuple[Any, Localized]]:
    """`precondition` is one condition, or a list of {"check": condition, "text": what to say when it is not so}."""
    found = params.get("precondition")
    if found is None:
        return []
    if isinstance(found, list):
        return [(each["check"], Localized.from_json(each["text"])) for each in found]
    return [(found, localized(gettext_noop("What was asked about is no longer so. Nothing was done.")))]


def preconditions_check(params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
    found = params.get("precondition")
    if found is None:
        return []
    if not isinstance(found, list):
        return logic_problems(found, scope, f"{pointer}/precondition", is_condition=True)
    problems: list[Problem] = []
    for index, each in enumerate(found):
        where = f"{pointer}/precondition/{index}"
        if not isinstance(each, Mapping) or "check" not in each or "text" not in each:
            problems.append(Problem(where, "shape", _("A precondition has a condition and a text.")))
        else:
            problems += logic_problems(each["check"], scope, f"{where}/check", is_condition=True)
    return problems


def precondition_failed(
    params: Mapping[str, Any], context: StepContext, record: Mapping[str, Any]
) -> Localized | None:
    """The text of the first precondition that does not hold for `record`; unknown does not hold."""
    return next((text for logic, text in preconditions(params) if not context.is_true(logic, record)), None)


def people_words(params: Mapping[str, Any], scope: RuleScope) -> Localized:
    """The recipients of an action, in words."""
    words: list[Localized] = []
    for spec in params.get("recipients", ()):
        field = scope.about.by_name.get(str(spec.get("field", "")))
        if spec.get("type") == "record_person" and field is not None:
            words.append(
                localized(
                    gettext_noop("the %(field)s of the record"),
                    field=Localized(field.label.en.lower(), field.label.zh),
                )
            )
        elif spec.get("type") == "rule_owner":
            words.append(localized(gettext_noop("the owner of the rule")))
        else:
            name = str(spec.get("username") or spec.get("group") or "")
            words.append(Localized(name, name))
    return Localized(", ".join(each.en for each in words), "、".join(each.zh for each in words))
