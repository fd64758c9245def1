"""The person's own page of messenger accounts: which are linked, and a one-time code to link another."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from inbox.views import staff_page
from kernel.errors import BatonError
from permissions.models import Identity, IdentityState, User
from permissions.services.linking import code_make, connections_linkable


@staff_page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def accounts_page(request: HttpRequest) -> HttpResponse:
    """A code stands on the page that made it and nowhere else."""
    user = cast(User, request.user)
    code = error = asked = ""
    if request.method == "POST":
        asked = request.POST.get("connection", "")
        try:
            code = code_make(user, int(asked) if asked.isdecimal() and len(asked) < 19 else 0)
        except BatonError as refusal:
            error = refusal.message
    linked = dict(
        Identity.objects.filter(user=user, state=IdentityState.ACTIVE).values_list(
            "connection_id", "external_id"
        )
    )
    lines = [
        {
            "connection": each,
            "account": linked.get(each.pk, ""),
            "code": code if str(each.pk) == asked else "",
        }
        for each in connections_linkable()
    ]
    return render(
        request, "inbox/accounts.html", {"lines": lines, "error": error}, status=400 if error else 200
    )
