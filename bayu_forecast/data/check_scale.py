"""Is a whole table in the wrong unit: its levels against those the library holds of the same region and series.

Floor F3: sizes only, a thousand times apart. Must never judge a figure for being other than the bundled one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayu_forecast.data.archive import load_region
from bayu_forecast.data.check_rules import JUMP, JUMP_PER_YEAR
from bayu_forecast.data.read_places import bases_of
from bayu_forecast.data.read_problems import refuse
from bayu_forecast.errors import UnitsError
from bayu_forecast.schema.names import LEVEL


def check_scale(table: pd.DataFrame, *, file: str = "table") -> None:
    """Refuse levels a thousand times larger or smaller than the nearest one held of their region and series.

    Rows of one table are compared with each other before (:func:`check_table`); a table that is wrong as a whole shows
    only beside figures from elsewhere. Regions and series that the library does not hold pass.

    Parameters
    ----------
    table : pandas.DataFrame
        Tidy rows, levels in ``1e8 CNY``.
    file : str
        Name in the message.

    Raises
    ------
    UnitsError
        With the rows and the figures held beside them.

    Examples
    --------
    >>> row = {"region": "china", "series": "retail_total", "measure": "level", "value": 4.8e9,
    ...        "period_start": pd.Timestamp("2024-01-01"), "period_end": pd.Timestamp("2024-12-31")}
    >>> check_scale(pd.DataFrame([row]), file="mine.csv")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.UnitsError: mine.csv: the size is far from what is published of the region: row 0 says 4.8e+09 ...
    """
    found: list[str] = []
    for region in table["region"].unique():
        if bases_of(region) is not None:
            found += _far(table[table["region"] == region], load_region(region).archive)
    if found:
        refuse(UnitsError, file, "the size is far from what is published of the region", found,
               expected="levels within a thousand times of those published", step="check whether 元, 万元, 亿元 or 万亿元 is meant")


def _far(rows: pd.DataFrame, archive: pd.DataFrame) -> list[str]:
    """Rows whose monthly average is a thousand times that of the nearest level held, beyond what growth explains."""
    mine, held = _sizes(rows), _sizes(archive[archive["region"] == rows["region"].iloc[0]]).assign(start_held=lambda t: t["period_start"])
    near = pd.merge_asof(mine, held, on="period_start", by="series", direction="nearest", suffixes=("", "_held"))
    years = (near["period_start"] - near["start_held"]).dt.days.abs() / 365.25
    far = near[(near["size"] - near["size_held"]).abs() > JUMP + JUMP_PER_YEAR * years]
    return [f"{label} says {value:.8g} (1e8 CNY), held is {size:.8g} from {start:%Y-%m}" for label, value, size, start in
            zip(far["label"], far["value"], far["value_held"], far["start_held"], strict=True)]


def _sizes(rows: pd.DataFrame) -> pd.DataFrame:
    """Logarithm of the monthly average of each level, in order of time."""
    levels = rows[(rows["measure"] == LEVEL) & (rows["value"] > 0)]
    months = (levels["period_end"] - levels["period_start"]).dt.days / 30.4
    labels = levels["label"] if "label" in levels else [f"row {i}" for i in levels.index]
    sizes = levels[["series", "value"]].assign(
        period_start=levels["period_start"].astype("datetime64[ns]"), size=np.log10(levels["value"] / months), label=labels
    )
    return sizes.sort_values("period_start", kind="stable")
