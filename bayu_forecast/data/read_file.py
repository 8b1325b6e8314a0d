"""Opens a user's CSV or Excel file and hands out its cells as text, or refuses with the reason.

Floor F3: bytes, encodings and workbooks only. Must never know what a column or a figure means, nor write anything.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import unicodedata
from pathlib import Path

from bayu_forecast.data.read_problems import refuse
from bayu_forecast.errors import FileFormatError

#: bytes; a larger file is no table of published figures
LARGEST = 100_000_000
_UTF16 = "UTF-16 text"
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls) or one locked with a password",
    b"%PDF": "a PDF",
    b"\xff\xfe": _UTF16,
    b"\xfe\xff": _UTF16,
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_MARKUP = re.compile(r"^\s*(<!doctype|<html|<table|<\?xml|<meta|<head|mime-version:)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_CHINESE = re.compile(r"[一-鿿　-〿＀-￯‐-‧·×÷±°]*")
_READABLE = "a CSV in UTF-8 or GB18030, or an Excel workbook (.xlsx)"
_SAVE = "open it in a spreadsheet and save it again as CSV UTF-8 or .xlsx"


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """The cells of one table as text.

    Attributes
    ----------
    name : str
        File name, or ``DataFrame`` and the like.
    rows : list of (str, list of str)
        Label (``row 7``) and cells of each row that is not blank.
    kind, encoding : str
        ``CSV``, ``Excel``, ``DataFrame``; how the text was encoded.
    blank : int
        Rows left out because every cell was empty.
    merged : tuple of (int, int, str)
        First row, last row and name of each range of merged cells.

    Examples
    --------
    >>> Grid("mine.csv", [("row 1", ["指标", "数值"])], "CSV", "utf-8").rows[0][1]
    ['指标', '数值']
    """

    name: str
    rows: list[tuple[str, list[str]]]
    kind: str
    encoding: str = ""
    blank: int = 0
    merged: tuple[tuple[int, int, str], ...] = ()


def clean(text: str) -> str:
    """Text with full-width digits and letters made plain, dashes made one, and no blanks around it."""
    if text.isascii():
        return text.strip()
    return re.sub("[‐‑‒–—―−]", "-", unicodedata.normalize("NFKC", text)).strip()


def load_grid(path: str | Path, *, sheet: str | None = None) -> Grid:
    """Cells of a CSV or Excel file.

    Parameters
    ----------
    path : str or Path
        The file. Its content decides how it is read; a name that says otherwise is refused.
    sheet : str, optional
        Which sheet of a workbook; needed when more than one holds cells.

    Returns
    -------
    Grid
        Every row that is not blank, as text.

    Raises
    ------
    FileFormatError
        When the file is missing, empty, too large, of another kind, damaged, or its encoding is not clear.

    Examples
    --------
    >>> load_grid("no_such_file.csv")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.FileFormatError: no_such_file.csv: cannot be opened (No such file or directory). Expected a CSV ...
    """
    path = Path(path)
    data = _bytes_of(path)
    workbook = data[:4] == b"PK\x03\x04"
    if path.suffix.lower() in (".xlsx", ".xlsm") and not workbook:
        refuse(FileFormatError, path.name, "is named as an Excel workbook, but its content is not one", expected=_READABLE,
               step="rename it to .csv if it is text, else save it again as .xlsx")
    if workbook and path.suffix.lower() in (".csv", ".txt", ".tsv"):
        refuse(FileFormatError, path.name, "is named as text, but its content is a zip archive or a workbook", expected=_READABLE,
               step="rename it to .xlsx if it is a workbook, else unpack it")
    if workbook:
        # late: only a workbook needs openpyxl
        from bayu_forecast.data.read_excel import excel_grid

        return excel_grid(path, data, sheet)
    text, encoding = decode(data, path.name)
    return text_grid(text, path.name, encoding)


def _bytes_of(path: Path) -> bytes:
    """Content of a file that may be a table."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST else b""
    except OSError as error:
        refuse(FileFormatError, path.name or str(path), f"cannot be opened ({error.strerror})", expected=_READABLE,
               step="check the path and its permissions")
    if size > LARGEST:
        refuse(FileFormatError, path.name, f"holds {size / 1e6:.0f} MB", expected=f"at most {LARGEST / 1e6:.0f} MB",
               step="cut it to the rows wanted")
    if not data.removeprefix(b"\xef\xbb\xbf").strip():
        refuse(FileFormatError, path.name, "is empty", expected=_READABLE, step="export the table again")
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            refuse(FileFormatError, path.name, f"is {kind}", expected=_READABLE, step=_SAVE)
    return data


def decode(data: bytes, name: str) -> tuple[str, str]:
    """Text and encoding of bytes: a byte order mark, then strict UTF-8, then GB18030 if it reads as Chinese.

    Parameters
    ----------
    data : bytes
        Content of a text file.
    name : str
        File name for the message.

    Returns
    -------
    tuple of str
        The text without mark, and ``utf-8``, ``utf-8-sig`` or ``gb18030``.

    Raises
    ------
    FileFormatError
        When no encoding fits, or two are mixed; the message names the line and the byte.

    Examples
    --------
    >>> decode("数值".encode("gb18030"), "mine.csv")
    ('数值', 'gb18030')
    """
    marked = data.startswith(b"\xef\xbb\xbf")
    body = data[3:] if marked else data
    if b"\0" in body:
        kind = f"says it is UTF-8 but holds {_UTF16}" if body.count(b"\0") * 5 > len(body) else "holds NUL bytes, as binary files do"
        refuse(FileFormatError, name, kind, [_place(data, data.index(b"\0"))], expected=_READABLE, step=_SAVE)
    try:
        text, encoding = body.decode("utf-8"), "utf-8-sig" if marked else "utf-8"
    except UnicodeDecodeError as error:
        text, encoding = _decode_chinese(body, name, error.start, marked), "gb18030"
    for pattern, what in ((_MARKUP, "is a web page or XML under another name"), (_CONTROL, "holds control characters, as binary files do"),
                          (re.compile("�"), "holds replacement characters: letters were lost when it was saved")):
        if found := pattern.search(text):
            line = text.count("\n", 0, found.start()) + 1
            refuse(FileFormatError, name, what, [f"row {line}"], expected=_READABLE, step=_SAVE)
    return text, encoding


def _place(data: bytes, offset: int) -> str:
    """Line and byte of an offset."""
    return f"row {data.count(10, 0, offset) + 1}, byte {offset + 1}"


def _decode_chinese(body: bytes, name: str, offset: int, marked: bool) -> str:
    """GB18030 text, or a refusal that names the byte where UTF-8 fails."""
    expected, place = "one encoding, UTF-8 or GB18030, for the whole file", _place(body, offset)
    lines = body.split(b"\n")
    if marked or any(_is_chinese_utf8(line) for line in lines):
        refuse(FileFormatError, name, "mixes UTF-8 with another encoding", [place], expected=expected, step=_SAVE)
    try:
        text = body.decode("gb18030")
    except UnicodeDecodeError as error:
        place = _place(body, error.start)
        refuse(FileFormatError, name, "is neither UTF-8 nor GB18030", [place], expected=expected, step=_SAVE)
    letters = [c for c in text if not c.isascii()]
    # the everyday characters are those of GB 2312; chance bytes mostly fall outside it
    if 2 * sum(1 for c in letters if _in_gb2312(c)) < len(letters):
        refuse(FileFormatError, name, "is not UTF-8, and read as GB18030 it is no Chinese", [place], expected=expected, step=_SAVE)
    return text


def _is_chinese_utf8(line: bytes) -> bool:
    """Whether a line that is not plain ASCII is Chinese in UTF-8."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    letters = "".join(c for c in text if not c.isascii())
    return bool(letters) and _CHINESE.fullmatch(letters) is not None


def _in_gb2312(character: str) -> bool:
    """Whether a character is among the everyday ones."""
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def text_grid(text: str, name: str, encoding: str) -> Grid:
    """Rows of a delimited text; comma, tab or semicolon, whichever its first lines hold most."""
    head = "\n".join(text.splitlines()[:30])
    delimiter = max(",\t;", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[str, list[str]]] = []
    blank = last = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((f"row {last + 1}", cells))
            else:
                blank += 1
            last = reader.line_num
    except csv.Error as error:
        refuse(FileFormatError, name, f"cannot be cut into cells ({error})", [f"row {last + 1}"], expected=_READABLE,
               step="close the quotation mark, or save the table again as CSV")
    return Grid(name, rows, "CSV", encoding, blank)
