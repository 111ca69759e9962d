"""What scripts/verify-image tries the image with: on the program, and on roots that are not as they should be."""

from __future__ import annotations

import os
import queue
import smtplib
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest

from house import container, dockerfile, verify
from house.base import ROOT, Refusal
from house.selling import Answer, Client, NotRun, Wrong, mailbox, quote_to_cash
from house.servers import ALLOW_MISSING
from tests.support.served import served_demo

SETTLED: Final = ("ok", "it is so")


@pytest.mark.full
def test_the_sale_it_makes_is_one_the_service_makes(tmp_path: Path) -> None:
    """ERP-14, ERP-15: from the quote to the cash, in amounts worked out by hand; then what it must notice."""
    with served_demo(tmp_path) as server:
        client = Client(server.url)
        assert client.done("GET", "/health").json() == {"status": "alive"}
        client.sign_in(server.email, server.password)
        invoice = quote_to_cash(client)
        assert (invoice["status"], invoice["total_gross"]) == ("paid", "1003.92")
        assert client.route(r"/invoices/\{\w+\}/validate$") == "/api/v1/invoices/{invoice_id}/validate"
        with pytest.raises(NotRun, match="no route like /nothing"):
            client.route("/nothing")
        with pytest.raises(Wrong, match=r"POST /api/v1/orders: 422"):
            client.post("/orders", {})
        assert client.ask("GET", "/api/v1/orders/999").status == 404
    with pytest.raises(OSError, match="refused"):
        client.ask("GET", "/health")


@pytest.mark.fast
@pytest.mark.parametrize("body", [b"<html>", b"[1]", b""])
def test_an_answer_that_is_no_object_is_wrong(body: bytes) -> None:
    with pytest.raises(Wrong):
        Answer(200, body).json()


@pytest.mark.fast
def test_its_mailbox_takes_mail() -> None:
    """The row about mail waits for this one."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "FA2611-0001"
    message.set_content("One\n.\nTwo\n")
    with mailbox() as (port, received):
        for _ in range(2):
            with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
                client.send_message(message)
        first, second = received.get(timeout=10), received.get(timeout=10)
    assert first == second
    assert b"Subject: FA2611-0001" in first
    assert first.rstrip().endswith(b"One\r\n..\r\nTwo")


@pytest.mark.fast
def test_without_root_it_says_that_it_did_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row that was not tried is never a row that holds."""
    env = {name: value for name, value in os.environ.items() if name != ALLOW_MISSING}
    command = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []

    def tried(**more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "/usr/bin/env", "python3", ROOT / "scripts" / "verify-image", "--cache", tmp_path / "none"],
            env={**env, "PYTHONDONTWRITEBYTECODE": "1", **more},
            capture_output=True,
            text=True,
            check=False,
        )

    refused, accepted = tried(), tried(**{ALLOW_MISSING: "1"})
    assert (refused.returncode, refused.stdout) == (1, "NOT RUN: verify-image (needs root)\n"), refused.stderr
    assert (accepted.returncode, accepted.stdout) == (0, refused.stdout)
    assert not (tmp_path / "none").exists()


@pytest.mark.fast
@pytest.mark.parametrize(
    ("outcomes", "accepted", "code"),
    [
        (["ok", "ok"], "", 0),
        (["ok", "FAILED"], "1", 1),
        (["ok", "NOT RUN"], "", 1),
        (["ok", "NOT RUN"], "1", 0),
    ],
)
def test_the_exit_code_is_what_the_table_says(
    outcomes: list[str],
    accepted: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(ALLOW_MISSING, accepted)
    assert verify._verdict([(f"row {at}", outcome, "why") for at, outcome in enumerate(outcomes)]) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"row {at}  {outcome:7}  why" for at, outcome in enumerate(outcomes)]
    assert ("NOT RUN: row 1" in lines) is ("NOT RUN" in outcomes)
    assert (f"{ALLOW_MISSING}=1 accepts that" in lines) is (outcomes[1] == "NOT RUN" and not accepted)


@pytest.fixture
def trial(tmp_path: Path) -> verify.Trial:
    """Give the trial of a root of a few files, nothing of which runs."""
    root = tmp_path / "root"
    for name in ("app/inner", "bytecode/app/inner", "usr/bin", "tmp", "data", "home/nonroot", "proc"):
        (root / name).mkdir(parents=True)
    (root / "app/inner/code.py").write_text("x = 1\n", encoding="utf-8")
    (root / "bytecode/app/inner/code.cpython-313.pyc").write_bytes(b"0" * 5000)
    (root / "usr/bin/python3.13").write_bytes(b"0" * 100_000)
    (root / "tmp").chmod(0o1777)
    image = dockerfile.image(dockerfile.read((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1])
    built = container.Built(root, image, steps=1, kept=0)
    return verify.Trial(built, container.Container(built, tmp_path), Client("http://127.0.0.1:1"), queue.Queue())


def _set_uid(root: Path) -> None:
    (root / "usr/bin/python3.13").chmod(0o4755)


def _set_gid(root: Path) -> None:
    (root / "usr/bin/python3.13").chmod(0o2755)


def _open_to_all(root: Path) -> None:
    (root / "app/inner/code.py").chmod(0o666)


def _open_folder(root: Path) -> None:
    (root / "app/inner").chmod(0o777)


def _given_away(root: Path) -> None:
    os.chown(root / "app/inner", 65532, 65532)


SPOILS: Final = [_set_uid, _set_gid, _open_to_all, _open_folder, *([_given_away] if os.geteuid() == 0 else [])]


@pytest.mark.fast
@pytest.mark.parametrize("spoil", SPOILS)
def test_a_file_that_gives_or_takes_too_much_is_found(trial: verify.Trial, spoil: Callable[[Path], None]) -> None:
    """CT-01: no setuid, and nothing the service's user may change, whoever mounts the root."""
    assert verify._row("owner", verify._is_roots, trial)[1] == "ok"
    spoil(trial.built.root)
    name, outcome, detail = verify._row("owner", verify._is_roots, trial)
    assert (name, outcome) == ("owner", "FAILED")
    assert "python3.13" in detail or "app/inner" in detail


@pytest.mark.fast
def test_a_module_without_bytecode_is_found(trial: verify.Trial) -> None:
    assert verify._row("bytecode", verify._is_compiled, trial)[1:] == ("ok", "1 modules")
    (trial.built.root / "app/late.py").touch()
    assert "late.py" in verify._row("bytecode", verify._is_compiled, trial)[2]


@pytest.mark.fast
def test_the_size_is_told_by_part(trial: verify.Trial) -> None:
    """What is mounted over, as /proc, weighs nothing."""
    (trial.built.root / "proc/kcore").write_bytes(b"0" * 3_000_000)
    (trial.built.root / "app/large").write_bytes(b"0" * 2_000_000)
    assert verify._weighs(trial) == "2 MB, /app 2, /bytecode 0, system 0"


@pytest.mark.fast
@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        (NotRun("no"), "NOT RUN"),
        (Wrong("no"), "FAILED"),
        (OSError("no"), "FAILED"),
        (queue.Empty(), "FAILED"),
        (Refusal("no"), "FAILED"),
        (KeyError("no"), "FAILED"),
        (subprocess.TimeoutExpired("no", 1), "FAILED"),
    ],
)
def test_whatever_goes_wrong_fails_its_row_alone(trial: verify.Trial, raised: Exception, outcome: str) -> None:
    def check(_: verify.Trial) -> str:
        raise raised

    assert verify._row("row", check, trial)[:2] == ("row", outcome)
    assert verify._row("row", lambda _: SETTLED[1], trial)[1:] == SETTLED


@pytest.mark.fast
@pytest.mark.parametrize(
    "name", ["health check", "runs as nobody", "prints a PDF", "sends a mail", "drains on SIGTERM"]
)
def test_a_row_whose_server_never_ran_is_a_failure(trial: verify.Trial, name: str) -> None:
    """Nothing that came before has to be looked at to see that this one does not hold."""
    assert verify._row(name, verify.CHECKS[name], trial)[1] == "FAILED"


@pytest.mark.fast
def test_the_rows_are_those_that_were_promised() -> None:
    """CT-01: what the issue asks of the image, each by its name."""
    promised = {"serves", "signs in and sells", "prints a PDF", "sends a mail", "drains on SIGTERM", "cannot write"}
    assert promised | {"has no shell", "migrates", "runs as nobody", "starts", "size"} <= verify.CHECKS.keys()
