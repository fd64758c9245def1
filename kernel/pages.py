"""The base of the administration's pages: lists that stay fast on huge tables, detail pages of our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.local import Local
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from kernel.errors import BatonError, PermissionDenied

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin
    from unfold.views import ChangeList

M = TypeVar("M", bound=models.Model)
MOST_COUNTED = 5_000
PER_PAGE = 50


def column(name: str, words: Any) -> Callable[[Any], Any]:
    """The field `name` as a list column under a translated heading, where the model's own name of it is none."""

    @admin.display(description=words, ordering=name)
    def shown(row: Any) -> Any:
        return getattr(row, name)

    shown.__name__ = name
    return shown


class OfRequest:
    """An attribute of a page that belongs to the request under way.

    A page object serves all requests, and each has a thread of its own: what a plain attribute keeps for one reader,
    such as the reader's rights, another one's rows would be shown by.
    """

    def __init__(self) -> None:
        self._local = Local()

    def __get__(self, page: Any, owner: Any = None) -> Any:
        return self._local.value

    def __set__(self, page: Any, value: Any) -> None:
        self._local.value = value


class PageForm(forms.Form):
    """A form on a page of ours: its fields look as the administration's do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput | forms.NumberInput | forms.Select | forms.Textarea):
                field.widget.attrs.setdefault("class", "b-input")


class CappedPaginator(Paginator[Any]):
    """Counts at most MOST_COUNTED rows: nobody leafs further, and COUNT(*) over a ledger takes seconds."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, models.QuerySet):
            return rows.order_by()[:MOST_COUNTED].count()
        return len(rows)


class CappedList(ChangeList):
    """A change list that does not ask a second time how many rows there are."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count


class Crumb:
    """What the breadcrumbs show of a row: its page's title, never the row's own text, which may tell a record's key."""

    def __init__(self, obj: models.Model, title: str) -> None:
        self._meta, self.pk, self.title = obj._meta, obj.pk, title

    def __str__(self) -> str:
        return self.title


class ListAdmin(ModelAdmin[M]):
    """Rows to be read. Subclasses say which are visible and open what may be changed."""

    paginator = CappedPaginator
    list_per_page = PER_PAGE
    show_full_result_count = False
    list_fullwidth = True
    list_filter_sheet = True
    compressed_fields = True
    actions: Any = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CappedList

    def visible(self, request: HttpRequest) -> models.QuerySet[M]:
        """The rows this person may list."""
        return super().get_queryset(request)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[M]:
        return self.visible(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Of one row: `visible` decides. Of the page: whoever sees any row; asked once per request."""
        if obj is not None:
            return self.visible(request).filter(pk=obj.pk).exists()
        kept = request.__dict__.setdefault("_baton_lists", {})
        if self.model not in kept:
            kept[self.model] = self.may_list(request)
        return bool(kept[self.model])

    def may_list(self, request: HttpRequest) -> bool:
        """Whether the list is offered at all."""
        return self.visible(request).exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class PageAdmin(ListAdmin[M]):
    """A list whose rows open a page of ours instead of a form. `act` in a POST names a method `act_<name>`."""

    detail_template = ""

    def detail_context(self, request: HttpRequest, obj: M) -> dict[str, Any]:
        """What the page shows."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        obj = self.row(request, object_id)
        if request.method == "POST":
            return self.acted(request, obj)
        return self.page(request, self.detail_template, obj, self.detail_context(request, obj))

    def row(self, request: HttpRequest, object_id: str) -> M:
        """Raises Http404 for a row that is not there or may not be seen: the two look alike."""
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def acted(self, request: HttpRequest, obj: M) -> HttpResponse:
        """Do what a button of the page asks for; a refusal is a message on the page."""
        method = getattr(self, f"act_{request.POST.get('act', '')}", None)
        if method is None:
            raise Http404
        try:
            answer = method(request, obj)
        except PermissionDenied as error:
            raise DjangoPermissionDenied(error.message) from error
        except BatonError as error:
            messages.error(request, error.message)
            answer = None
        return answer if isinstance(answer, HttpResponse) else HttpResponseRedirect(request.get_full_path())

    def page(
        self, request: HttpRequest, template: str, obj: M | None, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        """A page in the administration's frame."""
        values = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(self.opts.verbose_name_plural),
            "original": Crumb(obj, str(context.get("title") or obj)) if obj is not None else None,
            "is_nav_sidebar_enabled": True,
            **context,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, values, status=status)

    def refuse(self, request: HttpRequest, allowed: bool) -> None:
        """Raises PermissionDenied unless `allowed`; nothing has happened then."""
        if not allowed:
            raise DjangoPermissionDenied(_("You may not do this."))
