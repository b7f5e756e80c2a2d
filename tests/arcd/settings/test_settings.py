from __future__ import annotations

import os
from pathlib import Path

import pytest

from arcd.core.case.authority.policy import Connector, EscalationPolicy
from arcd.effectors.mail import MailSecurity
from arcd.settings import ReplySettings, Secret, Settings, SettingsProblems, load_settings
from arcd.settings.values import Address
from protocols.codec import ReplyKind
from protocols.dc09 import ReplyPolicy
from protocols.dc09.reply_policy import REPLIES


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("ARCD_") and "__" in name:
            monkeypatch.delenv(name)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # so that problems read "arcd.yaml:3:5"
    return Path("arcd.yaml")


def loaded(path: Path | None, text: str | None = None) -> Settings:
    if path is not None and text is not None:
        path.write_text(text, encoding="utf-8")
    settings = load_settings(path)
    assert isinstance(settings, Settings), str(settings)
    return settings


def problems(path: Path | None, text: str | None = None) -> list[str]:
    if path is not None and text is not None:
        path.write_text(text, encoding="utf-8")
    found = load_settings(path)
    assert isinstance(found, SettingsProblems)
    return str(found).splitlines()


def test_defaults_listen_on_this_machine_only() -> None:
    settings = loaded(None)
    listening = (*settings.dc09.tcp, *settings.dc09.udp, settings.api.guard_listen, settings.metrics.listen)
    assert {address.host for address in listening if address is not None} == {"127.0.0.1"}
    assert settings.mail is None
    assert settings.webhook is None


def test_the_file_is_read(path: Path) -> None:
    settings = loaded(
        path,
        """
store:
  path: var/journal.sqlite
dc09:
  tcp: ["0.0.0.0:10001", "[::1]:10001"]
limits:
  idle_timeout_s: 90
mail:
  host: mail.example.org
  security: tls
  sender: arc@example.org
  password: {file: /etc/arcd/mail-password, credential: mail}
""",
    )
    assert settings.store.path == Path("var/journal.sqlite")
    assert settings.dc09.tcp == (Address("0.0.0.0", 10001), Address("::1", 10001))
    assert settings.dc09.udp == (Address("127.0.0.1", 9999),), "what is not said keeps its default"
    assert settings.limits.idle_timeout_s == 90
    assert settings.mail is not None
    assert settings.mail.security is MailSecurity.TLS
    assert settings.mail.password == Secret(credential="mail", file=Path("/etc/arcd/mail-password"))


def test_the_environment_wins_over_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCD_STORE__PATH", "/elsewhere/journal.sqlite")
    monkeypatch.setenv("arcd_dc09__udp", "127.0.0.1:1,[::1]:2")
    monkeypatch.setenv("ARCD_WEBHOOK__SECRET__CREDENTIAL", "hook")
    monkeypatch.setenv("ARCD_LANGUAGES__OFFERED", "sv,en")
    monkeypatch.setenv("ARCD_LANGUAGES__DEFAULT", "sv")
    settings = loaded(path, "store: {path: /here, free_bytes_min: 5}\nwebhook: {timeout_s: 2.5}\n")
    assert settings.store.path == Path("/elsewhere/journal.sqlite")
    assert settings.store.free_bytes_min == 5
    assert settings.dc09.udp == (Address("127.0.0.1", 1), Address("::1", 2))
    assert settings.webhook is not None
    assert (settings.webhook.secret.credential, settings.webhook.timeout_s) == ("hook", 2.5)
    assert settings.languages.offered == ("sv", "en")


def test_an_empty_file_and_empty_sections_are_the_defaults(path: Path) -> None:
    assert loaded(path, "") == loaded(None)
    assert loaded(path, "# only\n\n  # comments\n") == loaded(None)
    assert loaded(path, "store:\n  # path: /x\nmail:\nlog:\n") == loaded(None)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        loaded(None).store.path = Path("/x")  # type: ignore[misc]  # – the point of the test


# -------------------------------------------------------------------------------------------------------- every mistake


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sotre: {}", "arcd.yaml:1:1: error: unknown field sotre — did you mean store? write store instead"),
        (
            "store:\n  pth: /x",
            "arcd.yaml:2:3: error: unknown field pth — did you mean path? write path instead",
        ),
        ("store: 5", "arcd.yaml:1:8: error: store must be a mapping — write field: value lines"),
        (
            "store: {path: 5}",
            "arcd.yaml:1:15: error: this is no path — write it like /var/lib/arcd, in quotes if it looks like a number",
        ),
        (
            "dc09:\n  tcp:\n    - 127.0.0.1:9999\n    - localhost:9999",
            "arcd.yaml:4:7: error: this is no address to listen on — write it like 127.0.0.1:9999 or [::1]:9999",
        ),
        (
            "limits: {batch_max: 0}",
            "arcd.yaml:1:21: error: this must be a whole number from 1 to 10000 — write digits only",
        ),
        (
            "limits: {idle_timeout_s: 5m}",
            "arcd.yaml:1:26: error: this must be a number of seconds from 10 to 86400 — write it like 10 or 2.5",
        ),
        (
            "reply: {opaque: nak}",
            "arcd.yaml:1:17: error: unknown opaque nak — did you mean ack? write ack instead",
        ),
        ("log: {level: inof}", "arcd.yaml:1:14: error: unknown level inof — did you mean info? write info instead"),
        ("mail: {host: mail.example.org}", "arcd.yaml:1:7: error: the field sender is missing — add sender: …"),
        (
            "mail: {host: m.example.org, sender: a@b.example, password: {credential: ../x}}",
            "arcd.yaml:1:73: error: this is no name of a credential — write the name given in LoadCredential=, "
            "like webhook-secret",
        ),
        (
            "api: {guard_base_url: http://guard.example.org}",
            "arcd.yaml:1:23: error: guards' personal links would cross the network unencrypted — "
            "write an https:// address",
        ),
        ("- a", "arcd.yaml:1:1: error: the settings must be a mapping — write store: and so on"),
        ("store: {path: /a}\nstore: {path: /b}", "arcd.yaml:2:1: error: store was already given on line 1 — keep one"),
        ("store: [", "arcd.yaml:2:1: error: this is not YAML"),
        # What contradicts itself.
        (
            "metrics: {listen: 0.0.0.0:9999}",
            "arcd.yaml:1:19: error: 0.0.0.0:9999 is already taken by dc09.tcp (127.0.0.1:9999) — choose another port",
        ),
        (
            "dc09: {udp: ['127.0.0.1:1', '127.0.0.1:1']}",
            "arcd.yaml:1:29: error: 127.0.0.1:1 is named twice — remove one of the two",
        ),
        (
            "limits: {connections_max: 10, connections_per_source_max: 11}",
            "arcd.yaml:1:59: error: one source may have more connections than all together — write at most 10",
        ),
        (
            "languages: {offered: [sv], default: fi}",
            "arcd.yaml:1:37: error: the default language is not offered — add it to languages.offered",
        ),
        (
            "mail: {host: m.example.org, sender: a@b.example, security: plain}",
            "arcd.yaml:1:60: error: mail would cross the network unencrypted — write starttls or tls instead",
        ),
    ],
)
def test_a_mistake_in_the_file_is_placed_and_answered(path: Path, text: str, expected: str) -> None:
    (found,) = problems(path, text)
    assert found.startswith(expected)
    assert "—" in found


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("ARCD_STROE__PATH", "/x", "$ARCD_STROE__PATH: error: there is no section stroe — did you mean store?"),
        ("ARCD_STORE__PTH", "/x", "$ARCD_STORE__PTH: error: unknown field pth — did you mean path?"),
        ("ARCD_LIMITS__BATCH_MAX", "many", "$ARCD_LIMITS__BATCH_MAX: error: this must be a whole number from 1 to"),
        ("ARCD_DC09__TCP", "127.0.0.1:1,x", "$ARCD_DC09__TCP: error: this is no address to listen on"),
        ("ARCD_STORE", "/x", "$ARCD_STORE: error: store must be a mapping"),
        ("ARCD_METRICS__LISTEN", "127.0.0.1:9999", "$ARCD_METRICS__LISTEN: error: 127.0.0.1:9999 is already taken by"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, path: Path, variable: str, text: str, expected: str
) -> None:
    monkeypatch.setenv(variable, text)
    (found,) = problems(path, "store: {path: /fine}\nmetrics: {listen: 127.0.0.1:5}\n")
    assert found.startswith(expected)


def test_all_mistakes_are_told_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCD_LOG__LEVEL", "loud")
    found = problems(path, "store: {pth: /x}\nlimits:\n  batch_max: 0\n  idle_timeout_s: -1\nlog: {format: xml}\n")
    assert [line.split(" ")[0] for line in found] == [
        "$ARCD_LOG__LEVEL:",
        "arcd.yaml:1:9:",
        "arcd.yaml:3:14:",
        "arcd.yaml:4:19:",
        "arcd.yaml:5:15:",
    ]


def test_other_programs_variables_are_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCD_HYPOTHESIS", "dev")
    monkeypatch.setenv("ARCD_SOCKET", "/run/x")
    loaded(None)


def test_a_file_that_cannot_be_read(path: Path) -> None:
    (found,) = problems(path)
    assert found.startswith("arcd.yaml:1:1: error: cannot read the settings: No such file or directory — ")
    path.write_bytes(b"\xff\xfe")
    (found,) = problems(path)
    assert "it is not UTF-8 text — save the file as UTF-8" in found


def test_what_was_written_in_place_of_a_secret_is_not_repeated(path: Path) -> None:
    for text in ("webhook: {secret: hunter2}", "mail: {host: h, sender: s, password: hunter2}", "kek: {key: hunter2}"):
        found = problems(path, text)
        assert found
        assert "hunter2" not in str(found)


# -------------------------------------------------------------------------------------------------------- reply policy


def test_reply_settings_are_the_choices_of_the_reply_policy() -> None:
    assert ReplySettings().policy() == ReplyPolicy()
    changed = ReplySettings(unknown_account="nak", opaque="duh").policy()
    assert changed == ReplyPolicy(unknown_account=ReplyKind.NAK, opaque=ReplyKind.DUH)
    assert tuple(ReplySettings.model_fields) == ReplyPolicy.__struct_fields__
    for row in REPLIES.values():
        if row.option is not None:
            offered = ReplySettings.model_json_schema()["properties"][row.option]["enum"]
            assert set(offered) == set(row.allowed)


def test_built_in_nobody_but_an_operator_tells_an_authority() -> None:
    escalation = loaded(None).escalation
    assert (escalation.connector, escalation.actual, escalation.actual_sites) == (Connector.MANUAL_PHONE, False, ())
    assert escalation.policy() == EscalationPolicy()


def test_a_machine_that_is_told_for_real(path: Path) -> None:
    escalation = loaded(
        path,
        """
escalation:
  connector: cap_http
  url: https://psap.example.org/cap
  sender: arc.example.org
  addressee: psap.example.org
  actual: true
  actual_sites: [K-1, K-2]
  response_timeout_s: 20
  phone_after_s: 45
""",
    ).escalation
    assert escalation.policy() == EscalationPolicy(
        connector=Connector.CAP_HTTP,
        sender="arc.example.org",
        addressee="psap.example.org",
        actual=True,
        actual_sites=("K-1", "K-2"),
        response_timeout_s=20,
        phone_after_s=45,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{connector: cap_http, sender: a}", "2:15: error: cap_http has no address to post to — write escalation.url"),
        ("{connector: cap_file, sender: a}", "error: cap_file has no directory — write escalation.directory"),
        ("{connector: cap_file, directory: /x}", "the authority would not know who sends — write escalation.sender"),
        ("{actual: true, actual_sites: [K-1]}", "manual_phone sends nothing — remove it, or choose another connector"),
        ("{connector: cap_file, directory: /x, sender: a, actual: true}", "messages may be Actual for no site"),
        ("{response_timeout_s: 60}", "the resend would come after the call for a person — write more than 60"),
        ("{url: http://psap.example.org/}", "would cross the network unencrypted — write an https:// address"),
        ("{url: tel:112}", "this is no address to post messages to"),
        ("{sender: my arc}", "this is no name for CAP messages"),
        ("{connector: dial}", "connector"),
        ("{age_max_s: 10}", "this must be a number of seconds from 30 to 3600"),
    ],
)
def test_half_an_escalation_is_found_before_the_first_emergency(path: Path, text: str, problem: str) -> None:
    said = problems(path, f"escalation:\n  {text}\n")
    assert any(problem in line for line in said), said
