import django.core.validators
import django.db.models.deletion
import kernel.secrets
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0009_event_for_rule"),
        ("workflows", "0017_four_eyes"),
    ]

    operations = [
        migrations.CreateModel(
            name="HttpAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        max_length=60,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9-]+$", "Small letters, digits and hyphens only."
                            )
                        ],
                        verbose_name="short name",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("base_url", models.URLField(max_length=500, verbose_name="address")),
                (
                    "secrets",
                    kernel.secrets.EncryptedJSONField(blank=True, default="", verbose_name="secret headers"),
                ),
                (
                    "timeout_seconds",
                    models.PositiveIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(30),
                        ],
                        verbose_name="waits for an answer (seconds)",
                    ),
                ),
                (
                    "repeats_safely",
                    models.BooleanField(
                        default=False, verbose_name="recognises a repeated request by its Idempotency-Key"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "connection",
                    models.ForeignKey(
                        limit_choices_to={"kind": "erp"},
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="connectors.connection",
                        verbose_name="for rules on",
                    ),
                ),
            ],
            options={
                "verbose_name": "address rules may call",
                "verbose_name_plural": "addresses rules may call",
                "ordering": ["name"],
            },
        ),
    ]
