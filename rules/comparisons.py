"""One comparison of a condition: a path, an operator and a written value become a closure.

One rule: every comparison is total. What a panel or a site base left out compares as absent and raises nothing.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

from protocols.signals import Signal
from rules.condition_tree import Leaf, Test, shown_value
from rules.model import View
from rules.paths import TEXT_CHARS_MAX, PathType, Value, ValueFault, ValueType, clock_minute, read_value

_ORDERED = frozenset({ValueType.NUMBER, ValueType.ADDRESS})
_WRITTEN = frozenset({ValueType.TEXT, ValueType.CODE})


Build = Callable[[PathType, object], Leaf]


def operators_of(path: PathType) -> tuple[str, ...]:
    """What may be written after a path: {at_least: 2}. `in` is also the meaning of a bare value or list."""
    if path.type is ValueType.CLOCK:
        return ("between",)
    ordered = ("at_least", "at_most") if path.type in _ORDERED else ()
    written = ("matches", "contains") if path.type in _WRITTEN else ()
    return ("in", "not", *ordered, *written)


def compare(path: PathType, operator: str, body: object) -> Leaf:
    """Every operator except `in` and `not`, which take sets of values: `equality`. Raises ValueFault."""
    return _BUILD[operator](path, body)


def equality(path: PathType, word: str, values: frozenset[Value]) -> Leaf:
    get = path.get
    one = next(iter(values)) if len(values) == 1 else None
    test: Test
    if path.many:
        if word == "in":
            test = lambda signal, view: not values.isdisjoint(get(signal, view))  # type: ignore[arg-type]  # noqa: E731 – a `many` path gives a collection; each closure does one thing
        else:
            test = lambda signal, view: values.isdisjoint(get(signal, view))  # type: ignore[arg-type]  # noqa: E731 – as above
    elif word == "in":
        if one is not None:
            test = lambda signal, view: get(signal, view) == one  # noqa: E731 – as above
        else:
            test = lambda signal, view: get(signal, view) in values  # noqa: E731 – as above
    else:
        test = lambda signal, view: get(signal, view) not in values  # noqa: E731 – as above
    sign = "" if word == "in" else "not "
    return Leaf(path, word, test, f"{path.name}: {sign}{shown_value(values)}", values)


def _limit(path: PathType, body: object) -> int:
    value = read_value(path, body)
    return int(value or 0)


def _number(value: object) -> int | None:
    """Addresses are kept as digits, and a panel may send something else."""
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _at_least(path: PathType, body: object) -> Leaf:
    limit = _limit(path, body)
    get = path.get

    def test(signal: Signal | None, view: View) -> bool:
        number = _number(get(signal, view))
        return number is not None and number >= limit

    return Leaf(path, "at_least", test, f"{path.name}: at least {body}")


def _at_most(path: PathType, body: object) -> Leaf:
    limit = _limit(path, body)
    get = path.get

    def test(signal: Signal | None, view: View) -> bool:
        number = _number(get(signal, view))
        return number is not None and number <= limit

    return Leaf(path, "at_most", test, f"{path.name}: at most {body}")


def _between(path: PathType, body: object) -> Leaf:
    """From the first minute up to, not including, the second; past midnight when the second is earlier."""
    if not isinstance(body, list) or len(body) != 2:
        raise ValueFault("between: holds two times", 'write [from, to], for example ["22:00", "06:00"]')
    start, end = clock_minute(body[0]), clock_minute(body[1])
    if start == end:
        raise ValueFault(f"from {body[0]} to {body[1]} is no time at all", "leave the comparison out for all day")
    test: Test
    if start < end:
        test = lambda signal, view: start <= view.minute < end  # noqa: E731 – two forms of one comparison
    else:
        test = lambda signal, view: view.minute >= start or view.minute < end  # noqa: E731 – as above
    return Leaf(path, "between", test, f"{path.name}: between {body[0]} and {body[1]}")


def _pattern_text(path: PathType, body: object, word: str) -> str:
    if isinstance(body, bool) or not isinstance(body, str | int) or not 1 <= len(str(body)) <= TEXT_CHARS_MAX:
        raise ValueFault(f"{word}: holds a text of 1 to {TEXT_CHARS_MAX} characters", f"write {word}: text")
    return str(body)


def _matches(path: PathType, body: object) -> Leaf:
    """Shell patterns: * any run, ? one character, [ab] one of. The whole value, ignoring case."""
    text = _pattern_text(path, body, "matches")
    pattern = re.compile(fnmatch.translate(text.casefold()))
    return Leaf(
        path, "matches", _any_text(path, lambda value: pattern.match(value) is not None), f"{path.name}: {text}"
    )


def _contains(path: PathType, body: object) -> Leaf:
    text = _pattern_text(path, body, "contains")
    needle = text.casefold()
    shown = f"{path.name}: contains {text}"
    return Leaf(path, "contains", _any_text(path, lambda value: needle in value), shown)


def _any_text(path: PathType, fits: Callable[[str], bool]) -> Test:
    get = path.get
    if path.many:
        return lambda signal, view: any(fits(str(item).casefold()) for item in get(signal, view))  # type: ignore[attr-defined] # – a `many` path gives a collection

    def test(signal: Signal | None, view: View) -> bool:
        value = get(signal, view)
        return value is not None and fits(str(value).casefold())

    return test


_BUILD: dict[str, Build] = {
    "at_least": _at_least,
    "at_most": _at_most,
    "between": _between,
    "matches": _matches,
    "contains": _contains,
}
