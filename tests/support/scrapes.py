"""What Prometheus would see: the text of a registry read back, and the rules a metric has to keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

# What a label's value may be: a template of a path, a word of our code, a method, a status, a version.
LABEL: Final = re.compile(r"[A-Za-z0-9_.:/{}+-]*")
UNITS: Final = ("_seconds", "_bytes")
# As promtool's linter says them; only the library's own names may break them.
_FORBIDDEN: Final = ("gauge", "counter", "histogram", "summary", "milliseconds", "minutes", "hours", "kilobytes")


def read(registry: CollectorRegistry) -> dict[str, Metric]:
    """Give the metrics of ``registry`` by name, as the strict parser of OpenMetrics reads what is exposed."""
    text = generate_latest(registry).decode()  # type: ignore[no-untyped-call]  # the library's
    found: Iterable[Metric] = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # likewise
    return {family.name: family for family in found}


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """Give one sample's value; 0 when there is none."""
    return registry.get_sample_value(name, labels) or 0.0


def samples(families: Mapping[str, Metric]) -> int:
    """Give the number of series."""
    return sum(len(family.samples) for family in families.values())


def faults(families: Iterable[Metric]) -> list[str]:
    """Give what is wrong with names, helps and labels; nothing is, when all is well."""
    found: list[str] = []
    for family in families:
        if not family.documentation:
            found.append(f"{family.name}: no help")
        if not family.name.startswith(("tramita_", "process_", "python_")):
            found.append(f"{family.name}: whose is it?")
        if family.name.startswith("tramita_") and (set(_FORBIDDEN) & set(family.name.split("_"))):
            found.append(f"{family.name}: a type or an odd unit in the name")
        if family.type == "histogram" and not family.name.endswith(UNITS):
            found.append(f"{family.name}: a histogram without its unit")
        for sample in family.samples:
            wrong = [text for text in sample.labels.values() if not LABEL.fullmatch(text)]
            found += [f"{family.name}: {text!r} is data" for text in wrong]
    return found
