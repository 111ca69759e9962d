"""Signing in and staying signed in, API keys, passwords, second factors."""

from collections.abc import Callable
from typing import Annotated, Final

import structlog
from anyio import to_thread
from fastapi import Request, Response
from pydantic import BaseModel

from app.api.listing import ListRun, provide_list
from app.api.provide import AnyPerson, IfMatch, Person, Run, Stranger, provide
from app.api.respond import render, respond
from app.api.route import gives, router
from app.api.schemas.access import (
    ApiKeyChange,
    ApiKeyIn,
    ApiKeyOut,
    AwsCredentialIn,
    AwsCredentialOut,
    CodeIn,
    CredentialsIn,
    EnrolmentOut,
    JwkOut,
    JwksOut,
    NewApiKeyOut,
    NewAwsCredentialOut,
    OneTimePasswordOut,
    PasswordChangeIn,
    PasswordIn,
    RefreshIn,
    SessionOut,
    SessionsOut,
    SignOutIn,
    TokenOut,
)
from app.api.schemas.shared import PathId
from app.api.shell import Shell, shell_of
from app.domain.access import TokenReused, TooManyAttempts
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, UserId
from app.usecases.access import (
    ChangeApiKey,
    ConfirmSecondFactor,
    CreateApiKey,
    CreateAwsCredential,
    EndOwnSession,
    EnrolSecondFactor,
    ListApiKeys,
    ListAwsCredentials,
    ListOwnSessions,
    ReadApiKey,
    ReadAwsCredential,
    ResetPassword,
    RevokeApiKey,
    RevokeAwsCredential,
    RotateAwsCredential,
    SignOut,
)
from app.usecases.context import Context
from app.usecases.shared import Versioned

door = router("identity", prefix="")
own = router("identity")
keys = router("api-keys")
credentials = router("aws-credentials")
ROUTERS: Final = (door, own, keys, credentials)
_log = structlog.get_logger(source="app.access")


async def _guarded(
    request: Request, context: Context, do: Callable[[Shell], BaseModel | None], *, hashes: bool = True
) -> Response:
    """Do what too many attempts may keep from being done, and show what it gives; what ``hashes`` has own threads."""
    shell = shell_of(request)
    queued = shell.container.clock.monotonic()

    def done() -> Response:
        shell.in_time(queued)
        shown = do(shell)
        return respond(render(shown, None), 204 if shown is None else 200)

    try:
        return await to_thread.run_sync(done, limiter=shell.sign_ins if hashes else None)
    except TokenReused as reused:
        _log.warning("a refresh token was used again", address=context.address, **reused.facts)
        raise
    except TooManyAttempts as refused:
        _log.warning("too many failed attempts", address=context.address, seconds=refused.seconds)
        raise


@door.post("/auth/token", **gives(TokenOut))
async def sign_in(request: Request, body: CredentialsIn, context: Stranger) -> Response:
    """Exchange e-mail address and password for a short-lived access token and a refresh token."""
    return await _guarded(
        request, context, lambda shell: TokenOut.of(shell.container.sign_in(context, body.to_domain()))
    )


@door.post("/auth/refresh", **gives(TokenOut))
async def refresh(request: Request, body: RefreshIn, context: Stranger) -> Response:
    """Exchange a refresh token for new tokens. It works once: whoever uses it again ends the session for everybody."""
    return await _guarded(
        request,
        context,
        lambda shell: TokenOut.of(shell.container.refresh(context, body.to_domain())),
        hashes=False,
    )


@door.post("/auth/sign-out", **gives())
def sign_out(body: SignOutIn, run: Annotated[Run, provide(SignOut, keyed=False)]) -> Response:
    """End the session of a refresh token; its access tokens end within 30 seconds. Unknown tokens are no error."""
    return run(build=body.refresh_token.get_secret_value, present=lambda _: None)


@door.get("/.well-known/jwks.json", **gives(JwksOut))
async def jwks(request: Request) -> Response:
    """Show the public keys that access tokens are verified with."""
    keys = shell_of(request).container.tokens.public_keys()
    return respond(render(JwksOut(keys=[JwkOut(**key) for key in keys]), None), 200)


@own.get("/me/sessions", **gives(SessionsOut))
def list_own_sessions(run: Annotated[Run, provide(ListOwnSessions, personal=True)]) -> Response:
    """List the caller's sessions, in all companies."""
    return run(build=lambda: None, present=lambda found: SessionsOut(items=[SessionOut.of(one) for one in found]))


@own.delete("/me/sessions/{session_id}", **gives())
def end_own_session(
    session_id: PathId, version: IfMatch, run: Annotated[Run, provide(EndOwnSession, personal=True)]
) -> Response:
    """End one of the caller's sessions; its access tokens end within 30 seconds."""
    return run(build=lambda: Versioned(id=session_id, version=version), present=lambda _: None)


@own.post("/me/password", **gives(TokenOut))
async def change_password(request: Request, body: PasswordChangeIn, context: AnyPerson) -> Response:
    """Replace the own password. Every session ends; the answer begins a new one."""
    old, new = body.old.get_secret_value(), body.new.get_secret_value()
    return await _guarded(
        request, context, lambda shell: TokenOut.of(shell.container.change_password(context, old, new))
    )


@own.post("/me/second-factor", **gives(EnrolmentOut))
def enrol_second_factor(
    run: Annotated[Run, provide(EnrolSecondFactor, keyed=False, personal=True)],
) -> Response:
    """Begin with one-time codes (TOTP, RFC 6238); they are asked for once a first one was confirmed."""
    return run(build=lambda: None, present=EnrolmentOut.of)


@own.post("/me/second-factor/confirm", **gives())
def confirm_second_factor(
    body: CodeIn, run: Annotated[Run, provide(ConfirmSecondFactor, keyed=False, personal=True)]
) -> Response:
    """Switch one-time codes on with a first code."""
    return run(build=body.code.get_secret_value, present=lambda _: None)


@own.post("/me/second-factor/disable", **gives())
async def disable_second_factor(request: Request, body: PasswordIn, context: Person) -> Response:
    """Switch one-time codes off, with the password."""

    def leave(shell: Shell) -> None:
        shell.container.leave_second_factor(context, body.password.get_secret_value())

    return await _guarded(request, context, leave)


@own.post("/users/{user_id}/reset-password", **gives(OneTimePasswordOut))
def reset_password(
    user_id: PathId, run: Annotated[Run, provide(ResetPassword, keyed=False, personal=True)]
) -> Response:
    """Give a member of the company a one-time password and end the member's sessions."""
    prepared = run.case.prepared(UserId(user_id))
    return run(build=lambda: prepared, present=OneTimePasswordOut.of)


@keys.post("/api-keys", **gives(NewApiKeyOut, 201))
def create_api_key(body: ApiKeyIn, run: Annotated[Run, provide(CreateApiKey, keyed=False, personal=True)]) -> Response:
    """Make an API key for the caller in this company; its secret is shown in this answer and never again."""
    return run(build=body.to_domain, present=NewApiKeyOut.made)


@keys.get("/api-keys")
def list_api_keys(run: Annotated[ListRun, provide_list(ListApiKeys)]) -> Response:
    """List the company's API keys."""
    return run()


@keys.get("/api-keys/{key_id}", **gives(ApiKeyOut))
def read_api_key(key_id: PathId, run: Annotated[Run, provide(ReadApiKey)]) -> Response:
    """Show one API key, without its secret."""
    return run(build=lambda: ApiKeyId(key_id), present=ApiKeyOut.of)


@keys.patch("/api-keys/{key_id}", **gives(ApiKeyOut))
def change_api_key(
    key_id: PathId, version: IfMatch, body: ApiKeyChange, run: Annotated[Run, provide(ChangeApiKey)]
) -> Response:
    """Rename an API key."""
    return run(build=lambda: body.to_domain(key_id, version), present=ApiKeyOut.of)


@keys.post("/api-keys/{key_id}/revoke", **gives(ApiKeyOut))
def revoke_api_key(key_id: PathId, run: Annotated[Run, provide(RevokeApiKey)]) -> Response:
    """End an API key for ever."""
    return run(build=lambda: ApiKeyId(key_id), present=ApiKeyOut.of)


@credentials.post("/aws-credentials", **gives(NewAwsCredentialOut, 201))
def create_aws_credential(
    body: AwsCredentialIn, run: Annotated[Run, provide(CreateAwsCredential, keyed=False, personal=True)]
) -> Response:
    """Make a credential of AWS clients for the caller in this company; its secret is shown in this answer alone."""
    return run(build=body.to_domain, present=NewAwsCredentialOut.made)


@credentials.get("/aws-credentials")
def list_aws_credentials(run: Annotated[ListRun, provide_list(ListAwsCredentials)]) -> Response:
    """List the company's credentials of AWS clients."""
    return run()


@credentials.get("/aws-credentials/{credential_id}", **gives(AwsCredentialOut))
def read_aws_credential(credential_id: PathId, run: Annotated[Run, provide(ReadAwsCredential)]) -> Response:
    """Show one credential of AWS clients, without its secret."""
    return run(build=lambda: AwsCredentialId(credential_id), present=AwsCredentialOut.of)


@credentials.post("/aws-credentials/{credential_id}/rotate", **gives(NewAwsCredentialOut))
def rotate_aws_credential(
    credential_id: PathId, run: Annotated[Run, provide(RotateAwsCredential, keyed=False, personal=True)]
) -> Response:
    """Give one's own credential of AWS clients a new secret, shown in this answer alone; the old one ends."""
    return run(build=lambda: AwsCredentialId(credential_id), present=NewAwsCredentialOut.made)


@credentials.post("/aws-credentials/{credential_id}/revoke", **gives(AwsCredentialOut))
def revoke_aws_credential(credential_id: PathId, run: Annotated[Run, provide(RevokeAwsCredential)]) -> Response:
    """End a credential of AWS clients for ever."""
    return run(build=lambda: AwsCredentialId(credential_id), present=AwsCredentialOut.of)
