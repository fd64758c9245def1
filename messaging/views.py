"""Where messengers post what people did: stored before it is answered."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.ports.im import InboundRequest
from kernel import clock
from kernel.errors import AuthFailed, BatonError, ConfigError, NotFound, PermissionDenied, Rejected
from messaging.services.replies import inbound_take

MOST_BYTES = 262_144
STATUS: tuple[tuple[type[BatonError], int], ...] = (
    (AuthFailed, 401),
    (PermissionDenied, 403),
    (NotFound, 404),
    (Rejected, 400),
    (ConfigError, 503),
)


@csrf_exempt
@require_POST
def replies_take(request: HttpRequest, slug: str) -> JsonResponse:
    """`POST /replies/<connection>/`. 200 only after every reply in the body is committed.

    Any failure of ours is a 5xx, so that the vendor sends again; a reply that is already there is taken once.
    """
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return JsonResponse({"detail": _("At most %(most)d bytes.") % {"most": MOST_BYTES}}, status=413)
    inbound = InboundRequest(
        method="POST",
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.GET.dict(),
        body=body,
        received_at=clock.now(),
    )
    try:
        result = inbound_take(slug, inbound)
    except BatonError as error:
        status = next((number for kind, number in STATUS if isinstance(error, kind)), 503)
        headers = {"WWW-Authenticate": "Signature"} if status == 401 else {}
        return JsonResponse({"detail": error.message}, status=status, headers=headers)
    return JsonResponse(dict(result.body), status=result.status)
