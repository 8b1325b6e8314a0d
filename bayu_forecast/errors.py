"""Every error and warning class of the library.

Floor F0: imports the standard library only. A message says what is wrong, where (labels, not positions), what was
expected and the next step; the keyword fields carry the same for programs. Each class keeps its builtin twin, so
``except ValueError`` works. Each is raised by a test with a real bad input.
"""

from __future__ import annotations


class BayuError(Exception):
    """Base of every error this library raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong, where, what was expected and the next step.
    **fields
        Machine-readable labels: ``file``, ``rows``, ``names``, ``expected``, ``got``.

    Examples
    --------
    >>> try:
    ...     raise BayuError("no such thing", names=["x"])
    ... except BayuError as error:
    ...     print(error, error.fields["names"])
    no such thing ['x']
    """

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.fields: dict[str, object] = fields


class DataError(BayuError, ValueError):
    """A figure, a table or a file is not usable as it stands."""


class FileFormatError(DataError):
    """A file cannot be read at all: encoding, truncation, a wrong kind of file."""


class SchemaError(DataError):
    """A dimension, column, dtype or attribute is missing, extra or wrong."""


class UnitsError(DataError):
    """A unit is unknown, missing, or differs from what its neighbours imply."""


class BasisError(DataError):
    """A level has no basis, an unknown one, or a growth would cross two bases."""


class PeriodError(DataError):
    """A reference period is impossible, duplicated, unpublished or in the future."""


class ContradictionError(DataError):
    """Two figures about the same months contradict each other beyond their rounding."""


class AlignmentError(DataError):
    """Drivers lack times or series that the panel has, or are labelled in another way."""


class ValueRangeError(DataError):
    """A value cannot be: a negative level, a text, a growth below minus one hundred per cent."""


class CalendarRangeError(DataError):
    """A date lies outside the lunar or the official holiday table."""


class IntegrityError(DataError):
    """A bundled file's sha256 differs from its manifest."""


class SpecificationError(BayuError, ValueError):
    """A specification (target, region, scenario) is not well formed."""


class UnknownNameError(SpecificationError, LookupError):
    """A name is not known; the message gives the nearest ones."""


class HierarchyError(SpecificationError):
    """A tree of series is not well formed, does not fit the paths, or fixed nodes contradict each other."""


class TargetError(SpecificationError):
    """A target lacks its definition, basis, unit, source, or its expression cannot be read."""


class ScenarioError(SpecificationError):
    """A scenario or a file of scenarios contradicts itself, lacks a unit or a date, or cannot be read."""


class ModelError(BayuError, RuntimeError):
    """A model cannot do what was asked of it."""


class NotFittedError(ModelError, AttributeError):
    """A forecaster was asked for paths before ``fit``."""


class ConvergenceError(ModelError):
    """The iteration for logs of sums did not settle."""


class HorizonError(ModelError):
    """The horizon lies before the origin or beyond what the model covers."""


class OutputError(BayuError, OSError):
    """A result could not be written; nothing was left half-written."""


class MissingDependencyError(BayuError, ImportError):
    """An optional package is needed; the message names the extra to install."""


class BayuWarning(UserWarning):
    """Base of every warning of the library."""


class ExtrapolationWarning(BayuWarning):
    """A scenario takes a driver beyond its history: the response there is assumed."""


class SmallSampleWarning(BayuWarning):
    """The Monte-Carlo error of a probability is above 0.02."""


class FailedSeriesWarning(BayuWarning):
    """Some series of a panel could not be used: they are named, and the others go on."""
