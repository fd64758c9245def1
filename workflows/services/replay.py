"""Putting a dead letter back to work. The permission check is in here, for admin and API alike."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kernel.errors import Conflict, NotFound, PermissionDenied
from permissions.models import User
from permissions.objects import may_object
from workflows.engine.finish import step_replay
from workflows.models import Step
from workflows.selectors import visible_steps


def dead_step_replay(actor: User, step_id: int) -> Step:
    """Replay from this step, as somebody who may publish its rule.

    Raises NotFound for a step of a rule the actor may not know of, PermissionDenied, Conflict when not dead.
    """
    step = visible_steps(actor).select_related("run__rule").filter(pk=step_id).first()
    if step is None:
        raise NotFound(_("There is no such step."))
    if not may_object(actor, "publish", step.run.rule):
        raise PermissionDenied(_("You may not replay steps of this rule."))
    if not step_replay(step.pk, actor):
        raise Conflict(_("This step is not a dead letter (any more)."))
    step.refresh_from_db()
    return step
