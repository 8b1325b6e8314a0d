"""Writes the broken files of ``tests/bad`` and the sound ones of ``tests/good``; run it again after a change.

Every broken file differs from a sound one in one respect, named in ``tests/bad/expected.csv``.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import make_bad_scenarios
import openpyxl

HERE = Path(__file__).resolve().parent
HEAD = "region,series,measure,period,value,unit,basis,release_date"
HEAD_ZH = "地区,指标,类型,时间,数值,单位,基期,发布日期"

#: months of a year that adds up (Jan-Feb first), as printed to one decimal
MONTHS = [8130.7, 3902.0, 3569.9, 3921.1, 4073.2, 3775.7, 3872.6, 4111.2, 4539.6, 4376.3, 4517.2]
FIRST = 2255.3


def line(period: str, value: object, *, measure: str = "level", unit: str = "亿元", basis: str = "b4", out: str = "2025-03-01",
         series: str = "retail_total", region: str = "home") -> str:
    return f"{region},{series},{measure},{period},{value},{unit},{basis},{out}"


def months(year: int = 2024) -> list[str]:
    spans = [f"{year}年1-2月", *(f"{year}-{m:02d}" for m in range(3, 13))]
    return [line(span, value) for span, value in zip(spans, MONTHS, strict=True)]


def running(year: int = 2024) -> list[str]:
    ends = [round(sum(MONTHS[: n + 1]), 1) for n in range(len(MONTHS))]
    return [line(f"{year}-01-01..{dt.date(year + (m == 12), m % 12 + 1, 1) - dt.timedelta(days=1)}", value)
            for m, value in zip(range(2, 13), ends, strict=True) if m > 2]


def table(*rows: str, head: str = HEAD) -> str:
    return "\n".join((head, *rows)) + "\n"


def changed(rows: Iterable[str], **by_period: str) -> str:
    """The table with the rows of some periods (``p2024_05``) replaced."""
    new = {name.removeprefix("p").replace("_", "-"): row for name, row in by_period.items()}
    return table(*(new.get(row.split(",")[3], row) for row in rows))


SOUND = table(*months())
WIDE = """数据库：月度数据
时间：最近4个月
口径：b4
指标,2024年4月,2024年3月,2024年2月,2024年1月
社会消费品零售总额_当期值(亿元),35699,39020,,
社会消费品零售总额_累计值(亿元),156026,120327,81307,
社会消费品零售总额_同比增长(%),2.3,3.1,,
社会消费品零售总额_累计增长(%),4.1,4.7,5.5,
注：1.数据为快报数。
数据来源：国家统计局
"""


def swapped() -> str:
    """May and June exchanged beside years to date that are right."""
    rows = months() + running()
    may, june = line("2024-05", MONTHS[3]), line("2024-06", MONTHS[4])
    return changed(rows, p2024_05=may.replace("3921.1", "4073.2"), p2024_06=june.replace("4073.2", "3921.1"))


#: file -> (text, error, what the message must name)
TEXTS: dict[str, tuple[str, str, str]] = {
    "swapped_months.csv": (swapped(), "ContradictionError", "2024-05"),
    "ytd_differs_from_months.csv": (changed(months() + running(), **{"p2024-01-01..2024-06-30": line("2024-01-01..2024-06-30", 23600.9)}),
                                    "ContradictionError", "23600.9"),
    "ytd_decreases.csv": (table(line("2024-01-01..2024-05-31", 19523.7), line("2024-01-01..2024-06-30", 19423.7)),
                          "ContradictionError", "19423.7"),
    "annual_below_ytd.csv": (table(line("2024年前三季度", 35356.4), line("2024年", 35000.0)), "ContradictionError", "35000"),
    "annual_differs_from_months.csv": (table(*months(), line("2024年", 48879.5)), "ContradictionError", "48879.5"),
    "a_january.csv": (table(line("2024年1月", 4200.5), *months()[1:]), "PeriodError", "row 2"),
    "a_lone_february.csv": (table(line("2024-02", 3900.1), *months()[1:]), "PeriodError", "row 2"),
    "duplicate.csv": (table(*months(), months()[4]), "PeriodError", "row 13"),
    "month_13.csv": (table(*months(), line("2024年13月", 4000.1)), "PeriodError", "month 13"),
    "february_30.csv": (table(line("2024-01-01..2024-02-30", 8130.7)), "PeriodError", "2024-02-30"),
    "reversed_period.csv": (table(line("2024-06-01..2024-03-31", 8130.7)), "PeriodError", "row 2"),
    "one_day.csv": (table(*months(), line("2024-12-05", 130.7)), "PeriodError", "2024-12-05"),
    "no_period.csv": (table(line("last spring", 8130.7)), "PeriodError", "last spring"),
    "future_period.csv": (table(line("2024年", 47790.5, out="2024-11-20")), "PeriodError", "row 2"),
    "future_release.csv": (table(*months(), line("2023年", 45000.5, out="2099-01-20")), "PeriodError", "2099-01-20"),
    "cumulative_from_march.csv": (table(line("2024-03-01..2024-06-30", 15466.2, measure="累计值")), "PeriodError", "row 2"),
    "negative_level.csv": (changed(months(), p2024_04=line("2024-04", -3569.9)), "ValueRangeError", "2024-04"),
    "zero_level.csv": (changed(months(), p2024_04=line("2024-04", "0.0")), "ValueRangeError", "2024-04"),
    "misspelt_region.csv": (table(line("2024年", 15677.37, region="chongqin")), "UnknownNameError", "nearest: chongqing"),
    "misspelt_series.csv": (table(line("2024年", 15677.37, series="retial_total")), "UnknownNameError", "nearest: retail_total"),
    "factor_of_100.csv": (changed(months(), p2024_06=line("2024-06", 40.73)), "UnitsError", "2024-06"),
    "annual_factor_of_100.csv": (table(*(line(f"{y}年", v) for y, v in ((2021, 13500.1), (2022, 139.27), (2023, 15130.3)))),
                                 "UnitsError", "2022年"),
    "text_in_numbers.csv": (changed(months(), p2024_05=line("2024-05", "about 3900")), "ValueRangeError", "about 3900"),
    "letter_o_in_number.csv": (changed(months(), p2024_03=line("2024-03", "39O2.0")), "ValueRangeError", "39O2.0"),
    "infinite.csv": (changed(months(), p2024_05=line("2024-05", "inf")), "ValueRangeError", "inf"),
    "empty_value.csv": (changed(months(), p2024_07=line("2024-07", "")), "ValueRangeError", "2024-07"),
    "growth_below_minus_100.csv": (table(line("2024-03", -103.1, measure="growth", unit="%")), "ValueRangeError", "row 2"),
    "thousands_misplaced.csv": (table(line("2024-03", '"39,02.0"')), "ValueRangeError", "39,02.0"),
    "unknown_basis.csv": (table(line("2024年", 15677.37, basis="cq9", region="chongqing")), "BasisError", "cq9"),
    "basis_said_unknown.csv": (table(line("2024年", 15677.37, basis="不详")), "BasisError", "不详"),
    "empty_basis.csv": (changed(months(), p2024_08=line("2024-08", MONTHS[6], basis="")), "BasisError", "2024-08"),
    "no_basis_column.csv": ("series,period,value,unit\nretail_total,2024年,15677.37,亿元\n", "BasisError", "row 2"),
    "growth_across_bases.csv": (table(line("2024年", 15677.37), line("2025年", 16688.50, basis="b5", out="2026-02-01"),
                                      line("2025年", 6.45, measure="growth", unit="%", basis="b5", out="2026-02-01")),
                                "BasisError", "row 4"),
    "no_unit_column.csv": ("series,period,value,basis\nretail_total,2024年,15677.37,b4\n", "UnitsError", "unit"),
    "wrong_unit_word.csv": (changed(months(), p2024_09=line("2024-09", MONTHS[7], unit="亿吨")), "UnitsError", "亿吨"),
    "empty_unit.csv": (changed(months(), p2024_09=line("2024-09", MONTHS[7], unit="")), "UnitsError", "2024-09"),
    "wan_labelled_yi.csv": (changed(months(), p2024_06=line("2024-06", 40732000)), "UnitsError", "2024-06"),
    "yi_labelled_wan.csv": (changed(months(), p2024_06=line("2024-06", 4073.2, unit="万元")), "UnitsError", "2024-06"),
    "whole_file_in_wan.csv": (table(line("2023年", 151303000, region="重庆市", basis="cq4"),
                                    line("2024年", 156773700, region="重庆市", basis="cq4")), "UnitsError", "row 3"),
    "level_in_percent.csv": (changed(months(), p2024_10=line("2024-10", 4.8, unit="%")), "UnitsError", "2024-10"),
    "growth_in_money.csv": (table(line("2024-10", 4.8, measure="growth")), "UnitsError", "row 2"),
    "header_only.csv": (HEAD + "\n", "SchemaError", "no rows"),
    "no_header.csv": (table(*months()[1:], head=months()[0]), "SchemaError", "headings"),
    "no_value_column.csv": ("series,period,unit,basis\nretail_total,2024年,亿元,b4\n", "SchemaError", "value"),
    "no_measure_for_percent.csv": ("series,period,value,unit\nretail_total,2024年,3.6,%\n", "SchemaError", "row 2"),
    "misspelt_column.csv": (SOUND.replace("release_date", "relaese_date"), "SchemaError", "release_date"),
    "duplicate_columns.csv": (table(*(row + ",1" for row in months()), head=HEAD + ",数值"), "SchemaError", "数值"),
    "ragged_rows.csv": (changed(months(), p2024_05=line("2024-05", "3,921.1")), "SchemaError", "row 5"),
    "two_tables.csv": (SOUND + "\n" + SOUND, "SchemaError", "row 14"),
    "unknown_measure.csv": (table(line("2024年", 15677.37, measure="stock")), "SchemaError", "stock"),
    "kind_in_series_name.csv": (table(line("2024-03", 8130.7, series="社会消费品零售总额_累计值(亿元)")), "SchemaError", "row 2"),
    "wide_january.csv": (WIDE.replace("39020,,\n", "39020,,40653\n"), "PeriodError", "2024年1月"),
    "wide_no_basis.csv": (WIDE.replace("口径：b4\n", ""), "BasisError", "row 4"),
    "wide_twice_a_period.csv": (WIDE.replace("2024年3月", "2024年4月"), "SchemaError", "2024年4月"),
    "wide_month_differs.csv": (WIDE.replace("35699", "36599"), "ContradictionError", "36599"),
    "wide_unknown_kind.csv": (WIDE.replace("_同比增长(%)", "_环比(%)"), "SchemaError", "环比"),
    "wide_no_unit.csv": (WIDE.replace("_累计值(亿元)", "_累计值"), "UnitsError", "累计值"),
    "wide_two_tables.csv": (WIDE.partition("注")[0] + WIDE.partition("b4\n")[2], "SchemaError", "row 9"),
    "wide_text_cell.csv": (WIDE.replace("156026", "n/a"), "ValueRangeError", "n/a"),
    "web_page.xls": ("<html><body><table><tr><td>指标</td></tr></table></body></html>\n", "FileFormatError", "web page"),
    "text_named_excel.xlsx": (SOUND, "FileFormatError", ".csv"),
    "open_quote.csv": (SOUND.replace("2024-12", '"2024-12'), "FileFormatError", "row 12"),
    "replacement_letters.csv": (SOUND.replace("亿元", "��"), "FileFormatError", "row 2"),
    "control_characters.csv": (SOUND.replace("3902.0", "3902\x07"), "FileFormatError", "row 3"),
}


def workbook(rows: list[list[object]], change: Callable[[openpyxl.worksheet.worksheet.Worksheet], object] | None = None) -> bytes:
    """Bytes of a workbook, with fixed dates so that the same rows give the same bytes."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book.active)
    book.properties.created = book.properties.modified = dt.datetime(2025, 1, 1)
    raw, fixed = io.BytesIO(), io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "docProps/core.xml":
                body = body[: body.index(b"<dcterms:modified")] + b"</cp:coreProperties>"
            new.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), body)
    return fixed.getvalue()


def cells(text: str) -> list[list[object]]:
    """Rows of a CSV with numbers as numbers."""
    return [[float(c) if c.replace(".", "", 1).isdigit() and "." in c else c for c in row] for row in csv.reader(io.StringIO(text))]


def second_sheet(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
    sheet.parent.create_sheet("older").append(["series", "value"])


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        new.writestr(zipfile.ZipInfo("table.csv", (2025, 1, 1, 0, 0, 0)), SOUND)
    return out.getvalue()


def binaries() -> dict[str, tuple[bytes, str, str]]:
    sound = cells(SOUND)
    lines = SOUND.splitlines(keepends=True)
    return {
        "empty.csv": (b"", "FileFormatError", "empty"),
        "blank.csv": (b"\xef\xbb\xbf\r\n  \r\n", "FileFormatError", "empty"),
        "utf16_says_utf8.csv": (b"\xef\xbb\xbf" + SOUND.encode("utf-16-le"), "FileFormatError", "UTF-16"),
        "utf16.csv": (SOUND.encode("utf-16"), "FileFormatError", "UTF-16"),
        "mixed_encodings.csv": ("".join(lines[:5]).encode() + "".join(lines[5:]).encode("gb18030"), "FileFormatError", "row 6"),
        "latin1.csv": (SOUND.replace("home", "café").encode("latin-1", "ignore"), "FileFormatError", "row 2"),
        "nul_bytes.csv": (SOUND.encode().replace(b"3902.0", b"3902\0\0"), "FileFormatError", "row 3"),
        "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(64)), "FileFormatError", "picture"),
        "old_excel.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "FileFormatError", "old Excel"),
        "truncated.xlsx": (workbook(sound)[:2500], "FileFormatError", "truncated"),
        "zip_without_workbook.xlsx": (archive(), "FileFormatError", "no workbook"),
        "workbook_named_csv.csv": (workbook(sound), "FileFormatError", ".xlsx"),
        "merged_header.xlsx": (workbook(sound, lambda s: s.merge_cells("A1:B1")), "FileFormatError", "A1:B1"),
        "merged_data.xlsx": (workbook(sound, lambda s: s.merge_cells("F3:F6")), "FileFormatError", "F3:F6"),
        "formula.xlsx": (workbook([*sound, ["home", "retail_total", "level", "2024年", "=SUM(E2:E12)", "亿元", "b4", "2025-03-01"]]),
                         "FileFormatError", "E13"),
        "two_sheets.xlsx": (workbook(sound, second_sheet), "FileFormatError", "older"),
        "empty_workbook.xlsx": (workbook([]), "FileFormatError", "empty"),
        "excel_error_value.xlsx": (workbook([*sound, ["home", "retail_total", "level", "2024年", "#DIV/0!", "亿元", "b4", "2025-03-01"]]),
                                   "ValueRangeError", "#DIV/0!"),
        "wide_merged_header.xlsx": (workbook(cells(WIDE), lambda s: s.merge_cells("B4:C4")), "FileFormatError", "B4:C4"),
    }


def good() -> dict[str, bytes]:
    chinese = table(*months(), *running(), line("2024年3月", 3.1, measure="同比增长", unit="%"), head=HEAD_ZH)
    mixed = table(line("2024年1-2月", "81307000", unit="万元"), line("2024-03", "0.39020", unit="万亿元"),
                  line("2024年3月", "3.1%", measure="growth", unit="%"))
    growth = table(*(line(f"{y}年", v, measure="growth", unit="%", basis="") for y, v in ((2022, -0.3), (2023, 8.6), (2024, 3.6))))
    elsewhere = table(line("2024年", 812.5, region="atlantis", series="online_sales"))
    wide = cells(WIDE)
    return {
        "growth_only.csv": growth.encode(),
        "names_of_ones_own.csv": elsewhere.encode(),
        "long_utf8.csv": chinese.encode(),
        "long_bom.csv": chinese.encode("utf-8-sig"),
        "long_gb18030.csv": chinese.encode("gb18030"),
        "long_full_width.csv": chinese.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789."}).encode(),
        "mixed_units.csv": mixed.encode(),
        "flagged.csv": table(*(row + ",yes" for row in months()), line("2024年", 48879.5) + ",no", head=HEAD + ",use").encode(),
        "long.xlsx": workbook(cells(SOUND)),
        "wide_gb18030.csv": WIDE.encode("gb18030"),
        "wide_utf8.csv": WIDE.encode(),
        "wide.xlsx": workbook([[float(c) if str(c).isdigit() else c for c in row] for row in wide], lambda s: s.merge_cells("A1:E1")),
    }


def main() -> None:
    for folder in ("bad", "good"):
        (HERE / folder).mkdir(exist_ok=True)
    files = {name: (text.encode(), error, names) for name, (text, error, names) in TEXTS.items()} | binaries()
    files |= make_bad_scenarios.files()
    for name, (body, _, _) in files.items():
        (HERE / "bad" / name).write_bytes(body)
    with (HERE / "bad" / "expected.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("file", "error", "must_mention"))
        writer.writerows((name, error, names) for name, (_, error, names) in sorted(files.items()))
    for name, body in good().items():
        (HERE / "good" / name).write_bytes(body)


if __name__ == "__main__":
    main()
