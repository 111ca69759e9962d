"""The logo over HTTP: made anew, on papers from then on, and gone when it is taken off; files that nothing names go."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image
from sqlalchemy import text

from app.domain.identity import LOGO_BYTES
from app.domain.shared.rights import Right
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.files import FolderFiles
from tests.support.office import ON_SQLITE, Office, Reply, together
from tests.support.printers import picture

pytestmark = pytest.mark.fast
LOGO: Final = "/company/logo"


def version(office: Office) -> int:
    """Give the version of the settings."""
    return int(office.get("/company/settings").body["version"])


def put(office: Office, content: bytes, seen: int | None = None, **how: Any) -> Reply:
    """Send a logo."""
    tag = f'"{version(office) if seen is None else seen}"'
    return office.upload(LOGO, content, "logo.png", "image/png", verb="PUT", **{"if_match": tag, **how})


def folder(office: Office) -> Path:
    """Give where the company's files stand."""
    settings = office.served.container.settings
    return (settings.files_dir or settings.data_dir / "files") / str(office.company)


def files(office: Office) -> list[Path]:
    """Give the company's files, those on their way too."""
    return [path for path in folder(office).rglob("*") if path.is_file()]


def test_a_logo_is_set_shown_and_taken_off(office: Office) -> None:
    """ERP-16."""
    assert office.get(LOGO).refusal == (404, "identity.no_logo")
    seen = version(office)
    reply = put(office, picture("JPEG", (2400, 1200)))
    assert (reply.status, reply["version"]) == (200, seen + 1)
    shown = office.get(LOGO)
    assert (shown.status, shown.headers["content-type"]) == (200, "image/png")
    assert shown.headers["etag"] == f'"{reply["letterhead"]["logo"]}"'
    assert Image.open(BytesIO(shown.body)).size == (1200, 600)
    assert office.get(LOGO, if_none_match=shown.headers["etag"]).status == 304
    assert office.delete(LOGO, seen + 1).status == 204
    assert office.get(LOGO).status == 404
    assert office.delete(LOGO, seen + 2).refusal == (404, "identity.no_logo")
    history = office.get("/company/settings/versions").body["items"]
    assert [one["letterhead"]["logo"] is not None for one in history[:3]] == [False, True, False]


def test_a_logo_is_told_in_the_journal(office: Office) -> None:
    """ERP-16: as every change of the settings is."""
    put(office, picture())
    with plain_engine(office.served.container.settings.database_url).connect() as connection:
        found = connection.execute(
            text("SELECT payload FROM outbox WHERE company_id = :company AND name = 'identity.settings_changed'"),
            {"company": office.company},
        ).scalars()
        assert '"logo"' in str(list(found)[-1])


def test_a_logo_of_stale_settings_is_refused_and_leaves_nothing(office: Office) -> None:
    seen = version(office)
    assert put(office, picture()).status == 200
    kept = files(office)
    assert put(office, picture(size=(7, 7)), seen).refusal == (412, "stale")
    assert office.upload(LOGO, picture(), verb="PUT").status == 428
    assert files(office) == kept


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"<svg/>", (422, "identity.bad_logo")),
        (b"", (422, "identity.bad_logo")),
        (picture("GIF"), (422, "identity.bad_logo")),
        (picture()[:-20] + bytes(LOGO_BYTES), (413, "request.too_large")),
        (picture("PNG", (6000, 5000), "1"), (422, "identity.logo_too_large")),
    ],
    ids=["svg", "empty", "gif", "bytes", "pixels"],
)
def test_what_is_no_logo_is_refused_by_name(office: Office, content: bytes, refusal: tuple[int, str]) -> None:
    """ERP-16: before anything of it is kept."""
    reply = put(office, content)
    assert reply.refusal == refusal
    assert files(office) == []
    if reply.status == 422:
        assert reply.pointers in ([], ["/file"])


def test_another_body_than_a_form_is_refused(office: Office) -> None:
    assert office.put(LOGO, {}, version(office)).refusal == (415, "request.unsupported_media_type")


def test_only_who_may_change_settings_sets_a_logo(office: Office) -> None:
    """ERP-16."""
    clerk = office.served.clerk(office.company, frozenset({Right.SETTINGS_READ}))
    assert put(clerk, picture()).status == 403
    assert put(office, picture()).status == 200
    assert clerk.get(LOGO).status == 200
    stranger = office.served.company()
    assert stranger.get(LOGO).status == 404


def test_of_two_who_set_a_logo_at_once_one_is_told(office: Office) -> None:
    seen = version(office)
    replies = together(2, lambda n: put(office, picture(size=(10 + n, 10)), seen))
    assert sorted(reply.status for reply in replies) == [200, 412]


def test_the_vat_number_is_checked_by_the_rules_of_the_company_s_country(office: Office) -> None:
    """ERP-16: as those of third parties are; an account must be one of the company's, and in use."""
    seen = version(office)
    bad = office.patch("/company/settings", {"letterhead": {"vat_number": "FR12345678901"}}, seen)
    assert (bad.refusal, bad.pointers) == ((422, "parties.bad_tax_id"), ["/letterhead/vat_number"])
    none = office.patch("/company/settings", {"letterhead": {"bank_account_id": 987654}}, seen)
    assert (none.refusal, none.pointers) == ((422, "unknown_reference"), ["/letterhead/bank_account_id"])
    mail = office.patch("/company/settings", {"letterhead": {"email": "nobody"}}, seen)
    assert (mail.refusal, mail.pointers) == ((422, "identity.bad_email"), ["/letterhead/email"])
    colour = office.patch("/company/settings", {"letterhead": {"accent": "red"}}, seen)
    assert (colour.refusal, colour.pointers) == ((422, "identity.bad_colour"), ["/letterhead/accent"])
    body = {"label": "Old", "holder": "Acme", "iban": "FR7630006000011234567890189", "currency": "EUR"}
    account = office.make("/bank-accounts", body)
    office.patch(f"/bank-accounts/{account['id']}", {"archived": True}, account["version"])
    archived = office.patch("/company/settings", {"letterhead": {"bank_account_id": account["id"]}}, seen)
    assert (archived.refusal, archived.pointers) == ((409, "banking.account_archived"), ["/letterhead/bank_account_id"])
    assert version(office) == seen


@ON_SQLITE
def test_a_sweep_keeps_papers_and_logos_and_takes_what_a_newer_paper_outdated(office: Office) -> None:
    """ERP-16: every logo the company had stays, for papers are printed by the settings of their first one."""
    container = office.served.container
    put(office, picture())
    put(office, picture(size=(9, 9)))
    kept = container.files
    assert isinstance(kept, FolderFiles)
    staged = kept.stage(office.company)
    staged.write(b"named by nothing")
    gone = staged.seal()[0]
    staged.keep()
    for path in files(office):
        os.utime(path, (1, 1))
    container.sweep_files()
    assert len(files(office)) == 2
    assert gone not in {path.name for path in files(office)}
