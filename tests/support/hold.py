"""A process that holds the liveness lock of a worker until it is killed: ``python -m tests.support.hold <worker>``."""

from __future__ import annotations

import sys
from threading import Event

from app.domain.shared.ids import WorkerId
from app.infrastructure.database.engine import Database
from app.infrastructure.database.liveness import liveness_of
from app.settings import Settings


def main(worker: WorkerId) -> None:
    """Say ``held`` once it is, and wait."""
    liveness = liveness_of(Database(Settings()))
    liveness.hold(worker)
    sys.stdout.write("held\n")
    sys.stdout.flush()
    Event().wait()


main(WorkerId(int(sys.argv[1])))
