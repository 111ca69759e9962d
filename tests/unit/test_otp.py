"""One-time codes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.infrastructure.otp import TimeCodes

pytestmark = pytest.mark.fast
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # 12345678901234567890 in base32


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, cut to six digits."""
    assert TimeCodes().step(RFC_SECRET, code, at(seconds)) == seconds // 30


@pytest.mark.parametrize(("shift", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_one_step_to_either_side_is_accepted(shift: int, accepted: bool) -> None:  # noqa: FBT001 - a table
    """ERP-13: clocks differ; the step tells which one it was, so that it is used once."""
    found = TimeCodes().step(RFC_SECRET, "005924", at(1234567890 + shift))
    assert found == (1234567890 // 30 if accepted else None)


@pytest.mark.parametrize("code", ["", "5924", "0059240", "abcdef", "é", "005925", " 05924"])
def test_anything_else_is_no_code(code: str) -> None:
    assert TimeCodes().step(RFC_SECRET, code, at(1234567890)) is None


def test_secrets_differ_and_the_uri_names_account_and_issuer() -> None:
    codes = TimeCodes()
    secret = codes.secret()
    assert len(secret) == 32
    assert secret != codes.secret()
    uri = codes.uri(secret, "ann@example.com", "Tramita")
    assert uri.startswith("otpauth://totp/Tramita:ann%40example.com?")
    assert f"secret={secret}" in uri
