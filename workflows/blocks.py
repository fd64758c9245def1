"""What a trigger and an action are. Blocks are plain Python: they decide, the engine persists.

A new one is a file in triggers/ or actions/, one line in catalog.py, a test. See docs/how-to/.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from connectors.dictionary.types import DictionaryObject, FieldClass
from connectors.ports.erp import WriteResult
from connectors.ports.manifest import Manifest
from kernel.text import Localized
from workflows.conditions import ConditionSchema, FieldSpec
from workflows.definition import FiringPolicy, Problem, TriggerSpec
from workflows.shapes import Shape


@dataclass(frozen=True)
class RuleScope:
    """What a block may know of the rule around it when it is checked or put into words."""

    about: DictionaryObject
    schema: ConditionSchema
    manifest: Manifest
    channels: frozenset[str]
    objects: Mapping[str, DictionaryObject]
    writable: frozenset[str] = frozenset()
    """Fields of `about` that may be changed through the connection."""
    addresses: Mapping[str, Localized] = field(default_factory=dict)
    """Addresses rules on this connection may call: short name → name."""
    rules: Mapping[str, Localized] = field(default_factory=dict)
    """Rules in force for these records that the owner may see: key → name."""


class Trigger(Protocol):
    """Decides which events of its object start a rule; where nobody tells of them, what makes them.

    Name it as a base: what most triggers have in common has its value here.
    """

    key: str
    label: Localized
    params: Shape
    object: str = ""
    """The object of Baton's own that it is about; empty: the rule says which object of its connection."""
    policies: tuple[FiringPolicy, ...] = tuple(FiringPolicy)
    """The firing policies that make sense with it; the editor begins with the first."""
    timed: bool = False
    """It starts by itself at the set times its parameters state (workflows/timetable.py)."""
    walks: bool = False
    """At each of them every record of the object is looked at."""
    made: str = ""
    """The kind of change of the events Baton makes for it; empty: its events come from outside."""

    def check(self, spec: TriggerSpec) -> list[Problem]: ...

    def takes(self, spec: TriggerSpec, change: str) -> bool:
        """Whether an event with this kind of change starts the rule (before any condition)."""
        return bool(self.made) and change == self.made

    def fires_at_publishing(self, spec: TriggerSpec) -> int | None:
        """For how many records at most it starts at once for which it is already true when published; None: for none."""
        return None

    def sentence(self, spec: TriggerSpec, about: DictionaryObject, connection_name: str) -> Localized: ...


@dataclass(frozen=True)
class Ask:
    """Open a question (or, without buttons, send a notice) to whoever the specs resolve to."""

    card: Mapping[str, Any]
    shown: Mapping[str, Any]
    recipients: Sequence[Mapping[str, Any]]
    fallback: Sequence[Mapping[str, Any]]
    channels: Sequence[str]
    expires_seconds: float | None = None
    priority: int = 5
    is_question: bool = True
    said: Localized | None = None
    """What the card says of itself from the start."""
    keep: Mapping[str, Any] = field(default_factory=dict)
    """Kept on the step: `context.kept` when it is looked at again at `wake_at`."""
    wake_at: dt.datetime | None = None


@dataclass(frozen=True)
class Done:
    """The step ended well. `text` goes on the card ({at} becomes the reader's time); `is_mismatch` makes it red.

    A text that tells values of the field `classes` comes with `masked`, for those who may not see them.
    `into` names the list of actions inside this one that is done next. `results` are what later actions may read, as
    `gives` announced them. `note` is told on the run's page; it tells no values.
    """

    output: Mapping[str, Any] = field(default_factory=dict)
    text: Localized | None = None
    is_mismatch: bool = False
    masked: Localized | None = None
    classes: frozenset[str] = frozenset()
    into: str = ""
    results: Mapping[str, Any] = field(default_factory=dict)
    note: Localized | None = None


@dataclass(frozen=True)
class Refused:
    """It was not done, for a reason the person can act on; the question is asked again. `masked` as in Done."""

    message: Localized
    output: Mapping[str, Any] = field(default_factory=dict)
    masked: Localized | None = None
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """A material field that is no longer what was shown: `words` tell both values, `masked` only that it changed."""

    field: str
    field_class: FieldClass
    words: Localized
    masked: Localized


@dataclass(frozen=True)
class Wait:
    """Not finished; look again in `seconds`. `text` tells on the card what is going on."""

    seconds: float
    text: Localized


@dataclass(frozen=True)
class Held:
    """It was not done: the rule is not launched so far. What follows goes on."""

    reason: Localized


@dataclass(frozen=True)
class Until:
    """Nothing to do before `moment`. `output` is kept and is `context.kept` then; `text` tells on the card."""

    moment: dt.datetime
    text: Localized
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Remind:
    """The question is still open: everybody who was asked is shown `text` ({at} is `at`). Looked at again at `wake_at`."""

    text: Localized
    at: dt.datetime
    wake_at: dt.datetime | None = None


StepResult = Remind | Ask | Done | Refused | Wait | Until | Held


@dataclass(frozen=True)
class Earlier:
    """What an earlier try sent, and what the ERP knows of it (None: it never arrived)."""

    values: Mapping[str, Any]
    result: WriteResult | None


@dataclass(frozen=True)
class HttpCall:
    """A request under an address an administrator allowed. `path` is quoted already."""

    address: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, str] | None = None

    @property
    def changes(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True)
class HttpAnswer:
    """2xx or 4xx; everything else is raised."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class StepContext(Protocol):
    """What the engine gives an action while it executes. Calls to the ERP happen outside any transaction."""

    idempotency_key: str
    kept: Mapping[str, Any]
    record: Mapping[str, Any]
    shown: Mapping[str, Any]
    inputs: Mapping[str, Any]
    person_name: str
    about: DictionaryObject

    def keeping(self, kept: Mapping[str, Any]) -> StepContext:
        """The same, with `kept` as what an earlier look kept."""
        ...

    def evaluate(self, logic: Any, record: Mapping[str, Any] | None = None) -> Any:
        """A value expression over the record, the answer and earlier results; None when unknown.

        `{"input": name}` gives what the person entered.
        """
        ...

    def is_true(self, logic: Any, record: Mapping[str, Any]) -> bool:
        """A precondition over the record; `shown` in it is the record as it was when the question was first asked."""
        ...

    def differences(self, names: Sequence[str], now: Mapping[str, Any]) -> list[Change]:
        """The material fields in which `now` differs from what the person saw."""
        ...

    def read_fresh(self) -> Mapping[str, Any] | None:
        """The rule's record as the ERP has it this moment, canonical; None when it is gone there."""
        ...

    def earlier(self) -> Earlier | None:
        """An earlier try of this step that left us; look at it before anything else."""
        ...

    def write(self, write: str, object_name: str, values: Mapping[str, Any]) -> WriteResult:
        """Execute a write under `idempotency_key`; that it left us is stored before the first byte does."""
        ...

    def update(self, values: Mapping[str, Any]) -> WriteResult:
        """Change fields of the rule's record under `idempotency_key`, where they still are as `read_fresh` gave them.

        As `write`; raises ValuesMoved besides.
        """
        ...

    def start(self, key: str) -> tuple[int | None, Localized]:
        """Start another rule for the record: its run, None where it was not started, and in words what came of it."""
        ...

    def call(self, call: HttpCall) -> HttpAnswer:
        """Send a request with the step's key; that one which changes something left us is stored first.

        Raises what the engine turns into tries, a look by a person or a dead letter.
        """
        ...

    def read_back(self, object_name: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """A raw document in canonical names."""
        ...

    def field_class(self, object_name: str, name: str) -> FieldClass:
        """How sensitive a field of another object is."""
        ...


class Action(Protocol):
    """One thing a rule can do."""

    key: str
    label: Localized
    params: Shape
    shows_latest: bool
    """True: the record as rules know it now; False: as the event left it."""
    is_immediate: bool
    """True: it decides from the record alone and asks nobody outside, so it may be done where the rule fires, and in a
    rehearsal.
    """
    asks: bool
    """It tells or asks people: its card is theirs."""
    is_question: bool
    """The run goes on with somebody's answer."""
    goes_on: bool
    """After the answer the actions behind this one follow, whichever button it was."""
    writes: bool
    """It changes the ERP."""
    first: bool
    """Can stand among a rule's steps."""
    follows: bool
    """Can follow a button."""

    def unavailable(self, scope: RuleScope) -> Localized | None:
        """Why it cannot be done for these records of this connection; None when it can."""
        ...

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        """What speaks against publishing. The lists of actions inside it are checked by the caller."""
        ...

    def gives(self, params: Mapping[str, Any]) -> Mapping[str, FieldSpec]:
        """What later actions may read as `result.<name>`."""
        ...

    def question(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters of its question, with its buttons; for one that asks."""
        ...

    def card(self, params: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        """Its card over the record of `context`; for one that asks."""
        ...

    def results(self, button: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an answer gives; for one that goes on with it."""
        ...

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        """Raises kernel.errors; the engine turns them into retries, a lookup or a dead letter."""
        ...

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        """In words, without the actions inside it: workflows/sentence.py says those."""
        ...


class ActionBase:
    """What most actions are. Everything here may be said otherwise by one that is not."""

    shows_latest = True
    is_immediate = False
    asks = False
    is_question = False
    goes_on = False
    writes = False
    first = True
    follows = True

    def unavailable(self, scope: RuleScope) -> Localized | None:
        return None

    def gives(self, params: Mapping[str, Any]) -> Mapping[str, FieldSpec]:
        return {}

    def question(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return params

    def card(self, params: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        return {}

    def results(self, button: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True)
class Pack:
    """A blueprint of a rule: a few questions, and the ordinary draft their answers make.

    `questions` is a JSON Schema whose properties have defaults; `draft` takes an answer to each. `fields` are those of
    `object` that the draft cannot do without.
    """

    key: str
    label: Localized
    about: Localized
    object: str
    fields: tuple[str, ...]
    questions: Shape
    draft: Callable[[Mapping[str, Any]], dict[str, Any]]
