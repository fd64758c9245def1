"""The staff's pages. They only show: every act goes through the API."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from inbox.catalog import page_words
from inbox.middleware import person_zone
from permissions.models import User

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
API = "/api/v1/inbox/"
LIVE = "/ws/live/"

View = Callable[..., HttpResponseBase]


def staff_page(view: View) -> View:
    """A page that runs only our own scripts and styles, and is never shown from a cache after signing out."""

    @never_cache
    @functools.wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response

    return shown


class LoginForm(AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The user name or the password is wrong. Both tell capital from small letters."),
    }


login_page = staff_page(
    LoginView.as_view(
        template_name="inbox/login.html", authentication_form=LoginForm, redirect_authenticated_user=True
    )
)


@staff_page
def login_locked(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, str] | None = None
) -> HttpResponse:
    """What somebody sees after too many wrong passwords (AXES_LOCKOUT_CALLABLE)."""
    minutes = max(1, round(float(settings.AXES_COOLOFF_TIME) * 60))
    return render(request, "inbox/locked.html", {"minutes": minutes}, status=429)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To where this person's work is."""
    user = request.user
    staff = user.is_authenticated and user.is_staff
    return HttpResponseRedirect(reverse("admin:index") if staff else reverse("inbox"))


@staff_page
@login_required
@ensure_csrf_cookie
@require_safe
def inbox_page(request: HttpRequest, card: uuid.UUID | None = None) -> HttpResponse:
    """The inbox, with `card` in focus where the address names one. A link preview decides nothing here."""
    user = cast(User, request.user)
    data = {
        "user": {"id": user.pk, "name": user.display_name},
        "card": str(card) if card else None,
        "language": get_language(),
        "timeZone": person_zone(user.time_zone).key,
        "urls": {
            "cards": API,
            "live": LIVE,
            "inbox": reverse("inbox"),
            "login": reverse("login"),
            "worker": reverse("service-worker"),
            "icon": static("inbox/icon.png"),
        },
        "text": page_words(),
    }
    return render(request, "inbox/inbox.html", {"page_data": data})


@require_safe
def app_manifest(request: HttpRequest) -> JsonResponse:
    """So that a phone can put the inbox on its home screen."""
    return JsonResponse(
        {
            "id": reverse("inbox"),
            "name": "Baton",
            "short_name": "Baton",
            "description": gettext("Questions from your ERP, answered with one click."),
            "lang": get_language(),
            "start_url": reverse("inbox"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#f4f5f2",
            "theme_color": "#0f6b5f",
            "icons": [
                {"src": static("inbox/icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
                {
                    "src": static("inbox/icon.svg"),
                    "sizes": "any",
                    "type": "image/svg+xml",
                    "purpose": "maskable",
                },
                {"src": static("inbox/icon.png"), "sizes": "192x192", "type": "image/png"},
            ],
        },
        content_type="application/manifest+json",
    )


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """From the root, because a worker only serves addresses below its own."""
    response = render(request, "inbox/worker.js", {"inbox": reverse("inbox")}, content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response
