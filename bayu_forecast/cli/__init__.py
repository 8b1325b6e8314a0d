"""The commands of ``bayu``, verdict first: parse, call one function, print, exit codes.

Floor F8: each command is a module with ``add_parser`` and ``run``. Must never hold a computation, nor print a traceback.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from bayu_forecast import __version__
from bayu_forecast.errors import BayuError

_COMMANDS = ("verdict", "scenario", "policy", "data", "check")
_DEFAULT = "verdict"
_OF_ALL = ("-h", "--help", "--version")

BAD_INPUT = 2
#: as sysexits has it: a fault of the program
FAULT = 70
#: set to anything, it lets a fault show its traceback
DEBUG = "BAYU_DEBUG"
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; without a name it is ``verdict``.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        0 when done, 2 for bad input or unknown arguments, 70 when the library is at fault, 130 when interrupted.

    Examples
    --------
    >>> main(["--version"])
    bayu ...
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or (words[0].startswith("-") and words[0] not in _OF_ALL):
        words.insert(0, _DEFAULT)
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show Chinese shows question marks, not a traceback
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        args = _parser(words[0]).parse_args(words)
        return int(importlib.import_module(f"{__name__}.{args.command}").run(args))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except BayuError as error:
        print(f"bayu: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        # the reader of a pipe left; nothing may be flushed into it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("bayu: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # any fault of ours is one line and an exit code; the variable asks for the traceback
        if os.environ.get(DEBUG):
            raise
        said = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"bayu: 'bayu {' '.join(words)}' failed ({said}): this is a fault of the library, please report it; "
              f"{DEBUG}=1 shows where it happened", file=sys.stderr)
        return FAULT


def _parser(first: str) -> argparse.ArgumentParser:
    """Parser with the command that is asked for; only its module is imported."""
    parser = argparse.ArgumentParser(prog="bayu", description="Is the target reachable, how sure are we, and what would it take?")
    parser.add_argument("--version", action="version", version=f"bayu {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    names = (first,) if first in _COMMANDS else () if first == "--version" else _COMMANDS
    for name in names:
        importlib.import_module(f"{__name__}.{name}").add_parser(commands)
    return parser
