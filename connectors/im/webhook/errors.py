"""What the receiver's answer means, in kernel errors; also an error inside a 200."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import BatonError, Rejected
from kernel.http import HttpResponse, status_raise

MAX_WORDS = 500


def answer_read(response: HttpResponse, secrets: Collection[str]) -> Mapping[str, Any]:
    """The JSON object of a 2xx answer, or {} when the receiver says nothing readable: any 2xx means taken.

    Raises Rejected for `{"ok": false, "error": …}` (or an `error` and no `ok`) inside a 2xx, else what the
    status means. `secrets` are blotted out of the receiver's words: some echo what they were sent.
    """
    body = _object(response)
    words = _words(body, secrets)
    status_raise(response, write=True, user_message=words)
    if body.get("ok") is False or ("ok" not in body and body.get("error")):
        raise Rejected(words or _("The receiver refused the message without saying why."))
    return body


def _object(response: HttpResponse) -> Mapping[str, Any]:
    try:
        body = response.json()
    except BatonError:
        return {}
    return body if isinstance(body, dict) else {}


def _words(body: Mapping[str, Any], secrets: Collection[str]) -> str:
    said = body.get("error") or body.get("message") or body.get("detail") or ""
    if isinstance(said, dict):
        said = said.get("message") or said.get("code") or ""
    text = " ".join(str(said).split())
    for secret in secrets:
        text = text.replace(secret, "•••")
    return text[:MAX_WORDS]
