"""What a grant must cover for an object of a connection, and how its sensitive fields are hidden."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.admin.mapping import MappingPages
from connectors.dictionary.types import DictionaryObject, FieldClass
from connectors.dictionary.words import CLASSES, DIMENSIONS, TREATMENTS
from connectors.models import Record
from connectors.selectors import dictionary_object
from connectors.services.extensions import access_save
from kernel.errors import BatonError, ConfigError


class AccessPages(MappingPages):
    """The page behind “who may see it” in the mapping tab."""

    def access_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        connection = self.row(request, str(pk))
        self.refuse(request, self.may_map(request, connection))
        try:
            about = dictionary_object(connection.pk, name)
        except ConfigError as error:
            raise Http404 from error
        if request.method == "POST":
            needs = request.POST.getlist("needs")
            treatments = {
                each.value: request.POST[f"class_{each.value}"]
                for each in CLASSES
                if f"class_{each.value}" in request.POST
            }
            try:
                access_save(request.user, connection, name, needs=needs, treatments=treatments)
            except BatonError as error:
                messages.error(request, error.message)
            else:
                messages.success(request, _("In force from now on, on old cards too."))
            return HttpResponseRedirect(reverse("admin:connectors_connection_access", args=[pk, name]))
        context = {
            **self.frame(request, connection, "mapping"),
            "about": about,
            "dimensions": _dimensions(about, connection.pk),
            "classes": _classes(about),
            "treatments": TREATMENTS.items(),
        }
        return self.page(request, "admin/connections/access.html", connection, context)


def _dimensions(about: DictionaryObject, connection_id: int) -> list[dict[str, Any]]:
    """Those a field fills, with how many of the recorded records have none: wildcard grants only see these."""
    records = Record.objects.filter(connection_id=connection_id, object=about.name)
    return [
        {
            "name": each.value,
            "label": DIMENSIONS[each],
            "needed": each in about.needs,
            "empty": records.filter(**{each.value: ""}).count(),
        }
        for each in about.dimensions
    ]


def _classes(about: DictionaryObject) -> list[dict[str, Any]]:
    """The classes this object's fields have, with the fields and the treatment in force."""
    fields: dict[FieldClass, list[str]] = {}
    for each in about.fields:
        if each.field_class is not FieldClass.GENERAL:
            fields.setdefault(each.field_class, []).append(str(each.label))
    return [
        {
            "name": each.value,
            "label": CLASSES[each],
            "fields": ", ".join(names),
            "treatment": about.treatments[each],
        }
        for each, names in fields.items()
    ]
