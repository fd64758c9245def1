"""`manage.py prune`: remove the payloads that are older than their connection keeps them. Safe to stop and repeat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from connectors.models import Connection
from workflows.services.pruning import payloads_trim


class Command(BaseCommand):
    help = (
        "Remove old payloads in small batches; what became of each event stays. The sweep does it by itself."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for connection in Connection.objects.order_by("pk"):
            total = 0
            while looked_at := payloads_trim(connection):
                total += looked_at
                self.stdout.write(f"{connection.slug}: {total}")
        self.stdout.write(_("No older payload is left."))
