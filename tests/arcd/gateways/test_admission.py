"""Who gets a place, and whose flood it is."""

from __future__ import annotations

from arcd.gateways.admission import STRANGERS_FAIR_MAX, STRANGERS_PART, Admission, Shares


class Caller:
    def __init__(self, hall: Admission, source: str) -> None:
        self.hall = hall
        self.source = source
        self.is_out = False

    def turn_out(self) -> None:
        self.hall.dismiss(self)
        self.is_out = True


class Hall:
    def __init__(self, places_max: int, per_source_max: int = 1_000_000) -> None:
        self.refused: list[str] = []
        self.admission = Admission(places_max=places_max, per_source_max=per_source_max, refused=self.refused.append)

    def call(self, source: str) -> Caller | None:
        caller = Caller(self.admission, source)
        return caller if self.admission.admit(caller, is_known=False) else None

    def calls(self, source: str, count: int) -> list[Caller]:
        return [caller for _ in range(count) if (caller := self.call(source)) is not None]


def test_a_flood_of_strangers_leaves_room_for_panels_and_displaces_itself() -> None:
    hall = Hall(400)
    panels = hall.calls("panels", 100)
    for panel in panels:
        hall.admission.recognise(panel)
    flood = hall.calls("flood", 10_000)
    assert len(flood) == 10_000, "each is let in, and turned out by the ones behind it"
    assert not any(panel.is_out for panel in panels)
    assert len(hall.admission.guests) == 100 + 400 // STRANGERS_PART
    assert sum(not caller.is_out for caller in flood) == 400 // STRANGERS_PART
    assert set(hall.refused) == {"strangers"}


def test_a_panel_that_calls_during_the_flood_is_not_turned_out_by_it() -> None:
    hall = Hall(400)
    hall.calls("flood", 1_000)
    panel = hall.call("panel")
    assert panel is not None
    hall.calls("flood", 1_000)
    assert not panel.is_out, "the source with a crowd makes room itself"
    hall.admission.recognise(panel)
    hall.calls("flood", 1_000)
    assert not panel.is_out


def test_from_many_sources_the_oldest_stranger_goes() -> None:
    hall = Hall(20)
    first = hall.call("source 0")
    assert first is not None
    for number in range(1, 10):
        hall.call(f"source {number}")
    assert not first.is_out
    hall.call("source 10")
    assert first.is_out
    assert STRANGERS_FAIR_MAX > 1


def test_where_panels_have_every_place_the_next_one_is_refused() -> None:
    hall = Hall(2)
    for panel in hall.calls("panels", 2):
        hall.admission.recognise(panel)
    assert len(hall.admission.guests) == 1, "strangers have half of the places, so that one of two was turned out"
    last = hall.call("panels")
    assert last is not None
    hall.admission.recognise(last)
    assert hall.call("panels") is None
    assert hall.refused[-1] == "connections"
    hall.admission.dismiss(last)
    assert hall.call("panels") is not None


def test_a_source_at_its_limit_lets_its_own_strangers_go_first() -> None:
    hall = Hall(100, per_source_max=2)
    stranger, panel = hall.calls("gateway", 2)
    hall.admission.recognise(panel)
    later = hall.call("gateway")
    assert later is not None
    assert stranger.is_out
    hall.admission.recognise(later)
    assert hall.call("gateway") is None
    assert hall.refused == ["strangers", "connections_per_source"]
    assert hall.call("elsewhere") is not None


def test_whoever_leaves_twice_leaves_once() -> None:
    hall = Hall(4)
    caller = hall.call("a")
    assert caller is not None
    assert hall.admission.dismiss(caller)
    assert not hall.admission.dismiss(caller)


# ---------------------------------------------------------------------------------------------------------- the shares


def test_a_source_has_its_share_and_waits_for_more_in_order() -> None:
    woken: list[str] = []
    shares: Shares[str] = Shares(2, woken.append)
    shares.take("a")
    shares.take("a")
    assert not shares.has_room("a")
    assert shares.has_room("b")
    shares.wait("a", "first")
    shares.wait("a", "second")
    shares.wait("a", "first")
    shares.give_back("a")
    assert woken == ["first"]
    shares.wake("a")
    shares.wake("a")
    assert woken == ["first", "second"]
    shares.give_back("a")
    assert woken == ["first", "second"]


def test_whoever_is_gone_is_not_woken_and_gives_its_part_back() -> None:
    woken: list[str] = []
    shares: Shares[str] = Shares(2, woken.append)
    shares.take("a")
    shares.take("a")
    shares.wait("a", "gone")
    shares.wait("a", "other")
    shares.forget("a", "gone", 1)
    assert woken == ["other"]
    assert shares.has_room("a")
    shares.forget("a", "other", 1)
    assert shares.has_room("a")
