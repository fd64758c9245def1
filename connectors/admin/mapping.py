"""The mapping of each dictionary object, beside live samples read through the production mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.admin.mappingform import definition_from_form, form_rows
from connectors.dictionary.types import DictionaryObject
from connectors.mapping import CompiledMapping, MappingProblem, definition_check
from connectors.models import Connection, ObjectMapping
from connectors.ports.erp import SourceObject, SourceRecord, SourceSpec
from connectors.ports.manifest import ConnectorKind
from connectors.selectors import dictionary_object, dictionary_objects
from connectors.services.connections import mapping_save
from connectors.services.factory import erp_open
from connectors.services.recording import recording_start, recording_stop
from kernel.access import access
from kernel.errors import BatonError, ConfigError
from kernel.pages import PageAdmin
from kernel.text import Localized

SAMPLES = 3


class MappingPages(PageAdmin[Connection]):
    """The mapping tab of a connection."""

    def may(self, request: HttpRequest, action: str, connection: Connection) -> bool:
        raise NotImplementedError

    def frame(self, request: HttpRequest, connection: Connection, tab: str) -> dict[str, Any]:
        raise NotImplementedError

    def may_map(self, request: HttpRequest, connection: Connection) -> bool:
        """Live samples are raw, outside the gate: only whoever maps sees them."""
        return access().may_any(request.user, "change", ObjectMapping) and self.may(
            request, "change", connection
        )

    def mappings_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Every object: mapped or not, recorded or not."""
        connection = self.row(request, str(pk))
        if connection.kind != ConnectorKind.ERP:
            raise Http404
        if request.method == "POST":
            return self._recording(request, connection)
        mapped = {each.object: each for each in connection.mappings.filter(active=True, channel="read")}
        recorded = {each.object: each for each in connection.recorded_objects.all()}
        rows = [
            {"object": each, "mapping": mapped.get(each.name), "recorded": recorded.get(each.name)}
            for each in dictionary_objects(connection.pk)
        ]
        context = {**self.frame(request, connection, "mapping"), "rows": rows}
        return self.page(request, "admin/connections/mappings.html", connection, context)

    def _recording(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        self.refuse(request, self.may_map(request, connection))
        name = request.POST.get("object", "")
        try:
            if request.POST.get("act") == "record":
                recording_start(request.user, connection, name)
            else:
                recording_stop(request.user, connection, name)
        except BatonError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(request.get_full_path())

    def mapping_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """One object's table. `try` shows what the typed mapping makes of the samples; `save` makes a version."""
        connection = self.row(request, str(pk))
        if connection.kind != ConnectorKind.ERP:
            raise Http404
        self.refuse(request, self.may_map(request, connection))
        try:
            about = dictionary_object(connection.pk, name)
        except ConfigError as error:
            raise Http404 from error
        stored = connection.mappings.filter(object=name, channel="read", active=True).first()
        definition: dict[str, Any] = dict(stored.definition) if stored else {}
        problems: list[MappingProblem] = []
        if request.method == "POST":
            definition, unreadable = definition_from_form(about, request.POST, definition)
            problems = [*unreadable, *definition_check(about, definition)]
            if request.POST.get("act") == "save" and not problems:
                try:
                    saved = mapping_save(request.user, connection, name, definition)
                except BatonError as error:
                    problems.append(MappingProblem("", "mapping", Localized(error.message, error.message)))
                else:
                    messages.success(
                        request, _("Version %(number)s is in force.") % {"number": saved.version}
                    )
                    return HttpResponseRedirect(
                        reverse("admin:connectors_connection_mapping", args=[pk, name])
                    )
        context = {
            **self.frame(request, connection, "mapping"),
            **_live(connection, about, definition),
            "about": about,
            "stored": stored,
            "definition": definition,
            "problems": [each for each in problems if not each.field],
        }
        context["rows"] = form_rows(about, definition, problems, context["samples"])
        context["has_codes"] = any(each["takes_codes"] for each in context["rows"])
        status = 400 if problems and request.method == "POST" else 200
        return self.page(request, "admin/connections/mapping.html", connection, context, status=status)


def _live(connection: Connection, about: DictionaryObject, definition: Mapping[str, Any]) -> dict[str, Any]:
    """What the vendor offers now, and the first records mapped as production would; or why it cannot be read."""
    sources: list[SourceObject] = []
    samples: list[dict[str, Any]] = []
    error = ""
    try:
        with erp_open(connection) as erp:
            capabilities = connection.manifest.erp
            if capabilities is not None and capabilities.discovers:
                sources = erp.discover()
            chosen = next((each for each in sources if each.name == definition.get("source")), None)
            readable = capabilities is not None and capabilities.polls
            if readable and definition.get("source") and definition.get("key"):
                compiled = CompiledMapping(about, definition)
                page = erp.poll(_everything(compiled.source, chosen), {}, limit=SAMPLES)
                samples = [_sample(compiled, each) for each in page.records[:SAMPLES]]
    except BatonError as found:
        error = found.message
    return {
        "sources": sources,
        "chosen": _chosen(sources, definition),
        "samples": samples,
        "live_error": error,
    }


def _chosen(sources: list[SourceObject], definition: Mapping[str, Any]) -> SourceObject | None:
    return next((each for each in sources if each.name == definition.get("source")), None)


def _everything(spec: SourceSpec, chosen: SourceObject | None) -> SourceSpec:
    """All the source has, so that a field not yet mapped shows its value too."""
    if chosen is None:
        return spec
    known = tuple(each.name for each in chosen.fields)
    wanted = tuple(name for name in spec.fields if name in known)
    return SourceSpec(
        spec.name, spec.key_field, tuple(dict.fromkeys([*wanted, *known])), spec.changed_at_field
    )


def _sample(compiled: CompiledMapping, record: SourceRecord) -> dict[str, Any]:
    mapped = compiled.map(record.data, record.key)
    return {
        "key": record.key,
        "raw": record.data,
        "data": mapped.data,
        "problems": {each.field: str(each.message) for each in mapped.problems},
    }
