from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from arcd.api.admin import admin_app
from arcd.api.guard import guard_app
from tests.arcd.api.desk import SECRETS, FakeDesk, client_of


@pytest.fixture
async def desk() -> FakeDesk:
    return await FakeDesk().begin()


async def _holds_no_secret(response: httpx.Response) -> None:
    body = (await response.aread()).decode("latin-1" if "zip" in response.headers["content-type"] else "utf-8")
    for secret in SECRETS:
        assert secret not in body, f"{response.request.url} shows a secret"


@pytest.fixture
async def admin(desk: FakeDesk) -> AsyncIterator[httpx.AsyncClient]:
    """Every answer of every test is searched for the planted secrets."""
    async with client_of(admin_app(desk)) as client:
        client.event_hooks["response"].append(_holds_no_secret)
        yield client


@pytest.fixture
async def guard(desk: FakeDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(guard_app(desk), host="198.51.100.7") as client:
        client.event_hooks["response"].append(_holds_no_secret)
        yield client
