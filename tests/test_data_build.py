"""The region folders are what the figures say, byte for byte."""

from __future__ import annotations

import json
import math
import re
import statistics

import pandas as pd
import pytest
import yaml

from bayu_forecast.data import build
from bayu_forecast.data.archive import REGIONS
from bayu_forecast.data.building import figures, linked, rows
from bayu_forecast.data.building.regional import prints
from bayu_forecast.errors import IntegrityError, SchemaError, UnitsError


def test_the_committed_regions_equal_the_build(capsys):
    assert build.main(["--check"]) == 0
    assert "32 regions equal the build" in capsys.readouterr().out


def test_the_check_sees_a_changed_a_missing_and_an_extra_file(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "r").mkdir(parents=True)
        for name in ("a", "b"):
            (folder / "r" / name).write_text("same")
    (one / "r" / "a").write_text("changed")
    (one / "r" / "b").unlink()
    (one / "r" / "c").write_text("extra")
    assert build.differences(one, other) == ["r/a", "r/b", "r/c"]


def test_every_figures_file_is_in_the_manifest_and_unchanged():
    listed = figures.manifest()["files"]
    on_disk = {p.name for p in figures.FIGURES.iterdir()} - {figures.MANIFEST.name}
    assert on_disk == set(listed)
    for name, entry in listed.items():
        assert figures.checked_path(name).exists()
        assert entry["publisher"]
        assert entry["licence"]


def test_sources_name_publisher_and_document_and_no_address():
    address = re.compile(r"https?:|www\.|\.com|\.cn\b|github|mirror|@[0-9a-f]{6}", re.IGNORECASE)
    for name in figures.manifest()["files"]:
        text = figures.checked_path(name).read_text(encoding="utf-8")
        assert not address.search(text), (name, address.search(text))
    for path in REGIONS.rglob("*.csv"):
        assert not address.search(path.read_text(encoding="utf-8")), path


def test_a_changed_figure_stops_the_build(monkeypatch, tmp_path):
    (tmp_path / "targets.csv").write_text("region,id\n")
    monkeypatch.setattr(figures, "FIGURES", tmp_path)
    with pytest.raises(IntegrityError, match="targets.csv differs"):
        figures.read_figures("targets.csv")


def test_the_manifest_of_a_region_names_its_figures():
    record = json.loads((REGIONS / "chongqing" / "manifest.json").read_text(encoding="utf-8"))
    assert record["figures"]["chongqing_prints.csv"]["sha256"] == figures.manifest()["files"]["chongqing_prints.csv"]["sha256"]
    assert "national_cpi.csv" not in record["figures"]
    nation = json.loads((REGIONS / "china" / "manifest.json").read_text(encoding="utf-8"))["figures"]
    assert "national_cpi.csv" in nation
    assert not any(name.startswith(("province_", "chongqing_")) for name in nation)
    assert set(record["files"]) == {p.name for p in (REGIONS / "chongqing").iterdir()} - {"manifest.json"}


def test_a_correction_that_meets_no_row_is_an_error():
    frame = figures.read_figures("chongqing_prints.csv")
    without = frame[frame["value"] != "15130.3"]
    with pytest.raises(SchemaError, match="meets no row"):
        rows.corrected(without, "chongqing", "prints")


def test_a_unit_slip_that_nobody_stated_stops_the_build(monkeypatch):
    monkeypatch.setattr("bayu_forecast.data.building.regional.corrected", lambda frame, region, stage: frame)
    with pytest.raises(UnitsError, match="unit and measure disagree"):
        prints("chongqing")


@pytest.mark.parametrize(("start", "end", "published", "expected"), [
    ("2024-03-01", "2024-03-31", "", ("2024-04-17", "estimated")), ("2024-12-01", "2024-12-31", "", ("2025-01-17", "estimated")),
    ("2024-01-01", "2024-02-29", "", ("2024-03-16", "estimated")), ("2024-03-01", "2024-03-31", "2024-04-16", ("2024-04-16", "exact"))])
def test_national_release_dates(start, end, published, expected):
    assert rows.national_release(start, end, published) == expected


@pytest.mark.parametrize(("start", "end", "expected"), [("2024-01-01", "2024-12-31", "2025-01-20"),
                                                        ("2024-01-01", "2024-06-30", "2024-07-22")])
def test_regional_release_dates(start, end, expected):
    assert rows.regional_release(start, end, "") == (expected, "estimated")


@pytest.mark.parametrize(("published", "note", "expected"), [
    ("", "first; published about 2019-02 (day not seen)", ("2019-02-28", "upper_bound")),
    ("", "published about 2011 (day not seen)", ("2011-12-31", "upper_bound")), ("", "no word", ("", "upper_bound")),
    ("2025-05-30", "as quoted 2025-05-30", ("2025-05-30", "upper_bound")), ("2026-01-28", "first", ("2026-01-28", "exact"))])
def test_partial_dates_count_from_their_last_day_and_empty_ones_never(published, note, expected):
    assert rows.dated_release(published, note) == expected


def test_spread_of_the_services_share_is_that_of_the_published_categories():
    spent = {}
    for cells in figures.records(figures.read_figures("province_urban_consumption_2007.csv")):
        spent.setdefault(cells["region"], {})[cells["series"].removeprefix("consumption_pc_urban_")] = float(cells["value"])
    logits = []
    for by_kind in spent.values():
        total = by_kind.pop("total")
        assert total == pytest.approx(sum(by_kind.values()))
        services = sum(by_kind[k] for k in ("residence", "transport_communication", "education_culture_recreation", "health"))
        logits.append(math.log(services / (total - services)))
    assert len(logits) == 31
    assert statistics.stdev(logits) == pytest.approx(0.164, abs=5e-4)
    assert linked.services_spread() == 0.164
    for name in sorted(set(build.facts()["regions"]) - {"china"}):
        stated = yaml.safe_load((REGIONS / name / "region.yml").read_text(encoding="utf-8"))
        assert stated["linked"]["services"]["spread"] == 0.164


def test_yearbook_values_come_on_the_last_of_september():
    assert rows.yearbook_release("2003-12-31") == ("2004-09-30", "estimated")


def test_of_equal_prints_the_earliest_release_stays():
    cells = {"region": "r", "series": "s", "period_start": "2020-01-01", "period_end": "2020-12-31", "value": 1.0, "half_width": 0.5,
             "basis": "b", "source": "x"}
    frame = rows.table([rows.row(**cells, release_date=d) for d in ("2021-03-01", "", "2021-02-01")])
    assert rows.tidy(frame)["release_date"].tolist() == ["2021-02-01"]


def test_jumps_in_the_panel_split_a_basis():
    bases, cut = build.bases_of("zhejiang", "province")
    early = [(b.code, b.first_year, b.last_year) for b in bases if b.code.startswith("pr0")]
    assert early == [("pr0", 1993, 1993), ("pr0b", 1994, 1994), ("pr0c", 1995, 2004)]
    assert cut == ["pr0", "pr0b", "pr0c"]
    assert [b.rank for b in bases] == list(range(len(bases)))
    alone = pd.read_csv(REGIONS / "zhejiang" / "observations.csv").query("basis in ('pr0', 'pr0b')")
    assert alone["use"].tolist() == ["no", "no"]
