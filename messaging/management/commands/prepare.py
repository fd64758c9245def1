"""`manage.py prepare`: everything an installation needs before its processes start. Safe to repeat."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from kernel.migrating import migrations_apply
from messaging.services.channels import inbox_ensure
from permissions.services.roles import roles_ensure


class Command(BaseCommand):
    help = "Apply migrations, collect static files, and make the roles and the built-in inbox."

    def handle(self, *args: Any, **options: Any) -> None:
        migrations_apply()
        call_command("collectstatic", interactive=False, verbosity=0)
        roles_ensure()
        inbox_ensure()
