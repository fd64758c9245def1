"""A rule's sentence, edited as text: every reading, or the word where the text stops making sense.

Nothing is stored. The text says the trigger, the condition, the firing policy, who is reached and what is done; everything
else (texts of cards, inputs, values of documents) stays as it was in the definition the text was made from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from connectors.dictionary.types import DictionaryObject
from connectors.selectors import dictionary_object, dictionary_objects
from kernel import grammar as g
from kernel.errors import ConfigError
from kernel.text import LANGUAGES, language_normalise
from workflows.catalog import TRIGGERS
from workflows.conditions.reading import kept_texts
from workflows.definition import TriggerSpec
from workflows.models import Rule
from workflows.phrases import Tongue, Worded
from workflows.sentence import (
    INCOMPLETE,
    rule_sentence,
    trigger_text,
)
from workflows.services.wording_body import HoursLeftOut, RuleBody, Unattached, conditions_said

MOST_LETTERS = 20_000
MOST_CHOICES = 8
MOST_EXPECTED = 8
WORD = re.compile(r"[A-Za-z0-9_'’-]+|[\u4e00-\u9fff]{1,6}|\S")


@dataclass(frozen=True)
class NotUnderstood:
    """`start` and `end` count characters; `expected` are words that would make sense there."""

    start: int
    end: int
    message: str
    expected: list[str]


@dataclass(frozen=True)
class SentenceRead:
    """One definition: that is what it says. Several: the person has to choose. None: `problem` says where and why."""

    definitions: list[dict[str, Any]] = field(default_factory=list)
    problem: NotUnderstood | None = None


def sentence_read(rule: Rule, raw: Mapping[str, Any], text: str, language: str) -> SentenceRead:
    """What `text` says, `raw` being the draft it was made from. Raises ConfigError for a text that is too long."""
    if len(text) > MOST_LETTERS:
        raise ConfigError(_("A rule's sentence has at most %(most)d letters.") % {"most": MOST_LETTERS})
    tongue_at = LANGUAGES.index(language_normalise(language))
    if " ".join(text.split()) == " ".join(rule_sentence(rule, raw).in_language(language).split()):
        return SentenceRead([dict(raw)])
    reader = _RuleReader(rule, raw, tongue_at)
    source = g.Source(text)
    definitions = reader.read(source)
    if reader.unattached:
        return SentenceRead(problem=_unattached(text, reader.unattached))
    if not definitions:
        return SentenceRead(problem=_not_understood(source))
    return SentenceRead(definitions[:MOST_CHOICES])


def _not_understood(source: g.Source) -> NotUnderstood:
    start = source.past_space(source.furthest)
    expected = source.expected[:MOST_EXPECTED] + (["…"] if len(source.expected) > MOST_EXPECTED else [])
    words = {"expected": " · ".join(expected)}
    found = WORD.match(source.text, start)
    if found is None:
        message = _("The sentence is not complete. What may follow: %(expected)s") % words
        return NotUnderstood(len(source.text), len(source.text), message, expected)
    words["word"] = found.group(0)
    message = _("“%(word)s” is not understood here. What may stand here: %(expected)s") % words
    return NotUnderstood(start, found.end(), message, expected)


def _unattached(text: str, label: str) -> NotUnderstood:
    start = max(text.rfind(g.quote(label)), 0)
    message = _("It is not clear which button “%(label)s” is: exactly one must be called so.") % {
        "label": label
    }
    return NotUnderstood(start, start + len(g.quote(label)), message, [])


class _RuleReader:
    def __init__(self, rule: Rule, raw: Mapping[str, Any], language: int) -> None:
        self.rule, self.raw, self.language = rule, raw, language
        self.objects = {each.name: each for each in dictionary_objects(rule.connection_id)}
        trigger = raw.get("trigger")
        named = str(trigger.get("object")) if isinstance(trigger, Mapping) else ""
        if named and named not in self.objects:
            with suppress(ConfigError):  # an object of Baton's own, or one nobody knows any more
                self.objects[named] = dictionary_object(rule.connection_id, named)
        self.bodies: list[RuleBody] = []
        self.unattached = ""

    def read(self, source: g.Source) -> list[dict[str, Any]]:
        found = []
        for trigger, behind in g.distinct(self._triggers(source)):
            about = self.objects.get(str(trigger.get("object")))
            if about is None:
                continue
            body = RuleBody(self.rule, self.raw, self._tongue(about))
            self.bodies.append(body)  # its parsers are remembered by their identity: they must not go away
            for said, end in body.read(source, behind):
                if source.past_space(end) < len(source.text):
                    source.fail(end, "")
                    continue
                try:
                    found.append((body.definition(trigger, said), end))
                except Unattached as error:
                    self.unattached = error.label
                except HoursLeftOut:
                    source.fail(len(source.text), body.hours_told())
        return [definition for definition, _end in g.distinct(found)]

    def _tongue(self, about: DictionaryObject) -> Tongue:
        kept = kept_texts(conditions_said(self.raw), about, self.language)
        return Tongue(self.language, about, self.objects, self.rule.connection.name, kept)

    def _triggers(self, source: g.Source) -> list[g.Reading]:
        """The trigger as it will stand, and where its words end."""
        kept = self.raw.get("trigger")
        kept = kept if isinstance(kept, Mapping) else {}
        found: list[g.Reading] = []
        own = self._trigger_words(kept)
        if own and (found := g.words(own, dict(kept))(source, 0)):
            return found
        empty = self._tongue(next(iter(self.objects.values())))
        for key, trigger in TRIGGERS.items():
            if isinstance(trigger, Worded):
                before = kept if kept.get("type") == key else {"type": key}
                for said, _end in trigger.wording.parser(empty)(source, 0):
                    applied = trigger.wording.apply(said, before, empty)
                    # What else the trigger says (and its wording does not) must stand there too.
                    found += g.words(self._trigger_words(applied), applied)(source, 0)
        return found

    def _trigger_words(self, kept: Mapping[str, Any]) -> str:
        try:
            spec = TriggerSpec(str(kept["type"]), str(kept["object"]), kept)
            words = trigger_text(spec, self.objects[spec.object], self.rule.connection.name)
        except INCOMPLETE:
            return ""
        return words.in_language(LANGUAGES[self.language])
