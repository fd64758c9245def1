"""Liquid templates of messages: plain dicts in, plain text out, bounded in every direction."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from liquid import Environment
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from kernel.errors import ConfigError

MOST_SOURCE = 4_000
MOST_OUTPUT = 20_000


class BoundedEnvironment(Environment):
    """Limits for templates written by people we do not know."""

    context_depth_limit = 10
    loop_iteration_limit = 1_000
    local_namespace_limit = 2_000
    output_stream_limit = MOST_OUTPUT


_environment = BoundedEnvironment(autoescape=False)


@lru_cache(maxsize=2_000)
def _parsed(source: str) -> BoundTemplate:
    if len(source) > MOST_SOURCE:
        raise ConfigError(_("A text may have at most %(most)d characters.") % {"most": MOST_SOURCE})
    try:
        return _environment.from_string(source)
    except LiquidError as error:
        raise ConfigError(_("The text has a mistake: %(reason)s") % {"reason": str(error)}) from error


@lru_cache(maxsize=2_000)
def template_fields(source: str) -> frozenset[str]:
    """The fields of the record a text reads. Raises ConfigError when the template does not parse."""
    if "{" not in source:
        return frozenset()
    paths = (path.split(".") for path in _parsed(source).global_variable_paths())
    return frozenset(path[1] for path in paths if len(path) > 1 and path[0] == "record")


def template_check(source: str) -> None:
    """Raises ConfigError when the template does not parse."""
    _parsed(source)


def template_render(source: str, data: Mapping[str, Any]) -> str:
    """Raises ConfigError when the template does not parse or exceeds a limit."""
    if "{" not in source:
        return source
    template = _parsed(source)
    try:
        return template.render(**data)
    except LiquidError as error:
        raise ConfigError(
            _("The text could not be filled in: %(reason)s") % {"reason": str(error)}
        ) from error
