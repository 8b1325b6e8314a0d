"""The report: headline targets judged on several dates, as tables, as words, and as a folder written whole or not at all.

Floor F7. It never draws (plotting is its sibling) and never fits by itself.
"""

from bayu_forecast.report.folder import write_folder
from bayu_forecast.report.job import Verdict, verdict
from bayu_forecast.report.words import as_text

__all__ = ["Verdict", "as_text", "verdict", "write_folder"]
