"""Files keep what they were given, found by its digest, in memory as in a folder."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.attachments import FileMissing, StorageFull
from app.domain.shared.ids import CompanyId
from app.infrastructure.files import ASIDE, NEW, PIECE, FolderFiles, StagedFile
from app.usecases.ports.attachments import Files
from tests.support.files import MemoryFiles

pytestmark = pytest.mark.fast
OURS, THEIRS = CompanyId(1), CompanyId(2)
MUCH = bytes(range(256)) * 1000


@pytest.fixture(params=["memory", "folder"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return MemoryFiles() if request.param == "memory" else FolderFiles(tmp_path / "files")


def put(files: Files, content: bytes, company: CompanyId = OURS) -> str:
    staged = files.stage(company)
    for at in range(0, len(content), 1000):
        staged.write(content[at : at + 1000])
    digest, size = staged.seal()
    assert size == len(content)
    staged.keep()
    staged.drop()
    return digest


def content(files: Files, digest: str, company: CompanyId = OURS) -> bytes:
    return b"".join(files.read(company, digest))


def around(files: Files) -> tuple[datetime, datetime]:
    """Give an instant before anything was kept and one after everything was."""
    now = files.now if isinstance(files, MemoryFiles) else datetime.fromtimestamp(newest(files), UTC)
    return now - timedelta(hours=1), now + timedelta(hours=1)


def newest(files: Any) -> float:
    return max((path.stat().st_mtime for path in files._folder.rglob("*")), default=0.0)


def test_what_was_kept_is_read_back(files: Files) -> None:
    digest = put(files, MUCH)
    assert digest == hashlib.sha256(MUCH).hexdigest()
    assert content(files, digest) == MUCH
    assert content(files, put(files, b"")) == b""


def test_the_same_content_is_kept_once_and_stays_when_another_is_dropped(files: Files) -> None:
    digest = put(files, b"x")
    other = files.stage(OURS)
    other.write(b"x")
    other.seal()
    other.drop()
    assert put(files, b"x") == digest
    assert list(files.old(OURS, around(files)[1])) == [digest]
    assert content(files, digest) == b"x"


def test_keeping_twice_is_keeping_once(files: Files) -> None:
    """A transaction that is run again keeps its file again."""
    staged = files.stage(OURS)
    staged.write(b"x")
    digest, _ = staged.seal()
    staged.keep()
    staged.keep()
    staged.drop()
    assert content(files, digest) == b"x"


def test_what_was_not_kept_is_not_there(files: Files) -> None:
    staged = files.stage(OURS)
    staged.write(b"x")
    digest, _ = staged.seal()
    for _ in range(2):
        with pytest.raises(FileMissing):
            files.read(OURS, digest)
        staged.drop()
    assert list(files.old(OURS, around(files)[1])) == []


def test_each_company_has_its_own(files: Files) -> None:
    """ERP-13: the digest alone opens nothing."""
    digest = put(files, b"x", THEIRS)
    with pytest.raises(FileMissing):
        files.read(OURS, digest)
    put(files, b"y")
    assert list(files.companies()) == [OURS, THEIRS]


def test_only_what_is_old_is_removed(files: Files) -> None:
    digest = put(files, b"x")
    before, after = around(files)
    assert list(files.old(OURS, before)) == []
    assert not files.remove(OURS, digest, before)
    assert content(files, digest) == b"x"
    assert files.remove(OURS, digest, after)
    assert not files.remove(OURS, digest, after)
    with pytest.raises(FileMissing):
        files.read(OURS, digest)


def test_what_was_begun_and_left_is_cleared_once_it_is_old(files: Files) -> None:
    staged = files.stage(OURS)
    staged.write(b"x")
    before, after = around(files)
    assert files.clear(OURS, before) == 0
    assert files.clear(OURS, after) == 1
    assert files.clear(OURS, after) == 0
    staged.drop()


def test_nothing_has_no_companies(files: Files) -> None:
    assert list(files.companies()) == []


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", ["../../../etc/passwd", "", "a" * 63, "A" * 64, "g" * 64, "a" * 63 + "/"])
def test_what_is_no_digest_opens_no_file(tmp_path: Path, digest: str) -> None:
    """No name of anybody's reaches the file system."""
    with pytest.raises(FileMissing):
        FolderFiles(tmp_path).read(OURS, digest)


def test_a_file_is_in_sight_only_when_it_is_whole(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    staged = files.stage(OURS)
    staged.write(MUCH)
    assert [path.parent.name for path in tmp_path.rglob("*") if path.is_file()] == [NEW]
    digest, _ = staged.seal()
    assert not (tmp_path / "1" / digest[:2]).exists()
    staged.keep()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "1" / digest[:2] / digest]


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    digest = put(FolderFiles(tmp_path), b"x")
    assert (tmp_path / "1" / digest[:2] / digest).stat().st_mode & 0o077 == 0


def test_a_content_comes_in_pieces(tmp_path: Path) -> None:
    """Nobody holds 25 MB to send them."""
    files = FolderFiles(tmp_path)
    pieces = list(files.read(OURS, put(files, b"x" * (PIECE * 2 + 1))))
    assert list(map(len, pieces)) == [PIECE, PIECE, 1]


def test_a_file_kept_again_while_it_is_being_removed_stays(tmp_path: Path) -> None:
    """The age that counts is looked at when nobody can renew the file any more."""
    files = FolderFiles(tmp_path)
    digest = put(files, b"x")
    place = tmp_path / "1" / digest[:2] / digest
    now = place.stat().st_mtime
    os.utime(place, (now - 200_000, now - 200_000))
    before = datetime.fromtimestamp(now - 100_000, UTC)
    assert list(files.old(OURS, before)) == [digest]
    put(files, b"x")
    assert not files.remove(OURS, digest, before)
    assert content(files, digest) == b"x"


def test_what_a_dying_sweep_moved_aside_comes_back(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    digest = put(files, b"x")
    place = tmp_path / "1" / digest[:2] / digest
    place.rename(tmp_path / "1" / NEW / f"{digest}{ASIDE}")
    assert files.clear(OURS, datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert content(files, digest) == b"x"


def full(*_args: Any, **_named: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("step", ["mkstemp", "write", "fsync", "rename"])
def test_a_full_disk_is_told_at_every_step_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever is left is out of sight."""
    files = FolderFiles(tmp_path)
    if step == "mkstemp":
        monkeypatch.setattr("tempfile.mkstemp", full)
    if step == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    if step == "rename":
        monkeypatch.setattr(Path, "replace", full)
    steps: list[Callable[[StagedFile], object]] = [
        lambda staged: staged.write(b"x"),
        lambda staged: staged.seal(),
        lambda staged: staged.keep(),
    ]
    if step == "mkstemp":
        with pytest.raises(StorageFull):
            files.stage(OURS)
    else:
        staged = files.stage(OURS)
        if step == "write":
            staged._file.close()
            staged._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115, PTH123 - staged closes it
        with pytest.raises(StorageFull):
            _ = [one(staged) for one in steps]
        staged.drop()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_other_faults_of_the_disk_are_not_called_full(tmp_path: Path) -> None:
    blocked = tmp_path / "files"
    blocked.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(NotADirectoryError):
        FolderFiles(blocked).stage(OURS)
