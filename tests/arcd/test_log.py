from __future__ import annotations

import io
import json
import logging
import os
import warnings
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from arcd.clock import VirtualClock
from arcd.credentials import Kek
from arcd.log import BLANK, BYTES_SHOWN_MAX, DEPTH_MAX, ITEMS_MAX, TEXT_CHARS_MAX, is_under_journald, set_up_log
from protocols.secrets import WireKey

SECRET = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


class Log:
    def __init__(self, format_: Any = "json", level: Any = "info") -> None:
        self.stream = io.StringIO()
        self.clock = VirtualClock(1_780_000_000_250_000_000)
        self.logger = set_up_log(format_, level, now=self.clock.now, stream=self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def test_a_line_is_json_with_the_daemons_own_time() -> None:
    log = Log()
    log.logger.info("connection closed", peer="192.0.2.7:41234", seconds=1.5, name_fi="Äyräs")
    assert log.lines == [
        {
            "at": "2026-05-28T20:26:40.250Z",
            "level": "info",
            "message": "connection closed",
            "peer": "192.0.2.7:41234",
            "seconds": 1.5,
            "name_fi": "Äyräs",
            "logger": "arcd",
        }
    ]
    assert list(log.lines[0])[:3] == ["at", "level", "message"]
    assert "Äyräs" in log.text


def test_what_is_bound_stands_on_every_line_inside() -> None:
    log = Log()
    with structlog.contextvars.bound_contextvars(trace="t-1", case="C12", site="K-1042"):
        log.logger.warning("late")
        logging.getLogger("aiosqlite").warning("from a library")
    log.logger.info("after")
    ours, theirs, after = log.lines
    for line in (ours, theirs):
        assert (line["trace"], line["case"], line["site"]) == ("t-1", "C12", "K-1042")
    assert theirs["logger"] == "aiosqlite"
    assert "trace" not in after


def test_library_records_go_the_same_way() -> None:
    log = Log()
    logging.getLogger("uvicorn.error").warning("refused %s", "it", extra={"color_message": "\x1b[31mrefused"})
    logging.getLogger("uvicorn.access").error('GET /g/%s "200"', SECRET)
    logging.getLogger("httpx").info("HTTP Request: POST https://example.org/?token=%s", SECRET)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old way", DeprecationWarning, stacklevel=1)
    assert [line["logger"] for line in log.lines] == ["uvicorn.error", "py.warnings"]
    assert log.lines[0]["message"] == "refused it"
    assert SECRET not in log.text
    assert "\x1b" not in log.text


def test_levels() -> None:
    log = Log(level="warning")
    log.logger.info("no")
    log.logger.warning("yes")
    assert [line["message"] for line in log.lines] == ["yes"]


# ------------------------------------------------------------------------------------------------------------- secrets


class Colour(Enum):
    RED = "red"


class Opaque:
    def __repr__(self) -> str:
        return f"Opaque({SECRET})"


@pytest.mark.parametrize("format_", ["json", "console"])
@pytest.mark.parametrize(
    "value",
    [
        WireKey(SECRET.encode()),
        SecretStr(SECRET),
        Kek(SECRET.encode() * 2),
        Opaque(),
        [WireKey(SECRET.encode())],
        {"deep": [{"value": SecretStr(SECRET)}]},
        {"password": SECRET},
        {"mail-password": SECRET},
        SECRET.encode() * 5,
    ],
)
def test_a_secret_is_not_rendered(value: object, format_: str) -> None:
    log = Log(format_)
    log.logger.info("look", value=value)
    assert "look" in log.text
    assert SECRET not in log.text


@pytest.mark.parametrize(
    "name",
    ["password", "secret", "wire_key", "previous_key", "key", "kek", "code_word", "token", "Authorization", "pin"],
)
@pytest.mark.parametrize("value", [SECRET, SECRET.encode(), 1234, [SECRET]])
def test_a_field_named_like_a_secret_is_blank(name: str, value: object) -> None:
    log = Log()
    log.logger.info("look", **{name: value})
    assert log.lines[0][name] == BLANK


def test_ordinary_fields_are_not_blank() -> None:
    log = Log()
    log.logger.info("look", keys=3, keyboard="fi", deadline="case/C1/clock", tokens_left=2, key=None)
    line = log.lines[0]
    assert (line["keys"], line["keyboard"], line["tokens_left"], line["key"]) == (3, "fi", 2, None)


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_traceback_shows_no_local_variables(format_: str) -> None:
    log = Log(format_)
    hidden = "".join(list(SECRET))
    try:
        raise ValueError(f"{len(hidden)} is wrong")
    except ValueError:
        log.logger.exception("failed")
    assert "ValueError: 16 is wrong" in log.text
    assert "test_log.py" in log.text
    assert SECRET not in log.text


def test_bytes_are_shown_while_short() -> None:
    log = Log()
    log.logger.info("look", short=b"\n" * BYTES_SHOWN_MAX, long=bytearray(BYTES_SHOWN_MAX + 1))
    assert log.lines[0]["short"] == "0a" * BYTES_SHOWN_MAX
    assert log.lines[0]["long"] == f"<{BYTES_SHOWN_MAX + 1} bytes>"


def test_everything_has_a_limit() -> None:
    log = Log()
    deep: list[object] = []
    for _ in range(DEPTH_MAX + 3):
        deep = [deep]
    log.logger.info(
        "look", text="x" * 1_000_000, many=range(3), items=list(range(10_000)), deep=deep, colour=Colour.RED
    )
    line = log.lines[0]
    assert len(line["text"]) <= TEXT_CHARS_MAX + 3
    assert line["many"] == "<range>"
    assert len(line["items"]) == ITEMS_MAX
    assert line["deep"] == [[[["<list>"]]]]
    assert line["colour"] == "<Colour>"
    assert len(log.text) < 10_000


def test_plain_values_keep_their_meaning() -> None:
    log = Log()
    log.logger.info("look", path=Path("/var/lib/arcd"), error=OSError(28, "No space left"), none=None, pairs=(1, "b"))
    line = log.lines[0]
    assert line["path"] == "/var/lib/arcd"
    assert line["error"] == "OSError: [Errno 28] No space left"
    assert (line["none"], line["pairs"]) == (None, [1, "b"])


# ------------------------------------------------------------------------------------------------------------- formats


def test_console_lines_are_for_people() -> None:
    log = Log("console")
    log.logger.info("ready", sockets=2)
    assert log.text.startswith("2026-05-28T20:26:40.250Z [info     ] ready")
    assert "sockets=2" in log.text
    assert "\x1b" not in log.text, "colours only on a terminal"


def test_auto_is_readable_and_coloured_on_a_terminal_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    set_up_log("auto", "info", now=VirtualClock().now, stream=terminal).info("hello")
    assert "\x1b[" in terminal.getvalue()
    file = io.StringIO()
    set_up_log("auto", "info", now=VirtualClock().now, stream=file).info("hello")
    assert json.loads(file.getvalue())["message"] == "hello"


def test_journald_gets_the_priority_of_each_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w+", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        logger = set_up_log("json", "debug", now=VirtualClock().now, stream=stream)
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(logger, level)("x")
        stream.seek(0)
        lines = stream.read().splitlines()
        assert [line[:3] for line in lines] == ["<7>", "<6>", "<4>", "<3>", "<2>"]
        assert json.loads(lines[0][3:])["level"] == "debug"


def test_journald_is_not_assumed(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as stream:
        assert not is_under_journald(stream, {"JOURNAL_STREAM": "1:2"}), "standard output was redirected"
        assert not is_under_journald(stream, {})
    assert not is_under_journald(io.StringIO(), {"JOURNAL_STREAM": "1:2"})
