from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from arcd.cli.failures import CliError
from arcd.cli.key_files import with_keys

KEY = "00112233445566778899aabbccddeeff"
PREVIOUS = "0123456789abcdef"

TEXT = """\
sites:
  - id: K-1  # a kiosk
    systems:
      - id: panel
        accounts:
          - {number: "1001", key_file: keys/1001}
          - number: "1002"
            key_file:   'keys/1002'   # read here
            previous_key_file: keys/1002.old
            encoding: utf-8
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    for name, key in (("1001", KEY), ("1002", f"{PREVIOUS}\n"), ("1002.old", f"hex:{KEY}")):
        write(tmp_path / "keys" / name, key)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def test_keys_take_the_place_of_their_files(directory: Path) -> None:
    sent = with_keys(TEXT, "sites/a.yaml", directory)
    accounts = yaml.safe_load(sent)["sites"][0]["systems"][0]["accounts"]
    assert accounts == [
        {"number": "1001", "key": KEY},
        {"number": "1002", "key": PREVIOUS, "previous_key": f"hex:{KEY}", "encoding": "utf-8"},
    ]


def test_every_line_stays_where_it_was(directory: Path) -> None:
    sent = with_keys(TEXT, "sites/a.yaml", directory)
    assert len(sent.splitlines()) == len(TEXT.splitlines())
    assert sent.splitlines()[1] == TEXT.splitlines()[1]
    assert sent.splitlines()[7].endswith("# read here")
    assert sent.splitlines()[9] == TEXT.splitlines()[9]


def test_an_alias_is_replaced_where_it_is_written(directory: Path) -> None:
    text = "a: &account\n  key_file: keys/1001\nb: *account\n"
    assert yaml.safe_load(with_keys(text, "x.yaml", directory)) == {"a": {"key": KEY}, "b": {"key": KEY}}


@pytest.mark.parametrize(
    "text", ["sites: []\n", "note: about key_file\n", "key_file: [unclosed\n", "key_file:\n  - a\n"]
)
def test_what_names_no_file_is_sent_as_it_is(directory: Path, text: str) -> None:
    """What is wrong with it the daemon tells, with everything else."""
    assert with_keys(text, "x.yaml", directory) == text


def test_a_missing_file_is_named_with_the_line_that_wants_it(directory: Path) -> None:
    (directory / "keys" / "1002").unlink()
    with pytest.raises(CliError, match=r"sites/a\.yaml:8: cannot read .*keys/1002"):
        with_keys(TEXT, "sites/a.yaml", directory)


def test_a_file_that_others_may_read_is_refused(directory: Path) -> None:
    (directory / "keys" / "1002").chmod(0o644)
    with pytest.raises(CliError, match="chmod 600"):
        with_keys(TEXT, "sites/a.yaml", directory)


@pytest.mark.parametrize("content", ["", "secret-but-short", "ä" * 16])
def test_a_file_without_a_key_is_refused_and_not_repeated(directory: Path, content: str) -> None:
    write(directory / "keys" / "1001", content + "xx")
    with pytest.raises(CliError, match="holds no receiver key") as caught:
        with_keys(TEXT, "sites/a.yaml", directory)
    assert not content or content not in str(caught.value)


def test_the_path_stands_on_the_line_of_its_key(directory: Path) -> None:
    with pytest.raises(CliError, match="on one line"):
        with_keys("key_file:\n  keys/1001\n", "x.yaml", directory)
