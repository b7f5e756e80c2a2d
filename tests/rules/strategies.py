"""Signals, views and condition trees of every kind, in the words that conditions know."""

from __future__ import annotations

from hypothesis import strategies as st

from protocols.signals import Category, Qualifier, Scheme, Signal
from rules.model import SiteView, View, ZoneView

words = st.sampled_from(["a", "b", "shop", "home", "high_risk", "erc_connected", "guard", "yard", "vault"])
addresses = st.none() | st.sampled_from(["0", "1", "003", "12", "x7"])

signals = st.builds(
    Signal,
    scheme=st.sampled_from(Scheme),
    code=st.sampled_from(["BA", "FA", "HA", "130", "110", "GA", "CI", "OP", "undecided", "link_overdue", "zz"]),
    category=st.sampled_from(Category),
    qualifier=st.sampled_from(Qualifier),
    family=st.sampled_from(["", "BA", "OPEN"]),
    area=addresses,
    zone=addresses,
    user=addresses,
    text=st.none() | st.sampled_from(["Front door", "ovi", ""]),
)

sites = st.builds(
    SiteView,
    id=st.sampled_from(["S-1", "S-2", "a"]),
    kind=words,
    groups=st.lists(words, max_size=3).map(tuple),
    tags=st.lists(words, max_size=3).map(tuple),
    services=st.lists(words, max_size=2).map(tuple),
)

views = st.builds(
    View,
    site=st.none() | sites,
    zone=st.none()
    | st.builds(
        ZoneView,
        number=st.sampled_from(["1", "003"]),
        name=words,
        kind=words,
        tags=st.lists(words, max_size=2).map(tuple),
    ),
    system_kind=st.sampled_from(["", "fire", "intrusion"]),
    armed=st.none() | st.booleans(),
    verification=st.integers(0, 4),
    open_categories=st.frozensets(st.sampled_from(Category), max_size=3),
    weekday=st.integers(0, 6),
    minute=st.integers(0, 1439),
    is_holiday=st.booleans(),
)

category_names = st.sampled_from([str(category) for category in Category])

leaves = st.one_of(
    st.fixed_dictionaries({"signal.category": category_names | st.lists(category_names, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"signal.category": st.fixed_dictionaries({"not": category_names})}),
    st.fixed_dictionaries({"signal.qualifier": st.sampled_from(["new", "restore", "status"])}),
    st.fixed_dictionaries({"signal.life_safety": st.booleans()}),
    st.fixed_dictionaries({"signal.code": st.sampled_from(["BA", "fa", 130])}),
    st.fixed_dictionaries({"signal.zone": st.sampled_from([1, "03", {"at_least": 2}, {"not": 3}])}),
    st.fixed_dictionaries({"site.tags": words | st.fixed_dictionaries({"not": words})}),
    st.fixed_dictionaries({"site.kind": words | st.fixed_dictionaries({"matches": st.just("*o*")})}),
    st.fixed_dictionaries({"zone.kind": words}),
    st.fixed_dictionaries({"state.armed": st.booleans() | st.just("unknown")}),
    st.fixed_dictionaries({"state.verification": st.fixed_dictionaries({"at_least": st.integers(0, 4)})}),
    st.fixed_dictionaries({"state.open_categories": category_names}),
    st.fixed_dictionaries({"time.weekday": st.sampled_from(["mon", "sun"])}),
    st.fixed_dictionaries({"time.at": st.just({"between": ["22:00", "06:00"]})}),
    st.fixed_dictionaries({"time.holiday": st.booleans()}),
)


def _joined(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({"all": several}),
        st.fixed_dictionaries({"any": several}),
        st.fixed_dictionaries({"not": inner}),
    )


trees: st.SearchStrategy[object] = st.recursive(leaves, _joined, max_leaves=6)
