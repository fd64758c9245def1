"""The administration with Baton's own front door."""

from django.contrib.admin.apps import AdminConfig


class BatonAdminConfig(AdminConfig):
    default_site = "kernel.site.StaffSite"
