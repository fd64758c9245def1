"""Registering, checking, pausing connections. Tested before they are saved; secrets go in and never come out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from connectors import catalog
from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.mapping import definition_check
from connectors.models import Connection, ConnectionState, ObjectMapping, RecordedObject
from connectors.ports.check import CheckReport
from connectors.ports.manifest import ConnectorKind, Setting, SettingType
from connectors.selectors import GENERATION, dictionary_object
from connectors.services.factory import connector_build
from kernel import clock
from kernel.audit import audit_record
from kernel.errors import ConfigError, Conflict
from kernel.generation import generation_bump
from kernel.secrets import SecretDict


def settings_split(connector: str, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Form values → (plain settings, secrets), typed by the manifest.

    Raises ConfigError naming the input for a missing required value, a wrong type or a name the manifest lacks.
    """
    manifest = catalog.manifest(connector)
    known = {setting.name: setting for setting in manifest.settings}
    unknown = set(values) - known.keys()
    if unknown:
        raise ConfigError(_("Unknown setting: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    plain: dict[str, Any] = {}
    hidden: dict[str, Any] = {}
    for name, setting in known.items():
        value = _setting_value(setting, values.get(name))
        if value is None:
            continue
        (hidden if setting.secret else plain)[name] = value
    return plain, hidden


def _setting_value(setting: Setting, value: Any) -> Any:
    if value is None or value == "":
        value = setting.default
    if value is None or value == "":
        if setting.required:
            raise ConfigError(_("“%(name)s” is required.") % {"name": str(setting.label)})
        return None
    if setting.type is SettingType.BOOLEAN:
        return value in (True, "true", "True", "on", "1", 1)
    if setting.type is SettingType.INTEGER:
        try:
            number = int(value)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                _("“%(name)s” must be a whole number.") % {"name": str(setting.label)}
            ) from error
        low, high = setting.minimum, setting.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise ConfigError(
                _("“%(name)s” must be between %(low)s and %(high)s.")
                % {"name": str(setting.label), "low": low, "high": high}
            )
        return number
    text = str(value).strip()
    if setting.choices and text not in {choice for choice, _label in setting.choices}:
        raise ConfigError(_("“%(name)s” is not one of the choices.") % {"name": str(setting.label)})
    return text


def values_check(connector: str, plain: Mapping[str, Any], hidden: Mapping[str, Any]) -> CheckReport:
    """Try a connection with these values, saved or not. Goes over the network."""
    built = connector_build(connector, plain, hidden)
    try:
        report: CheckReport = built.check()
        return report
    finally:
        built.close()


def connection_register(
    actor: Any,
    *,
    name: str,
    slug: str,
    connector: str,
    values: Mapping[str, Any],
    poll_seconds: float | None = None,
    checked: bool = True,
) -> tuple[Connection, CheckReport]:
    """Test, then save. A connection that does not pass is not stored: raises ConfigError with what failed.

    The hook token is made here; `connection.credentials["hook_token"]` is to be shown once by the caller.
    """
    manifest = catalog.manifest(connector)
    plain, hidden = settings_split(connector, values)
    report = values_check(connector, plain, hidden) if checked else CheckReport(())
    if not report.ok:
        raise ConnectionRefused(report)
    defaults = defaults_find(connector, plain, hidden)
    if manifest.kind is ConnectorKind.ERP:
        hidden = {
            **hidden,
            "hook_token": secrets.token_urlsafe(32),
            "hook_hmac_secret": secrets.token_urlsafe(32),
        }
    with transaction.atomic():
        connection = Connection.objects.create(
            name=name,
            slug=slug,
            connector=connector,
            kind=manifest.kind,
            settings=plain,
            credentials=SecretDict(hidden),
            state=ConnectionState.ACTIVE,
            account=report.account,
            checked_at=clock.now(),
            check_report=report.as_json(),
            poll_seconds=poll_seconds or manifest.poll_seconds,
            owner=actor if getattr(actor, "pk", None) else None,
        )
        defaults_install(connection, defaults)
        generation_bump(GENERATION)
        audit_record(actor, "connection.registered", connection, name, connector=connector)
    return connection, report


class ConnectionRefused(ConfigError):
    """The test failed; `report` says what."""

    def __init__(self, report: CheckReport) -> None:
        failed = [item for item in report.items if not item.ok]
        super().__init__(" ".join(f"{item.label}: {item.detail} {item.hint}".strip() for item in failed))
        self.report = report


def defaults_find(
    connector: str, plain: Mapping[str, Any], hidden: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The vendor's default mapping, kept to what this account really offers. Goes over the network."""
    manifest = catalog.manifest(connector)
    if manifest.kind is not ConnectorKind.ERP:
        return {}
    built = connector_build(connector, plain, hidden)
    try:
        defaults: Mapping[str, Mapping[str, Any]] = built.default_mapping()
        if manifest.erp is None or not manifest.erp.discovers or not defaults:
            return {name: dict(definition) for name, definition in defaults.items()}
        offered = {each.name: {one.name for one in each.fields} for each in built.discover()}
    finally:
        built.close()
    found = {}
    for name, definition in defaults.items():
        columns = offered.get(str(definition.get("source")))
        if columns is None:
            continue
        fields = {key: spec for key, spec in definition["fields"].items() if spec.get("source") in columns}
        kept = {**definition, "fields": fields}
        if kept.get("changed_at") not in columns:
            kept["changed_at"] = ""
        if not definition_check(OBJECTS_BY_NAME[name], kept):
            found[name] = kept
    return found


def defaults_install(connection: Connection, defaults: Mapping[str, Mapping[str, Any]]) -> None:
    """Store the default mapping, and record what it maps from the first day."""
    manifest = connection.manifest
    for object_name, definition in defaults.items():
        ObjectMapping.objects.create(connection=connection, object=object_name, definition=dict(definition))
        if manifest.erp is not None and manifest.erp.polls:
            RecordedObject.objects.create(connection=connection, object=object_name, available_at=clock.now())


def connection_edit(
    actor: Any,
    connection: Connection,
    values: Mapping[str, Any],
    *,
    name: str | None = None,
    poll_seconds: float | None = None,
    retention_days: int | None = None,
) -> CheckReport:
    """Change settings; an empty secret keeps the stored one. Refuses another account than the one registered."""
    known = {setting.name: setting for setting in connection.manifest.settings}
    merged = {**connection.settings, **{n: v for n, v in connection.credentials.items() if n in known}}
    merged.update(
        {n: v for n, v in values.items() if not (n in known and known[n].secret and v in (None, ""))}
    )
    plain, hidden = settings_split(connection.connector, merged)
    report = values_check(connection.connector, plain, hidden)
    if not report.ok:
        raise ConnectionRefused(report)
    if connection.account and report.account and report.account != connection.account:
        raise Conflict(
            _(
                "These settings belong to another account (%(new)s, not %(old)s). Register a new connection instead."
            )
            % {"new": report.account, "old": connection.account}
        )
    with transaction.atomic():
        connection.name = name or connection.name
        connection.poll_seconds = poll_seconds or connection.poll_seconds
        connection.retention_days = retention_days or connection.retention_days
        connection.settings = plain
        connection.credentials = {**connection.credentials, **hidden}
        connection.account = report.account
        connection.checked_at, connection.check_report = clock.now(), report.as_json()
        connection.state, connection.state_reason = ConnectionState.ACTIVE, ""
        connection.failures, connection.retry_at = 0, None
        connection.save()
        generation_bump(GENERATION)
        audit_record(actor, "connection.changed", connection, connection.name)
    return report


def _reread(connection: Connection) -> None:
    """Lock the row and take over what it holds: nobody's change since it was loaded is written back."""
    Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
    connection.refresh_from_db()


def connection_check(actor: Any, connection: Connection) -> CheckReport:
    """Test a saved connection; a good answer puts one with a refused credential back to work."""
    report = values_check(connection.connector, connection.settings, connection.credentials)
    with transaction.atomic():
        _reread(connection)
        connection.checked_at, connection.check_report = clock.now(), report.as_json()
        if report.ok and connection.state == ConnectionState.AUTH_FAILED:
            connection.state, connection.state_reason = ConnectionState.ACTIVE, ""
        connection.save()
        generation_bump(GENERATION)
        audit_record(actor, "connection.checked", connection, "ok" if report.ok else "not ok")
    return report


def connection_pause(actor: Any, connection: Connection, reason: str = "") -> None:
    with transaction.atomic():
        _reread(connection)
        connection.state, connection.state_reason = ConnectionState.PAUSED, reason
        connection.save()
        generation_bump(GENERATION)
        audit_record(actor, "connection.paused", connection, reason)


def connection_resume(actor: Any, connection: Connection) -> None:
    with transaction.atomic():
        _reread(connection)
        connection.state, connection.state_reason = ConnectionState.ACTIVE, ""
        connection.failures, connection.retry_at = 0, None
        connection.save()
        RecordedObject.objects.filter(connection=connection).update(available_at=clock.now())
        generation_bump(GENERATION)
        audit_record(actor, "connection.resumed", connection)


def mapping_save(
    actor: Any, connection: Connection, object_name: str, definition: Mapping[str, Any], channel: str = "read"
) -> ObjectMapping:
    """Store a mapping as a new version. Raises ConfigError while a required field is unmapped."""
    problems = definition_check(dictionary_object(connection.pk, object_name), definition)
    if problems:
        raise ConfigError(" ".join(str(problem.message) for problem in problems))
    with transaction.atomic():
        rows = ObjectMapping.objects.select_for_update(no_key=True).filter(
            connection=connection, object=object_name, channel=channel
        )
        latest = rows.order_by("-version").first()
        rows.update(active=False)
        mapping = ObjectMapping.objects.create(
            connection=connection,
            object=object_name,
            channel=channel,
            version=latest.version + 1 if latest else 1,
            definition=dict(definition),
            created_by=actor if getattr(actor, "pk", None) else None,
        )
        if channel == "read":
            recorded, _created = RecordedObject.objects.get_or_create(
                connection=connection, object=object_name, defaults={"available_at": clock.now()}
            )
            RecordedObject.objects.filter(pk=recorded.pk).update(cursor={}, available_at=clock.now())
        generation_bump(GENERATION)
        audit_record(actor, "mapping.saved", mapping, f"{object_name} v{mapping.version}")
    return mapping


def hook_token_renew(actor: Any, connection: Connection) -> str:
    """A new bearer token for /hooks/; the old one ends at once. Shown once, by the caller."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        _reread(connection)
        connection.credentials = {**connection.credentials, "hook_token": token}
        connection.save()
        generation_bump(GENERATION)
        audit_record(actor, "connection.hook_token_renewed", connection)
    return token
