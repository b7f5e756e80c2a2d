from __future__ import annotations

from arcd.api.authority_view import authority_view
from tests.arcd.api.desk import CENTRE, FakeDesk


async def test_a_case_nobody_has_come_to_has_a_script_all_the_same(desk: FakeDesk) -> None:
    case = desk.state.cases[await desk.alarm("TA")]
    seen = authority_view(desk.state, case, "en")
    assert (seen.status, seen.status_text, seen.call_now, seen.checks) == (None, "", False, [])
    assert seen.script


async def test_it_names_whom_the_plan_would_phone(desk: FakeDesk) -> None:
    case = desk.state.cases[await desk.alarm("HA")]
    assert authority_view(desk.state, case, "en").people == [], f"no list of {CENTRE.name} is called police"
