"""The broken files of scenarios in ``tests/bad``; ``make_bad_files.py`` writes them.

Every file differs from a sound one in one respect; the line that the refusal must name stands beside it.
"""

from __future__ import annotations

SOUND = """scenarios:
  plan:
    assumptions:
      - lever: trade_in
        operation: set
        value: 5
        unit: 亿元
        start: 2025-02
        end: 2025-12
"""
PIN = """scenarios:
  plan:
    conditions:
      - condition: given
        series: retail_total
        period: 2025-01..2025-06
        measure: level
        value: 8000
        unit: 亿元
"""
SECOND = """      - condition: given
        series: retail_total
        period: {}
        measure: {}
        value: {}
        unit: "{}"
"""
TILT = """scenarios:
  plan:
    conditions:
      - condition: tilt
        expression: sum(retail_total, 2025) >= 16000
        probability: 0.7
"""
LAUGHS = (f", &{new} [*{old}, *{old}, *{old}]" for old, new in zip("abcdef", "bcdefg", strict=True))
BOMB = f"scenarios: [&a [x, x, x, x]{''.join(LAUGHS)}]"


def but(*changes: tuple[str, str], of: str = SOUND) -> str:
    """The sound file with some words exchanged, each found exactly once."""
    for old, new in changes:
        assert of.count(old) == 1, old
        of = of.replace(old, new)
    return of


def with_pin(period: str, measure: str, value: float, unit: str = "亿元") -> str:
    return PIN + SECOND.format(period, measure, value, unit)


def weighted(*weights: str) -> str:
    lines = [f"  {name}:\n    title_en: {name}\n" + (f"    weight: {weight}\n" if weight else "")
             for name, weight in zip("abc", weights, strict=False)]
    return "scenarios:\n" + "".join(lines)


#: file -> text, class of the error, line, words of the message
CASES: dict[str, tuple[str, str, int, str]] = {
    "scenario_alias.yml": (but(("value: 5", "value: &v 5"), ("end: 2025-12", "note: *v")), "ScenarioError", 6, "an anchor"),
    "scenario_bomb.yml": (BOMB, "ScenarioError", 1, "an anchor"),
    "scenario_python_tag.yml": (but(("value: 5", "value: !!python/object/apply:os.system ['true']")), "ScenarioError", 6, "a tag"),
    "scenario_float_tag.yml": (but(("value: 5", "value: !!float 5")), "ScenarioError", 6, "a tag"),
    "scenario_duplicate_key.yml": (SOUND + "        value: 6\n", "ScenarioError", 10, "key 'value' of an assumption occurs twice"),
    "scenario_duplicate_name.yml": (SOUND + "  plan:\n    note: again\n", "ScenarioError", 10, "key 'plan'"),
    "scenario_deep.yml": ("scenarios: " + "[" * 5000 + "]" * 5000 + "\n", "ScenarioError", 1, "nested too deeply"),
    "scenario_two_documents.yml": (SOUND + "---\n" + SOUND, "ScenarioError", 10, "a second document"),
    "scenario_open_quote.yml": (but(("unit: 亿元", 'unit: "亿元')), "ScenarioError", 10, "not YAML"),
    "scenario_tab_indent.yml": (but(("        value: 5", "\t\tvalue: 5")), "ScenarioError", 6, "not YAML"),
    "scenario_control_character.yml": (but(("value: 5", "value: 5\x07")), "ScenarioError", 6, "a control character"),
    "scenario_empty.yml": ("# nothing\n", "ScenarioError", 1, "is empty"),
    "scenario_list.yml": ("- plan\n- another\n", "ScenarioError", 1, "the file is no mapping"),
    "scenario_no_scenarios.yml": ("question:\n  region: home\n", "ScenarioError", 1, "the file has no scenarios"),
    "scenario_none_inside.yml": ("scenarios: {}\n", "ScenarioError", 1, "0 scenarios"),
    "scenario_no_unit.yml": (but(("        unit: 亿元\n", "")), "ScenarioError", 4, "set of 'trade_in' has no unit"),
    "scenario_empty_unit.yml": (but(("unit: 亿元", "unit:")), "ScenarioError", 7, "no unit"),
    "scenario_unknown_unit.yml": (but(("unit: 亿元", "unit: 亿")), "ScenarioError", 7, "亿元"),
    "scenario_unit_of_scale.yml": (but(("operation: set", "operation: scale")), "ScenarioError", 4, "takes no unit '亿元'"),
    "scenario_unknown_operation.yml": (but(("operation: set", "operation: tranche")), "UnknownNameError", 5, "nearest: tranches"),
    "scenario_unknown_key.yml": (but(("        end:", "        until:")), "ScenarioError", 9, "unknown key 'until'"),
    "scenario_no_lever.yml": (but(("      - lever: trade_in\n        operation", "      - operation")), "ScenarioError", 4, "has no lever"),
    "scenario_two_values.yml": (but(("value: 5", "values: [5, 6]")), "ScenarioError", 4, "states values"),
    "scenario_stop_with_value.yml": (but(("operation: set", "operation: stop")), "ScenarioError", 4, "states value and unit"),
    "scenario_month_13.yml": (but(("start: 2025-02", "start: 2025-13")), "ScenarioError", 8, "'2025-13' is not a month"),
    "scenario_month_in_words.yml": (but(("start: 2025-02", "start: Feb 2025")), "ScenarioError", 8, "'Feb 2025' is not a month"),
    "scenario_year_2205.yml": (but(("end: 2025-12", "end: 2205-12")), "ScenarioError", 9, "'2205-12' is not a month"),
    "scenario_reversed.yml": (but(("end: 2025-12", "end: 2024-12")), "ScenarioError", 4, "ends in 2024-12"),
    "scenario_ramp_without_end.yml": (
        but(("operation: set", "operation: ramp"), ("value: 5", "values: [1, 5]"), ("        end: 2025-12\n", "")),
        "ScenarioError", 4, "has no months to rise over"),
    "scenario_tranche_outside.yml": (
        but(("operation: set", "operation: tranches"), ("value: 5", "values: {2025-10: 5, 2026-01: 5}")), "ScenarioError", 4, "2026-01"),
    "scenario_tranche_twice.yml": (
        but(("operation: set", "operation: tranches"), ("value: 5", "values: {2025-10: 5, 2025-10: 6}")), "ScenarioError", 6, "'2025-10'"),
    "scenario_half_a_month.yml": (
        but(("operation: set", "operation: delay"), ("value: 5", "value: 1.5"), ("unit: 亿元", "unit: months")), "ScenarioError", 4, "1.5"),
    "scenario_negative_scale.yml": (
        but(("operation: set", "operation: scale"), ("value: 5", "value: -2"), ("unit: 亿元", "unit: 1")), "ScenarioError", 4, "by -2"),
    "scenario_text_in_number.yml": (but(("value: 5", "value: about 5")), "ScenarioError", 6, "'about 5' is no number"),
    "scenario_thousands.yml": (but(("value: 5", "value: 1,200")), "ScenarioError", 6, "'1,200' is no number"),
    "scenario_infinite.yml": (but(("value: 5", "value: 1e999")), "ScenarioError", 6, "'1e999' is no number"),
    "scenario_erased.yml": (
        SOUND + "      - {lever: trade_in, operation: stop, start: 2025-06}\n", "ScenarioError", 10, "erases 'set trade_in 5 亿元"),
    "scenario_event_twice.yml": (
        but(("operation: set", "operation: event\n        name: fair"), ("lever: trade_in", "lever: events"))
        + "      - {lever: events, operation: event, name: fair, value: 2, unit: 亿元, start: 2025-03, end: 2025-03}\n",
        "ScenarioError", 11, "repeats"),
    "scenario_pins_fall.yml": (with_pin("2025-01..2025-05", "level", 8100), "ScenarioError", 10, "8100"),
    "scenario_pins_twice.yml": (with_pin("2025-01..2025-06", "level", 8001), "ScenarioError", 10, "speak of the same figure"),
    "scenario_pins_growth.yml": (
        with_pin("2024-01..2024-06", "level", 7900) + SECOND.format("2025-01..2025-06", "growth", 5, "%"),
        "ScenarioError", 16, "growth 5 %"),
    "scenario_growth_in_money.yml": (but(("measure: level", "measure: growth"), of=PIN), "ScenarioError", 4, "growth of 'retail_total'"),
    "scenario_second_quarter.yml": (but(("2025-01..2025-06", "2025-04..2025-06"), of=PIN), "ScenarioError", 6, "'2025-04..2025-06'"),
    "scenario_sd_zero.yml": (but(("given", "impose"), ("unit: 亿元", "unit: 亿元\n        sd: 0"), of=PIN), "ScenarioError", 4, "sd of"),
    "scenario_pin_without_unit.yml": (but(("        unit: 亿元\n", ""), of=PIN), "ScenarioError", 4, "has no unit"),
    "scenario_unknown_condition.yml": (but(("given", "give"), of=PIN), "UnknownNameError", 4, "nearest: given"),
    "scenario_probability_above_1.yml": (but(("0.7", "1.2"), of=TILT), "ScenarioError", 4, "probability 1.2"),
    "scenario_probability_0.yml": (but(("0.7", "0"), of=TILT), "ScenarioError", 4, "probability 0"),
    "scenario_probability_and_mean.yml": (
        but(("0.7", "0.7\n        mean: 5\n        unit: 亿元"), of=TILT), "ScenarioError", 4, "both or neither"),
    "scenario_certain_dose.yml": (
        "question: {lever: trade_in, target: t, probability: 1, bounds: [0, 9], unit: 亿元}\n" + SOUND,
        "ScenarioError", 1, "probability 1"),
    "scenario_dose_in_part.yml": ("question: {lever: trade_in}\n" + SOUND, "ScenarioError", 1, "in part"),
    "scenario_weight_zero.yml": (weighted("0", "1"), "ScenarioError", 3, "weight 0"),
    "scenario_weights_in_part.yml": (weighted("0.5", ""), "ScenarioError", 6, "without a weight"),
    "scenario_weights_above_1.yml": (weighted("0.5", "0.6"), "ScenarioError", 6, "sum to 1.1"),
    "scenario_baseline_changes.yml": (but(("  plan:", "  baseline:")), "ScenarioError", 3, "'baseline' changes something"),
    "scenario_circle.yml": ("scenarios:\n  a:\n    extends: b\n  b:\n    extends: a\n", "ScenarioError", 3, "a -> b -> a"),
    "scenario_circle_of_files_1.yml": (
        "scenarios:\n  a:\n    extends: scenario_circle_of_files_2.yml\n", "ScenarioError", 3, "extends in a circle"),
    "scenario_circle_of_files_2.yml": (
        "scenarios:\n  b:\n    extends: scenario_circle_of_files_1.yml#a\n", "ScenarioError", 3, "extends in a circle"),
    "scenario_extends_unknown.yml": (SOUND + "  more:\n    extends: plann\n", "UnknownNameError", 11, "nearest: plan"),
    "scenario_extends_outside.yml": ("scenarios:\n  a:\n    extends: ../conftest.yml\n", "ScenarioError", 3, "beside this one"),
    "scenario_extends_erased.yml": (
        SOUND + "  more:\n    extends: plan\n    assumptions:\n      - {lever: trade_in, operation: stop, start: 2025-06}\n",
        "ScenarioError", 13, "of line 4"),
    "scenario_bad_as_of.yml": (but(("    assumptions:", "    as_of: 2025-02-30\n    assumptions:")), "ScenarioError", 3, "'2025-02-30'"),
}


def files() -> dict[str, tuple[bytes, str, str]]:
    """File -> bytes, class of the error, words that the message must hold: the line and the fault."""
    texts = {name: (text.encode(), error, words) for name, (text, error, _, words) in CASES.items()}
    latin = but(("unit: 亿元", "unit: 1"), ("trade_in", "caf\xe9")).encode("latin-1")
    return texts | {"scenario_latin1.yml": (latin, "ScenarioError", "byte 55 is not UTF-8")}
