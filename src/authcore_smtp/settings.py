"""Where mail is handed over, and as whom: settings.  What the mails say does not belong here."""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from authcore.environment import PREFIX, read_settings, read_text
from authcore.errors import ConfigurationError, InvalidIdentifier
from authcore.identifiers import canonical_email
from authcore_smtp.headers import is_plain
from authcore_smtp.hosts import is_loopback

__all__ = ["Security", "SmtpSettings", "trust_of"]

_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]{1,253}")
_PORTS: Final = range(1, 65536)
_LONGEST_SENDING: Final = timedelta(minutes=10)


class Security(StrEnum):
    """How the connection to the server is encrypted."""

    STARTTLS = "starttls"
    """After a greeting in the clear; a server that does not offer it is sent nothing."""

    TLS = "tls"
    """From the first octet (RFC 8314)."""

    NONE = "none"
    """Not at all: whoever is on the way reads the codes.  For a server on this machine, or a network of your own."""


_PORT_OF: Final = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """One SMTP server, and the address that its mail comes from; certificates are always checked.

    Raises ConfigurationError for a value that cannot be meant, and for a password that would travel in the clear.
    """

    host: str
    """The server's name or IP address; its certificate must be for that."""

    sender: str
    """The address that mails come from, in ASCII: `no-reply@app.example`."""

    security: Security = Security.STARTTLS
    """How the connection is encrypted."""

    port: int | None = None
    """The server's port: unless it is given, 587 for `starttls`, 465 for `tls`, 25 for `none`."""

    username: str | None = field(default=None, repr=False)
    """Whom to log in as; nobody logs in without it."""

    password: str | None = field(default=None, repr=False)
    """With which password."""

    timeout: timedelta = timedelta(seconds=30)
    """How long one sending may take, at most ten minutes.  Keep it shorter than `Policy.message_lease`."""

    certificates: str | None = None
    """A PEM file of the authorities to trust, in place of the machine's."""

    def __post_init__(self) -> None:
        """Refuse what could not be used, or would give a secret away."""
        problems = [otherwise for is_broken, otherwise in _RULES if is_broken(self)]
        if problems:
            raise ConfigurationError("; ".join(problems))

    @classmethod
    def from_env(cls, prefix: str = f"{PREFIX}SMTP_", environ: Mapping[str, str] | None = None) -> "SmtpSettings":
        """Read them from environment variables: `AUTHCORE_SMTP_HOST`, and so on for each setting.

        `environ` is the process's own unless another one is given.  Raises ConfigurationError, which repeats no value,
        for names that nothing reads, values of another type, and a HOST or SENDER that is missing.
        """
        settings = read_settings(cls(host="host.invalid", sender="a@host.invalid"), prefix=prefix, environ=environ)
        for name in ("HOST", "SENDER"):
            if read_text(name, prefix=prefix, environ=environ) is None:
                raise ConfigurationError(f"{prefix}{name} is missing")
        return settings

    @property
    def port_used(self) -> int:
        """The port that was given, or the usual one."""
        return self.port or _PORT_OF[self.security]


def trust_of(settings: SmtpSettings) -> ssl.SSLContext:
    """Return how TLS is spoken: the certificate is checked, and must be for the host."""
    return ssl.create_default_context(cafile=settings.certificates)


def _is_no_sender(settings: SmtpSettings) -> bool:
    try:
        sender = canonical_email(settings.sender).display
    except InvalidIdentifier:
        return True
    return sender != settings.sender or not sender.isascii() or not is_plain(sender)


def _has_half_a_login(settings: SmtpSettings) -> bool:
    given = (settings.username, settings.password)
    return given != (None, None) and not all(text and text.isprintable() for text in given)


def _tells_the_password(settings: SmtpSettings) -> bool:
    return settings.security is Security.NONE and settings.password is not None and not is_loopback(settings.host)


def _trusts_no_file(settings: SmtpSettings) -> bool:
    if settings.certificates is None:
        return False
    try:
        trust_of(settings)
    except (OSError, ValueError):  # an SSLError is an OSError
        return True
    return False


_RULES: Final[tuple[tuple[Callable[[SmtpSettings], bool], str], ...]] = (
    (lambda s: not _HOST.fullmatch(s.host), "SMTP host must be a name or an IP address"),
    (_is_no_sender, "SMTP sender must be one plain address in ASCII, such as no-reply@app.example"),
    (lambda s: not isinstance(s.security, Security), "SMTP security must be a member of Security"),
    (lambda s: s.port is not None and s.port not in _PORTS, "SMTP port must be 1 to 65535"),
    (_has_half_a_login, "SMTP username and password go together, and hold no control characters"),
    (_tells_the_password, "SMTP password needs TLS: without it, it goes to this machine only"),
    (
        lambda s: not timedelta(0) < s.timeout <= _LONGEST_SENDING,
        "SMTP timeout must be longer than zero and at most ten minutes",
    ),
    (_trusts_no_file, "SMTP certificates must be a PEM file of authorities that can be read"),
)
