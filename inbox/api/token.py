"""`token/`: a name and a password for a token. Failed tries are counted with those of the login page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, user_logged_in
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, read
from inbox.api.schema import ErrorAnswer
from kernel.audit import audit_record


class TokenRequest(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=200, trim_whitespace=False, style={"input_type": "password"})


class TokenShown(serializers.Serializer[Any]):
    token = serializers.CharField()


class TokenTake(ApiView):
    """A switched-off account is told no more than a wrong password."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        request=TokenRequest,
        responses={200: TokenShown, 429: ErrorAnswer},
        auth=[],
        summary="A token, to be sent as `Authorization: Token …`",
        examples=[OpenApiExample("Buyer", {"username": "buyer", "password": "…"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        body = read(TokenRequest, request.data)
        # The wrapper, not Django's request: a lock-out is answered here as JSON, not by a middleware's page.
        asked: Any = request
        user = authenticate(asked, **body.validated_data)
        if user is None and getattr(request, "axes_locked_out", False):
            wait = round(float(settings.AXES_COOLOFF_TIME) * 3600)
            raise Throttled(wait, _("Too many failed tries. Try again later."))
        if user is None:
            raise AuthenticationFailed(_("The user name or the password is wrong."))
        user_logged_in.send(sender=user.__class__, request=asked, user=user)
        token, created = Token.objects.get_or_create(user=user)
        if created:
            audit_record(user, "token.made", user)
        return Response({"token": token.key})

    def get_authenticate_header(self, request: Request) -> str:
        return "Token"
