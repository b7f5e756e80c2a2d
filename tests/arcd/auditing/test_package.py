"""What the package says of pictures; the package as a whole is tested through the API."""

from __future__ import annotations

from arcd.auditing.package import _picture

DIGEST = "ab" * 32


def test_a_picture_that_the_centre_keeps_has_its_digest_and_a_link_has_none() -> None:
    kept = f"media:alarm/ab/{DIGEST}.jpg"
    assert _picture(7, kept) == {"entry": 7, "address": kept, "sha256": DIGEST}
    link = "https://cloud.example.invalid/clip/1"
    assert _picture(8, link) == {"entry": 8, "address": link}
    assert _picture(9, "media:alarm/ab/not-a-digest.jpg") == {"entry": 9, "address": "media:alarm/ab/not-a-digest.jpg"}
