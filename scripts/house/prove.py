"""Show that the two commands work on a Debian that has python3 and nothing else.

For each release: build a system with mmdebstrap, copy the project in, and there

1. as an ordinary user: `scripts/run` refuses and names the one command that installs what is missing;
2. as root, from another folder: `scripts/run` serves, asked over HTTP from outside;
3. the same again without a network;
4. as root: `scripts/test` installs the servers and passes;
5. the same again without a network.

Needs root, and on this machine: mmdebstrap, unshare, nsenter, chroot, ip. Not part of the checks: it takes
minutes and gigabytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from house.base import ROOT, Refusal, quietly, say
from house.servers import data_set

NEEDED: Final = ("mmdebstrap", "unshare", "nsenter", "chroot", "ip")
HOME: Final = Path("/srv/tramita")
CERTIFICATES: Final = Path("/usr/local/share/proof.pem")
LEFT_OUT: Final = (".venv", ".git", "*cache*", "__pycache__", ".hypothesis", "*.whl", "data", "node_modules")
STARTUP_S: Final = 600
NOBODY: Final = 65534

# Private mounts vanish with the last process; --kill-child ends everything inside when this program ends.
_ENTER: Final = r"""
set -e
root=$1; user=$2; shift 2
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
[ -z "$OFFLINE" ] || ip link set lo up
exec chroot --userspec="$user:$user" --groups= "$root" /usr/bin/env -i "$@"
"""
_ASK: Final = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).status)"


@dataclass(frozen=True)
class Bare:
    """One bare system below ``root``, the variables its processes get, and what they are asked to do."""

    root: Path
    variables: dict[str, str]
    port: int
    tests: tuple[str, ...]

    def start(self, *command: str, user: int = 0, offline: bool = False) -> subprocess.Popen[str]:
        """Start a command of the project inside, in ``/`` and with next to no environment."""
        spaces = ["--mount", "--pid", "--fork", "--kill-child", *(["--net"] if offline else [])]
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        return subprocess.Popen(
            [
                "unshare",
                *spaces,
                "/bin/sh",
                "-c",
                _ENTER,
                "enter",
                self.root,
                str(user),
                *variables,
                *command,
            ],
            env={**os.environ, "OFFLINE": "1" if offline else ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, user: int = 0, offline: bool = False) -> tuple[int, str]:
        """Run a command inside to its end; its exit code and output."""
        process = self.start(*command, user=user, offline=offline)
        output, _ = process.communicate()
        return process.returncode, output


def main(arguments: Sequence[str]) -> int:
    """Prove it for each release named; 1 at the first step that does not hold."""
    options = _options(arguments)
    if os.geteuid():
        raise Refusal("needs root")
    if lacking := [name for name in NEEDED if not shutil.which(name)]:
        raise Refusal(f"missing: {', '.join(lacking)}")
    for suite in options.suite or ["bookworm", "trixie"]:
        with tempfile.TemporaryDirectory(prefix=f"bare-{suite}-", dir=options.dir) as scratch:
            bare = _build(suite, Path(scratch) / "root", options)
            for name, step in STEPS.items():
                if not options.step or name in options.step:
                    started = time.monotonic()
                    say(f"{suite}: {name} ...")
                    step(bare)
                    say(f"{suite}: {name} ok, {time.monotonic() - started:.0f} s")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="scripts/prove-bare-debian", description=__doc__, formatter_class=shown)
    parser.add_argument("suite", nargs="*", help="Debian releases (default: bookworm trixie)")
    parser.add_argument("--step", action="append", choices=list(STEPS), help="only this step; repeatable")
    parser.add_argument("--dir", help="where the systems are built (default: the temporary folder)")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--ca", type=Path, help="certificates that the package indexes need here")
    parser.add_argument("--tests", nargs="+", default=[], help="arguments for scripts/test inside")
    parser.add_argument("--aptopt", action="append", default=[], help="option for apt inside; repeatable")
    return parser.parse_args(arguments)


def _build(suite: str, root: Path, options: argparse.Namespace) -> Bare:
    """Build the system and copy the project, its data set and the way to the network in."""
    say(f"{suite}: building ...")
    apt = [f"--aptopt={option}" for option in options.aptopt]
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--include=python3", *apt]
    quietly([*command, suite, root], doing="mmdebstrap")
    shutil.copytree(ROOT, root / HOME.relative_to("/"), ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    for file in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copyfile(file, root / file.lstrip("/"))
    variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    if folder := data_set():
        shutil.copytree(folder, root / "srv/northwind")
        variables["NORTHWIND_DIR"] = "/srv/northwind"
    if options.ca:
        shutil.copyfile(options.ca, root / CERTIFICATES.relative_to("/"))
        variables |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(CERTIFICATES))
    return Bare(root, variables, options.port, tuple(options.tests))


def _refuses(bare: Bare) -> None:
    """Show that an ordinary user is told the one command."""
    code, output = bare.run(f"{HOME}/scripts/run", "--port", str(bare.port), "--data", "/tmp/data", user=NOBODY)  # noqa: S108
    if code != 1 or "apt-get install -y --no-install-recommends ca-certificates python3-venv" not in output:
        raise Refusal(f"exit {code}, expected 1 with the command to run:\n{output}")


def _serves(bare: Bare, *, offline: bool = False) -> None:
    """Show that the service answers from outside, and ends on SIGTERM by itself."""
    process = bare.start(f"{HOME}/scripts/run", "--port", str(bare.port), "--data", "/srv/data", offline=offline)
    ask: list[str | Path] = [sys.executable, "-c", _ASK, f"http://127.0.0.1:{bare.port}/ready"]
    if offline:
        ask = ["nsenter", "--target", str(process.pid), "--net", *ask]
    try:
        deadline = time.monotonic() + STARTUP_S
        while subprocess.run(ask, capture_output=True, check=False).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        else:
            _end(process)
            say("".join(f"    {line}\n" for line in process.communicate()[0].splitlines()).rstrip())
            return
    finally:
        process.kill()
    raise Refusal(f"scripts/run does not serve:\n{process.communicate()[0]}")


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the service, the only child of unshare, to stop. Raises Refusal when it needs to be killed."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        raise Refusal("SIGTERM does not end the service within 30 s") from None


def _passes(bare: Bare, *, offline: bool = False) -> None:
    """Show that the tests pass, with every server they need."""
    code, output = bare.run(f"{HOME}/scripts/test", *bare.tests, offline=offline)
    if code:
        raise Refusal(f"scripts/test gives {code}:\n{output}")
    say(f"    {output.rstrip().splitlines()[-1]}")


STEPS: Final[dict[str, Callable[[Bare], None]]] = {
    "refuses": _refuses,
    "serves": _serves,
    "serves-offline": lambda bare: _serves(bare, offline=True),
    "passes": _passes,
    "passes-offline": lambda bare: _passes(bare, offline=True),
}
