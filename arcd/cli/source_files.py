"""Reads a directory of YAML that people wrote, as texts to check here or to send to the daemon.

One rule: all of it or an error that names the file; what is inside a file is not this module's business.
"""

from __future__ import annotations

from pathlib import Path

from arcd.cli.failures import CliError, UsageError
from arcd.yaml_files import yaml_files

FILES_MAX = 2_000
FILE_BYTES_MAX = 32 << 20
TREE_BYTES_MAX = 64 << 20


def read_directory(directory: Path) -> dict[str, str]:
    """Relative path with `/` → text, in name order. Hidden files and editors' leftovers are passed over."""
    if not directory.is_dir():
        raise UsageError(f"{directory} is no directory; name the directory that holds the YAML files")
    texts: dict[str, str] = {}
    bytes_read = 0
    for path in _yaml_files(directory):
        text = read_text(path)
        bytes_read += len(text)
        if len(texts) == FILES_MAX or bytes_read > TREE_BYTES_MAX:
            raise CliError(
                f"{directory} holds more than {FILES_MAX} files or {TREE_BYTES_MAX >> 20} MiB of YAML; "
                "is it the right directory?"
            )
        texts[path.relative_to(directory).as_posix()] = text
    if not texts:
        raise UsageError(f"{directory} holds no .yaml file; is it the right directory?")
    return texts


def _yaml_files(directory: Path) -> list[Path]:
    try:
        return yaml_files(directory)
    except OSError as error:
        raise CliError(f"{error.filename or directory} cannot be read: {error.strerror}") from error


def read_text(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise CliError(f"{path} is larger than {FILE_BYTES_MAX >> 20} MiB; split it")
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CliError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
