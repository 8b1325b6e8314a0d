"""Many series: forecast in chunks, on one process or on many machines, answers streamed.

Floor F7. It schedules; it must never change a number.
"""

from bayu_forecast.distributed.answers import read_answers, write_answers
from bayu_forecast.distributed.dask_map import dask_map
from bayu_forecast.distributed.forecast_panel import forecast_panel

__all__ = ["dask_map", "forecast_panel", "read_answers", "write_answers"]
