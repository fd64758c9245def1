"""Telling people of a rule that Baton itself has stopped: its owner, and the administrators."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from kernel.text import Localized, localized, text_show
from messaging.services.notices import notice_send
from permissions.identities import administrators
from permissions.models import User
from workflows.models import Rule, RuleStop

HANDLER = "workflows.notice"


def stop_tell(stop: RuleStop) -> int:
    """One notice to each, through the built-in inbox. Inside the caller's transaction. Returns how many are told."""
    rule = stop.rule
    owner = [rule.owner] if isinstance(rule.owner, User) and rule.owner.is_active else []
    people = {person.pk: person for person in [*owner, *administrators()]}
    title = localized(
        gettext_noop("The rule “%(name)s” was stopped: it runs in a circle"),
        name=Localized.from_json(rule.name),
    )
    todo = localized(
        gettext_noop(
            "%(why)s %(count)s waiting runs are ended. Look at what it wrote, change the rule, then switch it on again."
        ),
        why=_why(rule),
        count=stop.found,
    )
    source = f"rule-stop-{stop.pk}"
    return notice_send(people.values(), title, todo, source=source, handler=HANDLER, ref=str(stop.pk))


def _why(rule: Rule) -> Localized:
    return Localized(text_show(rule.state_reason, "en"), text_show(rule.state_reason, "zh-hans"))
