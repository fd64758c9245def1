"""Rules: a list with how each does, a page that reads as a sentence, and the draft as JSON."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.badges import badge
from kernel.models import AuditEntry
from kernel.pages import CappedList
from kernel.templatetags.baton_admin import duration
from kernel.text import text_show
from permissions.models import User
from permissions.objects import may_any, may_object, visible_objects
from permissions.policies import Gate
from workflows.admin.editor import RuleEditor
from workflows.admin.ruleform import DraftForm
from workflows.admin.sparkline import sparkline
from workflows.admin.views import run_lines
from workflows.definition import DefinitionInvalid, Problem
from workflows.engine.launching import launch_of
from workflows.engine.stopping import rule_why_stopped, stops_under_way
from workflows.models import LaunchStep, Rule, RuleState, RuleTag, Run
from workflows.selectors import visible_rules
from workflows.selectors.health import rules_health, rules_with_figures
from workflows.sentence import rule_sentence
from workflows.services.checking import rule_check
from workflows.services.drafts import rule_edit
from workflows.services.rules import rule_publish, rule_switch_off, rule_switch_on
from workflows.services.seeing import may_ask

RECENT = 10
MOST_OFFERED = 100
LAUNCH_STEPS: dict[str, Any] = {
    LaunchStep.SHADOW: gettext_lazy("shadow"),
    LaunchStep.PILOT: gettext_lazy("pilot"),
    LaunchStep.TENTH: gettext_lazy("10 %"),
}


class OwnerFilter(admin.SimpleListFilter):
    title = gettext_lazy("owner")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        owners = User.objects.filter(pk__in=visible_rules(request.user).values("owner")).order_by("username")
        return [(str(each.pk), each.display_name) for each in owners[:MOST_OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Rule]) -> QuerySet[Rule]:
        value = self.value()
        return queryset.filter(owner_id=int(value)) if value and value.isdigit() else queryset


class TagFilter(admin.SimpleListFilter):
    title = gettext_lazy("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        tags = RuleTag.objects.filter(rule__in=visible_rules(request.user)).order_by("name")
        return [(name, name) for name in tags.values_list("name", flat=True).distinct()[:MOST_OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Rule]) -> QuerySet[Rule]:
        return queryset.filter(tags__name=self.value()) if self.value() else queryset


class RuleChangeList(CappedList):
    """Each rule of the page with its figures and whether this person may stop it: two queries however many."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rules: Any = self.result_list
        health = rules_health(rules)
        mine = Rule.objects.filter(pk__in=list(health))
        publishable = set(visible_objects(request.user, mine, "publish").values_list("pk", flat=True))
        for rule in rules:
            rule.health, rule.may_stop = health[rule.pk], rule.pk in publishable


@admin.register(Rule)
class RuleAdmin(RuleEditor):
    list_display = (
        "name_words",
        "state_badge",
        "connection",
        "version",
        "fired",
        "sent",
        "answered",
        "failed",
        "held",
        "last_fired",
        "owner",
        "stop",
    )
    list_filter = (
        "state",
        "launch__step",
        ("connection", admin.RelatedOnlyFieldListFilter),
        OwnerFilter,
        TagFilter,
    )
    search_fields = ("key", "name", "tags__name")
    detail_template = "admin/rules/detail.html"

    def visible(self, request: HttpRequest) -> QuerySet[Rule]:
        return visible_rules(request.user).select_related("connection", "current", "owner")

    def may_list(self, request: HttpRequest) -> bool:
        return may_any(request.user, "add", Rule) or super().may_list(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        return rules_with_figures(self.visible(request).select_related("launch"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RuleChangeList]:
        return RuleChangeList

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
        launch = launch_of(rule)
        number = f"v{rule.current.number}" if rule.current else "–"
        if launch is None or launch.step == LaunchStep.ALL:
            return number
        return f"{number} · {LAUNCH_STEPS[launch.step]}"

    @admin.display(description=gettext_lazy("fired (7 days)"), ordering="fired_count")
    def fired(self, rule: Any) -> str:
        return format_html(
            '<span class="b-figure">{} {}</span>', rule.health.fired, sparkline(rule.health.per_day)
        )

    @admin.display(description=gettext_lazy("sent out"))
    def sent(self, rule: Any) -> int:
        return int(rule.health.sent)

    @admin.display(description=gettext_lazy("answered"), ordering="answered_count")
    def answered(self, rule: Any) -> str:
        seconds = rule.health.answer_seconds
        return (
            str(rule.health.answered) if seconds is None else f"{rule.health.answered} · {duration(seconds)}"
        )

    @admin.display(description=gettext_lazy("failed"), ordering="failed_count")
    def failed(self, rule: Any) -> str:
        count = int(rule.health.failed)
        return format_html('<span class="b-bad-text">{}</span>', count) if count else "0"

    @admin.display(description=pgettext_lazy("firings", "held back"))
    def held(self, rule: Any) -> int:
        return int(rule.health.held)

    @admin.display(description=gettext_lazy("last fired"), ordering="fired_last")
    def last_fired(self, rule: Any) -> Any:
        return rule.fired_last

    @admin.display(description=gettext_lazy("stop"))
    def stop(self, rule: Any) -> str:
        if rule.state not in (RuleState.LIVE, RuleState.FLOOD) or not rule.may_stop:
            return ""
        return format_html(
            '<button class="b-button b-stop" formaction="{}" name="act" value="off" data-confirm="{}">{}</button>',
            reverse("admin:workflows_rule_change", args=[rule.pk]),
            _("Stop “%(rule)s”? Nothing new fires, and its open questions are withdrawn.") % {"rule": rule},
            _("Stop"),
        )

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
