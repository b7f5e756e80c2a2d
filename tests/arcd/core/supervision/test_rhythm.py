"""Panels that poll in a rhythm leave the same pauses again and again: none of them is a loss of our own link."""

from __future__ import annotations

from arcd.core.supervision.ownlink import NS, OwnLink

INTERVAL_S, SHORTEST_S = 50, 145.0
# Twenty panels whose polls happen to come together: nothing for 15 seconds in every 50.
PHASES = (*range(0, 18), 33, 34)


def heard_until(link: OwnLink, begins: int, ends: int) -> list[tuple[int, str]]:
    """What it says, second by second."""
    said = []
    for second in range(begins, ends):
        for phase in PHASES:
            if second % INTERVAL_S == phase:
                link.hear(second * NS)
        what = link.look(second * NS, paths=len(PHASES), interval_s=INTERVAL_S, shortest_s=SHORTEST_S)
        if what is not None:
            said.append((second, what))
    return said


def test_the_pauses_of_a_rhythm_are_no_loss() -> None:
    link = OwnLink()
    link.begin(0)
    assert heard_until(link, 0, 3600) == []


def test_nor_are_they_after_it_was_lost() -> None:
    link = OwnLink()
    link.begin(0)
    heard_until(link, 0, 600)
    lost = [
        (second, what)
        for second in range(600, 900)
        if (what := link.look(second * NS, paths=20, interval_s=INTERVAL_S, shortest_s=SHORTEST_S))
    ]
    assert [what for _, what in lost] == ["lost"]
    assert lost[0][0] - 585 <= SHORTEST_S / 2, "known before any path is blamed"
    assert [what for _, what in heard_until(link, 900, 4500)] == ["back"]
