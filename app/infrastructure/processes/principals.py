"""Who an execution was started by and how, as the engine keeps it: one JSON text, written once and handed down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from app.domain.shared.ids import ApiKeyId, AwsCredentialId, UserId
from app.usecases.ports.workflows import NewExecution
from app.usecases.processes import Starter

LONGEST: Final = 255
"""Characters that the engine has room for."""
_OWN: Final = frozenset({"alias", "version", "trace"})
"""What is said of one execution alone."""


def written(new: NewExecution) -> str:
    """Write who starts an execution and how. A trace header that does not fit any more is left out."""
    said = {
        "user": new.actor,
        "key": new.api_key,
        "credential": new.aws_credential,
        "alias": new.alias,
        "version": new.published,
    }
    traced = _text({**said, "trace": new.trace})
    return traced if len(traced) <= LONGEST else _text(said)


def read(principal: str) -> Mapping[str, Any]:
    """Give what was written; nothing of a principal that is none of ours."""
    said: Mapping[str, Any] = json.loads(principal) if principal.startswith("{") else {}
    return said


def inherited(principal: str, *, alias: str, version: int) -> str:
    """Make the principal of a child: it is started for whom its parent is, but by its own version and alias."""
    kept = {name: value for name, value in read(principal).items() if name not in _OWN}
    return _text({**kept, "alias": alias, "version": version})


def starter(principal: str) -> Starter:
    """Give who started an execution, and by what key."""
    said = read(principal)
    key, credential = said.get("key"), said.get("credential")
    return Starter(
        user=UserId(said.get("user", 0)),
        api_key=None if key is None else ApiKeyId(key),
        aws_credential=None if credential is None else AwsCredentialId(credential),
    )


def _text(said: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in said.items() if value}, separators=(",", ":"))
