"""The dose that a file of scenarios asks for, where the library has a solver.

Floor F7. It hands the question on and lays out the answer; it must never search by itself.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import bayu_forecast
from bayu_forecast.errors import ExtrapolationWarning
from bayu_forecast.scenarios.units import factor_to

if TYPE_CHECKING:
    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.scenarios import Question


def dose_rows(question: Question, model: StructuralForecaster, known: Snapshot, *, samples: int, rng: int) -> list[dict[str, Any]]:
    """One row: the least dose for the probability, in the unit that the file states; nothing where no dose is asked for."""
    if not question.lever:
        return []
    asked = {"lever": question.lever, "target": question.target, "probability": question.probability, "unit": question.unit}
    solve = getattr(bayu_forecast, "solve", None)
    if solve is None:
        return [asked | {"status": "not available: this version of the library has no solver"}]
    units = {spec.id: spec.unit for spec in known.driver_specs}
    factor = factor_to(question.unit, units.get(question.lever), question.lever, question.place)
    bounds = (question.bounds[0] * factor, question.bounds[1] * factor)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ExtrapolationWarning)
        found = solve(model, known, lever=question.lever, target=question.target, probability=question.probability, bounds=bounds,
                      samples=samples, rng=rng)  # fmt: skip
    beyond = any(issubclass(w.category, ExtrapolationWarning) for w in caught)
    reachable = bool(found["reachable"].item())
    return [
        asked
        | {
            "dose": float(found["dose"]) / factor,
            "standard_error": float(found["standard_error"]) / factor,
            "reachable": reachable,
            "probability_without": float(found["probability_without"]),
            "ceiling": float(found["ceiling"]),
            "status": "reachable" if reachable else "not reachable",
            "flag": "beyond its history: the response there is the assumed shape, not evidence" if beyond else "",
        }
    ]
