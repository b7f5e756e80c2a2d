"""What stands between arcctl and a daemon: no socket, a dead one, somebody else's, refusals and odd answers."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcd.api.serving import listen_unix, serve_app
from arcd.cli.client import SOCKET_PATHS, Daemon, default_socket
from arcd.cli.failures import CliError, NotFoundError, RefusedError, UnreachableError, UsageError
from arcd.core.facts import CaseMoveRequested, SensitiveRead
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon as RunningDaemon
from tests.arcd.cli.in_thread import in_thread


async def _answer(request: Request) -> Response:
    """The request's own body, with the status and the kind of content that its path names."""
    status, kind = int(request.path_params["status"]), request.path_params["kind"]
    return Response(await request.body(), status, {"Retry-After": "7"}, f"application/{kind}")


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Daemon]:
    """A server that answers what it is told to."""

    @contextlib.asynccontextmanager
    async def serve() -> AsyncIterator[None]:
        app = Starlette(routes=[Route("/{kind}/{status}", _answer, methods=["POST"])])
        async with serve_app(app, listen_unix(tmp_path / "odd.sock")):
            yield

    with in_thread(serve):
        client = Daemon(tmp_path / "odd.sock")
        yield client
        client.close()


@pytest.mark.parametrize(
    ("status", "kind", "exit_code", "told"),
    [
        (409, RefusedError, 1, "Say why"),
        (403, RefusedError, 1, "Say why"),
        (404, NotFoundError, 1, "Say why"),
        (422, UsageError, 2, "Say why"),
        (413, UsageError, 2, "Say why"),
        (503, UnreachableError, 3, r"Say why\. Retry after 7 s"),
        (500, UnreachableError, 3, "journalctl"),
    ],
)
def test_each_status_has_its_meaning(odd: Daemon, status: int, kind: type[CliError], exit_code: int, told: str) -> None:
    with pytest.raises(kind, match=told) as caught:
        odd.post(f"/json/{status}", {"granted": False, "rule": "flag.reason", "message": "Say why."})
    assert caught.value.exit_code == exit_code


def test_a_refusal_keeps_its_rule_and_all_that_was_said(odd: Daemon) -> None:
    with pytest.raises(RefusedError) as caught:
        odd.post("/json/409", {"rule": "flag.reason", "message": "Say why.", "problems": [1]})
    assert caught.value.rule == "flag.reason"
    assert caught.value.answer["problems"] == [1]
    assert caught.value.plain() == {"error": {"kind": "refused", "message": "Say why.", "rule": "flag.reason"}}


def test_an_answer_without_a_sentence_gets_one(odd: Daemon) -> None:
    with pytest.raises(UsageError, match="the daemon answered 418"):
        odd.post("/json/418", {})


def test_somebody_elses_socket_is_recognised(odd: Daemon) -> None:
    with pytest.raises(CliError, match="not arcd"):
        odd.post("/xhtml/200", {})


def test_an_answer_that_is_no_json_after_all(odd: Daemon) -> None:
    with pytest.raises(CliError, match="of the same release"):
        odd._ask("POST", "/json/200")


def test_no_socket_says_how_to_start_the_daemon(arcctl: Arcctl) -> None:
    ran = arcctl("status")
    assert ran.code == 3
    assert f"no daemon listens on {SOCKET_PATHS[-1]}" in ran.err
    assert "systemctl start arcd" in ran.err
    assert ran.out == ""


def test_a_dead_daemons_socket(arcctl: Arcctl, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "dead.sock"))
    ran = arcctl("status", "--socket", "dead.sock")
    assert ran.code == 3
    assert "nothing answers on dead.sock" in ran.err


def test_a_daemon_that_hangs_up_or_keeps_silent(arcctl: Arcctl, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        client = Daemon(tmp_path / "silent.sock", answer_timeout_s=0.05)
        with pytest.raises(UnreachableError, match="does not answer in time"):
            client.get("/v1/status")
        client.close()


def test_with_json_an_error_is_json_too(arcctl: Arcctl) -> None:
    ran = arcctl("status", "--json")
    assert ran.code == 3
    error = json.loads(ran.out)["error"]
    assert error["kind"] == "unreachable"
    assert error["message"] in ran.err


def test_where_the_socket_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARCD_SOCKET", raising=False)
    assert default_socket() == Path("/run/arcd/arcd.sock")
    (tmp_path / "var").mkdir()
    (tmp_path / "var/arcd.sock").touch()
    assert default_socket() == Path("var/arcd.sock")
    monkeypatch.setenv("ARCD_SOCKET", "/elsewhere.sock")
    assert default_socket() == Path("/elsewhere.sock")


def test_the_option_wins_over_the_environment(arcctl: Arcctl, daemon: RunningDaemon) -> None:
    elsewhere = {"ARCD_SOCKET": "/nowhere.sock"}
    assert arcctl("cases", env=elsewhere).code == 3
    assert arcctl("cases", "--socket", str(daemon.socket), env=elsewhere).code == 0
    assert arcctl("--socket", str(daemon.socket), "cases", env=elsewhere).code == 0


def test_a_full_intake_is_not_a_failure_of_the_request(arcctl: Arcctl, daemon: RunningDaemon) -> None:
    case_id = daemon.alarm()
    daemon.desk.is_busy = True
    ran = arcctl("case", "ack", case_id)
    assert ran.code == 3
    assert "Retry after" in ran.err


def test_who_asks_is_the_user_at_the_socket(arcctl: Arcctl, daemon: RunningDaemon) -> None:
    arcctl("case", "ack", daemon.alarm())
    [fact] = daemon.desk.asked
    assert isinstance(fact, CaseMoveRequested)
    assert fact.actor.id.startswith("os:")


def test_why_something_is_read_goes_along(arcctl: Arcctl, daemon: RunningDaemon) -> None:
    case_id = daemon.alarm()
    arcctl("case", "show", case_id, "--why", "kysely 2026/17, Väinö")
    arcctl("--why", "audit", "journal", "show", "--case", case_id)
    arcctl("cases")
    reads = [fact for fact in daemon.desk.posted if isinstance(fact, SensitiveRead)]
    assert [(fact.what, fact.reason) for fact in reads] == [
        ("case", "kysely 2026/17, Väinö"),
        ("journal", "audit"),
        ("cases", ""),
    ]
