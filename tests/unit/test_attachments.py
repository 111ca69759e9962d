"""Names and types of files, and what may become of attachments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.attachments import (
    LONGEST_NAME,
    SAFE,
    UNKNOWN,
    Attachment,
    BadFileName,
    file_name,
    media_type,
)
from app.domain.shared.ids import AttachmentId, CompanyId, UserId
from app.domain.shared.objects import ObjectKind
from app.usecases.attachments import READ, WRITE, SweepFiles
from app.usecases.context import Context, system_context
from tests.support.clock import FakeClock
from tests.support.files import MemoryFiles

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.txt", "a.txt"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\a.txt", "a.txt"),
        ("a\x00b\x1b[31m.txt", "ab[31m.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("\ud800x", "x"),
        ("  a b  ", "a b"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("x" * 300, "x" * LONGEST_NAME),
        ("x" * 300 + ".tar", "x" * 196 + ".tar"),
        ("x." + "y" * 300, "x." + "y" * 198),
        ("...a", "...a"),
    ],
)
def test_a_name_loses_folders_and_what_cannot_be_seen(sent: str, kept: str) -> None:
    assert file_name(sent) == kept


@pytest.mark.parametrize("sent", ["", "  ", ".", "..", "a/", "a\\", "\x00\u202e", ". ."])
def test_a_name_of_which_nothing_is_left_is_refused(sent: str) -> None:
    with pytest.raises(BadFileName):
        file_name(sent)


@pytest.mark.parametrize(
    ("declared", "head", "told"),
    [
        ("application/pdf", b"%PDF-1.7", "application/pdf"),
        ("text/html", b"%PDF-1.7", "application/pdf"),
        ("application/pdf", b"MZ", UNKNOWN),
        ("image/png", b"\x89PNG\r\n\x1a\n..", "image/png"),
        ("image/jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("image/svg+xml", b"<svg onload=alert(1)>", UNKNOWN),
        ("text/html", b"<script>", UNKNOWN),
        ("text/plain", b"<script>", "text/plain"),
        ("Text/CSV; charset=utf-8", "a;é\n".encode(), "text/csv"),
        ("text/plain", b"a\0b", UNKNOWN),
        ("text/plain", b"\xe9 in Latin-1", UNKNOWN),
        ("text/plain", "é".encode()[:1], "text/plain"),
        ("text/plain", b"\xff" * 3 + b"x", UNKNOWN),
        ("application/zip", b"PK\x03\x04", "application/zip"),
        ("application/vnd.oasis.opendocument.text", b"PK\x03\x04", "application/vnd.oasis.opendocument.text"),
        ("application/java-archive", b"PK\x03\x04", "application/zip"),
        ("image/webp", b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        ("", b"", UNKNOWN),
    ],
)
def test_a_file_is_told_to_be_what_it_is_if_that_is_harmless(declared: str, head: bytes, told: str) -> None:
    """A browser must never run what somebody uploaded."""
    assert media_type(declared, head) == told


def test_nothing_a_browser_runs_is_safe() -> None:
    assert not SAFE & {
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/javascript",
        "application/javascript",
    }


def test_events_are_about_the_object() -> None:
    for kind in ObjectKind:
        attachment = Attachment(
            id=AttachmentId(3),
            kind=kind,
            owner=7,
            name="a.txt",
            media_type="text/plain",
            size=1,
            digest="0" * 64,
            added_by=UserId(1),
            added_at=datetime(2026, 11, 21, tzinfo=UTC),
        )
        added, removed = attachment.added(), attachment.removed()
        assert (added.aggregate, added.aggregate_id(), added.name) == (kind.aggregate, 7, "attachments.added")
        assert added.facts() == {"id": 7, "attachment": 3, "file": "a.txt", "digest": "0" * 64}
        assert (removed.aggregate, removed.facts()) == (kind.aggregate, {"id": 7, "attachment": 3})


def test_each_kind_has_its_own_rights() -> None:
    for kind in ObjectKind:
        assert READ[kind].value == f"{kind.value.replace('-', '_')}.read"
        assert WRITE[kind].value == f"{kind.value.replace('-', '_')}.write"


# --- sweeping ---------------------------------------------------------------------------------------------------------


@dataclass
class Known:
    """A runner that knows which digests are referred to, and what it was asked."""

    digests: frozenset[str]
    asked: list[tuple[CompanyId, int]] = field(default_factory=list)

    def call(self, context: Context, _case: Any, request: Any) -> frozenset[str]:
        wanted = request()
        self.asked.append((context.company, len(wanted)))
        return frozenset(wanted) & self.digests


def swept(files: MemoryFiles, known: frozenset[str] = frozenset()) -> tuple[int, Known]:
    runner = Known(known)
    clock = FakeClock()
    sweep: Any = SweepFiles(runner, files, clock)  # type: ignore[arg-type]  # what it asks of a runner
    return sweep(system_context("test")), runner


def test_a_sweep_removes_what_nobody_refers_to_and_nothing_young() -> None:
    """What is younger than a day may belong to a transaction that has not committed."""
    files = MemoryFiles()
    today = FakeClock().now()
    old = datetime.fromtimestamp(today.timestamp() - 2 * 86_400, UTC)
    files.kept = {
        (CompanyId(1), "a"): (b"", old),
        (CompanyId(1), "b"): (b"", old),
        (CompanyId(1), "c"): (b"", today),
        (CompanyId(2), "a"): (b"", old),
    }
    removed, runner = swept(files, frozenset({"b"}))
    assert removed == 2
    assert set(files.kept) == {(CompanyId(1), "b"), (CompanyId(1), "c")}
    assert runner.asked == [(CompanyId(1), 2), (CompanyId(2), 1)]


def test_a_sweep_asks_for_a_hundred_files_at_a_time() -> None:
    files = MemoryFiles()
    old = datetime.fromtimestamp(FakeClock().now().timestamp() - 2 * 86_400, UTC)
    files.kept = {(CompanyId(1), str(n)): (b"", old) for n in range(250)}
    removed, runner = swept(files)
    assert removed == 250
    assert [asked for _, asked in runner.asked] == [100, 100, 50]
