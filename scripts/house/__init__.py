"""The project's own commands. Standard library only: they run before anything is installed."""

from __future__ import annotations

import os
import shutil
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the machine's python3 may be older than the project's
    for _name in ("python3.13", "python3.12", "python3.11"):
        if _newer := shutil.which(_name):
            os.execv(_newer, [_newer, *sys.argv])
    sys.exit("Python 3.11 or newer is needed: found only " + sys.version.split()[0])
