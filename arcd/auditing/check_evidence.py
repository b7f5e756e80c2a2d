#!/usr/bin/env python3
"""Checks a package of evidence that arcd exported. Needs Python 3.8 or later and nothing else: python3 -I verify.py

    python3 -I verify.py [DIRECTORY] [--key VERIFIER_KEY]

What is checked, and how, in the order of the lines below:
  1. SHA256SUMS       every file is the one that was exported
  2. keys             every signing key was signed for by the key before it; --key: and one of them is the given one
  3. checkpoint.note  the signature of the centre over size and root of its journal (Ed25519, RFC 8032)
  4. entries          each is one of the journal's (inclusion proof, RFC 9162), and its content is the one it commits to
                      (HMAC-SHA-256); content that was withheld or erased is named, and its entry is proved all the same

One rule: this file imports nothing but the standard library, and trusts nothing in the package but what it computes.
"""

import base64
import hashlib
import hmac
import json
import struct
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

# ----------------------------------------------------------------------------------------------- Ed25519 (RFC 8032)

Point = Tuple[int, int, int, int]  # extended coordinates, RFC 8032 section 5.1.4
Key = Tuple[str, bytes]

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def _add(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(factor: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _add(result, point)
        point = _add(point, point)
        factor >>= 1
    return result


def _same(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


def _x_of(y: int, sign: int) -> Optional[int]:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def _point(encoded: bytes) -> Optional[Point]:
    number = int.from_bytes(encoded, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = _x_of(BASE_Y, 0)
assert BASE_X is not None
BASE: Point = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """RFC 8032 section 5.1.7."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return _same(_times(scalar, BASE), _add(commitment, _times(challenge, key)))


# ------------------------------------------------------------------------------------------- notes and keys (C2SP)


class WrongError(Exception):
    """What is not as it should be, as a sentence."""


def key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def decode_key(text: str) -> Key:
    name, identity, encoded = text.strip().split("+", 2)
    value = base64.b64decode(encoded, validate=True)
    if value[:1] != b"\x01" or len(value) != 33 or key_id(name, value[1:]).hex() != identity:
        raise WrongError(f"{text} is no verifier key")
    return name, value[1:]


def open_note(encoded: str, keys: Sequence[Key]) -> Tuple[str, List[Key]]:
    """The text of a note and those of the keys that have signed it."""
    text, gap, tail = encoded.rpartition("\n\n")
    if not gap:
        raise WrongError("a note without signatures")
    text += "\n"
    signed: List[Key] = []
    for line in tail.splitlines():
        dash, name, value = line.split(" ")
        raw = base64.b64decode(value, validate=True)
        for key in keys:
            if dash == "\u2014" and (name, raw[:4]) == (key[0], key_id(*key)):
                if not ed25519_verify(key[1], raw[4:], text.encode()):
                    raise WrongError(f"a signature of {name} does not hold")
                signed.append(key)
    return text, signed


def check_keys(notes: Sequence[str], given: Optional[Key]) -> List[Key]:
    """The keys that may be trusted, oldest first: each signed for by one before it, or given."""
    trusted: List[Key] = [given] if given else []
    for note in notes:
        named = note.split("\n")[2]
        key = decode_key(named)
        text, signed = open_note(note, [key, *trusted])
        if text != f"{key[0]}\nkey\n{named}\n" or key not in signed:
            raise WrongError("a note about a key that the key itself has not signed")
        if key in trusted:
            continue
        if trusted and not any(other in signed for other in trusted):
            if given and key != given and given not in trusted[1:]:
                continue  # a key from before the one that is trusted
            raise WrongError(f"nobody who is trusted has signed for the key {key_id(*key).hex()}")
        trusted.append(key)
    return trusted


# ----------------------------------------------------------------------------------------- entries and tree (RFC 9162)


def entry_hash(entry: Dict[str, Any]) -> bytes:
    """The journal's canonical encoding, hashed as a leaf."""
    kind, subject, refs = entry["kind"].encode(), entry["subject"].encode(), entry["refs"]
    encoded = struct.pack(
        ">BQq32s32sH",
        1 if refs is None else 2,
        entry["seq"],
        entry["at_ns"],
        bytes.fromhex(entry["previous_hash"]),
        bytes.fromhex(entry["commitment"]),
        len(kind),
    )
    encoded += kind + struct.pack(">H", len(subject)) + subject
    if refs is not None:
        encoded += struct.pack(">I", len(refs.encode())) + refs.encode()
    return hashlib.sha256(b"\x00" + encoded).digest()


def root_of(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.3.2."""
    place, last, folded = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise WrongError("an inclusion proof is too long")
        if place & 1 or place == last:
            folded = hashlib.sha256(b"\x01" + step + folded).digest()
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            folded = hashlib.sha256(b"\x01" + folded + step).digest()
        place >>= 1
        last >>= 1
    if last:
        raise WrongError("an inclusion proof is too short")
    return folded


def check_entry(entry: Dict[str, Any], size: int, root: bytes, directory: Path) -> str:
    """What became of its content: "ok", "withheld", "erased" or "proof only"."""
    name = f"entry {entry['seq']}"
    leaf = entry_hash(entry)
    if leaf.hex() != entry["hash"]:
        raise WrongError(f"{name} has been changed: its hash is not that of its content")
    proof = [bytes.fromhex(step) for step in entry["proof"]]
    if not 0 < entry["seq"] <= size or root_of(leaf, entry["seq"] - 1, size, proof) != root:
        raise WrongError(f"{name} is not one of the journal's: its proof does not lead to the signed root")
    if entry["content"] != "whole":
        return str(entry["content"])
    body = (directory / "entries" / f"{entry['seq']:012d}.json").read_bytes()
    if hmac.new(bytes.fromhex(entry["salt"]), body, hashlib.sha256).hexdigest() != entry["commitment"]:
        raise WrongError(f"the content of {name} has been changed: it is not the one committed to")
    return "whole"


# -------------------------------------------------------------------------------------------------------- the package


def check_sums(directory: Path) -> int:
    listed: Dict[str, str] = {}
    for line in (directory / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    found = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    for name in sorted(found - set(listed) - {"SHA256SUMS"}):
        raise WrongError(f"{name} is not part of the package")
    for name, digest in listed.items():
        path = directory / name
        if not path.is_file():
            raise WrongError(f"{name} is missing")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise WrongError(f"{name} has been changed: its digest is not the one listed")
    return len(listed)


def check(directory: Path, given: Optional[str] = None) -> List[str]:
    """Lines about what holds. WrongError, or an error of reading, for anything else."""
    lines = [f"{check_sums(directory)} files are those that were exported"]
    proofs = json.loads((directory / "proofs.json").read_text("utf-8"))
    keys = check_keys(proofs["key_notes"], decode_key(given) if given else None)
    if not keys:
        raise WrongError("the package names no signing key")
    lines.append(f"{len(keys)} signing keys, each signed for by the one before it")
    text, signed = open_note((directory / "checkpoint.note").read_text("utf-8"), keys)
    if not signed:
        raise WrongError("the checkpoint is signed by no key that is trusted")
    origin, told_size, told_root = text.split("\n")[:3]
    size, root = int(told_size), base64.b64decode(told_root)
    lines.append(f"the checkpoint of {origin} over {size} entries is signed by {key_id(*signed[0]).hex()}")
    counts: Dict[str, int] = {}
    for entry in proofs["entries"]:
        content = check_entry(entry, size, root, directory)
        counts[content] = counts.get(content, 0) + 1
    contents = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    lines.append(f"{len(proofs['entries'])} entries are in the journal that was signed; content: {contents}")
    return lines


def main(arguments: List[str]) -> int:
    given = None
    if "--key" in arguments:
        place = arguments.index("--key")
        given = arguments[place + 1]
        del arguments[place : place + 2]
    directory = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        sys.stdout.write("".join(f"ok     {line}\n" for line in check(directory, given)))
    except (WrongError, OSError, ValueError, KeyError, IndexError, struct.error) as error:
        kind = "" if isinstance(error, WrongError) else f"{type(error).__name__}: "
        sys.stdout.write(f"WRONG  {kind}{error}\n")
        return 1
    if given is None:
        sys.stdout.write("compare the signing key with one you have from elsewhere: --key VERIFIER_KEY\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
