"""A small Work in memory for what the HTTP shell itself needs: people, answers, lists. No business tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.domain.access import Attempts, Session
from app.domain.identity import Company, Membership, User
from app.domain.shared.errors import NotFound
from app.domain.shared.events import Event
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, CompanyId, RoleId, SessionId, UserId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.access import Standing
from app.usecases.ports.listing import Listing, Page, Query
from app.usecases.ports.shared import Answer, AnswerExists, IdempotencyKey, StoredAnswer


@dataclass
class MemoryUsers:
    """People by id, with their memberships."""

    people: dict[UserId, User] = field(default_factory=dict)
    members: list[Membership] = field(default_factory=list)

    def get(self, user: UserId) -> User:
        if user not in self.people:
            raise NotFound(kind="user", id=user)
        return self.people[user]

    def by_email(self, email: str) -> User | None:
        return next((user for user in self.people.values() if user.email == email), None)

    def save(self, user: User) -> None:
        self.people[user.id] = user

    def memberships(self, user: UserId) -> Sequence[Membership]:
        return [membership for membership in self.members if membership.user == user]


@dataclass
class MemoryRoles:
    """Rights by role."""

    granted: dict[RoleId, frozenset[Right]] = field(default_factory=dict)

    def rights(self, _company: CompanyId, roles: Sequence[RoleId]) -> frozenset[Right]:
        return frozenset().union(*(self.granted.get(role, frozenset()) for role in roles))

    def version(self, _company: CompanyId) -> int:
        return 1


@dataclass
class MemoryCompanies:
    """Companies by id."""

    known: dict[CompanyId, Company] = field(default_factory=dict)

    def get(self, company: CompanyId) -> Company:
        if company not in self.known:
            raise NotFound(kind="company", id=company)
        return self.known[company]


@dataclass
class MemoryPrincipals:
    """Standings of today, from the people, roles and sessions in memory."""

    users: MemoryUsers
    roles: MemoryRoles
    sessions: MemorySessions

    def standing(
        self,
        user: UserId,
        company: CompanyId,
        *,
        session: SessionId | None = None,
        api_key: ApiKeyId | None = None,
        aws_credential: AwsCredentialId | None = None,
    ) -> Standing | None:
        assert api_key is None
        assert aws_credential is None
        person = self.users.people.get(user)
        held = [one for one in self.users.memberships(user) if one.company == company]
        ended = session is not None and self.sessions.kept[session].revoked_at is not None
        if person is None or not person.active or not held or ended:
            return None
        rights = self.roles.rights(company, sorted(held[0].roles))
        return Standing(rights=rights, locale=person.locale, must_change_password=person.must_change_password)


@dataclass
class MemorySessions:
    """Sessions by id."""

    kept: dict[SessionId, Session] = field(default_factory=dict)

    def add(self, session: Session) -> None:
        session.id = SessionId(len(self.kept) + 1)
        self.kept[session.id] = session

    def by_name(self, name: str) -> Session | None:
        return next((replace(one) for one in self.kept.values() if one.name == name), None)

    def rotate(self, session: Session, seen: str, _now: datetime) -> bool:
        newest = self.kept[session.id].token_hash == seen
        if newest:
            self.kept[session.id] = session
        return newest

    def end(self, session: SessionId, now: datetime) -> bool:
        live = self.kept[session].revoked_at is None
        self.kept[session].revoked_at = self.kept[session].revoked_at or now
        return live


@dataclass
class MemoryAttempts:
    """Counters by subject."""

    kept: dict[str, Attempts] = field(default_factory=dict)

    def lock(self, subjects: Sequence[str], _now: datetime) -> Sequence[Attempts]:
        return [replace(self.kept.get(subject, Attempts(subject=subject))) for subject in subjects]

    def read(self, subjects: Sequence[str]) -> Sequence[Attempts]:
        return [self.kept[subject] for subject in subjects if subject in self.kept]

    def save(self, attempts: Attempts) -> None:
        self.kept[attempts.subject] = attempts

    def forget(self, subject: str) -> None:
        self.kept.pop(subject, None)

    def forgive(self, subject: str) -> None:
        if subject in self.kept:
            self.kept[subject].count -= 1


class MemoryFactors:
    """Nobody has a second factor here."""

    def get(self, _user: UserId) -> None:
        return None


@dataclass
class MemoryOutbox:
    """Events as they were sent, committed or not."""

    sent: list[Event] = field(default_factory=list)

    def add(self, event: Event) -> None:
        self.sent.append(event)


@dataclass
class MemoryLists:
    """Pages as told, and the queries that asked for them."""

    page_of: Callable[[Query], Page] = lambda _query: Page(rows=(), more=False)
    asked: list[Query] = field(default_factory=list)

    def page(self, _listing: Listing, query: Query) -> Page:
        self.asked.append(query)
        return self.page_of(query)


@dataclass
class MemoryAnswers:
    """Kept answers; those added in a Work show up with its commit."""

    kept: dict[tuple[Any, ...], StoredAnswer]
    context: Context
    fresh: dict[tuple[Any, ...], StoredAnswer] = field(default_factory=dict)

    def _place(self, key: IdempotencyKey) -> tuple[Any, ...]:
        return self.context.company, self.context.actor, key.route, key.key

    def find(self, key: IdempotencyKey) -> StoredAnswer | None:
        return self.kept.get(self._place(key))

    def add(self, key: IdempotencyKey, answer: Answer) -> None:
        if self._place(key) in self.kept:
            raise AnswerExists
        self.fresh[self._place(key)] = StoredAnswer(body_hash=key.body_hash, answer=answer)


@dataclass
class MemoryWork:
    """One open transaction."""

    users: MemoryUsers
    roles: MemoryRoles
    companies: MemoryCompanies
    lists: MemoryLists
    answers: MemoryAnswers
    sessions: MemorySessions
    attempts: MemoryAttempts
    principals: MemoryPrincipals
    outbox: MemoryOutbox
    second_factors: MemoryFactors = field(default_factory=MemoryFactors)

    def commit(self) -> None:
        self.answers.kept.update(self.answers.fresh)


@dataclass
class MemoryWorks:
    """Opens Works over the same memory and counts them, so that a test sees who reached the database."""

    users: MemoryUsers = field(default_factory=MemoryUsers)
    roles: MemoryRoles = field(default_factory=MemoryRoles)
    companies: MemoryCompanies = field(default_factory=MemoryCompanies)
    lists: MemoryLists = field(default_factory=MemoryLists)
    kept: dict[tuple[Any, ...], StoredAnswer] = field(default_factory=dict)
    sessions: MemorySessions = field(default_factory=MemorySessions)
    attempts: MemoryAttempts = field(default_factory=MemoryAttempts)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    opened: int = 0
    last_context: Context | None = None

    @contextmanager
    def reading(self, context: Context) -> Iterator[Any]:
        self.opened += 1
        self.last_context = context
        answers = MemoryAnswers(self.kept, context)
        principals = MemoryPrincipals(self.users, self.roles, self.sessions)
        yield MemoryWork(
            self.users,
            self.roles,
            self.companies,
            self.lists,
            answers,
            self.sessions,
            self.attempts,
            principals,
            self.outbox,
        )

    writing = reading
