from django.db import migrations, models

from kernel.migrating import IndexBuild


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("connectors", "0003_connection_limits")]

    operations = [
        IndexBuild(
            model_name="event",
            index=models.Index(
                condition=models.Q(("state", "new"), _negated=True),
                fields=["state", "outcome", "connection"],
                name="event_ended",
            ),
        ),
    ]
