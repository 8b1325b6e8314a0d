"""Reads a YAML file as a tree of plain nodes with their lines, and refuses all that is not plain.

Floor F3 (scenarios). Tags, anchors, aliases, several documents, deep nesting and large files are refused before
anything is built. Must never construct an object from a file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.reader import ReaderError

from bayu_forecast.scenarios.places import Place, nearest, refuse

#: bytes of a file, levels of its tree, nodes of its tree
LARGEST: Final = 1_000_000
DEEPEST: Final = 8
MOST_NODES: Final = 100_000
SUFFIXES: Final = (".yml", ".yaml")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)

Node = yaml.Node


class Source:
    """One file: its name, and its nodes read as texts, numbers, lists and mappings.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ScenarioError
        When it cannot be opened or is not plain YAML; with the line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        text = self._text()
        self._check_events(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            refuse(f"{self.name} is empty", expected="a mapping with the key 'scenarios'", step="see docs/scenarios.md",
                   place=Place(self.name, 1))
        self.root: Node = root

    def _text(self) -> str:
        """The file as text."""
        place = Place(self.name, 1)
        if self.path.suffix.lower() not in SUFFIXES or not self.path.is_file():
            refuse(f"{self.name} cannot be opened as a file of scenarios", expected=f"a file that ends in {' or '.join(SUFFIXES)}",
                   step="check the folder and the spelling", place=place)
        with self.path.open("rb") as file:
            body = file.read(LARGEST + 1)
        if len(body) > LARGEST:
            refuse("the file is too large for scenarios", expected="at most 1 MB", step="split it, or check that it is the right file",
                   place=place)
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            refuse(f"byte {error.start + 1} is not UTF-8", expected="text in UTF-8", step="save the file as UTF-8",
                   place=Place(self.name, body.count(b"\n", 0, error.start) + 1))

    def _check_events(self, text: str) -> None:
        """Walk through the events one by one, so that a hostile file is refused before it unfolds."""
        depth = nodes = documents = 0
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                nodes += isinstance(event, yaml.NodeEvent)
                documents += isinstance(event, yaml.DocumentStartEvent)
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                self._check_event(event, depth, nodes, documents)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            refuse(f"not YAML: {error.problem or error.context}", expected="mappings and lists with even indents",
                   step="check indents, colons and quotation marks in this line", place=Place(self.name, mark.line + 1 if mark else 1))
        except ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            refuse("a control character", expected="plain text", step="delete the character", place=Place(self.name, line))

    def _check_event(self, event: yaml.Event, depth: int, nodes: int, documents: int) -> None:
        mark: Any = event.start_mark
        place = Place(self.name, mark.line + 1)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            refuse("an anchor or alias (& or *)", expected="every statement written out", place=place,
                   step="use extends to take over another scenario, or put the text in quotation marks")
        tag = getattr(event, "tag", None)
        if tag is not None:
            refuse(f"a tag ({tag})", expected="plain texts, numbers, lists and mappings", step="delete the tag", place=place)
        if depth > DEEPEST or nodes > MOST_NODES:
            refuse("nested too deeply" if depth > DEEPEST else "too many entries", place=place,
                   expected=f"at most {DEEPEST} levels and {MOST_NODES} entries", step="write it flat: see docs/scenarios.md")
        if documents > 1:
            refuse("a second document", expected="one document in a file", step="delete the line '---'", place=place)

    def place(self, node: Node) -> Place:
        """Where a node begins."""
        return Place(self.name, node.start_mark.line + 1)

    def mapping(self, node: Node, what: str, known: Collection[str] | None = None, needed: Collection[str] = ()) -> dict[str, Node]:
        """Keys and nodes; every key once, none unknown, none missing."""
        if not isinstance(node, yaml.MappingNode):
            refuse(f"{what} is no mapping", expected="lines 'key: value'", step="see docs/scenarios.md", place=self.place(node))
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = self.text(key, "key")
            if name in found:
                refuse(f"key {name!r} of {what} occurs twice", expected="every key once", step="delete or rename one",
                       place=self.place(key), names=[name])
            if known is not None and name not in known:
                refuse(f"unknown key {name!r} of {what}", expected=nearest(name, known), step="correct or delete the line",
                       place=self.place(key), names=[name])
            found[name] = value
        missing = [name for name in needed if name not in found]
        if missing:
            refuse(f"{what} has no {' and no '.join(missing)}", expected=", ".join(needed), step=f"add the line '{missing[0]}: ...'",
                   place=self.place(node), names=missing)
        return found

    def items(self, node: Node, what: str) -> list[Node]:
        """Items of a list."""
        if not isinstance(node, yaml.SequenceNode):
            refuse(f"{what} is no list", expected="items that begin with '- '", step="see docs/scenarios.md", place=self.place(node))
        return list(node.value)

    def text(self, node: Node, what: str) -> str:
        """A text as written, quoted or not."""
        if not isinstance(node, yaml.ScalarNode):
            refuse(f"{what} is a list or a mapping", expected="a text or a number", step="see docs/scenarios.md", place=self.place(node))
        return str(node.value)

    def number(self, node: Node, what: str) -> float:
        """A number in figures."""
        text = self.text(node, what)
        if getattr(node, "style", None) is not None or not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            refuse(f"{what} {text!r:.60} is no number", expected="figures such as 12.5 or -3, without unit or thousands marks",
                   step="state the unit in the line 'unit:'", place=self.place(node))
        return float(text)
