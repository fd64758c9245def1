"""Why a rule did not fire although its condition was true, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

HELD = {
    "first_sight": gettext_lazy("It was already so when Baton first saw the record."),
    "was_true": gettext_lazy("It was already true before this change."),
    "was_unknown": gettext_lazy("Before this change it was not known whether it was true."),
    "consumed": gettext_lazy("It has fired for this record and waits until the condition is false again."),
    "outside_hours": gettext_lazy(
        "It was outside the rule's active hours, and what falls outside is dropped."
    ),
    "cooldown": gettext_lazy("The cool-down of the rule is not over."),
    "tenth": gettext_lazy("The rule is launched for one record in ten, and this is none of them."),
    "flood": gettext_lazy("The rule fires more often than forecast and was stopped."),
}
