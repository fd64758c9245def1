"""Schema changes that do not stop a running installation."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations import AddIndex


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
