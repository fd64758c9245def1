"""Which fields a data owner has signed for whom and which messenger, for a page of people or a batch of messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from connectors.dictionary.types import FieldClass
from permissions.bundles import ALL
from permissions.models import Signature, User


@dataclass
class Signed:
    """The signatures in force that concern some people. Build one per operation, never keep it."""

    by_user: dict[int, list[Signature]] = field(default_factory=dict)

    def find(self, user_id: int, name: str, field_class: FieldClass, channel_id: int) -> Signature | None:
        """The signature that covers this; None where nobody signed it."""
        return next(
            (
                each
                for each in self.by_user.get(user_id, ())
                if each.object in (ALL, name)
                and each.field_class in (ALL, field_class.value)
                and each.channel_id in (None, channel_id)
            ),
            None,
        )


def signatures_load(user_ids: Collection[int], names: Iterable[str] | None = None) -> Signed:
    """Those held by these people or their roles, about these objects; two queries."""
    roles: dict[int, list[int]] = defaultdict(list)
    for user_id, group_id in User.objects.filter(pk__in=user_ids).values_list("pk", "groups"):
        if group_id is not None:
            roles[group_id].append(user_id)
    rows = Signature.objects.filter(ended_at__isnull=True)
    if names is not None:
        rows = rows.filter(object__in={ALL, *names})
    found: dict[int, list[Signature]] = defaultdict(list)
    wanted = set(user_ids)
    for each in rows.select_related("signed_by", "group").order_by("-pk"):
        if each.user_id is not None:
            holders = [each.user_id] if each.user_id in wanted else []
        else:
            holders = roles.get(each.group_id or 0, [])
        for holder in holders:
            found[holder].append(each)
    return Signed(found)
