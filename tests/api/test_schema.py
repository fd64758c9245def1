"""The API is what its schema says: requests made up from it, valid and not, get answers that it names.

Seeded and bounded; a failure prints the request as a curl command.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from rest_framework.authtoken.models import Token
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from messaging.services.emergency import emergency_open
from permissions.models import Grant
from permissions.services.signing import signature_sign
from tests.api.conftest import written
from tests.company import DemoCompany
from workflows.models import Rule, Run, Step
from workflows.services.bulk import bulk_start
from workflows.services.letters import Replay

pytestmark = pytest.mark.database
EXAMPLES = 6
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def wsgi() -> Iterator[WSGIHandler]:
    """The site as a server runs it, but on the connection that holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield WSGIHandler()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_the_schema_is_valid(db: None, tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def _known(company: DemoCompany, path: str) -> dict[str, Any]:
    """Ids that exist, for the address `path`."""
    if "/catalogue/" in path:
        return {"connection": company.connection.pk, "object": "stock_level"}
    if "/inbox/" in path:
        return {"uid": str(company.interaction().uid)}
    if "/dead-letters/" in path:
        return {"id": bulk_start(company.user("auditor"), "replay", [("step", 1)], Replay()).pk}
    if "/signatures/" in path:
        owner = company.user("owner")
        return {"id": signature_sign(owner, owner, "stock_level", "cost", None).pk}
    if "/emergency/" in path:
        reason = "The stock count does not add up."
        return {"id": emergency_open(company.user("it"), ["stock_level"], [], reason, 30).pk}
    if "/grants/" in path:
        return {"id": Grant.objects.latest("pk").pk}
    model: Any = {"connections": None, "rules": Rule, "events": Run, "runs": Run, "steps": Step}[
        path.strip("/").split("/")[2]
    ]
    row: Any = company.connection if model is None else model.objects.get()
    known = {"id": row.event_id if "/events/" in path else row.pk}
    return {**known, "number": 1} if "{number}" in path else known


def _requests(operation: Any, company: DemoCompany, mode: GenerationMode) -> Any:
    """Made-up requests; None where nothing about one can be wrong.

    Ids are real, unless the id is all that can be wrong.
    """
    inputs = len(operation.body) + len(operation.query)
    if mode is GenerationMode.NEGATIVE and not inputs:
        return operation.as_strategy(generation_mode=mode) if "{" in operation.path else None
    known = _known(company, operation.path) if "{" in operation.path else None
    return operation.as_strategy(generation_mode=mode, path_parameters=known)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("login", ["auditor", "buyer"])
def test_every_answer_is_one_the_schema_names(
    company: DemoCompany, wsgi: WSGIHandler, login: str, mode: GenerationMode
) -> None:
    """The auditor may read all and change nothing; the buyer may answer one card and is refused the rest."""
    company.sell()
    token = Token.objects.create(user=company.user(login))
    headers = {"Authorization": f"Token {token.key}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", wsgi)
    checks = CHECKS + ([negative_data_rejection] if mode is GenerationMode.NEGATIVE else [])
    tried = 0
    found: Any
    for found in schema.get_all_operations():
        requests = _requests(found.ok(), company, mode)
        if requests is None:
            continue

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=requests)
        def ask(case: Case[Any]) -> None:
            nonlocal tried
            tried += 1
            with transaction.atomic(), CaptureQueriesContext(connection) as caught:
                response = case.call(headers=headers)
                transaction.set_rollback(True)
            case.validate_response(response, checks=checks, headers=headers)
            if response.status_code >= 400 and not case.path.endswith(("/answer/", "/reply/")):
                assert written(caught) == []

        ask()
    assert tried > 100
