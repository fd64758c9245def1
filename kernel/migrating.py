"""Schema changes that do not stop a running installation."""

from __future__ import annotations

import time
from typing import Any

from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.operations import AddIndex

LOCK_MILLISECONDS = 400
"""Below PostgreSQL's deadlock_timeout (1 s): a migration gives way before the server breaks off somebody else's work."""

MOST_TRIES = 40
PAUSE_SECONDS = 1.0
IN_THE_WAY = ("40P01", "55P03")
"""PostgreSQL's codes of a deadlock, and of a lock that was not had in time."""


def migrations_apply() -> None:
    """Apply what is missing, also while an older version works: never long in its way, and again where both collided.

    A migration that gives way is rolled back as a whole; the next try goes on with it. Raises OperationalError when the
    way was not free MOST_TRIES times.
    """
    for left in range(MOST_TRIES - 1, -1, -1):
        try:
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET lock_timeout = '{LOCK_MILLISECONDS}ms'")
            call_command("migrate", interactive=False, verbosity=0)
        except OperationalError as error:
            if not left or getattr(error.__cause__, "sqlstate", "") not in IN_THE_WAY:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return
        finally:
            connection.close()  # the next session has the usual patience


class IndexBuild(AddIndex):
    """AddIndex that keeps rows writable meanwhile, where the database can. Its migration must say `atomic = False`.

    Safe to repeat: what an interrupted build left behind is dropped first.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            online = {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}
            schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(self.index.name)}")
            schema_editor.add_index(model, self.index, **online)
