"""Playbooks for tests of the core: each is replayed at the end of its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

import pytest

from arcd.core import station
from rules.loader import Loaded, load
from tests.playbook import Playbook

Play = Callable[..., Playbook]


@cache
def _loaded(sources: tuple[tuple[str, str], ...]) -> Loaded:
    return load(dict(sources))


def load_once(sources: Mapping[str, str]) -> Loaded:
    """The same texts give the same rules; compiling them for every replay would be most of the time."""
    return _loaded(tuple(sorted(sources.items())))


@pytest.fixture(autouse=True, scope="session")
def _rules_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(station, "load", load_once)
        yield


@pytest.fixture
def playbook() -> Iterator[Play]:
    """`playbook(sites=…, sources=…)`; whatever the test told is replayed at its end."""
    opened: list[Playbook] = []

    def open_playbook(**scene: object) -> Playbook:
        opened.append(Playbook(**scene))  # type: ignore[arg-type]  # – passed on as they are
        return opened[-1]

    yield open_playbook
    for play in opened:
        play.end()
