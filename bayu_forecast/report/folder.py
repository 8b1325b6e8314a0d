"""A folder of results, replaced as a whole or not at all.

Floor F7. It writes beside the old folder and swaps names at the end; it must never remove what this library did not write.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bayu_forecast.errors import OutputError
from bayu_forecast.report.words import as_text

if TYPE_CHECKING:
    from bayu_forecast.report.job import Verdict

META, TEXT = "meta.json", "verdict.txt"


def write_folder(verdict: Verdict, out: str | Path, *, charts: Callable[[Path], object] | None = None, command: str = "") -> Path:
    """Write tables, words and charts into a folder, all of them or nothing.

    CSV files start with the mark by which Excel knows UTF-8. An earlier folder of this kind is replaced; a folder that
    holds anything else is refused.

    Parameters
    ----------
    verdict : Verdict
        From :func:`bayu_forecast.report.verdict`.
    out : str or Path
        The folder; its parent must exist.
    charts : callable, optional
        Called with the folder to draw into.
    command : str
        The command to state in ``meta.json``.

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    OutputError
        When ``out`` is a file, holds files of somebody else, or cannot be written; what was there stays as it was.

    Examples
    --------
    >>> from bayu_forecast.report import verdict
    >>> told = verdict(dates=["2025-01-31"], horizon="2025-12", samples=300, jobs=1)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = write_folder(told, Path(place) / "result")
    ...     sorted(path.name for path in made.iterdir())[:3]
    ['changes.csv', 'later_targets.csv', 'meta.json']
    """
    target = Path(out).absolute()
    with replaced(target) as fresh:
        for name, table in verdict.tables.items():
            table.to_csv(fresh / f"{name}.csv", index=False, encoding="utf-8-sig", float_format="%.8g", lineterminator="\n")
        (fresh / TEXT).write_text(as_text(verdict, command=command) + "\n", encoding="utf-8")
        if charts is not None:
            charts(fresh)
        files = sorted(path.name for path in fresh.iterdir())
        meta = {"command": command, **verdict.meta, "files": [*files, META]}
        (fresh / META).write_text(json.dumps(meta, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return target


@contextlib.contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Yield a fresh folder beside ``target``; put it in its place on success, remove it on failure."""
    check_place(target)
    fresh = _fresh(target)
    try:
        yield fresh
        fresh.chmod(0o777 & ~_umask())
        _swap(fresh, target)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error}; what was there stays as it was", file=str(target)) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def check_place(target: Path) -> None:
    """Refuse a place that cannot be written, or holds what this library did not write; call it before long work starts."""
    if not target.parent.is_dir():
        raise OutputError(f"{target.parent} is no folder: make it first, or choose another", file=str(target))
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OutputError(f"{target} is not a folder: choose another", file=str(target))
    if target.is_dir() and (foreign := _foreign(target)):
        raise OutputError(
            f"{target} holds files that were not written by this command ({', '.join(foreign[:3])}): choose another folder",
            file=str(target),
            names=foreign,
        )
    # asking for permissions says too little (read-only disks, quotas): only writing tells
    _fresh(target).rmdir()


def _fresh(target: Path) -> Path:
    """A new folder beside the target, on the same disk."""
    try:
        return Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise OutputError(f"cannot write beside {target}: {error.strerror}; choose another folder with --out", file=str(target)) from error


def _foreign(folder: Path) -> list[str]:
    """Names in a folder that its own list of files does not know."""
    try:
        listed = set(json.loads((folder / META).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        listed = set()
    return sorted(path.name for path in folder.iterdir() if path.name not in listed)


def _swap(fresh: Path, target: Path) -> None:
    """Put the fresh folder in the place of the old one; the old one returns if that fails."""
    if not target.exists():
        fresh.rename(target)
        return
    aside = fresh.with_name(f"{fresh.name}-old")
    target.rename(aside)
    try:
        fresh.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    """The mask of the process: a temporary folder is private, a result is not."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
