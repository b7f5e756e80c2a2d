"""HTML that is escaped by being built: text goes in as text, elements as elements.

One rule: only this file makes `Markup`, and only from escaped parts; a plain string can never become a tag.
"""

from __future__ import annotations

from html import escape

# Elements without content (HTML Living Standard 13.1.2, "void elements"), as far as they are used.
VOID = frozenset({"br", "hr", "input", "link", "meta"})


class Markup(str):
    """A piece of finished HTML."""

    __slots__ = ()


Part = str | None
Attribute = str | bool | int | None


def element(tag: str, *content: Part, **attributes: Attribute) -> Markup:
    """`class_` and `for_` are written without the underscore; True is an attribute without a value, None is none."""
    opened = f"<{tag}{''.join(_attribute(name, value) for name, value in attributes.items())}>"
    if tag in VOID:
        assert not content, f"<{tag}> holds nothing"
        return Markup(opened)
    return Markup(f"{opened}{together(*content)}</{tag}>")


def together(*content: Part) -> Markup:
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in content if part is not None))


def lines(text: str) -> Markup:
    """Text with its line ends kept."""
    parts = [escape(line) for line in text.strip().splitlines()]
    return Markup("<br>".join(parts))


def document(language: str, title: str, style: str, *content: Part) -> bytes:
    """A whole page. `style` is ours, not text from elsewhere."""
    assert "<" not in style, "a style sheet of our own holds no tags"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="robots", content="noindex"),
        element("title", title),
        element("style", Markup(style)),
    )
    return ("<!doctype html>" + element("html", head, element("body", *content), lang=language)).encode()


def _attribute(name: str, value: Attribute) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
