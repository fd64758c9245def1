"""A site of the staff's pages alone: their addresses, the played API, and the live line."""

from __future__ import annotations

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.contrib import admin
from django.core.asgi import get_asgi_application
from django.urls import include, path

from inbox.routing import websocket_urlpatterns

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("api/v1/inbox/", include("tests.inbox.card_api")),
    path("", include("inbox.urls")),
]


def application() -> Any:
    return ProtocolTypeRouter(
        {"http": get_asgi_application(), "websocket": AuthMiddlewareStack(URLRouter(websocket_urlpatterns))}
    )
