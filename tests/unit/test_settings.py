"""Settings that are given blank, as an environment file with every name in it gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("name", ["files_dir", "heads_dir"])
@pytest.mark.parametrize(("given", "taken"), [("", None), ("  ", None), ("kept", Path("kept"))])
def test_a_blank_folder_is_none_and_never_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, taken: Path | None
) -> None:
    monkeypatch.setenv(name.upper(), given)
    assert getattr(Settings(_env_file=None), name) == taken
