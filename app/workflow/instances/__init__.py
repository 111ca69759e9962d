"""Machines driven by events: in memory, or kept in a store; listeners are told what they do."""

from .compiled import Compiled, decide
from .facts import (
    Fact,
    Hearing,
    Listener,
    ListenerFailed,
    Problem,
    StateEntered,
    StateExited,
    TransitionFired,
    hears,
    log_problem,
)
from .instance import Instance, KeptInstance
from .keeper import Keeper
from .store import Found, InstanceExistsError, InstanceStore, StaleError, UnknownInstanceError, Written
from .written import Entry, Snapshot, Upgrade

__all__ = [
    "Compiled",
    "Entry",
    "Fact",
    "Found",
    "Hearing",
    "Instance",
    "InstanceExistsError",
    "InstanceStore",
    "Keeper",
    "KeptInstance",
    "Listener",
    "ListenerFailed",
    "Problem",
    "Snapshot",
    "StaleError",
    "StateEntered",
    "StateExited",
    "TransitionFired",
    "UnknownInstanceError",
    "Upgrade",
    "Written",
    "decide",
    "hears",
    "log_problem",
]
