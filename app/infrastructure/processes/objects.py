"""Where distributed Maps find and leave objects, by the settings: in folders, or on S3 (extra ``s3``).

On S3, buckets and keys are the service's own. A place is what companies have of it: with ``{company}`` among the parts
of its prefix each company has one of its own; one that begins with ``12:`` is company 12's alone. Places in which two
companies could meet are refused, and what lies in no place of a company is for it as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import combinations
from typing import Any, Final, NamedTuple, Self

from app.domain.shared.errors import Unavailable
from app.settings import Settings
from app.workflow.objects import ObjectStore, ObjectStores
from app.workflow.objects.files import FolderStores

OpensStores = Callable[[], ObjectStores]

COMPANY: Final = "{company}"
_FORM: Final = f"bucket/prefix/{COMPANY}"
_PLACE: Final = re.compile(r"(?:([1-9][0-9]{0,18}):)?([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[^/]+)*)/?")
_PART: Final = re.compile(r"(?!\.+$)[A-Za-z0-9._=+@-]+|\{company\}")


class ObjectsMissing(Unavailable):
    """Objects are to be on S3 and boto3 is not installed: install `tramita[s3]`."""

    code = "setup.objects_missing"


class BadPlace(Unavailable):
    """A place of OBJECTS_PLACES is neither `bucket/prefix/{company}` nor `12:bucket/prefix`."""

    code = "setup.bad_place"


class PlacesMeet(Unavailable):
    """Two places of OBJECTS_PLACES would show objects of one company to another."""

    code = "setup.places_meet"


class Place(NamedTuple):
    """What keys of a bucket begin with; ``company`` is whose it is, empty when each has one of its own.

    Where a part is the company's own id it is ``{company}``, however it was written.
    """

    company: str
    bucket: str
    parts: Sequence[str]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a place as it stands in the settings. Raises BadPlace."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise BadPlace(place=text, form=_FORM)
        company, bucket, prefix = found.groups("")
        parts = _own(prefix.split("/")[1:], company)
        if not all(map(_PART.fullmatch, parts)) or not (company or COMPANY in parts):
            raise BadPlace(place=text, form=_FORM)
        return cls(company, bucket, parts)

    def meets(self, other: Self) -> bool:
        """Tell whether one company's keys in the one place could be another's in the other."""
        if self.bucket != other.bucket or self.company == other.company != "":
            return False
        return all(map(_could_be_one, self.parts, other.parts))


def _own(parts: Sequence[str], company: str) -> Sequence[str]:
    return [COMPANY if part == company else part for part in parts]


def _could_be_one(part: str, other: str) -> bool:
    """Tell whether two parts could be the same where their companies are not."""
    if COMPANY not in {part, other}:
        return part == other
    return part.isdecimal() or other.isdecimal()


class CompanyStores:
    """The stores of all companies on one service; a namespace is the id of a company."""

    def __init__(self, client: Any, places: Iterable[Place]) -> None:
        """Take a client of boto3 for S3."""
        self._client = client
        self._places = tuple(places)

    def of(self, namespace: str) -> ObjectStore:
        """Give the objects of a company."""
        # Imported here: it is an extra.
        from app.workflow.objects.s3 import BucketStores  # noqa: PLC0415

        own = [place for place in self._places if place.company in {"", namespace}]
        named = ("/".join([place.bucket, *place.parts]).replace(COMPANY, "{namespace}") for place in own)
        return BucketStores(self._client, named).of(namespace)


def objects_of(settings: Settings) -> OpensStores:
    """Give what opens the stores, at its first need: a client of S3 takes half a second.

    Raises at once what would be found out then: ObjectsMissing, BadPlace, PlacesMeet.
    """
    if not settings.objects_places:
        return partial(FolderStores, settings.data_dir / "objects")
    if find_spec("boto3") is None:
        raise ObjectsMissing
    places = read_places(settings.objects_places)
    return lambda: CompanyStores(client_of(settings), places)


def read_places(texts: Iterable[str]) -> Sequence[Place]:
    """Read places in which no two companies meet. Raises BadPlace, PlacesMeet."""
    places = {text: Place.read(text) for text in texts}
    for first, second in combinations(places, 2):
        if places[first].meets(places[second]):
            raise PlacesMeet(first=first, second=second)
    return [*places.values()]


def client_of(settings: Settings) -> Any:
    """Give a client of the service, for all threads."""
    # Imported here: it is an extra.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # Services other than AWS's know checksums as they were; where AWS has its own way, it is left to it.
    checks = "when_required" if settings.objects_endpoint else "when_supported"
    return boto3.Session().client(
        "s3",
        endpoint_url=settings.objects_endpoint or None,
        region_name=settings.objects_region or None,
        aws_access_key_id=settings.objects_access_key or None,
        aws_secret_access_key=settings.objects_secret_key.get_secret_value() or None,
        config=Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 3},
            request_checksum_calculation=checks,
            response_checksum_validation=checks,
        ),
    )
