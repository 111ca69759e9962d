"""An image without an engine: the Dockerfile run line by line in chroots, the result started as an engine starts it.

The two base images are made from Debian's own packages: the build stage's from what debootstrap calls minbase, the
runtime from the list of which distroless builds its own (its static, base, cc and python3 ``config.bzl``). What an
engine caches is cached: each root as a tar file named after everything that went into it, so that a second time needs
no network. Needs root, for the mounts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from house import dockerfile
from house.base import ROOT, Refusal, quietly, say

SUITE: Final = "trixie"
SOURCES: Final = (
    f"deb http://deb.debian.org/debian {SUITE} main",
    f"deb http://deb.debian.org/debian {SUITE}-updates main",
    f"deb http://deb.debian.org/debian-security {SUITE}-security main",
)
# GoogleContainerTools/distroless at cd080764 (2026-08-21), the packages of python3-debian13.
DISTROLESS: Final = (
    *("base-files", "netbase", "tzdata", "media-types"),
    *("libc6", "libssl3t64", "libzstd1", "zlib1g", "libgomp1", "libstdc++6", "libgcc-s1", "gcc-14-base"),
    *("libbz2-1.0", "libdb5.3t64", "libexpat1", "liblzma5", "libsqlite3-0", "libuuid1", "libncursesw6", "libtinfo6"),
    *("libcom-err2", "libcrypt1", "libgssapi-krb5-2", "libk5crypto3", "libkeyutils1", "libkrb5-3", "libkrb5support0"),
    *("libnsl2", "libreadline8t64", "libtirpc3t64", "libffi8"),
    *("libpython3.13-minimal", "libpython3.13-stdlib", "python3.13-minimal"),
)
_NONROOT: Final = 65532
_ACCOUNTS: Final = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
    "etc/group": "root:x:0:\ntty:x:5:\nnonroot:x:65532:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
_CA: Final = "etc/ssl/certs/ca-certificates.crt"
_BUNDLES: Final = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")

# An engine's build step: the network's names, /proc, a few devices; all gone with the last process.
_STEP: Final = r"""
set -e
root=$1; shift
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero random urandom; do : > "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/run"
cat /etc/resolv.conf > "$root/run/resolv.conf"; cat /etc/hosts > "$root/run/hosts"
for name in resolv.conf hosts; do : >> "$root/etc/$name"; mount --bind "$root/run/$name" "$root/etc/$name"; done
[ -z "$BUNDLE" ] || cat "$BUNDLE" > "$root/run/bundle.pem"
exec chroot "$root" /usr/bin/env -i "$@"
"""

# An engine's `run --read-only --tmpfs /tmp -v DATA:/data`.
_START: Final = r"""
set -e
root=$1; volume=$2; data=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid,noexec tmpfs "$root/dev"
for name in null zero random urandom; do : > "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
mkdir "$root/dev/shm"; mount -t tmpfs -o mode=1777,nosuid,nodev,noexec tmpfs "$root/dev/shm"
mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev,noexec tmpfs "$root/tmp"
mount --bind "$data" "$root$volume"; mount -o remount,bind,nosuid,nodev,noexec "$root$volume"
mount -o remount,ro,bind "$root"
exec "$PYTHON" -I -c "$ENTER" "$root" "$@"
"""
# Its `--user --workdir --cap-drop ALL --security-opt no-new-privileges --env`. One program for all of it: who has no
# capability left cannot enter the root, and the root has no program that could drop them.
_ENTER: Final = """
import ctypes, json, os, sys
root, user, workdir, env, *command = sys.argv[1:]
control = ctypes.CDLL(None).prctl
for capability in range(64):
    control(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.chroot(root)
os.chdir(workdir)
uid, gid = map(int, user.split(":"))
os.setgroups([])
os.setgid(gid)
os.setuid(uid)
control(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
os.execve(command[0], command, json.loads(env))
"""


@dataclass(frozen=True)
class Built:
    """A finished root, what its image says about running it, and how many steps came from the cache."""

    root: Path
    image: dockerfile.Image
    steps: int
    kept: int


@dataclass
class Workshop:
    """Where images are built: ``cache`` stays, ``scratch`` is thrown away by whoever made it."""

    cache: Path
    scratch: Path
    ignored: dockerfile.Ignored
    used: set[Path] = field(default_factory=set)
    roots: dict[str, tuple[Path, str]] = field(default_factory=dict)
    steps: int = 0
    kept: int = 0

    def build(self) -> Built:
        """Run the Dockerfile to its end. Raises Refusal with the output of the step that fails."""
        stages = dockerfile.read((ROOT / "Dockerfile").read_text(encoding="utf-8"))
        self.cache.mkdir(parents=True, exist_ok=True)
        for stage in stages:
            self._stage(stage)
        for stale in set(self.cache.glob("*.tar")) - self.used:
            stale.unlink()
        return Built(self.roots[stages[-1].name][0], dockerfile.image(stages[-1]), self.steps, self.kept)

    def _stage(self, stage: dockerfile.Stage) -> None:
        """Make the root of one stage, from the last of its steps that the cache still has."""
        root = self.scratch / stage.name
        base = self._base(stage.base)
        keys = self.names_of(stage)
        steps = [at for at, one in enumerate(stage.instructions) if one.word == "RUN"]
        hit = next((at for at in reversed(steps) if self._tar(keys[at]).is_file()), -1)
        _unpack(self._tar(keys[hit]) if hit >= 0 else base, root)
        self.steps += len(steps)
        self.kept += sum(at <= hit for at in steps)
        self.used |= {base, *(self._tar(keys[at]) for at in steps)}
        env, workdir = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, "/"
        for at, one in enumerate(stage.instructions):
            if one.word == "ENV":
                env |= dockerfile.assignments(one)
            elif one.word == "WORKDIR":
                workdir = one.argument
            if at <= hit:
                continue
            if one.word == "WORKDIR":
                (root / workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
            elif one.word == "COPY":
                self._copy(one, root, workdir)
            elif one.word == "RUN":
                say(f"  Dockerfile:{one.line}: {one.argument[:100]} ...")
                _run(root, env, workdir, one)
                _pack(root, self._tar(keys[at]))
        self.roots[stage.name] = (root, keys[-1] if keys else base.stem)

    def _tar(self, key: str) -> Path:
        return self.cache / f"{key}.tar"

    def tar_of(self, base: str) -> Path:
        """Give the tar file of a base image, named after what it is made from."""
        return self._tar(hashlib.sha256(repr((base, SOURCES, DISTROLESS, _ACCOUNTS)).encode()).hexdigest()[:32])

    def names_of(self, stage: dockerfile.Stage) -> list[str]:
        """Give a name for the state after each instruction: of all that was said and copied up to there."""
        key, keys = self.tar_of(stage.base).stem, []
        for one in stage.instructions:
            digest = hashlib.sha256(f"{key}\0{one.word}\0{sorted(one.flags.items())}\0{one.argument}\0".encode())
            if one.word == "COPY" and "from" in one.flags:
                digest.update(self.roots[one.flags["from"]][1].encode())
            elif one.word == "COPY":
                for path in (path for wanted in one.words()[:-1] for path in self.ignored.files(ROOT, wanted)):
                    digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_mode & 0o777:o}\0".encode())
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
            key = digest.hexdigest()[:32]
            keys.append(key)
        return keys

    def _copy(self, one: dockerfile.Instruction, root: Path, workdir: str) -> None:
        *wanted, target = one.words()
        place = root / (workdir if not target.startswith("/") else "/").lstrip("/") / target.lstrip("/")
        if "from" in one.flags:
            source = self.roots[one.flags["from"]][0] / wanted[0].lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            quietly(["cp", "-a", f"{source}/.", place], doing=f"copying {wanted[0]}")
            owner = one.flags.get("chown", "0:0")
            quietly(["chown", "-R", owner, place], doing=f"giving {target} to {owner}")
            return
        for name in wanted:
            for path in self.ignored.files(ROOT, name):
                # A folder gives its contents, a file goes into the folder it is sent to.
                inner = path.relative_to(ROOT / name) if (ROOT / name).is_dir() else Path(path.name)
                (place / inner).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place / inner)

    def _base(self, name: str) -> Path:
        """Give the tar file of a base image, made from Debian's packages when the cache lacks it."""
        tar = self.tar_of(name)
        if tar.is_file():
            return tar
        say(f"  {name}: from Debian's packages ...")
        part, root = tar.with_suffix(".part"), self.scratch / "base"
        if name.startswith("debian:13"):
            _mmdebstrap(part, "--variant=minbase", "--format=tar")
            part.rename(tar)
        elif name.startswith("gcr.io/distroless/python3-debian13"):
            packages = ",".join((*DISTROLESS, "ca-certificates"))
            _mmdebstrap(root, "--variant=extract", "--format=directory", f"--include={packages}")
            _finish(root)
            _pack(root, tar)
            shutil.rmtree(root)
        else:
            raise Refusal(f"there is no recipe for {name}")
        return tar


@dataclass(frozen=True)
class Container:
    """How containers of one image are started; they share the volume ``data``, and the network with this machine."""

    built: Built
    data: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def start(self, *words: str, program: Sequence[str] = (), **env: str) -> subprocess.Popen[str]:
        """Start the image's entry point, or ``program``, with ``words`` or else the image's own command."""
        image = self.built.image
        inside = {
            "PATH": "/usr/bin",
            "HOME": "/home/nonroot",
            "SSL_CERT_FILE": f"/{_CA}",
            **image.env,
            **self.env,
            **env,
        }
        command = [*(program or image.entrypoint), *(words or (() if program else image.command))]
        place = [self.built.root, image.volumes[0], self.data, image.user, image.workdir, json.dumps(inside)]
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "sh", "-c", _START, "start"]
            + [str(word) for word in (*place, *command)],
            env={"PATH": os.environ["PATH"], "PYTHON": sys.executable, "ENTER": _ENTER},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, program: Sequence[str] = (), **env: str) -> tuple[int, str]:
        """Run to the end; the exit code and what was printed."""
        process = self.start(*words, program=program, **env)
        output, _ = process.communicate()
        return process.returncode, output


def first_process(process: subprocess.Popen[str]) -> int:
    """Give the number by which this machine knows the container's process 1."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()[0])


def _mmdebstrap(target: Path, *options: str) -> None:
    quietly(["mmdebstrap", "--quiet", "--mode=root", *options, SUITE, target, *SOURCES], doing="mmdebstrap")


def _finish(root: Path) -> None:
    """Add what distroless adds to the packages' files: accounts, certificates in one file, python3, /tmp, home."""
    for name, text in _ACCOUNTS.items():
        (root / name).write_text(text, encoding="utf-8")
    shipped = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    (root / _CA).parent.mkdir(parents=True, exist_ok=True)
    (root / _CA).write_bytes(b"".join(path.read_bytes() for path in shipped))
    for name in ("usr/share/ca-certificates", "usr/sbin", "var/lib/dpkg", "var/lib/apt", "var/cache"):
        shutil.rmtree(root / name, ignore_errors=True)
    for link in ("python", "python3"):
        (root / "usr/bin" / link).unlink(missing_ok=True)
        (root / "usr/bin" / link).symlink_to("python3.13")
    (root / "home/nonroot").mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chown(root / "home/nonroot", _NONROOT, _NONROOT)
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)


def _run(root: Path, env: Mapping[str, str], workdir: str, one: dockerfile.Instruction) -> None:
    """Run one RUN; the network is this machine's, with the certificates that this machine is told to trust."""
    bundle = next(filter(None, map(os.environ.get, _BUNDLES)), "")
    trusted = dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE"), "/run/bundle.pem") if bundle else {}
    variables = [f"{name}={value}" for name, value in {**env, **trusted}.items()]
    quietly(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _STEP, "step", root),
            *(*variables, "/bin/sh", "-c", f"cd {workdir} && {one.argument}"),
        ],
        doing=f"Dockerfile:{one.line}",
        env={"BUNDLE": bundle},
    )


def _pack(root: Path, tar: Path) -> None:
    """Keep a root; under its name only when it is whole."""
    part = tar.with_suffix(".part")
    quietly(["tar", "--numeric-owner", "-C", root, "-cf", part, "."], doing=f"keeping {root.name}")
    part.rename(tar)


def _unpack(tar: Path, root: Path) -> None:
    root.mkdir(parents=True)
    quietly(["tar", "--numeric-owner", "-C", root, "-xpf", tar], doing=f"unpacking {root.name}")
