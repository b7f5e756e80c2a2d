"""Looking costs by what has fallen silent; what was found once comes again only if its fact was lost."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from arcd.core.facts import DaemonTroubled
from arcd.core.site import Account, Site, System, TransmissionPath
from arcd.core.supervision import watch as module
from arcd.core.supervision.looking import look
from arcd.core.supervision.model import PathFault
from arcd.core.supervision.ownlink import PATHS_MIN
from arcd.core.supervision.paths import SupervisedPath, paths_of
from arcd.core.supervision.watch import AGAIN_S, SILENT_MAX, Watch

NS = 1_000_000_000
START = 1_772_625_600 * NS


def path(number: int, category: str = "SP4", interval_s: float | None = 40.0) -> SupervisedPath:
    system = System(
        id=f"s{number}", kind="fire", accounts=(Account(number=f"{number}"),), category=category,
        paths=(TransmissionPath(id="ip", interval_s=interval_s),),
    )  # fmt: skip
    (made,) = paths_of(Site(id="S", name="S", systems=(system,)), system)
    return made


def key(number: int) -> str:
    return f"S/s{number}/ip"


def watching(count: int, **kind: object) -> Watch:
    watch = Watch()
    for number in range(count):
        watch.put(path(number, **kind), START)  # type: ignore[arg-type]  # – category and interval
    watch.begin(START)
    for number in range(count):
        watch.hear(key(number), START + number * NS // 1000)
    return watch


class Counted(OrderedDict):  # type: ignore[type-arg]  # – a line, and how much of it was looked at
    steps = 0

    def __iter__(self):  # type: ignore[no-untyped-def]
        for each in super().__iter__():
            Counted.steps += 1
            yield each


@pytest.mark.parametrize("silent", [0, 1, 50])
@pytest.mark.parametrize("count", [100, 10_000])
def test_a_look_walks_past_no_path_that_is_up(count: int, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OrderedDict", Counted)
    watch = watching(count)
    for number in range(silent, count):
        watch.hear(key(number), START + 60 * NS)
    Counted.steps = 0
    found = watch.take_silent(START + 135 * NS)
    assert set(found) == {key(number) for number in range(silent)}
    assert Counted.steps <= silent + 1


def test_no_more_than_a_step_can_take_and_the_rest_with_the_next_look() -> None:
    watch = watching(SILENT_MAX + 10)
    now = START + 1000 * NS
    assert [len(watch.take_silent(now)), len(watch.take_silent(now)), len(watch.take_silent(now))] == [
        SILENT_MAX,
        10,
        0,
    ]


def test_what_no_step_took_comes_again() -> None:
    watch = watching(1)
    now = START + 200 * NS
    assert set(watch.take_silent(now)) == {key(0)}
    assert not watch.take_silent(now + int((AGAIN_S - 1) * NS))
    assert watch.take_silent(now + int((AGAIN_S + 1) * NS)) == {key(0): START}
    watch.follow(key(0), PathFault(since=START, detected_at=now))
    assert not watch.take_silent(now + int(1e6 * NS)), "a step has taken it"


def test_how_they_stand_by_category() -> None:
    watch = watching(5)
    watch.put(path(7, "SP2"), START)
    watch.follow(key(0), PathFault(since=START, detected_at=START, confirmed_at=START))
    for number in range(1, 4):
        watch.hear(key(number), START + 120 * NS)
    counts = watch.counts(START + 125 * NS)
    assert {state: counts["SP4", state] for state in ("up", "late", "failed", "unknown")} == {
        "up": 3, "late": 1, "failed": 1, "unknown": 0,
    }  # fmt: skip
    assert (counts["SP2", "unknown"], counts["SP2", "up"]) == (1, 0)
    watch.remove(key(0))
    watch.remove(key(7))
    counts = watch.counts(START + 125 * NS)
    assert (counts["SP4", "failed"], counts["SP2", "unknown"]) == (0, 0)


def test_the_journal_gets_one_instant_for_the_quick_ones_and_each_of_the_slow_ones_now_and_then() -> None:
    watch = watching(3)
    watch.put(path(9, "SP2", None), START)
    watch.hear(key(9), START + 5 * NS)
    assert watch.take_floors() == {"130": START}
    assert watch.take_exact() == {key(9): START + 5 * NS}
    watch.hear(key(9), START + 600 * NS)
    assert watch.take_exact() == {}, "ten minutes of twenty-five hours are no news"
    watch.hear(key(9), START + 10_000 * NS)
    assert watch.take_exact() == {key(9): START + 10_000 * NS}


def test_a_clock_that_is_set_moves_what_was_heard() -> None:
    watch = watching(2)
    watch.shift(3600 * NS)
    assert watch.heard_at(key(0)) == START + 3600 * NS
    watch.begin(START + 3600 * NS)
    assert not watch.take_silent(START + 3700 * NS)
    assert len(watch.take_silent(START + 3735 * NS)) == 2


def test_a_path_nobody_watches_is_nobodys_frame() -> None:
    watch = watching(1)
    watch.hear("S/other/ip", START)
    watch.remove("S/other/ip")
    watch.follow("S/other/ip", None)
    assert watch.heard_at("S/other/ip") == 0


def test_our_own_link_is_lost_for_longer_than_any_path_may_be_silent_and_nobody_is_blamed() -> None:
    watch, said = watching(PATHS_MIN), []
    for second in range(900):
        now = START + second * NS
        if not 300 <= second < 500:
            watch.hear(key(second % PATHS_MIN), now)
        for fact in look(watch, now):
            assert isinstance(fact, DaemonTroubled)
            said.append((fact.code, fact.detail, fact.cleared))
            watch.begin(fact.at)  # as the step does
    assert said == [
        ("uplink_lost", "64 frames a minute before", False),
        ("uplink_lost", "frames come again", True),
    ]
