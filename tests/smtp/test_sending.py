"""Handing a mail over to a real server: what the server gets, and what the courier makes of its answers."""

import asyncio
import logging
import socket
from datetime import timedelta

import pytest
from hypothesis import example, given, settings, strategies as st

from authcore import ConfigurationError, DeliveryFault
from authcore.errors import InvalidIdentifier
from authcore.identifiers import canonical_email
from authcore_smtp import Security, SmtpCourier, Templates
from tests.smtp.letters import CODE, DOMAIN, HEADERS, LOCAL, NOTICE, SHOP, composed, letter
from tests.smtp.servers import LOGIN, SENDER, free_socket, server_context, serving, settings_of


def courier(port, **changes):
    """A courier to a server on this machine."""
    return SmtpCourier(settings_of(port, **changes), SHOP)


async def refused(sending):
    """Why a mail was surely not sent."""
    with pytest.raises(DeliveryFault) as fault:
        await sending
    return str(fault.value)


# --- what the server gets ---------------------------------------------------------------------------------------------


async def test_server_gets_the_mail(server):
    """One letter is one mail, from the sender to the one recipient, to the octet as it was composed."""
    inbox, port = server
    await courier(port).send(CODE)
    (mail,) = inbox.received
    assert (mail.sender, mail.recipients) == (SENDER, ["ada@example.org"])
    assert mail.octets == composed().octets
    assert mail.message.keys() == HEADERS
    assert "271828" in mail.text
    assert "271828" in mail.html


async def test_sent_twice_it_is_the_same(server):
    """A second sending is the same mail to the octet, so that programs may see that it is one."""
    inbox, port = server
    await courier(port).send(CODE)
    await courier(port).send(CODE)
    first, second = inbox.received
    assert first == second


async def test_letters_are_sent_side_by_side(server):
    """One courier sends many letters at the same time, and mixes none of them up."""
    inbox, port = server
    people = [f"p{number}@example.org" for number in range(10)]
    same = courier(port)
    await asyncio.gather(*(same.send(letter(destination=each, code=f"{each}!")) for each in people))
    assert sorted(mail.recipients[0] for mail in inbox.received) == sorted(people)
    assert all(f"{mail.recipients[0]}!" in mail.text for mail in inbox.received)


@pytest.mark.parametrize("line", [".", "..", ".hidden"])
async def test_dots_end_no_mail(server, line):
    """A line that is one dot does not end the mail."""
    inbox, port = server
    await courier(port).send(letter(purpose=f"a\n{line}\nb", code=line))
    assert inbox.received[0].octets == composed(purpose=f"a\n{line}\nb", code=line).octets


async def test_hostile_addresses_reach_no_server(server):
    """An address that could be more than one in a command or in a header is not even told to the server."""
    inbox, port = server
    for destination in (
        "=?utf-8?q?a=0d=0aBcc=3a_eve=40example=2ecom?=@example.org",
        "ada@example.org>\r\nRCPT TO:<eve@example.com",
        "ada@example.org, eve@example.com",
        "ada@example.org> SIZE=1",
        '"a\r\n"@example.org',
    ):
        await refused(courier(port).send(letter(destination=destination)))
    assert inbox.connections == []


@pytest.mark.parametrize(
    "destination",
    ["a!#$%&'*+-/=?^_`{|}~z@example.org", "=?@example.org", f"{'a' * 64}@{'d' * 61}.{'e' * 61}.{'f' * 61}.org"],
)
async def test_strange_addresses_arrive(server, destination):
    """Every address that may register gets its mail, however strange it looks."""
    inbox, port = server
    await courier(port).send(letter(destination=destination))
    assert inbox.received[0].recipients == [destination]
    assert [each.addr_spec for each in inbox.received[0].message["To"].addresses] == [destination]


async def test_international_addresses_arrive(server):
    """An address that is not ASCII goes to a server that offers SMTPUTF8, with its domain in A-labels."""
    inbox, port = server
    await courier(port).send(letter(destination="josé@bücher.example"))
    (mail,) = inbox.received
    assert mail.recipients == ["josé@xn--bcher-kva.example"]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(mail.options)
    assert [each.addr_spec for each in mail.message["To"].addresses] == mail.recipients


async def test_international_addresses_need_the_extension():
    """A server that does not offer SMTPUTF8 is not given such an address; others it is."""
    async with serving(utf8=False) as (inbox, port):
        assert "SMTPUTF8" in await refused(courier(port).send(letter(destination="josé@example.org")))
        await courier(port).send(letter(destination="jose@bücher.example"))
        assert [mail.recipients for mail in inbox.received] == [["jose@xn--bcher-kva.example"]]


# --- what comes of it -------------------------------------------------------------------------------------------------


async def test_absent_server_is_a_fault():
    """Where nobody listens, the mail was surely not sent."""
    with free_socket() as bound:
        reason = await refused(courier(bound.getsockname()[1]).send(NOTICE))
    assert reason == "SMTPConnectError because of ConnectionRefusedError"


async def test_silent_server_is_a_fault():
    """A server that never greets is waited for no longer than the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        await refused(courier(port, timeout=timedelta(milliseconds=10)).send(NOTICE))


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", ["451 4.3.0 later, ada@example.org", "550 5.1.1 never, ada@example.org", "421 bye"])
async def test_refusal_is_a_fault(server, command, answer):
    """A server that refuses, now or for ever, the sender, the recipient or the mail, has surely not taken it."""
    inbox, port = server
    inbox.answers[command] = answer
    reason = await refused(courier(port).send(CODE))
    assert answer[:3] in reason
    assert "ada" not in reason
    assert inbox.received == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
async def test_connection_lost_before_the_mail_is_a_fault(server, command):
    """A connection that is lost before an octet of the mail was sent has surely brought none."""
    inbox, port = server
    inbox.drops_at = command
    await refused(courier(port).send(CODE))
    assert inbox.received == []


async def test_connection_lost_after_the_mail_is_unknown(server):
    """A connection that is lost before the server has answered the last dot may have brought the mail: no fault."""
    inbox, port = server
    inbox.drops_at = "DATA"
    with pytest.raises(ConnectionError) as lost:
        await courier(port).send(CODE)
    assert not isinstance(lost.value, DeliveryFault)
    assert len(inbox.received) == 1


async def test_strange_answer_to_the_mail_is_unknown(server):
    """An answer that is neither yes nor no leaves open what became of the mail."""
    inbox, port = server
    inbox.answers["DATA"] = "299 who knows"
    with pytest.raises(Exception, match="who knows") as unclear:
        await courier(port).send(CODE)
    assert not isinstance(unclear.value, DeliveryFault)


async def test_lost_goodbye_changes_nothing(server):
    """What the server has taken is sent, though the connection is lost at the goodbye."""
    inbox, port = server
    inbox.drops_at = "QUIT"
    await courier(port).send(CODE)
    assert len(inbox.received) == 1


async def test_reasons_are_logged_without_secrets(server, caplog):
    """The log tells which message was not sent and why, and holds neither the code nor the address."""
    inbox, port = server
    inbox.answers["RCPT"] = "550 5.1.1 no mailbox ada@example.org, 271828"
    with caplog.at_level(logging.DEBUG, "authcore"):
        await refused(courier(port).send(CODE))
    assert [record.getMessage() for record in caplog.records] == ["message m: the server answered RCPT by 550"]


# --- encryption and login ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_mail_is_encrypted(authority, certificates, security, host):
    """By STARTTLS and by TLS alike, the mail is handed over encrypted, after logging in."""
    context = server_context(authority)
    username, password = LOGIN
    async with serving(**{security.value: context}, login=True) as (inbox, port):
        await courier(
            port, host=host, security=security, certificates=certificates, username=username, password=password
        ).send(CODE)
        assert inbox.encrypted == [True]
        assert inbox.logins == [username.encode()]
        assert inbox.received[0].octets == composed().octets


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_strangers_certificates_are_refused(authority, security):
    """A server whose certificate nobody vouches for is told neither password nor mail."""
    username, password = LOGIN
    async with serving(**{security.value: server_context(authority)}, login=True) as (inbox, port):
        await refused(courier(port, security=security, username=username, password=password).send(CODE))
        assert (inbox.logins, inbox.received) == ([], [])


async def test_certificate_is_for_the_host(authority, certificates):
    """A certificate that is good for another host is refused."""
    elsewhere = server_context(authority, "other.example")
    async with serving(tls=elsewhere) as (inbox, port):
        reason = await refused(courier(port, security=Security.TLS, certificates=certificates).send(CODE))
        assert "SSLCertVerificationError" in reason
        assert inbox.received == []


async def test_nothing_goes_on_in_the_clear():
    """A server that offers no STARTTLS, or from whose greeting somebody cut it, is told neither password nor mail."""
    username, password = LOGIN
    async with serving() as (inbox, port):
        await refused(courier(port, security=Security.STARTTLS, username=username, password=password).send(CODE))
        assert (inbox.logins, inbox.received) == ([], [])


async def test_wrong_password_is_a_fault(authority, certificates, caplog):
    """A login that fails is a fault that holds no password, and nor does the log."""
    async with serving(tls=server_context(authority)) as (inbox, port):
        wrong = courier(
            port, security=Security.TLS, certificates=certificates, username="mailer", password="a wrong password"
        )
        assert "a wrong password" not in repr(wrong)
        with caplog.at_level(logging.DEBUG, "authcore"):
            assert await refused(wrong.send(CODE)) == "SMTPAuthenticationError 535"
        assert "a wrong password" not in caplog.text
        assert inbox.received == []


async def test_password_may_be_told_to_this_machine():
    """On this machine a password may be used without TLS, as for a relay that runs beside the application."""
    username, password = LOGIN
    async with serving(login=True) as (inbox, port):
        await courier(port, username=username, password=password).send(CODE)
        assert (inbox.logins, len(inbox.received)) == ([b"mailer"], 1)


# --- whatever anybody chooses -----------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    destination=st.one_of(st.text(max_size=40), st.builds("{}@{}".format, LOCAL, DOMAIN)),
    purpose=st.text(max_size=40),
    name=st.text(max_size=40),
)
@example("=?utf-8?q?a=0d=0aBcc=3a_eve=40example=2ecom?=@example.org", "transfer", "Shop")
@example("ada@example.org", "a\r\n.\r\nMAIL FROM:<eve@example.com>\r\n", "Shop")
@example("ada@example.org", "\r\n\r\n--=_", 'Shop" <eve@example.com>')
async def test_one_mail_to_one_recipient(destination, purpose, name):
    """Whatever destination, purpose and name are, a server gets one mail, to that address, with our headers."""
    try:
        expected = [canonical_email(destination).display]
    except InvalidIdentifier:
        expected = []
    try:
        templates = Templates(application=name)
    except ConfigurationError:
        templates = SHOP
    async with serving() as (inbox, port):
        sending = SmtpCourier(settings_of(port), templates).send(letter(destination=destination, purpose=purpose))
        await (sending if expected else refused(sending))
        assert [mail.recipients for mail in inbox.received] == [expected] * len(expected)
        for mail in inbox.received:
            assert mail.message.keys() == HEADERS
            assert [each.addr_spec for each in mail.message["To"].addresses] == expected
            assert [each.addr_spec for each in mail.message["From"].addresses] == [SENDER]
