"""The structural forecaster: one face for panels of plain series and for what a statistics office prints.

Floor F2 (east). It only decides which of its two engines reads the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import xarray as xr

from bayu_forecast.errors import NotFittedError, SchemaError
from bayu_forecast.models.from_prints import PrintEngine
from bayu_forecast.models.panel import PanelStructural
from bayu_forecast.models.priors import OWN, SeriesPriors
from bayu_forecast.specs import Design


class StructuralForecaster(PrintEngine, PanelStructural):
    """Forecast by trend, seasonal pattern, regressors and noise, with the uncertainty about all of them.

    Given a panel, each series is forecast by a mixture of structures, weighted by how well they explain it
    (:class:`PanelStructural`). Given prints (months, sums, years to date, growth, with vintages) and a design, hidden monthly paths
    are fitted to all of them (:class:`PrintEngine`).

    Parameters
    ----------
    common, own : SeriesPriors
        Prints: structure of the leading series, and of what a leaning series has of its own.
    basis_sd : float
        Prints: prior standard deviation, in logs, of the unknown step between two bases.
    cycles : int
        Panels: most recent seasonal cycles (years) that are used; at least 60 values are.

    Attributes
    ----------
    series_, time_, season_, feature_names_, failed_
        After a panel, as in :class:`Forecaster`.
    series_, as_of_, cells_, steps_, coefficients_, residuals_
        After prints, as in :class:`PrintEngine`.

    References
    ----------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[12, 20, 31, 40] * 6], season=4)
    >>> bf.StructuralForecaster().fit(y).predict(4)["median"].values.round()
    array([[12., 20., 31., 40.]])

    >>> known = bf.load_region("china").as_of("2020-01-31")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> paths = model.simulate(horizon="2020-12", samples=50, rng=7)
    >>> dict(paths.sizes)["sample"], bool((paths["value"] > 0).all())
    (50, True)
    """

    def __init__(
        self, *, common: SeriesPriors = SeriesPriors(), own: SeriesPriors = OWN, basis_sd: float = 0.15, cycles: int = 12,  # noqa: B008
    ) -> None:
        PrintEngine.__init__(self, common=common, own=own, basis_sd=basis_sd)
        PanelStructural.__init__(self, cycles=cycles)

    def fit(self, y: object, X: object = None, *, design: Design | None = None) -> Self:
        """Learn from a panel, or from prints and a design.

        Parameters
        ----------
        y : anything :func:`bayu_forecast.as_panel` reads, or Dataset over ``row``
            A panel, or the prints of a snapshot.
        X : DataFrame, DataArray, Dataset or Design, optional
            Drivers of a panel, labelled; or the design of the prints.
        design : Design, optional
            The same by name.

        Returns
        -------
        StructuralForecaster
            Itself.

        Raises
        ------
        SchemaError, PeriodError, AlignmentError
            When the panel or its drivers cannot be read, or prints come without a design.
        DataError
            When no series can be used, or one has no level print.
        ConvergenceError
            When the iteration for logs of sums does not settle.
        """
        design = X if isinstance(X, Design) else design
        prints = isinstance(y, xr.Dataset) and "row" in y.dims
        if prints != (design is not None):
            raise SchemaError("prints and a design come together: fit(known.observations(name), bf.design(known)); a panel takes drivers "
                              "as X", names=["design"])
        for name in [name for name in vars(self) if name.endswith("_") or name.startswith("_")]:
            delattr(self, name)
        if isinstance(y, xr.Dataset) and design is not None:
            return self.fit_prints(y, design)
        return super().fit(y, X)

    def simulate(
        self, horizon: int | str, *, samples: int | None = None, rng: int = 0, X: object = None, start: str | None = None
    ) -> xr.Dataset:
        """Draw joint sample paths.

        Parameters
        ----------
        horizon : int or str
            Steps after the last value, or the last date (``"2027-12"``).
        samples : int, optional
            Number of paths, fewer are the first of more; 1000 for a panel and 4000 for prints when None.
        rng : int
            Seed; the same seed gives the same paths on any machine and chunking.
        X : DataFrame, DataArray or Dataset, optional
            Panels: drivers by name, reaching from the end of ``y`` to the horizon.
        start : str, optional
            Prints: first month of the paths; the first month after the last print by default.

        Returns
        -------
        Dataset, dims (sample, series, time)
            ``value``; after prints also the ``coefficient`` of each regressor and the ``shape`` of each block, of the same draws.

        Raises
        ------
        NotFittedError, HorizonError, SchemaError
        UnknownNameError, AlignmentError
            When a driver, or a time of one, is not there.
        """
        if self._reads_prints:
            if X is not None:
                raise SchemaError("X: the drivers of prints are in their design", names=["X"])
            return self.simulate_prints(horizon, samples=4000 if samples is None else samples, rng=rng, start=start)
        if start is not None:
            raise SchemaError(f"start={start!r}: the paths of a panel begin after its last time", names=["start"])
        return super().simulate(horizon, samples=1000 if samples is None else samples, rng=rng, X=X)

    def predict(self, horizon: int | str, *, coverage: float | Sequence[float] = (0.8, 0.95), X: object = None) -> xr.Dataset:
        """Means and intervals of a panel, as every forecaster gives them.

        Parameters
        ----------
        horizon : int or str
            Steps after the last value, or the last date.
        coverage : float or sequence of float
            Shares that the intervals should hold.
        X : DataFrame, DataArray or Dataset, optional
            Drivers by name, reaching from the end of ``y`` to the horizon.

        Returns
        -------
        Dataset
            ``mean`` and ``median`` (series, time), ``lower`` and ``upper`` (coverage, series, time).

        Raises
        ------
        NotFittedError, HorizonError, UnknownNameError, AlignmentError
        SchemaError
            After prints: what is asked of them are sums and growth of paths, each with its own interval.
        """
        if self._reads_prints:
            raise SchemaError("predict is for panels: of prints, simulate paths and summarise what is asked of them (bf.assess)",
                              names=["predict"])
        return super().predict(horizon, coverage=coverage, X=X)

    @property
    def _reads_prints(self) -> bool:
        """Which engine is fitted."""
        if not hasattr(self, "series_"):
            raise NotFittedError("StructuralForecaster is not fitted: call fit(y), or fit(observations, design), first")
        return hasattr(self, "cells_")
