"""State machines and activities in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from typing import Any, Final

from sqlalchemy import Integer, Table, and_, bindparam, case, cast, delete, func, insert, select, type_coerce, update

from app.domain.processes import (
    Activity,
    Alias,
    Machine,
    MachineId,
    MachineKind,
    Published,
    Revision,
    RevisionNumber,
    Route,
    Stage,
)
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import CompanyId
from app.infrastructure.database.compiled import Prepared, Row, prepare
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.processes import (
    activities,
    ends,
    executions,
    machine_aliases,
    machine_revisions,
    machine_versions,
    state_machines,
)
from app.infrastructure.database.types import COUNTER, KEY
from app.usecases.context import Context
from app.usecases.ports.processes import Tally, TallyQuery
from app.usecases.ports.shared import RolledBack

_REVISED: Final = (
    "machine",
    "token",
    "definition",
    "role",
    "region",
    "kind",
    "logging",
    "tracing",
    "encryption",
    "created_at",
)
_MOVED: Final = ("kind", "machine_revision_id", "tags", "last_version", "updated_at", "version")
_MACHINE: Final = ("id", "name", "created_at", *_MOVED)
_VERSION: Final = ("number", "machine_revision_id", "description", "created_at")
_ALIAS: Final = ("name", "description", "routes", "former", "created_at", "updated_at")
_LED: Final = ("routes", "former")
_ACTIVITY: Final = ("id", "name", "encryption", "tags", "created_at")
_OF_MACHINE: Final = ("company_id", "state_machine_id")


def _mine(table: Table, *names: str) -> Any:
    """Give the condition that a row is the company's, and has the parameters of these names."""
    wanted = (table.c[name] == bindparam(f"the_{name}", type_=table.c[name].type) for name in ("company_id", *names))
    return and_(*wanted)


def _read(table: Table, columns: Sequence[str], *names: str) -> Any:
    return select(*(table.c[name] for name in columns)).where(_mine(table, *names))


def _new(table: Table, columns: Sequence[str]) -> Any:
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in columns})


def _page(table: Table, columns: Sequence[str]) -> Any:
    beyond = table.c.name > bindparam("after", type_=table.c.name.type)
    return _read(table, columns).where(beyond).order_by(table.c.name).limit(bindparam("most", type_=COUNTER))


REVISION: Final = prepare(_read(machine_revisions, ("id", *_REVISED), "id"))
"""A revision by company and number; the engine asks for it by itself."""
NEWEST: Final = prepare(_read(state_machines, ("machine_revision_id",), "name"), "select newest revision")
"""The number of a machine's current revision, likewise."""
_PUBLISHED_ROLE: Final = prepare(
    select(machine_revisions.c.role)
    .join(
        machine_versions,
        and_(
            machine_versions.c.company_id == machine_revisions.c.company_id,
            machine_versions.c.machine_revision_id == machine_revisions.c.id,
        ),
    )
    .where(_mine(machine_revisions, "id")),
    "select published role",
)
_REVISE: Final = prepare(_new(machine_revisions, ("company_id", *_REVISED)))
_BY_ID: Final = prepare(_read(state_machines, _MACHINE, "id"), "read state_machine")
BY_NAME: Final = prepare(_read(state_machines, _MACHINE, "name"))
_HOLD: Final = prepare(
    _read(state_machines, _MACHINE, "name").with_for_update(read=True, key_share=True), "hold state_machines"
)
_MACHINES: Final = prepare(_page(state_machines, _MACHINE), "list state_machines")
_ADD: Final = prepare(_new(state_machines, ("company_id", *_MACHINE[1:])))
_SAVE: Final = prepare(
    update(state_machines)
    .where(_mine(state_machines, "id", "version"))
    .values({name: bindparam(name, type_=state_machines.c[name].type) for name in _MOVED})
)
_REMOVE: Final = prepare(delete(state_machines).where(_mine(state_machines, "id")))
_PUBLISH: Final = prepare(_new(machine_versions, (*_OF_MACHINE, *_VERSION)))
_VERSIONS: Final = prepare(
    _read(machine_versions, _VERSION, "state_machine_id").order_by(machine_versions.c.number.desc())
)
VERSION: Final = prepare(_read(machine_versions, _VERSION, "state_machine_id", "number"), "read machine_version")
_WITHDRAW: Final = prepare(delete(machine_versions).where(_mine(machine_versions, "state_machine_id", "number")))
_WITHDRAW_ALL: Final = prepare(
    delete(machine_versions).where(_mine(machine_versions, "state_machine_id")), "delete all versions"
)
ALIASES: Final = prepare(_read(machine_aliases, _ALIAS, "state_machine_id").order_by(machine_aliases.c.name))
_ADD_ALIAS: Final = prepare(_new(machine_aliases, (*_OF_MACHINE, *_ALIAS)))
_DROP_ALIAS: Final = prepare(delete(machine_aliases).where(_mine(machine_aliases, "state_machine_id", "name")))
_DROP_ALIASES: Final = prepare(
    delete(machine_aliases).where(_mine(machine_aliases, "state_machine_id")), "delete all aliases"
)
_ACTIVITY_BY_NAME: Final = prepare(_read(activities, _ACTIVITY, "name"))
_ACTIVITIES: Final = prepare(_page(activities, _ACTIVITY), "list activities")
_ADD_ACTIVITY: Final = prepare(_new(activities, ("company_id", *_ACTIVITY[1:])))
_TAG_ACTIVITY: Final = prepare(
    update(activities).where(_mine(activities, "id")).values(tags=bindparam("tags", type_=activities.c.tags.type))
)
_REMOVE_ACTIVITY: Final = prepare(delete(activities).where(_mine(activities, "id")))


_WITH_ENDS: Final = prepare(
    select(ends.c.company_id).distinct().order_by(ends.c.company_id), "list companies with ends"
)


_PERCENTILES: Final = (50, 95, 99)


def _durations(conditions: tuple[str, ...]) -> Any:
    """Give the statement that measures the newest executions; the nearest rank, as the engine's own statistics."""
    e = executions.c
    compared = {
        "workflow": e.workflow == bindparam("workflow", type_=e.workflow.type),
        "started_from": e.started_at >= bindparam("started_from", type_=e.started_at.type),
        "started_before": e.started_at < bindparam("started_before", type_=e.started_at.type),
    }
    newest = (
        select(e.status, (type_coerce(e.ended_at, KEY) - type_coerce(e.started_at, KEY)).label("took"))
        .where(e.company_id == bindparam("company", type_=e.company_id.type), *(compared[name] for name in conditions))
        .order_by(e.started_at.desc(), e.id.desc())
        .limit(bindparam("most", type_=Integer()))
        .subquery("newest")
    )
    n = newest.c
    ended = func.count(n.took).over(partition_by=n.status).label("ended")
    place = func.row_number().over(partition_by=(n.status, n.took.is_(None)), order_by=n.took).label("place")
    ranked = select(n.status, n.took, ended, place).subquery("ranked")
    r = ranked.c
    ranks = [
        func.max(case(((r.place - 1) * 100 < r.ended * share, case((r.place * 100 >= r.ended * share, r.took)))))
        for share in _PERCENTILES
    ]
    total = cast(func.sum(r.took), KEY)
    return select(r.status, func.count(), func.count(r.took), total, *ranks).group_by(r.status)


_CONDITIONS: Final = ("workflow", "started_from", "started_before")
_DURATIONS: Final = {
    names: prepare(_durations(names), "measure executions")
    for size in range(len(_CONDITIONS) + 1)
    for names in combinations(_CONDITIONS, size)
}


def measuring(conditions: tuple[str, ...]) -> Prepared:
    """Give the statement that measures executions under these conditions, which are ``_CONDITIONS`` or some of them."""
    return _DURATIONS[conditions]


class SqlTallies:
    """Sums over the executions of the context's company, in the engine's table."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def companies_with_ends(self) -> Sequence[CompanyId]:
        """Give the companies that have ends of executions nobody was told of."""
        return [CompanyId(int(company)) for (company,) in self._session.all(_WITH_ENDS)]

    def durations(self, query: TallyQuery, most: int) -> Sequence[Tally]:
        """Measure the newest executions, at most so many, by status."""
        given = {name: value for name in _CONDITIONS if (value := getattr(query, name)) is not None}
        rows = self._session.all(measuring(tuple(given)), company=self._company, most=most, **given)
        return [_tally(*row) for row in rows]


def _tally(status: str, count: int, ended: int, took: int | None, *ranks: int | None) -> Tally:
    p50, p95, p99 = ranks
    mean = None if took is None else took / ended
    return Tally(stage=Stage(status), count=count, mean=mean, p50=p50, p95=p95, p99=p99)


@contextmanager
def _again() -> Iterator[None]:
    """Have the transaction run again when its like was stored meanwhile: then it is found."""
    try:
        yield
    except ConstraintViolated as violated:
        raise RolledBack from violated


class SqlMachines:
    """Machines of the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def by_name(self, name: str) -> Machine | None:
        """Give the machine of this name."""
        row = self._session.one(BY_NAME, the_company_id=self._company, the_name=name)
        return None if row is None else machine_of(row)

    def held(self, name: str) -> Machine | None:
        """Give the machine of this name, which is not removed before the transaction is over."""
        row = self._session.one(_HOLD, the_company_id=self._company, the_name=name)
        return None if row is None else machine_of(row)

    def get(self, number: MachineId) -> Machine:
        """Give the machine of this id. Raises NotFound."""
        row = self._session.one(_BY_ID, the_company_id=self._company, the_id=number)
        if row is None:
            raise NotFound(kind="workflow", id=number)
        return machine_of(row)

    def add(self, machine: Machine) -> None:
        """Store a new machine and set its id. Raises RolledBack when the name was taken meanwhile."""
        machine.version = 1
        with _again():
            machine.id = MachineId(
                self._session.insert(
                    _ADD,
                    company_id=self._company,
                    name=machine.name,
                    created_at=machine.created_at,
                    **_moved(machine),
                )
            )

    def save(self, machine: Machine) -> None:
        """Store changes. Raises RolledBack when somebody else has changed it meanwhile."""
        seen = machine.version
        machine.version = seen + 1
        whose = {"the_company_id": self._company, "the_id": machine.id, "the_version": seen}
        if not self._session.run(_SAVE, **whose, **_moved(machine)):
            raise RolledBack

    def remove(self, machine: Machine) -> None:
        """Remove it with its versions and aliases; revisions stay for the executions that run them."""
        for statement in (_DROP_ALIASES, _WITHDRAW_ALL):
            self._session.run(statement, **self._of(machine))
        self._session.run(_REMOVE, the_company_id=self._company, the_id=machine.id)

    def page(self, after: str, limit: int) -> Sequence[Machine]:
        """Give machines by name, those beyond ``after``."""
        rows = self._session.all(_MACHINES, the_company_id=self._company, after=after, most=limit)
        return [machine_of(row) for row in rows]

    def revise(self, revision: Revision) -> RevisionNumber:
        """Store a new revision and give its number."""
        given = {name: getattr(revision, name) for name in _REVISED}
        return RevisionNumber(self._session.insert(_REVISE, company_id=self._company, **given))

    def revision(self, number: RevisionNumber) -> Revision | None:
        """Give a revision."""
        row = self._session.one(REVISION, the_company_id=self._company, the_id=number)
        return None if row is None else revision_of(row)

    def published_role(self, number: RevisionNumber) -> str:
        """Give the role ARN of a revision that is published as a version now, else nothing."""
        return self._session.scalar(_PUBLISHED_ROLE, the_company_id=self._company, the_id=number) or ""

    def publish(self, machine: Machine, version: Published) -> None:
        """Store a new version."""
        with _again():
            self._session.run(
                _PUBLISH,
                company_id=self._company,
                state_machine_id=machine.id,
                number=version.number,
                machine_revision_id=version.revision,
                description=version.description,
                created_at=version.created_at,
            )

    def versions(self, machine: Machine) -> Sequence[Published]:
        """Give the versions, newest first."""
        return [_published(row) for row in self._session.all(_VERSIONS, **self._of(machine))]

    def version(self, machine: Machine, number: int) -> Published | None:
        """Give the version of this number."""
        row = self._session.one(VERSION, **self._of(machine), the_number=number)
        return None if row is None else _published(row)

    def withdraw(self, machine: Machine, number: int) -> None:
        """Remove a version."""
        self._session.run(_WITHDRAW, **self._of(machine), the_number=number)

    def aliases(self, machine: Machine) -> Sequence[Alias]:
        """Give the aliases by name."""
        return [alias_of(row) for row in self._session.all(ALIASES, **self._of(machine))]

    def put_alias(self, machine: Machine, alias: Alias) -> None:
        """Store an alias, in place of one of this name if there is one."""
        self.remove_alias(machine, alias.name)
        given = {name: getattr(alias, name) for name in _ALIAS if name not in _LED}
        given |= {name: [[route.version, route.weight] for route in getattr(alias, name)] for name in _LED}
        with _again():
            self._session.run(_ADD_ALIAS, company_id=self._company, state_machine_id=machine.id, **given)

    def remove_alias(self, machine: Machine, name: str) -> None:
        """Remove an alias."""
        self._session.run(_DROP_ALIAS, **self._of(machine), the_name=name)

    def _of(self, machine: Machine) -> dict[str, Any]:
        return {"the_company_id": self._company, "the_state_machine_id": machine.id}


class SqlActivities:
    """Activities of the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def by_name(self, name: str) -> Activity | None:
        """Give the activity of this name."""
        row = self._session.one(_ACTIVITY_BY_NAME, the_company_id=self._company, the_name=name)
        return None if row is None else _activity(row)

    def add(self, activity: Activity) -> None:
        """Store a new one and set its id. Raises RolledBack when the name was taken meanwhile."""
        given = {name: getattr(activity, name) for name in _ACTIVITY[1:]}
        with _again():
            activity.id = self._session.insert(_ADD_ACTIVITY, company_id=self._company, **given)

    def tag(self, activity: Activity) -> None:
        """Store its tags."""
        self._session.run(_TAG_ACTIVITY, the_company_id=self._company, the_id=activity.id, tags=activity.tags)

    def remove(self, activity: Activity) -> None:
        """Remove it."""
        self._session.run(_REMOVE_ACTIVITY, the_company_id=self._company, the_id=activity.id)

    def page(self, after: str, limit: int) -> Sequence[Activity]:
        """Give activities by name, those beyond ``after``."""
        rows = self._session.all(_ACTIVITIES, the_company_id=self._company, after=after, most=limit)
        return [_activity(row) for row in rows]


def revision_of(row: Row) -> Revision:
    """Give the revision in a row that REVISION gave."""
    fields = dict(zip(_REVISED, row[1:], strict=True))
    return Revision(number=RevisionNumber(row[0]), kind=MachineKind(fields.pop("kind")), **fields)


def _moved(machine: Machine) -> dict[str, Any]:
    given = {name: getattr(machine, name) for name in _MOVED if name != "machine_revision_id"}
    return {**given, "machine_revision_id": machine.revision}


def machine_of(row: Row) -> Machine:
    """Make a machine of its row."""
    fields = dict(zip(_MACHINE, row, strict=True))
    return Machine(revision=fields.pop("machine_revision_id"), kind=MachineKind(fields.pop("kind")), **fields)


def _published(row: Row) -> Published:
    number, revision, description, created_at = row
    return Published(number=number, revision=revision, description=description, created_at=created_at)


def alias_of(row: Row) -> Alias:
    """Make an alias of its row."""
    fields = dict(zip(_ALIAS, row, strict=True))
    for name in _LED:
        fields[name] = tuple(Route(version=version, weight=weight) for version, weight in fields[name] or ())
    return Alias(**fields)


def _activity(row: Row) -> Activity:
    return Activity(**dict(zip(_ACTIVITY, row, strict=True)))
