"""The HTTP shell on a memory Work, with a handful of endpoints of the test's own."""

from __future__ import annotations

import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Annotated, Any, ClassVar, Final

from anyio import to_thread
from argon2 import PasswordHasher
from fastapi import APIRouter, FastAPI, Response
from pydantic import Field
from starlette.testclient import TestClient

from app.api.create import ROUTERS, create_app
from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.shared import AmountIn, Change, Day, Flag, Id, In, Out, PathId, QuantityIn, Text
from app.domain.access import Limit, SessionLife
from app.domain.identity import Company, CompanySettings, Membership, User
from app.domain.shared.errors import Conflict, Invalid, NotFound
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import Right
from app.infrastructure.images import PillowImages
from app.infrastructure.keys import RandomMint
from app.infrastructure.otp import TimeCodes
from app.infrastructure.passwords import ArgonPasswords
from app.infrastructure.texts import Texts
from app.infrastructure.tokens import JwtTokens
from app.infrastructure.vault import AesVault
from app.settings import Settings
from app.usecases.access import ChangePassword, LeaveSecondFactor, Limits, Refresh, SignIn
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.run import Runner
from app.usecases.shared import ListCase, Versioned
from tests.support.calling import Caller
from tests.support.clock import FakeClock
from tests.support.files import MemoryFiles
from tests.support.printers import RecordingPrinter
from tests.support.works import MemoryWorks

KEY: Final = urlsafe_b64encode(bytes(range(32))).decode()
PASSWORD: Final = "a long enough password"
CHEAP: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ANN: Final = UserId(1)
COMPANY: Final = CompanyId(7)
CLERK: Final = RoleId(3)

NOTES: Final = Listing(
    name="notes",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="title", kind=FieldKind.TEXT, sortable=True),
        ListField(name="state", kind=FieldKind.CHOICE, choices=("open", "done")),
        ListField(name="day", kind=FieldKind.DATE, sortable=True),
        ListField(name="worth", kind=FieldKind.AMOUNT, sortable=True),
        ListField(name="share", kind=FieldKind.RATE, nullable=True),
        ListField(name="pinned", kind=FieldKind.FLAG),
        ListField(name="seen_at", kind=FieldKind.INSTANT, sortable=True),
        ListField(name="hidden", kind=FieldKind.TEXT, filterable=False),
    ),
    default_sort=(Sort(field="day", descending=True),),
)


class NoteLocked(Conflict):
    """The note is locked."""

    code = "notes.locked"


class BadRow(Invalid):
    """A row of the note is bad."""

    code = "notes.bad_row"


@dataclass(slots=True, kw_only=True)
class Note:
    """What the test endpoints keep."""

    id: int = 0
    title: str
    version: int = 0


@dataclass
class WriteNote:
    """Write a note."""

    right: ClassVar[Right | None] = Right.ORDERS_WRITE
    writes: ClassVar[bool] = True
    numbers: Any = field(default_factory=lambda: count(1))
    written: list[Note] = field(default_factory=list)
    hold: Callable[[], object] = lambda: None

    def execute(self, _work: Any, _context: Context, request: Note) -> Note:
        """Keep the note."""
        self.hold()
        if request.title == "locked":
            raise NoteLocked(note=1, state="draft")
        if request.title == "bad":
            raise BadRow(at=("rows", 2, "a/b~c"), value=3)
        if request.title == "crash":
            raise ZeroDivisionError("the password is hunter2")
        request.id = next(self.numbers)
        self.written.append(request)
        return request


@dataclass
class ReadNote:
    """Show a note."""

    right: ClassVar[Right | None] = Right.ORDERS_READ
    writes: ClassVar[bool] = False

    def execute(self, _work: Any, _context: Context, request: int) -> Note:
        """Give the note."""
        if request > 100:
            raise NotFound(kind="note", id=request)
        return Note(id=request, title="kept", version=4)


@dataclass
class ChangeNote:
    """Change a note."""

    right: ClassVar[Right | None] = Right.ORDERS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, _work: Any, _context: Context, request: Versioned) -> Note:
        """Give the note as it is now."""
        request.matches(4)
        return Note(id=request.id, title="changed", version=5)


class ListNotes(ListCase):
    """List notes."""

    __slots__ = ()
    right = Right.ORDERS_READ
    listing = NOTES


class RowIn(In):
    """One row of a note."""

    worth: AmountIn = Field(description="Worth")
    count: QuantityIn | None = Field(None, description="How many")


class NoteIn(In):
    """A note to write."""

    title: Text = Field(min_length=1, max_length=20, description="Title")
    rows: list[RowIn] = Field(default_factory=list, max_length=3, description="Rows")
    day: Day | None = Field(None, description="Day")
    pinned: Flag = Field(default=False, description="Whether pinned")
    parent: Id | None = Field(None, description="Parent")

    def to_domain(self) -> Note:
        return Note(title=self.title)


class NoteChange(Change):
    """Changes of a note."""

    title: Text = Field("", description="Title")


class NoteOut(Out):
    """A note."""

    id: int = Field(description="Id")
    title: str = Field(description="Title")
    version: int = Field(description="Version")

    @classmethod
    def of(cls, note: Note) -> NoteOut:
        return cls(id=note.id, title=note.title, version=note.version)


def notes() -> APIRouter:
    """Give a router with one endpoint of each kind."""
    routes = router("notes")

    @routes.post("/notes", **gives(NoteOut, 201))
    def write_note(body: NoteIn, run: Annotated[Run, provide(WriteNote)]) -> Response:
        return run(build=body.to_domain, present=NoteOut.of)

    @routes.post("/notes/{note_id}/copy", **gives(NoteOut, 201))
    def copy_note(note_id: PathId, run: Annotated[Run, provide(WriteNote)]) -> Response:
        return run(build=lambda: Note(title=f"copy of {note_id}"), present=NoteOut.of, location="/api/v1/notes/{id}")

    @routes.get("/notes")
    def list_notes(run: Annotated[ListRun, provide_list(ListNotes)]) -> Response:
        return run()

    @routes.get("/notes/{note_id}", **gives(NoteOut))
    def read_note(note_id: PathId, run: Annotated[Run, provide(ReadNote)]) -> Response:
        return run(build=lambda: note_id, present=NoteOut.of)

    @routes.patch("/notes/{note_id}", **gives(NoteOut))
    def change_note(
        note_id: PathId, version: IfMatch, body: NoteChange, run: Annotated[Run, provide(ChangeNote)]
    ) -> Response:
        body.sent()
        return run(build=lambda: Versioned(id=note_id, version=version), present=NoteOut.of)

    @routes.delete("/notes/{note_id}", **gives())
    def delete_note(note_id: PathId, version: IfMatch, run: Annotated[Run, provide(ChangeNote)]) -> Response:
        return run(build=lambda: Versioned(id=note_id, version=version), present=lambda _: None)

    return routes


class Idle:
    """Nothing runs beside the requests, but it is told when they begin and end."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")

    def stop(self) -> None:
        self.told.append("stop")


class IdlePool:
    """No jobs, but it is told when to come to an end."""

    working = True

    def __init__(self) -> None:
        self.drained = False

    async def run(self) -> None:
        """Do nothing."""

    def drain(self) -> None:
        self.drained = True


class IdleWorkflows:
    """No executions advance."""

    def begin(self) -> None:
        """Begin nothing."""

    def end(self) -> None:
        """Have nothing to end."""


@dataclass(kw_only=True)
class FakeContainer:
    """All that the API is handed, on memory."""

    settings: Settings
    clock: FakeClock
    works: MemoryWorks
    tokens: JwtTokens
    passwords: ArgonPasswords
    runner: Runner
    sign_in: SignIn
    refresh: Refresh
    change_password: ChangePassword
    leave_second_factor: LeaveSecondFactor
    cases: Mapping[type[Any], Any]
    texts: Texts = field(default_factory=Texts)
    files: MemoryFiles = field(default_factory=MemoryFiles)
    printer: RecordingPrinter = field(default_factory=RecordingPrinter)
    images: PillowImages = field(default_factory=PillowImages)
    background: Idle = field(default_factory=Idle)
    pool: IdlePool = field(default_factory=IdlePool)
    checks: dict[str, bool] = field(default_factory=lambda: {"database": True, "migrations": True})
    looked: int = 0
    workflows: IdleWorkflows = field(default_factory=IdleWorkflows)
    language: Any = None
    executions: Any = None
    map_runs: Any = None
    tasks: Any = None
    aws_secrets: Any = None
    draining: threading.Event = field(default_factory=threading.Event)
    _numbers: Any = field(default_factory=lambda: count(1))

    def readiness(self) -> Mapping[str, bool]:
        self.looked += 1
        if not self.checks:
            raise ConnectionError
        return dict(self.checks)

    def waiting(self, http: TestClient) -> int:
        """Give how many requests wait for a thread."""
        assert http.portal is not None
        limiter = http.portal.call(to_thread.current_default_thread_limiter)
        return limiter.statistics().tasks_waiting

    def request_ids(self) -> str:
        return f"request-{next(self._numbers)}"


def doors(runner: Runner, passwords: ArgonPasswords, tokens: JwtTokens, clock: FakeClock) -> dict[str, Any]:
    """Give the ways in, made of the real tools."""
    limits = Limits(account=Limit(free=5), address=Limit(free=50))
    slow: dict[str, Any] = {"runner": runner, "passwords": passwords, "clock": clock, "limits": limits}
    life = SessionLife(longest=timedelta(days=30), idle=timedelta(days=7))
    going: dict[str, Any] = {"tokens": tokens, "mint": RandomMint(), "life": life}
    return {
        "sign_in": SignIn(**slow, **going, vault=AesVault(KEY), codes=TimeCodes()),
        "refresh": Refresh(runner=runner, clock=clock, limits=limits, **going),
        "change_password": ChangePassword(**slow, **going),
        "leave_second_factor": LeaveSecondFactor(**slow),
    }


def container(**settings: Any) -> FakeContainer:
    """Give a container with one company, one user and one role that may read and write orders."""
    given = {
        "jwt_key": KEY,
        "chain_key": KEY,
        "data_dir": "/nonexistent",
        "jobs": False,
        "workflows": False,
        **settings,
    }
    chosen = Settings.model_validate(given)
    clock = FakeClock()
    works = MemoryWorks()
    passwords = ArgonPasswords(CHEAP)
    works.companies.known[COMPANY] = Company(
        id=COMPANY, name="Acme", country="FR", settings=CompanySettings(zone_name="Europe/Paris")
    )
    works.users.people[ANN] = User(
        id=ANN, email="ann@example.com", name="Ann", password_hash=CHEAP.hash(PASSWORD), locale="en"
    )
    works.users.members.append(Membership(user=ANN, company=COMPANY, roles=frozenset({CLERK})))
    works.roles.granted[CLERK] = frozenset({Right.ORDERS_READ, Right.ORDERS_WRITE})
    runner = Runner(works, lambda _attempt: None)
    tokens = JwtTokens.of(chosen, clock)
    cases: Sequence[Any] = (WriteNote(), ReadNote(), ChangeNote(), ListNotes())
    return FakeContainer(
        settings=chosen,
        clock=clock,
        works=works,
        tokens=tokens,
        passwords=passwords,
        runner=runner,
        **doors(runner, passwords, tokens, clock),
        cases={type(case): case for case in cases},
    )


@cache
def described() -> FastAPI:
    """Give the application to be looked at, never served: its routes, and its document, which takes seconds to make."""
    return create_app(container())


def client(given: FakeContainer, *, signed_in: bool = True) -> Caller:
    """Give a client of the application of ``given``, with a token of Ann's unless told otherwise."""
    app = create_app(given, [*ROUTERS, notes()])
    made = Caller(app, base_url="http://tramita.test")
    if signed_in:
        made.headers["authorization"] = f"Bearer {given.tokens.issue(ANN, COMPANY, [CLERK], 1)}"
    return made
