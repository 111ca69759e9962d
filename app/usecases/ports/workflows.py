"""What the workflow side needs of the engine: the language, executions, work for others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.domain.processes import Execution, ExecutionState, Limits, MachineKind, MapRun, RevisionNumber, Stage
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, CompanyId, UserId
from app.domain.shared.rights import Right
from app.usecases.ports.shared import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a definition, or with the severity WARNING may be."""

    severity: str
    code: str
    message: str
    location: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTest:
    """A state to try out, alone or as one of a machine; all data is JSON text, None where there is none.

    ``error`` is that of its work with its cause, ``mode`` how closely ``result`` is looked at (STRICT, PRESENT, NONE).
    ``retried`` is how often each retrier was used before, ``failed`` how many turns of a Map have failed, ``items``
    what its reader read, ``inside`` the state within that has failed.
    """

    definition: str
    state: str | None = None
    input: str = "{}"
    variables: str = "{}"
    context: str = "{}"
    result: str | None = None
    error: tuple[str, str] | None = None
    mode: str = "STRICT"
    retried: int = 0
    failed: int = 0
    items: str | None = None
    inside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedState:
    """What came of it; ``output`` and what is ``seen`` on the way are JSON text and numbers, by AWS's names.

    ``handled`` tells which retrier or catcher took an error. ``request`` and ``response`` are those of a call of an
    HTTPS API.
    """

    status: str
    output: str | None
    error: str
    cause: str
    next: str
    seen: Mapping[str, str | float]
    handled: Mapping[str, int]
    request: Mapping[str, str] | None = None
    response: Mapping[str, str] | None = None


class Language(Protocol):
    """Amazon States Language."""

    def whole(self, test: StateTest) -> str:
        """Give the machine that a state to try is of; around one that comes alone there is one of stubs.

        Raises Rejected for what cannot be read.
        """
        ...

    def try_state(self, test: StateTest, company: CompanyId, region: str) -> TestedState:
        """Try a state of a sound definition. Raises Rejected for a test that cannot be made."""
        ...

    def findings(self, definition: str, kind: MachineKind) -> Sequence[Finding]:
        """Give all that is wrong with a definition."""
        ...

    def as_json(self, text: str) -> str | Finding:
        """Give a definition in YAML as one in JSON, one in JSON as it is; what is wrong when it cannot be read."""
        ...

    def rights(self, definition: str) -> frozenset[Right]:
        """Give what whoever does the steps of a sound definition must hold."""
        ...

    def references(self, definition: str) -> Mapping[str, Sequence[str]]:
        """Give the variables that each state of a sound definition reads."""
        ...

    def processor(self, definition: str, label: str) -> str:
        """Give the definition of what the executions of a distributed Map run, by the Map's label."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExecution:
    """An execution to be; ``input`` is JSON text. One without a ``name`` is called by its id.

    Those of an ``express`` machine may share a name: each is called ``<name>:<id>``.
    """

    machine: str
    revision: RevisionNumber
    name: str | None
    input: str
    actor: UserId
    api_key: ApiKeyId | None = None
    aws_credential: AwsCredentialId | None = None
    alias: str = ""
    published: int | None = None
    trace: str = ""
    express: bool = False
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an execution has ended; ``reference`` is what it was about, ``error`` the name of what ended it.

    ``alerts`` counts its calls for a person.
    """

    execution: str
    machine: str
    revision: RevisionNumber
    state: ExecutionState
    reference: str
    error: str
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionQuery:
    """Which executions of a machine to list, the newest first; ``since`` and ``after`` are milliseconds.

    ``alias`` and ``published`` leave those that were started with them.
    """

    machine: str
    states: tuple[ExecutionState, ...] = ()
    since: int = 0
    after: tuple[int, str] | None = None
    limit: int = 100
    alias: str = ""
    published: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedTask:
    """What a worker gets: a token to answer with, and JSON text."""

    token: str
    input: str


class Executions(Protocol):
    """The engine, as far as executions go. Machine and revision are names to it."""

    def chance(self) -> int:
        """Give a number from 0 to 99."""
        ...

    def start(self, work: Work, company: CompanyId, new: NewExecution) -> Execution:
        """Start an execution when ``work`` commits; give the one of this name and input if it runs already.

        Raises Refused for another one of this name, Rejected for an input that is no JSON.
        """
        ...

    def listen(self, told: Callable[[CompanyId, str], None]) -> None:
        """Have ``told`` called, from any thread and quickly, with the id of each execution that ends here."""
        ...

    def ended(self, company: CompanyId, execution: str) -> Execution | None:
        """Give an execution by its id once it has ended, None before."""
        ...

    def find(self, company: CompanyId, machine: str, name: str) -> Execution | None:
        """Give an execution."""
        ...

    def page(self, company: CompanyId, query: ExecutionQuery) -> Sequence[Execution]:
        """Give at most ``limit`` executions, without their data."""
        ...

    def history(self, company: CompanyId, execution: Execution) -> Sequence[Mapping[str, Any]]:
        """Give all that happened, in AWS's words."""
        ...

    def stop(self, company: CompanyId, execution: Execution, error: str, cause: str) -> int:
        """End it unless it has ended, and give the instant in milliseconds."""
        ...

    def redrive(self, company: CompanyId, execution: Execution) -> int:
        """Let it go on, and give the instant in milliseconds. Raises Refused when it cannot."""
        ...

    def stop_all(self, work: Work, company: CompanyId, machine: str) -> None:
        """End whatever of the machine runs when ``work`` commits."""
        ...

    def take_ends(self, work: Work, company: CompanyId, limit: int) -> Sequence[Ended]:
        """Give ends that nobody was told of, the oldest first; they are not given again once ``work`` commits."""
        ...

    def purge(self, before: int, limit: int) -> int:
        """Remove executions of all companies that ended before an instant in milliseconds; give how many."""
        ...


class MapRuns(Protocol):
    """The engine, as far as the runs of distributed Maps go."""

    def of(self, company: CompanyId, execution: Execution) -> Sequence[MapRun]:
        """Give the map runs that an execution has started, the newest first."""
        ...

    def find(self, company: CompanyId, machine: str, run: str) -> MapRun | None:
        """Give a map run of the executions of ``<machine>/<label>``."""
        ...

    def members(
        self, company: CompanyId, run: MapRun, states: Sequence[ExecutionState], below: int | None, limit: int
    ) -> Sequence[tuple[int, Execution]]:
        """Give executions with their numbers, those below one, the last started first, without their data."""
        ...

    def adjust(self, company: CompanyId, run: MapRun, limits: Limits) -> None:
        """Change what counts from now on."""
        ...


class Tasks(Protocol):
    """The engine, as far as work for others goes."""

    def listen(self, told: Callable[[], None]) -> None:
        """Have ``told`` called, from any thread and quickly, whenever there is a task to take."""
        ...

    def take(self, company: CompanyId, activity: str, worker: str) -> HandedTask | None:
        """Give a task of the activity if there is one, now taken by ``worker``."""
        ...

    def succeed(self, company: CompanyId, token: str, output: str) -> None:
        """Answer for a task with JSON text. Raises Rejected, Missing."""
        ...

    def fail(self, company: CompanyId, token: str, error: str, cause: str) -> None:
        """Let a task fail. Raises Rejected, Missing."""
        ...

    def answer(self, work: Work, company: CompanyId, token: str, output: Mapping[str, object]) -> None:
        """Answer for a task when ``work`` commits; when nobody waits for it any more, nothing happens."""
        ...

    def heartbeat(self, company: CompanyId, token: str) -> None:
        """Show that a task is worked on. Raises Rejected, Missing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An execution with where it is: ``at`` are the states that its branches are in, ``starter`` who started it.

    ``alerts`` counts its calls for a person: compensations that could not be done, steps behind the pivot that fail.
    """

    execution: Execution
    stage: Stage
    at: tuple[str, ...]
    reference: str
    starter: int | None
    alerts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One stay of an execution in a state; instants are milliseconds, ``branch`` tells lines of work apart.

    ``outcome`` is ``open``, ``succeeded``, ``caught``, ``failed`` or ``aborted``. ``attempts`` are the tasks begun.
    """

    state: str
    branch: int
    entered: int
    left: int | None
    outcome: str
    attempts: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message: ``key`` and ``value`` are what a Message state waits for, ``data`` is JSON.

    The same ``id`` again is the same message. ``keep`` is for how many milliseconds it waits for somebody to want it.
    """

    key: str
    value: str
    data: Any
    id: str | None
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """From where an execution goes on: a state, with ``input`` (JSON text, None for what it came there with)."""

    execution: str
    state: str
    input: str | None
    revision: RevisionNumber


class Runs(Protocol):
    """Executions by id, as the product's own API shows them and acts on them; a child is one like any other."""

    def get(self, company: CompanyId, execution: str) -> Progress | None:
        """Give an execution."""
        ...

    def history(self, company: CompanyId, execution: Execution) -> Sequence[Mapping[str, Any]]:
        """Give all that happened, in AWS's words."""
        ...

    def visits(self, company: CompanyId, execution: str) -> Sequence[Visit]:
        """Give the stays in states, in the order in which they began."""
        ...

    def newest(self, company: CompanyId, machine: str, limit: int) -> Sequence[str]:
        """Give the ids of the newest executions of a machine."""
        ...

    def stuck(self, company: CompanyId, milliseconds: int) -> Sequence[Progress]:
        """Give executions that should have gone on so long ago, or whose workers died with them."""
        ...

    def stop_with(self, work: Work, company: CompanyId, execution: str, error: str, cause: str) -> None:
        """End it when ``work`` commits. Raises ExecutionEnded."""
        ...

    def redrive_with(self, work: Work, company: CompanyId, execution: str) -> None:
        """Let it go on when ``work`` commits. Raises NotRedrivable."""
        ...

    def retry_with(self, work: Work, company: CompanyId, again: Again) -> None:
        """Let it go on from a state when ``work`` commits. Raises Rejected for its input, NotRetriable."""
        ...

    def migrate_with(self, work: Work, company: CompanyId, execution: str, revision: RevisionNumber) -> None:
        """Let it go on by another revision of its machine when ``work`` commits. Raises NotMigratable."""
        ...

    def tell_with(self, work: Work, company: CompanyId, execution: str, told: Told) -> None:
        """Send a message to one execution when ``work`` commits. Raises ExecutionEnded."""
        ...

    def publish_with(self, work: Work, company: CompanyId, told: Told) -> None:
        """Send a message, when ``work`` commits, to whichever execution waits for it first."""
        ...

    def draw(self, company: CompanyId, revision: RevisionNumber, execution: str | None, *, svg: bool) -> str | None:
        """Draw a revision, as SVG or Mermaid, with where an execution has been and is."""
        ...
