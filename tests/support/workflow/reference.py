"""The engine's reference, written from its code: of each public name the signature and its docstring's first line.

``python -m tests.support.workflow.reference > docs/engine/reference.md``
"""

from __future__ import annotations

import ast
import enum
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final, ForwardRef, get_args, get_origin

import msgspec

ROOT: Final = "app.workflow"
ALL: Final = None
Names = tuple[str, ...] | None
"""Which names of a module: those given, or all that are public."""

SECTIONS: Final[Mapping[str, Mapping[str, Names]]] = {
    "Building a machine": {
        "builder": ("Machine", "branch", "Branch", "START"),
        "steps": ("task", "events", "retries", "kind", "STANDARD", "NEVER", "Result", "Retry", "Spec"),
        "kernel.graph": (
            "Definition",
            "Flow",
            "Retrier",
            "Catcher",
            "Compensation",
            "SUCCESS",
            "FAILURE",
            "TIMEOUT",
            "END",
        ),
        "drawing": ALL,
    },
    "Machines in memory": {
        "instances": ALL,
        "here": ("run_here", "Here", "Outcome", "EndlessError", "check_handlers", "resources_of"),
        "kernel.lifecycle": ALL,
    },
    "Running executions": {
        "runtime.engine": ALL,
        "runtime.retrying": ("RetryError",),
        "runtime.steps": ("Step",),
        "runtime.activities": ("ActivityTask",),
        "runtime.crew": ("Transactions",),
        "runtime.live": ("Definitions",),
        "runtime.registry": ("Routes", "Way"),
        "runtime.children": ("Nested", "Wanted", "Child"),
        "runtime.clock": ("Clock", "SystemClock"),
        "kernel.status": ALL,
    },
    "Listeners and figures": {
        "runtime.listeners": ("Listener", "Returning"),
        "runtime.metrics": ("Metrics", "Figures"),
        "listeners": ALL,
    },
    "Stores": {
        "runtime.store": ALL,
        "stores.memory": ALL,
        "stores.sql.store": ALL,
        "stores.sql.schema": ("migrate", "migrate_on", "version"),
        "stores.sql.server": ("write_lock",),
        "stores.memory_instances": ALL,
        "stores.sql_instances": ("SqlInstances", "migrate"),
        "stores.redis_instances": ALL,
    },
    "Kinds of states": {
        "kernel.graph": ("State", "Visit", "Take", "Give", "take_all", "give_result"),
        "kernel.states": ALL,
        "kernel.decide": ("run",),
        "kernel.frames": ("Frame", "Branch", "Wait"),
        "kernel.stimuli": ALL,
    },
    "Amazon States Language": {
        "asl.document": ("Document", "read_json", "read_yaml", "UnreadableDocumentError"),
        "asl.check": ("check", "variable_references"),
        "asl.diagnostics": ("Diagnostic", "repeated"),
        "asl.compile": ("compile_machine",),
        "asl.query": ("InvalidDefinitionError",),
        "asl.history": ("History",),
        "asl.context": ("Surroundings", "everywhere"),
        "asl.services": ("Services",),
        "asl.nested": ("nested", "by_name", "Found", "StartExecution"),
        "asl.http": ("HttpInvoke", "Client", "Connections", "Parameters", "Request", "Response"),
        "links": ("Links", "Unlinked", "link_of", "NoOutputError", "UnknownTransformerError"),
        "maps": ("map_runs", "serve", "describe_map_run", "map_runs_of", "adjust_map_run", "members_of", "Member"),
        "objects": ALL,
        "objects.files": ("FolderStores", "FolderObjects"),
        "objects.memory": ("MemoryStores", "MemoryObjects"),
        "objects.s3": ("BucketStores", "BucketObjects"),
    },
    "Events": {"kernel.events": ALL},
    "Errors": {
        "kernel.errors": ALL,
        "runtime.loop": ("ClosedError",),
        "runtime.tokens": ("InvalidTokenError",),
        "codec": ("UnreadableError",),
    },
}
_HEAD: Final = """# Reference

Written from the code by `python -m tests.support.workflow.reference`; a test compares the two. Instants are in
milliseconds since the epoch, UTC.
"""


class _Text:
    """Something that prints as it stands in the code."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def written() -> str:
    """Give the whole document."""
    parts = [_HEAD]
    for title, modules in SECTIONS.items():
        parts.append(f"\n## {title}\n")
        for name, names in modules.items():
            parts.extend(_module(import_module(f"{ROOT}.{name}"), names))
    return "".join(parts)


def public(module: ModuleType) -> list[str]:
    """Give the public names that a module makes, in their order; of a package those it offers."""
    offered: Sequence[str] | None = getattr(module, "__all__", None)
    if offered is not None:
        return list(offered)
    return [name for name in _assigned(module) if not name.startswith("_")]


def _module(module: ModuleType, names: Names) -> Iterator[str]:
    yield f"\n### `{module.__name__}`\n\n{_first_line(module.__doc__)}\n\n"
    for name in public(module) if names is ALL else names:
        yield from _entry(module, name)


def _entry(module: ModuleType, name: str) -> Iterator[str]:
    found = getattr(module, name)
    if isinstance(found, type) and get_origin(found) is None:
        yield from _class(name, found)
    elif inspect.isfunction(found):
        yield f"- **`{name}{_signature(found)}`** {_first_line(found.__doc__)}\n"
    else:
        value = f" = {found!r}" if isinstance(found, (str, int)) else ""
        yield f"- **`{name}{value}`** {_below_it(module, name)}".rstrip() + "\n"


def _below_it(module: ModuleType, name: str) -> str:
    """Give the text below what has no docstring; what a package offers stands in one of its modules."""
    inside = f"{module.__name__}."
    places = [module, *(found for path, found in sys.modules.items() if path.startswith(inside))]
    return next((_first_line(text) for place in places if (text := _assigned(place).get(name))), "")


def _class(name: str, found: type[Any]) -> Iterator[str]:
    yield f"- **`{name}{_making(found)}`** {_first_line(found.__doc__)}\n"
    for method, given in vars(found).items():
        text = None if method.startswith("_") else _method(method, given)
        if text is not None:
            yield f"  - {text}\n"


def _method(name: str, given: Any) -> str | None:
    if isinstance(given, property):
        return f"`{name}` {_first_line(given.__doc__)}"
    function = given.__func__ if isinstance(given, (classmethod, staticmethod)) else given
    if not inspect.isfunction(function):
        return None
    return f"`{name}{_signature(function)}` {_first_line(function.__doc__)}".rstrip()


def _making(found: type[Any]) -> str:
    """Give how one of a class is made; of an enumeration what there is, of a protocol nothing."""
    if issubclass(found, enum.Enum):
        return f": {', '.join(str(member.value) for member in found)}"
    if issubclass(found, msgspec.Struct):
        return f"({', '.join(_fields(found))})"
    if getattr(found, "_is_protocol", False) or not _has_making(found):
        return ""
    maker: Callable[..., Any] = found.__new__ if issubclass(found, tuple) else found.__init__
    return _signature(maker)


def _has_making(found: type[Any]) -> bool:
    return issubclass(found, tuple) or inspect.isfunction(found.__init__)


def _fields(found: type[msgspec.Struct]) -> Iterator[str]:
    annotations: dict[str, Any] = {}
    for base in reversed(found.__mro__):
        annotations |= getattr(base, "__annotations__", {})
    for field in msgspec.structs.fields(found):
        default = "" if field.required else f" = {_default(field)}"
        yield f"{field.name}: {_annotation(annotations[field.name])}{default}"


def _default(field: msgspec.structs.FieldInfo) -> Any:
    factory = field.default_factory
    return _value(field.default if factory is msgspec.NODEFAULT else factory())


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=_shown(parameter.annotation), default=_shown_default(parameter.default))
        for name, parameter in signature.parameters.items()
        if name not in {"self", "cls", "_cls"}
    ]
    returns = signature.return_annotation
    if returns in {None, "None", inspect.Signature.empty}:
        return str(inspect.Signature(parameters))
    return str(inspect.Signature(parameters, return_annotation=_shown(returns)))


def _shown(annotation: Any) -> Any:
    return annotation if annotation is inspect.Parameter.empty else _Text(_annotation(annotation))


def _shown_default(default: Any) -> Any:
    return default if default is inspect.Parameter.empty else _Text(_value(default))


def _annotation(annotation: Any) -> str:
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else _named(annotation)


def _named(annotation: Any) -> str:
    if get_origin(annotation) is None and isinstance(annotation, type):
        return annotation.__name__
    arguments = ", ".join(map(_annotation, get_args(annotation)))
    return f"{getattr(annotation, '__name__', annotation)}[{arguments}]" if arguments else str(annotation)


def _value(value: Any) -> str:
    """Give a default as a reader would write it; a function, which has no such text, is left open."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, type):
        return value.__name__
    if type(value) is tuple:
        return f"({', '.join(map(_value, value))}{',' * (len(value) == 1)})"
    return "..." if " at 0x" in repr(value) or callable(value) else repr(value)


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


@cache
def _assigned(module: ModuleType) -> dict[str, str]:
    """Give the names that a module makes, with the text that stands below those that have no docstring."""
    found: dict[str, str] = {}
    last = ""
    for node in ast.parse(inspect.getsource(module)).body:
        text = _below(node)
        if text is not None and last:
            found[last] = text
        last = _made(node)
        if last:
            found[last] = ""
    return found


def _below(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return None


def _made(node: ast.stmt) -> str:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return targets[0].id if isinstance(targets[0], ast.Name) else ""


if __name__ == "__main__":
    sys.stdout.write(written())
