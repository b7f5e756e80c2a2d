"""Every channel with a secret of its own in one centre, and every place that none of them may be found in.

`test_secrets` has receiver keys and code words; this has what channels log in, sign and are known by: the keys of TLS
and of checkpoints, the tokens of cameras and clouds, passwords of mail both ways, the secrets shared with guards and an
authority. Looked through are the journal, a backup, an export opened up, copies of checkpoints (directory, mail), a
line's capture, the log at debug, metrics, every answer, every mail, and how the process shows itself on the machine.
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from protocols.dc09 import Dialler
from protocols.receiver_lines.surgard import encode_line
from protocols.sia import signal
from tests.arcd.gateways.far_receiver import ACK, Cable
from tests.arcd.gateways.intake import JPEG
from tests.e2e.installations import PLAIN, centre, impatient, site
from tests.e2e.test_secrets import shapes
from tests.guards import silent, webhook_guards
from tests.patience import PATIENCE_S
from tests.process import Daemon, Installation, Ran, free_ports, until

pytestmark = pytest.mark.slow

HOST, DOMAIN = "arc.example.org", "intake.example.org"
MAIL_PASSWORD = "planted-mail-password-81"
INTAKE_PASSWORD = "planted-intake-password-92"
WEBHOOK_SECRET = "planted-webhook-secret-of-32-bytes-or-more"
AUTHORITY_SECRET = "planted-authority-secret"
MAIL_TOKEN = "11aa22bb33cc44dd55ee66ff77008899"
HTTP_TOKEN = "99aa88bb77cc66dd55ee44ff33221100"
KEK = "3c" * 16 + "c3" * 16
AUDIT_SEED = "4d" * 16 + "d4" * 16


@dataclass
class Inbox:
    """A mail server that wants a password; whole messages as they came."""

    messages: list[bytes] = field(default_factory=list)
    logins: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 – aiosmtpd's
        self.messages.append(bytes(envelope.original_content or b""))
        return "250 2.0.0 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins += 1
        return AuthResult(success=data.password == MAIL_PASSWORD.encode(), handled=False)


@contextlib.contextmanager
def inbox(port: int) -> Iterator[Inbox]:
    taken = Inbox()
    controller = Controller(
        taken, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE_S,
        authenticator=taken.authenticate, auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    try:
        yield taken
    finally:
        controller.stop()


class Place:
    """The installation, its far ends, and everything that anybody was told."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.cable = Cable(directory).plug()
        self.tls_port, self.webhook_port, self.mail_port, self.smtp_port, self.http_port = free_ports(5)
        self.ca = trustme.CA()
        issued = self.ca.issue_cert(HOST)
        self.private_key = issued.private_key_pem.bytes()
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        (directory / "tls.pem").write_bytes(chain)
        (directory / "copies").mkdir()
        self.secrets = directory / "secrets"
        self.secrets.mkdir()
        self._secret("tls-key", self.private_key)
        self._secret("both.pem", self.private_key + chain)
        self.installation = Installation(
            directory, centre=self._centre(), sites=[self._site()], overlays={"quick.yaml": impatient("intrusion")},
            settings=self._settings(),
        )  # fmt: skip
        (directory / "kek").write_text(f"{KEK}\n")
        (directory / "webhook-secret").write_text(f"{WEBHOOK_SECRET}\n")
        self.installation.settings = {
            **self.installation.settings,
            "dc09": {
                "tcp": [f"127.0.0.1:{self.installation.dc09_port}"],
                "udp": [],
                "tls": {
                    "listen": [f"127.0.0.1:{self.tls_port}"],
                    "certificate": str(directory / "tls.pem"),
                    "key": {"credential": "x", "file": str(self.secrets / "tls-key")},
                },
            },
        }
        self.installation.write_settings()
        self.said: dict[str, bytes] = {}

    def arcctl(self, *arguments: str, code: int = 0, typed: str = "") -> Ran:
        ran = self.installation.arcctl(*arguments, typed=typed)
        assert ran.code == code, ran
        self.said[f"arcctl {' '.join(arguments)}"] = f"{ran.out}{ran.err}".encode()
        return ran

    def answered(self, what: str, answer: httpx.Response, status: int) -> None:
        assert answer.status_code == status, answer.text
        self.said[what] = answer.content + repr(answer.headers).encode()

    def _secret(self, name: str, content: bytes) -> str:
        path = self.secrets / name
        path.write_bytes(content)
        path.chmod(0o600)
        return str(path)

    def _password(self, name: str, text: str) -> dict[str, Any]:
        return {"credential": "x", "file": self._secret(name, f"{text}\n".encode())}

    def _centre(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.webhook_port}/first"
        return centre([{"id": "first", "name": "Vartija 1", "language": "en", "webhook_url": url}])

    def _site(self) -> dict[str, Any]:
        token = self._secret("cam.token", f"{MAIL_TOKEN}\n".encode())
        shop = site("K-1", PLAIN, guards=("first",))
        shop["systems"][0]["sources"] = [
            {"id": "cam", "token_file": token, "code": "TA", "zone": "15"},
            {"id": "cloud", "token": HTTP_TOKEN, "by": ["http"]},
        ]
        return shop

    def _settings(self) -> dict[str, Any]:
        return {
            "log": {"format": "json", "level": "debug"},
            "mail": {
                "host": "127.0.0.1", "port": self.mail_port, "security": "plain", "username": "arc",
                "sender": "arcd@centre.example.invalid", "password": self._password("mail", MAIL_PASSWORD),
            },
            "mail_intake": {
                "listen": [f"127.0.0.1:{self.smtp_port}"], "domain": DOMAIN, "user": "cams",
                "certificate": str(self.secrets / "both.pem"), "password": self._password("intake", INTAKE_PASSWORD),
                "networks": ["127.0.0.2/32"],
            },
            "http_intake": {"listen": f"127.0.0.1:{self.http_port}"},
            "media": {"directory": str(self.directory / "media")},
            "escalation": {
                "connector": "cap_http", "url": "http://127.0.0.1:1/cap", "sender": "arc.example.org",
                "secret": self._password("authority", AUTHORITY_SECRET),
            },
            "audit": {
                "origin": "arc.example/secrets", "key": self._password("audit-key", AUDIT_SEED),
                "directories": [str(self.directory / "copies")], "mail_to": ["copies@elsewhere.example.invalid"],
                "mail_interval_s": 60, "interval_s": 1,
            },
            "lines": [
                {"name": "surgard-1", "dialect": "surgard", "heartbeat_s": 0,
                 "serial": {"port": str(self.cable.path), "mode": "9600 8N2"}},
            ],
        }  # fmt: skip


def test_no_secret_of_a_channel_is_found_anywhere(tmp_path: Path) -> None:
    place = Place(tmp_path)
    installation = place.installation
    with (
        webhook_guards(WEBHOOK_SECRET, {"first": silent}, place.webhook_port) as guards,
        inbox(place.mail_port) as letters,
        installation.running(fresh=True) as daemon,
    ):
        _alarm_over_tls(place)
        _mails_from_the_camera(place)
        _posts_of_the_cloud(place)
        _a_forged_answer_of_the_authority(place)
        _a_capture_of_the_line(place)
        until("the guard company has a job, signed", lambda: guards.offers)
        assert guards.unsigned == 0
        until("letters to the duty person and of a checkpoint", lambda: len(letters.messages) > 1)
        assert letters.logins
        _what_people_ask(place)
        links = [link for offer in guards.offers for link in offer.payload["links"].values()]
        place.said["metrics"] = daemon.metrics().encode()
        place.said |= _seen_from_outside(daemon)
        place.said |= {f"mail {number}": _readable(mail) for number, mail in enumerate(letters.messages)}
        places = place.said | _files(place)
    places |= _files(place)  # also what the end writes
    assert {"journal.sqlite", "backup.sqlite", "arcd.log", "line.capture", "case.zip: report.en.html"} <= places.keys()
    assert any(name.startswith("copies/") for name in places)
    for name, secret in _planted(place).items():
        for shape in shapes(secret):
            found = [where for where, content in places.items() if shape.lower() in content.lower()]
            assert not found, f"{name} as {shape!r} in {found}"
    for link in links:  # whoever has one may answer for the guard
        token = link.partition("/g/")[2].partition("/")[0].encode()
        assert len(token) > 20
        found = [where for where, content in places.items() if token in content and not where.startswith("mail ")]
        assert not found, f"a guard's link in {found}"


# ----------------------------------------------------------------------------------------------------- what happens


def _alarm_over_tls(place: Place) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    place.ca.configure_trust(context)
    with (
        socket.create_connection(("127.0.0.1", place.tls_port), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as panel,
    ):
        panel.sendall(Dialler(PLAIN).sia_dcs("Nri1/BA15", sequence=1))
        assert b'"ACK"' in panel.recv(4096)
    with socket.create_connection(("127.0.0.1", place.tls_port), timeout=PATIENCE_S) as plain:
        plain.sendall(Dialler(PLAIN).sia_dcs("Nri1/BA15", sequence=2))  # in the clear, to the sealed door
        assert b'"ACK"' not in plain.recv(4096)


def _mails_from_the_camera(place: Place) -> None:
    """Logged in, as cameras do; with their address, which is their token, in places where it does not belong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    place.ca.configure_trust(context)
    address = f"{MAIL_TOKEN}@{DOMAIN}"
    message = EmailMessage()
    message["Subject"], message["Message-ID"] = f"Portti, sent to {address}", f"<1.{MAIL_TOKEN}@cam>"
    message["To"] = address.upper()
    message.set_content(f"Kamera 2 writes to {address.upper()} again")
    message.add_attachment(JPEG, maintype="image", subtype="jpeg", filename=f"{MAIL_TOKEN}.jpg")
    with smtplib.SMTP("127.0.0.1", place.smtp_port, local_hostname="cam", timeout=PATIENCE_S) as client:
        context.check_hostname = False
        client.starttls(context=context)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("cams", INTAKE_PASSWORD[::-1])
    with smtplib.SMTP("127.0.0.1", place.smtp_port, local_hostname="cam", timeout=PATIENCE_S) as client:
        client.starttls(context=context)
        client.login("cams", INTAKE_PASSWORD)
        assert client.send_message(message, "cam@example.org", [address.capitalize()]) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("cam@example.org", [f"{MAIL_TOKEN}@elsewhere.example"], "x")


def _posts_of_the_cloud(place: Place) -> None:
    url = f"http://127.0.0.1:{place.http_port}/v1/signals"
    bearer = {"Authorization": f"Bearer {HTTP_TOKEN}"}
    with httpx.Client(trust_env=False) as cloud:
        good = {"id": f"m-1-{HTTP_TOKEN}", "code": "FA", "text": f"posted with {HTTP_TOKEN}"}
        answer = cloud.post(url, json=good, headers=bearer)
        assert answer.status_code == httpx.codes.OK  # its own message comes back to it: that is no place of ours
        place.answered("odd", cloud.post(url, json={"token": HTTP_TOKEN}, headers=bearer), 422)
        place.answered("odd name", cloud.post(url, json={"id": "1", HTTP_TOKEN: 1}, headers=bearer), 422)
        place.answered("in the address", cloud.post(f"{url}?token={HTTP_TOKEN}", json=good), 401)
        place.answered("long", cloud.post(url, content=b" " * 4_080 + HTTP_TOKEN.encode() * 2, headers=bearer), 422)
        place.answered("basic", cloud.post(url, json=good, auth=("cloud", HTTP_TOKEN)), 401)


def _a_forged_answer_of_the_authority(place: Place) -> None:
    url = f"http://127.0.0.1:{place.installation.guard_port}/authority/answers"
    signed = {"Arcd-Timestamp": str(int(time.monotonic())), "Arcd-Signature": "v1=" + "0" * 64}
    with httpx.Client(trust_env=False) as forger:
        place.answered("forged", forger.post(url, content=b"<alert/>", headers=signed), 401)


def _a_capture_of_the_line(place: Place) -> None:
    out = place.directory / "line.capture"
    with ThreadPoolExecutor(1) as recorder:
        record = recorder.submit(place.arcctl, "capture", "line", "surgard-1", "--out", str(out), "--for", "2s")
        until("the recording has begun", lambda: out.exists() and out.stat().st_size)
        place.cable.send(encode_line(signal("BA", area="1", zone="15"), account=PLAIN))
        until("an answer on the serial line", lambda: place.cable.read() == ACK)
        record.result()
    place.arcctl("capture", "replay", str(out))


def _what_people_ask(place: Place) -> None:
    case_id = place.arcctl("cases", "--json").json()["cases"][0]["id"]
    place.arcctl("case", "show", case_id, "--json")
    place.arcctl("sites", "show", "K-1", "--json")
    place.arcctl("journal", "keys", "list")
    place.arcctl("journal", "show", "--limit", "200", "--json")
    place.arcctl("backup", str(place.directory / "backup.sqlite"), "--journal", str(place.installation.journal))
    place.arcctl(
        "journal", "export", "--case", case_id, "--reason", "5560/R/1", "--for", "police",
        "--out", str(place.directory / "case.zip"),
    )  # fmt: skip
    for name in ("status", "rules", "lines"):
        ran = place.installation.arcctl(name, "--json")
        place.said[f"arcctl {name}"] = f"{ran.out}{ran.err}".encode()


# -------------------------------------------------------------------------------------------------- where is looked


def _planted(place: Place) -> dict[str, bytes]:
    key = load_pem_private_key(place.private_key, None)
    assert isinstance(key, EllipticCurvePrivateKey)
    scalar = key.private_numbers().private_value
    lines = [line for line in place.private_key.splitlines() if b"-----" not in line]
    return {
        "the key-encryption key": bytes.fromhex(KEK),
        "the checkpoints' key": bytes.fromhex(AUDIT_SEED),
        "the webhook secret": WEBHOOK_SECRET.encode(),
        "the authority's secret": AUTHORITY_SECRET.encode(),
        "the mail password": MAIL_PASSWORD.encode(),
        "the intake password": INTAKE_PASSWORD.encode(),
        "a camera's token": MAIL_TOKEN.encode(),
        "a camera's token's bytes": bytes.fromhex(MAIL_TOKEN),
        "a cloud's token": HTTP_TOKEN.encode(),
        "the TLS key": scalar.to_bytes((key.key_size + 7) // 8),
        "the TLS key's file": lines[0],
    }


def _files(place: Place) -> dict[str, bytes]:
    """Everything that is not where the administrator put the secrets, archives opened up."""
    own = {"kek", "webhook-secret"}
    found: dict[str, bytes] = {}
    for path in place.directory.rglob("*"):
        name = str(path.relative_to(place.directory))
        if not path.is_file() or name in own or name.startswith(("secrets/", "site-base/")):
            continue
        found[name] = path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                found |= {f"{name}: {inner}": archive.read(inner) for inner in archive.namelist()}
    return found


def _seen_from_outside(daemon: Daemon) -> dict[str, bytes]:
    """What `ps` shows to everybody, and to the same user."""
    return {what: Path(f"/proc/{daemon.pid}/{what}").read_bytes() for what in ("cmdline", "environ")}


def _readable(mail: bytes) -> bytes:
    """As it came, without soft line ends, and its base64 parts read."""
    joined = mail.replace(b"=\r\n", b"")
    blocks = [base64.b64decode(line) for line in mail.split() if len(line) % 4 == 0 and line.isalnum()]
    return joined + b"\n".join(blocks)
