"""The application: routers, middleware, problems, OpenAPI, threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import orjson
from anyio import CapacityLimiter, create_task_group, to_thread
from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Scope

from app.api.addresses import Proxies
from app.api.aws.door import AwsDoor
from app.api.callers import Callers
from app.api.container import ApiSettings, Container
from app.api.ends import Ends
from app.api.export import exports
from app.api.middleware import Reception, Safety
from app.api.openapi import document
from app.api.printing import AT_ONCE
from app.api.problems import Problems
from app.api.route import Endpoint
from app.api.routers import (
    access,
    attachments,
    banking,
    billing,
    catalogue,
    chains,
    fields,
    health,
    identity,
    jobs,
    journal,
    mail,
    papers,
    parties,
    privacy,
    processes,
    reports,
    resources,
    sales,
    shipping,
    stock,
)
from app.api.shell import Readiness, Shell
from app.api.switchboard import Switchboard, endpoints
from app.api.uploads import OVERHEAD_BYTES

EXPOSED = (
    "etag",
    "location",
    "link",
    "x-request-id",
    "idempotent-replay",
    "retry-after",
    "content-disposition",
)
SIGN_INS_AT_ONCE = 2
WRITERS = 4
EXPORTS_AT_ONCE = 2
# FastAPI's own spans and logs tell what was sent and the messages of errors, and an environment variable that is not
# ours would switch them on. Whoever traces has ours.
_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
ROUTERS: tuple[APIRouter, ...] = (
    health.routes,
    identity.routes,
    *access.ROUTERS,
    identity.users,
    identity.roles,
    identity.company,
    *parties.ROUTERS,
    catalogue.routes,
    stock.routes,
    *sales.ROUTERS,
    shipping.routes,
    shipping.returns,
    shipping.carriers,
    billing.routes,
    banking.routes,
    mail.routes,
    fields.routes,
    attachments.routes,
    reports.routes,
    papers.routes,
    papers.logo,
    journal.routes,
    jobs.routes,
    # Before the workflows, whose ids would take its name.
    resources.routes,
    *processes.ROUTERS,
    chains.routes,
    privacy.routes,
)


def create_app(container: Container, routers: Sequence[APIRouter] = ROUTERS) -> FastAPI:
    """Give the ASGI application that serves ``container``."""
    problems = Problems(container.texts)
    app = FastAPI(
        lifespan=partial(_lifespan, container),
        middleware=_middleware(container, problems),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    callers, ends = Callers(container), Ends(container)
    app.state.shell = Shell(
        container=container,
        callers=callers,
        problems=problems,
        readiness=Readiness(container.readiness, container.clock),
        ends=ends,
        sign_ins=CapacityLimiter(SIGN_INS_AT_ONCE),
        writers=CapacityLimiter(WRITERS),
        exports=CapacityLimiter(EXPORTS_AT_ONCE),
        printers=CapacityLimiter(AT_ONCE),
    )
    problems.install(app)
    given = [route for router in routers for route in router.routes if isinstance(route, Endpoint)]
    app.router.routes.insert(0, AwsDoor(container, callers, ends))
    app.router.routes.append(Switchboard([*given, *exports(given)]))
    _describe(app, container.settings)
    return app


def _middleware(container: Container, problems: Problems) -> list[Middleware]:
    """Outermost first. CORS stands outside the last resort, so that browsers may read a 500 too."""
    settings = container.settings
    proxies = Proxies(settings.trusted_proxies)
    layers = [Middleware(Reception, clock=container.clock, request_ids=container.request_ids, proxies=proxies)]
    if settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"],
                expose_headers=EXPOSED,
                max_age=3600,
            )
        )
    return [*layers, Middleware(Safety, problems=problems, most=partial(_most, settings))]


def _most(settings: ApiSettings, scope: Scope) -> tuple[int, float]:
    """Give the largest body of a request in bytes and its longest time in seconds: files are larger than all else."""
    if scope["method"] == "POST" and scope["path"].endswith("/attachments"):
        return settings.attachment_limit_bytes + OVERHEAD_BYTES, settings.attachment_timeout_s
    return settings.body_limit_bytes, settings.request_timeout_s


@asynccontextmanager
async def _lifespan(container: Container, _app: FastAPI) -> AsyncIterator[None]:
    """Let as many requests into threads as there are connections: more would only wait inside."""
    settings = container.settings
    limiter = to_thread.current_default_thread_limiter()
    limiter.total_tokens = settings.db_pool_size + settings.db_pool_overflow
    await to_thread.run_sync(container.clock.now)  # so that no request has to measure the reference clock
    container.background.start()
    if settings.workflows:
        await to_thread.run_sync(container.workflows.begin)
    jobs = asyncio.create_task(container.pool.run()) if settings.jobs else None
    try:
        yield
    finally:
        container.pool.drain()
        # Both at once: together they have less time than one after the other could take.
        async with create_task_group() as ending:
            ending.start_soon(to_thread.run_sync, container.workflows.end)
            if jobs is not None:
                await jobs
        await to_thread.run_sync(container.background.stop)


def _describe(app: FastAPI, settings: ApiSettings) -> None:
    """Serve /openapi.json, written once at the first demand."""
    written: list[bytes] = []

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(endpoints(app), settings.public_url, settings.batch_limit)
        return app.openapi_schema

    async def openapi_json() -> Response:
        if not written:
            written.append(orjson.dumps(openapi()))
        return Response(written[0], media_type="application/json")

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to replace the document
    app.add_api_route("/openapi.json", openapi_json, include_in_schema=False)
