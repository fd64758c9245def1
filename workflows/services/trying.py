"""Who may try out a draft, and which drafts can be tried: asked alike before a dry run, a back-test, a test and a count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import PermissionDenied
from permissions.models import User
from permissions.objects import may_object
from workflows.definition import DefinitionInvalid
from workflows.models import Rule
from workflows.services.checking import errors_of, rule_check


def trying_refuse(actor: User, rule: Rule, raw: Mapping[str, Any]) -> None:
    """Raises PermissionDenied, and DefinitionInvalid for a draft that would not be published."""
    if not may_object(actor, "use", rule.connection):
        raise PermissionDenied(_("You may not try rules on this connection."))
    owner = rule.owner if isinstance(rule.owner, User) else None
    problems = errors_of(rule_check(rule.connection, raw, owner))
    if problems:
        raise DefinitionInvalid(problems)
