"""`manage.py rules export|import|validate|schema`: rules as JSON or YAML files, so that they can live in git."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from kernel.errors import BatonError
from permissions.models import User
from workflows.definition import DefinitionInvalid, Problem
from workflows.exchange_format import file_schema
from workflows.models import Rule
from workflows.services.exchange import FORMAT, rules_export, rules_import, rules_validate

YAML = (".yaml", ".yml")


class Command(BaseCommand):
    help = "Export rules to a file, import their drafts from one, check one, or print the JSON Schema of such files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["export", "import", "validate", "schema"])
        parser.add_argument(
            "file", nargs="?", type=Path, help="*.json, *.yaml or *.yml; export prints JSON without it"
        )
        parser.add_argument(
            "--key", action="append", default=[], help="export only this rule; may be repeated"
        )
        parser.add_argument(
            "--as", dest="username", help="whose rules they become, and whose rights are asked"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        act, path = options["act"], options["file"]
        try:
            if act == "schema":
                self.stdout.write(json.dumps(file_schema(FORMAT), ensure_ascii=False, indent=2))
            elif act == "export":
                self._export(path, options["key"])
            else:
                self._take(act, path, options["username"])
        except DefinitionInvalid as error:
            raise CommandError("\n".join(_line(each) for each in error.problems)) from error
        except BatonError as error:
            raise CommandError(str(error)) from error

    def _export(self, path: Path | None, keys: list[str]) -> None:
        rules = Rule.objects.select_related("connection", "current").prefetch_related("tags").order_by("key")
        if keys:
            rules = rules.filter(key__in=keys)
            missing = sorted(set(keys) - {rule.key for rule in rules})
            if missing:
                raise CommandError(f"There is no rule {', '.join(missing)}.")
        document = rules_export(rules)
        if path is None:
            self.stdout.write(_written(document, ".json"))
        else:
            path.write_text(_written(document, path.suffix), encoding="utf-8")

    def _take(self, act: str, path: Path | None, username: str | None) -> None:
        if path is None:
            raise CommandError("Name a file.")
        actor = User.objects.filter(username=username, is_active=True).first() if username else None
        if username and actor is None:
            raise CommandError(f"There is no active person “{username}”.")
        if actor is None:
            raise CommandError("Say for whom: --as USERNAME.")
        document = _read(path)
        if act == "validate":
            problems = rules_validate(document, actor)
            for each in problems:
                self.stdout.write(_line(each))
            if any(each.severity == "error" for each in problems):
                raise CommandError("These rules could not be published.")
            return
        for imported in rules_import(actor, document):
            self.stdout.write(f"{imported.key}: {imported.act}")
            for each in imported.problems:
                self.stdout.write(f"  {_line(each)}")


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.safe_load(text) if path.suffix in YAML else json.loads(text)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise CommandError(f"{path} is not readable: {error}") from error


def _written(document: Any, suffix: str) -> str:
    if suffix in YAML:
        return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _line(problem: Problem) -> str:
    return f"{problem.severity} {problem.pointer or '/'}: {problem.message}"
