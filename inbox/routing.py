"""WebSocket addresses."""

from __future__ import annotations

from typing import Any

from django.urls import path

from inbox.consumers import LiveConsumer

# Channels' as_asgi() is an ASGI application, which Django's path() does not know as a view.
live: Any = LiveConsumer.as_asgi()

websocket_urlpatterns = [path("ws/live/", live)]
