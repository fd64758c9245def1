"""What an action is given while it runs: evaluation over the record, and the ERP behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Self, cast

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject, FieldClass
from connectors.models import Connection, Event
from connectors.ports.erp import SourceRecord, UpdatesRecords, WriteResult
from connectors.ports.manifest import IdempotencyMode
from connectors.selectors import dictionary_object, mapping_find, mapping_get
from connectors.services.factory import erp_open
from connectors.services.records import record_refresh
from connectors.services.updating import update_of
from kernel import clock
from kernel.errors import ConfigError, Transient
from kernel.text import Localized, localized
from kernel.work import work_held
from messaging.formatting import field_format
from permissions.models import User
from workflows.blocks import Change, Earlier, HttpAnswer, HttpCall
from workflows.conditions import ConditionSchema, Verdict, condition_compile, data_prepare, value_evaluate
from workflows.engine.calling import address_call
from workflows.engine.causes import footprints_sent
from workflows.engine.chained import rule_start
from workflows.engine.compiled import CompiledRule, event_data, schema_for
from workflows.engine.loops import write_refuse
from workflows.models import Step, StepState
from workflows.nesting import button_at
from workflows.readable import schema_with


class CardContext:
    """Evaluation over one state of the record; enough to build a card."""

    idempotency_key = ""
    person_name = ""
    path = ""
    inputs: Mapping[str, Any] = {}
    kept: Mapping[str, Any] = {}

    def __init__(
        self,
        compiled: CompiledRule,
        event: Event,
        record: Mapping[str, Any],
        shown: Mapping[str, Any] | None = None,
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        self.compiled = compiled
        self.event = event
        self.record = record
        self.shown: Mapping[str, Any] = shown if shown is not None else record
        self.asked: Mapping[str, Any] = asked if asked is not None else self.shown
        self.about = compiled.about

    def keeping(self, kept: Mapping[str, Any]) -> Self:
        found = copy(self)
        found.kept = kept
        return found

    def _results(self) -> Mapping[str, Any]:
        """What earlier actions of the run gave."""
        return {}

    @cached_property
    def _schema(self) -> ConditionSchema:
        raw = self.compiled.definition.raw
        return schema_with(schema_for(self.about), raw, button_at(raw, self.path))

    def _data(self, record: Mapping[str, Any], shown: Mapping[str, Any]) -> Any:
        data = event_data(record, self.event.before, self.event, self.event.changed)
        data |= {"shown": shown, "now": clock.now()}
        if "result" in self._schema.nested:
            data["result"] = self._results()
        return data_prepare(self._schema, {**data, "answer": self.inputs})

    def evaluate(self, logic: Any, record: Mapping[str, Any] | None = None) -> Any:
        if logic is None:
            return None
        if isinstance(logic, Mapping) and set(logic) == {"input"}:
            return self.inputs.get(str(logic["input"]))
        data = self._data(self.record if record is None else record, self.shown)
        return value_evaluate(logic, self._schema, data)

    def is_true(self, logic: Any, record: Mapping[str, Any]) -> bool:
        compiled = condition_compile(logic, self._schema)
        return compiled.evaluate(self._data(record, self.asked)) is Verdict.TRUE

    def earlier(self) -> Earlier | None:
        return None

    def differences(self, names: Sequence[str], now: Mapping[str, Any]) -> list[Change]:
        return material_differences(self.about, names, self.shown, now)

    def read_fresh(self) -> Mapping[str, Any] | None:
        raise ConfigError("A card is built without asking the ERP.")

    def write(self, write: str, object_name: str, values: Mapping[str, Any]) -> WriteResult:
        raise ConfigError("A card is built without asking the ERP.")

    def update(self, values: Mapping[str, Any]) -> WriteResult:
        raise ConfigError("A card is built without asking the ERP.")

    def start(self, key: str) -> tuple[int | None, Localized]:
        raise ConfigError("A card is built without asking anybody.")

    def call(self, call: HttpCall) -> HttpAnswer:
        raise ConfigError("A card is built without asking anybody.")

    def read_back(self, object_name: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        raise ConfigError("A card is built without asking the ERP.")

    def field_class(self, object_name: str, name: str) -> FieldClass:
        found = dictionary_object(self.compiled.connection_id, object_name).by_name.get(name)
        return found.field_class if found is not None else FieldClass.GENERAL


def material_differences(
    about: DictionaryObject, names: Sequence[str], shown: Mapping[str, Any], now: Mapping[str, Any]
) -> list[Change]:
    """The material fields that are no longer what was shown, in words with UTC times."""
    found = []
    for name in names:
        if shown.get(name) == now.get(name):
            continue
        field = about.by_name[name]
        words = {
            language: (field_format(field, shown, language, "UTC"), field_format(field, now, language, "UTC"))
            for language in ("en", "zh-hans")
        }
        sentence = localized(
            gettext_noop("%(field)s %(before)s → %(after)s"),
            field=field.label,
            before=Localized(words["en"][0], words["zh-hans"][0]),
            after=Localized(words["en"][1], words["zh-hans"][1]),
        )
        found.append(Change(name, field.field_class, sentence, field.label))
    return found


class StepExecution(CardContext):
    """A step being executed. The ERP is asked outside any transaction."""

    def __init__(
        self, step: Step, compiled: CompiledRule, record: Mapping[str, Any], shown: Mapping[str, Any]
    ) -> None:
        super().__init__(compiled, step.run.event, record, shown, step.input.get("asked"))
        self.step = step
        self.path = step.path
        self.kept = step.output
        self.idempotency_key = step.idempotency_key.hex
        self.inputs = step.input.get("inputs", {})
        self.person_name = step.person.display_name if isinstance(step.person, User) else ""
        self.fresh_item: SourceRecord | None = None

    def _results(self) -> Mapping[str, Any]:
        done = Step.objects.filter(run_id=self.step.run_id, state=StepState.DONE).order_by("ended_at", "pk")
        found: dict[str, Any] = {}
        for output in done.values_list("output", flat=True):
            found |= output.get("results", {})
        return found

    @property
    def connection(self) -> Connection:
        connection: Connection = self.step.run.rule.connection
        return connection

    def read_fresh(self) -> Mapping[str, Any] | None:
        mapping = mapping_find(self.connection.pk, self.about.name)
        if mapping is None or not _reads_one(self.connection):
            return self.record
        with erp_open(self.connection) as erp:
            item = erp.get(mapping.source, self.event.key)
        if item is None:
            return None
        record_refresh(self.connection, mapping, item)
        self.fresh_item = item
        return mapping.map(item.data, item.key).data

    def earlier(self) -> Earlier | None:
        sent = self.step.output.get("sent")
        if self.step.sent_at is None or not sent:
            return None
        if "write" not in sent:
            source = mapping_get(self.connection.pk, self.about.name).source
            with erp_open(self.connection) as erp:
                updating = cast(UpdatesRecords, erp)
                result = updating.update_lookup(source, self.event.key, idempotency_key=self.idempotency_key)
            return Earlier(sent["values"], result)
        _lookup_refuse(self.connection, sent["write"])
        with erp_open(self.connection) as erp:
            result = erp.lookup(sent["write"], sent["raw"], idempotency_key=self.idempotency_key)
        return Earlier(sent["values"], result)

    def write(self, write: str, object_name: str, values: Mapping[str, Any]) -> WriteResult:
        mapping = mapping_find(self.connection.pk, object_name)
        raw = mapping.unmap(values) if mapping is not None else dict(values)
        stored = {name: str(value) if value is not None else None for name, value in raw.items()}
        self._leaves({"write": write, "object": object_name, "values": dict(values), "raw": stored})
        with erp_open(self.connection) as erp:
            return erp.perform(write, raw, idempotency_key=self.idempotency_key)

    def update(self, values: Mapping[str, Any]) -> WriteResult:
        if self.fresh_item is None:
            raise ConfigError(
                _("This ERP cannot be asked for one record, so nothing can be compared with it.")
            )
        update = update_of(mapping_get(self.connection.pk, self.about.name), self.fresh_item, values)
        self._leaves({"object": self.about.name, "values": dict(values)})
        with erp_open(self.connection) as erp:
            return cast(UpdatesRecords, erp).update(update, idempotency_key=self.idempotency_key)

    def start(self, key: str) -> tuple[int | None, Localized]:
        run, words = rule_start(self.step, key)
        return (run.pk if run is not None else None), words

    def call(self, call: HttpCall) -> HttpAnswer:
        return address_call(self.step, call, self._leaves)

    def _leaves(self, sent: Mapping[str, Any]) -> None:
        """Store that something is about to leave, and what, before its first byte does."""
        write_refuse(self.step)
        with transaction.atomic():
            if not work_held(self.step):
                raise Transient("Another worker has taken this step over.")
            self.step.sent_at = clock.now()
            self.step.output = {"sent": dict(sent)}
            self.step.save(update_fields=["sent_at", "output"])
            footprints_sent(self.step)

    def read_back(self, object_name: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        return mapping_get(self.connection.pk, object_name).map(raw, "read-back").data


def _lookup_refuse(connection: Connection, write: str) -> None:
    """Raises ConfigError where an earlier try cannot be found by a key: a person has to look, nothing is repeated."""
    action = connection.manifest.write(write)
    if action is not None and action.idempotency is IdempotencyMode.NONE:
        raise ConfigError(
            _(
                "An earlier try may have arrived, and this ERP cannot be asked for it. Look in the ERP before doing it again."
            )
        )


def _reads_one(connection: Connection) -> bool:
    erp = connection.manifest.erp
    return erp is not None and erp.reads_one
