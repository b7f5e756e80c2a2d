"""Mails as cameras write them, and worse."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.mail_message import PICTURES_MAX, SUBJECT_CHARS_MAX, TEXT_CHARS_MAX, read_mail, subject_fits
from tests.processor import processor_s

MOMENT_S = 2.0  # what tries in more than one way takes minutes
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)


def camera_mail(
    subject: str = "Liiketunnistus: piha", text: str = "Kamera 3\r\nViiva ylitetty", pictures: int = 1
) -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message["Message-ID"] = "<17@camera.example>"
    message.set_content(text)
    for index in range(pictures):
        message.add_attachment(JPEG, maintype="image", subtype="jpeg", filename=f"snap{index}.jpg")
    return message.as_bytes()


def test_subject_text_and_picture() -> None:
    mail = read_mail(camera_mail())
    assert (mail.subject, mail.text) == ("Liiketunnistus: piha", "Kamera 3\nViiva ylitetty")
    assert mail.message_id == "<17@camera.example>"
    assert [(picture.name, picture.type, picture.data) for picture in mail.pictures] == [
        ("snap0.jpg", "image/jpeg", JPEG)
    ]
    assert mail.remarks == ()


def test_text_in_html_only() -> None:
    raw = b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Portti <b>auki</b></p>\r\n<img src=x>"
    assert read_mail(raw).text == "Portti auki"


def test_words_in_another_alphabet_and_a_charset_nobody_knows() -> None:
    raw = b"Subject: =?iso-8859-1?q?H=E4lytys?=\r\nContent-Type: text/plain; charset=x-camera\r\n\r\nH\xe4l\xe4ri"
    mail = read_mail(raw)
    assert (mail.subject, mail.text) == ("Hälytys", "Hälläri".replace("ll", "l"))
    assert mail.remarks == ("charset",)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"Subject: =?utf-8?b?broken\r\n\r\nx",
        b"Subject: =?nonsense?q?x?=\r\n\r\nx",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/jpeg\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!\r\n",
        b"Content-Type: text/plain; charset=\x00\r\n\r\nx",
        b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800",
        b"Content-Type: image/jpeg; name*=x''%ff\r\n\r\nx",
    ],
)
def test_what_is_broken_is_read_as_far_as_it_goes(raw: bytes) -> None:
    mail = read_mail(raw)
    assert len(mail.subject) <= SUBJECT_CHARS_MAX


def test_everything_is_bounded() -> None:
    mail = read_mail(camera_mail(subject="s" * 2000, text="t" * 5000, pictures=PICTURES_MAX + 3))
    assert (len(mail.subject), len(mail.text), len(mail.pictures)) == (SUBJECT_CHARS_MAX, TEXT_CHARS_MAX, PICTURES_MAX)
    assert "too_many_pictures" in mail.remarks


def test_a_large_picture_after_either_line_end() -> None:
    message = EmailMessage()
    message.set_content("x")
    message.add_attachment(bytes(200_000), maintype="image", subtype="png", filename="a.png")
    for raw in (message.as_bytes(), message.as_bytes().replace(b"\n", b"\r\n")):
        assert [len(picture.data) for picture in read_mail(raw).pictures] == [200_000]


PARTS = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(400))
HEAD = b"Subject: deep\r\nMessage-ID: <1@x>\r\n"
COSTLY = {
    "parts within parts": HEAD + PARTS * 5 + b"\r\n\r\nx",
    "parts beside parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 300_000,
    "headers": HEAD + b"A: b\r\n" * 500_000 + b"\r\nx",
    "headers of a part": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + b"A: b\r\n" * 500_000,
    "encoded words": HEAD.replace(b"deep", b"deep " + b"=?utf-8?q?a?= " * 200_000) + b"\r\nx",
    "brackets": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 3_000_000,
    "lines": HEAD + b"\r\n" + b"\r\n" * 2_000_000,
    "folded parameters": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/jpeg"
    + b';\r\n a="b' * 300_000,
}


@pytest.mark.parametrize("raw", COSTLY.values(), ids=COSTLY)
def test_a_mail_made_to_cost_time_costs_a_moment(raw: bytes) -> None:
    assert processor_s(lambda: read_mail(raw), MOMENT_S) < MOMENT_S
    assert read_mail(raw).subject.startswith("deep")


def test_a_clip_is_named_and_left_out() -> None:
    message = EmailMessage()
    message.set_content("x")
    message.add_attachment(b"1", maintype="video", subtype="mp4", filename="clip.mp4")
    mail = read_mail(message.as_bytes())
    assert (mail.pictures, mail.remarks) == ((), ("other_attachment",))


def test_control_characters_do_not_get_through() -> None:
    assert read_mail(b"Subject: a\x1b[2Jb\r\n\r\nc\x07d").subject == "a [2Jb"


@given(st.binary(max_size=600))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    read_mail(raw)


@pytest.mark.parametrize(
    ("subject", "pattern", "fits"),
    [
        ("Line Crossing  Gate", "line crossing*", True),
        ("Motion", "line*", False),
        ("[CAM-3] Restored", "*restored", True),
        ("anything", "*", True),
    ],
)
def test_subjects(subject: str, pattern: str, fits: bool) -> None:
    assert subject_fits(subject, pattern) is fits
