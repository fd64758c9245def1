"""What a generated company is: people with roles and grants, and what happens in it, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

PEOPLE = ("ann", "bob", "vera", "audit", "ida")
"""Two who are asked; one who is asked and reads the rule and the ledger; an auditor; an IT administrator."""

ASKED = ("ann", "bob", "vera")
READERS = ("vera", "audit", "ida")
SURFACES = (
    *("cards", "card", "hint", "hint_by_message", "errors", "forwarded_link", "seen"),
    *("events", "event", "event_by_key", "runs", "run", "trace", "deliveries", "ledger"),
    *("admin_events", "admin_event", "admin_search", "admin_runs", "admin_run", "admin_cards", "admin_card"),
    *("seen_by_others", "rule_seen_by_others", "list_seen_by_others", "preview", "why"),
    *("review", "export", "digest"),
    *("admin_deliveries", "admin_delivery", "admin_dead_letters", "admin_overview"),
)


@dataclass(frozen=True)
class Granted:
    """One bundle. `holder` is a person or a role; a dimension with no values is not covered."""

    holder: str
    verbs: tuple[str, ...] = ("see", "answer")
    companies: tuple[str, ...] = ("*",)
    warehouses: tuple[str, ...] = ("*",)
    classes: tuple[str, ...] = ()
    expired: bool = False


@dataclass(frozen=True)
class Act:
    """`what`: post (item, company, warehouse), work, expire or revoke (number of a grant), leave, out (of the role),
    owner_out, answer (who)."""

    what: str
    who: str = ""
    item: int = 0
    company: str = "C1"
    warehouse: str = "EAST"
    number: int = 0


@dataclass(frozen=True)
class Case:
    grants: tuple[Granted, ...]
    acts: tuple[Act, ...]
    visits: tuple[tuple[str, str], ...]


def _some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


GRANTS = st.builds(
    Granted,
    holder=st.sampled_from([*PEOPLE, "Asked", "Asked"]),
    verbs=st.sampled_from([("see", "answer"), ("see",), ("told", "answer"), ("told",), ("answer",), ("see", "export")]),
    companies=_some("*", "C1", "C2"),
    warehouses=_some("*", "EAST", "WEST"),
    classes=st.sampled_from([(), (), ("cost",), ("*",)]),
    expired=st.sampled_from([False, False, False, True]),
)  # fmt: skip
PLACES = {"company": st.sampled_from(["C1", "C2", ""]), "warehouse": st.sampled_from(["EAST", "WEST"])}
POSTS = st.builds(Act, what=st.just("post"), item=st.integers(0, 1), **PLACES)
ACTS = st.one_of(
    POSTS,
    st.just(Act("work")),
    st.builds(Act, what=st.sampled_from(["expire", "revoke"]), number=st.integers(0, 3)),
    st.builds(Act, what=st.sampled_from(["leave", "out"]), who=st.sampled_from(PEOPLE)),
    st.builds(Act, what=st.just("answer"), who=st.sampled_from(ASKED)),
    st.just(Act("owner_out")),
)
VISITS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(SURFACES))
CASES = st.builds(
    lambda grants, first, acts, visits: Case(tuple(grants), (first, *acts), tuple(visits)),
    st.lists(GRANTS, min_size=1, max_size=4),
    POSTS,
    st.lists(ACTS, max_size=5),
    st.lists(VISITS, min_size=2, max_size=4, unique=True),
)
