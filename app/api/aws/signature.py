"""AWS Signature Version 4, verified.

Source: AWS General Reference, "Signature Version 4 signing process"; what is refused and in which words follows the
answers of AWS services that speak JSON.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import quote, unquote_plus

from app.api.aws.errors import AwsError

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SERVICE: Final = "states"
SKEW: Final = timedelta(minutes=15)
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_PARTS: Final = ("Credential", "Signature", "SignedHeaders")
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}")
_UNSAFE: Final = "-_.~"
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it was signed; header names are in lower case, ``path`` is as it was sent, before any decoding."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Give the values of a header, as one."""
        found = [" ".join(value.split()) for key, value in self.headers if key == name]
        return ",".join(found) if found else None


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a request says of its signature."""

    access_key: str
    day: str
    region: str
    signed: tuple[str, ...]
    signature: str
    at: datetime
    stamp: str

    @property
    def scope(self) -> str:
        """The scope that the signing key is for."""
        return f"{self.day}/{self.region}/{SERVICE}/aws4_request"

    def check_time(self, now: datetime) -> None:
        """Pass only what was signed within a quarter of an hour of ``now``. Raises AwsError."""
        minutes = int(SKEW.total_seconds() // 60)
        here, early, late = (moment.strftime(_STAMP) for moment in (now, now - SKEW, now + SKEW))
        if self.at < now - SKEW:
            told = f"Signature expired: {self.stamp} is now earlier than {early} ({here} - {minutes} min.)"
            raise AwsError("InvalidSignatureException", told)
        if self.at > now + SKEW:
            told = f"Signature not yet current: {self.stamp} is still later than {late} ({here} + {minutes} min.)"
            raise AwsError("InvalidSignatureException", told)

    def check(self, request: Signed, secret: str) -> None:
        """Pass only a request signed with ``secret``, in the same time whatever differs. Raises AwsError."""
        wanted = self._signature_of(request, secret)
        if not hmac.compare_digest(wanted, self.signature):
            raise AwsError("InvalidSignatureException", _MISMATCH)

    def _signature_of(self, request: Signed, secret: str) -> str:
        canonical = canonical_request(request, self.signed)
        content = "\n".join((ALGORITHM, self.stamp, self.scope, sha256(canonical.encode()).hexdigest()))
        key = f"AWS4{secret}".encode()
        for part in (self.day, self.region, SERVICE, "aws4_request", content):
            key = hmac.digest(key, part.encode(), sha256)
        return key.hex()


def canonical_request(request: Signed, signed: Sequence[str]) -> str:
    """Give the form of a request that is signed. The payload's hash is worked out, whatever the request says it is."""
    # Services other than S3 encode the path as it was sent once more.
    path = quote(request.path, safe="/" + _UNSAFE) or "/"
    headers = "".join(f"{name}:{request.header(name) or ''}\n" for name in signed)
    digest = sha256(request.body).hexdigest()
    return "\n".join((request.method, path, _canonical_query(request.query), headers, ";".join(signed), digest))


def _canonical_query(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    # A plus sign in what was sent is one: AWS's clients write blanks as %20.
    plain = (
        (unquote_plus(name.replace("+", "%2B")), unquote_plus(value.replace("+", "%2B"))) for name, _, value in pairs
    )
    encoded = sorted((quote(name, safe=_UNSAFE), quote(value, safe=_UNSAFE)) for name, value in plain)
    return "&".join(f"{name}={value}" for name, value in encoded)


def read_authorization(request: Signed) -> Authorization:
    """Read how a request is signed, which is not yet proved. Raises AwsError."""
    given = request.header("authorization")
    if given is None:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = given.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    fields = _fields(rest)
    stamp = _complete(fields, request.header("x-amz-date"))
    access_key, day, region = _scope(fields["Credential"], stamp)
    return Authorization(
        access_key, day, region, _signed_headers(request, fields), _signature(fields), _instant(stamp), stamp
    )


def _complete(fields: Mapping[str, str], stamp: str | None) -> str:
    """Give the date of a request that has all it needs. Raises AwsError."""
    lacking = [f"Authorization header requires '{part}' parameter." for part in _PARTS if not fields.get(part)]
    if stamp is None:
        lacking.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if lacking:
        raise _incomplete(" ".join([*lacking, f"Authorization={ALGORITHM}"]))
    return str(stamp)


def _fields(text: str) -> Mapping[str, str]:
    pairs = (part.strip().partition("=") for part in text.split(","))
    return {name: value.strip() for name, _, value in pairs}


def _signed_headers(request: Signed, fields: Mapping[str, str]) -> tuple[str, ...]:
    """Give the names of the headers that are signed: host must be among them, and every x-amz- header there is."""
    names = tuple(fields["SignedHeaders"].split(";"))
    needed = {"host"} | {name for name, _ in request.headers if name.startswith("x-amz-")}
    forgotten = sorted(needed - set(names))
    if forgotten:
        raise AwsError(
            "InvalidSignatureException", f"'{forgotten[0]}' must be a 'SignedHeader' in the AWS Authorization."
        )
    return names


def _signature(fields: Mapping[str, str]) -> str:
    if not _SIGNATURE.fullmatch(fields["Signature"]):
        raise AwsError("InvalidSignatureException", _MISMATCH)
    return fields["Signature"]


def _scope(credential: str, stamp: str) -> tuple[str, str, str]:
    """Give access key, day and region. Raises AwsError."""
    parts = credential.split("/")
    if len(parts) != 5:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term,"
            f" got '{credential}'"
        )
    access_key, day, region, service, term = parts
    rules = (
        (_REGION.fullmatch(region), "Credential should be scoped to a valid region."),
        (service == SERVICE, f"Credential should be scoped to correct service: '{SERVICE}'."),
        (term == "aws4_request", "Credential should be scoped with a valid terminator: 'aws4_request'."),
        (
            day == stamp[:8],
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{day}' != '{stamp[:8]}', from '{stamp}'."
            ),
        ),
    )
    wrong = [told for kept, told in rules if not kept]
    if wrong:
        raise AwsError("InvalidSignatureException", " ".join(wrong))
    return access_key, day, region


def _instant(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError as error:
        told = f"Date must be in ISO-8601 'basic format'. Got '{stamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
        raise _incomplete(told) from error


def _incomplete(message: str) -> AwsError:
    return AwsError("IncompleteSignatureException", message)
