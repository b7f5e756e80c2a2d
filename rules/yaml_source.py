"""YAML text → a tree that knows where every value was written.

One rule: what is read is plain data of bounded size, or a list of problems; nothing is executed, guessed or raised.

Scalars are read as YAML 1.2 reads them, not 1.1: `no`, `on` and `03:12` stay text. A number with leading zeros stays
text too, because zones and codes are written so ("03"). Anchors and aliases work and are counted at full size, so that
a small file cannot unfold into a large one. Merge keys (`<<`), own tags and several documents in a file are refused.
What the values mean belongs to the schemas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import yaml
from msgspec import Struct

from rules.problems import Problem

Scalar = str | int | float | bool | None
Path = Sequence[str | int]
Place = tuple[str | int, ...]  # a path that others are put behind

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is compiled in: about ten times faster

_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_NULL = frozenset({"", "~", "null", "Null", "NULL"})  # YAML 1.2.2 section 10.3.2 (core schema)
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}(?:[eE][-+]?[0-9]{1,3})?")


class Limits(Struct, frozen=True, kw_only=True):
    """How much one file may hold. The defaults are for rules; a site base is read with larger ones."""

    text_chars_max: int = 1 << 20
    nodes_max: int = 50_000  # aliases count as often as they are used
    depth_max: int = 32
    problems_max: int = 50


RULE_LIMITS = Limits()


class Node(Struct, eq=False):
    file: str
    line: int
    column: int
    value: Scalar | list[Node] | dict[str, Node]
    key_marks: dict[str, tuple[int, int]] = {}
    size: int = 1  # nodes in this subtree
    height: int = 1

    def plain(self) -> object:
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def at(self, path: Path) -> Node:
        """The node at `path`, else its nearest ancestor. Steps that are not in the tree are passed over."""
        node = self
        for step in path:
            node = node.child(step) or node
        return node

    def problem(self, path: Path, message: str, advice: str = "", *, at_key: bool = False) -> Problem:
        """An error at the value under `path`; `at_key`: at the key that names it."""
        node, line, column = self, self.line, self.column
        for i, step in enumerate(path):
            child = node.child(step)
            if child is None:
                continue
            line, column = child.line, child.column
            if at_key and i == len(path) - 1 and isinstance(step, str):
                line, column = node.key_marks[step]
            node = child
        return Problem(file=node.file, line=line, column=column, message=message, advice=advice)


class Document(Struct, frozen=True):
    """One file as read. `root` is None when it could not be read to its end; then `problems` says why."""

    file: str
    root: Node | None
    problems: tuple[Problem, ...] = ()

    def plain(self) -> object:
        return None if self.root is None else self.root.plain()

    def line(self, path: Path) -> int:
        return 1 if self.root is None else self.root.at(path).line


def read(text: str, file: str, limits: Limits = RULE_LIMITS) -> Document:
    reader = _Reader(file, limits)
    if len(text) > limits.text_chars_max:
        reader.stop(None, f"the file is longer than {limits.text_chars_max} characters", "split it into several files")
    else:
        reader.run(text)
    problems = tuple(reader.problems)
    return Document(file, None if reader.stopped else reader.root, problems)


class _Open(Struct, eq=False):
    """A collection whose end has not been read yet."""

    node: Node
    anchor: str | None
    key: str | None = None
    key_mark: tuple[int, int] = (1, 1)
    expects_key: bool = True
    skips_value: bool = False  # the value of a duplicate key is read and let go


class _Reader:
    """Works on the parser's events, without recursion: the depth limit holds before any stack could overflow."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stopped = False
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._nodes = 0
        self._documents = 0

    def run(self, text: str) -> None:
        try:
            for event in self._events(text):
                self._take(event)
                if self.stopped:
                    return
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark is not None else None
            if place is not None and _is_indented_by_tab(text, place[0]):
                self.stop(place, "this is not YAML: a tab stands where the line is indented", "indent with spaces")
                return
            what = ", ".join(part for part in (error.context, error.problem) if part)
            self.stop(place, f"this is not YAML: {what}", "check indentation, quotes and brackets near here")
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self.stop((line, 1), "this is not YAML: a control character is not allowed here", "remove it")
        except UnicodeError:
            self.stop(None, "this is not YAML: the text holds half of a surrogate pair", "save the file as UTF-8")
        if self.root is None and not self.stopped:
            self.stop(None, "the file is empty", "begin with pack:, plan:, case: or overlay:, or remove the file")

    def stop(self, place: tuple[int, int] | None, message: str, advice: str) -> None:
        self._add(place or (1, 1), message, advice)
        self.stopped = True

    def _events(self, text: str) -> Iterator[yaml.Event]:
        yield from yaml.parse(text, Loader=_Loader)

    def _add(self, place: tuple[int, int], message: str, advice: str) -> None:
        line, column = place
        self.problems.append(Problem(file=self.file, line=line, column=column, message=message, advice=advice))
        self.stopped = self.stopped or len(self.problems) >= self.limits.problems_max

    def _take(self, event: yaml.Event) -> None:
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self.stop(place, "a second document begins here", "keep one document in a file (remove the ---)")
        elif isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, place)
            self._register(event.anchor, self._attach(Node(self.file, *place, value)))
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor), place)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, place)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def _begin(self, event: yaml.CollectionStartEvent, place: tuple[int, int]) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        wanted = "map" if is_mapping else "seq"
        if event.tag is not None and _TAGS.get(event.tag) != wanted:
            self._refuse_tag(event.tag, place)
        if len(self._open) >= self.limits.depth_max:
            self.stop(place, f"nested deeper than {self.limits.depth_max} levels", "make it flatter")
            return
        node = Node(self.file, *place, {} if is_mapping else [])
        self._open.append(_Open(node, event.anchor))

    def _end(self) -> None:
        closed = self._open.pop()
        node = closed.node
        children = list(node.value.values()) if isinstance(node.value, dict) else node.value
        assert isinstance(children, list)
        node.size += sum(child.size for child in children)
        node.height += max((child.height for child in children), default=0)
        self._register(closed.anchor, self._attach(node))

    def _alias(self, name: str, place: tuple[int, int]) -> None:
        node = self._anchors.get(name)
        if node is None:
            self.stop(place, f"*{name} refers to no complete anchor above it", f"define &{name} before it is used")
        elif len(self._open) + node.height > self.limits.depth_max:
            self.stop(place, f"nested deeper than {self.limits.depth_max} levels through *{name}", "make it flatter")
        else:
            self._attach(node, place)

    def _register(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _attach(self, node: Node, place: tuple[int, int] | None = None) -> Node:
        """Put a finished node where it belongs: the root, a list item, a key or the value of one."""
        here = place or (node.line, node.column)
        self._nodes += node.size if place is not None else 1
        if self._nodes > self.limits.nodes_max:
            self.stop(here, f"more than {self.limits.nodes_max} values in one file", "split it into several files")
            return node
        if not self._open:
            self.root = node
            return node
        top = self._open[-1]
        if isinstance(top.node.value, list):
            top.node.value.append(node)
        elif top.expects_key:
            self._key(top, node, here)
        else:
            assert isinstance(top.node.value, dict)
            if not top.skips_value:
                assert top.key is not None
                top.node.value[top.key] = node
                top.node.key_marks[top.key] = top.key_mark
            top.expects_key = True
        return node

    def _key(self, top: _Open, node: Node, place: tuple[int, int]) -> None:
        top.expects_key, top.skips_value = False, True
        if isinstance(node.value, dict | list | bool | float) or node.value is None:
            self._add(place, "a key must be a name or a number", "write plain text, in quotes if it looks special")
            return
        key = str(node.value)
        assert isinstance(top.node.value, dict)
        if key == "<<":
            self._add(place, "merge keys (<<) are not read", "write the fields out, or use an alias for a whole value")
        elif key in top.node.value:
            line, _ = top.node.key_marks[key]
            self._add(place, f"{key} was already given on line {line}", "keep one of the two")
        else:
            top.key, top.key_mark, top.skips_value = key, place, False

    def _scalar(self, event: yaml.ScalarEvent, place: tuple[int, int]) -> Scalar:
        text = event.value
        kind = None if event.tag is None else _TAGS.get(event.tag)
        if event.tag not in {None, "!"} and kind not in {"str", "int", "float", "bool", "null"}:
            self._refuse_tag(str(event.tag), place)
            return str(text)
        if kind == "str" or event.tag == "!" or (event.tag is None and not event.implicit[0]):
            return str(text)
        return plain_scalar(text)

    def _refuse_tag(self, tag: str, place: tuple[int, int]) -> None:
        self._add(place, f"the tag {tag} is not read here", "remove it; values are plain text, numbers and true/false")


def _is_indented_by_tab(text: str, line: int) -> bool:
    lines = text.splitlines()
    return line <= len(lines) and "\t" in lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip(" \t"))]


def plain_scalar(text: str) -> Scalar:
    """An unquoted scalar, by the YAML 1.2 core schema (without hexadecimal, octal and infinite numbers)."""
    if text in _NULL:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
