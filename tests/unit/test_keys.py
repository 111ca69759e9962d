"""The installation's own keys in their file, and how the signing one is replaced."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.domain.identity import TokenRefused
from app.domain.shared.ids import CompanyId, UserId
from app.infrastructure.disk import write_durably
from app.infrastructure.keys import (
    BadKey,
    KeyRotation,
    RotationStep,
    complete_keys,
    ensure_key,
    ensure_keys,
    new_key,
    rotate_keys,
)
from app.infrastructure.tokens import JwtTokens
from app.settings import Settings
from tests.support.clock import FakeClock

pytestmark = pytest.mark.fast


def kept(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / "keys.json").read_text(encoding="utf-8"))
    return found


def tokens(folder: Path, clock: FakeClock) -> JwtTokens:
    return JwtTokens.of(Settings(data_dir=folder), clock)


def test_the_keys_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    """ERP-13: five keys of 32 random bytes."""
    assert ensure_keys(tmp_path)
    first = kept(tmp_path)
    assert first.keys() == {"jwt_key", "chain_key", "secrets_key", "heads_key", "aws_key"}
    assert len(set(first.values())) == 5
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert not ensure_keys(tmp_path)
    assert kept(tmp_path) == first


def test_an_older_file_gets_what_it_lacks_and_loses_nothing(tmp_path: Path) -> None:
    """An installation without a key for second factors gets one at its next start."""
    before = {"jwt_key": new_key(), "chain_key": new_key()}
    (tmp_path / "keys.json").write_text(json.dumps(before), encoding="utf-8")
    complete_keys(tmp_path)
    assert kept(tmp_path).items() > before.items()
    assert Settings(data_dir=tmp_path).secrets_key.get_secret_value() == kept(tmp_path)["secrets_key"]


def test_without_a_file_none_is_made_behind_the_operators_back(tmp_path: Path) -> None:
    complete_keys(tmp_path)
    assert not (tmp_path / "keys.json").exists()


def test_a_signing_key_is_replaced_in_three_steps_that_refuse_nobody(tmp_path: Path) -> None:
    """ERP-13: two live keys: at each step what the servers before and after it issue is accepted by both."""
    clock = FakeClock()
    ensure_keys(tmp_path)
    chain = kept(tmp_path)["chain_key"]
    old = tokens(tmp_path, clock)
    issued = [old.issue(UserId(1), CompanyId(1), [], 1)]
    servers = [old]
    for step, live in ((RotationStep.ADD, 2), (RotationStep.SWAP, 2), (RotationStep.REMOVE, 1)):
        assert rotate_keys(tmp_path, step) == live
        server = tokens(tmp_path, clock)
        fresh = server.issue(UserId(1), CompanyId(1), [], 1)
        for one in (servers[-1], server):
            assert one.read(fresh).user == 1
        if step is not RotationStep.REMOVE:
            assert all(server.read(token).user == 1 for token in issued)
        issued.append(fresh)
        servers.append(server)
    with pytest.raises(TokenRefused):
        servers[-1].read(issued[0])
    assert kept(tmp_path)["chain_key"] == chain
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("step", [RotationStep.SWAP, RotationStep.REMOVE])
def test_a_step_out_of_turn_is_refused_and_changes_nothing(tmp_path: Path, step: RotationStep) -> None:
    ensure_keys(tmp_path)
    before = kept(tmp_path)
    with pytest.raises(KeyRotation):
        rotate_keys(tmp_path, step)
    assert kept(tmp_path) == before
    rotate_keys(tmp_path, RotationStep.ADD)
    with pytest.raises(KeyRotation):
        rotate_keys(tmp_path, RotationStep.ADD)


def test_keys_that_are_not_in_a_file_are_not_rotated_there(tmp_path: Path) -> None:
    with pytest.raises(BadKey):
        rotate_keys(tmp_path, RotationStep.ADD)


def test_a_key_from_the_environment_beats_the_file(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    rotate_keys(tmp_path, RotationStep.ADD)
    mine = new_key()
    assert Settings.model_validate({"data_dir": tmp_path, "jwt_key": mine}).signing_keys() == (mine,)
    several = Settings.model_validate({"data_dir": tmp_path, "jwt_keys": f"{mine}, {new_key()}"}).signing_keys()
    assert len(several) == 2
    assert several[0] == mine


def test_no_key_shows_in_the_settings_repr(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    rotate_keys(tmp_path, RotationStep.ADD)
    shown = repr(Settings(data_dir=tmp_path))
    assert not [key for value in kept(tmp_path).values() for key in value.split(",") if key in shown]


def test_a_key_that_is_missing_is_added_beside_the_others(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"chain_key": "kept"}', encoding="utf-8")
    made = ensure_key(tmp_path, "heads_key")
    assert json.loads(path.read_text(encoding="utf-8")) == {"chain_key": "kept", "heads_key": made}
    assert path.stat().st_mode & 0o077 == 0


def test_all_who_ask_at_once_get_the_same_key(tmp_path: Path) -> None:
    """Replicas on one data directory must not sign with keys of their own."""
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: ensure_key(tmp_path / "new", "heads_key"), range(16)))
    assert len(keys) == 1
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["keys.json"]


def test_a_file_cut_short_by_a_crash_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "a.new").write_text("half", encoding="utf-8")
    write_durably(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert not (tmp_path / "a.new").exists()
