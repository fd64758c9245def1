"""The business audit trail: one call, in the transaction of the thing it tells of."""

from __future__ import annotations

from typing import Any

from django.db import models

from kernel.models import AuditEntry


def audit_record(
    actor: Any, action: str, subject: models.Model | tuple[str, Any], summary: str = "", **detail: Any
) -> AuditEntry:
    """Write who did what. `subject` is a row or (type, id). `detail` must hold no secret."""
    subject_type, subject_id = (
        subject if isinstance(subject, tuple) else (subject._meta.label_lower, subject.pk)
    )
    known = actor if actor is not None and getattr(actor, "pk", None) else None
    return AuditEntry.objects.create(
        actor=known,
        action=action,
        subject_type=subject_type,
        subject_id=str(subject_id),
        summary=summary,
        detail=detail,
    )
