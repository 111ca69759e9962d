"""A service with buckets in this process: moto answers what boto3 would send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto import mock_aws


def client_of(url: str | None = None) -> Any:
    """Give a client of S3, that of a service at a URL if one is given; it asks once."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)
    return boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        endpoint_url=url,
        config=config,
    )


@contextmanager
def s3_service(*buckets: str) -> Iterator[Any]:
    """Give a client of a service that has some buckets."""
    with mock_aws():
        client = client_of()
        for bucket in buckets:
            client.create_bucket(Bucket=bucket)
        yield client
