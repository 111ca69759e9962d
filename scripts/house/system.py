"""Packages of the operating system: installed when that is allowed, otherwise named."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from typing import Final

from house.base import Refusal, quietly, say

# The installation may start no service: only the programs are wanted. A policy that was there comes back.
_INSTALL: Final = r"""
set -e
policy=/usr/sbin/policy-rc.d
restore() { rm -f "$policy"; if [ -e "$policy.kept" ]; then mv "$policy.kept" "$policy"; fi; }
if [ -e "$policy" ] && [ ! -e "$policy.kept" ]; then mv "$policy" "$policy.kept"; fi
trap restore EXIT
trap 'exit 130' HUP INT TERM
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update
apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
"""


def command_for(packages: Iterable[str]) -> str:
    """Give the one command that installs ``packages``, to be run as root."""
    return f"apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"


def install(packages: Iterable[str], *, sudo: bool = False) -> None:
    """Install Debian packages. Raises Refusal with the command to run when this user may not.

    Only root may, and with ``sudo`` whoever needs no password for it.
    """
    wanted = sorted(packages)
    prefix = _prefix(sudo=sudo)
    if prefix is None:
        raise Refusal(f"missing: {' '.join(wanted)}. Install with (as root):\n    {command_for(wanted)}")
    say(f"Installing {', '.join(wanted)} ...")
    quietly([*prefix, "/bin/sh", "-c", _INSTALL, "install", *wanted], doing=f"installing {', '.join(wanted)}")


def _prefix(*, sudo: bool) -> list[str] | None:
    """Give what stands before a command that needs root, or None when there is no way."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    if sudo and shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        return ["sudo", "-n"] if asked.returncode == 0 else None
    return None
