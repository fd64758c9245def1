"""`manage.py secrets_rotate`: store every credential under the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from connectors.models import Connection


class Command(BaseCommand):
    help = "Encrypt all stored credentials with the first key of BATON_SECRET_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for pk in Connection.objects.values_list("pk", flat=True):
            with transaction.atomic():
                connection = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
                if connection.credentials:
                    Connection.objects.filter(pk=pk).update(credentials=connection.credentials)
                    count += 1
        self.stdout.write(f"{count} connections now use the newest key.")
