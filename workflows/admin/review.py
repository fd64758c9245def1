"""Access review: which fields of which objects left the ERP to whom, by which rule; signed, revoked, exported."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.badges import badge
from kernel.errors import BatonError
from kernel.pages import OfRequest, column
from messaging.models import Delivery
from permissions.models import Grant, User
from permissions.objects import may_any
from permissions.services.signing import grant_end, signature_sign, signature_withdraw
from workflows.admin.seenpage import SeenPage
from workflows.models import DisclosureMonth
from workflows.selectors.disclosed import Line, lines_of, month_of, this_month, visible_disclosures
from workflows.selectors.explained import GrantSeen
from workflows.selectors.opening import grants_opening
from workflows.services.workbook import review_workbook

MONTHS = 24
RULE = column("rule", gettext_lazy("rule"))
PERSON = column("user", gettext_lazy("person"))
CHANNEL = column("channel", gettext_lazy("messenger"))


class MonthFilter(admin.SimpleListFilter):
    title = gettext_lazy("month")
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        months = visible_disclosures(request.user).order_by("-month").values_list("month", flat=True)
        return [(f"{each:%Y-%m}", f"{each:%Y-%m}") for each in months.distinct()[:MONTHS]]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[DisclosureMonth]
    ) -> QuerySet[DisclosureMonth]:
        month = month_of(self.value() or "")
        return queryset.filter(month=month) if month is not None else queryset


@admin.register(DisclosureMonth)
class ReviewAdmin(SeenPage):
    lines = OfRequest()
    list_display = (
        "month_words",
        "object_words",
        "field_words",
        "class_words",
        RULE,
        PERSON,
        CHANNEL,
        "shown",
        "hidden",
        "signed",
        "last_at",
    )
    list_display_links = ("month_words", "field_words")
    list_filter = (
        MonthFilter,
        "object",
        ("rule", admin.RelatedOnlyFieldListFilter),
        ("channel", admin.RelatedOnlyFieldListFilter),
    )
    search_fields = ("=field", "user__username", "rule__key")
    search_help_text = gettext_lazy("A user name, a rule’s short name or a field’s name")
    list_before_template = "admin/review/export.html"
    detail_template = "admin/review/line.html"

    def visible(self, request: HttpRequest) -> QuerySet[DisclosureMonth]:
        return visible_disclosures(request.user).select_related("rule", "user", "channel", "connection")

    def may_list(self, request: HttpRequest) -> bool:
        return may_any(request.user, "view", Grant)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DisclosureMonth]:
        self.lines = {}
        return self.visible(request).order_by("-pk")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [path("export/", view(self.export_view), name="workflows_review_export"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"month": request.GET.get("month") or f"{this_month():%Y-%m}"}
        response = super().changelist_view(request, {**extra, **(extra_context or {})})
        found = getattr(response, "context_data", None) or {}
        if "cl" in found:  # the signatures of the whole page at once
            self.lines = {line.row.pk: line for line in lines_of(list(found["cl"].result_list))}
        return response

    def _line(self, row: DisclosureMonth) -> Line:
        return self.lines.get(row.pk) or lines_of([row])[0]

    @admin.display(description=gettext_lazy("month"), ordering="month")
    def month_words(self, row: DisclosureMonth) -> str:
        return f"{row.month:%Y-%m}"

    @admin.display(description=gettext_lazy("object"))
    def object_words(self, row: DisclosureMonth) -> str:
        return self._line(row).object

    @admin.display(description=gettext_lazy("field"))
    def field_words(self, row: DisclosureMonth) -> str:
        return self._line(row).field

    @admin.display(description=gettext_lazy("field class"))
    def class_words(self, row: DisclosureMonth) -> str:
        return self._line(row).class_words

    @admin.display(description=gettext_lazy("signed"))
    def signed(self, row: DisclosureMonth) -> str:
        return _signed_badge(self._line(row))

    def detail_context(self, request: HttpRequest, obj: DisclosureMonth) -> dict[str, Any]:
        (line,) = lines_of([obj])
        person = obj.user
        grants: list[GrantSeen] = grants_opening(person, obj.object, line.field_class)
        return {
            "title": _("%(field)s of %(object)s") % {"field": line.field, "object": line.object},
            "line": line,
            "badge": _signed_badge(line),
            "roles": list(person.groups.order_by("name")),
            "grants": grants,
            "may_act": may_any(request.user, "change", Grant),
            "deliveries": reverse("admin:messaging_delivery_changelist") + f"?q={person.username}"
            if may_any(request.user, "view", Delivery)
            else "",
        }

    def act_sign(self, request: HttpRequest, row: DisclosureMonth) -> None:
        (line,) = lines_of([row])
        person = row.user
        role = request.POST.get("role", "")
        group = person.groups.filter(pk=int(role)).first() if role.isdecimal() else None
        if role and group is None:
            raise Http404
        holder: User | Group = group or person
        channel = None if request.POST.get("everywhere") else row.channel
        signature_sign(cast(User, request.user), holder, row.object, line.field_class.value, channel)
        messages.success(
            request, _("Signed for %(holder)s.") % {"holder": getattr(holder, "display_name", holder)}
        )

    def act_withdraw(self, request: HttpRequest, row: DisclosureMonth) -> None:
        signature_withdraw(cast(User, request.user), _posted(request, "signature"))
        messages.success(request, _("The signature is withdrawn."))

    def act_end(self, request: HttpRequest, row: DisclosureMonth) -> None:
        grant_end(cast(User, request.user), _posted(request, "grant"))
        messages.success(request, _("The grant has ended, on old cards too."))

    def export_view(self, request: HttpRequest) -> Any:
        """The month's rows as a workbook. A POST, since it is audited."""
        self.refuse(request, self.may_list(request))
        month = month_of(request.POST.get("month", ""))
        back = HttpResponseRedirect(reverse("admin:workflows_disclosuremonth_changelist"))
        if request.method != "POST":
            return back
        if month is None:
            messages.error(request, _("Choose a month, for example 2026-10."))
            return back
        rows = self.visible(request).filter(month=month)
        name = request.POST.get("object", "")[:60]
        if name:
            rows = rows.filter(object=name)
        try:
            file = review_workbook(cast(User, request.user), rows, f"{month:%Y-%m} {name}".strip())
        except BatonError as error:
            messages.error(request, error.message)
            return back
        return FileResponse(file, as_attachment=True, filename=f"access-review-{month:%Y-%m}.xlsx")


def _posted(request: HttpRequest, name: str) -> int:
    given = request.POST.get(name, "")
    if not given.isdecimal() or len(given) > 18:
        raise Http404
    return int(given)


def _signed_badge(line: Line) -> str:
    if line.signature is None:
        return badge("waiting", _("not signed"))
    name = getattr(line.signature.signed_by, "display_name", "")
    return badge("active", _("signed by %(name)s") % {"name": name})
