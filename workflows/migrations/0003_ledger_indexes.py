from django.db import migrations, models

from kernel.migrating import IndexBuild


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("workflows", "0002_rule_stops")]

    operations = [
        IndexBuild(
            model_name="run",
            index=models.Index(fields=["event", "state", "outcome", "id"], name="run_ledger"),
        ),
        IndexBuild(
            model_name="step",
            index=models.Index(
                condition=models.Q(("person__isnull", False)), fields=["run"], name="step_answered"
            ),
        ),
    ]
