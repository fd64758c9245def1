"""The page on which a rule or a connection is shared."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Group
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.models import Connection
from kernel.errors import BatonError
from kernel.pages import PageAdmin, PageForm
from permissions.objects import visible_objects
from permissions.services.sharing import holder_find, levels_given, may_share, share_set, shares_of
from workflows.models import Rule

LEVEL_WORDS = {
    "view": gettext_lazy("look at it"),
    "edit": gettext_lazy("edit the draft"),
    "publish": gettext_lazy("edit and publish"),
    "use": gettext_lazy("build rules on it"),
    "operate": gettext_lazy("build rules, test and pause"),
}


class ShareForm(PageForm):
    person = forms.CharField(
        label=gettext_lazy("User name"),
        required=False,
        max_length=150,
        help_text=gettext_lazy("A person, or a role below."),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), required=False)
    level = forms.ChoiceField(label=gettext_lazy("May"))

    def __init__(self, levels: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = Group.objects.order_by("name").values_list("name", flat=True)
        choices: dict[str, list[tuple[str, Any]]] = {"role": [("", "–"), *((each, each) for each in roles)],
                   "level": [(each, LEVEL_WORDS[each]) for each in levels]}  # fmt: skip
        for name, found in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = found


class SharingPage(PageAdmin[Rule]):
    """Adds the page for rules, and the one for connections, which are below this room."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/sharing/", view(self.sharing_view), name="workflows_rule_sharing"),
            path(
                "connection/<int:pk>/sharing/",
                view(self.connection_sharing_view),
                name="workflows_connection_sharing",
            ),
            *super().get_urls(),
        ]

    def sharing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self.row(request, str(pk))
        return self._sharing(request, rule, reverse("admin:workflows_rule_change", args=[pk]))

    def connection_sharing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        connection = visible_objects(request.user, Connection.objects.all()).filter(pk=pk).first()
        if connection is None:
            raise Http404
        return self._sharing(request, connection, reverse("admin:connectors_connection_change", args=[pk]))

    def _sharing(self, request: HttpRequest, obj: models.Model, back: str) -> HttpResponse:
        self.refuse(request, may_share(request.user, obj))
        levels = levels_given(request.user, obj)
        form = ShareForm(levels, request.POST if request.POST.get("act") == "share" else None)
        if request.method == "POST" and self._shared(request, obj, form):
            return HttpResponseRedirect(request.get_full_path())
        context = {
            "title": _("Sharing of “%(name)s”") % {"name": obj},
            "back": back,
            "form": form,
            "shares": [{"share": each, "words": LEVEL_WORDS.get(each.level, _("single rights"))}
                       for each in shares_of(obj)],
            "owner_id": getattr(obj, "owner_id", None),
        }  # fmt: skip
        return self.page(request, "admin/rules/sharing.html", None, context)

    def _shared(self, request: HttpRequest, obj: models.Model, form: ShareForm) -> bool:
        """Whether something was done; what speaks against it is on the form or a message."""
        try:
            if request.POST.get("act") == "share":
                if not form.is_valid():
                    return False
                given = form.cleaned_data
                holder = holder_find(person=given["person"].strip(), role=given["role"])
                share_set(request.user, obj, holder, given["level"])
                messages.success(
                    request,
                    _("Shared with %(holder)s.") % {"holder": getattr(holder, "display_name", holder)},
                )
            else:
                holder = holder_find(person=request.POST.get("person", ""), role=request.POST.get("role", ""))
                share_set(request.user, obj, holder, "")
                messages.success(request, _("No longer shared."))
        except BatonError as error:
            if form.is_bound:
                form.add_error(None, error.message)
                return False
            messages.error(request, error.message)
        return True
