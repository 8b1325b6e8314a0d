"""Frozen specifications: what is asked, of whom, on which basis, with which regressors.

Floor F1: imports ``errors`` and the standard library plus NumPy and pandas for labels. Specifications hold facts and
check themselves; they learn nothing and know no province.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from bayu_forecast.errors import SchemaError, TargetError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray



@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """One statistical basis of a region's levels.

    Attributes
    ----------
    code : str
        The code in the archive, such as ``cq4``.
    rank : int
        Order in time; the highest rank among the figures known at a date is the current basis.
    first_year, last_year : int
        Reference years published on it.
    taper : tuple of int or None
        ``(start, end)`` years over which the step to the next basis grows linearly from none to whole.
    month_sd : float
        Log standard deviation of a calendar month's own step, beside the step of the whole basis.
    level_sd : float
        Log standard deviation of a level print on it beyond its rounding.
    note : str
        What made the break.
    """

    code: str
    rank: int
    first_year: int
    last_year: int
    taper: tuple[int, int] | None = None
    month_sd: float = 0.0
    level_sd: float = 0.0
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A dated question about the paths, with everything a verdict needs.

    Attributes
    ----------
    id, region : str
        Identity.
    expression : str
        Linear event on paths, such as ``sum(retail_total, 2025) >= 15500`` (see :mod:`bayu_forecast.targets`).
    value, unit, op : float, str, str
        The threshold, its unit and ``>=``, ``>`` or ``about``.
    period : int
        The year it speaks of.
    issued : datetime.date
        A run as of an earlier date does not know the target.
    definition : str
        What is measured, in words; refused when empty.
    basis : str
        ``as_printed``: judged on the print of its year, on whatever basis that is released; ``known``: on the latest
        basis known at the date; ``constant_prices`` or ``survey`` where no census revision applies.
    source : str
        The document.
    tolerance : float
        Half-width of ``about``; zero otherwise.
    text_zh, text_en, status : str
        The words, and how sure the wording is.

    Raises
    ------
    TargetError
        When ``definition``, ``basis``, ``source``, ``unit`` or ``expression`` is empty, or ``op`` is unknown.

    Examples
    --------
    >>> Target(id="t", region="r", expression="sum(x, 2025) >= 1", value=1.0, unit="1e8 CNY", op=">=", period=2025,
    ...        issued=dt.date(2021, 4, 30), definition="", basis="as_printed", source="s")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.TargetError: target 't' has no definition: say what is measured, then ask again
    """

    id: str
    region: str
    expression: str
    value: float
    unit: str
    op: str
    period: int
    issued: dt.date
    definition: str
    basis: str
    source: str
    tolerance: float = 0.0
    text_zh: str = ""
    text_en: str = ""
    status: str = ""

    def __post_init__(self) -> None:
        needs = {"definition": "say what is measured", "basis": "name the basis it is judged on",
                 "source": "name the document", "unit": "name the unit", "expression": "write the event"}
        for field, step in needs.items():
            if not getattr(self, field).strip():
                raise TargetError(f"target {self.id!r} has no {field}: {step}, then ask again", target=self.id, field=field)
        if self.op not in (">=", ">", "<=", "<", "about"):
            raise TargetError(f"target {self.id!r}: unknown op {self.op!r}, expected one of >=, >, <=, <, about", target=self.id)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RegressorBlock:
    """Columns that the west hands to a model: a name, a grid of shapes, a prior on the coefficients.

    Attributes
    ----------
    name : str
        Such as ``days_off``.
    labels : tuple of str
        One a column.
    columns : tuple of array (time, column) or (2, time, column)
        One array for each shape of the grid; with two layers, the first acts on the leading series and the second on the one
        that leans on it.
    weights : tuple of float
        Prior weights of the shapes, summing to one.
    prior_mean, prior_sd : array (column,)
        Normal prior of the coefficients, log points for one unit of the column.
    source : str
        Where the prior comes from.
    """

    name: str
    labels: tuple[str, ...]
    columns: tuple[NDArray[np.float64], ...]
    weights: tuple[float, ...]
    prior_mean: NDArray[np.float64]
    prior_sd: NDArray[np.float64]
    source: str

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.weights) or abs(sum(self.weights) - 1.0) > 1e-9:
            raise SchemaError(f"block {self.name!r}: one weight a shape, summing to one, expected", names=[self.name])
        if any(c.shape[-1] != len(self.labels) for c in self.columns):
            raise SchemaError(f"block {self.name!r}: one label a column expected", names=[self.name])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """All that a model is told of the world: months, regressor blocks, and months of passing shocks.

    Attributes
    ----------
    time : DatetimeIndex
        First days of consecutive months, history and future in one piece.
    blocks : tuple of RegressorBlock
        Columns over ``time``.
    disturbed : bool array (time,)
        Months, known at the date, in which a shock may have passed through (an epidemic): their movement is read as
        passing or as a lost level before it is read as slope.
    as_of : Timestamp
        The date at which all of this was known.
    """

    time: pd.DatetimeIndex
    blocks: tuple[RegressorBlock, ...]
    disturbed: NDArray[np.bool_]
    as_of: pd.Timestamp

    def __post_init__(self) -> None:
        if len(self.disturbed) != len(self.time):
            raise SchemaError("design: 'disturbed' needs one entry a month", names=["disturbed"])
        for block in self.blocks:
            if any(c.shape[-2] != len(self.time) for c in block.columns):
                raise SchemaError(f"design: block {block.name!r} does not cover every month", names=[block.name])
