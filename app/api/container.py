"""What the HTTP side needs from the composition root, as protocols; ``app.bootstrap`` builds the real thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from app.usecases.access import ChangePassword, LeaveSecondFactor, Refresh, SignIn
from app.usecases.ports.access import AwsSecrets, Tokens
from app.usecases.ports.attachments import Files
from app.usecases.ports.identity import Passwords
from app.usecases.ports.papers import Images, Printer
from app.usecases.ports.shared import Clock
from app.usecases.ports.workflows import Executions, Language, MapRuns, Tasks
from app.usecases.run import Runner


class ApiSettings(Protocol):
    """The settings that shape HTTP; times are seconds, sizes bytes."""

    @property
    def db_pool_size(self) -> int:
        """Connections per process, and so request threads."""
        ...

    @property
    def db_pool_overflow(self) -> int:
        """Connections, and threads, beyond the pool."""
        ...

    @property
    def db_pool_timeout_s(self) -> float:
        """Longest wait for a thread, then 503."""
        ...

    @property
    def request_timeout_s(self) -> float:
        """Time allowed for a request."""
        ...

    @property
    def body_limit_bytes(self) -> int:
        """Largest request body."""
        ...

    @property
    def attachment_limit_bytes(self) -> int:
        """Largest file."""
        ...

    @property
    def attachment_timeout_s(self) -> float:
        """Longest time a file may take to arrive."""
        ...

    @property
    def lines_limit(self) -> int:
        """Most lines of one document."""
        ...

    @property
    def batch_limit(self) -> int:
        """Most items of one batch."""
        ...

    @property
    def jobs(self) -> bool:
        """Whether jobs are done in this process."""
        ...

    @property
    def workflows(self) -> bool:
        """Whether executions of workflows advance in this process."""
        ...

    @property
    def aws_port(self) -> int:
        """Port of the Step Functions protocol alone; 0 for none."""
        ...

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """Origins that browsers may call from."""
        ...

    @property
    def trusted_proxies(self) -> tuple[str, ...]:
        """Networks whose word on a client's address is believed."""
        ...

    @property
    def public_url(self) -> str:
        """Base URL told to clients; empty means relative."""
        ...


class Texts(Protocol):
    """Texts for people, by key and language."""

    def negotiate(self, accept_language: str | None, default: str) -> str:
        """Give the language that serves the header best, ``default`` when it names none of ours."""
        ...

    def text(self, locale: str, key: str, facts: Mapping[str, object]) -> str:
        """Give the text with its ``{placeholders}`` filled as the language writes them.

        The key itself when there is no such text.
        """
        ...


class Flag(Protocol):
    """Something that is set once (``threading.Event`` is one)."""

    def is_set(self) -> bool:
        """Tell whether it was."""
        ...


class Background(Protocol):
    """What the process does without being asked, as long as it serves."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """Come to an end within about a second."""
        ...


class Workflows(Protocol):
    """What advances executions of workflows in this process."""

    def begin(self) -> None:
        """Begin."""
        ...

    def end(self) -> None:
        """Come to an end within a few seconds."""
        ...


class Pool(Protocol):
    """What does jobs in this process."""

    @property
    def working(self) -> bool:
        """Whether it takes jobs."""
        ...

    async def run(self) -> None:
        """Do jobs until drained."""
        ...

    def drain(self) -> None:
        """Take no more jobs, and come to an end."""
        ...


class Container(Protocol):
    """All that the API is handed."""

    @property
    def settings(self) -> ApiSettings:
        """What shapes HTTP."""
        ...

    @property
    def runner(self) -> Runner:
        """Runs use cases."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def request_ids(self) -> Callable[[], str]:
        """Gives a new name for a request, unique and sortable by time."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Issues and reads access tokens."""
        ...

    @property
    def passwords(self) -> Passwords:
        """Makes and hashes passwords."""
        ...

    @property
    def texts(self) -> Texts:
        """Texts of errors."""
        ...

    @property
    def files(self) -> Files:
        """The bytes of attachments."""
        ...

    @property
    def printer(self) -> Printer:
        """Draws papers."""
        ...

    @property
    def images(self) -> Images:
        """Makes logos of pictures."""
        ...

    @property
    def sign_in(self) -> SignIn:
        """Exchanges credentials for tokens."""
        ...

    @property
    def refresh(self) -> Refresh:
        """Exchanges a refresh token for the next tokens."""
        ...

    @property
    def change_password(self) -> ChangePassword:
        """Replaces the own password."""
        ...

    @property
    def leave_second_factor(self) -> LeaveSecondFactor:
        """Switches the own second factor off."""
        ...

    @property
    def readiness(self) -> Callable[[], Mapping[str, bool]]:
        """Named checks (``database``, ``migrations``) and whether each passed; does I/O."""
        ...

    @property
    def background(self) -> Background:
        """What runs beside the requests."""
        ...

    @property
    def pool(self) -> Pool:
        """What does jobs, if the settings say so."""
        ...

    @property
    def workflows(self) -> Workflows:
        """What advances executions of workflows, if the settings say so."""
        ...

    @property
    def language(self) -> Language:
        """Judges definitions of state machines."""
        ...

    @property
    def executions(self) -> Executions:
        """Executions of state machines."""
        ...

    @property
    def map_runs(self) -> MapRuns:
        """Runs of distributed Maps."""
        ...

    @property
    def tasks(self) -> Tasks:
        """Work that executions hand out."""
        ...

    @property
    def aws_secrets(self) -> AwsSecrets:
        """Secrets of AWS credentials."""
        ...

    @property
    def draining(self) -> Flag:
        """Set once the process is about to stop."""
        ...

    @property
    def cases(self) -> Mapping[type[Any], Any]:
        """Every use case by its class."""
        ...
