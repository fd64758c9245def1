"""The demo ERP, as a page: sell, receive, refuse an order, go down, come back. Exists in the demo only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from demo.company import (
    SHOWCASE,
    CompanyError,
    accept,
    come_back,
    go_down,
    is_down,
    orders,
    receive,
    refusal_reason,
    refuse_next,
    sell,
    stock,
)
from demo.services.prepare import erp_path

LATEST_ORDERS = 8


def _demo_only() -> Path:
    if not settings.BATON_DEMO:
        raise Http404
    return erp_path()


@login_required
@never_cache
@require_safe
def company_page(request: HttpRequest) -> HttpResponse:
    """What the ERP holds, with its levers."""
    path = _demo_only()
    down = is_down(path)
    levels = [] if down else stock(path)
    shown = sorted(
        levels, key=lambda each: (each.on_hand >= each.reorder_level, each.id != "@".join(SHOWCASE[:2]))
    )
    return render(
        request,
        "demo/company.html",
        {
            "down": down,
            "refusing": None if down else refusal_reason(path),
            "levels": [
                {
                    "level": each,
                    "name": each.product_name
                    if request.LANGUAGE_CODE.startswith("zh")
                    else each.product_name_en,
                    "low": each.on_hand < each.reorder_level,
                    "crossing": max(int(each.on_hand - each.reorder_level) + 1, 1),
                }
                for each in shown
            ],
            "orders": [] if down else orders(path)[:LATEST_ORDERS],
        },
    )


def _sell(path: Path, data: Any) -> str:
    sale = sell(path, data["item"], data["warehouse"], _quantity(data))
    return _("Sold %(count)s × %(item)s from %(warehouse)s: %(left)s left.") % {
        "count": sale.quantity,
        "item": sale.product_code,
        "warehouse": sale.warehouse,
        "left": format(sale.on_hand.normalize(), "f"),
    }


def _receive(path: Path, data: Any) -> str:
    receipt = receive(path, data["item"], data["warehouse"], _quantity(data))
    return _("Received %(count)s × %(item)s: %(left)s on hand.") % {
        "count": receipt.quantity,
        "item": receipt.product_code,
        "left": format(receipt.on_hand.normalize(), "f"),
    }


def _quantity(data: Any) -> int:
    text = str(data.get("quantity", "")).strip()
    if not text.isdecimal() or len(text) > 9:
        raise CompanyError(_("The quantity must be a whole number."))
    return int(text)


def _refuse(path: Path, data: Any) -> str:
    refuse_next(path, str(data.get("reason") or _("The supplier is on credit hold"))[:200])
    return _("The ERP will refuse the next order.")


def _accept(path: Path, data: Any) -> str:
    accept(path)
    return _("The ERP takes orders again.")


def _down(path: Path, data: Any) -> str:
    go_down(path)
    return _("The ERP is down. Answers given now are carried out when it is back.")


def _up(path: Path, data: Any) -> str:
    come_back(path)
    return _("The ERP is back.")


ACTS: dict[str, Callable[[Path, Any], str]] = {
    "sell": _sell,
    "receive": _receive,
    "refuse": _refuse,
    "accept": _accept,
    "down": _down,
    "up": _up,
}


@login_required
@require_POST
def company_act(request: HttpRequest, act: str) -> HttpResponseBase:
    """Pull one lever."""
    path = _demo_only()
    if act not in ACTS:
        raise Http404
    try:
        messages.success(request, ACTS[act](path, request.POST))
    except (CompanyError, KeyError) as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("demo-company"))
