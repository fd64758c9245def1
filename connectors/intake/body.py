"""Reading an inbound body: bounded JSON, one event or an array of them."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kernel.text import text_clean

MOST_ITEMS = 5_000
MOST_DEPTH = 32


class BodyUnreadable(ValueError):
    """Nothing in the body can be read. `str()` says why."""


def _constant_refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _number_read(text: str) -> float | str:
    """A number that a float would change stays the text it was: no digit of an amount is lost."""
    number = float(text)
    return number if math.isfinite(number) and Decimal(repr(number)) == Decimal(text) else text


def _storable(value: Any) -> Any:
    """The value without characters that no database takes; they can only come as \\u escapes."""
    if isinstance(value, str):
        return text_clean(value)
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {text_clean(key): _storable(each) for key, each in value.items()}
    return value


def depth_check(value: Any, left: int = MOST_DEPTH) -> None:
    """Raises BodyUnreadable below `left` levels."""
    if isinstance(value, dict | list):
        if left == 0:
            raise BodyUnreadable(
                _("The JSON is nested more than %(most)d levels deep.") % {"most": MOST_DEPTH}
            )
        for inner in value.values() if isinstance(value, dict) else value:
            depth_check(inner, left - 1)


def body_read(body: bytes) -> list[Any]:
    """The items of a body; of a key that stands twice in an object the last counts.

    Raises BodyUnreadable with a sentence for the sender.
    """
    try:
        parsed = json.loads(
            body.decode("utf-8-sig"), parse_constant=_constant_refuse, parse_float=_number_read
        )
    except (ValueError, RecursionError) as error:
        raise BodyUnreadable(_("The body is not JSON: %(reason)s") % {"reason": str(error)[:200]}) from error
    items = parsed if isinstance(parsed, list) else [parsed]
    if not items or not any(isinstance(item, dict) for item in items):
        raise BodyUnreadable(_("Send one JSON object, or an array of JSON objects."))
    if len(items) > MOST_ITEMS:
        raise BodyUnreadable(
            _("At most %(most)d events in one request; this one has %(count)d.")
            % {"most": MOST_ITEMS, "count": len(items)}
        )
    depth_check(items, MOST_DEPTH + 1)
    return [_storable(item) for item in items] if b"\\u" in body else items
