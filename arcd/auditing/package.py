"""The package for an authority: a zip that anybody can read, and check with nothing but Python.

One rule: the same case at the same checkpoint gives the same bytes, and every file is listed with its digest.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

import msgspec

from arcd.auditing.bundle import Bundle, ProvedEntry

VERIFY_NAME: Final = "verify.py"
_README: Final = """\
arcd evidence package / todistepaketti / bevispaket

fi  report.fi.html on luettava raportti. Paketin aitous tarkistetaan komennolla: python3 -I verify.py
    Tarvitaan vain Python 3.8 tai uudempi. Vertaa allekirjoitusavainta muualta saatuun: --key AVAIN
sv  report.sv.html är den läsbara rapporten. Äktheten kontrolleras med: python3 -I verify.py
    Endast Python 3.8 eller nyare behövs. Jämför signeringsnyckeln med en som fåtts på annat håll: --key NYCKEL
en  report.en.html is the readable report. Check that it is genuine with: python3 -I verify.py
    Nothing but Python 3.8 or later is needed. Compare the signing key with one from elsewhere: --key KEY

incident.json      the case and its entries, for programs
entries/           the content of each entry, byte for byte as the journal holds it
raw/               what the panels sent, byte for byte
media.json         pictures and recordings that the signals name, with digests where the centre keeps them
proofs.json        hashes, salts and inclusion proofs (RFC 9162) of the entries; keys
checkpoint.note    the signed size and root of the journal (C2SP tlog-checkpoint)
keys.txt           verifier keys
custody.json       who exported this, when, why, for whom
SHA256SUMS         digests of all files
"""

# Places of the media store: class, two digits, digest (arcd.media).
_KEPT: Final = re.compile(r"media:[^/]+/[0-9a-f]{2}/([0-9a-f]{64})\.[a-z]+")


def pack(
    bundle: Bundle,
    *,
    reports: Mapping[str, bytes],
    incident: object,
    custody: Mapping[str, object],
    redacted: Mapping[int, object],
) -> bytes:
    """`reports` by language; `redacted`: what may be shown of entries whose content is withheld."""
    contents: dict[str, bytes] = {
        "README.txt": _README.encode(),
        "checkpoint.note": bundle.note.text.encode(),
        "custody.json": _json(custody),
        "incident.json": _json(incident),
        "keys.txt": "".join(f"{key}\n" for key in bundle.verifiers).encode(),
        "media.json": _json(_media(bundle)),
        "proofs.json": _json({"key_notes": list(bundle.key_notes), "entries": [_proof(one) for one in bundle.entries]}),
        VERIFY_NAME: files("arcd.auditing").joinpath("check_evidence.py").read_bytes(),
        **{f"report.{language}.html": page for language, page in reports.items()},
    }
    for one in bundle.entries:
        name = f"entries/{one.entry.seq:012d}.json"
        if one.content == "whole" and one.entry.payload is not None:
            contents[name] = one.entry.payload
            raw = _raw(one.entry.payload)
            if raw:
                contents[f"raw/{one.entry.seq:012d}.bin"] = raw
        elif one.entry.seq in redacted:
            contents[name.replace(".json", ".redacted.json")] = _json(redacted[one.entry.seq])
    contents["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(contents.items())
    ).encode()
    return _zipped(contents, bundle.note.at)


def _zipped(contents: Mapping[str, bytes], at: int) -> bytes:
    made = datetime.fromtimestamp(at // 1_000_000_000, UTC)
    # Zip cannot say an earlier year, nor which timezone: this is UTC.
    stamp = (max(made.year, 1980), made.month, made.day, made.hour, made.minute, made.second)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(contents.items()):
            info = zipfile.ZipInfo(name, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def _proof(one: ProvedEntry) -> dict[str, object]:
    entry = one.entry
    is_whole = one.content == "whole" and entry.salt is not None
    return {
        "seq": entry.seq,
        "at_ns": entry.at,
        "kind": entry.kind,
        "subject": entry.subject,
        "refs": entry.refs,
        "commitment": entry.commitment.hex(),
        "previous_hash": entry.previous_hash.hex(),
        "hash": entry.hash.hex(),
        "content": one.content,
        "salt": entry.salt.hex() if is_whole and entry.salt is not None else None,
        "proof": [step.hex() for step in one.proof],
    }


def _media(bundle: Bundle) -> list[dict[str, object]]:
    """Addresses that signals name. What the centre keeps itself is named by its SHA-256, and so told."""
    found: list[dict[str, object]] = []
    for one in bundle.entries:
        if one.content == "whole" and one.entry.payload is not None:
            received = _fact(one.entry.payload).get("received")
            if isinstance(received, dict):
                for signal in received.get("signals", ()):
                    found += [_picture(one.entry.seq, address) for address in signal.get("media", ())]
    return found


def _picture(seq: int, address: str) -> dict[str, object]:
    digest = _KEPT.fullmatch(address)
    kept: dict[str, object] = {} if digest is None else {"sha256": digest[1]}
    return {"entry": seq, "address": address, **kept}


def _raw(payload: bytes) -> bytes:
    received = _fact(payload).get("received")
    encoded = received.get("raw", "") if isinstance(received, dict) else ""
    return base64.b64decode(encoded) if isinstance(encoded, str) else b""


def _fact(payload: bytes) -> dict[str, object]:
    record = msgspec.json.decode(payload)
    fact = record.get("fact") if isinstance(record, dict) else None
    return fact if isinstance(fact, dict) else {}


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
