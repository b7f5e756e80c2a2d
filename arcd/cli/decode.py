"""arcctl decode: paste a frame, see every field with its meaning, and what is wrong with which.

One rule: it runs the codecs that the daemon runs and asks no daemon. A key is read from a file, never shown, and
nothing in a frame is fetched or obeyed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import FindingError, UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, WARNING, Output

if TYPE_CHECKING:
    from protocols.codec import Received, WireItem
    from protocols.dissection import Dissection, Part
    from protocols.secrets import WireKey
    from protocols.signals import Signal


def add_to(app: typer.Typer) -> None:
    verb(
        app,
        "decode",
        examples=(
            r"""arcctl decode '\n5FD50020"SIA-DCS"0001L0#1001[#1001|NBA3]\r'""",
            "arcctl decode '5011 181234E13001015<DC4>' --protocol surgard",
            "arcctl decode 1234181131010158",
            "arcctl decode --hex '0a 33 45 36 37 31 34 45 30 31 30 34' --lang fi",
        ),
    )(decode)


def decode(
    call: Invocation,
    frame: Annotated[
        str | None, typer.Argument(help=r"The frame: text with \n \r \x14 or <LF> <DC4>, or hex. Without it: stdin.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this format [the one that fits best].")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(metavar="PATH", help="File with the account's AES key.")] = None,
    as_hex: Annotated[bool, typer.Option("--hex", help="It is hex and nothing else.")] = False,
    as_text: Annotated[bool, typer.Option("--text", help="It is text and nothing else.")] = False,
) -> None:
    """Take a frame apart: every field, its check values and what would be right, what it means and how it is answered.

    Exit code 1 when something in it is wrong or cannot be read.
    """
    from protocols.dissection import FORMATS, dissect

    if protocol is not None and protocol not in FORMATS:
        raise UsageError(f"no format {protocol!r}; --protocol is one of {', '.join(FORMATS)}")
    if as_hex and as_text:
        raise UsageError("--hex or --text, not both")
    pasted = _pasted(frame, True if as_hex else False if as_text else None)
    found = dissect(pasted, time.time_ns(), protocol=protocol, key=_key(key_file))
    if found is None:
        shown = "; ".join(f"{'hex' if is_hex else 'text'}: {len(data)} bytes" for data, is_hex in pasted.readings)
        raise UsageError(
            f"no format fits ({shown}). Paste one whole frame with its control characters (\\n, \\r, \\x14), "
            f"or name one: --protocol {'|'.join(FORMATS)}"
        )
    value = _plain(found, call.language)
    call.out.show(value, _render(call.language))
    if value["problems"]:
        raise FindingError("")


def _pasted(frame: str | None, is_hex: bool | None) -> Any:
    from protocols.dissection import Pasted, read_paste
    from protocols.dissection.recognising import PASTE_BYTES_MAX

    if frame is None:
        if sys.stdin.isatty():
            raise UsageError("name the frame, or pipe it in: arcctl decode < captured.bin")
        data = sys.stdin.buffer.read(PASTE_BYTES_MAX + 2)
        if len(data) > PASTE_BYTES_MAX:
            raise UsageError(f"more than {PASTE_BYTES_MAX} bytes on standard input; give one frame")
        if not data:
            raise UsageError("nothing on standard input; give one frame")
        text = data.decode("latin-1")
        # What was captured holds control characters; what was typed into a pipe does not.
        if any(code < 0x20 and code not in (0x09, 0x0A, 0x0D) for code in data) or data[:1] == b"\n":
            return Pasted(((data, False),))
        frame = text.rstrip("\n")
    try:
        return read_paste(frame, is_hex=is_hex)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _key(key_file: Path | None) -> WireKey | None:
    if key_file is None:
        return None
    from arcd.cli.source_files import read_text
    from protocols.secrets import WireKey

    try:
        return WireKey.parse(read_text(key_file).strip())
    except ValueError as error:
        raise UsageError(f"{key_file}: the key cannot be used: {error}") from None


# ----------------------------------------------------------------------------------------------------- as plain values


def _plain(found: Dissection, language: str) -> dict[str, Any]:
    items = [_plain_item(item, language) for item in found.items]
    parts = [_plain_part(part, language) for part in found.parts]
    problems = [f"{part['name']}: {part['would_be']}" for part in parts if part["verdict"] == "wrong"]
    for item in items:
        if "malformed" in item:
            problems.append(f"{item['malformed']}: {item['detail']}")
        elif item["problem"]:
            problems.append(item["problem"])
        elif item["kind"] == "opaque":
            problems.append("not understood: kept whole and raised")
    return {
        "protocol": found.protocol,
        "added": found.added,
        "parts": parts,
        "items": items,
        "replies": {kind: _shown(reply) for kind, reply in found.replies},
        "problems": problems,
    }


def _plain_part(part: Part, language: str) -> dict[str, Any]:
    from arcd.cli.decode_text import LETTERS, PARTS, RECORDS, word

    meaning = word(PARTS, part.name, language)
    if part.key.strip():
        known = word(RECORDS if part.name == "record" else LETTERS, part.key, language)
        meaning = f"{meaning} {part.key}" if known == part.key else f"{meaning} {part.key}: {known}"
    return {
        "name": part.name,
        "at": part.at,
        "value": part.shown,
        "meaning": meaning,
        "verdict": part.verdict.value,
        "would_be": part.would_be,
    }


def _plain_item(item: WireItem, language: str) -> dict[str, Any]:
    from protocols.codec import Malformed

    if isinstance(item, Malformed):
        return {"malformed": item.reason, "detail": item.detail, "raw": _shown(item.raw)}
    return _plain_received(item, language)


def _plain_received(item: Received, language: str) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "token": item.token,
        "speaker": item.speaker.value,
        "account": item.origin.account,
        "receiver": item.origin.receiver,
        "line": item.origin.line,
        "sequence": item.sequence,
        "encrypted": item.protection.value == "encrypted",
        "problem": item.problem.value if item.problem is not None else None,
        "clock_skew_s": item.clock_skew_s,
        "remarks": list(item.remarks),
        "signals": [_plain_signal(signal, language) for signal in item.signals],
    }


def _plain_signal(signal: Signal, language: str) -> dict[str, Any]:
    import msgspec

    from protocols.code_names import code_name

    plain: dict[str, Any] = msgspec.to_builtins(signal)
    plain["meaning"] = code_name(signal.scheme, signal.code, language)
    return plain


def _shown(data: bytes) -> str:
    from protocols.dissection.parts import shown

    return shown(data)


# ---------------------------------------------------------------------------------------------------------- for people


def _render(language: str) -> Any:
    def render(out: Output, value: Mapping[str, Any]) -> None:
        from arcd.cli.decode_text import SENTENCES, word

        added = f"  ({word(SENTENCES, 'added', language)}: {value['added']})" if value["added"] else ""
        out.line(out.styled(value["protocol"], STRONG), added)
        if value["parts"]:
            out.table(("at", "field", "value", ""), [_part_row(out, part, language) for part in value["parts"]])
        for item in value["items"]:
            _render_item(out, item, language)
        for reply in value["replies"].values():
            out.line(out.styled(f"{word(SENTENCES, 'would_reply', language)}: {reply}", QUIET))

    return render


def _part_row(out: Output, part: Mapping[str, Any], language: str) -> Sequence[Any]:
    from arcd.cli.decode_text import SENTENCES, word

    verdict: Any = ""
    if part["verdict"] == "right":
        verdict = out.styled(word(SENTENCES, "right", language), GOOD)
    elif part["verdict"] == "wrong":
        would = f"{word(SENTENCES, 'wrong', language)}; {word(SENTENCES, 'would_be', language)} {part['would_be']}"
        verdict = out.styled(would, BAD)
    return (str(part["at"]), part["meaning"], part["value"], verdict)


def _render_item(out: Output, item: Mapping[str, Any], language: str) -> None:
    from arcd.cli.decode_text import CATEGORIES, KINDS, PLACES, QUALIFIERS, SENTENCES, word

    if "malformed" in item:
        out.line(out.styled(f"{item['malformed']}: {item['detail']}", BAD))
        return
    who = word(SENTENCES, item["speaker"], language)
    out.line(out.styled(f"{word(KINDS, item['kind'], language)}, {who}, {item['account'] or '-'}", STRONG))
    if item["problem"]:
        out.line(out.styled(f"  {item['problem'].replace('_', ' ')}", BAD))
    for signal in item["signals"]:
        meaning = signal["meaning"] or word(SENTENCES, "no_table", language)
        kind = f"{word(CATEGORIES, signal['category'], language)}, {word(QUALIFIERS, signal['qualifier'], language)}"
        where = "".join(f", {word(PLACES, name, language)} {signal[name]}" for name in PLACES if signal.get(name))
        text = f", “{signal['text']}”" if signal.get("text") else ""
        out.line("  ", out.styled(signal["code"], STRONG), f" {meaning} ({kind}){where}{text}")
        for name, extra in signal.get("extra", ()):
            out.line(out.styled(f"     {name} {extra}", QUIET))
    if item["clock_skew_s"] is not None:
        out.line(out.styled(f"  {word(SENTENCES, 'clock', language)} {item['clock_skew_s']:+,.0f} s", QUIET))
    if item["remarks"]:
        out.line(out.styled(f"  {', '.join(item['remarks'])}", WARNING))
