"""What the sentences of asking and sending have in common."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from workflows.phrases import Phrase
from workflows.slots import Names, Number, People

THROUGH = Phrase(gettext_noop(", through %(channels)s"), channels=Names("channels"))
PRIORITY = Phrase(gettext_noop(", with priority %(number)s"), number=Number("priority"))
FALLBACK = Phrase(gettext_noop("; if nobody can be reached, %(others)s"), others=People("fallback"))
