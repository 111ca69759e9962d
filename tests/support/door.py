"""The ways in, over HTTP: signing in, refreshing, keys; by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Final

import orjson
import pyotp
import pytest
from sqlalchemy import text

from app.domain.identity import User
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import Right
from app.infrastructure.database.migrate import plain_engine
from app.settings import Settings
from app.usecases.identity import AddMember, AddRole, NewMember, NewRole
from tests.support.api import CHEAP, PASSWORD
from tests.support.clock import FakeClock
from tests.support.office import Office, Reply, Served, serving

_people: Final = count(1)


@dataclass
class Door:
    """Somebody in front of the application; every answer is held against OpenAPI."""

    served: Served
    clock: FakeClock
    office: Office = field(init=False)
    email: str = ""

    def __post_init__(self) -> None:
        self.office = self.served.company()

    @property
    def company(self) -> CompanyId:
        """The company of the test's own."""
        return self.office.company

    def send(self, verb: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send a request to any path; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.served.http.request(verb, path, json=body, headers=named)
        reply = Reply(answer.status_code, answer.headers, answer.json() if answer.content else None)
        route = self.served.route(verb, path)
        self.served.truth.check(route, reply)
        return reply

    def person(self, *rights: Right, company: CompanyId | None = None, **fields: Any) -> str:
        """Enter somebody with a role of these rights, and give the e-mail address."""
        email = f"person{next(_people)}-{self.company}@example.com"
        own = self.company if company is None else company
        role = NewRole(company=own, name=email, rights=frozenset(rights))
        self.served.container.call(AddRole(), lambda: role)
        user = User(email=email, name="Person", password_hash=CHEAP.hash(PASSWORD), **fields)
        self.served.container.call(AddMember(), lambda: NewMember(company=own, user=user, roles=(email,)))
        return email

    def sign_in(self, email: str, password: str = PASSWORD, **fields: Any) -> Reply:
        """Try to sign in."""
        return self.send("POST", "/auth/token", {"email": email, "password": password, **fields})

    def tokens(self, email: str, password: str = PASSWORD, **fields: Any) -> dict[str, Any]:
        """Sign in, and give the tokens."""
        reply = self.sign_in(email, password, **fields)
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.body
        return found

    def refresh(self, token: str, **fields: Any) -> Reply:
        """Try to exchange a refresh token."""
        return self.send("POST", "/auth/refresh", {"refresh_token": token, **fields})

    def as_(self, token: str) -> Office:
        """Give the office as the bearer of ``token`` sees it."""
        return Office(self.served, self.company, {"authorization": f"Bearer {token}"})

    def signed_in(self, email: str, password: str = PASSWORD) -> Office:
        """Sign in, and give the office as this person sees it."""
        return self.as_(self.tokens(email, password)["access_token"])

    def settle(self) -> None:
        """Wait until the use of keys is noted."""
        app: Any = self.served.http.app
        assert self.served.http.portal is not None
        self.served.http.portal.call(app.state.shell.callers.settled)


@contextmanager
def standing_at(
    settings: Settings, clock: FakeClock | None = None, *, peer: str = "testclient", **changes: Any
) -> Iterator[Door]:
    """Serve the application by a clock that the test moves, with settings changed."""
    moved = clock or FakeClock()
    with serving(settings.model_copy(update=changes), peer, clock=moved) as served:
        yield Door(served, moved)


def events(door: Door, name: str) -> list[Mapping[str, Any]]:
    """Give the payloads of the events called ``name`` that were sent in the door's company or by nobody."""
    with plain_engine(door.served.container.settings.database_url).connect() as connection:
        rows = connection.execute(
            text("SELECT payload FROM outbox WHERE name = :name AND company_id IN (0, :company) ORDER BY id"),
            {"name": name, "company": door.company},
        )
        return [orjson.loads(row[0]) for row in rows]


class ReadIds:
    """Tell the id of the user with an address."""

    right = None
    writes = False

    def execute(self, work: Any, _context: Any, email: str) -> UserId:
        found: UserId = work.users.by_email(email).id
        return found


class Write:
    """Do something to the repositories."""

    right = None
    writes = True

    def execute(self, work: Any, _context: Any, do: Callable[[Any], object]) -> None:
        do(work)


def change(door: Door, do: Callable[[Any], object]) -> None:
    """Do something to the repositories and commit it."""
    door.served.container.call(Write(), lambda: do)


def join(door: Door, user: UserId, *roles: RoleId) -> None:
    """Make a user a member of the door's company with exactly these roles."""
    change(door, lambda work: work.users.join(user, door.company, roles))


def id_of(door: Door, email: str) -> UserId:
    """Give the id of the user with an address."""
    return door.served.container.call(ReadIds(), lambda: email)


def code_of(door: Door, given: Mapping[str, Any], steps: int = 0) -> str:
    """Give the one-time code of so many steps from now."""
    return pyotp.TOTP(given["secret"]).at(door.clock.now() + timedelta(seconds=30 * steps))


def enrolled(door: Door) -> tuple[str, Office, dict[str, Any]]:
    """Give an account with a second factor: its address, the office as it sees it, and what was enrolled."""
    email = door.person()
    me = door.signed_in(email)
    given = me.act("/me/second-factor")
    confirmed = me.post("/me/second-factor/confirm", {"code": code_of(door, given)})
    assert confirmed.status == 204
    door.clock.advance(30)
    return email, me, given


@pytest.fixture(scope="session")
def at_the_door(database_settings: Settings) -> Iterator[Door]:
    """Give the application on each kind of database in turn, by a clock that tests move."""
    with standing_at(database_settings) as door:
        yield door


@pytest.fixture
def door(at_the_door: Door) -> Door:
    """Give a company of the test's own."""
    return Door(at_the_door.served, at_the_door.clock)
