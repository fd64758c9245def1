"""Walking a source page by page, and reading one record.

A cursor is {"after": id} inside a walk and {} at its end; for a source read by changes {"since": moment}
remains, moved back by an overlap: Tryton stamps a row when its transaction begins, not when others see it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from connectors.erp.tryton.client import TrytonClient
from connectors.erp.tryton.scope import Scope
from connectors.erp.tryton.sources import SOURCES, Domain, Source
from connectors.ports.erp import Page, SourceCount, SourceRecord
from kernel.errors import ConfigError

OVERLAP = dt.timedelta(minutes=5)


def source_named(name: str) -> Source:
    """Raises ConfigError for a name that discover() does not give."""
    source = SOURCES.get(name)
    if source is None:
        known = ", ".join(sorted(SOURCES))
        raise ConfigError(
            _("Tryton has no source “%(name)s”. There are: %(known)s.") % {"name": name, "known": known}
        )
    return source


def page_read(
    client: TrytonClient, scope: Scope, source: Source, cursor: Mapping[str, Any], limit: int
) -> Page:
    """The next `limit` records in the order of their ids."""
    domain = [*source.domain(scope), ["id", ">", int(cursor.get("after") or 0)]]
    since = cursor.get("since")
    if source.changes and since:
        moment = dt.datetime.fromisoformat(since)
        domain.append(["OR", *([name, ">=", moment] for name in source.changes)])
    rows = client.rows(source.model, domain, source.fields, limit=limit + 1, context=scope.context)
    has_more, rows = len(rows) > limit, rows[:limit]
    records = tuple(source.build(client, scope, rows)) if rows else ()
    following: dict[str, Any] = {"after": rows[-1]["id"]} if has_more else {}
    if source.changes:
        following |= _since(cursor, records, has_more)
    return Page(records, following, has_more=has_more, snapshot=not source.changes)


def record_read(client: TrytonClient, scope: Scope, source: Source, key: str) -> SourceRecord | None:
    """The record of this key as it is now; None when there is none (any more)."""
    domain: Domain = [*source.domain(scope), *source.find(key)]
    rows = client.rows(source.model, domain, source.fields, limit=1, context=scope.context)
    return source.build(client, scope, rows)[0] if rows else None


def records_count(client: TrytonClient, scope: Scope, source: Source) -> SourceCount | None:
    """Tryton's own count; None for what is read by changes, where a deleted record stays recorded."""
    if source.changes:
        return None
    counted = client.call(source.model, "search_count", source.domain(scope), context=scope.context)
    return SourceCount(int(counted))


def _since(cursor: Mapping[str, Any], records: tuple[SourceRecord, ...], has_more: bool) -> dict[str, str]:
    """`since` stays the same through a walk; the newest moment seen becomes the next one at its end."""
    moments = [record.changed_at.isoformat() for record in records if record.changed_at]
    if cursor.get("newest"):
        moments.append(cursor["newest"])
    newest = max(moments, default="", key=dt.datetime.fromisoformat)
    since = str(cursor.get("since") or "")
    if has_more:
        return {"since": since, "newest": newest}
    if newest:
        since = (dt.datetime.fromisoformat(newest) - OVERLAP).isoformat()
    return {"since": since} if since else {}
