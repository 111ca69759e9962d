"""ARNs: the names of machines, executions and activities as AWS writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from app.api.aws.errors import AwsError

_ARN: Final = re.compile(r"arn:aws[a-z-]*:states:([a-z0-9-]+):(\d{12}):([A-Za-z-]+):([^\s]+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a caller is: account and region."""

    account: str
    region: str

    def machine(self, name: str, qualifier: str | int = "") -> str:
        """Give the ARN of a machine, or of a version or alias of it."""
        tail = f":{qualifier}" if qualifier else ""
        return self._of("stateMachine", name + tail)

    def execution(self, machine: str, name: str) -> str:
        """Give the ARN of an execution; of an express machine it is called ``<name>:<id>``."""
        return self._of("express" if ":" in name else "execution", f"{machine}:{name}")

    def map_run(self, machine: str, run: str) -> str:
        """Give the ARN of a map run of the executions of ``<machine>/<label>``."""
        return self._of("mapRun", f"{machine}:{run}")

    def activity(self, name: str) -> str:
        """Give the ARN of an activity."""
        return self._of("activity", name)

    def read(self, arn: str, *kinds: str) -> tuple[str, list[str]]:
        """Give kind and parts of an ARN of one of these kinds that is of this place. Raises AwsError."""
        found = _ARN.fullmatch(arn)
        if found is None:
            raise AwsError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
        region, account, kind, rest = found.groups()
        if (region, account) != (self.region, self.account):
            raise AwsError("InvalidArn", f"Invalid Arn: 'The resource is of another region or account: {arn}'")
        if kind not in kinds:
            raise AwsError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {kind}'")
        return kind, rest.split(":")

    def of_machine(self, arn: str) -> tuple[str, str]:
        """Give name and qualifier of a machine's ARN. Raises AwsError."""
        _, parts = self.read(arn, "stateMachine")
        if len(parts) > 2:
            raise AwsError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
        return parts[0], parts[1] if len(parts) == 2 else ""

    def of_execution(self, arn: str) -> tuple[str, str]:
        """Give the names of machine and execution. Raises AwsError."""
        _, parts = self.read(arn, "execution")
        if len(parts) != 2:
            raise AwsError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
        return parts[0], parts[1]

    def of_map_run(self, arn: str) -> tuple[str, str]:
        """Give ``<machine>/<label>`` and the id of a map run. Raises AwsError."""
        _, parts = self.read(arn, "mapRun")
        if len(parts) != 2:
            raise AwsError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
        return parts[0], parts[1]

    def of_activity(self, arn: str) -> str:
        """Give the name of an activity. Raises AwsError."""
        _, parts = self.read(arn, "activity")
        return parts[0]

    def _of(self, kind: str, name: str) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:{kind}:{name}"
