"""Whether a text shows a figure, and not merely the same digits inside a moment, an id or a longer number."""

from __future__ import annotations

import re


def figure_in(figure: str, text: str) -> bool:
    return re.search(rf"(?<![\w.:]){re.escape(figure)}(?![\w])", text) is not None
