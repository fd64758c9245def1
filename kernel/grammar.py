"""A small grammar of sentences: parsers that find every reading, and where a text stops making sense.

A parser takes a Source and a position and gives all it can read there, each with the position behind it. Nothing is
guessed: whoever asks decides what several readings mean. `words` compares letters regardless of case, takes any white space
(none in Chinese), and full-width punctuation for plain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Reading = tuple[Any, int]
Parser = Callable[["Source", int], list[Reading]]
SLOT = re.compile(r"\{(\w+)\}|%\((\w+)\)s")
_SAME = {
    ",": ",，",
    ".": ".。",
    ":": ":：",
    ";": ";；",
    "(": "(（",
    ")": ")）",
    "“": '“"',
    "”": '”"',
    "−": "−-",
    "×": "×*",
    "’": "’'",
}
_SAME |= {wide: each for each in list(_SAME.values()) for wide in each}


@dataclass
class Source:
    """The text being read. `expected` is what would have made sense at `furthest`, the first place where it does not."""

    text: str
    furthest: int = 0
    expected: list[str] = field(default_factory=list)
    read: dict[tuple[int, int], list[Reading]] = field(default_factory=dict)

    def past_space(self, at: int) -> int:
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        return at

    def fail(self, at: int, what: str) -> list[Reading]:
        at = self.past_space(at)
        if at > self.furthest:
            self.furthest, self.expected = at, []
        if at == self.furthest and what and what not in self.expected:
            self.expected.append(what)
        return []


@lru_cache(maxsize=8192)
def _words_pattern(text: str) -> re.Pattern[str]:
    def each(character: str) -> str:
        same = _SAME.get(character)
        return rf"[{re.escape(same)}]\s*" if same else re.escape(character)

    pieces = ["".join(each(one) for one in piece) for piece in text.split()]
    closed = r"(?![A-Za-z0-9_])" if re.search(r"[A-Za-z0-9_]$", text.strip()) else ""
    return re.compile(r"\s*" + r"\s+".join(pieces) + closed, re.IGNORECASE)


def words(text: str, value: Any = None, told: str | None = None) -> Parser:
    """These very words. `told` is what a reader hears was expected; "" keeps silent about them."""
    if not text.strip():
        return lambda source, at: [(value, at)]
    pattern = _words_pattern(text)
    what = text.strip() if told is None else told

    def read(source: Source, at: int) -> list[Reading]:
        found = pattern.match(source.text, at)
        return [(value, found.end())] if found else source.fail(at, what)

    return read


def matching(pattern: str, told: str, build: Callable[..., Any], *given: Any) -> Parser:
    """What fits a regular expression; `build` makes its value of the match and what is `given` besides."""
    compiled = re.compile(pattern)

    def read(source: Source, at: int) -> list[Reading]:
        found = compiled.match(source.text, source.past_space(at))
        return [(build(found, *given), found.end())] if found else source.fail(at, told)

    return read


def either(*parsers: Parser) -> Parser:
    return lambda source, at: distinct(each for parser in parsers for each in parser(source, at))


def mapped(parser: Parser, build: Callable[..., Any], *given: Any) -> Parser:
    """Each value as `build` makes it, of what was read and what is `given` besides."""
    return lambda source, at: [(build(value, *given), end) for value, end in parser(source, at)]


def in_order(*parsers: Parser) -> Parser:
    """All of them, as a list of their values."""

    def read(source: Source, at: int) -> list[Reading]:
        found: list[Reading] = [([], at)]
        for parser in parsers:
            found = [([*so_far, value], end) for so_far, here in found for value, end in parser(source, here)]
        return found

    return read


def maybe(parser: Parser, otherwise: Any = None) -> Parser:
    """Read, or left out; where it can be read, both."""
    return lambda source, at: [*parser(source, at), (otherwise, at)]


def listed(parser: Parser, *between: Parser) -> Parser:
    """One or more with one of `between` in between: every length that can be read, the longest first."""
    separator = either(*between)

    def read(source: Source, at: int) -> list[Reading]:
        found: list[Reading] = []
        for value, end in parser(source, at):
            for _word, behind in separator(source, end):
                found += [([value, *more], last) for more, last in read(source, behind)]
            found.append(([value], end))
        return distinct(found)

    return read


def filled(template: str, slots: Mapping[str, Callable[[Mapping[str, Any]], Parser]]) -> Parser:
    """A template with `{name}` or `%(name)s`; each slot's parser may depend on the slots read before it."""
    pieces = list(pieces_of(template))

    def read(source: Source, at: int) -> list[Reading]:
        found: list[tuple[dict[str, Any], int]] = [({}, at)]
        for piece, name in pieces:
            if name is None:
                found = [(env, end) for env, here in found for _value, end in words(piece)(source, here)]
            else:
                found = [
                    ({**env, name: value}, end)
                    for env, here in found
                    for value, end in slots[name](env)(source, here)
                ]
            if not found:
                break
        return list(found)

    return read


def fixed(parser: Parser) -> Callable[[Mapping[str, Any]], Parser]:
    """A slot whose parser does not depend on the slots before it."""
    return lambda _env: parser


def pieces_of(template: str) -> Iterable[tuple[str, str | None]]:
    """(text, None) or (slot as it is written, its name), in order."""
    at = 0
    for slot in SLOT.finditer(template):
        if slot.start() > at:
            yield template[at : slot.start()], None
        yield slot.group(0), slot.group(1) or slot.group(2)
        at = slot.end()
    if at < len(template):
        yield template[at:], None


def remembered(parser: Parser) -> Parser:
    """Asked again at the same place, it answers what it has read there."""
    key = id(parser)

    def read(source: Source, at: int) -> list[Reading]:
        known = source.read.get((key, at))
        if known is None:
            source.read[key, at] = []
            known = source.read[key, at] = distinct(parser(source, at))
        return known

    return read


def distinct(readings: Iterable[Reading]) -> list[Reading]:
    """Each reading once, in order."""
    found: dict[tuple[str, int], Reading] = {}
    for value, end in readings:
        found.setdefault((_mark(value), end), (value, end))
    return list(found.values())


def _mark(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def whole(parser: Parser, source: Source) -> list[Any]:
    """Every value the whole text can be read as; none leaves `furthest` and `expected` to tell why."""
    found = []
    for value, end in parser(source, 0):
        if source.past_space(end) == len(source.text):
            found.append((value, len(source.text)))
        else:
            source.fail(end, "")
    return [value for value, _end in distinct(found)]


def quoted(told: str) -> Parser:
    """A text in “quotes” or "quotes"; \\” stands for a quote in it, \\\\ for a backslash."""
    pattern = r"(?:“((?:\\.|[^”\\])*)”|\"((?:\\.|[^\"\\])*)\")"
    return matching(
        pattern,
        told,
        lambda found: re.sub(r"\\(.)", r"\1", found.group(1) or found.group(2) or "", flags=re.S),
    )


def quote(text: str) -> str:
    """As `quoted` reads it back."""
    return "“" + text.replace("\\", "\\\\").replace("”", "\\”") + "”"


def one_of(values: Sequence[Any], words_of: Callable[[Any], str], told: str = "") -> Parser:
    """One of `values`, by its words."""
    return either(
        *(words(words_of(each), each, told=told or None) for each in values if words_of(each).strip())
    )
