"""Show that the image does what it promises, without an engine.

The Dockerfile is run line by line in chroots made of Debian 13's packages (the final one of those of which distroless
makes its Python image), and the result is started as `docker run --read-only --cap-drop ALL --user 65532` would start
it: own mounts, processes and names, read-only root, no capabilities, no new privileges, /tmp in memory, one volume.

What this machine cannot know: whether the published base image holds exactly those packages. Needs root; mmdebstrap is
installed when that is allowed. The first time needs a network, later ones do not. ALLOW_MISSING_SERVERS=1 accepts what
could not be run, and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from house import container, dockerfile, system
from house.base import ROOT, Refusal, quietly, say
from house.selling import PATIENCE_S, Client, NotRun, Wrong, mailbox, quote_to_cash
from house.servers import ALLOW_MISSING, allowed_to_miss

NEEDED: Final = {"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "mount": "mount", "tar": "tar"}
USER: Final = 65532
START_S: Final = 120
STOP_S: Final = 30
EMAIL: Final = "demo@example.com"
PYTHON: Final = "/usr/bin/python3.13"
CLOSED: Final = ("/", "/app", "/bytecode", "/etc", "/usr/bin", "/home/nonroot")
OPEN: Final = ("/tmp", "/data")  # noqa: S108 - the container's own
TOOLS: Final = {"sh", "bash", "dash", "ash", "busybox", "apt", "apt-get", "dpkg", "pip", "pip3", "perl", "curl", "wget"}
_PROBE: Final = """
import errno, json, os, subprocess, sys
def tried(place):
    path = os.path.join(place, "probe")
    try:
        with open(path, "w") as file:
            file.write("x")
        os.unlink(path)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "written"
try:
    shell = subprocess.run("true", shell=True).returncode
except OSError as error:
    shell = errno.errorcode[error.errno]
print(json.dumps({"shell": shell, "places": {place: tried(place) for place in sys.argv[1:]}}))
"""


@dataclass
class Trial:
    """One built image, and what is known of its running container so far."""

    built: container.Built
    box: container.Container
    client: Client
    mail: queue.Queue[bytes]
    server: subprocess.Popen[str] | None = None
    said: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    password: str = field(default="", repr=False)
    invoice: dict[str, Any] = field(default_factory=dict)

    def command(self, *words: str) -> str:
        """Run a command of the image to its end and give its output. Raises Wrong when it fails."""
        code, output = self.box.run(*words)
        if code:
            raise Wrong(f"{' '.join(words)} gives {code}: {output[-400:]}")
        return output

    def end(self) -> None:
        """Kill the server if it still runs: a row before its stopping failed."""
        if self.server and self.server.poll() is None:
            self.server.kill()
            self.server.wait()

    def probe(self) -> dict[str, Any]:
        """Try from inside what may be written, and whether there is a shell."""
        code, output = self.box.run("-c", _PROBE, *CLOSED, *OPEN, program=[PYTHON])
        if code:
            raise Wrong(f"the probe gives {code}: {output[-400:]}")
        found: dict[str, Any] = json.loads(output)
        return found


def main(arguments: Sequence[str]) -> int:
    """Build, try every row, print the table; 1 when a row failed, or could not be run and that was not accepted."""
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="scripts/verify-image", description=__doc__, formatter_class=shown)
    parser.add_argument(
        "--cache", type=Path, default=ROOT / "build/image", help="what was built (default: build/image)"
    )
    parser.add_argument("--dir", help="where the roots are unpacked (default: the temporary folder)")
    parser.add_argument(
        "--database-url", default="", help="an empty database to sell in (default: SQLite in the volume)"
    )
    options = parser.parse_args(arguments)
    if missing := _missing():
        say(f"NOT RUN: verify-image ({missing})")
        return 0 if allowed_to_miss() else 1
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="image-", dir=options.dir)))
        scratch.chmod(0o755)
        started = time.monotonic()
        built = _built(options.cache, scratch)
        say(f"Built in {time.monotonic() - started:.1f} s ({built.kept} of {built.steps} steps were kept)")
        port, mail = stack.enter_context(mailbox())
        trial = _trial(built, scratch, port, mail, options.database_url)
        stack.callback(trial.end)
        rows = [_row(name, check, trial) for name, check in CHECKS.items()]
        if any(outcome == "FAILED" for _, outcome, _ in rows):
            say("\n".join(["", "the server's last lines:", *trial.said]))
    return _verdict(rows)


def _missing() -> str:
    """Tell why nothing can be tried here, or nothing."""
    if os.geteuid():
        return "needs root"
    lacking = [package for program, package in NEEDED.items() if not shutil.which(program)]
    try:
        if lacking:
            system.install(lacking)
    except Refusal as refusal:
        return str(refusal)
    return ""


def _built(cache: Path, scratch: Path) -> container.Built:
    ignored = dockerfile.Ignored.of((ROOT / ".dockerignore").read_text(encoding="utf-8"))
    return container.Workshop(cache.absolute(), scratch, ignored).build()


def _trial(built: container.Built, scratch: Path, smtp: int, mail: queue.Queue[bytes], database: str) -> Trial:
    """Fill the volume from the image, as an engine fills a new one, and choose a free port."""
    data = scratch / "volume"
    quietly(["cp", "-a", built.root / built.image.volumes[0].lstrip("/"), data], doing="making the volume")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {"PORT": str(port), "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp), "SMTP_TLS": "off"}
    env |= {"MAIL_FROM": "sales@example.com"} | ({"DATABASE_URL": database} if database else {})
    return Trial(built, container.Container(built, data, env), Client(f"http://127.0.0.1:{port}"), mail)


def _row(name: str, check: Callable[[Trial], str], trial: Trial) -> tuple[str, str, str]:
    """Try one row; whatever goes wrong fails that row alone."""
    try:
        return name, "ok", check(trial)
    except NotRun as reason:
        return name, "NOT RUN", str(reason)
    except (Wrong, Refusal, OSError, ValueError, LookupError, queue.Empty, subprocess.SubprocessError) as error:
        return name, "FAILED", f"{type(error).__name__}: {error}"


def _verdict(rows: Sequence[tuple[str, str, str]]) -> int:
    width = max(len(name) for name, _, _ in rows)
    for name, outcome, detail in rows:
        say(f"{name:{width}}  {outcome:7}  {detail}")
    lacking = [name for name, outcome, _ in rows if outcome == "NOT RUN"]
    for name in lacking:
        say(f"NOT RUN: {name}")
    if lacking and not allowed_to_miss():
        say(f"{ALLOW_MISSING}=1 accepts that")
    failed = any(outcome == "FAILED" for _, outcome, _ in rows)
    return int(failed or bool(lacking and not allowed_to_miss()))


def _migrates(trial: Trial) -> str:
    return trial.command("migrate").strip().splitlines()[-1]


def _enters(trial: Trial) -> str:
    found = re.search(r"^password (\S+)$", trial.command("demo"), re.MULTILINE)
    if not found:
        raise Wrong("the demo company's password was not printed")
    trial.password = found[1]
    return "demo company, its password printed once"


def _starts(trial: Trial) -> str:
    began = time.monotonic()
    trial.server = server = trial.box.start()
    threading.Thread(target=lambda: trial.said.extend(map(str.rstrip, server.stdout or ())), daemon=True).start()
    while time.monotonic() < began + START_S:
        if server.poll() is not None:
            raise Wrong(f"the server ended with {server.returncode}")
        try:
            if trial.client.ask("GET", "/ready").status == 200:
                return f"{time.monotonic() - began:.1f} s until /ready"
        except OSError:
            time.sleep(0.05)
    raise Wrong(f"/ready is not 200 after {START_S} s")


def _serves(trial: Trial) -> str:
    told = [f"{path} {trial.client.done('GET', path).body.decode()}" for path in ("/health", "/ready")]
    return ", ".join(told)


def _is_checked(trial: Trial) -> str:
    began = time.monotonic()
    code, output = trial.box.run(program=trial.built.image.healthcheck)
    took = time.monotonic() - began
    if code:
        raise Wrong(f"exit {code}: {output}")
    return f"exit 0 in {took:.2f} s"


def _runs_as(trial: Trial) -> str:
    """Read what the kernel says of process 1."""
    number = container.first_process(_server(trial))
    lines = Path(f"/proc/{number}/status").read_text(encoding="ascii").splitlines()
    told = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    empty = [name for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(told[name][0], 16) == 0]
    wanted = [str(USER)] * 4
    if (
        (told["Uid"], told["Gid"], told["Groups"]) != (wanted, wanted, [])
        or len(empty) != 5
        or told["NoNewPrivs"] != ["1"]
    ):
        raise Wrong(str({name: told[name] for name in ("Uid", "Gid", "Groups", "CapEff", "CapBnd", "NoNewPrivs")}))
    return f"uid and gid {USER}, no groups, CapEff 0, CapBnd 0, NoNewPrivs 1; process 1 of its own"


def _sells(trial: Trial) -> str:
    trial.client.sign_in(EMAIL, trial.password)
    trial.invoice = quote_to_cash(trial.client)
    return f"quote, order, shipment, invoice {trial.invoice['ref']}: {trial.invoice['total_gross']}, paid"


def _prints(trial: Trial) -> str:
    path = re.sub(r"\{\w+\}", str(_invoice(trial)["id"]), trial.client.route(r"/invoices/\{\w+\}/pdf$"))
    began = time.monotonic()
    body = trial.client.done("GET", path).body
    if not body.startswith(b"%PDF-") or b"%%EOF" not in body[-32:]:
        raise Wrong(f"no PDF: {body[:40]!r}")
    return f"{len(body)} bytes in {1000 * (time.monotonic() - began):.0f} ms"


def _mails(trial: Trial) -> str:
    path = re.sub(r"\{\w+\}", str(_invoice(trial)["id"]), trial.client.route(r"/invoices/\{\w+\}/send$"))
    began = time.monotonic()
    trial.client.done("POST", path, {})
    message = trial.mail.get(timeout=PATIENCE_S)
    if trial.invoice["ref"].encode() not in message:
        raise Wrong(f"the message does not name the invoice: {message[:400]!r}")
    return f"{len(message)} bytes reached an SMTP server outside after {time.monotonic() - began:.1f} s"


def _cannot_write(trial: Trial) -> str:
    found = trial.probe()["places"]
    if any(found[place] != "EROFS" for place in CLOSED):
        raise Wrong(str(found))
    return f"EROFS: {' '.join(CLOSED)}"


def _can_write(trial: Trial) -> str:
    found = trial.probe()["places"]
    if any(found[place] != "written" for place in OPEN):
        raise Wrong(str(found))
    return " ".join(OPEN)


def _has_no_shell(trial: Trial) -> str:
    found = sorted({path.name for path in _paths(trial) if path.name in TOOLS and "bin" in path.parts})
    shell = trial.probe()["shell"]
    if found or shell != "ENOENT":
        raise Wrong(f"{found}, shell=True gives {shell}")
    return f"none of {' '.join(sorted(TOOLS))}; shell=True: {shell}"


def _is_roots(trial: Trial) -> str:
    """Look for what gives or takes too much: setuid, file capabilities, files of another owner than the builder."""
    root, found, seen = trial.built.root, [], 0
    spared = {root / "data", root / "home/nonroot"}
    for path in _paths(trial):
        about = path.lstat()
        seen += 1
        if stat.S_ISREG(about.st_mode) and about.st_mode & (stat.S_ISUID | stat.S_ISGID):
            found.append(f"setuid {path.name}")
        if stat.S_ISREG(about.st_mode) and "security.capability" in os.listxattr(path, follow_symlinks=False):
            found.append(f"capability {path.name}")
        shared = about.st_mode & stat.S_IWOTH and not about.st_mode & stat.S_ISVTX  # /tmp and its like are sticky
        if path not in spared and not path.is_symlink() and (about.st_uid != os.geteuid() or shared):
            found.append(f"not root's alone {path.relative_to(root)}")
    if found:
        raise Wrong(", ".join(found[:10]))
    return f"{seen} files: no setuid, no file capabilities, nothing that another user may change"


def _links(trial: Trial) -> str:
    """Ask the root's own loader for the libraries of every native module."""
    root = trial.built.root
    loader = [*root.glob("usr/lib*/ld-linux*"), *root.glob("usr/lib/*/ld-linux*")][0]
    modules = sorted(path for path in (root / "app").rglob("*.so*") if path.is_file())
    lacking = []
    for module in modules:
        inside = [f"/{path.relative_to(root)}" for path in (loader, module)]
        listed = subprocess.run(
            ["chroot", root, inside[0], "--list", inside[1]], capture_output=True, text=True, check=False
        )
        if listed.returncode or "not found" in listed.stdout + listed.stderr:
            lacking.append(f"{inside[1]}: {listed.stdout}{listed.stderr}")
    if lacking or not modules:
        raise Wrong("; ".join(lacking)[:600] or "there is none")
    return f"{len(modules)} native modules, no library missing"


def _is_compiled(trial: Trial) -> str:
    root = trial.built.root
    sources = [path.relative_to(root) for path in (root / "app").rglob("*.py")]
    bare = [path for path in sources if not (root / "bytecode" / path.with_suffix(".cpython-313.pyc")).is_file()]
    if bare:
        raise Wrong(f"{len(bare)} without bytecode: {', '.join(map(str, bare[:5]))}")
    return f"{len(sources)} modules"


def _drains(trial: Trial) -> str:
    """Hold a request in the middle of its body, send SIGTERM, finish the request."""
    server, body = _server(trial), json.dumps({"name": "Held SARL", "customer": True}).encode()
    host, _, port = trial.client.url.removeprefix("http://").partition(":")
    head = [
        *("POST /api/v1/third-parties HTTP/1.1", f"host: {host}", "expect: 100-continue", "connection: close"),
        *("content-type: application/json", f"content-length: {len(body)}"),
        f"authorization: Bearer {trial.client.token}",
    ]
    with socket.create_connection((host, int(port)), timeout=STOP_S) as held:
        held.sendall("\r\n".join([*head, "", ""]).encode())
        if b" 100 " not in held.recv(64):
            raise Wrong("the request was not taken up")
        os.kill(container.first_process(server), signal.Signals[trial.built.image.stop_signal])
        began = time.monotonic()
        told = _not_ready(trial)
        if told != "503":
            raise Wrong(f"/ready is {told} after SIGTERM, not 503 on an open socket")
        held.sendall(body)
        answer = b"".join(iter(lambda: held.recv(65536), b""))
    code = server.wait(STOP_S)
    took = time.monotonic() - began
    if b" 201 " not in answer[:16] or code:
        raise Wrong(f"exit {code} after {took:.1f} s; the request held: {answer[:80]!r}")
    if not trial.box.run(program=trial.built.image.healthcheck)[0]:
        raise Wrong("the health check says that a server lives")
    return f"exit 0 after {took:.1f} s; /ready meanwhile {told}; a request in its middle was answered 201"


def _not_ready(trial: Trial) -> str:
    """Wait until no more requests are sent here, and tell by what that is seen."""
    until = time.monotonic() + STOP_S
    while time.monotonic() < until:
        try:
            status = trial.client.ask("GET", "/ready").status
        except OSError:
            return "closed"
        if status != 200:
            return str(status)
        time.sleep(0.02)
    raise Wrong("/ready stays 200 after SIGTERM")


def _keeps(trial: Trial) -> str:
    """Let another container say of the same volume that the books are whole."""
    return trial.command("verify").strip().splitlines()[-1]


def _weighs(trial: Trial) -> str:
    sizes = {path: path.lstat().st_blocks * 512 for path in _paths(trial) if path.is_file() and not path.is_symlink()}
    whole = sum(sizes.values())
    parts = {
        name: sum(size for path, size in sizes.items() if path.is_relative_to(trial.built.root / name))
        for name in PARTS
    }
    rest = whole - sum(parts.values())
    return ", ".join(
        [f"{_mb(whole)} MB", *(f"/{name} {_mb(size)}" for name, size in parts.items()), f"system {_mb(rest)}"]
    )


PARTS: Final = ("app", "bytecode")


def _mb(size: int) -> str:
    return f"{size / 1_000_000:.0f}"


def _paths(trial: Trial) -> list[Path]:
    """Give everything in the root but what is mounted over."""
    root = trial.built.root
    hidden = {root / "proc", root / "dev", root / "sys"}
    return [path for path in root.rglob("*") if not hidden & {path, *path.parents}]


def _server(trial: Trial) -> subprocess.Popen[str]:
    if trial.server is None or trial.server.poll() is not None:
        raise Wrong("the server does not run")
    return trial.server


def _invoice(trial: Trial) -> dict[str, Any]:
    if not trial.invoice:
        raise Wrong("nothing was sold")
    return trial.invoice


CHECKS: Final[dict[str, Callable[[Trial], str]]] = {
    "migrates": _migrates,
    "is set up": _enters,
    "starts": _starts,
    "serves": _serves,
    "health check": _is_checked,
    "runs as nobody": _runs_as,
    "signs in and sells": _sells,
    "prints a PDF": _prints,
    "sends a mail": _mails,
    "cannot write": _cannot_write,
    "can write": _can_write,
    "has no shell": _has_no_shell,
    "belongs to root": _is_roots,
    "finds its libraries": _links,
    "bytecode compiled": _is_compiled,
    "drains on SIGTERM": _drains,
    "keeps its books": _keeps,
    "size": _weighs,
}
