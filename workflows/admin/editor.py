"""The page of the rule editor, and how a new rule gets there. What is on the page comes through the API."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from kernel.errors import NotFound
from kernel.text import Localized
from permissions.objects import may_any
from permissions.services.sharing import may_share
from workflows.admin.sharing import SharingPage
from workflows.admin.why import why_context
from workflows.definition import SCHEMA, FiringPolicy
from workflows.models import Rule
from workflows.selectors import catalogue
from workflows.selectors.catalogue import connections_usable
from workflows.selectors.packs import pack_draft, packs_offered
from workflows.sentence import rule_sentence
from workflows.services.drafts import rule_create


def draft_start(object_name: str) -> dict[str, Any]:
    """A rule that says only what it is about."""
    return {
        "schema": SCHEMA,
        "trigger": {"type": "record", "object": object_name, "changes": ["created", "changed"]},
        "condition": True,
        "firing": {"policy": FiringPolicy.BECOMES_TRUE.value},
        "steps": [],
    }


class RuleEditor(SharingPage):
    """Adds the editor to the pages of a rule."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/editor/", view(self.editor_view), name="workflows_rule_editor"),
            path("<int:pk>/why/", view(self.why_view), name="workflows_rule_why"),
            *super().get_urls(),
        ]

    def editor_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self.row(request, str(pk))
        context: dict[str, Any] = {
            "title": _("Editor of “%(rule)s”") % {"rule": rule},
            "rule": rule,
            "sentence": rule_sentence(rule, rule.draft),
            "rule_page": reverse("admin:workflows_rule_change", args=[rule.pk]),
            "may_share": may_share(request.user, rule),
        }
        return self.page(request, "admin/rules/editor.html", rule, context)

    def why_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self.row(request, str(pk))
        return self.page(request, "admin/rules/why.html", rule, why_context(request, rule))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Choose what the rule is about; the rest is done in the editor."""
        self.refuse(request, may_any(request.user, "add", Rule))
        if request.method == "POST":
            return self._started(request)
        usable = {each.pk: each for each in connections_usable(request.user)}  # type: ignore[arg-type]
        connections = [
            {
                **each,
                "objects": [_choice(about) for about in each["objects"]],
                "packs": [_pack(pack) for pack in packs_offered(request.user, usable[each["id"]])],  # type: ignore[arg-type]
            }
            for each in catalogue(request.user)  # type: ignore[arg-type]
        ]
        context = {"title": _("New rule"), "connections": connections}
        return self.page(request, "admin/rules/add.html", None, context)

    def _started(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("connection", "")
        usable = connections_usable(request.user)  # type: ignore[arg-type]
        connection = next((each for each in usable if str(each.pk) == wanted), None)
        if connection is None:
            raise Http404
        pack = request.POST.get("pack", "")
        name, draft = None, draft_start(request.POST.get("object", "")[:60])
        if pack:
            try:
                name, draft = pack_draft(pack, {})
            except NotFound as error:
                raise Http404 from error
        rule = rule_create(request.user, connection=connection, draft=draft, name=name)  # type: ignore[arg-type]
        address = reverse("admin:workflows_rule_editor", args=[rule.pk])
        return HttpResponseRedirect(f"{address}?pack={pack}" if pack else address)


def _pack(pack: dict[str, Any]) -> dict[str, Any]:
    return {**_choice({**pack, "name": pack["key"]}), "about": Localized.from_json(pack["about"])}


def _choice(about: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": about["name"],
        "label": Localized.from_json(about["label"]),
        "reason": Localized.from_json(about["reason"]) if about["reason"] else None,
    }
