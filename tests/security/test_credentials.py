"""What is no good credential opens nothing, and no secret reaches a log, an event or the database in clear."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

import jwt
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import inspect, text

from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.keys import decode_key
from app.settings import Settings
from tests.support.api import PASSWORD
from tests.support.databases import KEY
from tests.support.door import Door, code_of, standing_at
from tests.support.office import ON_SQLITE

pytestmark = [pytest.mark.fast, ON_SQLITE]
OTHER: Final = "quite another long password"


@pytest.fixture(scope="module")
def door(database_settings: Settings) -> Iterator[Door]:
    with standing_at(database_settings) as made:
        yield made


def forged(token: str, *, algorithm: str = "EdDSA", key: Any = None, kid: str | None = None, **claims: Any) -> str:
    """Give the token with other claims, signed soundly by the live key unless told otherwise."""
    signing: Any = Ed25519PrivateKey.from_private_bytes(decode_key("", KEY)) if key is None else key
    header = jwt.get_unverified_header(token)
    kept = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**kept, **claims}, signing, algorithm=algorithm, headers={"kid": kid or header["kid"]})


def variants(door: Door, token: str) -> dict[str, str]:
    """Give tokens that are wrong in one thing each."""
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    jwks = door.send("GET", "/.well-known/jwks.json")
    public = jwks["keys"][0]["x"]
    now = int(door.clock.now().timestamp())
    head, body, signature = token.split(".")
    return {
        "no signature": forged(token, algorithm="none", key=""),
        "hmac by the public key": forged(token, algorithm="HS256", key=public.encode() + b"=" * 20),
        "another key": forged(token, key=stranger),
        "an unknown kid": forged(token, kid="unknown"),
        "another issuer": forged(token, iss="other"),
        "another audience": forged(token, aud="other"),
        "expired": forged(token, exp=now),
        "not yet": forged(token, nbf=now + 5),
        "a body of one's own": f"{head}.{body[:-2]}AA.{signature}",
        "a signature cut off": f"{head}.{body}.",
        "another session": forged(token, sid="999999999"),
        "another company": forged(token, cid=999999999),
        "another user": forged(token, sub="999999999"),
        "a refresh token": door.tokens(door.person())["refresh_token"],
        "rubbish": "rubbish-of-ones-own",
    }


def test_a_token_that_is_wrong_in_any_one_thing_opens_nothing(door: Door) -> None:
    """ERP-13: also one that is signed soundly but names a session, company or user that is not there."""
    email = door.person()
    good = door.tokens(email)["access_token"]
    assert door.as_(forged(good)).get("/me").status == 200, "the test's own signing is sound"
    for what, token in variants(door, good).items():
        reply = door.as_(token).get("/me")
        assert reply.status == 401, what
        assert reply.headers["www-authenticate"] == "Bearer"
        assert token not in str(reply.body)


def everything_done(door: Door) -> list[str]:
    """Use every way in, well and badly, and give all secrets that were in play."""
    email = door.person()
    first = door.tokens(email)
    next_one = door.refresh(first["refresh_token"]).body
    door.refresh(first["refresh_token"])
    mine = door.tokens(email)
    me = door.as_(mine["access_token"])
    changed = me.post("/me/password", {"old": PASSWORD, "new": OTHER}).body
    me = door.as_(changed["access_token"])
    given = me.act("/me/second-factor")
    code = code_of(door, given)
    me.post("/me/second-factor/confirm", {"code": code})
    door.sign_in(email, OTHER, code=given["recovery_codes"][0])
    key = door.office.make("/api-keys", {"name": "k", "scopes": ["products.read"]})["secret"]
    door.as_(key).get("/products")
    door.as_(key[:-1] + "x").get("/products")
    door.settle()
    user = me.get("/me")["user"]
    reset = door.office.act(f"/users/{user}/reset-password")["password"]
    for _ in range(7):
        door.sign_in(email, "a wrong password, really")
    door.send("POST", "/auth/sign-out", {"refresh_token": changed["refresh_token"]})
    tokens = [one[name] for one in (first, next_one, mine, changed) for name in ("access_token", "refresh_token")]
    return [PASSWORD, OTHER, "a wrong password, really", given["secret"], *given["recovery_codes"], key, reset, *tokens]


def test_no_secret_is_logged_and_none_is_stored_in_clear(
    database_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """ERP-13, ERP-14: not even before secret fields are masked; whole tables are searched."""
    caplog.set_level(logging.DEBUG)
    with standing_at(database_settings) as door, structlog.testing.capture_logs() as lines:
        secrets = everything_done(door)
    shown = str(lines) + caplog.text
    assert {"a refresh token was used again", "too many failed attempts"} <= {line["event"] for line in lines}
    engine = plain_engine(database_settings.database_url)
    with engine.connect() as connection:
        stored = str(
            [list(connection.execute(text(f"SELECT * FROM {name}"))) for name in inspect(engine).get_table_names()]
        )
    assert "access.attempts_exceeded" in stored
    for secret in secrets:
        assert secret not in shown
        assert secret not in stored
        if secret.startswith("trm_"):
            assert secret.rpartition("_")[2] not in stored
