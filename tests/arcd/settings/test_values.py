from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from arcd.settings.values import (
    LISTENERS_MAX,
    Address,
    BaseUrl,
    CredentialName,
    File,
    Language,
    Listen,
    Listeners,
    seconds,
    whole,
)
from rules.vocabulary import LANGUAGES

WHOLE = Annotated[int, whole(1, 100)]
SECONDS = Annotated[float, seconds(1, 60)]


def refused(kind: object, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    (error,) = caught.value.errors()
    assert error["type"] == "arcd", "every refusal is in our own words, with advice"
    assert error["ctx"]["advice"]
    return str(error["msg"])


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9999", "127.0.0.1", 9999),
        ("0.0.0.0:0", "0.0.0.0", 0),
        ("[::1]:9999", "::1", 9999),
        ("[2001:DB8::0:1]:65535", "2001:db8::1", 65535),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    address = TypeAdapter(Listen).validate_python(text)
    assert address == Address(host, port)
    assert Address.parse(str(address)) == address


NO_ADDRESSES = (
    *("", "9999", 9999, "localhost:9999", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:9999"),
    *("[127.0.0.1]:9999", "[::1:9999", "127.0.0.1:９", "127.0.0.1:9999 ", None, ["127.0.0.1:9999"]),
)


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address(text: object) -> None:
    assert "no address to listen on" in refused(Listen, text)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("127.0.0.1:1", "127.0.0.1:1", True),
        ("127.0.0.1:1", "127.0.0.1:2", False),
        ("127.0.0.1:1", "127.0.0.2:1", False),
        ("0.0.0.0:1", "127.0.0.1:1", True),
        ("[::]:1", "[::1]:1", True),
        ("0.0.0.0:1", "[::]:1", False),
        ("127.0.0.1:1", "[::]:1", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_addresses_that_cannot_both_be_had(one: str, other: str, clash: bool) -> None:
    assert Address.parse(one).clashes_with(Address.parse(other)) is clash
    assert Address.parse(other).clashes_with(Address.parse(one)) is clash


def test_lists_of_addresses_may_be_text() -> None:
    """As they come from the environment."""
    adapter = TypeAdapter(Listeners)
    expected = (Address("127.0.0.1", 1), Address("::1", 2))
    assert adapter.validate_python("127.0.0.1:1, [::1]:2,") == expected
    assert adapter.validate_python(["127.0.0.1:1", "[::1]:2"]) == expected
    assert adapter.validate_python("") == ()
    many = [f"127.0.0.1:{port}" for port in range(1, LISTENERS_MAX + 2)]
    assert len(adapter.validate_python(many[:-1])) == LISTENERS_MAX
    assert f"more than {LISTENERS_MAX}" in refused(Listeners, many)


@pytest.mark.parametrize("value", [1, 100, "1", "100"])
def test_whole_numbers(value: object) -> None:
    assert TypeAdapter(WHOLE).validate_python(value) == int(str(value))


@pytest.mark.parametrize("value", [0, 101, -1, 1.5, True, "1e2", "", "ten", None, "9" * 5000, "٣"])
def test_what_is_no_whole_number(value: object) -> None:
    assert refused(WHOLE, value) == "this must be a whole number from 1 to 100"


@pytest.mark.parametrize("value", [1, 2.5, "2.5", "60"])
def test_seconds(value: object) -> None:
    assert TypeAdapter(SECONDS).validate_python(value) == float(str(value))


@pytest.mark.parametrize("value", [0.5, 61, -1, True, "nan", "inf", "1e1", "2m", None, float("inf")])
def test_what_is_no_number_of_seconds(value: object) -> None:
    assert refused(SECONDS, value) == "this must be a number of seconds from 1 to 60"


def test_credential_names() -> None:
    assert TypeAdapter(CredentialName).validate_python("webhook-secret") == "webhook-secret"
    for name in ("", "../kek", "a b", "-x", "x" * 65, "a/b"):
        assert refused(CredentialName, name) == "this is no name of a credential"


def test_base_urls() -> None:
    adapter = TypeAdapter(BaseUrl)
    assert adapter.validate_python("https://guard.example.org/") == "https://guard.example.org"
    assert adapter.validate_python("http://127.0.0.1:9997") == "http://127.0.0.1:9997"
    for url in (
        "",
        "guard.example.org",
        "ftp://guard.example.org",
        "https://x/?a",
        "https://x/#a",
        "http://[",
        "https://",
    ):
        assert refused(BaseUrl, url) == "this is no address of a web page"
    assert "unencrypted" in refused(BaseUrl, "http://guard.example.org")


def test_paths() -> None:
    assert TypeAdapter(File).validate_python("/var/lib/arcd") == Path("/var/lib/arcd")
    for value in ("", 5, None, "a\0b"):
        assert refused(File, value) == "this is no path"


def test_languages_are_those_of_the_rules() -> None:
    assert get_args(Language) == LANGUAGES
