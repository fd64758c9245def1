"""Rules: a list with last week's numbers, a page that reads as a sentence, and the draft as JSON."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import clock
from kernel.badges import badge
from kernel.models import AuditEntry
from kernel.text import text_show
from messaging.models import Answer
from permissions.models import User
from permissions.objects import may_any, may_object
from permissions.policies import Gate
from workflows.admin.editor import RuleEditor
from workflows.admin.ruleform import DraftForm
from workflows.admin.views import run_lines
from workflows.definition import DefinitionInvalid, Problem
from workflows.engine.stopping import rule_why_stopped, stops_under_way
from workflows.models import Rule, Run, RunState, Step
from workflows.selectors import visible_rules
from workflows.sentence import rule_sentence
from workflows.services.checking import rule_check
from workflows.services.drafts import rule_edit
from workflows.services.rules import rule_publish, rule_switch_off, rule_switch_on
from workflows.services.seeing import may_ask

WEEK_DAYS = 7
RECENT = 10


def _runs_of_week(**conditions: Any) -> Coalesce:
    """How many runs of the outer rule began in the last week."""
    since = clock.now() - dt.timedelta(days=WEEK_DAYS)
    runs = Run.objects.filter(rule=OuterRef("pk"), started_at__gte=since, **conditions).order_by()
    return Coalesce(Subquery(runs.values("rule").annotate(n=Count("pk")).values("n"), IntegerField()), 0)


@admin.register(Rule)
class RuleAdmin(RuleEditor):
    list_display = (
        "name_words",
        "state_badge",
        "connection",
        "version",
        "fired",
        "answered",
        "failed",
        "last_fired",
        "owner",
    )
    list_filter = ("state", ("connection", admin.RelatedOnlyFieldListFilter))
    search_fields = ("key", "name")
    detail_template = "admin/rules/detail.html"

    def visible(self, request: HttpRequest) -> QuerySet[Rule]:
        return visible_rules(request.user).select_related("connection", "current", "owner")

    def may_list(self, request: HttpRequest) -> bool:
        return may_any(request.user, "add", Rule) or super().may_list(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        said = Answer.objects.filter(accepted=True, interaction__in=Step.objects.filter(
            run=OuterRef(OuterRef("pk")), interaction__isnull=False).values("interaction"))  # fmt: skip
        last = (
            Run.objects.filter(rule=OuterRef("pk")).order_by().values("rule").annotate(at=Max("started_at"))
        )
        return self.visible(request).annotate(
            fired_count=_runs_of_week(),
            answered_count=_runs_of_week(pk__in=Run.objects.filter(Exists(said)).values("pk")),
            failed_count=_runs_of_week(state=RunState.FAILED),
            fired_last=Subquery(last.values("at")),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_any(request.user, "add", Rule)

    @admin.display(description=gettext_lazy("rule"), ordering="key")
    def name_words(self, rule: Rule) -> str:
        return str(rule)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, rule: Rule) -> str:
        return badge(rule.state, rule.get_state_display())

    @admin.display(description=gettext_lazy("version"))
    def version(self, rule: Rule) -> str:
        return f"v{rule.current.number}" if rule.current else "–"

    @admin.display(description=gettext_lazy("fired (7 days)"), ordering="fired_count")
    def fired(self, rule: Any) -> int:
        return int(rule.fired_count)

    @admin.display(description=gettext_lazy("answered"), ordering="answered_count")
    def answered(self, rule: Any) -> int:
        return int(rule.answered_count)

    @admin.display(description=gettext_lazy("failed"), ordering="failed_count")
    def failed(self, rule: Any) -> int:
        return int(rule.failed_count)

    @admin.display(description=gettext_lazy("last fired"), ordering="fired_last")
    def last_fired(self, rule: Any) -> Any:
        return rule.fired_last

    def detail_context(self, request: HttpRequest, obj: Rule) -> dict[str, Any]:
        runs = (
            Run.objects.filter(rule=obj)
            .select_related("rule", "version", "event__connection")
            .order_by("-id")
        )
        history = AuditEntry.objects.filter(subject_type="workflows.rule", subject_id=str(obj.pk))
        published = obj.current.definition if obj.current else None
        return {
            "title": str(obj),
            "rule": obj,
            "may_ask": may_ask(request.user),
            "badge": badge(obj.state, obj.get_state_display()),
            "why_stopped": rule_why_stopped(obj),
            "stopping": stops_under_way([obj]).get(obj.pk),
            "sentence": rule_sentence(obj),
            "draft_differs": published is not None and obj.draft != published,
            "draft_sentence": rule_sentence(obj, obj.draft),
            "versions": obj.versions.select_related("published_by"),
            "runs": run_lines(Gate(request.user), runs[:RECENT]),
            "history": [
                {"entry": each, "summary": text_show(each.summary)}
                for each in history.select_related("actor")[: RECENT * 2]
            ],
            "may_change": may_object(request.user, "change", obj),
            "may_publish": may_object(request.user, "publish", obj),
            "may_build": may_object(request.user, "use", obj.connection),
            "form": DraftForm(initial={"name": obj.name, "draft": obj.draft}),
            "problems": [],
        }

    def _again(
        self, request: HttpRequest, rule: Rule, form: DraftForm, problems: list[Problem]
    ) -> HttpResponse:
        """The page with what was typed, and what speaks against it."""
        context = {**self.detail_context(request, rule), "form": form, "problems": problems, "editing": True}
        return self.page(request, self.detail_template, rule, context, status=400)

    def act_save(self, request: HttpRequest, rule: Rule) -> HttpResponse | None:
        self.refuse(request, may_object(request.user, "change", rule))
        form = DraftForm(request.POST)
        if not form.is_valid():
            return self._again(request, rule, form, [])
        owner = rule.owner if isinstance(rule.owner, User) else None
        problems = rule_check(rule.connection, form.cleaned_data["draft"], owner)
        rule_edit(request.user, rule, name=form.name(), draft=form.cleaned_data["draft"])  # type: ignore[arg-type]
        if problems:
            messages.warning(
                request, _("The draft is saved. It cannot be published yet; see the problems below.")
            )
            return self._again(request, rule, form, problems)
        messages.success(request, _("The draft is saved and could be published."))
        return None

    def act_publish(self, request: HttpRequest, rule: Rule) -> HttpResponse | None:
        try:
            version = rule_publish(request.user, rule, note=request.POST.get("note", "")[:200])  # type: ignore[arg-type]
        except DefinitionInvalid as error:
            form = DraftForm(initial={"name": rule.name, "draft": rule.draft})
            return self._again(request, rule, form, error.problems)
        messages.success(request, _("Version %(number)s is in force.") % {"number": version.number})
        return None

    def act_off(self, request: HttpRequest, rule: Rule) -> None:
        rule_switch_off(request.user, rule)  # type: ignore[arg-type]
        messages.success(
            request, _("The rule is switched off. Its waiting runs are ended, its open questions withdrawn.")
        )

    def act_on(self, request: HttpRequest, rule: Rule) -> None:
        rule_switch_on(request.user, rule)  # type: ignore[arg-type]
        messages.success(request, _("The rule is in force again."))
