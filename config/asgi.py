"""What uvicorn serves: hooks in front, WebSockets, Django."""

from __future__ import annotations

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

for _database in settings.DATABASES.values():
    # Every request has a thread of its own: a session it left open nobody would use again, until the server has no more.
    _database["CONN_MAX_AGE"] = 0

from connectors.intake.asgi import HooksApplication  # noqa: E402 - models exist only after the set-up above
from inbox.routing import websocket_urlpatterns  # noqa: E402

application = HooksApplication(
    ProtocolTypeRouter(  # type: ignore[arg-type]  # channels types the three callables more narrowly than ASGI does
        {
            "http": django_application,
            "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
        }
    )
)
