"""A region folder: loaded by name or path, refused when changed, sealed again by its owner."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
import yaml

import bayu_forecast as bf
from bayu_forecast.data import build
from bayu_forecast.data.archive import REGIONS
from bayu_forecast.data.tables import read_tables
from bayu_forecast.errors import IntegrityError, SchemaError, SpecificationError, UnknownNameError


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(REGIONS / "hainan", tmp_path / "mine")


def test_a_folder_of_ones_own_loads_and_leans_on_a_bundled_region(folder):
    data = bf.load_region(folder)
    assert data.name == "hainan"
    assert len(data.tables) == 2


@pytest.mark.parametrize("name", ["observations.csv", "region.yml", "targets.csv", "evidence.csv"])
def test_one_flipped_byte_is_refused(folder, name):
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(bytes(raw))
    with pytest.raises(IntegrityError, match=name):
        bf.load_region(folder)


def test_a_missing_file_or_manifest_is_refused(folder):
    (folder / "evidence.csv").unlink()
    with pytest.raises(IntegrityError, match="evidence.csv"):
        bf.load_region(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(IntegrityError, match=r"no manifest\.json"):
        bf.load_region(folder)


def test_text_is_only_ever_a_bundled_name(folder):
    for text in ("../regions/china", str(folder), str(REGIONS / "china"), "", ".", "china/", "CHINA"):
        with pytest.raises(UnknownNameError, match="no region"):
            bf.load_region(text)
    for odd in (None, 7, ["china"]):
        with pytest.raises(UnknownNameError, match="needs the name of a bundled region or the Path of a folder"):
            bf.load_region(odd)
    with pytest.raises(UnknownNameError, match="no region folder"):
        bf.load_region(folder.parent / "nowhere")


def test_a_folder_that_leans_on_nothing_known_is_refused(folder):
    path = folder / "region.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("leans_on: china", "leans_on: chinna"), encoding="utf-8")
    build.seal_folder(folder)
    with pytest.raises(UnknownNameError, match=r"leans_on in region.yml of 'hainan'\) 'chinna'; nearest: china"):
        bf.load_region(folder)


def test_a_changed_folder_of_ones_own_is_sealed_again(folder, capsys):
    path = folder / "observations.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows.iloc[:-1].to_csv(path, index=False)
    with pytest.raises(IntegrityError, match="--seal-folder") as caught:
        bf.load_region(folder)
    assert str(folder) in str(caught.value)
    assert build.main(["--seal-folder", str(folder)]) == 0
    assert "observations.csv" in capsys.readouterr().out
    assert len(bf.load_region(folder).archive) == len(rows) - 1


def test_a_folder_that_cannot_be_read_is_not_sealed(folder, capsys):
    manifest = (folder / "manifest.json").read_bytes()
    path = folder / "observations.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("-12-31,", "-12-32,", 1), encoding="utf-8")
    assert build.main(["--seal-folder", str(folder)]) == 2
    assert "observations.csv: column period_end cannot be read" in capsys.readouterr().err
    assert (folder / "manifest.json").read_bytes() == manifest
    assert build.main(["--seal-folder", str(folder.parent)]) == 2
    assert build.main(["--seal-folder", str(REGIONS / "hainan")]) == 2
    assert "belongs to the library" in capsys.readouterr().err


def without_manifest(monkeypatch):
    monkeypatch.setattr("bayu_forecast.data.tables.verify", lambda folder: None)


def test_other_columns_are_refused(folder, monkeypatch):
    without_manifest(monkeypatch)
    path = folder / "observations.csv"
    pd.read_csv(path, dtype=str).drop(columns="basis").to_csv(path, index=False)
    with pytest.raises(SchemaError, match="basis"):
        read_tables(folder)


def test_facts_that_are_not_well_formed_are_refused(folder, monkeypatch):
    without_manifest(monkeypatch)
    path = folder / "region.yml"
    stated = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(stated | {"mood": "good"}), encoding="utf-8")
    with pytest.raises(SpecificationError, match="mood"):
        read_tables(folder)
