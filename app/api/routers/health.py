"""Probes of an orchestrator: is the process alive, may it get requests (ERP-15)."""

import orjson
from fastapi import Request, Response

from app.api.respond import JSON
from app.api.route import gives, router
from app.api.schemas.shared import HealthOut, ReadyOut
from app.api.shell import shell_of

routes = router("health", prefix="")
_READY = gives(ReadyOut)


@routes.get("/health", **gives(HealthOut))
async def health() -> Response:
    """Tell that the process is alive; touches nothing."""
    return Response(b'{"status":"alive"}', media_type=JSON)


@routes.get("/ready", **{**_READY, "responses": {**_READY["responses"], 503: {"model": ReadyOut}}})
async def ready(request: Request) -> Response:
    """Tell whether requests may be sent: database and schema answer, jobs are taken, the process is not stopping."""
    shell = shell_of(request)
    checks = {"serving": not shell.container.draining.is_set()}
    if shell.container.settings.jobs:
        checks["jobs"] = shell.container.pool.working
    if checks["serving"]:
        checks |= await shell.readiness.checks()
    passed = all(checks.values())
    shown = {"status": "ready" if passed else "not ready", "checks": checks}
    return Response(orjson.dumps(shown), 200 if passed else 503, media_type=JSON)
