"""What uvicorn serves: hooks in front, WebSockets, Django."""

from __future__ import annotations

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

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
