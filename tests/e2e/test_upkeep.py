"""The commands that keep an installation, as an administrator types them and as docs/operations.md shows them."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from app.bootstrap import bootstrap
from app.domain.parties import Party
from app.domain.shared.ids import CompanyId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import price, quantity, rate
from app.settings import Settings
from app.usecases.billing import CreateInvoice, InvoiceDraft, Part, PayInvoice, PaymentDraft, ValidateInvoice
from app.usecases.parties import CreateParty
from app.usecases.shared import LineDraft
from house.base import ROOT
from tests.support.command import command
from tests.support.lines import logging_as_it_was
from tests.support.served import program

DOCS: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the data directory of a demo company with a few sealed documents."""
    folder = tmp_path_factory.mktemp("demo")
    made = command("demo", data=folder)
    assert made.returncode == 0, made.stderr
    with logging_as_it_was():
        trade(Settings(data_dir=folder))
    return folder


def trade(settings: Settings) -> None:
    """Invoice a customer three times, and collect it."""
    container = bootstrap(settings)
    try:
        context = container.context_of(CompanyId(1))

        def do(case: type[Any], request: Any) -> Any:
            return container.runner.call(context, container.cases[case], lambda: request)

        customer = do(CreateParty, Party(name="Client", customer=True)).id
        for _ in range(3):
            line = LineDraft(
                kind=LineKind.SERVICE,
                description="Work",
                quantity=quantity(Decimal(1)),
                unit_price=price(Decimal(10)),
                vat_rate=rate(Decimal(20)),
            )
            draft = do(CreateInvoice, InvoiceDraft(party_id=customer, lines=(line,)))
            invoice = do(ValidateInvoice, draft.id)
            do(PayInvoice, PaymentDraft(parts=(Part(invoice_id=invoice.id),)))
    finally:
        container.close()


@pytest.fixture
def data(demo: Path, tmp_path: Path) -> Path:
    """Give a copy of it, for the test to spoil."""
    return Path(shutil.copytree(demo, tmp_path / "data"))


def change(data: Path, *statements: str) -> None:
    """Change the database behind the program's back."""
    with sqlite3.connect(data / "tramita.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def exported(data: Path, **env: str) -> Path:
    """Sign the heads and give the document."""
    done = command("heads", "export", data=data, **env)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.removeprefix("signed ").strip())


@pytest.mark.fast
def test_sound_books_verify(data: Path) -> None:
    """As a process of its own, once."""
    done = program("verify", data=data)
    assert done.returncode == 0, done.stderr
    walked = r"company 1: [1-9]\d* chains, [1-9]\d* documents walked\ncompany 1: \d+ journal entries walked\n"
    assert re.fullmatch(walked, done.stdout)


@pytest.mark.fast
def test_a_changed_invoice_is_named_and_the_exit_code_says_so(data: Path) -> None:
    """Design 3: one line for each flaw, on standard error."""
    change(data, "UPDATE invoices SET due_date = '2030-01-01' WHERE number = 1")
    done = command("verify", data=data)
    assert done.returncode == 1
    found = re.search(r"company 1 invoice \d{4}-\d{2}: number 1 does not follow", done.stderr)
    assert found, done.stderr
    assert "the books are not as they were written" in done.stderr


@pytest.mark.fast
def test_a_level_that_is_not_its_movements_is_named(data: Path) -> None:
    change(data, "UPDATE stock_levels SET quantity = quantity + 1000000 WHERE product_id = 1")
    done = command("verify", "--company", "1", data=data)
    assert done.returncode == 1
    assert "company 1 stock_levels: product in stock 1 says" in done.stderr


@pytest.mark.fast
def test_a_company_that_is_not_there_is_refused(data: Path) -> None:
    done = command("verify", "--company", "77", data=data)
    assert done.returncode == 1
    assert "not_found" in done.stderr


@pytest.mark.fast
def test_heads_are_signed_once_a_day_and_hold(data: Path) -> None:
    document = exported(data)
    assert document.parent == data / "heads"
    again = command("heads", "export", data=data)
    assert (again.returncode, again.stdout) == (0, "today's heads are signed already\n")
    for words in (("heads", "check", str(document)), ("verify", "--heads", str(document))):
        done = command(*words, data=data)
        assert done.returncode == 0, done.stderr
        assert "signed at " in done.stdout


@pytest.mark.fast
def test_books_rebuilt_after_the_export_are_found_though_they_verify(data: Path) -> None:
    """Design 3: what an insider with database and key can do, the heads of the day show."""
    document = exported(data)
    change(data, "DELETE FROM payment_allocations", "DELETE FROM payments", "DELETE FROM series WHERE kind = 'payment'")
    change(data, "UPDATE invoices SET paid = 0, company_paid = 0, status = 'validated' WHERE status = 'paid'")
    assert command("verify", data=data).returncode == 0
    for words in (("heads", "check", str(document)), ("verify", "--heads", str(document))):
        done = command(*words, data=data)
        assert done.returncode == 1
        assert re.search(r"company 1 payment \d{4}-\d{2}: number \d+ is not the document that was signed", done.stderr)


@pytest.mark.fast
def test_a_company_that_was_signed_and_is_gone_is_named(data: Path) -> None:
    document = exported(data)
    (data / "tramita.db").unlink()
    for name in ("tramita.db-wal", "tramita.db-shm"):
        (data / name).unlink(missing_ok=True)
    assert command("migrate", data=data).returncode == 0
    done = command("heads", "check", str(document), data=data)
    assert done.returncode == 1
    assert "company 1 is gone with its series" in done.stderr


@pytest.mark.fast
def test_a_forged_document_and_a_foreign_key_are_refused(data: Path, tmp_path: Path) -> None:
    document = exported(data)
    other = tmp_path / "other"
    shutil.copytree(document.parent, other)
    forged = other / document.name
    forged.write_bytes(forged.read_bytes().replace(b'"next":2', b'"next":1'))
    done = command("heads", "check", str(forged), data=data)
    assert done.returncode == 1
    assert "the signature does not match" in done.stderr
    forged.with_suffix(".sig").unlink()
    assert "chains.bad_heads" in command("heads", "check", str(forged), data=data).stderr
    stranger = tmp_path / "stranger"
    assert command("demo", data=stranger).returncode == 0
    key = exported(stranger).parent / "heads-key.pem"
    refused = command("heads", "check", str(document), "--public-key", str(key), data=data)
    assert "the signature does not match" in refused.stderr
    own = command("heads", "check", str(document), "--public-key", str(document.parent / "heads-key.pem"), data=data)
    assert own.returncode == 0, own.stderr


@pytest.mark.fast
def test_an_installation_without_the_key_gets_it_when_it_first_signs(data: Path) -> None:
    """Keys made by an earlier version stay as they are; the file stays its owner's alone."""
    keys = data / "keys.json"
    before = json.loads(keys.read_text(encoding="utf-8"))
    del before["heads_key"]
    keys.write_text(json.dumps(before), encoding="utf-8")
    document = exported(data)
    after = json.loads(keys.read_text(encoding="utf-8"))
    assert after.pop("heads_key")
    assert after == before
    assert keys.stat().st_mode & 0o077 == 0
    assert command("heads", "check", str(document), data=data).returncode == 0


@pytest.mark.fast
def test_no_key_is_ever_printed_or_exported(data: Path) -> None:
    """ERP-13: neither in what is signed nor in what is said."""
    document = exported(data)
    keys = json.loads((data / "keys.json").read_text(encoding="utf-8")).values()
    said = command("verify", "--heads", str(document), data=data)
    written = b"".join(file.read_bytes() for file in document.parent.iterdir())
    assert not [key for key in keys if key in said.stdout + said.stderr or key.encode() in written]


@pytest.mark.fast
def test_a_purge_says_what_went(data: Path) -> None:
    change(data, "INSERT INTO sign_in_attempts (subject, count, expires_at) VALUES ('somebody', 1, 0)")
    done = command("purge", data=data)
    assert done.returncode == 0, done.stderr
    gone = {"answers": 0, "sessions": 0, "sign_in_attempts": 1, "jobs": 0, "papers": 0}
    assert done.stdout == "".join(f"{name}: {count} rows removed\n" for name, count in gone.items())


@pytest.mark.fast
def test_events_are_numbered_and_chores_done_on_demand(data: Path) -> None:
    """Design 8: without a server the same things can be done by hand; verify then walks what was numbered."""
    assert re.fullmatch(r"\d+ events numbered\n", command("dispatch", data=data).stdout)
    assert command("dispatch", data=data).stdout == "0 events numbered\n"
    walked = re.search(r"(\d+) journal entries walked", command("verify", data=data).stdout)
    assert walked
    assert int(walked[1]) > 0
    assert "purge at 0 2 * * *, next once a process does jobs\n" in command("chores", "list", data=data).stdout
    assert command("chores", "run", "purge", data=data).stdout == "purge done\n"
    assert command("chores", "run", "nothing", data=data).returncode == 1


# --- docs/operations.md ---------------------------------------------------------------------------------------------


def blocks(language: str, database: str = "", told: str = DOCS) -> list[str]:
    """Give the fenced blocks of one language in a text, those for one database among them."""
    return re.findall(rf"```{language}(?: {database})?\n(.*?)```", told, re.DOTALL)


@pytest.mark.full
def test_the_commands_of_the_documentation_do_what_it_says(data: Path, tmp_path: Path) -> None:
    """Run as pasted, in order, in a folder with the data directory; the backup is restored and verified."""
    document = exported(data)
    day = document.stem.removeprefix("heads-")
    tools = tmp_path / "bin"
    tools.mkdir()
    tramita = tools / "tramita"
    tramita.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m app "$@"\n', encoding="utf-8")
    tramita.chmod(0o755)
    script = "\n".join(["set -eu", *blocks("sh", "sqlite")]).replace("2026-11-21", day)
    environment = {
        "PATH": f"{tools}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "DATA_DIR": str(data),
        "BACKUP_DIR": str(tmp_path / "backup"),
        "RESTORED_DIR": str(tmp_path / "restored"),
        "LOG_LEVEL": "WARNING",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Signature Verified Successfully" in done.stdout
    (example,) = blocks("python")
    checked = subprocess.run(
        [sys.executable, "-c", example.replace("2026-11-21", day)],
        cwd=document.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.startswith("genuine: ")


@pytest.mark.fast
def test_the_documentation_names_every_setting_it_speaks_of() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", DOCS)) - {"BACKUP_DIR", "RESTORED_DIR", "RESTORED_URL"}
    assert named >= {"CHAIN_KEY", "HEADS_KEY", "HEADS_DIR", "JOURNAL_DAYS", "DATA_DIR"}
    assert {name for name in named if f"#{name}=" not in example} == set()
