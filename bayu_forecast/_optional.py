"""The one door to packages that a plain install does not bring.

Floor F0: imports ``errors`` and the standard library only. It knows module names and the extras of pyproject.toml,
and never what a package is used for.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from bayu_forecast.errors import MissingDependencyError


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module, or say which extra brings it.

    A package that is there but broken (an import error of its own) is reported as it is: hiding it behind advice to
    install what is installed already would send the reader the wrong way.

    Parameters
    ----------
    module : str
        Dotted name, such as ``dask.distributed``.
    extra : str
        The extra of this package that installs it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        When ``module`` or a package it lies in is not installed; fields ``module`` and ``extra``.

    Examples
    --------
    >>> require("json", extra="test").loads("1")
    1
    >>> require("no_such_package", extra="dask")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.MissingDependencyError: no_such_package is not installed: run pip install "bayu-forecast[dask]", then try again
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        step = f'run pip install "bayu-forecast[{extra}]", then try again'
        raise MissingDependencyError(f"{module} is not installed: {step}", module=module, extra=extra) from error
