"""A mail that reports an alarm: subject, text, pictures.

One rule: nothing in a mail is refused, because the camera that sent it cannot write a better one. What cannot be read
is left out and named in `remarks`; subject and text are bounded, and pictures are counted.

Headers are read as RFC 5322 and RFC 2047 have it, bodies as RFC 2045; broken ones as far as they go.
"""

from __future__ import annotations

import binascii
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from fnmatch import fnmatchcase

from msgspec import Struct

SUBJECT_CHARS_MAX = 256
TEXT_CHARS_MAX = 2_000
PICTURES_MAX = 10
PARTS_MAX = 100
NAME_CHARS_MAX = 100
HEADER_CHARS_READ = 2_000  # of one header: decoding encoded words takes the square of their number
PART_BYTES_READ = 20_000  # of a text
# A mail that exceeds one of these is not taken apart: subject and the beginning of its text are all that is read.
HEADERS_BYTES_MAX = 64 * 1024
BOUNDARIES_MAX = 500
CONTINUATIONS_MAX = 2_000
COLONS_MAX = 20_000
LINES_MAX = 400_000  # 30 MB of base64

_TAG = re.compile(r"<[^<>]{0,500}>")


class Picture(Struct, frozen=True, kw_only=True):
    name: str
    type: str  # "image/jpeg"
    data: bytes


class Mail(Struct, frozen=True, kw_only=True):
    subject: str
    text: str
    message_id: str
    pictures: tuple[Picture, ...] = ()
    remarks: tuple[
        str, ...
    ] = ()  # "charset", "other_attachment", "too_many_pictures", "too_many_parts", "long_headers", "not_taken_apart"


def read_mail(raw: bytes) -> Mail:
    remarks: dict[str, None] = {}
    message = _parsed(raw, remarks)
    pictures: list[Picture] = []
    text = ""
    for index, part in enumerate(message.walk()):
        if index >= PARTS_MAX:
            remarks["too_many_parts"] = None
            break
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if kind.startswith("image/"):
            if len(pictures) >= PICTURES_MAX:
                remarks["too_many_pictures"] = None
            else:
                pictures.append(Picture(name=_name_of(part), type=kind[:NAME_CHARS_MAX], data=_data_of(part)))
        elif kind in ("text/plain", "text/html") and part.get_filename() is None:
            if not text or kind == "text/plain":
                text = _text_of(part, remarks)
        else:
            remarks["other_attachment"] = None
    return Mail(
        subject=_header(message, "Subject")[:SUBJECT_CHARS_MAX],
        text=text[:TEXT_CHARS_MAX],
        message_id=_header(message, "Message-ID")[:SUBJECT_CHARS_MAX],
        pictures=tuple(pictures),
        remarks=tuple(remarks),
    )


def _parsed(raw: bytes, remarks: dict[str, None]) -> Message:
    """The old policy: the new one raises on headers that cameras do write."""
    # A file with line ends of its own is a mail too; on the wire it is always CRLF (RFC 5321 2.3.8).
    head, separator, body = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")
    if len(head) > HEADERS_BYTES_MAX:
        remarks["long_headers"] = None
        head = head[:HEADERS_BYTES_MAX]
    parser = BytesParser(policy=compat32)
    if _is_bearable(body):
        try:
            return parser.parsebytes(head + separator + body)
        except RecursionError:  # parts within parts, a thousand deep
            pass
    remarks["not_taken_apart"] = None
    message = parser.parsebytes(head + separator, headersonly=True)
    if not message.is_multipart():
        message.set_payload(body[:PART_BYTES_READ].decode("latin-1"))
    return message


def _is_bearable(body: bytes) -> bool:
    """Whether taking it apart costs a moment. Parts, header lines and their continuations each cost the parser some
    microseconds, and folded parameters more than that."""
    return (
        body.count(b"\n--") <= BOUNDARIES_MAX
        and body.count(b"\n ") + body.count(b"\n\t") <= CONTINUATIONS_MAX
        and body.count(b":") <= COLONS_MAX
        and body.count(b"\n") <= LINES_MAX
    )


def subject_fits(subject: str, pattern: str) -> bool:
    """Shell wildcards, whatever the case and the number of spaces."""
    return fnmatchcase(_one_line(subject).casefold(), _one_line(pattern).casefold())


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    value = str(value)[:HEADER_CHARS_READ]
    try:
        return _one_line(str(make_header(decode_header(value))))
    except (HeaderParseError, LookupError, UnicodeError, ValueError, binascii.Error):
        return _one_line(value)


def _text_of(part: Message, remarks: dict[str, None]) -> str:
    data = _data_of(part)[:PART_BYTES_READ]
    charset = part.get_content_charset() or "utf-8"
    for encoding in (charset, "utf-8"):
        try:
            text = data.decode(encoding)
            break
        except (LookupError, ValueError):
            remarks["charset"] = None
    else:
        text = data.decode("latin-1")
    if part.get_content_type() == "text/html":
        text = _TAG.sub(" ", text)
    return "\n".join(line for line in (_one_line(line) for line in text.splitlines()) if line)


def _data_of(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, UnicodeError):
        data = None
    return data if isinstance(data, bytes) else b""


def _name_of(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, UnicodeError):
        name = ""
    return _one_line(name)[:NAME_CHARS_MAX]


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
