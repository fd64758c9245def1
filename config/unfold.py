"""How the administration looks, and what its sidebar shows."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Baton",
    "SITE_HEADER": "Baton",
    "SITE_SUBHEADER": _("The ERP, in the messenger"),
    "SITE_SYMBOL": "conversion_path",
    "SITE_URL": "/inbox/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("inbox/mark.svg")},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "8px",
    "STYLES": [lambda request: static("workflows/admin/admin.css")],
    "SCRIPTS": [lambda request: static("workflows/admin/admin.js")],
    "DASHBOARD_CALLBACK": "workflows.admin.dashboard.dashboard_context",
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "workflows.admin.navigation.sidebar",
    },
    "COLORS": {
        "base": {
            "50": "#f6f7f4",
            "100": "#eef0ec",
            "200": "#e1e4de",
            "300": "#c3c9c0",
            "400": "#93a099",
            "500": "#6d7771",
            "600": "#4c5751",
            "700": "#323d38",
            "800": "#222b27",
            "900": "#151b19",
            "950": "#0d1110",
        },
        "primary": {
            "50": "#eef8f5",
            "100": "#d8efe9",
            "200": "#b3dfd4",
            "300": "#82c9ba",
            "400": "#4cc9b5",
            "500": "#1b9584",
            "600": "#0f6b5f",
            "700": "#0a564c",
            "800": "#0a453e",
            "900": "#093a34",
            "950": "#04241f",
        },
    },
}
