"""`manage.py secrets_rotate`: store every credential under the newest key."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from kernel.secrets import EncryptedJSONField


class Command(BaseCommand):
    help = "Encrypt all stored credentials with the first key of BATON_SECRET_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, EncryptedJSONField):
                    count = _rotate(model, field.name)
                    self.stdout.write(f"{count} {model._meta.verbose_name_plural} now use the newest key.")


def _rotate(model: type[models.Model], name: str) -> int:
    count = 0
    rows = model._default_manager
    for pk in rows.values_list("pk", flat=True):
        with transaction.atomic():
            row = rows.select_for_update(of=("self",), no_key=True).get(pk=pk)
            if secret := getattr(row, name):
                rows.filter(pk=pk).update(**{name: secret})
                count += 1
    return count
