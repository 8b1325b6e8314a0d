"""``python -m bayu_forecast``: the same as the command ``bayu``.

Floor F9: the entrance. It must never do anything but call the commands.
"""

from __future__ import annotations

import sys

from bayu_forecast.cli import main

if __name__ == "__main__":
    sys.exit(main())
