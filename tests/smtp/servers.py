"""A real SMTP server on this machine, on a port of its own, and what it received."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.parser import Parser
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult

from authcore_smtp import Security, SmtpSettings

LOGIN = ("mailer", "a quiet password for mail")
SENDER = "no-reply@app.example"


@dataclass
class Received:
    """One mail as it came: from whom, to whom, with which options, and its octets."""

    sender: str
    recipients: list[str]
    options: list[str]
    octets: bytes

    @property
    def message(self):
        """The mail, read."""
        return Parser(policy=default).parsestr(self.octets.decode())

    @property
    def text(self):
        """Its plain text."""
        return self.message.get_body(["plain"]).get_content()

    @property
    def html(self):
        """Its HTML."""
        return self.message.get_body(["html"]).get_content()


@dataclass
class Inbox:
    """What a server received, and how it answers: `answers` by command, or an exception of its own making."""

    received: list[Received] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    drops_at: str | None = None
    connections: list[SMTP] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802  aiosmtpd looks for this name
        """Take the sender, or refuse it."""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._answer("MAIL", server)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  aiosmtpd looks for this name
        """Take the recipient, or refuse it."""
        envelope.rcpt_tos.append(address)
        return await self._answer("RCPT", server)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  aiosmtpd looks for this name
        """Take the mail, and keep it if it is accepted; a connection that is lost here is lost after that."""
        answer = self.answers.get("DATA", "250 taken")
        if answer.startswith("250"):
            self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
            self.received.append(
                Received(envelope.mail_from, envelope.rcpt_tos, envelope.mail_options, envelope.original_content)
            )
            self.arrived.set()
        return await self._answer("DATA", server)

    def authenticate(self, server, session, envelope, mechanism, auth_data):
        """Let in whoever knows the password."""
        self.logins.append(auth_data.login)
        known = (auth_data.login, auth_data.password) == tuple(word.encode() for word in LOGIN)
        return AuthResult(success=known, handled=False)

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802  aiosmtpd looks for this name
        """Say goodbye."""
        return (await self._answer("QUIT", server)).replace("250", "221")

    async def _answer(self, command, server):
        if command == self.drops_at:
            server.transport.abort()
            await asyncio.Event().wait()  # the end of the connection cancels this
        return self.answers.get(command, "250 taken")


def free_socket():
    """A socket with a port that nobody else has: who calls there is refused until a server listens."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


@asynccontextmanager
async def serving(*, bound=None, starttls=None, tls=None, utf8=True, login=False):
    """Run a server, on a socket that is bound already or a new one; gives its inbox and its port.

    `starttls` and `tls` are contexts of the server's side.
    """
    inbox, loop = Inbox(), asyncio.get_running_loop()

    def connect():
        smtp = SMTP(
            inbox,
            hostname="server.example",
            enable_SMTPUTF8=utf8,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=login and starttls is not None,  # with TLS from the start the server cannot tell
            auth_require_tls=starttls is not None,
            authenticator=inbox.authenticate,
            loop=loop,
        )
        inbox.connections.append(smtp)
        return smtp

    server = await loop.create_server(connect, ssl=tls, sock=bound or free_socket())
    try:
        yield inbox, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in inbox.connections:
            if connection.transport is not None:
                connection.transport.abort()
        tasks = [task for each in inbox.connections if (task := each._handler_coroutine)]  # noqa: SLF001  no other way
        for task in tasks:
            task.cancel()  # after a handshake that failed it would wait on
        await asyncio.gather(*tasks, return_exceptions=True)


def settings_of(port, **changes):
    """The settings for a server on this machine: without TLS, unless they say otherwise."""
    return SmtpSettings(**{"host": "127.0.0.1", "port": port, "sender": SENDER, "security": Security.NONE} | changes)


def server_context(authority, *hosts):
    """TLS as a server speaks it, with a certificate of this authority: for this machine, or for other hosts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(hosts or ("localhost", "127.0.0.1"))).configure_cert(context)
    return context
