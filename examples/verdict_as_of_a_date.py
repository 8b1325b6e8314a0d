"""The three targets as they would have been judged on one date: probability, what it rests on, what growth it still takes.

Run: python examples/verdict_as_of_a_date.py
"""

import bayu_forecast as bf
from bayu_forecast.paths import show_probability

DATE = "2024-01-31"

known = bf.load_region("chongqing").as_of(DATE)  # nothing published after the date can enter
prints = known.observations("retail_total")
model = bf.StructuralForecaster().fit(prints, bf.design(known))
paths = bf.simulate(model, known, horizon="2025-12", samples=4000, rng=7)
verdict = bf.assess(paths, known.targets).sel(scenario="baseline")

print(f"As of {DATE}, from {prints.sizes['row']} prints:")
for target in verdict["target"].values:
    one = verdict.sel(target=target)
    print(f"  {target}: {float(one.probability):.0%} ± {float(one.monte_carlo_error):.1%}")
    share = show_probability(float(one.prior_share), 0.01)
    print(f"    {one.definition.item()}; basis: {one.basis.item()}; prior share of variance: {share}")
    if one.required_growth.notnull():  # a level target
        print(
            f"    required a year: {float(one.required_growth):.1%} from the last print, {float(one.required_growth_modelled):.1%} modelled"
        )
bounds = f"{float(verdict.joint_lower):.0%} to {float(verdict.joint_upper):.0%}"
print(f"  all jointly: {float(verdict.joint_probability):.0%} (Fréchet bounds {bounds})")
