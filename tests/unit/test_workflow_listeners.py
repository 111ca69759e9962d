"""The listeners that come with the library, heard through what they write to."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.workflow.instances import Compiled, Instance, Keeper
from app.workflow.listeners import LogListener, MetricsListener, MissingExtraError, OtelCounts, SpanListener
from app.workflow.stores.memory_instances import MemoryInstances
from tests.support.workflow.orders import Shop, order_machine

pytestmark = pytest.mark.fast


def sold(listener: Any) -> Instance:
    """Take a small order to its end."""
    one = Instance(Compiled(order_machine(), Shop().handlers, listeners=[listener]), {"total": 5})
    for event in ("change", "confirm", "ship"):
        one.next(event)
    return one


FIRED = [
    ("draft", "change", "draft"),
    ("draft", "confirm", "charge"),
    ("charge", "success", "large"),
    ("large", "failure", "packed"),
    ("packed", "ship", "done"),
    ("done", "success", ""),
]


def test_each_transition_is_a_line_of_the_log_with_its_facts_as_fields(caplog: pytest.LogCaptureFixture) -> None:
    """SM-11: structured logs."""
    with caplog.at_level(logging.INFO):
        sold(LogListener())
    fields = [record.__dict__["workflow"] for record in caplog.records]
    assert [(one["source"], one["transition"], one["target"]) for one in fields] == FIRED
    assert [one["version"] for one in fields] == [1, 2, 2, 2, 3, 3]
    assert caplog.records[0].getMessage() == "order: change from draft to draft"
    assert caplog.records[-1].getMessage() == "order: success from done to its end"
    assert {record.name for record in caplog.records} == {"workflow"}


def test_a_kept_instance_is_logged_with_its_id(caplog: pytest.LogCaptureFixture) -> None:
    mine = logging.getLogger("mine")
    compiled = Compiled(order_machine(), Shop().handlers, listeners=[LogListener(mine, logging.WARNING)])
    with caplog.at_level(logging.WARNING, logger="mine"):
        Keeper(compiled, MemoryInstances()).begin("o-7", {"total": 5}).next("change")
    assert [(r.name, r.levelname, r.__dict__["workflow"]["instance"]) for r in caplog.records] == [
        ("mine", "WARNING", "o-7")
    ]


class Sums:
    """Counts in a dictionary."""

    def __init__(self) -> None:
        self.sums: dict[tuple[str, ...], int] = {}

    def add(self, name: str, amount: int, attributes: Mapping[str, str]) -> None:
        key = (name, *attributes.values())
        self.sums[key] = self.sums.get(key, 0) + amount


def test_transitions_and_instances_by_state_are_counted() -> None:
    """SM-05, SM-11: metrics of one's own behind a small protocol."""
    counts = Sums()
    listener = MetricsListener(counts)
    sold(listener)
    Instance(Compiled(order_machine(), Shop().handlers, listeners=[listener]), {"total": 5})
    transitions = {key[2:]: amount for key, amount in counts.sums.items() if key[0] == "workflow.transitions"}
    assert transitions == dict.fromkeys(FIRED, 1)
    states = {key[2]: amount for key, amount in counts.sums.items() if key[0] == "workflow.instances" and amount}
    assert states == {"draft": 1}


def test_counts_go_to_opentelemetry() -> None:
    """SM-11: a listener that records OpenTelemetry metrics."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    sold(MetricsListener(OtelCounts(provider.get_meter("test"))))
    data = reader.get_metrics_data()
    assert data is not None
    metrics = {metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics}
    points = {
        tuple((point.attributes or {}).values()): point.value  # type: ignore[union-attr]
        for point in metrics["workflow.transitions"].data.data_points
    }
    assert points == {("order", *fired): 1 for fired in FIRED}
    assert metrics["workflow.instances"].unit == "{instance}"
    provider.shutdown()


def test_each_transition_is_a_span_within_the_one_that_is_open() -> None:
    """SM-11: an OpenTelemetry span per transition."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("request") as around:
        sold(SpanListener(tracer))
    *spans, request = exporter.get_finished_spans()
    assert request.name == "request"
    assert [span.name for span in spans] == [f"order {transition}" for _, transition, _ in FIRED]
    for span, (source, transition, target) in zip(spans, FIRED, strict=True):
        assert span.parent is not None
        assert span.parent.span_id == around.get_span_context().span_id
        given = dict(span.attributes or {})
        assert given.pop("workflow.version") in {1, 2, 3}
        assert given == {
            "workflow.machine": "order",
            "workflow.source": source,
            "workflow.transition": transition,
            "workflow.target": target,
            "workflow.instance": "",
        }
    provider.shutdown()


@pytest.mark.parametrize("made", [OtelCounts, SpanListener])
def test_opentelemetry_that_is_not_installed_is_named(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opentelemetry.trace", "opentelemetry.metrics"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError) as caught:
        made()
    assert (caught.value.package, caught.value.extra) == ("opentelemetry", "otel")


@pytest.mark.parametrize("made", [lambda: MetricsListener(OtelCounts()), SpanListener])
def test_without_a_provider_of_ones_own_the_global_one_is_used(made: Any) -> None:
    assert sold(made()).state == "done"
