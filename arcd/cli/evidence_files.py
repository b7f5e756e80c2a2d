"""Copies of checkpoints and verifier keys, from wherever somebody has kept them.

One rule: what cannot be read is an error before anything is verified; a copy that was passed over would vouch for
nothing and look as if it did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from arcd.cli.failures import UsageError
from arcd.store.evidence import COPIES_MAX, Copy
from protocols.tlog.note import NOTE_BYTES_MAX, NoteError, VerifierKey, decode_verifier_key

SUFFIX = ".note"


def read_copies(paths: Sequence[Path]) -> list[Copy]:
    """Files, and every `*.note` below a directory."""
    found = [Copy(str(file), _text(file)) for path in paths for file in _files(path)]
    if len(found) > COPIES_MAX:
        raise UsageError(f"{len(found)} copies are too many at once; bring at most {COPIES_MAX}")
    return found


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        files = sorted(path.rglob(f"*{SUFFIX}"))
        if not files:
            raise UsageError(f"there is no checkpoint (*{SUFFIX}) in {path}")
        yield from files
    elif path.is_file():
        yield path
    else:
        raise UsageError(f"there is no {path}; --copy names a checkpoint or a directory of them")


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return opened.read(NOTE_BYTES_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}") from error


def read_keys(given: Sequence[str]) -> list[VerifierKey]:
    """Verifier keys as text, or files with one in each line."""
    keys = []
    for each in given:
        lines = _text(Path(each)).split() if "+" not in each and Path(each).is_file() else [each]
        for line in lines:
            try:
                keys.append(decode_verifier_key(line))
            except NoteError as error:
                raise UsageError(f"--key: {error}; `arcctl journal keys list` shows it") from None
    return keys
