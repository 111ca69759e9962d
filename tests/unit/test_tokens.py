"""Access tokens (ERP-13)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.domain.identity import TokenRefused
from app.domain.shared.ids import CompanyId, RoleId, SessionId, UserId
from app.infrastructure.keys import BadKey, decode_key
from app.infrastructure.tokens import JwtTokens, thumbprint
from tests.support.clock import FakeClock

pytestmark = pytest.mark.fast

RAW = bytes(range(32))
PRIVATE = Ed25519PrivateKey.from_private_bytes(RAW)


def tokens(clock: FakeClock, **changes: Any) -> JwtTokens:
    options: dict[str, Any] = {"issuer": "tramita", "audience": "tramita-api", "lifetime": 300, "clock": clock}
    return JwtTokens(changes.pop("key", RAW), **{**options, **changes})


def issue(given: JwtTokens) -> str:
    return given.issue(UserId(5), CompanyId(7), [RoleId(2), RoleId(3)], 11)


def part(token: str, index: int) -> dict[str, Any]:
    piece = token.split(".")[index]
    found: dict[str, Any] = orjson.loads(urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))
    return found


def resigned(token: str, **changes: Any) -> str:
    """Give the token with other claims and a sound signature; a claim set to None is left out."""
    claims = {key: value for key, value in {**part(token, 1), **changes}.items() if value is not None}
    return jwt.encode(claims, PRIVATE, algorithm="EdDSA", headers={"kid": part(token, 0)["kid"]})


def test_a_token_says_who_for_which_company_in_which_roles() -> None:
    """ERP-13: role ids and the version of the rights travel in the claims."""
    clock = FakeClock()
    given = tokens(clock)
    claims = given.read(issue(given))
    assert (claims.user, claims.company, claims.roles, claims.rights_version) == (5, 7, (2, 3), 11)
    assert (claims.expires - clock.now()).total_seconds() == given.lifetime == 300


def test_the_claims_and_header_are_the_registered_ones() -> None:
    token = issue(tokens(FakeClock()))
    assert part(token, 0) == {"alg": "EdDSA", "typ": "JWT", "kid": thumbprint(PRIVATE.public_key().public_bytes_raw())}
    claims = part(token, 1)
    assert claims["iss"] == "tramita"
    assert claims["aud"] == "tramita-api"
    assert claims["sub"] == "5"
    assert claims["iat"] == claims["nbf"] == claims["exp"] - 300
    assert claims.keys() == {"iss", "aud", "sub", "cid", "rol", "rv", "iat", "nbf", "exp", "jti"}


def test_every_token_has_a_name_of_its_own() -> None:
    given = tokens(FakeClock())
    assert part(issue(given), 1)["jti"] != part(issue(given), 1)["jti"]


def test_a_token_is_refused_from_the_second_it_expires() -> None:
    clock = FakeClock()
    given = tokens(clock)
    token = issue(given)
    clock.advance(299)
    given.read(token)
    clock.advance(1)
    with pytest.raises(TokenRefused):
        given.read(token)


def test_a_token_from_the_future_is_refused() -> None:
    clock = FakeClock()
    given = tokens(clock)
    token = issue(given)
    clock.advance(-5)
    with pytest.raises(TokenRefused):
        given.read(token)


@pytest.mark.parametrize("change", [{"issuer": "other"}, {"audience": "other"}, {"key": bytes(32)}])
def test_a_token_of_another_issuer_audience_or_key_is_refused(change: dict[str, Any]) -> None:
    """ERP-13: issuer and audience are pinned."""
    clock = FakeClock()
    with pytest.raises(TokenRefused):
        tokens(clock).read(issue(tokens(clock, **change)))


def test_a_token_without_a_signature_is_refused() -> None:
    """ERP-13: the algorithm is pinned; ``none`` is not one."""
    given = tokens(FakeClock())
    unsigned = jwt.encode(part(issue(given), 1), "", algorithm="none", headers={"kid": part(issue(given), 0)["kid"]})
    with pytest.raises(TokenRefused):
        given.read(unsigned)


def test_a_token_signed_by_hmac_with_the_public_key_is_refused() -> None:
    """ERP-13: the classic confusion of algorithms."""
    given = tokens(FakeClock())
    public = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    forged = jwt.encode(part(issue(given), 1), public, algorithm="HS256", headers={"kid": thumbprint(public)})
    with pytest.raises(TokenRefused):
        given.read(forged)


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "cid", "rol", "rv", "iat", "nbf", "exp", "jti"])
def test_a_token_that_lacks_a_claim_is_refused(claim: str) -> None:
    given = tokens(FakeClock())
    with pytest.raises(TokenRefused):
        given.read(resigned(issue(given), **{claim: None}))


@pytest.mark.parametrize(
    "change",
    [{"cid": "x"}, {"rol": 3}, {"rol": ["x"]}, {"sub": "x"}, {"exp": "soon"}, {"exp": 10**30}, {"cid": [1]}],
)
def test_a_token_with_a_claim_of_the_wrong_type_is_refused(change: dict[str, Any]) -> None:
    given = tokens(FakeClock())
    with pytest.raises(TokenRefused):
        given.read(resigned(issue(given), **change))


def test_a_token_that_names_another_key_is_refused() -> None:
    given = tokens(FakeClock())
    token = jwt.encode(part(issue(given), 1), PRIVATE, algorithm="EdDSA", headers={"kid": "another"})
    with pytest.raises(TokenRefused):
        given.read(token)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "....", "é", "\x00", "a" * 10_000])
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        tokens(FakeClock()).read(text)


def test_a_key_is_32_bytes_in_base64url_padded_or_not() -> None:
    text = urlsafe_b64encode(RAW).decode()
    assert decode_key("JWT_KEY", text) == decode_key("JWT_KEY", text.rstrip("=")) == RAW


@pytest.mark.parametrize("text", ["", "abc", "x", "é", urlsafe_b64encode(bytes(31)).decode()])
def test_a_missing_or_short_key_is_named(text: str) -> None:
    with pytest.raises(BadKey) as caught:
        decode_key("JWT_KEY", text)
    assert caught.value.facts == {"name": "JWT_KEY"}
    assert not text or text not in str(caught.value)


def test_a_token_names_the_session_it_belongs_to() -> None:
    """ERP-13: so that it ends with the session."""
    given = tokens(FakeClock())
    assert given.read(given.issue(UserId(5), CompanyId(7), [], 1, SessionId(9))).session == 9
    assert given.read(issue(given)).session is None
    with pytest.raises(TokenRefused):
        given.read(resigned(issue(given), sid="x"))


OTHER = bytes(range(1, 33))


def two(clock: FakeClock, *keys: bytes) -> JwtTokens:
    return JwtTokens(*keys, issuer="tramita", audience="tramita-api", lifetime=300, clock=clock)


def test_the_first_key_signs_and_every_live_one_verifies() -> None:
    """ERP-13: two live keys, told apart by kid."""
    clock = FakeClock()
    old, both, swapped = two(clock, RAW), two(clock, RAW, OTHER), two(clock, OTHER, RAW)
    assert part(issue(both), 0)["kid"] == part(issue(old), 0)["kid"] != part(issue(swapped), 0)["kid"]
    for reader in (both, swapped):
        for writer in (old, both, swapped):
            assert reader.read(issue(writer)).user == 5
    with pytest.raises(TokenRefused):
        old.read(issue(swapped))


def test_a_token_signed_by_one_live_key_in_the_name_of_the_other_is_refused() -> None:
    clock = FakeClock()
    both = two(clock, RAW, OTHER)
    other_kid = part(issue(two(clock, OTHER)), 0)["kid"]
    forged = jwt.encode(part(issue(both), 1), PRIVATE, algorithm="EdDSA", headers={"kid": other_kid})
    with pytest.raises(TokenRefused):
        both.read(forged)


@pytest.mark.parametrize("kid", [None, "", "unknown", 5, ["a"]])
def test_a_token_without_a_known_kid_is_refused(kid: Any) -> None:
    """ERP-13: unknown kid."""
    given = tokens(FakeClock())
    body = [{"alg": "EdDSA", "typ": "JWT"} | ({} if kid is None else {"kid": kid}), part(issue(given), 1)]
    signed = ".".join(urlsafe_b64encode(orjson.dumps(one)).decode().rstrip("=") for one in body)
    signature = urlsafe_b64encode(PRIVATE.sign(signed.encode())).decode().rstrip("=")
    with pytest.raises(TokenRefused):
        given.read(f"{signed}.{signature}")


def test_the_public_keys_verify_what_was_signed_and_hold_no_private_half() -> None:
    """RFC 7517, RFC 8037: whoever is handed a token may check it."""
    given = two(FakeClock(), OTHER, RAW)
    token = issue(given)
    shown = given.public_keys()
    assert shown[0]["kid"] == part(token, 0)["kid"]
    assert all(key.keys() == {"kty", "crv", "use", "alg", "kid", "x"} for key in shown)
    found = jwt.decode(
        token,
        jwt.PyJWK(dict(shown[0])),
        algorithms=["EdDSA"],
        options={
            "verify_signature": True,
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_aud": False,
        },
    )
    assert found["sub"] == "5"
    assert all(urlsafe_b64decode(key["x"] + "=") not in {RAW, OTHER} for key in shown)
