"""Where the files that belong to the code are: beside the package in a source tree, inside it once installed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Give the directory called ``name`` (``locales``, ``migrations``); never one of the working directory.

    Raises FileNotFoundError when the installation lacks it.
    """
    # The wheel has the copy inside the package. A source tree is told by its pyproject.toml, so that a directory of
    # the same name in site-packages is never taken for ours.
    for place, present in (
        (_PACKAGE / "bundled" / name, True),
        (_PACKAGE.parent / name, (_PACKAGE.parent / "pyproject.toml").is_file()),
    ):
        if present and place.is_dir():
            return place
    raise FileNotFoundError(name)
