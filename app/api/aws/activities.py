"""Actions on activities and the tasks they hand out."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

from anyio import move_on_after

from app.api.aws.call import Answer, Call, cut, seconds
from app.api.aws.machines import encryption_of, tags_of
from app.api.container import Container
from app.api.threads import in_thread
from app.domain.processes import Activity
from app.usecases import processes
from app.usecases.ports.workflows import HandedTask
from app.usecases.processes import Page

POLL_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 1.0
"""How often a waiting caller looks whether the process is about to stop, and for a bell it has not heard."""


def create(call: Call) -> Answer:
    """CreateActivity."""
    encryption = encryption_of(call.given.get("encryptionConfiguration"))
    new = processes.NewActivity(name=call.given["name"], encryption=encryption, tags=tags_of(call))
    activity = call.run(processes.CreateActivity(call.container.clock), new)
    return {"activityArn": call.place.activity(activity.name), "creationDate": seconds(activity.created_at)}


def describe(call: Call) -> Answer:
    """DescribeActivity."""
    activity = call.run(processes.ReadActivity(), call.place.of_activity(call.given["activityArn"]))
    return {**_shown(call, activity), "encryptionConfiguration": activity.encryption}


def list_(call: Call) -> Answer:
    """ListActivities."""
    page = Page(after=call.beyond(), limit=call.limit + 1)
    found, more = cut(call.run(processes.ListActivities(), page), call.limit)
    return call.page("activities", [_shown(call, one) for one in found], found[-1].name if more else None)


def _shown(call: Call, activity: Activity) -> Answer:
    return {
        "activityArn": call.place.activity(activity.name),
        "name": activity.name,
        "creationDate": seconds(activity.created_at),
    }


def delete(call: Call) -> Answer:
    """DeleteActivity."""
    call.run(processes.DeleteActivity(), call.place.of_activity(call.given["activityArn"]))
    return {}


def succeed(call: Call) -> Answer:
    """SendTaskSuccess."""
    answer = processes.TaskAnswer(token=call.given["taskToken"], output=call.given["output"])
    call.run(processes.AnswerTask(call.container.tasks), answer)
    return {}


def fail(call: Call) -> Answer:
    """SendTaskFailure."""
    given = call.given
    answer = processes.TaskAnswer(token=given["taskToken"], error=given.get("error", ""), cause=given.get("cause", ""))
    call.run(processes.AnswerTask(call.container.tasks), answer)
    return {}


def beat(call: Call) -> Answer:
    """SendTaskHeartbeat."""
    call.run(processes.BeatTask(call.container.tasks), call.given["taskToken"])
    return {}


class Waiting:
    """Callers that wait for a task, on the event loop: none of them holds a thread."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()

    async def task(self, call: Call, gone: Any) -> Answer:
        """GetActivityTask: give a task, or no token when none came within a minute; nothing once ``gone()``."""
        self._listen()
        name = call.place.of_activity(call.given["activityArn"])
        patience = self._container.settings.db_pool_timeout_s
        await in_thread(partial(call.run, processes.FindActivity(), name), patience)
        take = partial(
            self._container.tasks.take,
            call.context.company,
            call.place.activity(name),
            call.given.get("workerName", ""),
        )
        until = self._container.clock.monotonic() + POLL_SECONDS
        while self._container.clock.monotonic() < until and not await gone():
            # What is put down from here on is heard, even while we look.
            rung = self._rung
            task: HandedTask | None = await in_thread(take, patience)
            if task is not None:
                return {"taskToken": task.token, "input": task.input}
            if self._container.draining.is_set():
                break
            with move_on_after(LOOK_SECONDS):
                await rung.wait()
        return {"taskToken": None}

    def _listen(self) -> None:
        """Hear of new tasks from the engine's threads; those of a loop that is closed are not told."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._container.tasks.listen(self._ring)

    def _ring(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()
