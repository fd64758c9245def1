"""A few counts as small bars in a line of text: plain SVG, read aloud as a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

BAR, GAP, HEIGHT = 5, 1, 20


def sparkline(counts: Sequence[int]) -> SafeString:
    """One bar a count, the last one today's; nothing where all are 0."""
    most = max(counts, default=0)
    if not most:
        return SafeString("")
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}"></rect>',
        (
            (index * (BAR + GAP), HEIGHT - height, BAR, height)
            for index, count in enumerate(counts)
            if (height := round(count / most * HEIGHT) or (1 if count else 0))
        ),
    )
    words = _("Fired a day, oldest first: %(counts)s") % {"counts": ", ".join(str(each) for each in counts)}
    return format_html(
        '<svg class="b-spark" role="img" aria-label="{}" width="{}" height="{}"><title>{}</title>{}</svg>',
        words,
        len(counts) * (BAR + GAP),
        HEIGHT,
        words,
        bars,
    )
