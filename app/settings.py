"""The environment, read once into one frozen value (ERP-05).

Every setting is an environment variable of the same name in capitals; ``.env.example`` lists all. Secrets are never
shown by ``repr`` and may also stand in ``DATA_DIR/keys.json``, which ``tramita init`` and ``tramita demo`` write.
"""

from __future__ import annotations

import json
import os
import re
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

KEPT_KEYS: Final = frozenset({"jwt_key", "jwt_keys", "chain_key", "secrets_key", "heads_key", "aws_key"})
_ENDPOINT: Final = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?")


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    CONSOLE = "console"


class MailTls(StrEnum):
    """How the line to the mail server is made private; ``off`` is for a server on the same machine."""

    OFF = "off"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class MailBackoff(StrEnum):
    """How the delays between attempts at a message grow: 1, 2 times the first, or 1, 4 times."""

    LINEAR = "linear"
    EXPONENTIAL = "exponential"


class Returning(StrEnum):
    """Whether INSERT ... RETURNING is used where the database has it; ``off`` is how MySQL 8 is served."""

    AUTO = "auto"
    OFF = "off"


def default_data_dir() -> Path:
    """Give the user's data directory by the XDG rules, never the working directory."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "tramita"


class Settings(BaseSettings):
    """All that can be set from outside; times are seconds, sizes bytes."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Field(default_factory=default_data_dir, description="Directory of the SQLite file and keys.json")
    database_url: str = Field("", description="SQLAlchemy URL; default: sqlite file in DATA_DIR")
    db_pool_size: int = Field(4, ge=1, le=256, description="Connections per process = request threads")
    db_pool_overflow: int = Field(0, ge=0, le=256, description="Connections beyond the pool under load")
    db_pool_lifetime_s: int = Field(1800, ge=1, description="A connection is replaced after this")
    db_pool_timeout_s: float = Field(2.0, gt=0, description="Wait for a thread or connection, then 503")
    db_connect_timeout_s: int = Field(5, ge=1, description="Wait for the server to accept a connection")
    db_statement_timeout_s: float = Field(30.0, gt=0, description="Longest single statement")
    db_lock_timeout_s: float = Field(10.0, gt=0, description="Longest wait for a lock (SQLite: busy timeout)")
    db_returning: Returning = Field(Returning.AUTO, description="auto or off")
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    workers: int = Field(1, ge=1, le=64, description="Server processes")
    public_url: str = Field("", description="Base URL told to clients in OpenAPI; default: relative")
    jwt_key: SecretStr = Field(SecretStr(""), description="Ed25519 private key: 32 bytes, base64url")
    jwt_keys: SecretStr = Field(SecretStr(""), description="Live keys, comma separated: the first signs; beats JWT_KEY")
    jwt_issuer: str = Field("tramita", description="Issuer written into and required of tokens")
    jwt_audience: str = Field("tramita-api", description="Audience written into and required of tokens")
    jwt_lifetime_s: int = Field(300, ge=10, le=3600, description="Life of an access token")
    session_life_s: int = Field(2_592_000, ge=60, description="Longest time from signing in to signing in again")
    session_idle_s: int = Field(604_800, ge=60, description="A session ends when it is not refreshed for so long")
    sign_in_attempts: int = Field(5, ge=1, description="Failed attempts on an account before each next one waits")
    sign_in_address_attempts: int = Field(50, ge=1, description="Likewise for one network address (IPv6: its /64)")
    password_least_score: int = Field(3, ge=0, le=4, description="Lowest zxcvbn score of a new password, 0 to 4")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks (CIDR, comma separated) whose X-Forwarded-For or Forwarded is believed; default none"
    )
    chain_key: SecretStr = Field(SecretStr(""), description="HMAC key of the hash chains: 32 bytes, base64url")
    secrets_key: SecretStr = Field(SecretStr(""), description="Key of the second factors' secrets: 32 bytes, base64url")
    heads_key: SecretStr = Field(SecretStr(""), description="Ed25519 key that signs heads: 32 bytes, base64url")
    heads_dir: Path | None = Field(None, description="Directory of the signed heads; default: DATA_DIR/heads")
    request_timeout_s: float = Field(30.0, gt=0, description="Deadline of a request")
    body_limit_bytes: int = Field(1_048_576, ge=1024, description="Largest request body")
    files_dir: Path | None = Field(None, description="Directory of attachments; default: DATA_DIR/files")
    attachment_limit_bytes: int = Field(25_000_000, ge=1024, description="Largest attachment")
    attachment_timeout_s: float = Field(300.0, gt=0, description="Longest time an attachment may take to arrive")
    attachment_types: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Media types of attachments taken, comma separated; default: all"
    )
    lines_limit: int = Field(2000, ge=1, description="Most lines of one document")
    batch_limit: int = Field(100, ge=1, le=1000, description="Most items of one :batch")
    chores: bool = Field(default=True, description="Number events, and do the daily chores among the jobs")
    jobs: bool = Field(default=True, description="Do jobs beside the requests; WORKERS > 1: beside them")
    jobs_at_once: int = Field(5, ge=1, le=64, description="Jobs of one process that run at the same time")
    jobs_buffer: int = Field(50, ge=1, le=1000, description="Jobs of one process, running or claimed")
    jobs_poll_s: float = Field(1.0, gt=0, description="How often a process looks for jobs that others asked for")
    drain_s: float = Field(15.0, ge=0, le=20, description="After SIGTERM: longest time for claimed jobs")
    drain_notice_s: float = Field(5.0, ge=0, le=20, description="After SIGTERM: so long only /ready says no")
    journal_days: int = Field(3650, ge=1, description="Days for which the journal (change feed, audit) is kept")
    executions_days: int = Field(
        90, ge=1, description="Days for which executions of workflows are kept after their end"
    )
    workflows: bool = Field(default=True, description="Advance executions of workflows beside the requests")
    aws_port: int = Field(0, ge=0, le=65535, description="Port of the Step Functions protocol alone; 0: /aws/ only")
    aws_extensions: bool = Field(
        default=False, description="Take our own fields and resources in definitions there as well"
    )
    aws_key: SecretStr = Field(SecretStr(""), description="Key that AWS secrets follow from: 32 bytes, base64url")
    objects_places: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Where distributed Maps read and write on S3, comma separated: bucket/prefix/{company}, or "
        "12:bucket/prefix for company 12 alone; default: folders in DATA_DIR/objects",
    )
    objects_endpoint: str = Field("", description="URL of what speaks S3's protocol; default: AWS's of the region")
    objects_region: str = Field(
        "", pattern=r"^[a-z0-9-]{0,63}$", description="Its region; default: that of the environment, or us-east-1"
    )
    objects_access_key: str = Field("", description="Name to sign in with there; default: boto3 looks for one")
    objects_secret_key: SecretStr = Field(SecretStr(""), description="Secret to sign in with there")
    smtp_host: str = Field("", description="Server that takes our mail; without one, mail is refused")
    smtp_port: int = Field(
        587, ge=1, le=65535, description="Its port: 587 with starttls, 465 with implicit, 25 with off"
    )
    smtp_user: str = Field("", description="Name to sign in with; without one, nobody signs in")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password to sign in with")
    smtp_tls: MailTls = Field(
        MailTls.STARTTLS, description="off, starttls or implicit; a certificate is always checked"
    )
    smtp_ca_file: FilePath | None = Field(None, description="Certificates believed, PEM; default: the machine's")
    smtp_timeout_s: float = Field(8.0, gt=0, le=30, description="Longest wait for one answer of the mail server")
    mail_from: str = Field("", description="Address mail comes from, unless the company has its own; needs SMTP_HOST")
    mail_attempts: int = Field(3, ge=1, le=3, description="Attempts at a message within one send")
    mail_delay_s: float = Field(1.0, ge=0, le=10, description="Delay before the second attempt")
    mail_backoff: MailBackoff = Field(
        MailBackoff.LINEAR, description="linear or exponential: 2 or 4 times the delay next"
    )
    mail_breaker_failures: int = Field(5, ge=1, description="Sends that fail in a row before none is tried")
    mail_breaker_open_s: float = Field(60.0, gt=0, description="Seconds for which none is tried then")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), description="Allowed origins, comma separated")
    metrics_port: int = Field(0, ge=0, le=65535, description="Internal port of /metrics; 0: none (docs/operations.md)")
    metrics_host: str = Field("127.0.0.1", description="Address of the internal port")
    tracing: bool = Field(default=False, description="Trace by OpenTelemetry, also without the endpoint below")
    otel_exporter_otlp_endpoint: str = Field("", description="Where traces go by OTLP over HTTP; given, it traces")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe level logged")
    log_format: LogFormat = Field(LogFormat.JSON, description="json or console")

    @field_validator("cors_origins", "trusted_proxies", "attachment_types", "objects_places", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("heads_dir", "files_dir", "smtp_ca_file", mode="before")
    @classmethod
    def _blank(cls, value: object) -> object:
        """Take a blank path for none: an empty one would be the working directory."""
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("objects_endpoint")
    @classmethod
    def _plain(cls, value: str) -> str:
        """Refuse all but a scheme, a host and a port: a secret in a URL would be told to whoever sees it."""
        if value and not _ENDPOINT.fullmatch(value):
            raise ValueError("must be http://host, https://host or either with a port")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _stored(self) -> Self:
        """Refuse half of what signs in to a store of objects, and a store in which there is no place."""
        secret = self.objects_secret_key.get_secret_value()
        if bool(self.objects_access_key) != bool(secret):
            raise ValueError("OBJECTS_ACCESS_KEY and OBJECTS_SECRET_KEY need each other")
        if (self.objects_endpoint or secret) and not self.objects_places:
            raise ValueError("OBJECTS_ENDPOINT and OBJECTS_ACCESS_KEY need OBJECTS_PLACES")
        return self

    @model_validator(mode="after")
    def _sendable(self) -> Self:
        """Refuse a mail server without an address to write from when the program starts, not at the first mail."""
        if self.smtp_host and "@" not in self.mail_from:
            raise ValueError("SMTP_HOST needs MAIL_FROM, an address")
        return self

    def signing_keys(self) -> tuple[str, ...]:
        """Give the keys of access tokens in base64url, the signing one first."""
        several = [key.strip() for key in self.jwt_keys.get_secret_value().split(",") if key.strip()]
        return tuple(several) or (self.jwt_key.get_secret_value(),)

    def traces(self) -> bool:
        """Tell whether somebody wants traces."""
        return self.tracing or bool(self.otel_exporter_otlp_endpoint)

    def metrics_ports(self) -> range:
        """Give the ports of which each process of a server takes one; none when nobody wants metrics.

        Beside several server processes there is one that does jobs.
        """
        most = self.workers + (self.workers > 1)
        return range(self.metrics_port, min(self.metrics_port + most, 65536)) if self.metrics_port else range(0)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fill what follows from DATA_DIR: the SQLite URL and the keys kept beside it."""
        data_dir = Path(values.get("data_dir") or default_data_dir()).expanduser()
        values["data_dir"] = data_dir
        values.setdefault("database_url", "")
        values["database_url"] = values["database_url"] or f"sqlite:///{data_dir / 'tramita.db'}"
        kept = data_dir / "keys.json"
        if kept.is_file() and not all(values.get(name) for name in KEPT_KEYS):
            found = json.loads(kept.read_text(encoding="utf-8"))
            if values.get("jwt_key"):
                found.pop("jwt_keys", None)  # a key from the environment is the one meant
            for name in KEPT_KEYS & found.keys():
                values[name] = values.get(name) or found[name]
        return values
