"""Text in both languages of the interface, for labels that are data (manifests, dictionary, rules)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import get_language, gettext

LANGUAGES = ("en", "zh-hans")
_WIDE = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def text_narrow(text: str) -> str:
    """Full-width letters, digits and signs as plain ones. Nothing else is folded: “10²” stays what it is."""
    return text.translate(_WIDE)


def text_clean(text: str) -> str:
    """What no database takes (NUL, half of a surrogate pair) becomes the replacement character."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def language_normalise(language: str | None) -> str:
    """`zh`, `zh-cn`, `zh_Hans` … → `zh-hans`; everything else → `en`."""
    return "zh-hans" if (language or "").lower().startswith("zh") else "en"


@dataclass(frozen=True)
class Localized:
    """The same words in English and Simplified Chinese. `str()` gives the active language's."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.in_language(get_language())

    def in_language(self, language: str | None) -> str:
        return (self.zh or self.en) if language_normalise(language) == "zh-hans" else (self.en or self.zh)

    def as_json(self) -> dict[str, str]:
        return {"en": self.en, "zh-hans": self.zh}

    @staticmethod
    def from_json(value: Any) -> Localized:
        """A plain string stands for both languages; a mapping has the keys `en` and `zh-hans`."""
        if isinstance(value, Localized):
            return value
        if isinstance(value, Mapping):
            english, chinese = str(value.get("en", "")), str(value.get("zh-hans", value.get("zh", "")))
            return Localized(english or chinese, chinese or english)
        return Localized(str(value), str(value))


def localized(message: str, **values: Any) -> Localized:
    """A translatable sentence in both languages at once, for what is stored and read later by others.

    `message` is marked with gettext_noop at the caller and has named placeholders `%(name)s`. A value that is itself
    Localized is put in each language.
    """

    def in_language(language: str) -> str:
        with translation.override(language):
            filled = {
                name: value.in_language(language) if isinstance(value, Localized) else value
                for name, value in values.items()
            }
            return gettext(message) % filled

    return Localized(in_language("en"), in_language("zh-hans"))


def text_store(text: Localized) -> str:
    """Both languages in one text column; `text_show` reads it back."""
    return json.dumps(text.as_json(), ensure_ascii=False)


def text_show(stored: str, language: str | None = None) -> str:
    """What `text_store` wrote, in the reader's language; any other text as it is."""
    if stored.startswith('{"en":'):
        try:
            return Localized.from_json(json.loads(stored)).in_language(language or get_language())
        except ValueError:
            return stored
    return stored


def duration_words(seconds: float) -> Localized:
    """ "2 hours", "1 day", in the largest unit that says it exactly."""
    for size, en, zh in (
        (86400, "day", "天"),
        (3600, "hour", "小时"),
        (60, "minute", "分钟"),
        (1, "second", "秒"),
    ):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return Localized(f"{count} {en}" if count == 1 else f"{count} {en}s", f"{count} {zh}")
    return Localized(f"{seconds:g} seconds", f"{seconds:g} 秒")
