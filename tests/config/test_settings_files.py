"""The settings files we ship are valid, complete and true to the defaults they claim to show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from arcd.loopback import is_loopback
from arcd.settings import MailSettings, Settings, WebhookSettings, load_settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "arcd.yaml"
DEMO = ROOT / "config" / "demo" / "arcd.yaml"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("ARCD_") and "__" in name:
            monkeypatch.delenv(name)


def read(path: Path) -> Settings:
    settings = load_settings(path)
    assert isinstance(settings, Settings), str(settings)
    return settings


def test_the_example_is_valid_and_shows_the_defaults() -> None:
    example, defaults = read(EXAMPLE), Settings()
    assert example.mail == MailSettings(host="mail.example.org", sender="arc@example.org")
    assert example.webhook == WebhookSettings()
    for name in Settings.model_fields:
        if name not in {"mail", "webhook"}:
            assert getattr(example, name) == getattr(defaults, name), name


def test_the_example_shows_every_setting() -> None:
    written = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    declared = set(_declared(read(EXAMPLE)))
    assert set(_written(written, declared)) == declared


def _written(data: object, whole: set[tuple[str, ...]], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """`whole`: settings that are one value each, also where that is a mapping of people's own names."""
    if isinstance(data, dict) and path not in whole:
        for key, value in data.items():
            yield from _written(value, whole, (*path, key))
    else:
        yield path


def _declared(section: BaseModel, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in section:
        if isinstance(value, BaseModel):
            yield from _declared(value, (*path, name))
        else:
            yield (*path, name)


def test_the_demo_touches_nothing_outside_the_clone_and_the_machine() -> None:
    demo = read(DEMO)
    for address in (*demo.dc09.tcp, *demo.dc09.udp, demo.api.guard_listen, demo.metrics.listen):
        assert address is not None
        assert is_loopback(address.host)
    assert demo.mail is not None
    assert is_loopback(demo.mail.host)
    assert demo.webhook is not None
    assert demo.site_base.directory == Path("config/demo")
    assert (ROOT / demo.site_base.directory / "arcd.yaml") == DEMO
    for path in (demo.store.path, demo.api.socket, demo.kek.file, demo.webhook.secret.file):
        assert path is not None
        assert path.parts[0] == "var"
