"""What others post to a connection: the inbound mapping as JSON, and the last bodies."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from connectors.mapping import CompiledMapping, MappingProblem, definition_check
from connectors.models import Connection, Event, EventState
from connectors.ports.manifest import ConnectorKind
from connectors.selectors import dictionary_object, dictionary_objects, mapping_find
from connectors.services.connections import mapping_save
from connectors.services.poll import event_replay
from kernel.audit import audit_record
from kernel.errors import BatonError
from kernel.pages import PageAdmin
from kernel.text import Localized, localized, text_show

LAST_BODIES = 20
EXAMPLE = {
    "key": "id",
    "time_zone": "Asia/Shanghai",
    "event": {"match": {"event": "stock.level"}, "id": "event_id", "occurred_at": "at", "change": "changed"},
}


class InboundPages(PageAdmin[Connection]):
    """The inbound tab of a connection."""

    def may(self, request: HttpRequest, action: str, connection: Connection) -> bool:
        raise NotImplementedError

    def may_map(self, request: HttpRequest, connection: Connection) -> bool:
        raise NotImplementedError

    def frame(self, request: HttpRequest, connection: Connection, tab: str) -> dict[str, Any]:
        raise NotImplementedError

    def inbound_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        connection = self.row(request, str(pk))
        if connection.kind != ConnectorKind.ERP:
            raise Http404
        self.refuse(request, self.may_map(request, connection))
        act = request.POST.get("act")
        if request.method == "POST" and act == "replay":
            return self._replay(request, connection)
        objects = dictionary_objects(connection.pk)
        chosen = self._chosen(request, connection, objects)
        active = mapping_find(connection.pk, chosen.name, "hook")
        text = json.dumps(active.definition if active else _example(chosen), ensure_ascii=False, indent=2)
        problems: list[MappingProblem] = []
        if request.method == "POST" and act == "save":
            text = request.POST.get("definition", "")
            problems = self._save(request, connection, chosen, text)
            if not problems:
                return HttpResponseRedirect(f"{request.path}?object={chosen.name}")
        context = {
            **self.frame(request, connection, "inbound"),
            "objects": objects,
            "chosen": chosen,
            "active": active,
            "definition": text,
            "problems": problems,
            "bodies": _bodies(connection),
        }
        status = 400 if problems else 200
        return self.page(request, "admin/connections/inbound.html", connection, context, status=status)

    @staticmethod
    def _chosen(
        request: HttpRequest, connection: Connection, objects: list[DictionaryObject]
    ) -> DictionaryObject:
        wanted = request.POST.get("object") or request.GET.get("object")
        if not wanted:
            mapped = (
                connection.mappings.filter(channel="hook", active=True)
                .values_list("object", flat=True)
                .first()
            )
            wanted = mapped or objects[0].name
        found = next((each for each in objects if each.name == wanted), None)
        if found is None:
            raise Http404
        return found

    @staticmethod
    def _save(
        request: HttpRequest, connection: Connection, about: DictionaryObject, text: str
    ) -> list[MappingProblem]:
        """What is wrong with the typed definition; saved when nothing is."""
        try:
            definition = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            where = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "–"
            text = gettext_noop("This is no readable JSON (line and column %(where)s).")
            return [MappingProblem("", "json", localized(text, where=where))]
        if not isinstance(definition, dict) or not isinstance(definition.get("fields"), dict):
            text = gettext_noop("A mapping is a JSON object with “key” and “fields”.")
            return [MappingProblem("", "shape", localized(text))]
        problems = definition_check(about, definition)
        if problems:
            return problems
        try:
            saved = mapping_save(request.user, connection, about.name, definition, channel="hook")
        except BatonError as error:
            return [MappingProblem("", "mapping", Localized(error.message, error.message))]
        messages.success(request, _("Version %(number)s is in force.") % {"number": saved.version})
        return []

    @staticmethod
    def _replay(request: HttpRequest, connection: Connection) -> HttpResponse:
        pk = request.POST.get("event", "")
        event = connection.events.filter(pk=int(pk), source="hook").first() if pk.isdigit() else None
        if event is None:
            raise Http404
        try:
            mapped = event_replay(event)
        except BatonError as error:
            messages.error(request, error.message)
        else:
            if mapped:
                audit_record(request.user, "event.replayed", event)
                messages.success(request, _("It maps now and waits to be planned."))
            else:
                messages.error(request, _("It still does not map."))
        return HttpResponseRedirect(request.get_full_path())


def _example(about: DictionaryObject) -> dict[str, Any]:
    fields = {each.name: {"source": each.name} for each in about.fields}
    return {**EXAMPLE, "fields": fields}


def _bodies(connection: Connection) -> list[dict[str, Any]]:
    events = Event.objects.filter(connection=connection, source="hook").order_by("-id")[:LAST_BODIES]
    return [_body(each) for each in events]


def _body(event: Event) -> dict[str, Any]:
    """The body as received, and what the mapping in force makes of it now."""
    mapping = mapping_find(event.connection_id, event.object, "hook") if event.object else None
    mapped = _mapped(mapping, event) if mapping is not None else None
    waits = event.state == EventState.NEEDS_MAPPING
    return {
        "event": event,
        "raw": json.dumps(event.raw, ensure_ascii=False, indent=2),
        "mapped": mapped["fields"] if mapped else [],
        "problems": mapped["problems"] if mapped and waits else [],
        "reason": text_show(event.reason),
        "may_replay": waits,
    }


def _mapped(mapping: CompiledMapping, event: Event) -> dict[str, Any]:
    about = dictionary_object(event.connection_id, event.object)
    found = mapping.map(event.raw if isinstance(event.raw, dict) else {})
    return {
        "fields": [(str(about.by_name[name].label), str(value)) for name, value in found.data.items()],
        "problems": [str(each.message) for each in found.problems],
    }
