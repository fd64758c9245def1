from django.db import migrations, models

from kernel.migrating import IndexBuild


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("workflows", "0014_rule_days")]

    operations = [
        IndexBuild(
            model_name="run",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["ended_at"], name="run_failed"
            ),
        ),
    ]
