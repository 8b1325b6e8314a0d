"""One clear refusal for all rows that share a fault, for the readers of users' own figures.

Floor F3: used by every reader and rule of this package. Must never know what a figure means, nor print or write anything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn, TypeVar

from bayu_forecast.errors import BayuError, DataError

T = TypeVar("T")

#: rows named in a message; the count of all follows
NAMED = 5


def refuse(error: type[BayuError], file: str, what: str, rows: Iterable[str] = (), *, expected: str, step: str) -> NoReturn:
    """Raise ``error`` with the file, what is wrong, the first rows, what was expected and the next step."""
    rows = list(rows)
    named = "; ".join(rows[:NAMED])
    more = f"; and {len(rows) - NAMED} more ({len(rows)} in all)" if len(rows) > NAMED else ""
    where = f": {named}{more}" if rows else ""
    raise error(f"{file}: {what}{where}. Expected {expected}. Next step: {step}.", file=file, rows=rows, expected=expected, step=step)


@dataclasses.dataclass(slots=True)
class Problems:
    """Collects every row with the same fault, so that one error names them all.

    Attributes
    ----------
    file : str
        Name of the file or table, as it stands in the message.
    rows : list of str
        Labels of the rows found wrong so far, each with what was read there.

    Examples
    --------
    >>> problems = Problems("mine.csv")
    >>> problems.refuse(DataError, "text in a number column", expected="numbers", step="correct the cell")
    >>> problems.rows.append("row 3 ('about 12')")
    >>> problems.refuse(DataError, "text in a number column", expected="numbers", step="correct the cell")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.DataError: mine.csv: text in a number column: row 3 ('about 12'). Expected numbers. Next step: correct the cell.
    """

    file: str
    rows: list[str] = dataclasses.field(default_factory=list)

    def refuse(self, error: type[DataError], what: str, *, expected: str, step: str) -> None:
        """Raise if any row was collected."""
        if self.rows:
            refuse(error, self.file, what, self.rows, expected=expected, step=step)

    def parse(self, texts: Sequence[str], labels: Sequence[str], parser: Callable[[str], T], default: T) -> list[T]:
        """Parse a column once per distinct text; a ``ValueError`` becomes a collected row with its label."""
        known: dict[str, T | ValueError] = {}
        parsed = []
        for text, label in zip(texts, labels, strict=True):
            if text not in known:
                known[text] = _attempt(parser, text)
            value = known[text]
            if isinstance(value, ValueError):
                self.rows.append(f"{label} ({value})")
                value = default
            parsed.append(value)
        return parsed


def _attempt(parser: Callable[[str], T], text: str) -> T | ValueError:
    """What the parser says, or the error it raised."""
    try:
        return parser(text)
    except ValueError as error:
        return error
