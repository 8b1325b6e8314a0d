"""What the data said about an effect, and whether an input leaves what history can speak of.

Floor F3 (drivers). It compares numbers that others made; it must never hide one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bayu_forecast.errors import ValueRangeError

#: below this contraction an effect is its prior
PRIOR_DRIVEN_BELOW = 0.2
PRIOR_DRIVEN, DATA_INFORMED = "prior-driven", "data-informed"


def contraction(prior_sd: ArrayLike, posterior_sd: ArrayLike) -> NDArray[np.float64]:
    r"""Return how much of the prior's variance the data removed: :math:`1 - s_{post}^2 / s_{prior}^2`.

    Parameters
    ----------
    prior_sd, posterior_sd : array_like
        Standard deviations of an effect, broadcast together.

    Returns
    -------
    array
        One: known exactly; zero: nothing learned; negative: the data and the prior disagree.

    Raises
    ------
    ValueRangeError
        When a prior's is not positive or a posterior's is negative.

    References
    ----------
    Betancourt (2018), Calibrating model-based inferences and decisions, arXiv:1803.08393, on posterior contraction.

    Examples
    --------
    >>> print(contraction([1.0, 1.0], [0.5, 0.95]).round(4))
    [0.75   0.0975]
    """
    prior, posterior = np.asarray(prior_sd, dtype=np.float64), np.asarray(posterior_sd, dtype=np.float64)
    if not (np.all(prior > 0.0) and np.all(posterior >= 0.0)):
        raise ValueRangeError("contraction needs a positive prior standard deviation and a posterior one of at least zero",
                              got=[prior_sd, posterior_sd])
    return np.asarray(1.0 - (posterior / prior) ** 2)


def label(value: float) -> str:
    """Return the label under which an effect is reported.

    Parameters
    ----------
    value : float
        Its contraction.

    Returns
    -------
    str
        ``prior-driven`` below 0.2, else ``data-informed``.

    Examples
    --------
    >>> label(0.19), label(0.2)
    ('prior-driven', 'data-informed')
    """
    return PRIOR_DRIVEN if value < PRIOR_DRIVEN_BELOW else DATA_INFORMED


def beyond_history(history: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Return, for each driver, whether an input that is asked for leaves what was seen.

    Parameters
    ----------
    history : DataFrame (month, driver)
        Inputs of the months until the date, rows that are only shown included.
    asked : DataFrame (month, driver)
        Inputs of the months after it.

    Returns
    -------
    DataFrame, index driver
        ``lowest_seen``, ``highest_seen``, ``lowest_asked``, ``highest_asked``, ``beyond`` (bool): the response there is the
        assumed shape, not evidence.

    Raises
    ------
    ValueRangeError
        When there is no month of history or none asked for.

    Examples
    --------
    >>> months = pd.date_range("2025-01", periods=2, freq="MS")
    >>> seen, asked = pd.DataFrame({"trade_in": [0.0, 7.0]}, index=months), pd.DataFrame({"trade_in": [7.0, 9.0]}, index=months)
    >>> bool(beyond_history(seen, asked).loc["trade_in", "beyond"])
    True
    """
    if history.empty or asked.empty:
        raise ValueRangeError("beyond_history needs at least one month on each side of the date", names=["month"])
    drivers = [d for d in asked.columns if d in history]
    seen, wanted = history[drivers], asked[drivers]
    frame = pd.DataFrame({"lowest_seen": seen.min(), "highest_seen": seen.max(),
                          "lowest_asked": wanted.min(), "highest_asked": wanted.max()})  # fmt: skip
    slack = 1e-9 * frame.abs().max(axis=1)
    frame["beyond"] = frame["highest_asked"].gt(frame["highest_seen"] + slack) | frame["lowest_asked"].lt(frame["lowest_seen"] - slack)
    return frame.rename_axis("driver")
