from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.api.markup import Markup, document, element, lines, together


def test_text_is_escaped_and_elements_are_not() -> None:
    assert element("p", "a < b & 'c'", element("b", "x")) == "<p>a &lt; b &amp; &#x27;c&#x27;<b>x</b></p>"


def test_a_string_made_from_markup_is_text_again() -> None:
    """Joining by hand loses the type, and losing it escapes: the safe direction."""
    assert element("p", f"{element('b', 'x')}") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"


def test_attributes() -> None:
    written = element("input", class_="a b", for_="x", required=True, disabled=False, value=None, max=5, title='"<')
    assert written == '<input class="a b" for="x" required max="5" title="&quot;&lt;">'


def test_an_element_without_content_takes_none() -> None:
    with pytest.raises(AssertionError):
        element("br", "x")


def test_nothing_is_left_out_and_none_is() -> None:
    assert together("a", None, Markup("<hr>"), "") == "a<hr>"


def test_line_ends_are_kept() -> None:
    assert lines(" a\n<b>\r\nc ") == "a<br>&lt;b&gt;<br>c"


def test_a_document_names_its_language() -> None:
    page = document("fi", "<T>", "p{}", element("p", "x")).decode()
    assert page.startswith('<!doctype html><html lang="fi"><head><meta charset="utf-8">')
    assert "<title>&lt;T&gt;</title><style>p{}</style>" in page


class _Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.read: list[object] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.read.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(), st.text())
def test_a_browser_reads_back_exactly_what_was_put_in(text: str, value: str) -> None:
    reader = _Reader(element("p", text, title=value))
    assert reader.read == [("p", [("title", value)])]
    assert reader.text == text
