"""The way in: one address for all actions, ``POST /aws/``, and ``/`` on a port of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from app.api.aws import activities, executions, machines, map_runs, trials
from app.api.aws.activities import Waiting
from app.api.aws.call import Answer, Call
from app.api.aws.callers import AwsCallers
from app.api.aws.errors import AwsError, told
from app.api.aws.shapes import checked
from app.api.aws.sync import Syncing
from app.api.callers import Callers
from app.api.container import Container
from app.api.ends import Ends
from app.api.threads import in_thread
from app.api.visit import visit_of
from app.domain.shared.errors import DomainError

PATHS: Final = frozenset({"/aws", "/aws/"})
MEDIA_TYPE: Final = "application/x-amz-json-1.0"
SERVICE: Final = "AWSStepFunctions"
WAITING: Final = frozenset({"GetActivityTask", "StartSyncExecution"})
"""The actions whose callers wait, on the event loop."""
_NAMING: Final = frozenset(
    {
        "activityArn",
        "executionArn",
        "mapRunArn",
        "resourceArn",
        "stateMachineAliasArn",
        "stateMachineArn",
        "stateMachineVersionArn",
    }
)
_UNKNOWN: Final = AwsError("UnknownOperationException", "The requested operation is not known.")
_log: Final = structlog.get_logger(source="app.aws")

ACTIONS: Final[Mapping[str, Callable[[Call], Answer]]] = MappingProxyType(
    {
        "CreateActivity": activities.create,
        "CreateStateMachine": machines.create,
        "CreateStateMachineAlias": machines.create_alias,
        "DeleteActivity": activities.delete,
        "DeleteStateMachine": machines.delete,
        "DeleteStateMachineAlias": machines.delete_alias,
        "DeleteStateMachineVersion": machines.delete_version,
        "DescribeActivity": activities.describe,
        "DescribeExecution": executions.describe,
        "DescribeMapRun": map_runs.describe,
        "DescribeStateMachine": machines.describe,
        "DescribeStateMachineAlias": machines.describe_alias,
        "DescribeStateMachineForExecution": machines.describe_for_execution,
        "GetExecutionHistory": executions.history,
        "ListActivities": activities.list_,
        "ListExecutions": executions.list_,
        "ListMapRuns": map_runs.list_,
        "ListStateMachineAliases": machines.list_aliases,
        "ListStateMachineVersions": machines.list_versions,
        "ListStateMachines": machines.list_,
        "ListTagsForResource": machines.list_tags,
        "PublishStateMachineVersion": machines.publish,
        "RedriveExecution": executions.redrive,
        "SendTaskFailure": activities.fail,
        "SendTaskHeartbeat": activities.beat,
        "SendTaskSuccess": activities.succeed,
        "StartExecution": executions.start,
        "StopExecution": executions.stop,
        "TagResource": machines.tag,
        "TestState": trials.test_state,
        "UntagResource": machines.untag,
        "UpdateMapRun": map_runs.update,
        "UpdateStateMachine": machines.update,
        "UpdateStateMachineAlias": machines.update_alias,
        "ValidateStateMachineDefinition": machines.validate,
    }
)
"""What is done in a thread."""


class AwsDoor(BaseRoute):
    """One route for the whole protocol."""

    def __init__(self, container: Container, callers: Callers, ends: Ends) -> None:
        self._container = container
        self._port = container.settings.aws_port
        self._callers = AwsCallers(container, callers)
        self._waiting = {"GetActivityTask": Waiting(container).task, "StartSyncExecution": Syncing(container, ends).run}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take what is sent to the address, and everything that comes in by the port."""
        if scope["type"] != "http":
            return Match.NONE, {}
        server = scope.get("server")
        own_port = bool(self._port) and server is not None and server[1] == self._port
        return (Match.FULL, {}) if own_port or scope["path"] in PATHS else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; nothing that goes wrong is answered otherwise than AWS would."""
        request = Request(scope, receive)
        try:
            status, body = 200, await self._answered(request)
        except AwsError as error:
            status, body = error.status, _shown(error)
            visit_of(scope).problem = error.code
        except ClientDisconnect:
            return
        headers = {"x-amzn-requestid": visit_of(scope).request_id}
        await Response(orjson.dumps(body), status, headers, MEDIA_TYPE)(scope, receive, send)

    async def _answered(self, request: Request) -> Answer:
        try:
            return await self._served(request)
        except (AwsError, ClientDisconnect):
            raise
        except DomainError as error:
            raise told(error, lambda _kind: "") from error
        except HTTPException as error:
            raise AwsError(
                "RequestEntityTooLarge", "The request is too large or too slow.", error.status_code
            ) from error
        except Exception as error:
            _log.exception("unhandled error")
            raise AwsError("InternalServerError", "The request could not be carried out.", 500) from error

    async def _served(self, request: Request) -> Answer:
        action = _action(request)
        body = await request.body()
        context, place = await self._callers.identified(request, body)
        bind_contextvars(action=action)
        call = Call(self._container, context, place, action, checked(action, _read(body)))
        try:
            if action in WAITING:
                return await self._waiting[action](call, request.is_disconnected)
            patience = self._container.settings.db_pool_timeout_s
            return await in_thread(partial(ACTIONS[action], call), patience)
        except DomainError as error:
            raise told(error, partial(_about, call)) from error


def _action(request: Request) -> str:
    """Give what is asked for. Raises AwsError."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    service, _, action = request.headers.get("x-amz-target", "").partition(".")
    known = service == SERVICE and action in ACTIONS.keys() | WAITING
    if request.method != "POST" or declared != MEDIA_TYPE or not known:
        raise _UNKNOWN
    return action


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise AwsError("SerializationException", f"The request is no JSON: {error}") from error


def _about(call: Call, kind: str) -> str:
    """Give the ARN that an error is about: one that the request names, or that of what is there already."""
    given, name = call.given, call.given.get("name", "")
    if kind == "ExecutionAlreadyExists":
        return call.place.execution(call.place.of_machine(given["stateMachineArn"])[0], name)
    if kind == "StateMachineAlreadyExists":
        return call.place.machine(name)
    if kind == "ActivityAlreadyExists":
        return call.place.activity(name)
    routes = given.get("routingConfiguration", ({},))
    named = {**routes[0], **given}
    return next((str(value) for name, value in named.items() if name in _NAMING), "")


def _shown(error: AwsError) -> Answer:
    return {"__type": f"com.amazonaws.swf.service.v2.model#{error.code}", "message": error.message}
