"""Rebuilds every region folder from the figures: ``python -m bayu_forecast.data.build [--check | --seal | --seal-folder PATH]``.

Floor F3 (data). It only copies, dates and flags figures; it must never estimate one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bayu_forecast.data.building import evidence, national, regional
from bayu_forecast.data.building.drivers import drivers
from bayu_forecast.data.building.figures import facts, has_figures, manifest, read_figures, seal, sha256
from bayu_forecast.data.building.linked import linked
from bayu_forecast.data.building.revisions import revisions
from bayu_forecast.data.tables import unsealed_tables
from bayu_forecast.errors import BayuError, SpecificationError, UnknownNameError
from bayu_forecast.specs import Basis

REGIONS = Path(__file__).resolve().parent / "regions"
LICENCE = "public statistics; the arrangement is Apache-2.0"
#: tables of the nation that every region inherits: name in the folder -> figures
INHERITED = {"censuses": "censuses", "disturbances": "disturbances", "definitions": "definitions", "driver_specs": "driver_specs",
             "effects": "effect_sizes", "contrasts": "contrasts"}
#: tables of a policy, for regions that have one
POLICY = ("policy", "actions", "levers")


def bases_of(region: str, kind: str) -> tuple[list[Basis], list[str]]:
    """Bases of a region in order of time, with those that a jump of its own splits off."""
    listed = read_figures("breaks.csv")
    cuts = {int(r["first_year"]): r["reason"] for r in listed[listed["region"] == region].to_dict("records")}
    made: list[dict[str, Any]] = []
    cut: list[str] = []
    for fact in facts()["bases"][kind]:
        plain = {k: v for k, v in fact.items() if k != "vintage"}
        later = not plain.get("taper") and made and plain["first_year"] <= made[-1]["last_year"]
        inner = sorted(y for y in cuts if plain["first_year"] < y <= plain["last_year"]) if not later and plain["first_year"] < 2016 else []
        starts = [plain["first_year"], *inner]
        ends = [*(y - 1 for y in inner), plain["last_year"]]
        for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
            code = plain["code"] + ("" if n == 0 else "bcdefg"[n - 1])
            note = plain["note"] if n == 0 else f"{plain['note']}; {cuts[start]}"
            made.append(plain | {"code": code, "first_year": start, "last_year": end, "note": note})
            if inner:
                cut.append(code)
    bases = [Basis(**m | {"rank": r, "taper": tuple(m["taper"]) if m.get("taper") else None}) for r, m in enumerate(made)]
    return bases, cut


def region_facts(region: str, bases: list[Basis], series: set[str]) -> dict[str, Any]:
    """What ``region.yml`` says."""
    fact = facts()["regions"][region]
    return {"name": region, "name_zh": fact["zh"], "name_en": fact["en"], "adcode": fact["adcode"], "parent": fact["parent"],
            "leans_on": fact["leans_on"], "print_noise": dict(facts()["print_noise"][fact["kind"]]),
            "linked": {} if fact["kind"] == "nation" else linked(),
            "series": [dict(s) for s in facts()["series"] if s["id"] in series or s["resolution"] == "year"],
            "bases": [{"code": b.code, "rank": b.rank, "first_year": b.first_year, "last_year": b.last_year,
                       "taper": list(b.taper) if b.taper else None, "month_sd": b.month_sd, "level_sd": b.level_sd, "note": b.note}
                      for b in bases]}


def region_tables(region: str) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Facts and tables of one region."""
    fact = facts()["regions"][region]
    nation = fact["kind"] == "nation"
    bases, cut = bases_of(region, fact["kind"])
    if nation:
        vintages = {b["vintage"]: b["code"] for b in facts()["bases"]["nation"] if "vintage" in b}
        prints = national.observations(region, bases, vintages)
    else:
        prints = regional.observations(region, fact["en"], bases, cut)
    targets = read_figures("targets.csv")
    tables = {"observations": prints, "evidence": evidence.evidence(region, fact["en"], nation=nation),
              "targets": targets[targets["region"] == region],
              "revisions": revisions(prints, {b.code: b.rank for b in bases})}
    inputs = drivers(region)
    tables |= {"drivers": inputs} if len(inputs) else {}
    tables |= {name: read_figures(f"{file}.csv") for name, file in INHERITED.items() if nation}
    tables |= {name: read_figures(f"{region}_{name}.csv") for name in POLICY if has_figures(f"{region}_{name}.csv")}
    return region_facts(region, bases, set(prints["series"])), tables


def came_from(region: str) -> list[str]:
    """Names of the figures files that a region's tables are made of."""
    fact = facts()["regions"]
    skip = "province_" if fact[region]["kind"] == "nation" else "national_"
    others = set(fact) - {region}
    return sorted(n for n in manifest()["files"] if not n.startswith(skip) and n.partition("_")[0] not in others)


def write_region(region: str, folder: Path) -> None:
    """Write one region folder with its manifest."""
    folder.mkdir(parents=True)
    spec, tables = region_tables(region)
    (folder / "region.yml").write_text(yaml.safe_dump(spec, allow_unicode=True, sort_keys=False, width=140), encoding="utf-8")
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    files = {p.name: sha256(p) for p in sorted(folder.iterdir())}
    confidence = tables["observations"]["confidence"].value_counts()
    record = {"region": region, "licence": LICENCE, "files": files,
              "confidence": {str(k): int(v) for k, v in sorted(confidence.items())},
              "figures": {n: {k: manifest()["files"][n][k] for k in ("publisher", "licence", "sha256")} for n in came_from(region)}}
    (folder / "manifest.json").write_text(json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def build(out: Path) -> list[str]:
    """Write every region folder below ``out``; names of the regions written."""
    names = sorted(facts()["regions"])
    for region in names:
        write_region(region, out / region)
    return names


def differences(built: Path, kept: Path) -> list[str]:
    """Relative names of files that are missing, extra or not byte-identical."""
    names = {p.relative_to(root).as_posix() for root in (built, kept) for p in root.rglob("*") if p.is_file()}
    return sorted(n for n in names
                  if not (built / n).exists() or not (kept / n).exists() or (built / n).read_bytes() != (kept / n).read_bytes())


def seal_folder(folder: Path) -> list[str]:
    """Write the manifest of a region folder of the user's own after a meant change; names of the files in it.

    Parameters
    ----------
    folder : Path
        A folder with a ``region.yml`` outside the library's own.

    Returns
    -------
    list of str
        The files whose sha256 the manifest now holds.

    Raises
    ------
    UnknownNameError
        When it is no region folder.
    SpecificationError
        When it is one of the library's: those are built from the figures.
    SchemaError
        When one of its tables has other columns; nothing is written.
    """
    if not (folder / "region.yml").is_file():
        raise UnknownNameError(f"no region.yml in {str(folder)!r}: give the folder that holds it; see docs/data.md", names=[str(folder)])
    if folder.resolve().parent == REGIONS:
        raise SpecificationError(f"{folder.name!r} belongs to the library: change its figures and run the build with --seal",
                                 got=str(folder))
    # a folder that cannot be read is not sealed
    name = unsealed_tables(folder).region.name
    path = folder / "manifest.json"
    listed = sorted(p for p in folder.iterdir() if p.suffix in (".csv", ".yml"))
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    record |= {"region": name, "files": {p.name: sha256(p) for p in listed}}
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return [p.name for p in listed]


def main(argv: list[str] | None = None) -> int:
    """Command line of the build."""
    parser = argparse.ArgumentParser(prog="python -m bayu_forecast.data.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the committed folders, write nothing")
    parser.add_argument("--seal", action="store_true", help="write rows and sha256 of the figures into their manifest first")
    parser.add_argument("--seal-folder", type=Path, metavar="PATH", help="write the manifest of a region folder of your own, nothing else")
    options = parser.parse_args(argv)
    if options.seal_folder:
        try:
            sealed = seal_folder(options.seal_folder)
        except BayuError as error:
            print(f"build: {error}", file=sys.stderr)
            return 2
        print(f"{options.seal_folder}: manifest written for {', '.join(sealed)}")
        return 0
    if options.seal:
        seal()
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "regions"
        names = build(made)
        different = differences(made, REGIONS)
        if options.check:
            print("\n".join(["differs from the build:", *different]) if different else f"{len(names)} regions equal the build")
            return 1 if different else 0
        if REGIONS.exists():
            shutil.rmtree(REGIONS)
        shutil.copytree(made, REGIONS)
    print(f"{len(names)} regions written, {len(different)} files changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
