"""One call of an action: who calls from where, with what, and the tools to do it."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import orjson

from app.api.aws.arns import Place
from app.api.aws.errors import AwsError
from app.api.container import Container
from app.usecases.context import Context
from app.usecases.run import UseCase

Request = TypeVar("Request")
Result = TypeVar("Result")
Item = TypeVar("Item")
Answer = Mapping[str, Any]
DEFAULT_PAGE: Final = 100
BAD_TOKEN: Final = AwsError("InvalidToken", "Invalid Token: 'Invalid token'")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was admitted and has the right shape."""

    container: Container
    context: Context
    place: Place
    action: str
    given: Mapping[str, Any]

    def run(self, case: UseCase[Request, Result], request: Request) -> Result:
        """Run a use case and give its result. Raises DomainError."""
        return self.container.runner.call(self.context, case, lambda: request)

    @property
    def limit(self) -> int:
        """How many items the caller wants at most."""
        return self.given.get("maxResults") or DEFAULT_PAGE

    def continued(self) -> Any:
        """Give what ``page`` was told the page before ended with, None for a first page. Raises AwsError."""
        token = self.given.get("nextToken")
        if token is None:
            return None
        try:
            action, value = orjson.loads(urlsafe_b64decode(token.encode()))
        except (ValueError, TypeError, binascii.Error):
            raise BAD_TOKEN from None
        if action != self.action:
            raise BAD_TOKEN
        return value

    def beyond(self) -> str:
        """Give the name that the page before ended with. Raises AwsError."""
        after = self.continued()
        if after is None:
            return ""
        if not isinstance(after, str) or "\x00" in after:
            raise BAD_TOKEN
        return after

    def page(self, name: str, items: Sequence[Any], after: object) -> Answer:
        """Give the answer of a list; ``after`` continues it, None when it is at its end."""
        more = {} if after is None else {"nextToken": urlsafe_b64encode(orjson.dumps([self.action, after])).decode()}
        return {name: items, **more}

    def part(self, name: str, items: Sequence[Item], show: Callable[[Item], Answer]) -> Answer:
        """Give the part of a whole list that the caller asks for."""
        start = self.continued() or 0
        if not isinstance(start, int) or start < 0:
            raise BAD_TOKEN
        end = start + self.limit
        return self.page(name, [show(one) for one in items[start:end]], end if end < len(items) else None)


def seconds(moment: datetime) -> float:
    """Give an instant as it travels: seconds since the epoch, to the millisecond."""
    return round(moment.timestamp(), 3)


def cut(items: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """Give at most ``limit`` items of one more than that, and whether there were more."""
    return items[:limit], len(items) > limit
