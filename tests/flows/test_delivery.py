"""Sending what waits in the outbox.  What causes a message is tested with its use case."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.entities import Message, MessageState
from authcore.errors import DeliveryFault
from authcore.keyring import Keyring, RootKey
from authcore.policy import Policy
from authcore.ports import by_id
from authcore.testing import Mailbox, build_auth
from tests.flows.people import (
    ADA,
    BOB,
    OTHER_PASSWORD,
    QuickHasher,
    change_password,
    derive,
    do,
    join,
    log_in,
    messages,
    register,
    stored,
)

LEASE = Policy().message_lease


class Moody(Mailbox):
    """Raises what is set for a destination, and keeps every other letter; counts how often each was tried."""

    def __init__(self, **faults):
        """Begin with these faults."""
        super().__init__()
        self.faults, self.tried = faults, []

    async def send(self, letter, /):
        """Keep the letter, or raise."""
        name = letter.destination.partition("@")[0]
        self.tried.append(name)
        if name in self.faults:
            raise self.faults[name]
        await super().send(letter)


@pytest.fixture
def moody():
    """A courier that brings everything, so far."""
    return Moody()


@pytest.fixture
def auth(moody):
    """A world with that courier."""
    return build_auth(courier=moody, hasher=QuickHasher())


def notice(auth, email=ADA):
    """Cause a message that does not expire: the change of a password.  Returns it."""
    join(auth, email)
    change_password(auth, log_in(auth, email))
    auth.clock.advance(timedelta(microseconds=1))
    auth.courier.letters.clear()
    auth.courier.tried.clear()
    return messages(auth)[-1]


def decoy(auth, email=BOB):
    """Cause a message that only stands in for one: a stranger asks for another code for a taken address."""
    join(auth, email)
    challenge = register(auth, email, OTHER_PASSWORD)
    deliver(auth)
    auth.courier.letters.clear()
    auth.courier.tried.clear()
    wait(auth, timedelta(microseconds=1))
    do(auth.request_verification(challenge=challenge.token))


def deliver(auth, **options):
    """Deliver what is due; returns how many letters were sent."""
    return do(auth.deliver_due(**options))


def wait(auth, by):
    """Let time go by."""
    auth.clock.advance(by)


# --- sending ----------------------------------------------------------------------------------------------------------


def test_message_is_sent_once(auth):
    """What was sent is not sent again, however much time goes by."""
    message = notice(auth)
    assert deliver(auth) == 1
    wait(auth, timedelta(days=400))
    assert deliver(auth) == 0
    assert len(auth.courier.letters) == 1
    assert (stored(auth, message).state, stored(auth, message).queue) == (MessageState.SENT, None)


def test_nothing_to_send_is_no_error(auth):
    """An empty outbox sends nothing, and writes nothing."""
    assert deliver(auth) == 0


def test_message_is_leased_before_it_is_sent(auth):
    """While the courier is at work, the message is held, by a commit that has taken place."""
    seen = []

    class Looking(Mailbox):
        async def send(self, letter, /):
            seen.extend(await auth.store.find(by_id(Message, letter.id)))
            await super().send(letter)

    message = notice(auth)
    now = auth.clock.now()
    deliver(replace(auth, courier=Looking()))
    assert [(each.id, each.state, each.leased_until) for each in seen] == [
        (message.id, MessageState.SENDING, now + LEASE)
    ]


def test_letter_names_its_message(auth):
    """The letter carries the message's id, so that a courier can tell a second sending from a second message."""
    message = notice(auth)
    deliver(auth)
    assert auth.courier.letters[0].id == message.id


def test_code_is_derived_when_it_is_sent(auth):
    """The letter holds the code of its challenge, and the message holds none."""
    challenge = register(auth)
    code = derive(auth, challenge)
    assert all(code not in repr(message) for message in messages(auth))
    deliver(auth)
    assert auth.courier.last_code() == code


def test_oldest_go_first(auth):
    """Messages are sent in the order in which they were caused."""
    for name in ("c", "a", "b"):
        register(auth, f"{name}@example.org")
        wait(auth, timedelta(microseconds=1))
    deliver(auth)
    assert [letter.destination[0] for letter in auth.courier.letters] == ["c", "a", "b"]


def test_limit_bounds_one_round(auth):
    """A round sends no more than its limit; the next one goes on."""
    for name in "abc":
        register(auth, f"{name}@example.org")
    assert [deliver(auth, limit=2) for _ in range(3)] == [2, 1, 0]


# --- what surely failed -----------------------------------------------------------------------------------------------


def test_failed_message_is_tried_again(auth):
    """What surely was not sent is sent later: not at once, but when its pause is over, to the microsecond."""
    message = notice(auth)
    auth.courier.faults["ada"] = DeliveryFault()
    assert deliver(auth) == 0
    assert stored(auth, message).state is MessageState.PENDING
    auth.courier.faults.clear()
    pause = stored(auth, message).due_at - auth.clock.now()
    assert pause == timedelta(seconds=5)
    for step, sent in ((pause - timedelta(microseconds=1), 0), (timedelta(microseconds=1), 1)):
        wait(auth, step)
        assert deliver(auth) == sent


def test_pauses_grow(auth):
    """Each failure makes the next pause four times as long, even for the most patient policy."""
    auth = replace(auth, policy=Policy(message_attempts=8))
    message = notice(auth)
    auth.courier.faults["ada"] = DeliveryFault()
    pauses = []
    for _ in range(7):
        deliver(auth)
        pauses.append(stored(auth, message).due_at - auth.clock.now())
        wait(auth, pauses[-1])
    assert pauses == [timedelta(seconds=5 * 4**turn) for turn in range(7)]


def test_message_is_given_up(auth):
    """After as many attempts as the policy allows a message is given up, and never tried again."""
    message = notice(auth)
    auth.courier.faults["ada"] = DeliveryFault()
    for _ in range(20):
        deliver(auth)
        wait(auth, timedelta(days=1))
    assert len(auth.courier.tried) == auth.policy.message_attempts
    assert (stored(auth, message).state, stored(auth, message).queue) == (MessageState.FAILED, None)


def test_failure_is_logged_without_the_address(auth, caplog):
    """The log tells of a failure by the message's id: no address, no code, no words of the courier."""
    message = notice(auth)
    auth.courier.faults["ada"] = DeliveryFault("mailbox ada@example.org is full")
    with caplog.at_level(logging.DEBUG):
        deliver(auth)
    assert message.id in caplog.text
    assert "ada" not in caplog.text


# --- what may have been sent ------------------------------------------------------------------------------------------


def test_unknown_outcome_is_tried_again_after_the_lease(auth):
    """Where nobody knows whether it was sent, it is sent again, but not before its lease is over."""
    notice(auth)
    auth.courier.faults["ada"] = ConnectionError()
    assert deliver(auth) == 0
    auth.courier.faults.clear()
    wait(auth, LEASE - timedelta(microseconds=1))
    assert deliver(auth) == 0
    wait(auth, timedelta(microseconds=1))
    assert deliver(auth) == 1


def test_unknown_outcome_is_given_up(auth):
    """A message whose outcome is never known is given up like any other: nobody gets a letter again and again."""
    notice(auth)
    auth.courier.faults["ada"] = ConnectionError()
    for _ in range(30):
        deliver(auth)
        wait(auth, timedelta(days=1))
    assert len(auth.courier.tried) == auth.policy.message_attempts


def test_unknown_outcome_is_logged_without_the_address(auth, caplog):
    """The log names the message; what the courier said may stand in the traceback, what the message says does not."""
    message = notice(auth)
    auth.courier.faults["ada"] = ConnectionError("refused")
    with caplog.at_level(logging.DEBUG):
        deliver(auth)
    assert message.id in caplog.text
    assert ADA not in caplog.text


def test_dead_deliverer_is_replaced(auth):
    """A message that was leased by a process that died is sent by the next one, when the lease is over."""

    class Dies(Mailbox):
        async def send(self, letter, /):
            raise KeyboardInterrupt

    notice(auth)
    with pytest.raises(KeyboardInterrupt):
        deliver(replace(auth, courier=Dies()))
    assert deliver(auth) == 0
    wait(auth, LEASE)
    assert deliver(auth) == 1


def test_late_deliverer_changes_nothing(auth):
    """Who comes back after another one has taken over writes nothing over what that one wrote."""

    class Slow(Mailbox):
        async def send(self, letter, /):
            auth.clock.advance(LEASE)
            await auth.deliver_due()
            raise DeliveryFault

    message = notice(auth)
    assert deliver(replace(auth, courier=Slow())) == 0
    assert stored(auth, message).state is MessageState.SENT
    assert len(auth.courier.letters) == 1


# --- one for all ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [DeliveryFault(), ConnectionError(), ValueError("!"), LookupError()], ids=repr)
def test_one_failure_stops_nobody_else(auth, fault):
    """Whatever the courier raises for one message, the others go out in the same round."""
    auth.courier.faults["ada"] = fault
    for email in (ADA, BOB):
        register(auth, email)
        wait(auth, timedelta(microseconds=1))
    assert deliver(auth) == 1
    assert [letter.destination for letter in auth.courier.letters] == [BOB]


@pytest.mark.parametrize("fault", [DeliveryFault(), ConnectionError()], ids=repr)
def test_what_keeps_failing_holds_up_nobody(auth, fault):
    """A message that fails again and again never takes the place of one that was not tried yet."""
    auth.courier.faults["ada"] = fault
    for email in (ADA, BOB):
        register(auth, email)
        wait(auth, timedelta(microseconds=1))
    for _ in range(3):
        deliver(auth, limit=1)
    assert [letter.destination for letter in auth.courier.letters] == [BOB]


def test_what_waits_for_its_turn_holds_up_nobody(auth):
    """Messages that are not due yet leave the places of a round to those that are."""
    first = notice(auth, "a@example.org")
    auth.courier.faults["a"] = DeliveryFault()
    for _ in range(3):
        deliver(auth)
        wait(auth, stored(auth, first).due_at - auth.clock.now())
    deliver(auth)
    assert stored(auth, first).due_at - auth.clock.now() > timedelta(minutes=5)
    second = notice(auth, "c@example.org")
    auth.courier.faults["c"] = DeliveryFault()
    deliver(auth)
    auth.courier.faults.clear()
    wait(auth, timedelta(seconds=5))
    assert deliver(auth, limit=1) == 1
    assert stored(auth, second).state is MessageState.SENT


# --- what has lost its point ------------------------------------------------------------------------------------------


def test_expired_code_is_not_sent(auth):
    """A code that is over by the time it would be sent is discarded; until just before, it is sent."""
    for late, sent in ((timedelta(microseconds=-1), 1), (timedelta(0), 0)):
        register(auth)
        wait(auth, auth.policy.challenge + late)
        assert deliver(auth) == sent
    assert messages(auth)[-1].state is MessageState.DISCARDED


def test_spent_code_is_not_sent(auth):
    """A code that was entered already needs no letter."""
    challenge = register(auth)
    do(auth.verify_account(challenge=challenge.token, code=derive(auth, challenge)))
    assert deliver(auth) == 0


def test_code_without_its_key_is_not_sent(auth):
    """Without the key that it is derived with there is no code to send."""
    register(auth)
    assert deliver(replace(auth, keyring=Keyring([RootKey("other", bytes(range(32)))]))) == 0
    assert messages(auth)[-1].state is MessageState.DISCARDED


def test_code_for_an_account_that_changed_is_not_sent(auth):
    """A code that a change of password has ended is not sent."""
    join(auth)
    session = log_in(auth)
    do(auth.request_two_step(token=session.token, purpose="pay"))
    change_password(auth, session)
    auth.courier.letters.clear()
    deliver(auth)
    assert [letter.code for letter in auth.courier.letters] == [None]


def test_decoy_is_not_sent(auth):
    """What stands in for a message is discarded, and reaches no courier."""
    decoy(auth)
    auth.courier.faults["bob"] = AssertionError("sent")
    assert deliver(auth) == 0
    assert auth.courier.tried == []
    assert messages(auth)[-1].state is MessageState.DISCARDED


def test_discarded_is_over(auth):
    """What was discarded is never looked at again."""
    decoy(auth)
    deliver(auth)
    before = messages(auth)
    wait(auth, timedelta(days=1))
    deliver(auth)
    assert messages(auth) == before


def test_letters_of_two_accounts_are_not_mixed_up(auth):
    """Each code goes to the address that it is for."""
    challenges = {email: register(auth, email, OTHER_PASSWORD) for email in (ADA, BOB)}
    deliver(auth)
    assert {letter.destination: letter.code for letter in auth.courier.letters} == {
        email: derive(auth, challenge) for email, challenge in challenges.items()
    }
