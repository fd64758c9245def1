"""The ledger: every event, what it told, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.dictionary.own import OWN_OBJECTS
from connectors.models import Connection, Event, EventState
from connectors.selectors import dictionary_objects
from kernel.badges import badge
from kernel.errors import NotFound
from kernel.pages import OfRequest, PageAdmin
from kernel.text import text_show
from permissions.models import User
from permissions.objects import may_object, visible_objects
from permissions.policies import MASK, Gate
from workflows.admin.views import CONNECTION, cause_line, ledger_tiles, run_lines
from workflows.definition import MADE
from workflows.models import Rule
from workflows.selectors import (
    LEDGER_CATEGORIES,
    category_filter,
    events_classified,
    ledger_counts,
    ledger_oldest_seconds,
    may_list_events,
    state_view,
    visible_events,
    visible_rules,
    visible_runs,
)
from workflows.selectors.counters import counter_lines
from workflows.selectors.held import HELD
from workflows.selectors.shown import payload_words
from workflows.services.by_hand import rule_start, rules_startable
from workflows.services.replay import failed_event_replay
from workflows.services.seeing import may_ask
from workflows.triggers.record import WORDS

CHANGES = {**WORDS, **MADE}
MOST_SEARCHED = 1_000
SOURCES = {
    "poll": gettext_lazy("polling"),
    "hook": gettext_lazy("inbound"),
    "schedule": gettext_lazy("schedule"),
    "hand": gettext_lazy("by hand"),
}
VERDICTS = {
    "true": gettext_lazy("true"),
    "false": gettext_lazy("false"),
    "unknown": gettext_lazy("unknown"),
}


class CategoryFilter(admin.SimpleListFilter):
    title = gettext_lazy("outcome")
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(LEDGER_CATEGORIES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return category_filter(queryset, value) if value in LEDGER_CATEGORIES else queryset


class ConnectionFilter(admin.SimpleListFilter):
    title = gettext_lazy("connection")
    parameter_name = "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        found = visible_objects(request.user, Connection.objects.filter(kind="erp"))
        return [(str(pk), name) for pk, name in found.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset.filter(connection_id=int(value)) if value and value.isdigit() else queryset


class ObjectFilter(admin.SimpleListFilter):
    title = gettext_lazy("object")
    parameter_name = "object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterator[tuple[str, Any]]:
        names: dict[str, str] = {}
        for pk in visible_objects(request.user, Connection.objects.filter(kind="erp")).values_list(
            "pk", flat=True
        ):
            names.update({each.name: str(each.label) for each in dictionary_objects(pk)})
        if names:
            names.update({each.name: str(each.label) for each in OWN_OBJECTS})
        yield from names.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(object=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(PageAdmin[Event]):
    gate = OfRequest()
    list_display = (
        "number",
        CONNECTION,
        "object_words",
        "record_words",
        "change_words",
        "source_words",
        "category",
        "detected_at",
    )
    list_display_links = ("number", "record_words")
    list_filter = (CategoryFilter, "state", ObjectFilter, ConnectionFilter, "detected_at")
    search_fields = ("=key",)
    search_help_text = gettext_lazy("The record's exact key")
    detail_template = "admin/events/detail.html"
    list_before_template = "admin/events/tiles.html"

    def visible(self, request: HttpRequest) -> QuerySet[Event]:
        return visible_events(request.user).select_related("connection")

    def may_list(self, request: HttpRequest) -> bool:
        return may_list_events(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        self.gate = Gate(request.user)
        return events_classified(self.visible(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Of the events with that key those this person may see: a search must not tell that there is such a record."""
        found, twice = super().get_search_results(request, queryset, search_term)
        if not search_term:
            return found, twice
        seen = [
            each.pk for each in found.order_by("-pk")[:MOST_SEARCHED] if self._view(each).decision.allowed
        ]
        return queryset.filter(pk__in=seen), twice

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        counts = ledger_counts(request.user)
        extra = {"tiles": ledger_tiles(counts), "total": sum(counts.values()),
                 "oldest_seconds": ledger_oldest_seconds(request.user),
                 "counters": [(line, badge(line.state, line.label), text_show(line.reason))
                              for line in counter_lines(request.user)]}  # fmt: skip
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    @admin.display(description=gettext_lazy("event"), ordering="id")
    def number(self, event: Event) -> str:
        return f"#{event.pk}"

    @admin.display(description=gettext_lazy("object"))
    def object_words(self, event: Event) -> str:
        view = self._view(event)
        return str(view.about.label) if view.about is not None else event.object or "–"

    @admin.display(description=gettext_lazy("record"))
    def record_words(self, event: Event) -> str:
        view = self._view(event)
        return view.title or view.key(event.key) or "–"

    @admin.display(description=gettext_lazy("change"))
    def change_words(self, event: Event) -> str:
        return str(CHANGES.get(event.change, event.change))

    @admin.display(description=gettext_lazy("source"))
    def source_words(self, event: Event) -> str:
        return str(SOURCES.get(event.source, event.source))

    @admin.display(description=gettext_lazy("outcome"))
    def category(self, event: Event) -> str:
        key = event.category  # type: ignore[attr-defined]
        return badge(key, LEDGER_CATEGORIES[key])

    def _view(self, event: Event) -> Any:
        return state_view(self.gate, event.connection_id, event.object, event.after or event.before)

    def detail_context(self, request: HttpRequest, obj: Event) -> dict[str, Any]:
        gate = Gate(request.user)
        after = state_view(gate, obj.connection_id, obj.object, obj.after)
        before = state_view(gate, obj.connection_id, obj.object, obj.before)
        allowed = after.decision.allowed if obj.after else before.decision.allowed
        names = list(dict.fromkeys([*(f.name for f in after.fields()), *(f.name for f in before.fields())]))
        rows = [
            {
                "label": after.label(name),
                "before": before.value(name) if obj.before else "–",
                "after": after.value(name) if obj.after else "–",
                "changed": name in (obj.changed or ()),
            }
            for name in names
        ]
        runs = (
            visible_runs(request.user)
            .filter(event=obj)
            .select_related("rule", "version", "event__connection")
        )
        category = getattr(obj, "category", "")
        replayable = obj.state in (EventState.NEEDS_MAPPING, EventState.FAILED) and obj.trimmed_at is None
        view = after if obj.after else before
        return {
            "payload_gone": payload_words(obj),
            "title": _("Event #%(number)s") % {"number": obj.pk},
            "event": obj,
            "may_ask": may_ask(request.user),
            "badge": badge(category, LEDGER_CATEGORIES[category]),
            "change": CHANGES.get(obj.change, obj.change),
            "source": SOURCES.get(obj.source, obj.source),
            "object_label": view.about.label if view.about is not None else obj.object,
            "record": view.title or view.key(obj.key),
            "allowed": allowed,
            "decision": view.decision,
            "rows": rows,
            "reason": text_show(obj.reason) if allowed or obj.state == EventState.NEEDS_MAPPING else MASK,
            "verdicts": self._verdicts(request, obj),
            "runs": run_lines(gate, runs),
            "cause": cause_line(request.user, obj),
            "startable": rules_startable(cast(User, request.user), obj.connection_id, obj.object)
            if allowed and obj.change != "gone"
            else [],
            "request_id": uuid.uuid4().hex,
            "may_replay": replayable and may_object(request.user, "operate", obj.connection),
        }

    @staticmethod
    def _verdicts(request: HttpRequest, event: Event) -> list[dict[str, Any]]:
        """What each rule made of it; rules this person may not know of are left out."""
        wanted = {each["rule"] for each in event.verdicts}
        rules: dict[int, Rule] = {each.pk: each for each in visible_rules(request.user).filter(pk__in=wanted)}
        return [
            {
                "rule": rules[each["rule"]],
                "version": each["version"],
                "verdict": VERDICTS.get(each["verdict"], each["verdict"]),
                "fired": each["fired"],
                "held": HELD.get(each["held"], each["held"]),
            }
            for each in event.verdicts
            if each["rule"] in rules
        ]

    def act_replay(self, request: HttpRequest, event: Event) -> None:
        failed_event_replay(request.user, event.pk)  # type: ignore[arg-type]
        messages.success(request, _("The event is being looked at again."))

    def act_start(self, request: HttpRequest, event: Event) -> None:
        """The page's `request_id` makes a second click on the same page the same request."""
        user, posted = cast(User, request.user), request.POST
        startable = {str(each.pk): each for each in rules_startable(user, event.connection_id, event.object)}
        rule = startable.get(posted.get("rule", ""))
        if rule is None:
            raise NotFound(_("There is no such rule."))
        rule_start(user, rule, event.key, posted.get("request_id", "")[:60] or uuid.uuid4().hex)
        messages.success(request, _("“%(rule)s” is being started for this record.") % {"rule": str(rule)})
