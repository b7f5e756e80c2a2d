"""The daemon's log: JSON lines for a service, readable coloured lines on a terminal. One chain for everybody's records.

One rule: what a line may hold is decided here, not where it is written. Only plain values are rendered; secrets are
blanked by type and by name, long bytes and unknown objects are named and not shown. The journal is the record of what
happened to people and property; the log is for those who run the machine.

Bind `trace`, `case` and `site` with `structlog.contextvars.bound_contextvars(...)`; every line inside carries them.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import PurePath
from typing import Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

BYTES_SHOWN_MAX = 64
TEXT_CHARS_MAX = 2000
TRACEBACK_CHARS_MAX = 16_000
ITEMS_MAX = 50
DEPTH_MAX = 4
BLANK = "****"

# Types are recognised by how they give their content away, so that a new secret type needs no entry here:
# WireKey.expose, Kek.derive, SecretStr.get_secret_value.
_SECRET_METHODS: Final = ("expose", "derive", "get_secret_value")
_SECRET_NAMES: Final = re.compile(
    r"(^|_)(kek|key|secret|password|passphrase|token|authorization|cookie|code_?word|duress_?word|pin)$"
)

# Libraries that talk at INFO for every request or message they carry.
_QUIET: Final = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "uvicorn.access": logging.CRITICAL}

# sd-daemon(3): journald takes the priority from a <n> at the beginning of the line.
_PRIORITIES: Final = {"critical": 2, "error": 3, "exception": 3, "warning": 4, "info": 6, "debug": 7}


def set_up_log(
    format_: LogFormat, level: LogLevel, *, now: Callable[[], int], stream: TextIO | None = None
) -> structlog.stdlib.BoundLogger:
    """Route structlog and the standard library's loggers (uvicorn's among them) to `stream`, default standard output.

    `now` is `Clock.now`: log lines and journal entries bear the same time.
    """
    out = sys.stdout if stream is None else stream
    is_console = format_ == "console" or (format_ == "auto" and out.isatty())
    renderer: Processor = (
        # The plain traceback: the pretty one prints local variables, and keys are local variables.
        structlog.dev.ConsoleRenderer(
            colors=out.isatty(), timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
        )
        if is_console
        else _JsonLine(is_journald=is_under_journald(out, os.environ))
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _Instant(now),
        structlog.processors.format_exc_info,
        blank_secrets,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a cached logger would survive a second set-up, as in tests
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name, quiet_level in _QUIET.items():
        logging.getLogger(name).setLevel(quiet_level)
    logging.captureWarnings(True)
    logger: structlog.stdlib.BoundLogger = structlog.get_logger("arcd")
    return logger


def is_under_journald(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """systemd.exec(5): JOURNAL_STREAM names device and inode of the journal's socket; ours must be the same file."""
    named = environ.get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return False  # not a file at all
    return named == f"{status.st_dev}:{status.st_ino}"


class _Instant:
    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        at = dt.datetime.fromtimestamp(self._now() / 1e9, tz=dt.UTC)
        line["at"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return line


class _JsonLine:
    """One line, the same order of the leading fields, and a priority in front where journald reads it."""

    def __init__(self, *, is_journald: bool) -> None:
        self._is_journald = is_journald

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> str:
        level = line.pop("level")
        leading = {"at": line.pop("at"), "level": level, "message": line.pop("event")}
        text = json.dumps({**leading, **line}, ensure_ascii=False)
        return f"<{_PRIORITIES[level]}>{text}" if self._is_journald else text


# ------------------------------------------------------------------------------------------------- what may be rendered


def blank_secrets(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    for name, value in line.items():
        if name == "exception":
            line[name] = _shorten(str(value), TRACEBACK_CHARS_MAX)
        elif not name.startswith("_"):  # the formatter's own notes, removed before rendering
            line[name] = _plain(name, value, 0)
    return line


def _plain(name: str, value: object, depth: int) -> object:
    """Plain data with the same meaning, or a note of what was there."""
    if value is None or isinstance(value, bool | int | float):
        return BLANK if _is_secret_name(name) and value is not None else value
    if _is_secret_name(name) or any(hasattr(value, method) for method in _SECRET_METHODS):
        return BLANK
    if isinstance(value, str | PurePath):
        return _shorten(str(value), TEXT_CHARS_MAX)
    if isinstance(value, bytes | bytearray | memoryview):
        octets = bytes(value)
        return octets.hex() if len(octets) <= BYTES_SHOWN_MAX else f"<{len(octets)} bytes>"
    if isinstance(value, BaseException):
        return _shorten(f"{type(value).__name__}: {value}", TEXT_CHARS_MAX)
    if isinstance(value, Mapping | list | tuple | set | frozenset) and depth < DEPTH_MAX:
        return _plain_collection(name, value, depth + 1)
    return f"<{type(value).__name__}>"


def _plain_collection(name: str, value: Mapping[object, object] | Iterable[object], depth: int) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(str(key), item, depth) for key, item in islice(value.items(), ITEMS_MAX)}
    return [_plain(name, item, depth) for item in islice(value, ITEMS_MAX)]


def _is_secret_name(name: str) -> bool:
    return _SECRET_NAMES.search(name.casefold().replace("-", "_")) is not None


def _shorten(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else f"{text[: chars_max // 2]} … {text[-chars_max // 2 :]}"
