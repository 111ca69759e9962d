"""What the tests need beside Python: servers, tools, a data set; found, installed where allowed, else named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from house import aws, node, system
from house.base import ROOT, Refusal, say

ALLOW_MISSING: Final = "ALLOW_MISSING_SERVERS"
NORTHWIND: Final = "northwind"
NODE: Final = "node"
AWS: Final = "aws-cli"


@dataclass(frozen=True)
class Server:
    """A program the tests start by themselves, unless ``variable`` holds the URL of a running one."""

    package: str
    variable: str
    programs: tuple[str, ...]


SERVERS: Final = {
    "postgresql": Server("postgresql", "TEST_PG_URL", ("initdb", "postgres")),
    "mariadb": Server("mariadb-server", "TEST_MARIADB_URL", ("mariadb-install-db", "mariadbd")),
    "redis": Server("redis-server", "TEST_REDIS_URL", ("redis-server",)),
}


PROMTOOL: Final = "promtool"
TOOLS: Final = {"curl": Server("curl", "", ("curl",)), PROMTOOL: Server("prometheus", "", (PROMTOOL,))}
"""What else the tests start; nothing stands in for these."""


_OWN: Final = {NODE: node, AWS: aws}
"""What has an installation of its own."""


def program(name: str) -> Path | None:
    """Find a server's program; of Debian's PostgreSQL folders, one per version, the newest wins."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True
    )
    path = os.pathsep.join([*map(str, versions), os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def data_set() -> Path | None:
    """Find the Northwind CSV files: NORTHWIND_DIR, or ``shared/northwind`` beside the project."""
    folder = Path(os.environ.get("NORTHWIND_DIR") or ROOT.parent / "shared" / "northwind")
    return folder if (folder / "orders.csv").is_file() else None


def missing() -> dict[str, str]:
    """Give what is not here, each with the way to get it."""
    lacking = {
        name: f"as root: {system.command_for([server.package])}" + (server.variable and f"; or set {server.variable}")
        for name, server in (SERVERS | TOOLS).items()
        if _absent(server)
    }
    lacking |= {name: tool.REMEDY for name, tool in _OWN.items() if not tool.installed()}
    if data_set() is None:
        lacking[NORTHWIND] = "set NORTHWIND_DIR to the folder of the Northwind CSV files"
    return lacking


def allowed_to_miss() -> bool:
    """Tell whether the caller accepted that some tests are not run."""
    return os.environ.get(ALLOW_MISSING) == "1"


def provide(*, spare: Collection[str] = ()) -> None:
    """Install what is missing where that is allowed. Raises Refusal, naming each, for what stays missing.

    What is in ``spare`` is neither installed nor missed.
    """
    absent = [server.package for server in (SERVERS | TOOLS).values() if _absent(server)]
    if absent:
        _try(lambda: system.install(absent, sudo=True))
    for name, tool in _OWN.items():
        if name not in spare and not tool.installed():
            _try(tool.install)
    lacking = {name: remedy for name, remedy in missing().items() if name not in spare}
    for name, remedy in lacking.items():
        say(f"NOT RUN: {name} ({remedy})")
    if lacking and not allowed_to_miss():
        raise Refusal(f"{', '.join(lacking)} missing; {ALLOW_MISSING}=1 runs the rest without")


def _try(install: Callable[[], None]) -> None:
    try:
        install()
    except Refusal as refusal:
        say(str(refusal))


def _absent(server: Server) -> bool:
    return not os.environ.get(server.variable) and not all(map(program, server.programs))
