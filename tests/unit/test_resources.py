"""Files that belong to the code are found wherever the program is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.resources import resource

pytestmark = pytest.mark.fast


def test_locales_are_found_from_any_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ERP-04: nothing is read from a working directory by luck."""
    (tmp_path / "locales").mkdir()
    monkeypatch.chdir(tmp_path)
    found = resource("locales")
    assert found.is_absolute()
    assert (found / "en" / "shared.json").is_file()


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        resource("no-such-directory")
