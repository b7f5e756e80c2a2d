"""The certificate that DC-09 over TLS is served with: read at the start, read anew on SIGHUP, watched until it expires.

One rule: a bad file never takes a good certificate away. At the start it is an error that ends the start; later the
one in force goes on, and the trouble is said.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog
from cryptography import x509

from arcd.credentials import CredentialError, credential_path
from arcd.gateways.tls import server_context
from arcd.settings import TlsSettings
from arcd.start_error import StartError

log = structlog.get_logger(__name__)

NS = 1_000_000_000
# Let's Encrypt renews thirty days before the end; two weeks before it somebody has to look.
EXPIRES_WARN_S = 14 * 86_400.0


class TlsCertificate:
    """StartError says what is wrong with the files."""

    def __init__(self, settings: TlsSettings) -> None:
        self._settings = settings
        self._refused = ""  # why the newest files are not in force
        self.context, self.expires_at = _load(settings)

    def reload(self) -> bool:
        """Take what the files hold now. False, and the old one stays, when they cannot be used."""
        try:
            self.context, self.expires_at = _load(self._settings)
        except StartError as error:
            self._refused = str(error)
            log.error("certificate.refused", reason=self._refused)
            return False
        self._refused = ""
        log.info("certificate.loaded", file=str(self._settings.certificate))
        return True

    def trouble(self, now: int) -> str:
        """What somebody has to see to; "" when all is well."""
        if self._refused:
            return f"the one in force stays: {self._refused}"
        left_s = (self.expires_at - now) / NS
        if left_s <= 0:
            return "expired: panels refuse it"
        return f"expires in {left_s / 86_400:.0f} days" if left_s < EXPIRES_WARN_S else ""


def _load(settings: TlsSettings) -> tuple[ssl.SSLContext, int]:
    try:
        key = credential_path(settings.key.credential, file=settings.key.file)
        context = server_context(settings.certificate, key, settings.client_ca)
        return context, _expiry(settings.certificate)
    except (CredentialError, ValueError) as error:
        raise StartError(f"{error}") from None


def _expiry(certificate: Path) -> int:
    """ns UTC; of the first certificate in the file, which is ours."""
    first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    return int(first.not_valid_after_utc.timestamp()) * NS
