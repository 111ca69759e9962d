"""What the resource of a Task is to AWS, which tells each kind in its own words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """What a resource is to AWS: ``family`` of its history (Lambda, Activity or Task), kind and action of a service."""

    family: str
    kind: str
    action: str
    resource: str

    @classmethod
    def of(cls, resource: str) -> Service:
        """Read a resource, an ARN or a name of our own."""
        parts = resource.split(":")
        if parts[:2] != ["arn", "aws"] or len(parts) < 6:
            return cls("LambdaFunction", "", "", resource)
        if parts[2] == "lambda":
            return cls("LambdaFunction", "lambda", "", resource)
        if parts[2] == "states" and parts[5] == "activity":
            return cls("Activity", "activity", "", resource)
        *kind, action = parts[5:]
        if action.isdecimal() and kind:
            # The version of a way to wait belongs to it: startExecution.sync:2.
            action = f"{kind.pop()}:{action}"
        return cls("Task", ":".join(kind), action, resource)

    @property
    def blamed(self) -> str:
        """Give the name that messages use."""
        return self.kind if self.family == "Task" else self.resource

    @property
    def is_submitted(self) -> bool:
        """Tell whether the service takes the task first and answers it later."""
        return self.family == "Task" and (".sync" in self.action or self.action.endswith(".waitForTaskToken"))

    @property
    def lines(self) -> int:
        """Give how many lines of history the scheduling of such a task is."""
        return 1 if self.family == "Activity" else 2
