"""What a model is told of the world: calendar regressors with priors, and the months of passing shocks.

Floor F4, west: it joins the calendar with what was known at a date. It must never see a figure that is forecast.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, Protocol, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bayu_forecast.calendar import mean_days_off, month_features
from bayu_forecast.design.inputs import driver_block, driver_inputs
from bayu_forecast.specs import Design, RegressorBlock

if TYPE_CHECKING:
    from bayu_forecast.data.snapshot import Snapshot

__all__ = ["Known", "design"]

#: years of months beyond the year of the date, enough for any target of the two next five-year plans
_YEARS_AHEAD: Final = 12


class Known(Protocol):
    """What the design asks of a snapshot.

    Attributes
    ----------
    as_of : Timestamp or str
        The date of knowledge.
    disturbances : DatetimeIndex
        First days of the months known by then to be disturbed by a passing shock.
    """

    @property
    def as_of(self) -> pd.Timestamp | str: ...  # noqa: D102

    @property
    def disturbances(self) -> pd.DatetimeIndex: ...  # noqa: D102


def _block(name: str, column: ArrayLike, *, mean: float, sd: float, source: str) -> RegressorBlock:
    """A block of one column and one shape."""
    columns: NDArray[np.float64] = np.asarray(column, dtype=np.float64)[:, None]
    return RegressorBlock(
        name=name, labels=(name,), columns=(columns,), weights=(1.0,), prior_mean=np.array([mean]), prior_sd=np.array([sd]), source=source
    )


def design(
    known: Snapshot | Known,
    *,
    start: str | dt.date | pd.Timestamp = "2000-01",
    until: str | dt.date | pd.Timestamp | None = None,
    drivers: bool = True,
) -> Design:
    """Regressor blocks and disturbed months, history and future in one piece, as known at a date.

    Three blocks of one column each: ``post_festival``, the centred share of the days 7 to 21 after the Spring Festival;
    ``leap_day``, the log of February's length over its mean; ``days_off``, days off beyond the long-run mean of the
    calendar month under the law in force. Windows before and during the festival are left out: January and February
    are published as one sum, inside which both always lie, so their regressors have no variance.

    Parameters
    ----------
    known : Snapshot
        Its date, disturbances and drivers are read; without drivers, ``as_of`` and ``disturbances`` alone.
    start : str or date
        First month, 2000-01 or later.
    until : str or date, optional
        Last month; December of the twelfth year after that of ``known.as_of`` by default.
    drivers : bool
        Add the block of drivers: subsidies, taxes, income and the policy's measures, as announced by the date.

    Returns
    -------
    Design
        Blocks over the months from ``start`` to ``until``; coefficients in log points for one unit of the column.

    Raises
    ------
    CalendarRangeError
        When the months leave the calendar's tables.
    PeriodError
        When a date cannot be read, or ``until`` lies before ``start``.

    References
    ----------
    Bell and Hillmer (1983), JASA 78; Roberts and White (2015), RBA Research Discussion Paper 2015-13.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> known = SimpleNamespace(as_of=pd.Timestamp("2025-01-31"), disturbances=pd.DatetimeIndex(["2020-02-01"]))
    >>> told = design(known, start="2020-01", until="2020-03", drivers=False)
    >>> [block.name for block in told.blocks], told.disturbed
    (['post_festival', 'leap_day', 'days_off'], array([False,  True, False]))
    """
    as_of = pd.Timestamp(known.as_of)
    features = month_features(start, f"{as_of.year + _YEARS_AHEAD}-12" if until is None else until, as_of)
    time = pd.DatetimeIndex(features["time"].to_numpy())
    extra = features["days_off"].to_numpy() - mean_days_off(as_of)[time.month - 1]
    blocks: tuple[RegressorBlock, ...] = (
        _block("post_festival", features["post_festival"], mean=0.0, sd=0.02,
               source="default: either sign, two per cent of a month's sales for a whole window"),
        _block("leap_day", features["leap_day"], mean=1.0, sd=0.3,
               source="default: sales follow the number of days, one for one, give or take a third"),
        _block("days_off", extra, mean=0.0, sd=0.005,
               source="default: half a per cent of a month's goods sales for a day off more, either sign"),
    )  # fmt: skip
    inputs = driver_inputs(cast("Snapshot", known), time) if drivers else None
    if inputs is not None:
        blocks = (*blocks, driver_block(inputs))
    disturbed = np.asarray(time.isin(known.disturbances))
    return Design(time=time, blocks=blocks, disturbed=disturbed, as_of=as_of, inputs=inputs)
