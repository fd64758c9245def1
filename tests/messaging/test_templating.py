"""Texts of rules are templates of people we do not know: they read the record, nothing else, and end."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.errors import ConfigError
from messaging.templating import MOST_SOURCE, template_check, template_render

RECORD = {"product_code": "A", "on_hand": "92", "name": "<b>螺栓</b>"}


class Trap:
    """An object that must never be reached into."""

    secret = "hunter2"

    def __call__(self) -> str:
        return self.secret


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Low: {{ record.product_code }}", "Low: A"),
        ("{{ record.name }}", "<b>螺栓</b>"),
        ("{% if record.on_hand == '92' %}yes{% endif %}", "yes"),
        ("{{ record.missing }}|{{ nothing.at.all }}", "|"),
        ("{{ record.product_code | downcase }}", "a"),
        ("no braces", "no braces"),
        ("{ not a tag }", "{ not a tag }"),
    ],
)
def test_filled_in(source: str, text: str) -> None:
    assert template_render(source, {"record": RECORD}) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ record.__class__ }}",
        "{{ record.__class__.__mro__ }}",
        "{{ record['__class__'] }}",
        "{{ record.product_code.__class__ }}",
        "{{ record.trap.secret }}",
        "{{ record.keys }}",
        "{{ record.items }}",
        "{{ settings.SECRET_KEY }}",
        "{{ self }}",
        "{{ __import__ }}",
        "{{ request.user.password }}",
    ],
)
def test_nothing_but_the_values_is_reachable(source: str) -> None:
    text = template_render(source, {"record": {**RECORD, "trap": Trap()}})
    for word in ("hunter2", "class", "object", "import", "SECRET", "method"):
        assert word not in text


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in (1..100000) %}x{% endfor %}",
        "{% for a in (1..999) %}{% for b in (1..999) %}x{% endfor %}{% endfor %}",
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}",
        "{% include 'etc/passwd' %}",
        "{% render 'secrets' %}",
        "{% capture a %}{% for b in (1..900) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endcapture %}{{ a }}{{ a }}",
    ],
)
def test_what_never_ends_or_reads_files_is_refused(source: str) -> None:
    with pytest.raises(ConfigError):
        template_render(source, {"record": RECORD})


@pytest.mark.parametrize(
    "source",
    ["{{ record.on_hand", "{% if %}", "{% endfor %}", "{% nonsense %}", "x" * MOST_SOURCE + "{{ a }}"],
)
def test_a_mistake_is_told_when_the_rule_is_checked(source: str) -> None:
    with pytest.raises(ConfigError):
        template_check(source)


@pytest.mark.parametrize("value", ["{{ record.secret }}", "{% for a in (1..9) %}x{% endfor %}", "{{"])
def test_a_value_is_never_a_template(value: str) -> None:
    data: dict[str, Any] = {"record": {"name": value, "secret": "hunter2"}}
    assert template_render("{{ record.name }}", data) == value
