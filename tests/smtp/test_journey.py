"""From a flow to a mailbox: what people do, with real mail between them and the application."""

import dataclasses
import re
from datetime import timedelta

from authcore import MessageKind
from authcore.entities import Message, MessageState
from authcore.offload import Background
from authcore.testing import build_auth
from authcore_smtp import SmtpCourier, Templates
from tests.flows.people import NEW_PASSWORD, PASSWORD, QuickHasher, kept
from tests.smtp.servers import free_socket, serving, settings_of

ADA = "Ada@example.org"


def world(port, **options):
    """An application in memory whose mail goes to this port."""
    templates = Templates(application="Shop", links={"verify": "https://app.example/verify"})
    return build_auth(courier=SmtpCourier(settings_of(port), templates), hasher=QuickHasher(), **options)


def code_in(mail):
    """The code that a person reads in a mail."""
    (code,) = re.findall(r"is (\d{6})\.", mail.text)
    return code


def everything_in(auth):
    """Every value that the store holds, as text."""
    values = [dataclasses.asdict(entity) for entity in auth.store._kept.values()]  # noqa: SLF001  no port lists it all
    assert values
    return repr(values)


async def test_person_verifies_by_mail(server):
    """Who registers gets a mail at the address as it was typed, and its code proves that address."""
    inbox, port = server
    auth = world(port)
    challenge = await auth.register(email=ADA, password=PASSWORD)
    assert await auth.deliver_due() == 1
    (mail,) = inbox.received
    assert mail.recipients == [ADA]
    account = await auth.verify_account(challenge=challenge.token, code=code_in(mail))
    assert account.verified_at is not None


async def test_link_holds_the_same_code(server):
    """The page that a mail links to is opened with the code that the mail shows, in the fragment."""
    inbox, port = server
    auth = world(port)
    await auth.register(email=ADA, password=PASSWORD)
    await auth.deliver_due()
    (mail,) = inbox.received
    assert f"https://app.example/verify#code={code_in(mail)}" in mail.text
    assert f'href="https://app.example/verify#code={code_in(mail)}"' in mail.html


async def test_mail_is_sent_beside_the_request(server):
    """What adapters use sends a mail in the background, as soon as a flow has left its letter."""
    inbox, port = server
    background = Background(world(port))
    await background.auth.register(email=ADA, password=PASSWORD)
    await inbox.arrived.wait()
    await background.close()
    assert [mail.recipients for mail in inbox.received] == [[ADA]]


async def test_owner_is_told(server):
    """The owner is told of a new password, and of a stranger who registers the same address; neither has a code."""
    inbox, port = server
    auth = world(port)
    challenge = await auth.register(email=ADA, password=PASSWORD)
    await auth.deliver_due()
    await auth.verify_account(challenge=challenge.token, code=code_in(inbox.received[0]))
    login = await auth.log_in(identifier=ADA, password=PASSWORD)
    await auth.change_password(token=login.token, current=PASSWORD, new=NEW_PASSWORD)
    await auth.register(email="ADA@example.org", password=PASSWORD)
    await auth.deliver_due()
    # In whatever order: both were caused at the same moment.
    assert sorted((mail.recipients, mail.message["Subject"]) for mail in inbox.received[1:]) == [
        ([ADA], "Shop: you have an account already"),
        ([ADA], "Shop: your password was changed"),
    ]
    assert not any(re.search(r"\d{6}", mail.text) for mail in inbox.received[1:])


async def test_forgotten_password_is_recovered_by_mail(server):
    """Who has forgotten a password gets a mail, and its code sets a new one."""
    inbox, port = server
    auth = world(port)
    challenge = await auth.register(email=ADA, password=PASSWORD)
    await auth.deliver_due()
    await auth.verify_account(challenge=challenge.token, code=code_in(inbox.received[0]))
    asked = await auth.request_recovery(identifier=ADA)
    await auth.deliver_due()
    assert inbox.received[1].message["Subject"] == "Shop: your forgotten password"
    await auth.recover(challenge=asked.token, code=code_in(inbox.received[1]), new_password=NEW_PASSWORD)
    assert await auth.log_in(identifier=ADA, password=NEW_PASSWORD)


async def test_store_holds_no_code(server):
    """After a code was mailed, and before and after it was used, nothing in the whole store holds it, nor the link."""
    inbox, port = server
    auth = world(port)
    challenge = await auth.register(email=ADA, password=PASSWORD)
    before = everything_in(auth)
    await auth.deliver_due()
    code = code_in(inbox.received[0])
    assert code not in before + everything_in(auth)
    await auth.verify_account(challenge=challenge.token, code=code)
    assert code not in everything_in(auth)
    assert "#code" not in everything_in(auth)
    assert ADA in everything_in(auth)


async def test_mail_waits_for_its_server():
    """While the server is down mail is remembered; once it is up it goes out, once, and its code counts."""
    down = free_socket()
    auth = world(down.getsockname()[1])
    challenge = await auth.register(email=ADA, password=PASSWORD)
    assert await auth.deliver_due() == 0
    (message,) = kept(auth, Message)
    assert (message.kind, message.state, message.attempts) == (MessageKind.CODE, MessageState.PENDING, 1)
    async with serving(bound=down) as (inbox, _):
        assert await auth.deliver_due() == 0  # the pause after a fault is not over
        auth.clock.advance(timedelta(seconds=5))
        assert await auth.deliver_due() == 1
        (mail,) = inbox.received
        await auth.verify_account(challenge=challenge.token, code=code_in(mail))
        auth.clock.advance(timedelta(days=1))
        assert await auth.deliver_due() == 0
        assert inbox.received == [mail]


async def test_refused_mail_is_tried_again(server):
    """A mailbox that is full today gets the mail later, and the code in it counts."""
    inbox, port = server
    inbox.answers["RCPT"] = "452 4.2.2 full"
    auth = world(port)
    challenge = await auth.register(email=ADA, password=PASSWORD)
    assert await auth.deliver_due() == 0
    inbox.answers.clear()
    auth.clock.advance(timedelta(seconds=5))
    assert await auth.deliver_due() == 1
    await auth.verify_account(challenge=challenge.token, code=code_in(inbox.received[0]))


async def test_unknown_outcome_is_sent_again_to_the_octet(server):
    """A mail that the server may have is sent again once its lease is over, the same to the octet, though later."""
    inbox, port = server
    inbox.drops_at = "DATA"
    auth = world(port)
    await auth.register(email=ADA, password=PASSWORD)
    assert await auth.deliver_due() == 0
    inbox.drops_at = None
    auth.clock.advance(auth.policy.message_lease)
    assert await auth.deliver_due() == 1
    first, second = inbox.received
    assert first == second
    assert kept(auth, Message)[0].state is MessageState.SENT
