"""bayu_forecast: is the target reachable, how sure are we, and what would it take?

The face. Names are loaded on first use (PEP 562), so ``import bayu_forecast`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

#: public name -> module that holds it
_FACE: dict[str, str] = {
    "load_region": "bayu_forecast.data",
    "list_regions": "bayu_forecast.data",
    "load_tree": "bayu_forecast.data",
    "policy_table": "bayu_forecast.data",
    "read_table": "bayu_forecast.data",
    "read_nbs": "bayu_forecast.data",
    "check_file": "bayu_forecast.data",
    "design": "bayu_forecast.design",
    "as_panel": "bayu_forecast.schema.panel",
    "Forecaster": "bayu_forecast.models",
    "Panel": "bayu_forecast.models",
    "SeasonalNaive": "bayu_forecast.models.classical",
    "Drift": "bayu_forecast.models.classical",
    "ETS": "bayu_forecast.models.classical",
    "ARIMA": "bayu_forecast.models.classical",
    "SARIMAX": "bayu_forecast.models.classical",
    "Theta": "bayu_forecast.models.classical",
    "UnobservedComponents": "bayu_forecast.models.classical",
    "StructuralForecaster": "bayu_forecast.models",
    "AutoForecaster": "bayu_forecast.models",
    "BoostingForecaster": "bayu_forecast.models",
    "CombinedForecaster": "bayu_forecast.models",
    "CalibratedForecaster": "bayu_forecast.models",
    "DynamicThetaForecaster": "bayu_forecast.models",
    "KernelForecaster": "bayu_forecast.models",
    "SmoothingForecaster": "bayu_forecast.models",
    "withheld_errors": "bayu_forecast.models",
    "simulate": "bayu_forecast.simulation",
    "Hierarchy": "bayu_forecast.reconciliation",
    "Reconciler": "bayu_forecast.reconciliation",
    "couple": "bayu_forecast.reconciliation",
    "reconcile": "bayu_forecast.reconciliation",
    "reconcile_periods": "bayu_forecast.reconciliation",
    "assess": "bayu_forecast.targets",
    "joint": "bayu_forecast.targets",
    "required_growth": "bayu_forecast.targets",
    "required_path": "bayu_forecast.targets",
    "solve": "bayu_forecast.targets",
    "allocate": "bayu_forecast.targets",
    "sensitivity": "bayu_forecast.targets",
    "rare_probability_of": "bayu_forecast.targets",
    "compare": "bayu_forecast.attribution",
    "attribute": "bayu_forecast.attribution",
    "news": "bayu_forecast.attribution",
    "plot_fan": "bayu_forecast.plotting",
    "plot_latent": "bayu_forecast.plotting",
    "plot_probability": "bayu_forecast.plotting",
    "verdict": "bayu_forecast.report",
    "chain_growth": "bayu_forecast.data",
    "implied_base": "bayu_forecast.data",
    "comparable_growth": "bayu_forecast.data",
    "Target": "bayu_forecast.specs",
    "Basis": "bayu_forecast.specs",
    "Design": "bayu_forecast.specs",
    "RegressorBlock": "bayu_forecast.specs",
    "DriverSpec": "bayu_forecast.specs",
    "Scenario": "bayu_forecast.scenarios",
    "ScenarioSet": "bayu_forecast.scenarios",
    "Question": "bayu_forecast.scenarios",
    "set_to": "bayu_forecast.scenarios",
    "add": "bayu_forecast.scenarios",
    "scale": "bayu_forecast.scenarios",
    "ramp": "bayu_forecast.scenarios",
    "hold": "bayu_forecast.scenarios",
    "stop": "bayu_forecast.scenarios",
    "tranches": "bayu_forecast.scenarios",
    "delay": "bayu_forecast.scenarios",
    "new_event": "bayu_forecast.scenarios",
    "holiday": "bayu_forecast.scenarios",
    "given": "bayu_forecast.scenarios",
    "impose": "bayu_forecast.scenarios",
    "tilt": "bayu_forecast.scenarios",
    "read_scenarios": "bayu_forecast.scenarios",
    "write_scenarios": "bayu_forecast.scenarios",
    "forecast_panel": "bayu_forecast.distributed",
    "dask_map": "bayu_forecast.distributed",
    "write_answers": "bayu_forecast.distributed",
    "read_answers": "bayu_forecast.distributed",
    "errors": "bayu_forecast.errors",
    "testing": "bayu_forecast.testing",
}
#: public names that are modules themselves
_MODULES = ("errors", "testing")

__all__ = ["__version__", *sorted(_FACE)]  # noqa: PLE0604 (the keys of _FACE are strings)


class _Face(ModuleType):
    """A package whose public names win over its submodules: importing ``bayu_forecast.design`` must not hide ``design``."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in _FACE and name not in _MODULES):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'bayu_forecast' has no attribute {name!r}")
    module = importlib.import_module(_FACE[name])
    value = module if name in _MODULES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_FACE})
