"""The command line as a process: what it prints, what it refuses, how it exits."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.support.served import DEMO_EMAIL, printed_password, program, running, served_demo

Demo = tuple[subprocess.CompletedProcess[str], Path]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Give what the making of a demo printed, and the folder it is in, which tests leave as it is."""
    data = tmp_path_factory.mktemp("demo")
    return program("demo", data=data), data


@pytest.mark.fast
def test_a_demo_is_made_once_and_never_in_a_database_that_holds_companies(demo: Demo) -> None:
    """ERP-13: the password is random, printed once, and kept nowhere in clear."""
    first, data = demo
    assert first.returncode == 0, first.stderr
    assert DEMO_EMAIL in first.stdout
    password = printed_password(first.stdout)
    assert not any(password.encode() in file.read_bytes() for file in data.iterdir())

    again = program("demo", data=data)
    assert again.returncode == 1
    assert "identity.not_empty" in again.stderr
    assert "password" not in again.stdout

    quiet = program("demo", "--if-empty", data=data)
    assert quiet.returncode == 0
    assert not quiet.stdout


@pytest.mark.fast
def test_the_keys_of_an_installation_are_for_its_owner_alone(demo: Demo) -> None:
    """ERP-13: who can read the keys can sign tokens."""
    made, data = demo
    assert made.returncode == 0
    keys = data / "keys.json"
    assert keys.stat().st_mode & 0o077 == 0
    kept = set(json.loads(keys.read_text(encoding="utf-8")))
    assert kept == {"jwt_key", "chain_key", "secrets_key", "heads_key", "aws_key"}


@pytest.mark.fast
def test_a_server_believes_no_header_on_where_a_client_is_and_a_reset_at_once(demo: Demo, tmp_path: Path) -> None:
    """ERP-13: the real server; the password reset on the command line works once and then only to change it."""
    made, data = demo
    shutil.copytree(data, tmp_path, dirs_exist_ok=True)
    with running(tmp_path) as url, httpx2.Client(base_url=url) as http:
        assert len(http.get("/.well-known/jwks.json").json()["keys"]) == 1
        body = {"email": DEMO_EMAIL, "password": printed_password(made.stdout)}
        tokens = http.post("/auth/token", json=body, headers={"x-forwarded-for": "203.0.113.9"}).json()
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        (session,) = http.get("/api/v1/me/sessions", headers=bearer).json()["items"]
        assert session["address"] == "127.0.0.1"
        reset = program("user", "reset-password", "--email", DEMO_EMAIL.upper(), data=tmp_path)
        assert reset.returncode == 0, reset.stderr
        assert http.post("/auth/token", json=body).status_code == 401
        refused = http.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert refused.json()["code"] == "access.session_refused"
        again = http.post("/auth/token", json={**body, "password": printed_password(reset.stdout)}).json()
        assert again["must_change_password"] is True
    assert "live keys: 2" in program("keys", "rotate", "add", data=tmp_path).stdout


@pytest.mark.fast
def test_init_takes_the_password_from_standard_input_and_does_not_print_it(tmp_path: Path) -> None:
    """ERP-13: a secret never stands on a command line nor in what is printed."""
    secret = "correct horse battery"
    company = ("--company", "Acme", "--email", "ann@example.com")
    done = program("init", *company, "--password-stdin", data=tmp_path, text=f"{secret}\n")
    assert done.returncode == 0, done.stderr
    assert "Acme" in done.stdout
    assert secret not in done.stdout + done.stderr


@pytest.mark.full
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--currency", "XXX"), "money.unknown_currency"),
        (("--zone", "Europe/Nowhere"), "identity.unknown_zone"),
    ],
)
def test_init_refuses_what_does_not_exist_and_stores_nothing(
    tmp_path: Path, options: tuple[str, ...], reason: str
) -> None:
    """The error names the value, and the next attempt starts from an empty database."""
    company = ("--company", "Acme", "--email", "ann@example.com")
    refused = program("init", *company, *options, data=tmp_path)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert program("demo", data=tmp_path).returncode == 0


@pytest.mark.full
def test_a_short_password_is_refused(tmp_path: Path) -> None:
    """ERP-13: twelve characters at least."""
    company = ("--company", "Acme", "--email", "ann@example.com")
    done = program("init", *company, "--password-stdin", data=tmp_path, text="short\n")
    assert done.returncode == 1
    assert "identity.weak_password" in done.stderr


@pytest.mark.full
def test_people_and_roles_are_added_to_the_only_company(tmp_path: Path) -> None:
    """ERP-13: a role is a named set of rights; an address belongs to one account."""
    assert program("demo", data=tmp_path).returncode == 0
    role = program("user", "role", "--name", "counter", "--right", "orders.read", data=tmp_path)
    assert role.returncode == 0, role.stderr
    bob = ("user", "add", "--email", "bob@example.com", "--name", "Bob")
    added = program(*bob, "--role", "counter", data=tmp_path)
    assert added.returncode == 0, added.stderr
    assert printed_password(added.stdout)
    assert "taken" in program(*bob, data=tmp_path).stderr
    eve = ("user", "add", "--email", "eve@example.com", "--name", "Eve", "--role", "king")
    unknown = program(*eve, data=tmp_path)
    assert unknown.returncode == 1
    assert "not_found" in unknown.stderr


@pytest.mark.full
def test_one_installation_holds_several_companies(tmp_path: Path) -> None:
    """ERP-13: whoever has an account administers another company with it, and no password is made."""
    assert program("demo", data=tmp_path).returncode == 0
    second = ("company", "add", "--name", "Second", "--currency", "BRL", "--country", "BR", "--zone", "America/Bahia")
    new = program(*second, "--email", "ann@example.com", data=tmp_path)
    assert new.returncode == 0, new.stderr
    assert "company 2 Second" in new.stdout
    assert printed_password(new.stdout)
    joined = program("company", "add", "--name", "Third", "--email", DEMO_EMAIL, data=tmp_path)
    assert joined.returncode == 0, joined.stderr
    assert "password" not in joined.stdout
    assert program("company", "list", data=tmp_path).stdout.splitlines() == [
        "1 FR EUR Europe/Paris Tramita Demo",
        "2 BR BRL America/Bahia Second",
        "3 FR EUR Europe/Paris Third",
    ]
    again = program("user", "add", "--company", "2", "--email", DEMO_EMAIL, "--name", "D", data=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "password" not in again.stdout
    twice = program("user", "add", "--company", "2", "--email", DEMO_EMAIL, "--name", "D", data=tmp_path)
    assert twice.returncode == 1
    assert "taken" in twice.stderr


@pytest.mark.full
def test_serving_needs_a_database_at_this_versions_schema(tmp_path: Path) -> None:
    """ERP-15: the error says what to run."""
    refused = program("serve", data=tmp_path, JWT_KEY="A" * 43, CHAIN_KEY="A" * 43)
    assert refused.returncode == 1
    assert "tramita migrate" in refused.stderr


@pytest.mark.full
def test_a_setting_out_of_range_is_named(tmp_path: Path) -> None:
    """ERP-05: the variable is named, its value is not repeated."""
    refused = program("migrate", data=tmp_path, DB_POOL_SIZE="none")
    assert refused.returncode == 1
    assert "DB_POOL_SIZE" in refused.stderr


@pytest.mark.full
def test_the_health_check_asks_a_running_server(tmp_path: Path) -> None:
    """ERP-15: exit 0 when it lives, 1 with the reason when nobody answers."""
    with served_demo(tmp_path) as server:
        assert program("healthcheck", "--url", server.url, data=tmp_path).returncode == 0
    gone = program("healthcheck", "--url", server.url, data=tmp_path)
    assert gone.returncode == 1
    assert "does not answer" in gone.stderr


@pytest.mark.full
def test_the_schema_check_finds_models_and_migrations_equal(tmp_path: Path) -> None:
    """ERP-04: migrations are found wherever the program is started from."""
    assert program("migrate", data=tmp_path).returncode == 0
    checked = program("migrate", "--check", data=tmp_path)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.fast
def test_the_api_is_described_where_nothing_was_set_up(tmp_path: Path) -> None:
    """README: `tramita openapi` asks for neither database nor keys, and makes none."""
    data = tmp_path / "data"
    data.mkdir()
    printed = program("openapi", data=data, PUBLIC_URL="https://erp.example", JWT_KEY="", CHAIN_KEY="", DATABASE_URL="")
    assert printed.returncode == 0, printed.stderr
    assert not printed.stderr
    document = json.loads(printed.stdout)
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": "https://erp.example"}]
    assert "/api/v1/orders" in document["paths"]
    assert not list(data.iterdir())


@pytest.mark.full
@pytest.mark.parametrize("scheme", ["sqlite", "mysql", "postgresql"])
def test_the_api_is_described_though_no_database_answers(tmp_path: Path, scheme: str) -> None:
    """The directory of the installation need not be there either."""
    missing, file = tmp_path / "missing", tmp_path / "api.json"
    url = f"sqlite:///{missing}/none.db" if scheme == "sqlite" else f"{scheme}://nobody@127.0.0.1:1/none"
    written = program("openapi", "--output", str(file), data=missing, DATABASE_URL=url)
    assert written.returncode == 0, written.stderr
    assert not written.stdout
    assert json.loads(file.read_text(encoding="utf-8"))["openapi"].startswith("3.1.")
    assert not missing.exists()
