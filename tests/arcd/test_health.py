from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from arcd.api.serving import listen_tcp, serve_app
from arcd.checks import Check
from arcd.clock import VirtualClock
from arcd.health import create_health_app
from arcd.metrics import Metrics
from arcd.systemd import Progress
from tests.patience import PATIENCE_S


class Daemon:
    """What the health pages look at."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.metrics = Metrics(version="1.2.3")
        self.progress = Progress({"intake": 10, "commit": 5}, monotonic_s=self.clock.monotonic_s)
        self.checks: list[Check] = []


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
async def client(daemon: Daemon) -> AsyncIterator[httpx.AsyncClient]:
    app = create_health_app(daemon.metrics, daemon.progress, lambda: daemon.checks)
    async with serve_app(app, listen_tcp("127.0.0.1", 0)) as served:
        async with httpx.AsyncClient(
            base_url=f"http://{served.address}", trust_env=False, timeout=PATIENCE_S
        ) as client:
            yield client


async def test_alive_while_every_part_progresses(daemon: Daemon, client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive", "problems": []})
    daemon.clock.advance(7)
    answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "stuck", "problems": [{"name": "commit", "reason": "no progress for 7.0 s"}]}
    daemon.progress.beat("commit")
    assert (await client.get("/healthz")).status_code == 200


async def test_ready_when_every_check_passes(daemon: Daemon, client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 503, "not put together yet"
    daemon.checks = [Check(name="store", ok=True, detail="open"), Check(name="intake", ok=False, detail="port taken")]
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "problems": [{"name": "intake", "reason": "port taken"}],
        "passed": ["store"],
    }
    daemon.checks = daemon.checks[:1]
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "problems": [], "passed": ["store"]})


async def test_metrics_in_the_scrapers_format(daemon: Daemon, client: httpx.AsyncClient) -> None:
    daemon.metrics.heartbeat("dc09")
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'arc_heartbeats_received_total{protocol="dc09"} 1.0' in answer.text
    answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")


async def test_readiness_is_a_metric_at_every_scrape(daemon: Daemon, client: httpx.AsyncClient) -> None:
    assert "arc_ready 0.0" in (await client.get("/metrics")).text
    daemon.checks = [Check(name="store", ok=True, detail="")]
    assert "arc_ready 1.0" in (await client.get("/metrics")).text


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/v1/status"])
async def test_nothing_else_is_here(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
async def test_it_only_reads(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path)).status_code == 405
