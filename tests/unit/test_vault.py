"""Small secrets encrypted for the database."""

from __future__ import annotations

import pytest

from app.infrastructure.keys import BadKey, new_key
from app.infrastructure.vault import AesVault

pytestmark = pytest.mark.fast


def test_what_was_locked_is_unlocked_for_its_owner_by_its_key_alone() -> None:
    """ERP-13: the database never holds a second factor in clear."""
    vault = AesVault(new_key())
    kept = vault.lock("secret", "user 1")
    assert "secret" not in kept
    assert len(kept) < 255
    assert vault.unlock(kept, "user 1") == "secret"
    with pytest.raises(BadKey):
        vault.unlock(kept, "user 2")
    with pytest.raises(BadKey):
        AesVault(new_key()).unlock(kept, "user 1")


def test_the_same_secret_looks_different_each_time() -> None:
    vault = AesVault(new_key())
    assert vault.lock("secret", "x") != vault.lock("secret", "x")


def test_a_changed_byte_is_seen() -> None:
    vault = AesVault(new_key())
    kept = vault.lock("secret", "x")
    with pytest.raises(BadKey):
        vault.unlock(kept[:-6] + ("A" if kept[-6] != "A" else "B") + kept[-5:], "x")


def test_without_a_key_it_is_made_and_fails_when_used() -> None:
    """An installation without the key starts; only second factors are not to be had."""
    vault = AesVault("")
    with pytest.raises(BadKey) as refused:
        vault.lock("secret", "x")
    assert refused.value.facts == {"name": "SECRETS_KEY"}
