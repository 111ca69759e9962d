"""What is handed to those who watch holds together: alerts and dashboard ask for metrics there are (ERP-14)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from app.infrastructure.database.engine import Database
from app.infrastructure.watching.metrics import Metrics
from house.base import ROOT
from tests.support.clock import FakeClock
from tests.support.databases import settings_for

pytestmark = pytest.mark.fast
DEPLOY: Final = ROOT / "docs" / "deploy"
ALERTS: Final = (DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
DASHBOARD: Final = json.loads((DEPLOY / "grafana" / "tramita.json").read_text(encoding="utf-8"))
PANELS: Final[list[dict[str, Any]]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
NAME: Final = re.compile(r"\b(?:tramita|process)_[a-z_]+\b")
# Made by Prometheus itself, of a histogram and of a target.
MADE: Final = ("_bucket", "_count", "_sum")


@pytest.fixture
def known(tmp_path: Path) -> set[str]:
    """Give every name that a scrape may have."""
    registry = Metrics(FakeClock(), Database(settings_for(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path))).registry
    names: set[str] = set()
    for family in registry.collect():
        match family.type:
            case "counter":
                names.add(f"{family.name}_total")
            case "histogram":
                names |= {family.name + ending for ending in MADE}
            case _:
                names.add(family.name)
    return names


def expressions() -> Iterator[tuple[str, str]]:
    """Give each panel's title and expressions."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_every_metric_an_alert_asks_for_exists(known: set[str]) -> None:
    """ERP-14: an alert on a name that was changed never fires."""
    asked = set(NAME.findall(ALERTS))
    assert len(asked) >= 10
    assert asked <= known


def test_every_metric_the_dashboard_asks_for_exists(known: set[str]) -> None:
    for title, expression in expressions():
        names = set(NAME.findall(expression))
        assert names, title
        assert names <= known, title


def test_every_metric_of_ours_is_shown_by_a_panel(known: set[str]) -> None:
    """ERP-14: what nobody looks at need not be counted."""
    shown = {name for _, expression in expressions() for name in NAME.findall(expression)}
    plain = {name for name in known if name.startswith("tramita_") and not name.endswith(("_count", "_sum"))}
    assert plain - shown <= {"tramita_job_run_duration_seconds_bucket"}


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    """Panels have ids of their own, do not overlap, and ask the data source that is chosen."""
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    places: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & places, panel["title"]
        places |= cells
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}


def test_figures_of_the_whole_installation_are_never_summed() -> None:
    """ERP-14: every process tells them alike."""
    executions = "executions_due|executions_stuck|execution_oldest|execution_letters|execution_tasks_waiting"
    told = f"journal|schedule|jobs|job_oldest|mail_breaker|{executions}"
    whole = rf"\bsum\s*(?:by\s*\([^)]*\)\s*)?\((?:tramita_(?:{told}))"
    assert not re.search(whole, ALERTS)
    assert not [title for title, expression in expressions() if re.search(whole, expression)]


def test_every_alert_says_how_severe_it_is_and_what_is_the_matter() -> None:
    rules = re.split(r"\n\s+- alert: ", ALERTS)[1:]
    assert rules
    for rule in rules:
        assert re.search(r"severity: (page|warn)", rule), rule
        assert "summary:" in rule, rule
