"""Whether Baton is up (`/healthz`) and keeps up (`/readyz`). Open to anybody; neither tells any data."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from connectors.models import Connection, ConnectionState, RecordedObject
from inbox.queues import SLOW_SECONDS, queue_ages


class Startup:
    """What has been reached stays reached: a connection added later does not make Baton "starting" again."""

    def __init__(self) -> None:
        self.migrated = False
        self.snapshots = False

    def waiting_for(self) -> list[str]:
        """What is still missing, as short names. Raises DatabaseError."""
        if not self.migrated:
            connection.ensure_connection()
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return ["migrations"]
            self.migrated = True
        if not self.snapshots:
            missing = _snapshots_missing() if settings.BATON_DEMO else []
            if missing:
                return missing
            self.snapshots = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return []


def _snapshots_missing() -> list[str]:
    """First sight of a record is no crossing: before the first walk is stored, a sale would go unnoticed."""
    active = Connection.objects.filter(kind="erp", state=ConnectionState.ACTIVE)
    if not active.exists():
        return ["demo company"]
    waiting = RecordedObject.objects.filter(connection__in=active, snapshot_at__isnull=True)
    return [f"snapshot of {slug}: {name}" for slug, name in waiting.values_list("connection__slug", "object")]


startup = Startup()


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 `{"status": "ok"}`, or 503 `{"status": "starting", "waiting_for": [...]}`."""
    try:
        waiting = startup.waiting_for()
    except DatabaseError:
        waiting = ["database"]
    if waiting:
        return JsonResponse({"status": "starting", "waiting_for": waiting}, status=503)
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The age in seconds of the oldest ready row per queue; 503 when one is older than SLOW_SECONDS."""
    try:
        ages = {name: round(seconds, 3) for name, seconds in queue_ages().items()}
    except DatabaseError:
        return JsonResponse({"status": "no database", "oldest_ready_seconds": {}}, status=503)
    slow = sorted(name for name, age in ages.items() if age > SLOW_SECONDS)
    body = {"status": "behind" if slow else "ok", "oldest_ready_seconds": ages, "behind": slow}
    return JsonResponse(body, status=503 if slow else 200)
