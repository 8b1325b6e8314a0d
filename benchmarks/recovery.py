"""Are planted effects recovered, and are they called prior-driven when they are? One region, five and thirty-one.

Run ``python benchmarks/recovery.py`` (under a minute). Goals: error of the net effect at most .55, .42 and .32 yuan for a yuan,
coverage of 90 % intervals in [.84, .95], at least 70 % of one-region runs and no 31-region run prior-driven. Exits with code 1 when missed.
"""

from __future__ import annotations

import sys

import numpy as np
from planted import PRIOR_MEAN, PRIOR_SD, WEIGHTS, Engine, budget, path, pooled, prints_until, publish, safe_cholesky, truth, world
from scipy.stats import norm

from bayu_forecast._numeric.streams import generator
from bayu_forecast.drivers.honesty import PRIOR_DRIVEN, contraction, label

REPLICATIONS, LABELLED = 200, 150
#: regions: largest error of the net effect
GOALS = {1: 0.55, 5: 0.42, 31: 0.32}
COVERAGE, PRIOR_ONLY = (0.84, 0.95), 0.7
CENSUS_STEP = np.log(1.033)


def one(regions: int, replication: int, known: dict[str, object]) -> tuple[float, float, float]:
    """Error of the posterior mean of the first region's net effect, probability below the truth, contraction."""
    S, half, rows = known["S"], known["half"], known["rows"]
    shape, m, _ = truth("recovery", regions, replication)
    engines, parts = [], []
    for region in range(regions):
        key = ("recovery", regions, replication, region)
        scale = generator(0, "scale", *key).lognormal(0.0, 0.5) if regions > 1 else 1.0
        engine = Engine(S, rows, scale * budget(*key))
        y = publish(path(half, engine.responses[shape], m, *key), CENSUS_STEP, rows)
        engines.append(engine)
        parts.append([engine.posterior(y, g) for g in range(len(WEIGHTS))])
    weight, mean, variance = pooled(parts)
    kept = engines[0].kept
    effect, spread, true = mean * kept, np.sqrt(variance) * kept, m * kept[shape]
    below = float(weight @ norm.cdf((true - effect) / spread))
    before = mixture_sd(WEIGHTS, PRIOR_MEAN * kept, PRIOR_SD * kept)
    return float(weight @ effect - true), below, float(contraction(before, mixture_sd(weight, effect, spread)))


def mixture_sd(weight: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> float:
    """Standard deviation of a mixture of normals."""
    return float(np.sqrt(weight @ (sd**2 + mean**2) - (weight @ mean) ** 2))


def study(regions: int, replications: int) -> np.ndarray:
    """Error, probability below the truth and contraction, replication by quantity."""
    S, rows = world(), prints_until(96)
    known = {"S": S, "half": safe_cholesky(S), "rows": rows}
    return np.array([one(regions, r, known) for r in range(replications)])


def main() -> int:
    """Print the table; 1 when a goal is missed."""
    met = True
    print(f"{REPLICATIONS} replications ({LABELLED} for labels); net effect of a yuan over eight years, prior alone off by "
          f"{mixture_sd(WEIGHTS, PRIOR_MEAN * KEPT, PRIOR_SD * KEPT):.2f}")  # fmt: skip
    for regions, goal in GOALS.items():
        error, below, removed = study(regions, REPLICATIONS).T
        rmse, covered = float(np.sqrt(np.mean(error**2))), float(np.mean((below >= 0.05) & (below <= 0.95)))
        driven = float(np.mean([label(c) == PRIOR_DRIVEN for c in removed[:LABELLED]]))
        met &= rmse <= goal and COVERAGE[0] <= covered <= COVERAGE[1]
        met &= {1: driven >= PRIOR_ONLY, 5: True, 31: driven == 0.0}[regions]
        print(f"{regions:>2} region{'s' if regions > 1 else ' '}: rmse {rmse:.2f} (goal {goal}), 90 % interval covers {covered:.3f}, "
              f"contraction median {np.median(removed[:LABELLED]):.2f}, prior-driven {driven:.0%}")  # fmt: skip
    return int(not met)


KEPT = Engine(world(), prints_until(96), budget("recovery", 1, 0, 0)).kept

if __name__ == "__main__":
    sys.exit(main())
