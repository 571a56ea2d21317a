"""From a letter to the octets of a mail.  Nothing here performs I/O, reads a clock or draws randomness.

The same letter makes the same octets, whenever it is sent: whoever gets it twice can see that it is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from authcore.entities import Letter
from authcore_smtp.headers import recipient_of
from authcore_smtp.templates import Templates, link_of, wording_of
from authcore_smtp.wording import html_of, subject_of, text_of

__all__ = ["Mail", "compose"]

_ASCII: Final = SMTP.clone(max_line_length=76)  # RFC 2045 section 6.7
_UTF8: Final = _ASCII.clone(utf8=True)

_UNPRINTABLE: Final = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as it is handed over, and to whom."""

    recipient: str
    octets: bytes

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the server must offer SMTPUTF8 (RFC 6531): whether the address is not ASCII."""
        return not self.recipient.isascii()

    def __repr__(self) -> str:
        """Leave out the address and the text, so that no log shows them by accident."""
        return f"Mail({len(self.octets)} octets)"


def compose(letter: Letter, *, sender: str, templates: Templates) -> Mail:
    """Return the mail that a letter makes.  Raises DeliveryFault if it makes none."""
    recipient = recipient_of(letter.destination)
    wording = wording_of(templates, letter)
    values = _values(letter, recipient=recipient, templates=templates)
    message = EmailMessage(policy=_ASCII if recipient.isascii() else _UTF8)
    message["From"] = _address(sender, name=templates.application)
    message["To"] = _address(recipient)
    message["Subject"] = subject_of(wording, values)
    message["Date"] = format_datetime(letter.created_at)
    message["Message-ID"] = f"<{_digest('message', letter.id)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    message.set_content(text_of(wording, values), cte="quoted-printable")
    message.add_alternative(
        html_of(wording, values, language=templates.language), subtype="html", cte="quoted-printable"
    )
    message["Content-Language"] = templates.language
    # In quoted-printable no line begins with "--=_": RFC 2045 section 6.7.
    message.set_boundary(f"=_{_digest('boundary', letter.id)}")
    return Mail(recipient=recipient, octets=message.as_bytes())


def _values(letter: Letter, *, recipient: str, templates: Templates) -> Mapping[str, str]:
    """Return what a text may name, as far as this letter has it."""
    found = {
        "application": templates.application,
        "address": recipient,
        "code": letter.code,
        "purpose": letter.purpose,
        "minutes": None if letter.expires_at is None else str((letter.expires_at - letter.created_at) // _MINUTE),
        "link": link_of(templates, letter),
    }
    return {name: _shown(value) for name, value in found.items() if value is not None}


_MINUTE: Final = timedelta(minutes=1)


def _shown(value: str) -> str:
    # A line's end in a value would make a line that we did not write, and a change of direction would turn one around.
    return "".join(character if character.isprintable() else _UNPRINTABLE for character in value)


def _address(address: str, *, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def _digest(what: str, letter_id: str) -> str:
    return sha256(f"authcore {what} {letter_id}".encode()).hexdigest()[:40]
