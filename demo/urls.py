"""Addresses of the demo ERP's page."""

from __future__ import annotations

from django.urls import path

from demo import views

urlpatterns = [
    path("demo/", views.company_page, name="demo-company"),
    path("demo/<slug:act>/", views.company_act, name="demo-act"),
]
