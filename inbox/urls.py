"""Addresses of the staff's pages."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from inbox import accounts, attention, views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.login_page, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("inbox/", views.inbox_page, name="inbox"),
    path("inbox/<uuid:card>/", views.inbox_page, name="inbox-card"),
    path("inbox/accounts/", accounts.accounts_page, name="inbox-accounts"),
    path("inbox/quiet/", attention.attention_page, name="inbox-attention"),
    path("app.webmanifest", views.app_manifest, name="app-manifest"),
    path("worker.js", views.service_worker, name="service-worker"),
]
