"""The Dockerfile as data: the part of its language that ours uses, and nothing that is not understood.

Docker's reference is https://docs.docker.com/reference/dockerfile/; a word or a flag that is not known here is refused,
so that nothing of what an engine would do is silently left out.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from house.base import Refusal

_FLAGS: Final = {
    "COPY": {"from", "chown"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "retries"},
}
_WORDS: Final = {
    "RUN",
    "COPY",
    "ENV",
    "WORKDIR",
    "USER",
    "VOLUME",
    "EXPOSE",
    "STOPSIGNAL",
    *_FLAGS,
    "ENTRYPOINT",
    "CMD",
}
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True)
class Instruction:
    """One line of a stage: its word, its flags, and what stands behind them; ``line`` counts from 1."""

    word: str
    flags: Mapping[str, str]
    argument: str
    line: int

    def words(self) -> list[str]:
        """Give the argument as words: a JSON list as it stands, anything else split as a shell would."""
        if self.argument.startswith("["):
            listed: list[str] = json.loads(self.argument)
            return listed
        return shlex.split(self.argument)

    def listed(self) -> list[str]:
        """Give the words of an exec form. Raises Refusal for a shell form: the image has no shell to run it."""
        if not self.argument.startswith("["):
            raise Refusal(f"Dockerfile:{self.line}: {self.word} needs a shell, and there is none")
        return self.words()


@dataclass(frozen=True)
class Stage:
    """One FROM and what follows it."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]


@dataclass
class Image:
    """What the last stage says about running it."""

    env: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    workdir: str = "/"
    volumes: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    stop_signal: str = "SIGTERM"
    healthcheck: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def read(text: str, **arguments: str) -> list[Stage]:
    """Give the stages of a Dockerfile in their order; ``arguments`` beat the defaults of its ARGs. Raises Refusal."""
    values: dict[str, str] = {}
    stages: list[tuple[str, str, list[Instruction]]] = []
    for line, said in _lines(text):
        word, _, rest = said.partition(" ")
        word, rest = word.upper(), rest.strip()
        if word == "ARG" and not stages:
            name, _, default = rest.partition("=")
            values[name] = arguments.get(name, default)
        elif word == "FROM":
            base, _, name = _filled(rest, values).partition(" AS ")
            stages.append((name.strip() or str(len(stages)), base.strip(), []))
        elif word in _WORDS and stages:
            flags, rest = _flags(word, rest, line)
            stages[-1][2].append(Instruction(word, flags, rest, line))
        else:
            raise Refusal(f"Dockerfile:{line}: {word} is not understood here")
    return [Stage(name, base, tuple(instructions)) for name, base, instructions in stages]


def image(stage: Stage) -> Image:
    """Give what a container of this stage is started with. Raises Refusal for what would need a shell."""
    made = Image()
    for one in stage.instructions:
        match one.word:
            case "ENV":
                made.env |= assignments(one)
            case "USER":
                made.user = one.argument
            case "WORKDIR":
                made.workdir = one.argument
            case "VOLUME":
                made.volumes += one.words()
            case "EXPOSE":
                made.ports += map(int, one.words())
            case "STOPSIGNAL":
                made.stop_signal = one.argument
            case "ENTRYPOINT":
                made.entrypoint, made.command = one.listed(), []
            case "CMD":
                made.command = one.listed()
            case "HEALTHCHECK":
                made.healthcheck = _health(one).listed()
            case _:
                pass  # it makes files, and says nothing about running
    return made


def assignments(one: Instruction) -> dict[str, str]:
    """Give the variables of an ENV by name."""
    return dict(word.split("=", 1) for word in one.words())


def _health(one: Instruction) -> Instruction:
    word, _, rest = one.argument.partition(" ")
    if word != "CMD":
        raise Refusal(f"Dockerfile:{one.line}: HEALTHCHECK {word} is not understood here")
    return Instruction("HEALTHCHECK", one.flags, rest.strip(), one.line)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the instructions with the line they begin on: comments and blank lines gone, continued lines joined."""
    begun, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begun = begun or number
        parts.append(line.removesuffix("\\").strip())
        if not line.endswith("\\"):
            yield begun, " ".join(parts)
            begun, parts = 0, []


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Put the values of ARGs in. Raises Refusal for a name that has none."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in values:
            raise Refusal(f"Dockerfile: ARG {name} is not declared before the first FROM")
        return values[name]

    return _VARIABLE.sub(value, text)


def _flags(word: str, rest: str, line: int) -> tuple[dict[str, str], str]:
    found: dict[str, str] = {}
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        name, _, value = flag[2:].partition("=")
        if name not in _FLAGS.get(word, ()):
            raise Refusal(f"Dockerfile:{line}: {word} --{name} is not understood here")
        found[name] = value
        rest = rest.strip()
    return found, rest


@dataclass(frozen=True)
class Ignored:
    """What .dockerignore keeps out of the build: its patterns in order, the last that fits decides."""

    patterns: tuple[tuple[bool, re.Pattern[str]], ...]

    @classmethod
    def of(cls, text: str) -> Ignored:
        """Read the file's text; `*`, `?` and `**` as Docker means them, a leading `!` takes back."""
        lines = [line.strip() for line in text.splitlines()]
        wanted = [line for line in lines if line and not line.startswith("#")]
        return cls(tuple((not line.startswith("!"), _pattern(line.removeprefix("!"))) for line in wanted))

    def __contains__(self, path: PurePosixPath) -> bool:
        """Tell whether ``path``, relative to the project, stays out: a folder's fate is that of what it holds."""
        names = [str(path), *(str(parent) for parent in path.parents if parent.name)]
        out = False
        for keeps_out, pattern in self.patterns:
            if any(pattern.fullmatch(name) for name in names):
                out = keeps_out
        return out

    def files(self, root: Path, wanted: str) -> list[Path]:
        """Give the files of ``root``/``wanted`` that are part of the build, in order. Raises Refusal when none is."""
        start = root / wanted
        found = [start] if start.is_file() else [path for path in sorted(start.rglob("*")) if path.is_file()]
        kept = [path for path in found if PurePosixPath(path.relative_to(root)) not in self]
        if not kept:
            raise Refusal(f"COPY {wanted}: there is no such thing in the build")
        return kept


def _pattern(text: str) -> re.Pattern[str]:
    """Translate one pattern; `**` crosses slashes, `*` and `?` do not."""
    tokens = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", text.strip("/"))
    return re.compile("".join(tokens.get(part) or re.escape(part) for part in parts))
