"""`manage.py demo …`: load the demo company and play with its ERP."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.company import SHOWCASE, CompanyError, accept, come_back, go_down, receive, refuse_next, sell
from demo.services.prepare import demo_prepare, erp_path, played
from kernel.errors import BatonError
from messaging.card import interaction_link
from messaging.models import Interaction


class Command(BaseCommand):
    help = "Load the demo company (prepare), or play with its ERP (sell, receive, refuse, accept, down, up, first)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        item, warehouse, quantity = SHOWCASE
        parser.add_argument(
            "act",
            choices=["prepare", "sell", "receive", "refuse", "accept", "down", "up", "first"],
            help=self.help,
        )
        parser.add_argument("--item", default=item)
        parser.add_argument("--warehouse", default=warehouse)
        parser.add_argument("--quantity", type=int, default=quantity)
        parser.add_argument("--reason", default="The supplier is on credit hold")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BATON_DEMO:
            raise CommandError("The demo company exists only with BATON_DEMO=1 (make run).")
        try:
            message = self._act(options)
        except (BatonError, CompanyError) as error:
            raise CommandError(str(error)) from error
        if message:
            self.stdout.write(message)

    def _act(self, options: dict[str, Any]) -> str:
        act, path = options["act"], erp_path()
        where = options["item"], options["warehouse"], options["quantity"]
        if act == "prepare":
            demo_prepare()
            return "The demo company is ready."
        if act == "first":
            return self._first()
        if act == "sell":
            sale = sell(path, *where)
            return f"Sold {where[2]} × {where[0]} from {where[1]}; {sale.on_hand} left."
        if act == "receive":
            receive(path, *where)
            return f"Received {where[2]} × {where[0]} in {where[1]}."
        if act == "refuse":
            refuse_next(path, options["reason"])
            return "The ERP will refuse the next order."
        if act == "accept":
            accept(path)
            return "The ERP takes orders again."
        if act == "down":
            go_down(path)
            return "The ERP is down."
        come_back(path)
        return "The ERP is back."

    def _first(self) -> str:
        """On the very first start: one sale, and the link of the card it causes."""
        if played():
            return ""
        item, warehouse, quantity = SHOWCASE
        sell(erp_path(), item, warehouse, quantity)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            card = Interaction.objects.filter(record__isnull=False).order_by("id").first()
            if card is not None:
                return f"A sale took {item} below its reorder level; the buyer was asked: {interaction_link(card)}"
            time.sleep(0.2)
        return f"Sold {quantity} × {item}; the card is on its way to the buyer's inbox."
