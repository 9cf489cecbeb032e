"""From YAML text to plain values that remember their line. Nothing is interpreted here.

YAML 1.1 turns `no` into False, `10:30` into 630 and +12125550100 into a number; people who write agent files
mean words, times and telephone numbers, so only true, false, null and plain numbers are special here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from antiphon.agents.definition.problems import KeyPath, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 50_000  # Aliases of aliases make a few lines into billions; an agent file has a few hundred.
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader with the scalars of the YAML 1.2 core schema."""


_PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-.0123456789"),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file. `lines` gives the line of every key and item by its path, counted from 1."""

    path: Path
    value: Any
    text: str = field(default="", repr=False)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line(self, path: KeyPath) -> int:
        """Line of the deepest known part of `path`."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do about a file that is not there, and about one with nothing in it."""

    missing: str = "check the path"
    start: str = ""


NO_ADVICE = Advice()


def leaves(value: Any, at: KeyPath = ()) -> Iterable[tuple[KeyPath, Any]]:
    """Every plain value of a document with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*at, index))
    else:
        yield at, value


def read_document(path: Path, advice: Advice = NO_ADVICE) -> Document:
    """Read one file. Whatever is wrong with it is in `problems`; a fatal problem leaves `value` None."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return _failed(path, 0, "no such file", advice.missing)
    except OSError as error:
        return _failed(path, 0, f"cannot be read ({error.strerror})", "")
    if len(raw) > MAX_BYTES:
        return _failed(path, 0, f"larger than {MAX_BYTES} bytes", "a few pages of text are what is expected")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return _failed(path, line, "not UTF-8 text", "save the file as UTF-8")
    return parse_document(text, path, advice)


def parse_document(text: str, path: Path, advice: Advice = NO_ADVICE) -> Document:
    """As `read_document`, from text already in hand."""
    for number, line in enumerate(text.split("\n"), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            return _failed(path, number, "a tab in the indentation", "indent with spaces; YAML forbids tabs")
    try:
        node = yaml.compose(text, Loader=_PlainLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "not valid YAML"
        fix = "put the text in quotes" if "'?'" in what or "':'" in what or "mapping values" in what else ""
        return _failed(path, mark.line + 1 if mark else 1, f"not valid YAML: {what}", fix)
    except RecursionError:
        return _failed(path, 1, "nested too deeply", "")
    if node is None:
        return _failed(path, 1, "the file is empty", advice.start)
    if not isinstance(node, yaml.MappingNode):
        return _failed(path, 1, "not a mapping of keys to values", advice.start)
    reading = _Reading(path=path)
    value = reading.value(node, ())
    return Document(path=path, value=value, text=text, lines=reading.lines, problems=tuple(reading.problems))


def _failed(path: Path, line: int, message: str, fix: str) -> Document:
    problem = Problem(path=path, line=line, field="", message=message, fix=fix)
    return Document(path=path, value=None, problems=(problem,))


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One walk over the node tree."""

    path: Path
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def value(self, node: yaml.Node, at: KeyPath) -> Any:  # YAML values have no narrower type.
        self.lines.setdefault(at, node.start_mark.line + 1)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            if self.nodes == MAX_NODES + 1:
                self._problem(node, at[:3], f"more than {MAX_NODES} values", "use fewer aliases (`*name`)")
            return None
        if len(at) > MAX_DEPTH:  # Also where an alias that contains itself ends.
            self._problem(node, at[:3], "nested too deeply", "")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*at, index)) for index, item in enumerate(node.value)]
        if node.tag not in _TAGS:
            self._problem(node, at, f"the tag {node.tag} is not allowed", "remove it")
            return None
        return _PlainLoader("").construct_object(node)

    def _mapping(self, node: yaml.MappingNode, at: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, at, "a key must be a word", "")
                continue
            key = str(key_node.value)
            here = (*at, key)
            if key in result:
                first = self.lines[here]
                self._problem(key_node, here, f"given twice; first on line {first}", "keep one of them")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, here)
        return result

    def _problem(self, node: yaml.Node, at: KeyPath, message: str, fix: str) -> None:
        line = node.start_mark.line + 1
        self.problems.append(Problem(path=self.path, line=line, field=dotted(at), message=message, fix=fix))


def dotted(path: KeyPath) -> str:
    """("tools", 2, "name") -> "tools[2].name"."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
