"""Runs, each as a story; and the dead letters."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.badges import badge
from kernel.pages import OfRequest, PageAdmin
from kernel.text import Localized, text_show
from permissions.objects import may_object
from permissions.policies import MASK, Gate
from workflows.admin.deadletters import (
    bulk_context,
    bulk_get,
    bulk_state,
    bulk_stop,
    letters_act,
    letters_context,
)
from workflows.models import Run, RunState
from workflows.nesting import steps_walk
from workflows.selectors import event_view, may_list_events, may_list_runs, run_trace, visible_runs
from workflows.services.replay import dead_step_replay

ACTIVE = (RunState.RUNNING, RunState.WAITING)


OUTCOMES = {
    "done": gettext_lazy("done"),
    "expired": gettext_lazy("nobody answered in time"),
    "no_longer_needed": gettext_lazy("no longer needed"),
    "switched_off": gettext_lazy("the rule was switched off"),
    "loop": gettext_lazy("the rule was stopped: loop"),
    "refused": gettext_lazy("refused"),
    "overdue": gettext_lazy("overdue"),
    "dead_letter": gettext_lazy("dead letter"),
    "discarded": gettext_lazy("discarded"),
    "not_true": gettext_lazy("not true when looked at again"),
    "shadow": gettext_lazy("held back: shadow"),
    "pilot": gettext_lazy("held back: no pilot people"),
    "": "–",
}


def outcome_words(run: Run) -> str:
    """How the run ended; where a person's answer ended it, the button's label."""
    if run.outcome in OUTCOMES:
        return str(OUTCOMES[run.outcome])
    placed = steps_walk(run.version.definition.get("steps"))
    buttons = [button for each in placed for button in each.params.get("buttons", ())]
    label = next((each.get("label") for each in buttons if each.get("key") == run.outcome), None)
    return f"“{Localized.from_json(label or run.outcome)}”"


def run_mark(run: Run) -> str:
    """Differs as soon as the page of the run would."""
    steps = run.steps.order_by("id").values_list("id", "state", "attempts", "interaction__version")
    seen = run.steps.filter(interaction__deliveries__seen_at__isnull=False).count()
    return repr([run.state, seen, *steps])


@admin.register(Run)
class RunAdmin(PageAdmin[Run]):
    gate = OfRequest()
    list_display = (
        "number",
        "rule_name",
        "record_words",
        "state_badge",
        "outcome_words",
        "started_at",
        "took",
    )
    list_display_links = ("number", "rule_name")
    list_filter = ("state", ("rule", admin.RelatedOnlyFieldListFilter), "started_at")
    detail_template = "admin/runs/detail.html"

    def visible(self, request: HttpRequest) -> QuerySet[Run]:
        return visible_runs(request.user).select_related("rule", "version", "event__connection")

    def may_list(self, request: HttpRequest) -> bool:
        return may_list_runs(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        self.gate = Gate(request.user)
        return self.visible(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("dead-letters/", view(self.dead_letters_view), name="workflows_dead_letters"),
            path("dead-letters/<int:pk>/", view(self.bulk_view), name="workflows_bulk"),
            path("dead-letters/<int:pk>/state/", view(self.bulk_state_view), name="workflows_bulk_state"),
            path("<int:pk>/state/", view(self.state_view), name="workflows_run_state"),
            *super().get_urls(),
        ]

    @admin.display(description=gettext_lazy("run"), ordering="id")
    def number(self, run: Run) -> str:
        return f"#{run.pk}"

    @admin.display(description=gettext_lazy("rule"))
    def rule_name(self, run: Run) -> str:
        return str(run.rule)

    @admin.display(description=gettext_lazy("record"))
    def record_words(self, run: Run) -> str:
        view = event_view(self.gate, run.event)
        return view.title or view.key(run.event.key)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, run: Run) -> str:
        return badge(run.state, run.get_state_display())

    @admin.display(description=gettext_lazy("outcome"))
    def outcome_words(self, run: Run) -> str:
        if run.reason:
            return text_show(run.reason) if event_view(self.gate, run.event).decision.allowed else MASK
        return outcome_words(run)

    @admin.display(description=gettext_lazy("took"))
    def took(self, run: Run) -> str:
        return f"{(run.ended_at - run.started_at).total_seconds():.1f} s" if run.ended_at else "…"

    def detail_context(self, request: HttpRequest, obj: Run) -> dict[str, Any]:
        trace = run_trace(obj, request.user)
        return {
            "title": _("Run #%(number)s") % {"number": obj.pk},
            "run": obj,
            "trace": trace,
            "badge": badge(obj.state, obj.get_state_display()),
            "live": obj.state in ACTIVE,
            "mark": run_mark(obj),
            "may_replay": may_object(request.user, "publish", obj.rule),
        }

    def act_replay(self, request: HttpRequest, run: Run) -> None:
        step = request.POST.get("step", "")
        if step.isdigit() and run.steps.filter(pk=int(step)).exists():
            dead_step_replay(request.user, int(step))  # type: ignore[arg-type]
            messages.success(request, _("The step is being tried again."))

    def state_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What an open page asks to know whether to read itself again."""
        run = self.row(request, str(pk))
        return JsonResponse({"active": run.state in ACTIVE, "mark": run_mark(run)})

    def dead_letters_view(self, request: HttpRequest) -> HttpResponse:
        self.refuse(request, may_list_runs(request.user) or may_list_events(request.user))
        if request.method == "POST":
            return letters_act(request)
        context = {"title": _("Dead letters"), **letters_context(request.user)}
        return self.page(request, "admin/runs/dead_letters.html", None, context)

    def bulk_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        operation = bulk_get(request, pk)
        if request.method == "POST":
            return bulk_stop(request, operation)
        context = {"title": _("Dead letters"), **bulk_context(operation)}
        return self.page(request, "admin/runs/bulk.html", None, context)

    def bulk_state_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return bulk_state(bulk_get(request, pk))
