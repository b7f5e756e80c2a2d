from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import uvloop
from fastapi import FastAPI, Request
from starlette.types import Receive, Scope, Send

from arcd.api import serving
from arcd.api.serving import CONNECTIONS_MAX, ListenError, listen_tcp, listen_unix, peer_uid, serve_app
from tests.patience import PATIENCE_S, in_time


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/whoami")
    async def whoami(request: Request) -> dict[str, str | None]:
        return {"host": request.client.host if request.client else None}

    return app


def over(path: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://arcd", timeout=PATIENCE_S
    )


async def test_over_tcp_the_client_is_an_address(app: FastAPI) -> None:
    async with serve_app(app, listen_tcp("127.0.0.1", 0)) as served:
        assert served.address == f"127.0.0.1:{served.port}"
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            answer = await client.get(f"http://{served.address}/whoami", headers={"X-Forwarded-For": "192.0.2.7"})
    assert answer.json() == {"host": "127.0.0.1"}, "no proxy header is believed"
    assert "server" not in answer.headers


async def test_over_ipv6(app: FastAPI) -> None:
    async with serve_app(app, listen_tcp("::1", 0)) as served:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            assert (await client.get(f"http://{served.address}/whoami")).json() == {"host": "::1"}


async def test_over_a_unix_socket_the_client_is_a_user(app: FastAPI, tmp_path: Path) -> None:
    path = tmp_path / "arcd.sock"
    async with serve_app(app, listen_unix(path)) as served:
        assert (served.address, served.port) == (str(path), None)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        async with over(path) as client:
            assert (await client.get("/whoami")).json() == {"host": f"uid:{os.getuid()}"}


def test_the_same_under_uvloop(app: FastAPI, tmp_path: Path) -> None:
    async def ask() -> object:
        async with serve_app(app, listen_unix(tmp_path / "s")), over(tmp_path / "s") as client:
            return (await client.get("/whoami")).json()

    assert uvloop.run(ask()) == {"host": f"uid:{os.getuid()}"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_another_user_is_told_apart(tmp_path: Path) -> None:
    # World-reachable on purpose: another user has to get at it.
    directory = Path("/tmp") / f"arcd-peer-{os.getpid()}"
    directory.mkdir()
    directory.chmod(0o755)  # whatever the developer's umask is
    try:
        with listen_unix(directory / "s", mode=0o666) as listener:
            listener.settimeout(PATIENCE_S)
            caller = (
                "import os, socket, sys; os.setuid(12345); s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])"
            )
            subprocess.run([sys.executable, "-c", caller, str(directory / "s")], check=True, timeout=PATIENCE_S)
            connected, _ = listener.accept()
            with connected:
                assert peer_uid(connected) == 12345
    finally:
        (directory / "s").unlink(missing_ok=True)
        directory.rmdir()


async def test_stopping_finishes_what_is_under_way(tmp_path: Path) -> None:
    app = FastAPI()
    arrived, go_on = asyncio.Event(), asyncio.Event()

    @app.get("/slow")
    async def slow() -> str:
        arrived.set()
        await go_on.wait()
        return "done"

    async with asyncio.TaskGroup() as tasks, over(tmp_path / "s") as client:
        async with serve_app(app, listen_unix(tmp_path / "s")):
            request = tasks.create_task(client.get("/slow"))
            await arrived.wait()
            asyncio.get_running_loop().call_later(0.01, go_on.set)
        assert request.done()
        assert request.result().json() == "done"


async def test_stopping_waits_for_no_half_body(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serving, "STOP_TIMEOUT_S", 3600)
    has_begun = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        has_begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with AsyncExitStack() as serves:
        served = await serves.enter_async_context(serve_app(app, listen_tcp("127.0.0.1", 0)))
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf of it")
        await in_time(has_begun.wait())
        await in_time(serves.aclose())
        assert await in_time(reader.read()) == b""
        writer.close()
    assert [record for record in caplog.records if record.name == "uvicorn.error"] == []


async def test_a_cancelled_block_finishes_what_is_under_way(tmp_path: Path) -> None:
    """As when the daemon stops: its task group cancels everything at once."""
    app = FastAPI()
    arrived, go_on = asyncio.Event(), asyncio.Event()

    @app.get("/slow")
    async def slow() -> str:
        arrived.set()
        await go_on.wait()
        return "done"

    async def serve() -> None:
        async with serve_app(app, listen_unix(tmp_path / "s")):
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks, over(tmp_path / "s") as client:
        # The listening socket exists only once the server has begun: begin it, then call.
        serving = tasks.create_task(serve())
        await asyncio.sleep(0)
        request = tasks.create_task(client.get("/slow"))
        await arrived.wait()
        serving.cancel()
        asyncio.get_running_loop().call_later(0.01, go_on.set)
        await asyncio.wait([serving])
        assert serving.cancelled()
        assert request.done()
        assert request.result().json() == "done"


async def test_the_process_keeps_its_own_signal_handlers(app: FastAPI) -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with serve_app(app, listen_tcp("127.0.0.1", 0)):
        assert signal.getsignal(signal.SIGTERM) is before


async def test_an_error_in_the_block_stops_the_server_and_comes_out(app: FastAPI) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with serve_app(app, listen_tcp("127.0.0.1", 0)) as served:
            raise RuntimeError("the daemon ends")
    assert caught.group_contains(RuntimeError, match="the daemon ends")
    assert served.port is not None
    listen_tcp("127.0.0.1", served.port).close()  # the address is free again


async def test_headers_without_end_are_cut_off(app: FastAPI) -> None:
    async with serve_app(app, listen_tcp("127.0.0.1", 0)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert (await reader.read()).startswith(b"HTTP/1.1 4")
        writer.close()
        await writer.wait_closed()


async def test_more_connections_than_the_limit_are_answered_503(app: FastAPI) -> None:
    async with serve_app(app, listen_tcp("127.0.0.1", 0)) as served:
        idle = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(CONNECTIONS_MAX)]
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            assert (await client.get(f"http://{served.address}/whoami")).status_code == 503
        for _, writer in idle:
            # Reset, so that closing 256 connections leaves nothing behind.
            connected = writer.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.close()
            await writer.wait_closed()


# ------------------------------------------------------------------------------------------------------------ listening


def test_a_taken_port_is_said_plainly() -> None:
    with listen_tcp("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            listen_tcp("127.0.0.1", port)


def test_a_dead_daemons_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    listen_unix(path).close()
    assert path.exists()
    listen_unix(path).close()


def test_a_living_daemons_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with listen_unix(path):
        with pytest.raises(ListenError, match="another daemon answers there"):
            listen_unix(path)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("somebody's notes")
    with pytest.raises(ListenError, match="a file that is no socket is in the way"):
        listen_unix(path)
    assert path.read_text() == "somebody's notes"


def test_a_missing_directory_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match="its directory must exist"):
        listen_unix(tmp_path / "missing" / "s")


def test_the_mask_of_the_process_is_left_as_it_was(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        listen_unix(tmp_path / "s").close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(mask)


async def test_half_a_header_does_not_hold_its_place(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEADERS_TIMEOUT_S", 0.05)
    async with serve_app(app, listen_tcp("127.0.0.1", 0)) as served:
        assert served.port is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET / HTTP/1.1\r\nX-Half")
        assert await in_time(reader.read()) == b""
        writer.close()
        monkeypatch.undo()
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            assert (await client.get(f"http://127.0.0.1:{served.port}/whoami")).status_code == 200
