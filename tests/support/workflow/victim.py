"""A worker as a process of its own, to be killed: it does executions of six steps until its standard input ends.

``python -m tests.support.workflow.victim URL``. Every step writes down that it ran: transactional ones in the table
``effects`` with the append, alone or several executions' together, others in ``calls`` before it, in a transaction of
their own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing.connection import Connection as Line
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import OperationalError

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.asl.nested import RESOURCE, nested
from app.workflow.kernel.graph import Definition, Flow
from app.workflow.kernel.states import Task
from app.workflow.runtime import engine as workflow
from app.workflow.runtime.steps import Step
from app.workflow.stores.sql.server import write_lock
from app.workflow.stores.sql.store import SqlStore
from tests.support.workflow.stores import plain_engine

STEPS: Final = 6
AROUND: Final = Surroundings()
RESOURCES: Final = ("call", "book", "call", "share", "call", "book")
TABLES: Final = (
    "CREATE TABLE effects (step VARCHAR(200) NOT NULL, execution VARCHAR(64) NOT NULL)",
    "CREATE TABLE calls (step VARCHAR(200) NOT NULL, execution VARCHAR(64) NOT NULL)",
)


def chain() -> Definition:
    """Give a machine of steps that take turns in being transactional, one of them in company."""
    names = [f"s{number}" for number in range(STEPS)]
    states = {
        name: Task(name, {"success": following}, resource)
        for name, following, resource in zip(names, [*names[1:], None], RESOURCES, strict=True)
    }
    return Definition("chain", Flow(names[0], states))


def family() -> Definition:
    """Give a machine in Amazon States Language that has a chain done by an execution of its own, and books once."""
    asked = {"StateMachineArn": AROUND.machine("chain"), "Input": "{% $states.input %}"}
    waits = {
        "Type": "Task",
        "Resource": f"{RESOURCE}.sync:2",
        "Arguments": asked,
        "Output": "{% $states.result.Output %}",
        "Next": "Book",
    }
    states = {"Chain": waits, "Book": {"Type": "Task", "Resource": "book", "End": True}}
    return compile_machine({"QueryLanguage": "JSONata", "StartAt": "Chain", "States": states}, "family")


def opened(url: str, **how: Any) -> workflow.Engine:
    """Give an engine over the database at ``url`` that knows the chain and does its steps."""
    business = plain_engine(url)

    @contextmanager
    def transaction() -> Iterator[Connection]:
        with _turn(url), business.begin() as connection:
            yield connection

    engine = workflow.Engine(
        SqlStore(url),
        transactions=transaction,
        is_transient=lambda error: isinstance(error, OperationalError),
        nested=nested(AROUND),
        **how,
    )
    engine.register(chain())
    engine.register(family())

    @engine.task("share", transactional=True, batch=True)
    @engine.task("book", transactional=True)
    def book(data: int, step: Step, connection: Connection) -> int:
        connection.exec_driver_sql(f"INSERT INTO effects VALUES ('{step.id}', '{step.key.id}')")
        return data + 1

    @engine.task("call")
    def call(data: int, step: Step) -> int:
        with transaction() as connection:
            connection.exec_driver_sql(f"INSERT INTO calls VALUES ('{step.id}', '{step.key.id}')")
        return data + 1

    return engine


def prepare(business: Engine) -> None:
    """Make the tables that the steps write to."""
    with business.begin() as connection:
        for table in TABLES:
            connection.exec_driver_sql(table)


def _turn(url: str) -> AbstractContextManager[Any]:
    database = make_url(url).database
    return write_lock(Path(database)) if url.startswith("sqlite") and database else nullcontext()


def work(url: str, line: Line) -> None:
    """Work in a process of its own; say so when it has begun."""
    with opened(url, workers=4, at_once=8, poll=50):
        line.send("works")
        line.recv()


def main() -> None:
    """Work until somebody closes the line, or kills."""
    with opened(sys.argv[1], workers=4, poll=50):
        print("works", flush=True)  # noqa: T201 - whoever started it waits for this
        sys.stdin.read()


if __name__ == "__main__":
    main()
