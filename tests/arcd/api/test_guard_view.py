from __future__ import annotations

import pytest

from arcd.api.guard_job import job_of
from arcd.api.guard_view import job_view, wants_json
from tests.arcd.api.desk import BASE_URL, FakeDesk


@pytest.mark.parametrize(
    ("accept", "content_type", "is_json"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "", False),
        ("text/html", "application/json", False),
        ("application/json", "", True),
        ("application/json, text/plain", "application/x-www-form-urlencoded", True),
        ("*/*", "application/json; charset=utf-8", True),
        ("*/*", "application/x-www-form-urlencoded", False),
        ("", "", False),
        ("", "application/json", True),
        ("Application/JSON;q=0.9", "", True),
    ],
)
def test_a_system_gets_json_and_a_browser_a_page(accept: str, content_type: str, is_json: bool) -> None:
    assert wants_json(accept, content_type) is is_json


async def test_the_links_are_where_to_post(desk: FakeDesk) -> None:
    job = job_of(desk.state, f"{await desk.alarm('BA')}-1")
    view = job_view(job, desk.links)
    assert set(view.links) == set(job.answers)
    assert all(link.startswith(f"{BASE_URL}/g/") for link in view.links.values())
    assert view.site is not None
    assert view.site.hazards == ["Koira <i>"]
    assert view.happened[0].zone == "3"
