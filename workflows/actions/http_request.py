"""Action: call an address that an administrator allowed, and keep what it answers.

    {"address": "credit-check", "method": "GET", "path": "customers/{customer}/score",
     "inputs": [{"name": "customer", "value": {"var": "record.customer_code"}}],
     "body": [{"name": "amount", "value": {"var": "record.amount"}}],
     "keep": [{"name": "score", "path": "data.score", "type": "decimal"}], "go_on": false}

`{name}` in `path` is filled from `inputs`, quoted; inputs that the path does not name go into the query. `body` becomes a JSON object
of texts. `result.status`, `result.ok` and what `keep` names can be read by later actions. An answer of 4xx is a refusal, unless the
rule goes on with it (`go_on`). Host, secret headers and time-out are the administrator's: see workflows/models/address.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.mapping import decimal_read, path_read
from kernel.text import Localized, localized
from workflows.actions.question import logic_problems
from workflows.actions.written import is_input, value_text
from workflows.blocks import (
    ActionBase,
    Done,
    HttpAnswer,
    HttpCall,
    Refused,
    RuleScope,
    StepContext,
    StepResult,
)
from workflows.conditions import FieldSpec, FieldType
from workflows.definition import Problem
from workflows.shapes import shape, shape_choice, shape_list, shape_object

METHODS = {each: Localized(each, each) for each in ("GET", "POST", "PUT", "PATCH", "DELETE")}
KINDS = {
    "text": (Localized("Text", "文本"), FieldSpec("", FieldType.TEXT)),
    "decimal": (Localized("Number", "数字"), FieldSpec("", FieldType.DECIMAL, decimals=6)),
    "boolean": (Localized("Yes or no", "是或否"), FieldSpec("", FieldType.BOOLEAN)),
}
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
PLACE = re.compile(r"\{(\w+)\}")
MOST_KEPT = 500
PAIRS = shape_object(
    ("name", "value"),
    name=shape("string", Localized("Name", "名称")),
    value=shape("", Localized("Value", "值"), editor="value"),
)


class HttpRequestAction(ActionBase):
    key = "http_request"
    label = Localized("Call an address", "HTTP 请求")
    params = shape_object(
        ("address", "method"),
        address=shape("string", Localized("Address", "地址"), editor="address"),
        method=shape_choice(Localized("Method", "方法"), METHODS, default="GET"),
        path=shape("string", Localized("Path", "路径")),
        inputs=shape_list(Localized("Values for path and query", "路径与查询参数"), PAIRS, editor="rows"),
        body=shape_list(Localized("Body (JSON)", "请求体（JSON）"), PAIRS, editor="rows"),
        keep=shape_list(
            Localized("Keep of the answer", "保留的返回值"),
            shape_object(
                ("name", "path"),
                name=shape("string", Localized("Name", "名称")),
                path=shape("string", Localized("Where in the answer", "在返回中的位置")),
                type=shape_choice(
                    Localized("Type", "类型"),
                    {key: label for key, (label, _spec) in KINDS.items()},
                    default="text",
                ),
            ),
            editor="rows",
        ),
        go_on=shape("boolean", Localized("Go on when it is refused", "被拒绝时继续")),
    )

    def unavailable(self, scope: RuleScope) -> Localized | None:
        if scope.addresses:
            return None
        return localized(
            gettext_noop("An administrator has to allow an address for rules on this connection first.")
        )

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        problems: list[Problem] = []
        if params.get("address") not in scope.addresses:
            words = _("Choose an address an administrator allowed for rules on this connection.")
            problems.append(Problem(f"{pointer}/address", "unknown_address", words))
        if params.get("method") not in METHODS:
            problems.append(Problem(f"{pointer}/method", "unknown", _("Choose a method.")))
        path = str(params.get("path") or "")
        names = [str(each.get("name")) for each in params.get("inputs", ())]
        if "://" in path or path.startswith("//") or ".." in path or "?" in path or "#" in path:
            words = _("A path has no host, no “..” and no query; values for the query are listed below.")
            problems.append(Problem(f"{pointer}/path", "path", words))
        for name in PLACE.findall(path):
            if name not in names:
                words = _("The path names “%(name)s”; give it a value.") % {"name": name}
                problems.append(Problem(f"{pointer}/path", "unfilled", words))
        for part in ("inputs", "body"):
            for index, each in enumerate(params.get(part, ())):
                where = f"{pointer}/{part}/{index}"
                if not each.get("name"):
                    problems.append(Problem(f"{where}/name", "missing", _("Give it a name.")))
                if each.get("value") is not None and not is_input(each["value"]):
                    problems += logic_problems(each["value"], scope, f"{where}/value", is_condition=False)
        for index, each in enumerate(params.get("keep", ())):
            if not NAME.fullmatch(str(each.get("name"))):
                words = _(
                    "A name begins with a small letter and has small letters, digits and underscores only."
                )
                problems.append(Problem(f"{pointer}/keep/{index}/name", "pattern", words))
            if not each.get("path"):
                words = _("Say where in the answer it stands, for example data.score.")
                problems.append(Problem(f"{pointer}/keep/{index}/path", "missing", words))
        return problems

    def gives(self, params: Mapping[str, Any]) -> Mapping[str, FieldSpec]:
        kept = params.get("keep", ())
        return {
            "status": FieldSpec("status", FieldType.INTEGER),
            "ok": FieldSpec("ok", FieldType.BOOLEAN),
            **{
                str(each.get("name")): KINDS.get(str(each.get("type")), KINDS["text"])[1]
                for each in (kept if isinstance(kept, list) else ())
                if isinstance(each, Mapping)
            },
        }

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        inputs = _pairs(params.get("inputs", ()), context)
        path = str(params.get("path") or "")
        used = set(PLACE.findall(path))
        missing = [name for name in used if not inputs.get(name)]
        if missing:
            text = gettext_noop("A value that the address needs is missing: %(names)s.")
            return Refused(localized(text, names=", ".join(sorted(missing))))
        method = str(params["method"])
        call = HttpCall(
            address=str(params["address"]),
            method=method,
            path=PLACE.sub(lambda found: quote(inputs[found[1]], safe=""), path),
            query={name: value for name, value in inputs.items() if name not in used},
            body=_pairs(params["body"], context) if params.get("body") and method != "GET" else None,
        )
        answer = context.call(call)
        if not answer.ok and not params.get("go_on"):
            text = gettext_noop("The address refused: it answered %(status)s.")
            return Refused(localized(text, status=answer.status))
        results = {"status": answer.status, "ok": answer.ok, **_kept(params.get("keep", ()), answer)}
        note = localized(gettext_noop("It answered %(status)s."), status=answer.status)
        return Done({"status": answer.status}, note=note, results=results)

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        values = {"address": params["address"], "method": params["method"]}
        return localized(gettext_noop("call “%(address)s” (%(method)s)"), **values)


def _pairs(rows: Any, context: StepContext) -> dict[str, str]:
    return {str(each["name"]): value_text(each.get("value"), context, context.record) or "" for each in rows}


def _kept(rows: Any, answer: HttpAnswer) -> dict[str, Any]:
    """What the answer says at each place; what is not there, or of another type, is not known."""
    try:
        body = json.loads(answer.body, parse_float=Decimal) if answer.body else {}
    except ValueError:
        body = {}
    found = {}
    for each in rows:
        value = _typed(path_read(body, str(each["path"])), str(each.get("type")))
        if value is not None:
            found[str(each["name"])] = value
    return found


def _typed(value: Any, kind: str) -> Any:
    if value is None or isinstance(value, dict | list):
        return None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "decimal":
        try:
            return format(round(decimal_read(value), 6), "f")
        except ValueError:
            return None
    return str(value)[:MOST_KEPT]


ACTION = HttpRequestAction()
