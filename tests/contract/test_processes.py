"""Machines, activities and AWS credentials are kept alike on every database, and each company has its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from app.domain.access import AwsCredential
from app.domain.identity import Role, User
from app.domain.processes import (
    Activity,
    Alias,
    Machine,
    MachineKind,
    Missing,
    Published,
    Refused,
    Revision,
    RevisionNumber,
    Route,
)
from app.domain.shared.errors import NotFound, Stale, UnknownReference
from app.domain.shared.rights import ALL_RIGHTS, Right
from app.infrastructure.clock import pause
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.infrastructure.keys import RandomMint
from app.infrastructure.processes import EngineExecutions, Workflows
from app.infrastructure.processes.engine import key_of
from app.usecases import processes as cases
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack
from app.usecases.processes import MachineRef, NewMachine
from app.usecases.run import Runner
from tests.support.aws import ROLE, machine
from tests.support.clock import FakeClock
from tests.support.databases import company_context, unique_name
from tests.support.resources import bare_language, bare_workflows

pytestmark = pytest.mark.fast
NOW: Final = datetime(2031, 5, 1, 12, 0, 0, 123_000, tzinfo=UTC)
LATER: Final = NOW + timedelta(minutes=1)
OWNED: Final = {"type": "AWS_OWNED_KEY"}
OFF: Final = {"level": "OFF", "includeExecutionData": False}
WAIT: Final = machine({"Type": "Wait", "Seconds": 3600})
_tokens: Final = count(1)
Result = TypeVar("Result")


def in_one(works: SqlWorks, context: Context, do: Callable[[SqlWork], Result]) -> Result:
    """Do something in a transaction of its own."""
    with works.writing(context) as work:
        done = do(work)
        work.commit()
    return done


def seen(works: SqlWorks, context: Context, look: Callable[[SqlWork], Result]) -> Result:
    """Look at what is stored."""
    with works.reading(context) as work:
        return look(work)


def revision(name: str = "one", definition: str = "{}") -> Revision:
    return Revision(
        machine=name,
        token=f"token {next(_tokens)}",
        definition=definition,
        role=ROLE,
        region="eu-west-1",
        kind=MachineKind.STANDARD,
        logging=OFF,
        tracing={"enabled": True},
        encryption=OWNED,
        created_at=NOW,
    )


def added(work: SqlWork, name: str = "one", **fields: Any) -> Machine:
    """Enter a machine with its first revision."""
    number = work.machines.revise(revision(name))
    made = Machine(name=name, kind=MachineKind.STANDARD, revision=number, created_at=NOW, updated_at=NOW, **fields)
    work.machines.add(made)
    return made


def alias(name: str, *routes: tuple[int, int]) -> Alias:
    weighed = tuple(Route(version=version, weight=weight) for version, weight in routes)
    return Alias(name=name, description="d", routes=weighed, created_at=NOW, updated_at=NOW)


def version(machine: Machine, number: int) -> Published:
    return Published(number=number, revision=machine.revision, description=f"v{number}", created_at=NOW)


# --- machines ---


def test_a_machine_is_read_as_it_was_stored(works: SqlWorks, context: Context) -> None:
    """ASL-06: with tags, instants to the millisecond, and its revision."""
    made = in_one(works, context, lambda work: added(work, tags={"a": "ü", "": ""}, last_version=3))
    assert made.id
    assert made.version == 1
    assert seen(works, context, lambda work: work.machines.by_name("one")) == made
    stored = seen(works, context, lambda work: work.machines.revision(made.revision))
    assert stored is not None
    assert replace(stored, number=RevisionNumber(0), token="") == replace(revision(), token="")


def test_what_is_not_there_is_none(works: SqlWorks, context: Context) -> None:
    with works.reading(context) as work:
        assert work.machines.by_name("one") is None
        assert work.machines.revision(RevisionNumber(2**40)) is None
        assert work.activities.by_name("one") is None
        assert work.aws_credentials.by_access_key("TRAMNOBODY") is None
        assert not work.machines.page("", 10)
        assert not work.activities.page("", 10)


def test_names_are_told_apart_by_case_accents_and_blanks_of_other_kinds(works: SqlWorks, context: Context) -> None:
    """ASL-06: AWS compares names letter by letter; so does every database here."""
    names = ["A", "a", "e", "é", "straße", "strasse"]

    def enter(work: SqlWork) -> None:
        for name in names:
            added(work, name)
            work.activities.add(Activity(name=name, encryption=OWNED, created_at=NOW))

    in_one(works, context, enter)
    with works.reading(context) as work:
        found = [(work.machines.by_name(name), work.activities.by_name(name)) for name in names]
        assert [(one.name, two.name) for one, two in found if one and two] == [(name, name) for name in names]
        assert sorted(one.name for one in work.machines.page("", 10)) == sorted(names)
        # Pages by one: every name once, in the order that this database has for names.
        walked, after = [], ""
        while page := work.activities.page(after, 1):
            after = page[0].name
            walked.append(after)
        assert sorted(walked) == sorted(names)


def test_a_change_is_stored_and_a_second_one_of_the_same_state_is_not(works: SqlWorks, context: Context) -> None:
    """ASL-06: the machine's version orders those who change it."""
    made = in_one(works, context, added)
    other = replace(made)
    made.tags, made.last_version, made.updated_at = {"b": "2"}, 7, LATER
    in_one(works, context, lambda work: work.machines.save(made))
    assert seen(works, context, lambda work: work.machines.by_name("one")) == made
    with pytest.raises(RolledBack):
        in_one(works, context, lambda work: work.machines.save(other))


def test_a_name_is_given_once(works: SqlWorks, context: Context) -> None:
    """ASL-06: whoever comes second is to look again."""
    in_one(works, context, added)
    with pytest.raises(RolledBack):
        in_one(works, context, added)
    activity = Activity(name="one", encryption=OWNED, created_at=NOW)
    in_one(works, context, lambda work: work.activities.add(activity))
    with pytest.raises(RolledBack):
        in_one(works, context, lambda work: work.activities.add(replace(activity, id=0)))


def test_versions_and_aliases_come_in_order_and_go_one_by_one(works: SqlWorks, context: Context) -> None:
    """ASL-06: versions newest first, aliases by name; one of each is replaced or removed without the others."""
    made = in_one(works, context, added)

    def enter(work: SqlWork) -> None:
        for number in (2, 10, 1):
            work.machines.publish(made, version(made, number))
        for name in ("b", "a"):
            work.machines.put_alias(made, alias(name, (1, 40), (10, 60)))
        work.machines.put_alias(made, alias("b", (2, 100)))

    in_one(works, context, enter)
    with works.reading(context) as work:
        assert list(work.machines.versions(made)) == [version(made, number) for number in (10, 2, 1)]
        assert list(work.machines.aliases(made)) == [alias("a", (1, 40), (10, 60)), alias("b", (2, 100))]

    def less(work: SqlWork) -> None:
        work.machines.withdraw(made, 2)
        work.machines.remove_alias(made, "b")

    in_one(works, context, less)
    with works.reading(context) as work:
        assert [one.number for one in work.machines.versions(made)] == [10, 1]
        assert [one.name for one in work.machines.aliases(made)] == ["a"]


def test_a_version_is_published_once(works: SqlWorks, context: Context) -> None:
    made = in_one(works, context, added)
    in_one(works, context, lambda work: work.machines.publish(made, version(made, 1)))
    with pytest.raises(RolledBack):
        in_one(works, context, lambda work: work.machines.publish(made, version(made, 1)))


def test_a_machine_goes_with_all_but_its_revisions(works: SqlWorks, context: Context) -> None:
    """ASL-06: executions that were started go on showing what they ran."""
    made = in_one(works, context, added)

    def enter(work: SqlWork) -> None:
        work.machines.publish(made, version(made, 1))
        work.machines.put_alias(made, alias("a", (1, 100)))

    in_one(works, context, enter)
    in_one(works, context, lambda work: work.machines.remove(made))
    with works.reading(context) as work:
        assert work.machines.by_name("one") is None
        assert not work.machines.versions(made)
        assert not work.machines.aliases(made)
        assert work.machines.revision(made.revision) is not None


def test_an_activity_is_read_as_it_was_stored_tagged_and_removed(works: SqlWorks, context: Context) -> None:
    """ASL-06."""
    made = Activity(name="one", encryption=OWNED, tags={"a": "1"}, created_at=NOW)
    in_one(works, context, lambda work: work.activities.add(made))
    assert seen(works, context, lambda work: work.activities.by_name("one")) == made
    made.tags = {"b": "2"}
    in_one(works, context, lambda work: work.activities.tag(made))
    assert seen(works, context, lambda work: work.activities.by_name("one")) == made
    in_one(works, context, lambda work: work.activities.remove(made))
    assert seen(works, context, lambda work: work.activities.by_name("one")) is None


# --- credentials ---


def joined(work: SqlWork, context: Context, *roles: Role) -> User:
    """Enter a member with roles made for it."""
    user = User(email=f"{unique_name()}-{context.company}@example.com", name="M", password_hash="x")
    work.users.add(user)
    for role in roles:
        work.roles.add(context.company, role)
    work.users.join(user.id, context.company, [role.id for role in roles])
    return user


def credential_in(works: SqlWorks, context: Context) -> AwsCredential:
    """Enter a member and a credential that stands for it."""

    def enter(work: SqlWork) -> AwsCredential:
        made = AwsCredential(
            company=context.company,
            user=joined(work, context).id,
            access_key=RandomMint().access_key(),
            name="k",
            scopes=frozenset({Right.WORKFLOWS_READ}),
            created_at=NOW,
            expires_at=LATER,
        )
        work.aws_credentials.add(made)
        return made

    return in_one(works, context, enter)


def test_a_credential_is_found_by_its_key_rotated_and_revoked(works: SqlWorks, context: Context) -> None:
    """ASL-06: by access key from nowhere in particular, because nobody is signed in yet."""
    made = credential_in(works, context)
    elsewhere = company_context(works)
    assert seen(works, elsewhere, lambda work: work.aws_credentials.by_access_key(made.access_key)) == made
    made.secret_version, made.revoked_at = 2, LATER
    stale = replace(made)
    in_one(works, context, lambda work: work.aws_credentials.save(made))
    assert seen(works, context, lambda work: work.aws_credentials.get(made.id)) == made
    with pytest.raises(Stale):
        in_one(works, context, lambda work: work.aws_credentials.save(stale))


# --- two companies ---


def test_nothing_of_one_company_is_found_or_changed_by_another(works: SqlWorks, context: Context) -> None:
    """ERP-13: the same names, the other's ids and objects: nothing is found, nothing is changed."""
    made = in_one(works, context, added)
    activity = Activity(name="one", encryption=OWNED, created_at=NOW)
    mine = credential_in(works, context)

    def enter(work: SqlWork) -> None:
        work.activities.add(activity)
        work.machines.publish(made, version(made, 1))
        work.machines.put_alias(made, alias("a", (1, 100)))

    in_one(works, context, enter)
    other = company_context(works)
    with works.reading(other) as work:
        assert work.machines.by_name("one") is None
        assert work.machines.revision(made.revision) is None
        assert not work.machines.versions(made)
        assert not work.machines.aliases(made)
        assert not work.machines.page("", 10)
        assert work.activities.by_name("one") is None
        assert not work.activities.page("", 10)
        with pytest.raises(NotFound):
            work.aws_credentials.get(mine.id)
    spoilt = replace(activity, tags={"spoilt": "1"})
    in_one(works, other, lambda work: work.activities.tag(spoilt))
    in_one(works, other, lambda work: work.activities.remove(activity))
    in_one(works, other, lambda work: work.machines.withdraw(made, 1))
    in_one(works, other, lambda work: work.machines.remove_alias(made, "a"))
    in_one(works, other, lambda work: work.machines.remove(made))
    with pytest.raises(RolledBack):
        in_one(works, other, lambda work: work.machines.save(replace(made)))
    with pytest.raises(Stale):
        in_one(works, other, lambda work: work.aws_credentials.save(replace(mine)))
    with works.reading(context) as work:
        assert work.machines.by_name("one") == made
        assert [one.number for one in work.machines.versions(made)] == [1]
        assert [one.name for one in work.machines.aliases(made)] == ["a"]
        assert work.activities.by_name("one") == activity
        assert work.aws_credentials.get(mine.id) == mine


# --- two at once ---


class Races:
    """Use cases of one company, and what becomes of two at once."""

    def __init__(self, works: SqlWorks, context: Context, clock: FakeClock, workflows: Workflows) -> None:
        self.works, self.context, self.clock, self.workflows = works, context, clock, workflows
        self.executions = EngineExecutions(workflows)
        self.language = bare_language(clock, extended=False)
        self._names = count(1)

    def create(self, definition: str, **fields: Any) -> tuple[Any, Any]:
        """Give the use case and its request that enter the machine."""
        new = NewMachine(
            name="one",
            definition=definition,
            role=ROLE,
            region="us-east-1",
            kind=MachineKind.STANDARD,
            logging=OFF,
            tracing={"enabled": False},
            encryption=OWNED,
            **fields,
        )
        return cases.CreateMachine(self.clock, self.language), new

    def update(self, definition: str) -> tuple[Any, Any]:
        """Give those that change it."""
        change = cases.MachineChange(name="one", region="us-east-1", definition=definition)
        return cases.UpdateMachine(self.clock, self.language, lambda: f"r{next(self._names)}"), change

    def publish(self, token: str | None = None) -> tuple[Any, Any]:
        """Give those that publish it."""
        return cases.PublishVersion(self.clock, self.language), cases.Publish(name="one", token=token)

    def delete(self) -> tuple[Any, Any]:
        """Give those that remove it."""
        return cases.DeleteMachine(self.executions), "one"

    def done(self, step: tuple[Any, Any]) -> Any:
        """Do it now."""
        return Runner(self.works, pause).call(self.context, step[0], lambda: step[1])

    def after(self, first: tuple[Any, Any], then: tuple[Any, Any]) -> Any:
        """Do ``then`` while ``first`` is done but not committed; give what comes of it."""
        with ThreadPoolExecutor(1) as pool:
            with self.works.writing(self.context) as work:
                first[0].execute(work, self.context, first[1])
                waiting = pool.submit(self.done, then)
                with pytest.raises(TimeoutError):
                    waiting.result(0.1)
                work.commit()
            return waiting.result(60)

    def now(self) -> cases.Seen:
        """Show the machine."""
        seen: cases.Seen = self.done((cases.ReadMachine(self.language), MachineRef(name="one")))
        return seen


@pytest.fixture
def races(works: SqlWorks, context: Context, clock: FakeClock, tmp_path: Path) -> Iterator[Races]:
    member = in_one(works, context, lambda work: joined(work, context, Role(name="all", rights=ALL_RIGHTS)))
    workflows = bare_workflows(works, clock, tmp_path)
    yield Races(works, replace(context, actor=member.id), clock, workflows)
    workflows.end()


def test_who_removes_a_machine_stops_what_was_started_before(races: Races) -> None:
    """ASL-06: what starts while its machine goes is either stopped with it or never starts."""
    start = (cases.StartExecution(races.executions), cases.Start(of=MachineRef(name="one"), name="e", input="{}"))
    races.done(races.create(WAIT))
    races.after(start, races.delete())
    begun = races.executions.find(races.context.company, "one", "e")
    assert begun is not None
    races.workflows.begin()
    ended = races.workflows.engine.wait_for(key_of(races.context.company, begun.id))
    assert ended.status.value == "aborted"
    races.done(races.create(machine()))
    with pytest.raises(Missing, match="StateMachineDoesNotExist"):
        races.after(races.delete(), start)
    races.done(races.create(machine()))
    run = cases.NewRun(workflow="one", version=None, alias=None, name=None, input="{}", reference=None)
    with pytest.raises(UnknownReference) as refused:
        races.after(races.delete(), (cases.StartRun(races.executions), run))
    assert refused.value.at == ("workflow",)


def test_of_two_who_create_one_machine_the_second_gets_what_the_first_made(races: Races) -> None:
    """ASL-06: creation is idempotent for two at once as well, and refused where they differ."""
    first = races.create(machine())
    made = races.after(first, races.create(machine()))
    assert made.machine.id == races.now().machine.id


def test_of_two_who_create_different_machines_of_one_name_the_second_is_refused(races: Races) -> None:
    with pytest.raises(Refused, match="StateMachineAlreadyExists"):
        races.after(races.create(machine()), races.create(WAIT))
    assert races.now().revision.definition == machine()


def test_of_two_who_change_a_machine_the_second_changes_what_the_first_left(races: Races) -> None:
    """ASL-06: nothing is lost: both revisions are there, the later one is current."""
    races.done(races.create(machine()))
    changed = races.after(races.update(WAIT), races.update(machine({"Type": "Succeed"})))
    assert races.now().revision.token == changed.revision.token
    assert races.now().revision.definition == machine({"Type": "Succeed"})


def test_who_publishes_while_the_machine_changes_publishes_the_change(races: Races) -> None:
    """ASL-06: or is refused, when it was another revision that was to be published."""
    races.done(races.create(machine()))
    published = races.after(races.update(WAIT), races.publish())
    assert published.revision == races.now().revision.number
    with pytest.raises(Refused, match="ConflictException"):
        races.after(races.update(machine()), races.publish(races.now().revision.token))


def test_two_who_publish_one_revision_get_one_version(races: Races) -> None:
    """ASL-06: numbers have no gaps."""
    races.done(races.create(machine()))
    assert races.after(races.publish(), races.publish()).number == 1
    assert races.now().machine.last_version == 1


def test_a_version_that_an_alias_takes_meanwhile_is_not_removed(races: Races) -> None:
    """ASL-06: an alias always leads somewhere."""
    races.done(races.create(machine(), publish=True))
    routes = (Route(version=1, weight=100),)
    live = cases.NewAlias(machine="one", name="live", description=None, routes=routes, new=True)
    taken = (cases.PutAlias(races.clock), live)
    with pytest.raises(Refused, match="ConflictException"):
        races.after(taken, (cases.DeleteVersion(), MachineRef(name="one", qualifier="1")))
    assert races.done((cases.ListVersions(), "one"))


def test_a_machine_that_goes_meanwhile_is_not_changed(races: Races) -> None:
    """ASL-06: whoever comes second finds none, and leaves nothing behind."""
    races.done(races.create(machine()))
    with pytest.raises(NotFound):
        races.after(races.delete(), races.update(WAIT))
    assert not races.done((cases.ListMachines(), cases.Page()))
