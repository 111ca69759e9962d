"""Stock moves in one place: whoever moves it past that would leave back-orders waiting for what is there."""

from __future__ import annotations

import re

import pytest

from house.base import ROOT

pytestmark = pytest.mark.fast


def test_stock_is_posted_by_one_function_alone() -> None:
    """ERP-07: use cases call app.usecases.stock.posting.post, never the repository's post."""
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "app").rglob("*.py")
        if re.search(r"\bwork\.stock\.post\(", path.read_text(encoding="utf-8"))
    }
    assert found == {"app/usecases/stock/posting.py"}
