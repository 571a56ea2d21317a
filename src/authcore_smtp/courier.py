"""Handing a mail over to an SMTP server, and telling what came of it.  What the mail says is composed elsewhere."""

import asyncio
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPResponseException

from authcore.entities import Letter
from authcore.errors import DeliveryFault
from authcore.ports import Courier
from authcore_smtp.composing import Mail, compose
from authcore_smtp.settings import Security, SmtpSettings, trust_of
from authcore_smtp.templates import Templates

__all__ = ["SmtpCourier"]

_log = logging.getLogger("authcore.smtp")

_ACCEPTED: Final = (250, 251)
_REFUSALS: Final = range(400, 600)
_GOODBYE_SECONDS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class SmtpCourier(Courier):
    """Sends each letter as one mail, over a connection of its own; it needs asyncio.

    The log of `authcore.smtp` tells why a mail was not sent, by kinds of errors and the server's codes alone: neither
    addresses nor the server's words, which may repeat them.
    """

    settings: SmtpSettings
    templates: Templates
    _trust: ssl.SSLContext = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the certificates once."""
        object.__setattr__(self, "_trust", trust_of(self.settings))

    async def send(self, letter: Letter, /) -> None:
        """Send one letter: return when the server has taken it over.

        Raises DeliveryFault if it surely has not; after the first octet of the mail any other exception, which means
        that nobody knows.
        """
        deadline = asyncio.get_running_loop().time() + self.settings.timeout.total_seconds()
        client = self._client()
        try:
            try:
                mail = compose(letter, sender=self.settings.sender, templates=self.templates)
                async with asyncio.timeout_at(deadline):
                    await self._announce(client, mail)
            except Exception as error:  # noqa: BLE001  whatever it was, not an octet of the mail has gone out
                raise _fault(letter, error) from None
            try:
                async with asyncio.timeout_at(deadline):
                    await client.data(mail.octets)
            except SMTPDataError as error:
                if error.code in _REFUSALS:
                    raise _fault(letter, error) from None
                raise
            # It is sent, whatever becomes of the goodbye.
            with suppress(SMTPException, OSError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await client.quit()
        finally:
            client.close()

    def _client(self) -> SMTP:
        settings = self.settings
        return SMTP(
            hostname=settings.host,
            port=settings.port_used,
            username=settings.username,
            password=settings.password,
            local_hostname=settings.sender.rpartition("@")[2],  # else it would ask the DNS for this machine's name
            # The deadline of `send` is the one: before Python 3.12 that of the library may swallow a cancellation.
            timeout=None,
            use_tls=settings.security is Security.TLS,
            # Never None, which would go on in the clear where somebody on the way hides the offer.
            start_tls=settings.security is Security.STARTTLS,
            tls_context=self._trust,
        )

    async def _announce(self, client: SMTP, mail: Mail) -> None:
        """Connect, log in, and have the server accept sender and recipient."""
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        options = [b"BODY=8BITMIME", b"SMTPUTF8"] if mail.needs_smtputf8 else []
        if options and not client.supports_extension("smtputf8"):
            raise DeliveryFault("the server offers no SMTPUTF8, which this address needs")
        # Commands of our own: the library would parse the address anew, by other rules than ours.
        await _accepted(client, b"MAIL", f"FROM:<{self.settings.sender}>".encode(), *options)
        await _accepted(client, b"RCPT", f"TO:<{mail.recipient}>".encode())


async def _accepted(client: SMTP, *command: bytes) -> None:
    response = await client.execute_command(*command)
    if response.code not in _ACCEPTED:
        raise DeliveryFault(f"the server answered {command[0].decode()} by {response.code}")


def _fault(letter: Letter, error: Exception) -> DeliveryFault:
    """Return what to raise for a mail that was surely not sent, and log why."""
    if isinstance(error, DeliveryFault):
        reason = str(error)
    else:
        # A library's words may hold the server's, and those an address.
        kinds = [type(each).__name__ for each in (error, error.__cause__) if each is not None]
        code = f" {error.code}" if isinstance(error, SMTPResponseException) else ""
        reason = f"{' because of '.join(kinds)}{code}"
    _log.warning("message %s: %s", letter.id, reason)
    return DeliveryFault(reason)
