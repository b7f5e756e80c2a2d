from __future__ import annotations

from msgspec.structs import replace

from arcd.api.case_view import LeftOut, case_row, case_view, signal_view
from arcd.core.case.model import SIGNALS_FIRST_MAX, SIGNALS_LAST_MAX, Case, CaseSignal
from protocols.signals import Category, Position, Qualifier, Scheme, Signal
from tests.arcd.api.desk import FakeDesk

AT = 1_767_225_600_000_000_000


async def test_a_case_of_a_type_the_rules_no_longer_know_is_shown(desk: FakeDesk) -> None:
    case = replace(desk.state.cases[await desk.alarm("BA")], type="gone")
    view = case_view(desk.state, case, None, "fi", desk.now())
    assert (view.type_title, view.state_title, view.moves) == ("gone", case.state, [])


async def test_a_matter_of_the_centre_itself_has_no_site(desk: FakeDesk) -> None:
    case = Case(id="C9", type="alarm", state="new", site_id="", fold_key="", title="Clock", opened_at=AT)
    view = case_view(desk.state, case, desk.rules.case_types["alarm"], "sv", desk.now())
    assert (view.site, view.plan, view.category_text, view.timezone) == (None, None, "", "Europe/Helsinki")
    assert case_row(desk.state, case, None, desk.now()).opened_at_local == "01.01.2026 02:00:00"


async def test_what_is_left_out_of_a_long_story_is_told(desk: FakeDesk) -> None:
    for number in range(1, SIGNALS_FIRST_MAX + SIGNALS_LAST_MAX + 4):
        case_id = await desk.alarm("BA", zone=str(number), sequence=str(number))
        view = case_view(desk.state, desk.state.cases[case_id], None, "fi", desk.now())
        left_out = max(0, number - SIGNALS_FIRST_MAX - SIGNALS_LAST_MAX)
        assert len(view.signals) == number - left_out
        assert (view.signals_left_out is None) == (left_out == 0)
    assert view.signals_left_out == LeftOut(after=SIGNALS_FIRST_MAX, count=3)
    around = view.signals[SIGNALS_FIRST_MAX - 1 : SIGNALS_FIRST_MAX + 1]
    assert [signal.zone for signal in around] == [str(SIGNALS_FIRST_MAX), str(SIGNALS_FIRST_MAX + 4)]


def test_a_signal_keeps_everything_the_panel_said() -> None:
    signal = Signal(
        scheme=Scheme.CONTACT_ID,
        code="130",
        category=Category.INTRUSION,
        qualifier=Qualifier.RESTORE,
        user="7",
        occurred_at=AT - 1_000_000_000,
        media=("https://cam.example/1",),
        position=Position(longitude=24.9, latitude=60.2),
        extra=(("xM", "00"), ("xM", "01")),
    )
    view = signal_view(CaseSignal(seq=5, at=AT, signal=signal, account="1001", repeats=2), "Europe/Helsinki", "en")
    assert (view.name, view.user, view.repeats) == ("Burglary", "7", 2)
    assert (view.occurred_at, view.occurred_at_local) == ("2025-12-31T23:59:59Z", "01.01.2026 01:59:59")
    assert view.position is not None
    assert view.position.latitude == 60.2
    assert view.extra == [("xM", "00"), ("xM", "01")], "none is lost to a mapping"


def test_a_code_in_no_table_has_no_name() -> None:
    signal = Signal(scheme=Scheme.OPAQUE, code="XYZ", category=Category.UNKNOWN, qualifier=Qualifier.NEW)
    assert signal_view(CaseSignal(seq=1, at=AT, signal=signal, account="1"), "Europe/Helsinki", "fi").name == ""
