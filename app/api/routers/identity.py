"""Signing in, and who is signed in."""

from anyio import to_thread
from fastapi import Request, Response

from app.api.provide import Caller, Stranger
from app.api.respond import render, respond
from app.api.route import API, gives, router
from app.api.schemas.identity import CredentialsIn, MeOut, TokenOut
from app.api.shell import shell_of

routes = router("identity", prefix="")


@routes.post("/auth/token", **gives(TokenOut))
async def sign_in(request: Request, body: CredentialsIn, context: Stranger) -> Response:
    """Exchange e-mail address and password for a short-lived access token."""
    shell = shell_of(request)
    queued = shell.container.clock.monotonic()

    def exchange() -> Response:
        shell.in_time(queued)
        return respond(render(TokenOut.of(shell.container.sign_in(context, body.to_domain())), None), 200)

    return await to_thread.run_sync(exchange, limiter=shell.sign_ins)


@routes.get(f"{API}/me", **gives(MeOut))
async def me(context: Caller) -> Response:
    """Tell who is signed in, for which company and with which rights."""
    return respond(render(MeOut.of(context), None), 200)
