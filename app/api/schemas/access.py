"""Signing in and staying signed in, API keys, passwords, second factors."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, SecretStr, WithJsonSchema

from app.api.schemas.shared import Change, Id, In, Out, Text, Whole
from app.domain.access import ApiKey, AwsCredential
from app.domain.identity import LONGEST_PASSWORD
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import Right
from app.usecases.access import (
    Credentials,
    Enrolment,
    MadeApiKey,
    MadeAwsCredential,
    NewApiKey,
    NewAwsCredential,
    OwnSession,
    PasswordReset,
    RefreshRequest,
    SignedIn,
)
from app.usecases.shared import Change as Changes

InstantOut = Annotated[
    datetime,
    PlainSerializer(lambda value: value.isoformat().replace("+00:00", "Z")),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T12:57:00Z"]}),
]
"""An instant on its way out: RFC 3339 in UTC."""


class CredentialsIn(In):
    """What somebody signs in with."""

    email: Text = Field(max_length=254, description="E-mail address of the account", examples=["ann@example.com"])
    password: SecretStr = Field(
        max_length=LONGEST_PASSWORD, description="Password of the account", examples=["correct horse battery"]
    )
    company: Id | None = Field(None, description="Which company, for an account that belongs to several")
    code: SecretStr | None = Field(
        None, max_length=40, description="One-time code or recovery code, for an account with a second factor"
    )

    def to_domain(self) -> Credentials:
        """Give the credentials."""
        return Credentials(
            email=self.email,
            password=self.password.get_secret_value(),
            company=None if self.company is None else CompanyId(self.company),
            code=None if self.code is None else self.code.get_secret_value(),
        )


class RefreshIn(In):
    """A refresh token to exchange."""

    refresh_token: SecretStr = Field(max_length=200, description="The newest refresh token of the session")
    company: Id | None = Field(None, description="Which company to go on in; default the same")

    def to_domain(self) -> RefreshRequest:
        """Give the request."""
        return RefreshRequest(
            refresh_token=self.refresh_token.get_secret_value(),
            company=None if self.company is None else CompanyId(self.company),
        )


class SignOutIn(In):
    """The session to end."""

    refresh_token: SecretStr = Field(max_length=200, description="A refresh token of the session")


class TokenOut(Out):
    """An access token, and the refresh token that gives the next one."""

    access_token: str = Field(description="Send as `Authorization: Bearer ...`")
    token_type: Literal["Bearer"] = Field("Bearer", description="Always Bearer")
    expires_in: int = Field(description="Seconds until the access token expires", examples=[300])
    refresh_token: str = Field(description="Works once, at /auth/refresh; used again it ends the session")
    refresh_expires_in: int = Field(description="Seconds until the refresh token expires", examples=[604800])
    must_change_password: bool = Field(description="Whether all but changing the password is refused", examples=[False])

    @classmethod
    def of(cls, signed_in: SignedIn) -> "TokenOut":
        """Show the tokens."""
        return cls(
            access_token=signed_in.token,
            expires_in=signed_in.expires_in,
            refresh_token=signed_in.refresh_token,
            refresh_expires_in=signed_in.refresh_expires_in,
            must_change_password=signed_in.must_change_password,
        )


class JwkOut(Out):
    """A public key (RFC 7517, RFC 8037)."""

    kty: str = Field(description="Key type", examples=["OKP"])
    crv: str = Field(description="Curve", examples=["Ed25519"])
    use: str = Field(description="What it is for", examples=["sig"])
    alg: str = Field(description="Algorithm", examples=["EdDSA"])
    kid: str = Field(description="Its name in a token's header: the RFC 7638 thumbprint")
    x: str = Field(description="The public key, base64url")


class JwksOut(Out):
    """The keys that access tokens are verified with."""

    keys: list[JwkOut] = Field(description="All live keys, the one that signs first")


class SessionOut(Out):
    """One of the caller's sessions."""

    id: int = Field(description="Id", examples=[7])
    company_id: int = Field(description="The company it is in", examples=[1])
    address: str = Field(description="Network address it was begun from", examples=["192.0.2.7"])
    created_at: InstantOut = Field(description="When it was begun")
    used_at: InstantOut = Field(description="When it was last refreshed")
    expires_at: InstantOut = Field(description="When it ends unless it is refreshed")
    current: bool = Field(description="Whether the token of this request belongs to it")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, own: OwnSession) -> "SessionOut":
        """Show a session."""
        session = own.session
        return cls(
            id=session.id,
            company_id=session.company,
            address=session.address,
            created_at=session.created_at,
            used_at=session.used_at,
            expires_at=session.expires_at,
            current=own.current,
            version=session.version,
        )


class SessionsOut(Out):
    """The caller's sessions."""

    items: list[SessionOut] = Field(description="Sessions that go on, newest first; at most 200")


class PasswordChangeIn(In):
    """The present password and the one to come."""

    old: SecretStr = Field(max_length=LONGEST_PASSWORD, description="The present password")
    new: SecretStr = Field(max_length=LONGEST_PASSWORD, description="12 to 1,024 characters, not easy to guess")


class PasswordIn(In):
    """The present password, as proof of who asks."""

    password: SecretStr = Field(max_length=LONGEST_PASSWORD, description="The present password")


class OneTimePasswordOut(Out):
    """A password for one sign-in, shown this once."""

    password: str = Field(description="Must be changed at the next sign-in")

    @classmethod
    def of(cls, reset: PasswordReset) -> "OneTimePasswordOut":
        """Show the password."""
        return cls(password=reset.password)


class EnrolmentOut(Out):
    """What an authenticator application is given; shown this once."""

    secret: str = Field(description="The shared secret in base32, to be typed")
    uri: str = Field(description="The same as an otpauth URI, to be shown as a QR code")
    recovery_codes: list[str] = Field(description="Each signs in once in place of a code; to be kept on paper")

    @classmethod
    def of(cls, enrolment: Enrolment) -> "EnrolmentOut":
        """Show an enrolment."""
        return cls(secret=enrolment.secret, uri=enrolment.uri, recovery_codes=list(enrolment.recovery_codes))


class CodeIn(In):
    """A one-time code."""

    code: SecretStr = Field(max_length=10, description="The code the authenticator application shows now")


class ApiKeyIn(In):
    """An API key to make."""

    name: Text = Field(min_length=1, max_length=100, description="What it is for", examples=["web shop"])
    scopes: list[Right] = Field(
        min_length=1, max_length=100, description="The most it may do; never more than its maker may at that moment"
    )
    days: Whole = Field(365, ge=1, le=730, description="Days until it expires")

    def to_domain(self) -> NewApiKey:
        """Give the key to make."""
        return NewApiKey(name=self.name, scopes=frozenset(self.scopes), days=self.days)


class ApiKeyChange(Change):
    """A new name for an API key."""

    name: Text = Field("", min_length=1, max_length=100, description="What it is for", examples=["Web shop"])

    def to_domain(self, key_id: int, version: int) -> Changes:
        """Give the change to the key seen at ``version``."""
        return Changes(id=key_id, version=version, changes=self.sent())


class ApiKeyOut(Out):
    """An API key, without its secret."""

    id: int = Field(description="Id", examples=[7])
    name: str = Field(description="What it is for", examples=["web shop"])
    prefix: str = Field(description="How it begins after `tk_`, to tell keys apart", examples=["0123456789abcdef"])
    user_id: int = Field(description="Whom it acts for", examples=[1])
    scopes: list[Right] = Field(description="The most it may do")
    created_at: InstantOut = Field(description="When it was made")
    expires_at: InstantOut = Field(description="When it stops working")
    last_used_at: InstantOut | None = Field(description="When it was last used, to the minute")
    revoked_at: InstantOut | None = Field(description="When it was revoked")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, key: ApiKey) -> "ApiKeyOut":
        """Show a key."""
        return cls(**_shown(key))


class NewApiKeyOut(ApiKeyOut):
    """An API key just made, with its secret, which is shown this once."""

    secret: str = Field(description="Send as `Authorization: Bearer ...`")

    @classmethod
    def made(cls, made: MadeApiKey) -> "NewApiKeyOut":
        """Show a key with its secret."""
        return cls(secret=made.secret, **_shown(made.key))


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "user_id": key.user,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
        "version": key.version,
    }


class AwsCredentialIn(In):
    """A credential of AWS clients to make."""

    name: Text = Field(min_length=1, max_length=100, description="What it is for", examples=["step functions"])
    scopes: list[Right] = Field(
        min_length=1, max_length=100, description="The most it may do; never more than its maker may at that moment"
    )
    days: Whole = Field(365, ge=1, le=730, description="Days until it expires")

    def to_domain(self) -> NewAwsCredential:
        """Give the credential to make."""
        return NewAwsCredential(name=self.name, scopes=frozenset(self.scopes), days=self.days)


class AwsCredentialOut(Out):
    """A credential of AWS clients, without its secret."""

    id: int = Field(description="Id", examples=[7])
    name: str = Field(description="What it is for", examples=["step functions"])
    access_key: str = Field(description="The access key id that clients send", examples=["TRAMAAAABBBBCCCCDDDD"])
    user_id: int = Field(description="Whom it acts for", examples=[1])
    scopes: list[Right] = Field(description="The most it may do")
    created_at: InstantOut = Field(description="When it was made")
    expires_at: InstantOut = Field(description="When it stops working")
    revoked_at: InstantOut | None = Field(description="When it was revoked")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, credential: AwsCredential) -> "AwsCredentialOut":
        """Show a credential."""
        return cls(**_credential(credential))


class NewAwsCredentialOut(AwsCredentialOut):
    """A credential of AWS clients with its secret, which is shown this once."""

    secret: str = Field(description="The secret access key")

    @classmethod
    def made(cls, made: MadeAwsCredential) -> "NewAwsCredentialOut":
        """Show a credential with its secret."""
        return cls(secret=made.secret, **_credential(made.credential))


def _credential(credential: AwsCredential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "name": credential.name,
        "access_key": credential.access_key,
        "user_id": credential.user,
        "scopes": sorted(credential.scopes),
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
        "revoked_at": credential.revoked_at,
        "version": credential.version,
    }
