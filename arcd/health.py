"""The listener that monitoring reads: /metrics, /healthz and /readyz, on an address of its own.

One rule: it only reads, needs no login and therefore shows nothing about people, sites or accounts; it is never on the
address that panels use. Alive and ready are two questions: a daemon that restores its state is alive and not ready,
one whose disk is full is alive and must be looked at, and only a stuck one should be restarted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from arcd.checks import Check
from arcd.metrics import Metrics
from arcd.systemd import Progress

Checks = Callable[[], Sequence[Check]]


def create_health_app(metrics: Metrics, progress: Progress, checks: Checks) -> FastAPI:
    """`progress` is the gate that also feeds the watchdog; `checks` are asked on every call, so they must be cheap."""
    app = FastAPI(title="arcd health", docs_url=None, redoc_url=None, openapi_url=None)

    def readiness() -> tuple[tuple[Check, ...], bool]:
        results = tuple(checks())
        # No check at all means that the daemon has not been put together yet.
        is_ready = bool(results) and all(check.ok for check in results)
        metrics.ready(is_ready)
        return results, is_ready

    # Coroutines on purpose: an answer proves that the daemon's own loop turns, which a thread's would not.
    @app.get("/metrics")
    async def scrape(request: Request) -> Response:
        readiness()  # arc_ready must be true at every scrape, whether or not somebody asks /readyz
        body, content_type = metrics.exposition(request.headers.get("accept", ""))
        # Given as a header: as media_type, starlette would add a second charset.
        return Response(body, headers={"Content-Type": content_type})

    @app.get("/healthz")
    async def alive() -> JSONResponse:
        overdue = progress.overdue()
        stuck = [
            {"name": part, "reason": f"no progress for {seconds:.1f} s"} for part, seconds in sorted(overdue.items())
        ]
        return _answer("stuck" if stuck else "alive", is_good=not stuck, problems=stuck)

    @app.get("/readyz")
    async def ready() -> JSONResponse:
        results, is_ready = readiness()
        failed = [{"name": check.name, "reason": check.detail} for check in results if not check.ok]
        passed = [check.name for check in results if check.ok]
        return _answer("ready" if is_ready else "not ready", is_good=is_ready, problems=failed, passed=passed)

    return app


def _answer(status: str, *, is_good: bool, problems: list[dict[str, str]], **more: list[str]) -> JSONResponse:
    return JSONResponse({"status": status, "problems": problems, **more}, status_code=200 if is_good else 503)
