"""Deciding what a message says when it is sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from authcore import codes
from authcore.challenges import Challenged
from authcore.entities import Account, ChallengeSlot, Letter, Message, MessageKind, SessionEnd, TwoStepSession
from authcore.letters import letter_of
from authcore.policy import Policy

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CAUSED = NOW - timedelta(minutes=1)
KEY = bytes(range(32))
POLICY = Policy()
CHALLENGE = TwoStepSession(
    id="c",
    created_at=NOW,
    updated_at=NOW,
    account_id="a",
    epoch=1,
    expires_at=NOW + timedelta(microseconds=1),
    code_key="k",
    max_attempts=5,
    purpose="verify",
    destination="ada@example.org",
)

ASKED = Challenged(
    challenge=CHALLENGE,
    account=Account(id="a", created_at=NOW, updated_at=NOW, epoch=1),
    slot=ChallengeSlot(id="a:verify", created_at=NOW, updated_at=NOW, account_id="a", challenge_id="c"),
)


def _message(kind: MessageKind) -> Message:
    return Message(
        id="m",
        created_at=CAUSED,
        updated_at=NOW,
        kind=kind,
        destination="ada@example.org",
        account_id="a",
        session_id="c",
        queue="outbox",
        due_at=NOW,
    )


def _letter(kind: MessageKind, asked: Challenged = ASKED, key: bytes | None = KEY) -> Letter | None:
    return letter_of(_message(kind), asked, key=key, now=NOW, policy=POLICY)


def _with(**changes: object) -> Challenged:
    return replace(ASKED, challenge=replace(CHALLENGE, **changes))


def test_a_code_is_derived_when_it_is_sent():
    """The letter of a code holds the code, what it was asked for and until when it holds."""
    assert _letter(MessageKind.CODE) == Letter(
        id="m",
        kind=MessageKind.CODE,
        destination="ada@example.org",
        created_at=CAUSED,
        purpose="verify",
        code=codes.code_of(CHALLENGE, key=KEY, policy=POLICY),
        expires_at=CHALLENGE.expires_at,
    )


def test_a_code_sent_again_is_the_same():
    """Wrong guesses in between do not change the code."""
    assert _letter(MessageKind.CODE, _with(attempts=3, version=9)) == _letter(MessageKind.CODE)


@pytest.mark.parametrize("kind", [MessageKind.ALREADY_REGISTERED, MessageKind.PASSWORD_CHANGED])
@pytest.mark.parametrize("asked", [Challenged(), ASKED])
def test_notices_hold_no_code(kind, asked):
    """A notice says what happened and holds no code, whatever challenge is there."""
    letter = _letter(kind, asked)
    assert letter == Letter(id="m", kind=kind, destination="ada@example.org", created_at=CAUSED)
    assert letter.code is None


@pytest.mark.parametrize("asked", [Challenged(), ASKED])
def test_decoys_are_never_sent(asked):
    """A decoy makes no letter."""
    assert _letter(MessageKind.DECOY, asked) is None


@pytest.mark.parametrize(
    "asked",
    [
        Challenged(),
        replace(ASKED, account=None),
        replace(ASKED, account=replace(ASKED.account, epoch=2)),
        replace(ASKED, account=replace(ASKED.account, decoy=True)),
        replace(ASKED, slot=None),
        replace(ASKED, slot=replace(ASKED.slot, challenge_id="newer")),
        _with(expires_at=NOW),
        _with(deleted_at=NOW),
        *[_with(ended_at=NOW, ended_as=ended_as) for ended_as in SessionEnd],
    ],
)
def test_dead_codes_are_not_sent(asked):
    """A code whose challenge is gone, over, superseded, of an older epoch or nobody's makes no letter."""
    assert _letter(MessageKind.CODE, asked) is None


def test_codes_of_removed_keys_are_not_sent():
    """A code that cannot be derived any more makes no letter."""
    assert _letter(MessageKind.CODE, ASKED, None) is None


@pytest.mark.parametrize("kind", MessageKind)
def test_every_kind_is_decided(kind):
    """Every kind of message is sent to its own destination, or not at all; only a code holds one."""
    letter = _letter(kind)
    assert letter is None or letter.destination == "ada@example.org"
    assert (letter is not None and letter.code is not None) == (kind is MessageKind.CODE)
