"""Does each level have the size of its neighbours in time: what a slip of the decimal point or of the unit breaks.

Floor F3: sizes within one basis. Must never know a series, a region or how fast anything grows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayu_forecast.data.read_problems import refuse
from bayu_forecast.errors import UnitsError
from bayu_forecast.schema.names import LEVEL, USE_YES

#: neighbours further apart than this factor are no figures of one unit
FACTOR = 5.0
#: months: up to here a span is compared with those starting within as many months, a longer one with those ending within a year
SHORT = 3
YEAR = 12


def check_neighbours(table: pd.DataFrame, *, file: str = "table") -> None:
    """Refuse levels whose monthly average is more than five times, or less than a fifth of, that of a neighbour.

    Neighbours are of one region, series and basis: months and quarters that start within three months, years to date and
    annual totals that end within a year. A difference that the same calendar spans of an adjacent year show too is
    season. Rows with ``use`` other than ``yes`` take no part.

    Parameters
    ----------
    table : pandas.DataFrame
        Tidy rows (``OBSERVATION_COLUMNS``), levels in ``1e8 CNY``; an optional column ``label`` names the rows in the message.
    file : str
        Name in the message.

    Raises
    ------
    UnitsError
        With the rows that differ from most of their neighbours.

    Examples
    --------
    >>> start = pd.date_range("2024-03-01", periods=4, freq="MS")
    >>> table = pd.DataFrame({"period_start": start, "period_end": start + pd.offsets.MonthEnd(), "value": [1201.0, 12.05, 1210.0, 1199.0],
    ...                       "region": "r", "series": "s", "measure": "level", "basis": "b", "use": "yes"})
    >>> check_neighbours(table, file="mine.csv")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.UnitsError: mine.csv: ... five times ...: row 1 says 12.05. Expected ...
    """
    levels = _sized(table)
    for long in (False, True):
        rows = levels[(levels["span"] > SHORT) == long].reset_index(drop=True)
        odd = _odd(rows, "last" if long else "first", YEAR if long else SHORT)
        if odd.any():
            said = rows["said"] if "said" in rows else rows["value"].map("{:.10g}".format)
            refuse(UnitsError, file, "the size is more than five times off that of the neighbours",
                   [f"{label} says {value}" for label, value in zip(rows.loc[odd, "label"], said[odd], strict=True)],
                   expected=f"monthly averages of one series and basis within a factor {FACTOR:g} of those beside them",
                   step="check the decimal point and the unit of these rows, or flag a row that stands so in its source with use=no")


def _sized(table: pd.DataFrame) -> pd.DataFrame:
    """Used levels above zero with first and last month, span in months, log of the monthly average and a group number."""
    levels = table[(table["measure"] == LEVEL) & (table["use"] == USE_YES) & (table["value"] > 0)]
    if "label" not in levels:
        levels = levels.assign(label=[f"row {i}" for i in levels.index])
    first = levels["period_start"].dt.year * 12 + levels["period_start"].dt.month
    last = levels["period_end"].dt.year * 12 + levels["period_end"].dt.month
    group = levels.groupby(["region", "series", "basis"], sort=False).ngroup()
    span = last - first + 1
    return levels.assign(first=first, last=last, span=span, group=group, size=np.log(levels["value"] / span))


def _odd(rows: pd.DataFrame, clock: str, window: int) -> NDArray[np.bool_]:
    """Rows that differ from most of their neighbours; where no row does, all that differ from one."""
    one, other = _pairs(rows, clock, window)
    size = rows["size"].to_numpy()
    apart = np.abs(size[one] - size[other]) > np.log(FACTOR)
    if apart.any():
        seasonal = _seasonal(rows)
        apart &= ~(seasonal[one] & seasonal[other])
    ends = np.r_[one, other]
    beside, differing = np.bincount(ends, minlength=len(rows)), np.bincount(ends, np.r_[apart, apart], minlength=len(rows))
    most = 2 * differing > beside
    return np.asarray(most if most.any() else differing > 0, dtype=np.bool_)


def _pairs(rows: pd.DataFrame, clock: str, window: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of all pairs of rows of one group whose clocks are at most ``window`` months apart."""
    order = np.lexsort((rows[clock], rows["group"]))
    group, time = rows["group"].to_numpy()[order], rows[clock].to_numpy()[order]
    one: list[NDArray[np.intp]] = [order[:0]]
    other = [order[:0]]
    for step in range(1, len(rows)):
        near = (group[step:] == group[:-step]) & (time[step:] - time[:-step] <= window)
        if not near.any():
            break
        one.append(order[:-step][near])
        other.append(order[step:][near])
    return np.concatenate(one), np.concatenate(other)


def _seasonal(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows whose calendar span has their size in an adjacent year too."""
    found = np.zeros(len(rows), dtype=bool)
    key = ["group", "first", "span"]
    for shift in (-YEAR, YEAR):
        beside = rows[[*key, "size"]].assign(first=rows["first"] + shift).drop_duplicates(key)
        same = rows[key].merge(beside, on=key, how="left")["size"].to_numpy()
        found |= np.abs(same - rows["size"].to_numpy()) <= np.log(FACTOR)
    return found
