"""From an interaction to the message one person may see, in that person's language.

`Interaction.card` is free of language and of person:

    {"object": "stock_level", "title": {"en": "…{{ record.product_name }}…", "zh-hans": …}, "body": {…},
     "fields": [{"name": "on_hand", "emphasis": true}, {"name": "product_code", "with": "product_name"}],
     "buttons": [{"key": "create_po", "label": {…}, "style": "primary", "replies": ["order {quantity}"],
                  "inputs": [{"name": "quantity", "label": {…}, "type": "decimal", "value": "200",
                               "reads": ["reorder_quantity"]}]}],
     "data": {canonical record}}

What is hidden is replaced (or left out, as its class says) before any template sees the data, and masked in inputs whose value was calculated from a masked
field (`reads` names the fields).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from django.conf import settings

from connectors.dictionary.types import DictionaryObject
from connectors.ports.im import Button, ButtonInput, Message, MessageField
from connectors.selectors import dictionary_object
from kernel.text import Localized
from messaging.formatting import field_format, moment_format
from messaging.models import Interaction, InteractionState
from messaging.templating import template_fields, template_render
from permissions.policies import MASK, Decision


def interaction_link(interaction: Interaction) -> str:
    return f"{settings.BATON_PUBLIC_URL}/inbox/{interaction.uid}/"


def _object_of(interaction: Interaction) -> DictionaryObject | None:
    name = interaction.card.get("object")
    record = interaction.record
    return dictionary_object(record.connection_id, name) if name and record is not None else None


class Reader(Protocol):
    """Who reads a card: a person, or a group chat."""

    @property
    def language(self) -> str: ...

    @property
    def time_zone(self) -> str: ...


def card_render(interaction: Interaction, reader: Reader, decision: Decision) -> Message:
    """The message as `reader` may see it now. The caller has asked the gate: `decision.allowed` must be true."""
    card, language, zone = interaction.card, reader.language, reader.time_zone
    about = _object_of(interaction)
    data = decision.apply(card.get("data", {}))
    shown = (
        {each.name: field_format(each, data, language, zone) for each in about.fields}
        if about is not None
        else data
    )
    context = {"record": shown}

    def text(value: Any) -> str:
        return template_render(Localized.from_json(value or "").in_language(language), context)

    is_open = interaction.state == InteractionState.OPEN
    return Message(
        id=str(interaction.uid),
        event_id=interaction.source_event_id or str(interaction.event_id or interaction.uid),
        version=interaction.version,
        title=text(card.get("title")),
        body=text(card.get("body")),
        fields=tuple(
            _field(each, about, shown, language)
            for each in card.get("fields", ())
            if not decision.leaves_out(each["name"])
        ),
        buttons=tuple(_button(each, decision, language) for each in card.get("buttons", ()))
        if is_open
        else (),
        state=interaction.state,
        state_text=state_text(interaction.state_text, language, zone, decision),
        link=interaction_link(interaction),
        language=language,
    )


def title_fields(card: Mapping[str, Any]) -> frozenset[str]:
    """The fields of the record a card's title tells, in whatever language."""
    return _text_fields(card.get("title"))


def card_fields(card: Mapping[str, Any]) -> frozenset[str]:
    """The fields of the record that a card tells: in its texts, its list, and in values calculated from them."""
    listed = {
        str(each[name]) for each in card.get("fields", ()) for name in ("name", "with") if each.get(name)
    }
    inputs = (one for button in card.get("buttons", ()) for one in button.get("inputs", ()))
    read = {str(name) for one in inputs for name in one.get("reads", ())}
    return title_fields(card) | _text_fields(card.get("body")) | listed | read


def _text_fields(text: Any) -> frozenset[str]:
    words = Localized.from_json(text or "")
    return template_fields(words.en) | template_fields(words.zh)


def card_title_only(interaction: Interaction, reader: Reader) -> Message:
    """The title with every value of the record hidden, and the link: it tells nothing about the record but its kind."""
    about = _object_of(interaction)
    names = about.by_name if about is not None else interaction.card.get("data", {})
    message = card_render(interaction, reader, Decision(True, masked=frozenset(names)))
    return replace(message, body="", fields=(), buttons=(), state_text="")


def state_text(stored: Mapping[str, Any], language: str, zone: str, decision: Decision | None = None) -> str:
    """`{at}` in the stored sentence becomes the reader's local time of `stored["at"]`.

    A sentence that tells values of the field `classes` is `masked` for whoever they are not open to.
    """
    if not stored:
        return ""
    classes = stored.get("classes", ())
    hidden = bool(classes) and (decision is None or not decision.opens(classes))
    sentence = Localized.from_json(stored["masked"] if hidden else stored).in_language(language)
    if stored.get("at"):
        sentence = sentence.replace("{at}", moment_format(stored["at"], language, zone))
    return sentence


def _field(
    spec: Mapping[str, Any], about: DictionaryObject | None, shown: Mapping[str, Any], language: str
) -> MessageField:
    name = spec["name"]
    field = about.by_name.get(name) if about is not None else None
    label = spec.get("label") or (field.label if field is not None else name)
    value = str(shown.get(name, "–"))
    other = shown.get(spec.get("with", ""), "–") if spec.get("with") else "–"
    return MessageField(
        label=Localized.from_json(label).in_language(language),
        value=f"{value} {other}" if other not in ("–", value) else value,
        emphasis=bool(spec.get("emphasis")),
        name=name,
    )


def input_is_masked(spec: Mapping[str, Any], decision: Decision) -> bool:
    """Whether the prefilled value of an input would tell something this person may not see."""
    return not decision.allowed or not decision.masked.isdisjoint(spec.get("reads", ()))


def _button(spec: Mapping[str, Any], decision: Decision, language: str) -> Button:
    def words(value: Any) -> str:
        return Localized.from_json(value or "").in_language(language)

    return Button(
        key=spec["key"],
        label=words(spec.get("label") or spec["key"]),
        style=spec.get("style", "secondary"),
        inputs=tuple(
            ButtonInput(
                name=each["name"],
                label=words(each.get("label") or each["name"]),
                type=each.get("type", "text"),
                value=MASK if input_is_masked(each, decision) else str(each.get("value") or ""),
            )
            for each in spec.get("inputs", ())
        ),
        replies=tuple(spec.get("replies", ())),
        confirm=words(spec.get("confirm")),
    )
