"""The language of targets and views: linear events on annual figures, read without ever being executed.

Floor F2. It knows four functions and linear arithmetic; no series, no paths, no attribute, no power, no text.

``sum(s, y)`` annual total, ``d(s, y)`` its increment over the year before, ``growth(s, y)``, ``share(a, b, y)``; ``+ - *`` with
numbers and parentheses; ``>= > <= <`` or ``about``; ``and``. A series that is leaned on is written ``region:series``.
"""

from __future__ import annotations

import ast
import dataclasses
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from bayu_forecast.errors import TargetError

#: function -> number of series before the year
FUNCTIONS = {"sum": 1, "d": 1, "growth": 1, "share": 2}
ABOUT = "about"
LONGEST, DEEPEST = 500, 24

_TOKEN = re.compile(
    r"(?P<space>[ \t]+)|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\w.]))|(?P<name>[A-Za-z]\w*(?::[A-Za-z]\w*)?)"
    r"|(?P<mark>>=|<=|[><](?!=)|\*(?!\*)|[-+(),])",
    re.ASCII,
)
# a letter to Python's parser and to nobody else: stands for the colon of region:series, which Python would not read
_COLON = "ː"
_COMPARISONS: dict[type[ast.cmpop], str] = {ast.GtE: ">=", ast.Gt: ">", ast.LtE: "<=", ast.Lt: "<", ast.Eq: ABOUT}


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One annual figure: a function, its series and its year."""

    function: str
    series: tuple[str, ...]
    year: int

    @property
    def first_year(self) -> int:
        """First year whose months it reads."""
        return self.year - 1 if self.function in ("d", "growth") else self.year


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """A linear combination of annual figures compared with a number."""

    terms: tuple[tuple[Call, float], ...]
    op: str
    threshold: float


@dataclasses.dataclass(frozen=True, slots=True)
class _Linear:
    """Coefficients of annual figures, and a constant."""

    terms: dict[Call, float]
    constant: float = 0.0

    def plus(self, other: _Linear, factor: float) -> _Linear:
        """Add a multiple of another."""
        keys = {**self.terms, **other.terms}
        terms = {key: self.terms.get(key, 0.0) + factor * other.terms.get(key, 0.0) for key in keys}
        return _Linear(terms, self.constant + factor * other.constant)

    def times(self, factor: float) -> _Linear:
        """Scale."""
        return _Linear({key: factor * value for key, value in self.terms.items()}, factor * self.constant)


def parse_expression(expression: str) -> tuple[Condition, ...]:
    """Read a target's expression.

    Parameters
    ----------
    expression : str
        Such as ``sum(retail_total, 2025) >= 15500`` or ``share(services, consumption, 2025) about 0.40``.

    Returns
    -------
    tuple of Condition
        All must hold. Figures stand on the left, the number on the right.

    Raises
    ------
    TargetError
        Naming the expression and the column of the first thing that is not in the language.

    Examples
    --------
    >>> parse_expression("2 * sum(x, 2025) - 1 >= 3")[0].threshold
    4.0
    >>> parse_expression("sum(x, 2025) ** 2 > 1")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.TargetError: target 'sum(x, 2025) ** 2 > 1', column 14: cannot read '*'; ...
    """
    return _Reader(expression).read()


class _Reader:
    """Walks one expression; keeps it at hand for messages."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def read(self) -> tuple[Condition, ...]:
        """Conditions of the whole expression."""
        body = self._tree()
        parts = body.values if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And) else [body]
        conditions = tuple(self._condition(part) for part in parts)
        if len(conditions) > 1 and any(condition.op == ABOUT for condition in conditions):
            self._refuse("'about' stands alone: it cannot be joined with 'and'", 0)
        return conditions

    def _tree(self) -> ast.expr:
        """Python's syntax tree of the marked text, no deeper than allowed."""
        text = self._marked()
        try:
            body = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            self._refuse("the words do not make a sentence", (error.offset or len(text) + 1) - 1)
        except (RecursionError, MemoryError):
            self._refuse(f"nested deeper than {DEEPEST} levels", 0)
        level: list[ast.AST] = [body]
        for _ in range(DEEPEST):
            level = [child for node in level for child in ast.iter_child_nodes(node)]
            if not level:
                return body
        self._refuse(f"nested deeper than {DEEPEST} levels", 0)

    def _marked(self) -> str:
        """The text in Python's words, column for column: ``about`` as ``==``, the colon of a name as a letter."""
        if len(self.expression) > LONGEST:
            self._refuse(f"longer than {LONGEST} characters", LONGEST)
        return "".join(self._tokens())

    def _tokens(self) -> Iterator[str]:
        place = 0
        while place < len(self.expression):
            found = _TOKEN.match(self.expression, place)
            if found is None:
                self._refuse(f"cannot read {self.expression[place]!r}", place)
            yield "==   " if found[0] == ABOUT else found[0].replace(":", _COLON)
            place = found.end()

    def _condition(self, node: ast.expr) -> Condition:
        """One comparison, figures to the left and the number to the right."""
        if not isinstance(node, ast.Compare):
            self._refuse_node("expected a comparison, joined by 'and' if there are several", node)
        if len(node.ops) != 1:
            self._refuse_node("one comparison at a time: join two with 'and'", node)
        op = _COMPARISONS.get(type(node.ops[0]))
        if op is None:
            self._refuse_node("unknown comparison", node)
        linear = self._linear(node.left).plus(self._linear(node.comparators[0]), -1.0)
        if not all(math.isfinite(number) for number in (*linear.terms.values(), linear.constant)):
            self._refuse_node("a number is too large", node)
        terms = tuple((call, weight) for call, weight in linear.terms.items() if weight != 0.0)
        if not terms:
            self._refuse_node("no figure to compare", node)
        if len({call.function in ("sum", "d") for call, _ in terms}) > 1:
            self._refuse_node("money and ratios cannot be added", node)
        # 0.0 - constant, so that a threshold of zero is not written -0
        return Condition(terms, op, 0.0 - linear.constant)

    def _linear(self, node: ast.expr) -> _Linear:
        """A linear combination, or a refusal."""
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return _Linear({}, self._number(number, node))
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign, operand=operand):
                return self._linear(operand).times(-1.0 if isinstance(sign, ast.USub) else 1.0)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as sign, right=right):
                return self._linear(left).plus(self._linear(right), -1.0 if isinstance(sign, ast.Sub) else 1.0)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._product(self._linear(left), self._linear(right), node)
            case ast.Call(func=ast.Name(id=name), args=[*names, ast.Constant(value=int() as year)], keywords=[]):
                return self._figure(name, names, year, node)
            case _:
                self._refuse_node("expected a number, or a figure such as sum(series, 2025)", node)

    def _number(self, number: int | float, node: ast.expr) -> float:
        """A number that fits."""
        try:
            return float(number)
        except OverflowError:
            self._refuse_node("a number is too large", node)

    def _product(self, left: _Linear, right: _Linear, node: ast.expr) -> _Linear:
        """A number times a combination."""
        if left.terms and right.terms:
            self._refuse_node("a product of two figures is not linear", node)
        return left.times(right.constant) if left.terms else right.times(left.constant)

    def _figure(self, name: str, names: list[ast.expr], year: int, node: ast.expr) -> _Linear:
        """One annual figure."""
        if name not in FUNCTIONS:
            self._refuse_node(f"unknown function {name!r}", node)
        series = tuple(label.id.replace(_COLON, ":") for label in names if isinstance(label, ast.Name))
        if len(names) != FUNCTIONS[name] or len(series) != len(names):
            self._refuse_node(f"{name} takes {FUNCTIONS[name]} series and a year", node)
        if isinstance(year, bool) or not 1900 <= year <= 2200:
            self._refuse_node(f"{name} needs a year between 1900 and 2200", node)
        return _Linear({Call(name, series, year): 1.0})

    def _refuse_node(self, why: str, node: ast.AST) -> NoReturn:
        """Refuse at a node: Python counts bytes, readers count characters."""
        offset = getattr(node, "col_offset", 0)
        self._refuse(why, len("".join(self._tokens()).encode()[:offset].decode()))

    def _refuse(self, why: str, place: int) -> NoReturn:
        """Raise with the expression and the column, counted from one."""
        shown = self.expression if len(self.expression) <= 120 else self.expression[:117] + "..."
        raise TargetError(
            f"target {shown!r}, column {place + 1}: {why}; the language is sum, d, growth, share, + - *, >= > <= < about, and",
            expression=self.expression, column=place + 1,
        )
