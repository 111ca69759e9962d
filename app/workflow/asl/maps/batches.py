"""How items become the inputs of executions, a page of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from ..states import LARGEST

PAGE: Final = 500
"""Inputs of a page at most."""
PAGE_BYTES: Final = 512 * 1024
"""Bytes of a page beyond which it takes no further input."""

_encode: Final = msgspec.json.Encoder().encode


class Limits(msgspec.Struct, frozen=True, array_like=True):
    """How many items, and bytes of input, a batch may have; None for the number that the other one gives."""

    items: int | None = None
    size: int | None = None


class Input(NamedTuple):
    """What one execution starts with: how many items that is, its bytes, and the cursor behind the last of them."""

    value: Any
    items: int
    size: int
    cursor: list[Any]


class Page(msgspec.Struct, frozen=True):
    """Some inputs and how many items each of them is; ``cursor`` is None behind the last one."""

    inputs: list[Any]
    items: list[int]
    cursor: list[Any] | None


Selected = tuple[Any, list[Any]]
"""An item as the selector gives it, and the cursor behind it."""


def alone(items: Iterable[Selected]) -> Iterator[Input]:
    """Give each item as an input."""
    for value, cursor in items:
        yield Input(value, 1, len(_encode(value)), cursor)


def batched(items: Iterable[Selected], limits: Limits, shared: Callable[[], Any] | None) -> Iterator[Input]:
    """Give items together: ``{"BatchInput": ..., "Items": [...]}``, each as full as the limits allow.

    An item that does not fit any batch is one by itself; what is too large is told by the size of the input.
    """
    batch = _Batch(limits, {} if shared is None else {"BatchInput": shared()})
    for value, cursor in items:
        size = len(_encode(value))
        if not batch.has_room(size):
            yield batch.close()
        batch.add(value, size, cursor)
    if batch.values:
        yield batch.close()


class _Batch:
    def __init__(self, limits: Limits, shared: dict[str, Any]) -> None:
        self._shared = shared
        self._most = limits.items
        self._largest = min(limits.size or LARGEST, LARGEST)
        self._empty = len(_encode({**shared, "Items": []}))
        self.values: list[Any] = []
        self._size = self._empty
        self._cursor: list[Any] = []

    def has_room(self, size: int) -> bool:
        """Tell whether one more item of so many bytes fits; the first always does."""
        count = len(self.values)
        if not count:
            return True
        return count != self._most and self._size + 1 + size <= self._largest

    def add(self, value: Any, size: int, cursor: list[Any]) -> None:
        self._size += size + (1 if self.values else 0)
        self.values.append(value)
        self._cursor = cursor

    def close(self) -> Input:
        made = Input({**self._shared, "Items": self.values}, len(self.values), self._size, self._cursor)
        self.values, self._size = [], self._empty
        return made


def page(inputs: Iterator[Input], most: int = PAGE, size: int = PAGE_BYTES) -> Page:
    """Take inputs until there are enough; whether there are more is known by the next page."""
    values: list[Any] = []
    items: list[int] = []
    for one in inputs:
        values.append(one.value)
        items.append(one.items)
        size -= one.size
        if len(values) >= most or size <= 0:
            return Page(values, items, one.cursor)
    return Page(values, items, None)
