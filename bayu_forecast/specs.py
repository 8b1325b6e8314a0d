"""Frozen specifications: what is asked, of whom, on which basis, with which regressors.

Floor F1: imports ``errors`` and the standard library plus NumPy and pandas for labels. Specifications hold facts and
check themselves; they learn nothing and know no province.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import TYPE_CHECKING

import numpy as np

from bayu_forecast.errors import SchemaError, SpecificationError, TargetError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: weights of the grid of payback shapes that all drivers share; one grid keeps the engine's small
SHAPE_WEIGHTS = {"low": 0.25, "middle": 0.5, "high": 0.25}
DRIVER_WORDS = {"kind": ("money", "intensity", "count", "days", "growth"), "nature": ("known", "planned", "uncertain"),
                "scope": ("all", "own"), "family": ("lognormal", "normal", "beta"), "after": ("default", "hold")}
_PARAMETERS = {"lognormal": 2, "normal": 2, "beta": 3}


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
    shapes : tuple of str
        Names of the grid's points, where they have one.
    """

    name: str
    labels: tuple[str, ...]
    columns: tuple[NDArray[np.float64], ...]
    weights: tuple[float, ...]
    prior_mean: NDArray[np.float64]
    prior_sd: NDArray[np.float64]
    source: str
    shapes: tuple[str, ...] = ()

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
    inputs : object
        What the columns of drivers were made of, kept for scenarios; no model reads it.
    """

    time: pd.DatetimeIndex
    blocks: tuple[RegressorBlock, ...]
    disturbed: NDArray[np.bool_]
    as_of: pd.Timestamp
    inputs: object = None

    def __post_init__(self) -> None:
        if len(self.disturbed) != len(self.time):
            raise SchemaError("design: 'disturbed' needs one entry a month", names=["disturbed"])
        for block in self.blocks:
            if any(c.shape[-2] != len(self.time) for c in block.columns):
                raise SchemaError(f"design: block {block.name!r} does not cover every month", names=[block.name])

    def centre(self) -> Design:
        """The same design with each block's heaviest shape alone: a smaller grid, for comparisons between many dates."""
        blocks = []
        for block in self.blocks:
            i = int(np.argmax(block.weights))
            blocks.append(dataclasses.replace(block, columns=(block.columns[i],), weights=(1.0,), shapes=block.shapes[i : i + 1]))
        return dataclasses.replace(self, blocks=tuple(blocks))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DriverShape:
    """One point of the grid of payback shapes that all drivers share.

    Attributes
    ----------
    label : str
        ``low``, ``middle`` or ``high`` payback.
    rho : float
        Share of the induced sales that is borrowed from later months, in [0, 1].
    horizon : int
        Months in which it is repaid; zero only where nothing is borrowed.
    """

    label: str
    rho: float
    horizon: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DriverSpec:
    """How one driver acts, with a prior that says where it comes from and since when it could be held.

    Attributes
    ----------
    id, zh, en : str
        Identity and names.
    kind : str
        ``money`` (1e8 CNY a month), ``intensity`` (0 to 1), ``count``, ``days`` or ``growth`` (ratio a year).
    unit : str
        Unit of the input.
    nature : str
        ``known``, ``planned`` or ``uncertain``.
    scope : str
        ``all``: acts on the region and on the one it leans on, each by its own input; ``own``: on the region only.
    theta : float
        Share of the effect that carries over from month to month, in [0, 1).
    shapes : tuple of DriverShape
        Low, middle and high payback, weighted by :data:`SHAPE_WEIGHTS`.
    kappa : float
        Ceiling of the saturated input where history has none (share of monthly sales); infinite for no saturation.
    kappa_multiple, kappa_sd : float
        The ceiling is lognormal: this many times the largest input of history, with this log standard deviation.
    family : str
        Prior of the coefficient: ``lognormal``, ``normal`` or ``beta``.
    parameters : tuple of float
        Of a lognormal median and log standard deviation; of a normal mean and standard deviation; of a beta the two
        shapes and the value that one stands for.
    continuation_probability : float
        That a running programme goes on after its announced end.
    execution_sd : float
        Log standard deviation of money paid around money announced.
    acts_on : str
        Linked series whose share (logit) or level (log) it moves; empty for the retail total.
    rush, wait : float
        Months of input brought forward from after an announced end, and held back before an announced start.
    default : float
        Input of months of which nothing is stated.
    own_data : float
        How much the growth of the series paid for counts beside the prior: one, less where the prior rests on the same months.
    after : str
        After the last stated month: ``default``, or ``hold`` its value.
    evidence : tuple of str
        Ids of the table of effects; empty for an assumption.
    published : datetime.date
        Since when the prior could be held: the date of its newest evidence.
    reading : str
        How the evidence was read.
    indicator : str
        What to watch.

    Raises
    ------
    SpecificationError
        When a word is not one of those above, or a number leaves its range.

    Examples
    --------
    >>> shapes = tuple(DriverShape(label=s, rho=0.5, horizon=6) for s in SHAPE_WEIGHTS)
    >>> spec = DriverSpec(id="d", zh="", en="d", kind="money", unit="1e8 CNY", nature="planned", scope="all", theta=0.3, shapes=shapes,
    ...                   family="lognormal", parameters=(2.0, 0.5), published=dt.date(2019, 12, 31), reading="r", indicator="i")
    >>> round(spec.mean, 4), round(spec.sd, 4), spec.shape("high").rho
    (2.2663, 1.2078, 0.5)
    """

    id: str
    zh: str
    en: str
    kind: str
    unit: str
    nature: str
    scope: str
    theta: float
    shapes: tuple[DriverShape, ...]
    family: str
    parameters: tuple[float, ...]
    published: dt.date
    reading: str
    indicator: str
    kappa: float = math.inf
    kappa_multiple: float = 3.0
    kappa_sd: float = 0.5
    continuation_probability: float = 0.0
    execution_sd: float = 0.0
    acts_on: str = ""
    rush: float = 0.0
    wait: float = 0.0
    default: float = 0.0
    own_data: float = 0.0
    after: str = "default"
    evidence: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field, allowed in DRIVER_WORDS.items():
            if getattr(self, field) not in allowed:
                raise SpecificationError(f"driver {self.id!r}: {field} {getattr(self, field)!r} is none of {', '.join(allowed)}",
                                         names=[self.id], expected=allowed, got=getattr(self, field))
        if tuple(s.label for s in self.shapes) != tuple(SHAPE_WEIGHTS):
            raise SpecificationError(f"driver {self.id!r}: one shape for each of {', '.join(SHAPE_WEIGHTS)} expected, in this order",
                                     names=[self.id], expected=tuple(SHAPE_WEIGHTS), got=[s.label for s in self.shapes])
        if len(self.parameters) != _PARAMETERS[self.family]:
            raise SpecificationError(f"driver {self.id!r}: a {self.family} prior takes {_PARAMETERS[self.family]} numbers, "
                                     f"got {self.parameters}", names=[self.id], got=self.parameters)
        ranges = {"theta": 0.0 <= self.theta < 1.0, "rho": all(0.0 <= s.rho <= 1.0 for s in self.shapes), "kappa": self.kappa > 0.0,
                  "horizon": all(s.horizon >= (s.rho > 0.0) for s in self.shapes), "parameters": self.parameters[1] > 0.0,
                  "continuation_probability": 0.0 <= self.continuation_probability <= 1.0, "execution_sd": self.execution_sd >= 0.0,
                  "rush": self.rush >= 0.0, "wait": self.wait >= 0.0,
                  "own_data": 0.0 <= self.own_data <= 1.0}
        odd = [name for name, holds in ranges.items() if not holds]
        if odd:
            raise SpecificationError(f"driver {self.id!r}: {', '.join(odd)} out of range; see the attributes of DriverSpec", names=odd)

    @property
    def mean(self) -> float:
        """Prior mean of the coefficient."""
        first, second = self.parameters[:2]
        if self.family == "lognormal":
            return first * math.exp(second**2 / 2.0)
        return first if self.family == "normal" else self.parameters[2] * first / (first + second)

    @property
    def sd(self) -> float:
        """Prior standard deviation of the coefficient."""
        first, second = self.parameters[:2]
        if self.family == "lognormal":
            return self.mean * math.sqrt(math.expm1(second**2))
        total = first + second
        return second if self.family == "normal" else self.parameters[2] * math.sqrt(first * second / (total**2 * (total + 1.0)))

    def shape(self, label: str) -> DriverShape:
        """Shape of this label (``low``, ``middle`` or ``high``)."""
        for shape in self.shapes:
            if shape.label == label:
                return shape
        raise UnknownNameError(f"driver {self.id!r} has no shape {label!r}, only {', '.join(SHAPE_WEIGHTS)}",
                               names=[label], expected=tuple(SHAPE_WEIGHTS))
