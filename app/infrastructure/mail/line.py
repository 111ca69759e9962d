"""One connection to a mail server that ends in time, whatever the server does.

``smtplib`` limits each wait for a few bytes, so that a server which sends one byte now and then holds a send for ever.
Here every wait gets what is left of the whole.
"""

from __future__ import annotations

import io
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer

_PIECE: Final = 65536
# So long is waited for the answer to QUIT, at most.
_FAREWELL_S: Final = 1.0


class Tls(StrEnum):
    """How the connection is made private."""

    OFF = "off"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server that takes our mail. ``name`` is what we call ourselves; without ``user`` nobody signs in.

    ``ca_file`` holds the certificates believed, in place of the machine's. ``wait_s`` is the longest wait for any one
    answer.
    """

    host: str
    port: int
    name: str
    tls: Tls = Tls.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    wait_s: float = 10.0


class TlsRefused(smtplib.SMTPResponseException):
    """The server does not begin TLS though it said it would."""


class Line(smtplib.SMTP):
    """A connection to ``server``, greeted, private and signed in, for as many seconds as ``left`` says.

    Raises what ``classify`` knows.
    """

    def __init__(self, server: Server, left: Callable[[], float]) -> None:
        self._server = server
        self._remaining = left
        self._patience = server.wait_s
        # Made anew each time: certificates that were renewed are seen, for some ten milliseconds.
        self._trust = None if server.tls is Tls.OFF else ssl.create_default_context(cafile=server.ca_file)
        try:
            super().__init__(server.host, server.port, local_hostname=server.name, timeout=server.wait_s)
            self._begin_tls()
            self._sign_in()
        except BaseException:
            self.close()
            raise

    def end(self) -> None:
        """Say QUIT and close. What the server answers changes nothing: it has taken the message, or has not."""
        self._patience = _FAREWELL_S
        try:
            self.docmd("QUIT")
        except OSError:
            pass
        finally:
            self.close()

    def rset(self) -> tuple[int, bytes]:
        """Leave RSET out: after a refusal the line is closed, and waiting for its answer could hide the refusal."""
        return 250, b""

    def _left(self) -> float:
        """Give the seconds that may be waited now. Raises TimeoutError when none are left."""
        left = min(self._patience, self._remaining())
        if left <= 0:
            raise TimeoutError
        return left

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's signature
        """Connect to the first address that answers; smtplib would give each of them the whole time."""
        failure: OSError = OSError("the server's name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            plain = socket.socket(family, kind, protocol)
            try:
                plain.settimeout(self._left())
                plain.connect(address)
                return self._wrapped(plain)
            except OSError as error:
                plain.close()
                failure = error
        raise failure

    def _wrapped(self, plain: socket.socket) -> socket.socket:
        if self._server.tls is not Tls.IMPLICIT or self._trust is None:
            return plain
        plain.settimeout(self._left())
        return self._trust.wrap_socket(plain, server_hostname=self._server.host)

    def _begin_tls(self) -> None:
        if self._server.tls is not Tls.STARTTLS:
            return
        self.ehlo_or_helo_if_needed()
        try:
            self.starttls(context=self._trust)
        except smtplib.SMTPResponseException as error:
            raise TlsRefused(error.smtp_code, error.smtp_error) from error

    def _sign_in(self) -> None:
        if not self._server.user:
            return
        try:
            self.login(self._server.user, self._server.password)
        except UnicodeEncodeError:
            # Without what it says: the password is in it.
            raise smtplib.SMTPException("smtplib signs in with ASCII alone") from None

    @property
    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        return self.sock

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply, waiting no longer than what is left. Raises TimeoutError, which smtplib calls a lost line."""
        if self.file is None:
            # typeshed has no type for it; smtplib asks it for lines alone.
            self.file = cast("Any", io.BufferedReader(_Timed(self._socket, self._left)))
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected as error:
            if isinstance(error.__context__, TimeoutError):
                raise error.__context__ from None
            raise

    def send(self, s: Buffer | str) -> None:
        """Send, piece by piece, waiting no longer than what is left."""
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        try:
            for start in range(0, len(data), _PIECE):
                self._socket.settimeout(self._left())
                self._socket.sendall(data[start : start + _PIECE])
        except OSError as error:
            self.close()
            if isinstance(error, TimeoutError | ssl.SSLError | smtplib.SMTPException):
                raise
            raise smtplib.SMTPServerDisconnected("the server went away") from error


class _Timed(io.RawIOBase):
    """What comes in on a socket, each read waiting no longer than ``left`` says."""

    def __init__(self, source: socket.socket, left: Callable[[], float]) -> None:
        super().__init__()
        self._source = source
        self._left = left

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the writable buffer has no type before Python 3.12
        """Read what is there."""
        self._source.settimeout(self._left())
        return self._source.recv_into(buffer)
