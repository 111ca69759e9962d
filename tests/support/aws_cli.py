"""The AWS CLI as processes, configured by what our own command prints."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from house import aws
from house.servers import AWS
from tests.support.servers import not_run

REFUSED: Final = 255
"""How version 1 of the CLI ends when the service refuses."""
PATIENCE_S: Final = 120


@dataclass(frozen=True, slots=True)
class CommandLine:
    """``aws stepfunctions`` with the profile in a file, against a server; NOT RUN by name where there is no CLI."""

    config: Path
    url: str

    def run(self, action: str, **given: Any) -> dict[str, Any]:
        """Run one command to its end, and give what it prints."""
        done = self._run(action, given)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout or "{}")
        return told

    def refused(self, action: str, **given: Any) -> str:
        """Run one that must be refused, and give what it says."""
        done = self._run(action, given)
        assert done.returncode == REFUSED, (done.returncode, done.stdout, done.stderr)
        return done.stderr.strip()

    def _run(self, action: str, given: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        if not aws.installed():
            not_run(AWS)
        flags = [part for name, value in given.items() for part in _flag(name, value)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        ours = {
            "AWS_CONFIG_FILE": str(self.config),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PROFILE": "tramita",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_PAGER": "",
        }
        command = [*aws.program(), "stepfunctions", action, "--output", "json", *flags]
        return subprocess.run(
            command, env={**env, **ours}, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )


def _flag(name: str, value: Any) -> tuple[str, ...]:
    word = f"--{name.replace('_', '-')}"
    if value is True:
        return (word,)
    return word, value if isinstance(value, str) else json.dumps(value)
