"""Regular time: the grid on which labels lie, how far apart, with how many steps to a year.

Floor F1: pandas indexes in and out. It knows integers and dates, and never a value observed at one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayu_forecast.errors import HorizonError, PeriodError, SchemaError

_DAY = 86_400
#: days of the month are compared with this when every date ends its month
_MONTH_END = 31
#: above this share of labels without any value, the labels are not what they seem (months as 202012, 202101)
_MOSTLY_EMPTY = 0.75


@dataclass(frozen=True)
class Grid:
    """Evenly spaced labels: integers (``unit="step"``), months or seconds, ``step`` units apart.

    ``day`` is the day of the month of monthly grids, 31 for the last one.
    """

    unit: str
    step: int
    day: int = 1

    @property
    def season(self) -> int | None:
        """Steps to the seasonal cycle that goes with the spacing, None when none is customary."""
        if self.unit == "month":
            return 1 if self.step % 12 == 0 else 12 // self.step if 12 % self.step == 0 else None
        if self.unit == "second" and self.step % (7 * _DAY) == 0:
            weeks = self.step // (7 * _DAY)
            return 52 // weeks if 52 % weeks == 0 else None
        return {_DAY: 7, 3600: 24}.get(self.step) if self.unit == "second" else None

    def ordinals(self, index: pd.Index) -> NDArray[np.int64]:
        """Whole units since the epoch of each label."""
        if self.unit == "step":
            return np.asarray(index, dtype=np.int64)
        dates = pd.DatetimeIndex(index)
        if self.unit == "month":
            return np.asarray(dates.year * 12 + dates.month - 1, dtype=np.int64)
        return np.asarray(dates.as_unit("s").asi8, dtype=np.int64)

    def labels(self, ordinals: NDArray[np.int64]) -> pd.Index:
        """Labels of whole units since the epoch, the inverse of :meth:`ordinals`."""
        if self.unit == "step":
            return pd.Index(ordinals, name="time")
        if self.unit == "second":
            return pd.DatetimeIndex(ordinals.astype("datetime64[s]"), name="time").as_unit("ns")
        firsts = pd.DatetimeIndex((ordinals - 1970 * 12).astype("datetime64[M]")).as_unit("ns")
        days = np.minimum(self.day, firsts.days_in_month) - 1
        return pd.DatetimeIndex(firsts + pd.to_timedelta(days, unit="D"), name="time").as_unit("ns")

    def between(self, first: int, last: int) -> pd.Index:
        """Every label from one ordinal to another, both included."""
        return self.labels(np.arange(first, last + 1, self.step, dtype=np.int64))


def read_labels(raw: object, *, what: str = "time") -> pd.Index:
    """Integers or dates from what a user calls time: numbers, strings, periods, timestamps.

    Raises
    ------
    SchemaError
        When a label is missing, is neither a whole number nor a date, or carries a time zone.
    """
    index = raw if isinstance(raw, pd.Index) else pd.Index(np.asarray(raw) if not isinstance(raw, pd.Series) else raw)
    if bool(index.isna().any()):
        rows = np.flatnonzero(index.isna())[:3].tolist()
        raise SchemaError(f"{what}: labels are missing at rows {rows}: drop these rows or give their dates", rows=rows)
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp().as_unit("ns")
    if pd.api.types.is_numeric_dtype(index.dtype) and not pd.api.types.is_bool_dtype(index.dtype):
        return _whole_numbers(index, what)
    try:
        dates = pd.DatetimeIndex(pd.to_datetime(index, format="ISO8601"))  # never a guess between 1 February and 2 January
    except (ValueError, TypeError) as error:
        shown = [str(label) for label in index[:3]]
        raise SchemaError(f"{what}: labels such as {shown} are neither whole numbers nor dates: "
                          "write them as 2018-01-31, or convert them with pandas.to_datetime and their format",
                          names=[what], got=shown) from error
    if dates.tz is not None:
        raise SchemaError(f"{what}: dates carry the time zone {dates.tz}: drop it with tz_localize(None)", names=[what], got=str(dates.tz))
    return dates.as_unit("ns")


def _whole_numbers(index: pd.Index, what: str) -> pd.Index:
    """Integer labels; 3.0 is one, 3.5 is not."""
    numbers = np.asarray(index, dtype=np.float64)
    wrong = ~np.isfinite(numbers) | (numbers != np.round(numbers))
    if wrong.any():
        shown = [str(label) for label in index[wrong][:3]]
        raise SchemaError(f"{what}: labels {shown} are not whole numbers: use integers or dates", names=[what], got=shown)
    return pd.Index(np.asarray(index).astype(np.int64))


def read_grid(index: pd.Index) -> Grid:
    """Find the coarsest grid that holds every label; gaps are allowed, the labels may be in any order.

    Parameters
    ----------
    index : Index of int or datetime64
        As :func:`read_labels` gives it, duplicates allowed.

    Returns
    -------
    Grid

    Raises
    ------
    SchemaError
        When dates have no common step (fewer than two), or leave most of the finest grid that holds them empty.

    Examples
    --------
    >>> read_grid(pd.to_datetime(["2020-03-31", "2020-06-30", "2021-03-31"]))
    Grid(unit='month', step=3, day=31)
    """
    if not isinstance(index, pd.DatetimeIndex):
        return _with_step(Grid("step", 1), index)
    end, day = bool(index.is_month_end.all()), int(index.day.max())
    whole_days = bool((index == index.normalize()).all())
    if whole_days and (end or bool((index.day == np.minimum(day, index.days_in_month)).all())):
        return _with_step(Grid("month", 1, _MONTH_END if end else day), index)
    return _with_step(Grid("second", 1), index)


def _with_step(grid: Grid, index: pd.Index) -> Grid:
    """The grid with the largest step that still meets every label."""
    ordinals = np.unique(grid.ordinals(index))
    if len(ordinals) < 2 and grid.unit != "step":
        raise SchemaError(f"the dates {[str(label) for label in index[:1]]} show no frequency: give at least two different dates, "
                          "or plain arrays with season=", names=["time"])
    step = int(np.gcd.reduce(np.diff(ordinals))) if len(ordinals) > 1 else 1
    if grid.unit == "month" and 12 % step and step % 12:
        step = 1
    steps = (int(ordinals[-1]) - int(ordinals[0])) // step + 1 if len(ordinals) else 0
    if grid.unit != "month" and steps > 20 and len(ordinals) < (1.0 - _MOSTLY_EMPTY) * steps:
        raise SchemaError(f"time: {len(ordinals)} labels from {index.min()} to {index.max()} lie on no regular grid (its finest step would "
                          f"leave {steps - len(ordinals)} of {steps} places empty): give the first day of each period as a date",
                          names=["time"])
    return Grid(grid.unit, step, grid.day)


def refuse_duplicates(index: pd.Index, what: str) -> None:
    """Each label once; names the labels and the rows that share them.

    Raises
    ------
    PeriodError
    """
    twice = index.duplicated(keep=False)
    if twice.any():
        rows = np.flatnonzero(twice)
        labels = [show_label(label) for label in index[twice].unique()[:3]]
        raise PeriodError(f"{what}: {labels} occur more than once (rows {rows[:6].tolist()}): keep one value for each",
                          names=labels, rows=rows.tolist())


def show_label(label: object) -> str:
    """A label as messages show it: dates without midnight."""
    text = str(label)
    return text.removesuffix(" 00:00:00")


def future_labels(time: pd.Index, horizon: object) -> pd.Index:
    """Labels after the last one, as many as the horizon asks for.

    Parameters
    ----------
    time : Index
        Complete and regular.
    horizon : int, str or date
        A number of steps, or the last date (``"2027-12"``).

    Returns
    -------
    Index

    Raises
    ------
    HorizonError
        When it is no positive number, no date, or lies off the grid or not after the last label.

    Examples
    --------
    >>> future_labels(pd.RangeIndex(10), 3).tolist()
    [10, 11, 12]
    >>> [f"{label:%Y-%m}" for label in future_labels(pd.date_range("2020-01", periods=24, freq="MS"), "2022-03")]
    ['2022-01', '2022-02', '2022-03']
    """
    grid = read_grid(time)
    last = int(grid.ordinals(time[-1:])[0])
    if isinstance(horizon, int | np.integer) and not isinstance(horizon, bool):
        steps = int(horizon)
    else:
        steps = _steps_until(horizon, grid, last, time)
    if steps < 1:
        raise HorizonError(f"horizon {horizon!r} does not lie after the last observation {show_label(time[-1])}: "
                           "ask for at least one step", got=str(horizon))
    return grid.between(last + grid.step, last + steps * grid.step)


def _steps_until(horizon: object, grid: Grid, last: int, time: pd.Index) -> int:
    """Steps from the last label to a date."""
    expected = "a number of steps" + ("" if grid.unit == "step" else ", or the last date as '2027-12'")
    if grid.unit == "step" or not isinstance(horizon, str | dt.date | np.datetime64 | pd.Period):
        raise HorizonError(f"horizon {horizon!r}: give {expected}", got=str(horizon))
    try:
        period = pd.Period(horizon) if isinstance(horizon, str) else horizon if isinstance(horizon, pd.Period) else None
        if period is not None and period.freqstr[0] not in "YQM":
            period = None  # a year goes to its end, a day or a week is where it begins
        if period is not None:
            date = period.end_time.normalize()
        else:
            date = horizon.to_timestamp() if isinstance(horizon, pd.Period) else pd.Timestamp(horizon)
    except ValueError as error:
        raise HorizonError(f"horizon {horizon!r}: give {expected}", got=str(horizon)) from error
    gap = int(grid.ordinals(pd.DatetimeIndex([date]))[0]) - last
    if period is not None:  # ends between two steps: the last that begins in it
        first = int(grid.ordinals(pd.DatetimeIndex([period.start_time]))[0]) - last
        gap = gap - gap % grid.step if gap - gap % grid.step >= first else gap
    if gap % grid.step:
        near = [show_label(label) for label in grid.labels(np.array([last + gap // grid.step * grid.step + s for s in (0, grid.step)]))]
        raise HorizonError(f"horizon {horizon!r} is no date of this series, which ends {show_label(time[-1])}: the nearest are {near}",
                           got=str(horizon), expected=near)
    return gap // grid.step
