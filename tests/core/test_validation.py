"""Why an entity does not count: the very refusal, in order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.challenges import Challenged
from authcore.entities import ChallengeSlot, SessionEnd, TwoStepSession
from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AccountUnverified,
    AttemptsExhausted,
    ChallengeEnded,
    InvalidToken,
    SecondFactorRequired,
    SessionClosed,
    SessionExpired,
    SessionRevoked,
)
from authcore.policy import Policy
from authcore.validation import validate_account, validate_challenge, validate_session
from tests.core.ada import LIVE, NOW
from tests.core.test_principal import ACCOUNT, SESSION

LATER = NOW + timedelta(days=1)
SPENT = {"ended_at": NOW, "ended_as": SessionEnd.CLOSED}
CHALLENGE = TwoStepSession(
    id="c",
    created_at=NOW,
    updated_at=NOW,
    account_id=LIVE.id,
    epoch=LIVE.epoch,
    expires_at=LATER,
    code_key="k",
    max_attempts=5,
    purpose="pay",
    destination="ada@example.org",
)
SLOT = ChallengeSlot(id="s", created_at=NOW, updated_at=NOW, account_id=LIVE.id, challenge_id="c")


def raised(check, *arguments, **named):
    """The type of what a check raises; None if it raises nothing."""
    try:
        check(*arguments, **named)
    except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
        return type(error)
    return None


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"disabled_at": NOW}, AccountDisabled),
        ({"disabled_at": NOW, "verified_at": None}, AccountUnverified),
        ({"disabled_at": NOW, "verified_at": None, "deleted_at": NOW}, AccountDeleted),
    ],
)
def test_account(changes, refusal):
    """An account is deleted before it is unverified, and unverified before it is disabled."""
    assert raised(validate_account, replace(LIVE, **changes)) is refusal


@pytest.mark.parametrize(
    ("changes", "account", "at", "refusal"),
    [
        ({}, {}, NOW, None),
        ({"requires_second_factor": True}, {}, NOW, SecondFactorRequired),
        ({"requires_second_factor": True}, {"disabled_at": NOW}, NOW, SessionRevoked),
        ({"requires_second_factor": True}, {"disabled_at": NOW}, LATER, SessionExpired),
        ({"requires_second_factor": True, **SPENT}, {"disabled_at": NOW}, LATER, SessionClosed),
        ({"requires_second_factor": True, **SPENT, "deleted_at": NOW}, {"disabled_at": NOW}, LATER, InvalidToken),
    ],
)
def test_session(changes, account, at, refusal):
    """A session is deleted before it is inactive, then expired, then of no account, then in want of a factor."""
    session, owner = replace(SESSION, **changes), replace(ACCOUNT, **account)
    assert raised(validate_session, session, account=owner, policy=Policy(), now=at) is refusal


@pytest.mark.parametrize(
    ("changes", "slot", "at", "refusal"),
    [
        ({}, SLOT, NOW, None),
        ({}, None, NOW, ChallengeEnded),
        ({}, SLOT, LATER, ChallengeEnded),
        ({"epoch": LIVE.epoch - 1}, SLOT, NOW, ChallengeEnded),
        ({"ended_at": NOW, "ended_as": SessionEnd.SPENT}, SLOT, NOW, ChallengeEnded),
        ({"ended_at": NOW, "ended_as": SessionEnd.EXHAUSTED}, SLOT, LATER, AttemptsExhausted),
    ],
)
def test_challenge(changes, slot, at, refusal):
    """A challenge that awaits its code no more says whether guessing ended it."""
    asked = Challenged(challenge=replace(CHALLENGE, **changes), account=LIVE, slot=slot)
    assert raised(validate_challenge, asked, now=at) is refusal


@pytest.mark.parametrize(
    ("slot", "at", "cause"), [(SLOT, LATER, "over"), (None, NOW, "superseded"), (None, LATER, "superseded")]
)
def test_logs_are_told_what_has_ended_a_challenge(slot, at, cause):
    """A challenge that was superseded says so, in time or not; one that was not is simply over."""
    with pytest.raises(ChallengeEnded) as caught:
        validate_challenge(Challenged(challenge=CHALLENGE, account=LIVE, slot=slot), now=at)
    assert caught.value.cause == cause


def test_unknown_challenge():
    """A challenge that nobody knows has ended."""
    assert raised(validate_challenge, Challenged(), now=NOW) is ChallengeEnded
