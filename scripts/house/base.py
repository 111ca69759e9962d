"""What every command stands on: where the project is, how a command speaks, how it runs another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parents[2]


class Refusal(Exception):
    """The command cannot go on; the text names what is missing and what to do about it."""


def say(text: str) -> None:
    """Print one line at once, so that it stands before the output of whatever runs next."""
    print(text, flush=True)


def quietly(command: Sequence[str | Path], *, doing: str, env: Mapping[str, str] | None = None) -> str:
    """Run ``command`` in the project and give its output. Raises Refusal with that output when it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Refusal(f"{doing} failed (exit {done.returncode}):\n{done.stdout.rstrip()}")
    return done.stdout


def become(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> NoReturn:
    """Replace this process by ``command``: signals and the exit code are then its own."""
    words = [str(word) for word in command]
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execve(words[0], words, {**os.environ, **(env or {})})


def entry(main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Run ``main`` on the command line and exit with its answer; 1 with a Refusal's text, 130 on Ctrl-C."""
    try:
        code = main(sys.argv[1:])
    except Refusal as refusal:
        sys.stdout.flush()
        print(f"{Path(sys.argv[0]).name}: {refusal}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
