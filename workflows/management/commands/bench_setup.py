"""`manage.py bench_setup --sink URL --rules N`: let bench/loadgen.py drive this installation."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.services.bench import bench_set_up


class Command(BaseCommand):
    help = "Prepare a connection, a recipient and N rules for bench/loadgen.py; replaces an earlier set-up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sink", required=True, help="address that takes the messages")
        parser.add_argument("--rules", type=int, default=1, help="how many published rules on the trigger")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rules"] < 1:
            raise CommandError("--rules must be at least 1.")
        url, token = bench_set_up(options["sink"], options["rules"])
        self.stdout.write(json.dumps({"url": url, "headers": [f"Authorization: Bearer {token}"]}))
