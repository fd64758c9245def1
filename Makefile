# Two commands: `make run` (the demo) and `make test`.
SHELL := /bin/bash
.PHONY: run start install install-dev test chaos lint types check messages editor editor-check leaks bench

run: install
	@exec .venv/bin/python -m kernel.run demo

start: install
	@exec .venv/bin/python -m kernel.run production

install:
	@scripts/environment.sh requirements.txt

install-dev: install
	@scripts/environment.sh requirements-dev.txt

test: install-dev
	@.venv/bin/python -m pytest -n 2 --dist loadfile -q -m 'not long' tests

chaos: install-dev
	@.venv/bin/python -m pytest -q -o python_files='case_*.py' tests/chaos --table

bench: install-dev
	@.venv/bin/python -m bench.run

leaks: install-dev
	@LEAK_CASES=$${LEAK_CASES:-10000} .venv/bin/python -m pytest -q tests/leaks

lint: install-dev
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports

types: install-dev
	@BATON_DEMO=1 .venv/bin/mypy .

messages: install-dev
	@.venv/bin/python -m scripts.messages

check: lint types
	@BATON_DEMO=1 .venv/bin/python manage.py makemigrations --check --dry-run

editor:
	@scripts/editor.sh build

editor-check:
	@scripts/editor.sh check
