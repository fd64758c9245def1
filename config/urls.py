"""Addresses. `/hooks/…` and `/ws/…` are served in front of Django, see asgi.py; `/static/` by WhiteNoise."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from inbox.health import healthz, readyz
from inbox.metrics import Metrics
from messaging.views import replies_take

handler500 = "inbox.failing.failed"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include("inbox.api.urls")),
    path("replies/<slug:slug>/", replies_take, name="replies"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", Metrics.as_view(), name="metrics"),
    path("", include("demo.urls")),
    path("", include("inbox.urls")),
]
