"""The figures that the documentation quotes are what their script prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_quoted_figures_are_printed_by_their_script() -> None:
    page = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- output: (\S+) -->\n```text\n(.*?)```", page, flags=re.DOTALL)
    assert blocks
    for script, quoted in blocks:
        printed = subprocess.run([sys.executable, str(ROOT / script)], capture_output=True, text=True, check=True).stdout
        assert printed == quoted
