"""The administration's front door: staff with at least one role; signing in happens on Baton's own page."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.template.response import SimpleTemplateResponse
from django.utils.translation import gettext_lazy as _

from kernel.generation import generations_held

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
else:
    from unfold.sites import UnfoldAdminSite as AdminSite


class StaffSite(AdminSite):
    """A superuser without a role may enter, to give the first roles; records stay behind the gate."""

    index_title = _("Overview")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not (user.is_active and user.is_staff):
            return False
        return user.is_superuser or user.groups.exists()

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Every page of the site. One that only shows looks at each cache once, its template included."""

        def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "GET":
                return cast(HttpResponseBase, view(request, *args, **kwargs))
            with generations_held():
                response = cast(HttpResponseBase, view(request, *args, **kwargs))
                return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return super().admin_view(functools.update_wrapper(shown, view), cacheable)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Strangers go to the login page; somebody signed in without a role is told so."""
        target = request.GET.get("next") or resolve_url("admin:index")
        if request.user.is_authenticated and not self.has_permission(request):
            return render(request, "admin/no_role.html", status=403)
        return redirect_to_login(target, resolve_url("login"))
