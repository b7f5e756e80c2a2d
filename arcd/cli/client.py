"""Asks the daemon over its Unix socket, and says in a sentence why when it cannot.

One rule: the daemon decides everything; this file only carries questions and turns answers into values or `CliError`s.
Who is asking is the socket's business: the daemon sees the operating system user at the other end.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from arcd.cli.failures import CliError, NotFoundError, RefusedError, UnreachableError, UsageError

if TYPE_CHECKING:
    from typing import NoReturn

SOCKET_NAME = "arcd.sock"
SOCKET_PATHS = (Path("var") / SOCKET_NAME, Path("/run/arcd") / SOCKET_NAME)  # from a clone, else as systemd runs it
SOCKET_ENVIRONMENT = "ARCD_SOCKET"

CONNECT_TIMEOUT_S = 3.0  # a local socket answers at once or not at all
NO_ROUTE = "http.404"  # the API's word for a path that it does not have
ANSWER_TIMEOUT_S = 60.0  # an import of a whole site base is hashed and committed before it is answered


def default_socket() -> Path:
    named = os.environ.get(SOCKET_ENVIRONMENT)
    if named:
        return Path(named)
    return next((path for path in SOCKET_PATHS if path.exists()), SOCKET_PATHS[-1])


class Daemon:
    def __init__(self, path: Path, *, why: str = "", answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        """`why`: the reason that goes into the journal beside what is read."""
        self.socket = path
        timeout = httpx.Timeout(answer_timeout_s, connect=CONNECT_TIMEOUT_S)
        # On a local socket nothing is encrypted. A context that trusts nobody, because reading in the authorities that
        # everybody trusts takes longer than the daemon takes to answer.
        transport = httpx.HTTPTransport(uds=str(path), verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        # trust_env would let a proxy setting of the shell have a say about a local socket.
        self._http = httpx.Client(transport=transport, base_url="http://arcd", timeout=timeout, trust_env=False)
        if why:
            self._http.params = httpx.QueryParams(why=why)
        self._is_reached = False

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, /, **query: str | int | bool | None) -> Any:
        return self._ask("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        return self._ask("POST", path, body=body)

    def text(self, path: str, /, **query: str | int | bool | None) -> str:
        """An answer that is no JSON: a picture, a page."""
        with self._reaching():
            answer = self._http.get(path, params=_given(query))
        if not answer.is_success:
            self._fail(answer)
        return answer.text

    def fetch(self, path: str, body: Mapping[str, object]) -> bytes:
        """An answer that is a file."""
        with self._reaching():
            answer = self._http.request("POST", path, json=body)
        if not answer.is_success:
            self._fail(answer)
        return answer.content

    def lines(
        self, path: str, *, body: Mapping[str, object] | None = None, **query: str | int | bool | None
    ) -> Generator[Any, None, None]:
        """An NDJSON stream, line by line, for as long as the daemon has something to say."""
        import msgspec

        endless = httpx.Timeout(CONNECT_TIMEOUT_S, read=None)
        asking = self._http.stream(
            "GET" if body is None else "POST", path, params=_given(query), json=body, timeout=endless
        )
        with self._reaching(), asking as answer:
            if answer.status_code != httpx.codes.OK:
                answer.read()
                self._fail(answer)
            for line in answer.iter_lines():
                if line.strip():
                    yield msgspec.json.decode(line)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | bool | None] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Any:
        with self._reaching():
            answer = self._http.request(method, path, params=_given(query or {}), json=body)
        if not answer.is_success:
            self._fail(answer)
        return _decoded(answer)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        if not self._is_reached:
            self._knock()
        try:
            yield
        except httpx.TimeoutException as error:
            raise UnreachableError(
                f"arcd at {self.socket} does not answer in time; look at `journalctl -u arcd`"
            ) from error
        except httpx.TransportError as error:
            raise UnreachableError(
                f"arcd at {self.socket} ended the connection; look at `journalctl -u arcd`"
            ) from error

    def _knock(self) -> None:
        """Connect once and leave: the operating system's own reason is what can be acted on, and httpx hides it."""
        try:
            with socket.socket(socket.AF_UNIX) as knocking:
                knocking.settimeout(CONNECT_TIMEOUT_S)
                knocking.connect(str(self.socket))
        except FileNotFoundError as error:
            raise UnreachableError(
                f"no daemon listens on {self.socket}; start it (`make run`, or `systemctl start arcd`), "
                f"or name its socket with --socket or {SOCKET_ENVIRONMENT}"
            ) from error
        except PermissionError as error:
            raise UnreachableError(
                f"{self.socket} may not be opened by this user; join the group that owns it, or use sudo"
            ) from error
        except OSError as error:
            raise UnreachableError(
                f"nothing answers on {self.socket} ({error.strerror or error}); `systemctl status arcd` says why"
            ) from error
        self._is_reached = True

    def _fail(self, answer: httpx.Response) -> NoReturn:
        told = _decoded(answer) if _is_json(answer) else {}
        message = _message(told) or f"the daemon answered {answer.status_code} {answer.reason_phrase}"
        match answer.status_code:
            case httpx.codes.CONFLICT:
                raise RefusedError(message, rule=str(told.get("rule", "")), answer=told)
            case httpx.codes.NOT_FOUND if isinstance(told, dict) and told.get("rule") == NO_ROUTE:
                raise NotFoundError("nothing goes by that name: an id holds no /, and arcd is as new as arcctl")
            case httpx.codes.NOT_FOUND:
                raise NotFoundError(message)
            case httpx.codes.FORBIDDEN | httpx.codes.UNAUTHORIZED:
                raise RefusedError(message, rule="access")
            case httpx.codes.SERVICE_UNAVAILABLE:
                pause = answer.headers.get("retry-after")
                raise UnreachableError(f"{message} Retry after {pause} s." if pause else message)
            case code if 400 <= code < 500:
                raise UsageError(message)
            case _:
                raise UnreachableError(f"{message}; `journalctl -u arcd` says more")


def _given(query: Mapping[str, str | int | bool | None]) -> dict[str, str | int]:
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in query.items()
        if value is not None
    }


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")


def _decoded(answer: httpx.Response) -> Any:
    if not _is_json(answer):
        raise CliError("what answers there is not arcd; check --socket")
    try:
        return answer.json()
    except ValueError as error:
        raise CliError("the daemon's answer is no JSON; is arcctl of the same release as arcd?") from error


def _message(told: object) -> str:
    if not isinstance(told, dict):
        return ""
    for name in ("message", "detail", "error"):
        if isinstance(told.get(name), str):
            return str(told[name])
    return ""
