"""The API as the inbox page knows it, played from memory, so that the page can be tested by itself."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_protect

from kernel import clock

Card = dict[str, Any]
EN = {
    "title": "Stock below reorder level",
    "body": "M8 bolt, stainless (P-1001) in Shanghai is below its reorder level.",
    "onhand": "On hand", "level": "Reorder level", "incoming": "Incoming",
    "item": "Item", "warehouse": "Warehouse",
    "supplier": "Supplier", "suggested": "Suggested quantity", "price": "Unit price",
    "item_value": "P-1001 · M8 bolt, stainless", "warehouse_value": "SH · Shanghai main warehouse",
    "supplier_value": "Ningbo Fasteners Co., Ltd.", "create": "Create PO", "not_now": "Not now",
    "quantity": "Quantity",
    "done": "PO-2043 created by Li Wei at 22 Nov, 10:41",
    "working": "The purchase order is being made in the ERP…",
    "failed": "The ERP refused: unknown supplier S-99. Correct the supplier there, then play the step again.",
    "taken": "Already decided by Wang Fang: Not now.",
    "unclear": "“%s” was not understood. Try “order 200” or “not now”.",
    "changed": "The price changed after this card was sent.", "zero": "Must be greater than 0.",
    "check": "Please correct the marked value.", "expired": "Nobody answered until 21 Nov, 18:00.",
}  # fmt: skip
ZH = {
    "title": "库存低于再订货点",
    "body": "上海主仓的 M8 不锈钢螺栓（P-1001）已低于再订货点。",
    "onhand": "现有库存", "level": "再订货点", "incoming": "在途", "item": "物料", "warehouse": "仓库",
    "supplier": "供应商", "suggested": "建议数量", "price": "单价",
    "item_value": "P-1001 · M8 不锈钢螺栓", "warehouse_value": "SH · 上海主仓",
    "supplier_value": "宁波紧固件有限公司", "create": "下采购单", "not_now": "暂不", "quantity": "数量",
    "done": "PO-2043 由李伟于 11月22日 10:41 创建", "working": "正在 ERP 中生成采购单……",
    "failed": "ERP 拒绝：未知供应商 S-99。请在 ERP 中更正供应商，然后重放该步骤。",
    "taken": "王芳已处理：暂不。", "unclear": "无法理解“%s”。可以输入“下单 200”或“暂不”。",
    "changed": "此卡片发出后价格已变动。", "zero": "必须大于 0。", "check": "请更正标出的值。",
    "expired": "截至 11月21日 18:00 无人处理。",
}  # fmt: skip


class CardBox:
    """The cards of everybody. While `fault` is set, it answers instead: a function of the request."""

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.fault: Callable[[HttpRequest], HttpResponseBase | None] | None = None

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]

    def words(self) -> dict[str, str]:
        return ZH if get_language() == "zh-hans" else EN

    def add(
        self, state: str = "open", *, minutes_ago: int = 0, card_id: str | None = None, **changes: Any
    ) -> str:
        key = card_id or str(uuid.uuid4())
        created_at = clock.now() - dt.timedelta(minutes=minutes_ago)
        self.cards[key] = {"id": key, "version": 1, "state": state, "created_at": created_at.isoformat(),
                           "seen": False, "on_hand": "80", "price": "¥ 1.20", "text": "", "notice": "",
                           "confirm": "", "quantity": "200", "quantity_type": "integer",
                           **changes}  # fmt: skip
        return key

    def set(self, key: str, **changes: Any) -> None:
        self.cards[key] = {**self.cards[key], "version": self.cards[key]["version"] + 1, **changes}

    def shown(self, key: str) -> Card:
        """The card as the API gives it, in the reader's language."""
        card, words = self.cards[key], self.words()
        values = {
            "onhand": card["on_hand"], "level": "120", "suggested": "200", "item": words["item_value"],
            "warehouse": words["warehouse_value"], "incoming": "0", "supplier": words["supplier_value"],
            "price": card["price"],
        }  # fmt: skip
        quantity = {
            "name": "quantity",
            "label": words["quantity"],
            "type": card["quantity_type"],
            "value": card["quantity"],
        }
        buttons = [
            {"key": "create_po", "label": words["create"], "style": "primary", "confirm": card["confirm"],
             "inputs": [quantity], "replies": ["order {quantity}", "下单 {quantity}"]},
            {"key": "not_now", "label": words["not_now"], "style": "secondary", "confirm": "", "inputs": [],
             "replies": ["not now", "暂不"]},
        ]  # fmt: skip
        default = {"decided": "done", "working": "working", "failed": "failed", "expired": "expired"}
        return {
            "id": key, "version": card["version"], "title": words["title"], "body": words["body"],
            "fields": [
                {"name": name, "label": words[name], "value": value,
                 "emphasis": name in ("onhand", "level", "suggested")}
                for name, value in values.items()
            ],
            "state": card["state"],
            "state_text": words.get(card["text"] or default.get(card["state"], ""), ""),
            "buttons": copy.deepcopy(buttons) if card["state"] == "open" else [],
            "created_at": card["created_at"], "seen": card["seen"], "notice": card["notice"],
        }  # fmt: skip

    def decide(self, key: str, button: str, inputs: dict[str, str], version: int | None) -> JsonResponse:
        card, words = self.cards[key], self.words()
        if card["state"] != "open":
            return JsonResponse({"detail": words["taken"], "card": self.shown(key)}, status=409)
        if version is not None and version < card["version"] and card.get("material"):
            difference = {
                "name": "price",
                "label": words["price"],
                "before": "¥ 1.20",
                "after": card["price"],
            }
            body = {"detail": words["changed"], "changed": [difference], "card": self.shown(key)}
            return JsonResponse(body, status=409)
        if button == "create_po" and int(inputs.get("quantity", "0")) <= 0:
            return JsonResponse(
                {"detail": words["check"], "errors": {"quantity": [words["zero"]]}}, status=400
            )
        self.set(key, state="decided", text="done" if button == "create_po" else "taken")
        return JsonResponse({"card": self.shown(key)})


box = CardBox()


def _api(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @csrf_protect
    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return JsonResponse({"detail": "Authentication credentials were not provided."}, status=401)
        body = json.loads(request.body) if request.method == "POST" else None
        box.calls.append((str(request.method), request.path, body))
        fault = box.fault(request) if box.fault else None
        if fault is not None:
            return fault
        card = kwargs.get("card")
        if card is not None and str(card) not in box.cards:
            return JsonResponse({"detail": "Not found."}, status=404)
        return view(request, body, **({"key": str(card)} if card else {}))

    return answered


@_api
def cards_list(request: HttpRequest, body: Any) -> HttpResponseBase:
    shown = sorted(
        (box.shown(key) for key in box.cards), key=lambda card: str(card["created_at"]), reverse=True
    )
    tag = f'"{hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304)
    return JsonResponse(shown, safe=False, headers={"ETag": tag})


@_api
def card_detail(request: HttpRequest, body: Any, key: str) -> HttpResponseBase:
    return JsonResponse(box.shown(key))


@_api
def card_answer(request: HttpRequest, body: Any, key: str) -> HttpResponseBase:
    return box.decide(key, body["button"], body["inputs"], body["version"])


@_api
def card_reply(request: HttpRequest, body: Any, key: str) -> HttpResponseBase:
    text = str(body["text"])
    for word in ("order ", "下单 "):
        if text.startswith(word):
            return box.decide(key, "create_po", {"quantity": text.removeprefix(word)}, None)
    if text in ("not now", "暂不"):
        return box.decide(key, "not_now", {}, None)
    return JsonResponse({"detail": box.words()["unclear"] % text}, status=400)


@_api
def cards_seen(request: HttpRequest, body: Any) -> HttpResponseBase:
    for key in body["ids"]:
        box.cards[key]["seen"] = True
    return HttpResponse(status=204)


urlpatterns = [
    path("", cards_list),
    path("seen/", cards_seen),
    path("<uuid:card>/", card_detail),
    path("<uuid:card>/answer/", card_answer),
    path("<uuid:card>/reply/", card_reply),
]
