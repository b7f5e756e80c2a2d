"""Finding the account behind a frame: as sent, within its namespace, the most particular entry first."""

from __future__ import annotations

import pytest

from arcd.core.directory import Directory, local_time
from arcd.core.site import Account, Site, System
from protocols.codec import Origin
from tests.playbook import NS, START


def site(site_id: str, *accounts: Account) -> Site:
    return Site(id=site_id, name=site_id, systems=(System(id="s", kind="intrusion", accounts=accounts),))


DIRECTORY = Directory(
    [
        site("any", Account(number="1001"), Account(number="00AB")),
        site("line", Account(number="1001", line="2")),
        site("both", Account(number="1001", line="2", receiver="5")),
        site("receiver", Account(number="1001", receiver="5")),
    ]
)


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        (Origin(account="1001"), "any"),
        (Origin(account="1001", line="0"), "any"),
        (Origin(account="1001", line="2"), "line"),
        (Origin(account="1001", line="02", receiver="5"), "both"),
        (Origin(account="1001", receiver="005"), "receiver"),
        (Origin(account="1001", receiver="6"), "any"),
        (Origin(account="00ab"), "any"),
        (Origin(account="AB"), None),  # leading zeros are part of an account number
        (Origin(account="01001"), None),
    ],
)
def test_the_most_particular_entry_answers(origin: Origin, found: str | None) -> None:
    entry = DIRECTORY.find(origin)
    assert (entry.site.id if entry else None) == found


def test_a_site_put_again_replaces_itself_and_a_removed_one_is_gone() -> None:
    directory = Directory([site("a", Account(number="1")), site("b", Account(number="1", line="7"))])
    directory.put(site("a", Account(number="2")))
    assert directory.find(Origin(account="1")) is None
    assert directory.find(Origin(account="1", line="7")) is not None
    directory.remove("b")
    directory.remove("b")
    assert directory.find(Origin(account="1", line="7")) is None
    assert [entry.key for entry in directory.of_site("a")] == ["*/*/2"]
    assert directory.of_site("b") == []


@pytest.mark.parametrize(
    ("after_s", "weekday", "minute", "is_holiday"),
    [
        (0, 2, 14 * 60, False),  # Wednesday 2026-03-04 14:00
        (10 * 3600 - 1, 2, 23 * 60 + 59, False),
        (10 * 3600, 3, 0, False),
        (30 * 86400, 4, 15 * 60, True),  # Good Friday 2026-04-03, and summer time
        (58 * 86400, 4, 15 * 60, True),  # the first of May
    ],
)
def test_the_sites_wall_clock(after_s: int, weekday: int, minute: int, is_holiday: bool) -> None:
    local = local_time("Europe/Helsinki", START + after_s * NS)
    assert (local.weekday, local.minute, local.is_holiday) == (weekday, minute, is_holiday)
