"""What access needs from outside: rows of its own, fresh secrets, a cipher, one-time codes, signed tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.access import ApiKey, Attempts, AwsCredential, Opaque, SecondFactor, Session
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, CompanyId, RoleId, SessionId, UserId
from app.domain.shared.rights import Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a user may do in a company today."""

    rights: frozenset[Right]
    locale: str
    must_change_password: bool


class Principals(Protocol):
    """Who may do what now, read set-wise and without locks."""

    def standing(
        self,
        user: UserId,
        company: CompanyId,
        *,
        session: SessionId | None = None,
        api_key: ApiKeyId | None = None,
        aws_credential: AwsCredentialId | None = None,
    ) -> Standing | None:
        """Give the standing of an active member; None for anybody else.

        Also None when the ``session`` named was revoked; ``api_key`` and ``aws_credential`` must not be, and their
        scopes bound the rights.
        """
        ...


class Sessions(Protocol):
    """Sessions of all users; a session belongs to one."""

    def add(self, session: Session) -> None:
        """Store a new session and set its id."""
        ...

    def by_name(self, name: str) -> Session | None:
        """Give the session whose tokens have this look-up half."""
        ...

    def get(self, user: UserId, session: SessionId) -> Session:
        """Give a session of the user. Raises NotFound."""
        ...

    def live(self, user: UserId, now: datetime) -> Sequence[Session]:
        """Give the user's sessions that go on at ``now``, newest first; at most 200."""
        ...

    def rotate(self, session: Session, seen: str, now: datetime) -> bool:
        """Store the session's new token if its newest is still the one with fingerprint ``seen``; tell whether."""
        ...

    def end(self, session: SessionId, now: datetime) -> bool:
        """Revoke a session; tell whether it was live until then."""
        ...

    def end_all(self, user: UserId, now: datetime, company: CompanyId | None = None) -> int:
        """Revoke every session of the user, or those for one company; give how many were live until then."""
        ...


class ApiKeys(Protocol):
    """API keys of the context's company, except where a prefix is looked up."""

    def add(self, key: ApiKey) -> None:
        """Store a new key and set its id."""
        ...

    def get(self, key: ApiKeyId) -> ApiKey:
        """Give a key. Raises NotFound."""
        ...

    def by_prefix(self, prefix: str) -> ApiKey | None:
        """Give the key with this look-up half, of whatever company."""
        ...

    def save(self, key: ApiKey) -> None:
        """Store changes. Raises Stale."""
        ...

    def touch(self, key: ApiKeyId, now: datetime, before: datetime) -> None:
        """Note that the key was used at ``now``, unless that was noted after ``before``."""
        ...


class AwsCredentials(Protocol):
    """Credentials of AWS clients of the context's company, except where an access key is looked up."""

    def add(self, credential: AwsCredential) -> None:
        """Store a new one and set its id."""
        ...

    def get(self, credential: AwsCredentialId) -> AwsCredential:
        """Give one. Raises NotFound."""
        ...

    def by_access_key(self, access_key: str) -> AwsCredential | None:
        """Give the one of this access key, of whatever company."""
        ...

    def save(self, credential: AwsCredential) -> None:
        """Store changes. Raises Stale."""
        ...


class AttemptBook(Protocol):
    """Counters of attempts, shared by all replicas."""

    def lock(self, subjects: Sequence[str], now: datetime) -> Sequence[Attempts]:
        """Give the counters of ``subjects`` in that order, locked until the end of the transaction; new ones at 0.

        ``subjects`` are sorted.
        """
        ...

    def read(self, subjects: Collection[str]) -> Sequence[Attempts]:
        """Give the counters there are, without locking them."""
        ...

    def save(self, attempts: Attempts) -> None:
        """Store a locked counter."""
        ...

    def forget(self, subject: str) -> None:
        """Begin anew: the attempts were those of somebody who got in."""
        ...

    def forgive(self, subject: str) -> None:
        """Take one attempt back."""
        ...


class SecondFactors(Protocol):
    """Generators of one-time codes and recovery codes, one set per user."""

    def get(self, user: UserId) -> SecondFactor | None:
        """Give the user's second factor, confirmed or not."""
        ...

    def put(self, factor: SecondFactor, codes: Collection[str]) -> None:
        """Store a factor in place of any other, with the fingerprints of its recovery codes."""
        ...

    def confirm(self, user: UserId, step: int) -> bool:
        """Let the factor count from now on; tell whether there was one to confirm."""
        ...

    def use_step(self, user: UserId, step: int) -> bool:
        """Note that the code of ``step`` was used; False when that one or a later one was used already."""
        ...

    def use_recovery(self, user: UserId, code: str, now: datetime) -> bool:
        """Use up the recovery code with fingerprint ``code``; False when there is none unused."""
        ...

    def drop(self, user: UserId) -> bool:
        """Remove the factor and its codes; tell whether there was one."""
        ...


class Mint(Protocol):
    """Fresh random secrets."""

    def refresh_token(self) -> Opaque:
        """Give the halves of a refresh token: 128 bits to look it up by, 256 bits that are secret."""
        ...

    def api_key(self) -> Opaque:
        """Give the halves of an API key: 64 bits to look it up by, 256 bits that are secret."""
        ...

    def access_key(self) -> str:
        """Give an access key as AWS writes them: 20 capitals and digits, 80 bits of chance in them."""
        ...

    def recovery_codes(self, count: int) -> list[str]:
        """Give recovery codes of 80 bits each, in groups that can be typed."""
        ...


class AwsSecrets(Protocol):
    """Secrets that are worked out whenever they are needed, and kept nowhere."""

    def secret(self, access_key: str, version: int) -> str:
        """Give the secret of an access key: 44 characters. Raises BadKey without a key of the installation."""
        ...


class Vault(Protocol):
    """Keeps small secrets that the program needs in clear again; the database only sees them encrypted."""

    def lock(self, secret: str, about: str) -> str:
        """Give ``secret`` encrypted; ``about`` ties it to its owner. Raises BadKey without a key."""
        ...

    def unlock(self, kept: str, about: str) -> str:
        """Give what was locked. Raises BadKey when it was locked by another key or for another owner."""
        ...


class OneTimeCodes(Protocol):
    """One-time codes by time (RFC 6238): 6 digits, SHA-1, 30 seconds."""

    def secret(self) -> str:
        """Give a fresh secret of 160 bits in base32."""
        ...

    def uri(self, secret: str, account: str, issuer: str) -> str:
        """Give the otpauth URI that an authenticator application reads."""
        ...

    def step(self, secret: str, code: str, now: datetime) -> int | None:
        """Give the time step whose code this is, of the present one and its two neighbours; None for another code."""
        ...


class Claims(Protocol):
    """What an access token says of its bearer."""

    @property
    def user(self) -> UserId:
        """Who bears the token."""
        ...

    @property
    def company(self) -> CompanyId:
        """The one company it is for."""
        ...

    @property
    def roles(self) -> tuple[RoleId, ...]:
        """Roles held when it was issued; what they allow is asked anew."""
        ...

    @property
    def session(self) -> SessionId | None:
        """The session it belongs to."""
        ...

    @property
    def expires(self) -> datetime:
        """When it stops being valid."""
        ...


class Tokens(Protocol):
    """Signed access tokens (RFC 7519, EdDSA)."""

    @property
    def lifetime(self) -> int:
        """The life of a new token in seconds."""
        ...

    def issue(
        self,
        user: UserId,
        company: CompanyId,
        roles: Sequence[RoleId],
        rights_version: int,
        session: SessionId | None = None,
    ) -> str:
        """Give a token valid from now."""
        ...

    def read(self, token: str) -> Claims:
        """Give what a valid token says. Raises TokenRefused."""
        ...

    def public_keys(self) -> Sequence[Mapping[str, str]]:
        """Give the public halves of all live keys as JSON Web Keys (RFC 7517), the signing one first."""
        ...
