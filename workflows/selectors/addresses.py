"""The addresses rules on a connection may call."""

from __future__ import annotations

from kernel.text import Localized
from workflows.models import HttpAddress


def addresses_of(connection_id: int) -> dict[str, Localized]:
    """Short name → name."""
    found = HttpAddress.objects.filter(connection_id=connection_id, active=True)
    return {slug: Localized(name, name) for slug, name in found.values_list("slug", "name")}
