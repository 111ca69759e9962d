"""Listeners ready to use, and examples of how one is written: a log, counts, a span for each transition.

    Compiled(order, listeners=[LogListener(), MetricsListener(OtelCounts()), SpanListener()])

The OpenTelemetry ones need its API, the extra ``otel``; nothing of it is imported before one of them is made.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from .instances.facts import Fact, StateEntered, StateExited, TransitionFired

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Meter, UpDownCounter
    from opentelemetry.trace import Tracer

    from .instances.instance import Instance

TRANSITIONS: Final = "workflow.transitions"
STATES: Final = "workflow.instances"


class MissingExtraError(ImportError):
    """A package is not installed that only this part needs."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed: install the extra {extra!r}")
        self.package = package
        self.extra = extra


class LogListener:
    """Writes a line for each transition, with its facts as fields of the record."""

    def __init__(self, logger: logging.Logger | None = None, level: int = logging.INFO) -> None:
        self._logger = logging.getLogger("workflow") if logger is None else logger
        self._level = level

    def __call__(self, instance: Instance, fact: Fact) -> None:
        """Log a transition."""
        if isinstance(fact, TransitionFired):
            fields = {**_attributes(fact), "instance": _id(instance), "version": instance.version}
            target = fact.target or "its end"
            self._logger.log(
                self._level,
                "%s: %s from %s to %s",
                fact.machine,
                fact.transition,
                fact.source,
                target,
                extra={"workflow": fields},
            )


class Counts(Protocol):
    """Where counts go: anything that can add to a number by its name and attributes."""

    def add(self, name: str, amount: int, attributes: Mapping[str, str]) -> None:
        """Add ``amount``, which may be negative for ``workflow.instances`` alone."""


class MetricsListener:
    """Counts transitions, and how many instances are in each state now.

    One that has ended well is in no state any more; one that has failed stays counted where it failed.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def __call__(self, instance: Instance, fact: Fact) -> None:
        """Count a fact."""
        del instance
        if isinstance(fact, TransitionFired):
            self._counts.add(TRANSITIONS, 1, _attributes(fact))
        elif isinstance(fact, StateEntered):
            self._counts.add(STATES, 1, {"machine": fact.machine, "state": fact.state})
        elif isinstance(fact, StateExited):
            self._counts.add(STATES, -1, {"machine": fact.machine, "state": fact.state})


class OtelCounts:
    """Counts of OpenTelemetry, by the global meter provider unless a meter is given. Raises MissingExtraError."""

    def __init__(self, meter: Meter | None = None) -> None:
        if meter is None:
            meter = _otel("metrics").get_meter("workflow")
        assert meter is not None  # noqa: S101 - a provider gives one
        self._instruments: dict[str, Counter | UpDownCounter] = {
            TRANSITIONS: meter.create_counter(TRANSITIONS, "{transition}", "Transitions fired"),
            STATES: meter.create_up_down_counter(STATES, "{instance}", "Instances in a state"),
        }

    def add(self, name: str, amount: int, attributes: Mapping[str, str]) -> None:
        """Add to an instrument."""
        self._instruments[name].add(amount, dict(attributes))


class SpanListener:
    """Makes a span of each transition, within the one that is open; by the global provider unless a tracer is given.

    Listeners hear of what is done, so the span has no length: it says when, what and in whose trace. Raises
    MissingExtraError.
    """

    def __init__(self, tracer: Tracer | None = None) -> None:
        self._tracer: Tracer = _otel("trace").get_tracer("workflow") if tracer is None else tracer

    def __call__(self, instance: Instance, fact: Fact) -> None:
        """Open and close the span of a transition."""
        if isinstance(fact, TransitionFired):
            attributes: dict[str, str | int] = {
                "workflow.instance": _id(instance),
                "workflow.version": instance.version,
            }
            attributes |= {f"workflow.{name}": value for name, value in _attributes(fact).items()}
            self._tracer.start_span(f"{fact.machine} {fact.transition}", attributes=attributes).end()


def _attributes(fact: TransitionFired) -> dict[str, str]:
    return {
        "machine": fact.machine,
        "source": fact.source,
        "transition": fact.transition,
        "target": "" if fact.target is None else fact.target,
    }


def _id(instance: Instance) -> str:
    """Give the id of a kept instance; one in memory has none."""
    return str(getattr(instance, "id", ""))


def _otel(part: str) -> Any:
    try:
        return import_module(f"opentelemetry.{part}")
    except ImportError as error:
        raise MissingExtraError("opentelemetry", "otel") from error
