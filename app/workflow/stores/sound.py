"""What every store refuses: names longer than the narrowest column, characters no column takes, numbers out of range.

Each function gives why, or an empty text.
"""

from __future__ import annotations

from typing import Final

from ..runtime.store import Append, Key, Letter, Message, NewExecution

NAMESPACE: Final = 64
"""Characters of a namespace."""
ID: Final = 64
"""Characters of the id of an execution, or of a seed."""
NAME: Final = 128
"""Characters of the name of a machine, an execution, a signal, an error or a worker."""
SENT: Final = 255
"""Characters of the id of a letter or a message, of a correlation key, of a principal."""
LARGEST: Final = 2**63 - 1
"""The largest number a column takes."""


def of_append(append: Append) -> str:
    """Look through a commit."""
    if _is_plain(append):
        return ""
    found = (
        _key(append.key)
        or _text("error", append.error, NAME)
        or _text("state", append.state or "", NAME)
        or _text("checkpoint", append.checkpoint)
        or _text("history", append.history)
        or _instant("due", append.due)
    )
    if not found and (append.awaits or append.forgets):
        found = next(filter(None, map(_pair, (*append.awaits, *append.forgets))), "")
    if not found and append.new is not None:
        found = of_new(append.new)
    return found or next(filter(None, (*map(of_new, append.starts), *map(of_letter, append.posts))), "")


def _is_plain(append: Append) -> bool:
    """Tell at one look that nothing can be wrong with a commit: most have little in them."""
    names = f"{append.key.namespace}{append.key.id}{append.error}"
    if len(names) > ID or append.new or not append.is_alone or len(append.state or "") > NAME:
        return False
    texts = f"{names}{append.checkpoint}{append.history}{append.state}"
    return texts.isascii() and "\0" not in texts and not _instant("due", append.due)


def of_new(new: NewExecution) -> str:
    """Look through an execution to be."""
    return (
        _called(new)
        or _text("seed", new.seed, ID)
        or _text("principal", new.principal, SENT)
        or _text("parent", new.parent, SENT)
        or _text("reference", new.reference or "", SENT)
        or _text("input", new.input)
        or _instant("created", new.created)
    )


def of_letter(letter: Letter) -> str:
    """Look through a letter."""
    return _text("id", letter.id, SENT) or _text("body", letter.body)


def of_message(message: Message) -> str:
    """Look through a message."""
    return (
        _text("namespace", message.namespace, NAMESPACE)
        or _text("id", message.id, SENT)
        or _text("name", message.name, NAME)
        or _text("key", message.key, SENT)
        or _text("body", message.body)
        or _instant("expires", message.expires)
    )


def _text(what: str, value: str, longest: int | None = None) -> str:
    if longest is not None and len(value) > longest:
        return f"{what} has {len(value)} characters, at most {longest} are stored"
    if "\0" in value:
        return f"{what} has a NUL"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"{what} has half a surrogate pair"
    return ""


def _called(new: NewExecution) -> str:
    return _key(new.key) or _text("machine", new.machine, NAME) or _text("name", new.name or "", NAME)


def _key(key: Key) -> str:
    return _text("namespace", key.namespace, NAMESPACE) or _text("id", key.id, ID)


def _pair(pair: tuple[str, str]) -> str:
    return _text("name", pair[0], NAME) or _text("key", pair[1], SENT)


def _instant(what: str, value: int | None) -> str:
    return f"{what} is out of range" if value is not None and not -LARGEST <= value <= LARGEST else ""
