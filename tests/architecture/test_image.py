"""The Dockerfile and what reads it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from app.settings import Settings
from house import container, dockerfile
from house.base import ROOT, Refusal
from house.dockerfile import Ignored

pytestmark = pytest.mark.fast

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
POOR: Final = """
FROM debian:latest
RUN apt-get update && apt-get install -y curl
RUN cd /tmp
USER root
CMD python3 -m app
"""


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    hadolint = Path(sys.executable).with_name("hadolint")
    return subprocess.run([hadolint, "--no-color", path], cwd=ROOT, capture_output=True, text=True, check=False)


def final() -> dockerfile.Image:
    return dockerfile.image(dockerfile.read(DOCKERFILE)[-1])


def test_the_dockerfile_is_as_its_linter_wants_it() -> None:
    """CT-01: hadolint finds nothing; what it is told to leave has its reason beside it."""
    done = lint(ROOT / "Dockerfile")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    lines = DOCKERFILE.splitlines()
    told = [at for at, line in enumerate(lines) if line.startswith("# hadolint ignore=")]
    assert [lines[at] for at in told if "DL3006" not in lines[at]] == ["# hadolint ignore=DL3008"]
    assert "so a pinned one cannot be built again" in lines[lines.index("# hadolint ignore=DL3008") - 1]


def test_the_linter_would_say_so(tmp_path: Path) -> None:
    """A poor file is refused: silence above is worth something."""
    poor = tmp_path / "Dockerfile"
    poor.write_text(POOR, encoding="utf-8")
    done = lint(poor)
    assert done.returncode == 1
    assert {rule for rule in ("DL3007", "DL3008", "DL3015", "DL3003", "DL3002", "DL3025") if rule in done.stdout} >= {
        "DL3007",
        "DL3008",
        "DL3025",
    }


def test_the_image_is_distroless_and_runs_as_nobody() -> None:
    """CT-01: a numeric user, no shell anywhere, one folder to write to, stopped by SIGTERM."""
    build, last = dockerfile.read(DOCKERFILE)
    assert build.base == "debian:13-slim"
    assert last.base == "gcr.io/distroless/python3-debian13:nonroot"
    assert not [one for one in last.instructions if one.word == "RUN"], "there is no shell to run it"
    image = final()
    assert image.user == "65532:65532"
    assert image.entrypoint == ["/usr/bin/python3.13", "-m", "app"]
    assert image.command == ["serve"]
    assert image.healthcheck == ["/usr/bin/python3.13", "-m", "app", "healthcheck"]
    assert (image.volumes, image.workdir, image.stop_signal) == (["/data"], "/data", "SIGTERM")


def test_the_images_settings_are_settings() -> None:
    """ERP-05: what the image sets is known, and listens where a published port can reach it."""
    env = final().env
    known = {name.upper() for name in Settings.model_fields}
    assert {name for name in env if not name.startswith("PYTHON")} - known == {"LANG"}
    assert (env["HOST"], int(env["PORT"]), env["DATA_DIR"]) == ("0.0.0.0", *final().ports, *final().volumes)  # noqa: S104
    assert env["PYTHONDONTWRITEBYTECODE"] == env["PYTHONSAFEPATH"] == "1"


def test_both_base_images_can_be_pinned_by_digest() -> None:
    digest = f"sha256:{'0' * 64}"
    pinned = dockerfile.read(DOCKERFILE, BUILD=f"debian@{digest}", RUNTIME=f"distroless@{digest}")
    assert [stage.base for stage in pinned] == [f"debian@{digest}", f"distroless@{digest}"]


def test_everything_comes_with_a_hash() -> None:
    """Nothing is fetched that no lock file pins: each installation asks for hashes or has no index."""
    (build, _) = dockerfile.read(DOCKERFILE)
    steps = [step for one in build.instructions if one.word == "RUN" for step in one.argument.split("&&")]
    fetching = [step for step in steps if "pip install" in step or "pip wheel" in step]
    assert len(fetching) == 4
    assert all("--require-hashes" in step or "--no-index" in step for step in fetching), fetching


def test_the_build_gets_the_sources_and_nothing_else() -> None:
    """ERP-04: what the wheel is made of is let in, secrets and data that lie about are not."""
    ignored = Ignored.of((ROOT / ".dockerignore").read_text(encoding="utf-8"))
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    folders = [*wheel["wheel"]["packages"], *wheel["wheel"]["force-include"]]
    wanted = [*(f"{folder}/some.file" for folder in folders), "templates/invoice.html", "pyproject.toml", "README.md"]
    assert [name for name in wanted if PurePosixPath(name) in ignored] == []
    unwanted = [".env", ".git/config", "data/keys.json", ".venv/bin/python", "tests/conftest.py", "build/image/x.tar"]
    unwanted += ["app/__pycache__/x.cpython-313.pyc", "app/domain/old.pyc", "requirements-dev.lock", "docs/api.md"]
    assert [name for name in unwanted if PurePosixPath(name) not in ignored] == []
    assert {path.relative_to(ROOT).parts[0] for path in ignored.files(ROOT, ".")} >= {*folders, "requirements.lock"}


@pytest.mark.parametrize(
    ("patterns", "path", "out"),
    [
        ("*", "a/b", True),
        ("*\n!a", "a/b", False),
        ("*\n!a\na/b", "a/b", True),
        ("*\n!a\na/b", "a/bc", False),
        ("*.txt", "a/b.txt", False),
        ("**/*.txt", "a/c/b.txt", True),
        ("**/*.txt", "b.txt", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("# a\n\n/b/", "b/c", True),
        ("a.c", "abc", False),
    ],
)
def test_patterns_mean_what_docker_means(patterns: str, path: str, *, out: bool) -> None:
    assert (PurePosixPath(path) in Ignored.of(patterns)) is out


def test_instructions_are_read_over_lines_and_comments() -> None:
    text = (
        "ARG B=x:1\n# c\nFROM ${B} AS one\nrun a \\\n  # between\n  && b\nENV A=1 B='two words'\nFROM $B\nCMD [\"z\"]\n"
    )
    first, second = dockerfile.read(text)
    assert (first.name, first.base, second.name, second.base) == ("one", "x:1", "1", "x:1")
    run = first.instructions[0]
    assert (run.word, run.argument, run.line) == ("RUN", "a && b", 4)
    assert dockerfile.image(first).env == {"A": "1", "B": "two words"}
    assert dockerfile.image(second).command == ["z"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM a\nADD x /\n", "Dockerfile:2: ADD is not understood"),
        ("FROM a\nCOPY --link x /\n", "Dockerfile:2: COPY --link is not understood"),
        ("FROM $A\n", "ARG A is not declared"),
        ("RUN x\n", "Dockerfile:1: RUN is not understood"),
    ],
)
def test_what_is_not_understood_is_refused_and_not_left_out(text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said.replace("$", r"\$")):
        dockerfile.read(text)


@pytest.mark.parametrize(
    "line", ["CMD serve", "ENTRYPOINT python3 -m app", "HEALTHCHECK CMD curl /", "HEALTHCHECK NONE"]
)
def test_what_would_need_a_shell_is_refused(line: str) -> None:
    """CT-01: the shell form of a command cannot run where there is no shell."""
    (stage,) = dockerfile.read(f"FROM a\n{line}\n")
    with pytest.raises(Refusal, match="Dockerfile:2"):
        dockerfile.image(stage)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project whose image takes no step that needs a network or a chroot."""
    made = tmp_path / "project"
    (made / "src" / "deep").mkdir(parents=True)
    (made / "src" / "deep" / "code.py").write_text("1\n", encoding="utf-8")
    (made / "src" / "secret").write_text("no\n", encoding="utf-8")
    (made / "lock").write_text("x==1\n", encoding="utf-8")
    owner = f"{os.getuid()}:{os.getgid()}"
    lines = ["FROM debian:13-slim AS build", "WORKDIR /work", "COPY lock ./", "COPY src code"]
    lines += ["FROM debian:13-slim", f"COPY --from=build --chown={owner} /work /app", "USER 65532:65532"]
    (made / "Dockerfile").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(container, "ROOT", made)
    return made


def workshop(project: Path, scratch: Path) -> container.Workshop:
    """Give a workshop whose cache already has a base image of one file."""
    cache = project.parent / "cache"
    cache.mkdir(exist_ok=True)
    made = container.Workshop(cache, scratch, Ignored.of("*/secret\n"))
    (project / "hello").touch()
    with tarfile.open(made.tar_of("debian:13-slim"), "w") as tar:
        tar.add(project / "hello", "hello")
    (cache / "stale.tar").touch()
    return made


def test_stages_are_copied_as_an_engine_copies_them(project: Path, tmp_path: Path) -> None:
    """A file goes into the folder it is sent to, a folder gives its contents, what is ignored stays out."""
    shop = workshop(project, tmp_path / "one")
    built = shop.build()
    found = {str(path.relative_to(built.root)) for path in built.root.rglob("*") if path.is_file()}
    assert found == {"hello", "app/lock", "app/code/deep/code.py"}
    assert built.image.user == "65532:65532"
    assert not (shop.cache / "stale.tar").exists(), "what no step names any more is gone"


def test_a_step_is_named_after_everything_that_went_into_it(project: Path, tmp_path: Path) -> None:
    """Changed contents, modes and words make another name; what is ignored, and time, do not."""

    def names(at: str) -> list[str]:
        return workshop(project, tmp_path / at).names_of(dockerfile.read((project / "Dockerfile").read_text())[0])

    before = names("a")
    os.utime(project / "src" / "deep" / "code.py", (0, 0))
    (project / "src" / "secret").write_text("still no\n", encoding="utf-8")
    assert names("b") == before
    (project / "src" / "deep" / "code.py").write_text("2\n", encoding="utf-8")
    changed = names("c")
    assert changed[:2] == before[:2]
    assert changed[2] != before[2]
    (project / "lock").chmod(0o755)
    assert names("d")[1] != before[1]


def test_a_base_nobody_has_a_recipe_for_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text("FROM alpine:3\n", encoding="utf-8")
    with pytest.raises(Refusal, match="no recipe for alpine:3"):
        workshop(project, tmp_path / "one").build()


def test_a_copy_of_nothing_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text("FROM debian:13-slim\nCOPY absent /\n", encoding="utf-8")
    with pytest.raises(Refusal, match="COPY absent"):
        workshop(project, tmp_path / "one").build()
