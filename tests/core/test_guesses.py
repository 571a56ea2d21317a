"""Counting guesses at one code: the states it goes through, whichever kind of session it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import guesses
from authcore.captchas import unanswered
from authcore.entities import SessionEnd
from authcore.errors import AttemptsExhausted, ChallengeEnded, CodeMismatch
from tests.core.ada import BEFORE, NOW, OCCASION

OPEN = replace(
    unanswered("c.k", issued_at=BEFORE, expires_at=NOW + timedelta(minutes=1), policy=OCCASION.policy), max_attempts=2
)
ENDED = {"ended_at": NOW}


@pytest.mark.parametrize(
    ("changes", "told", "cause"),
    [
        ({"expires_at": NOW}, ChallengeEnded, "expired"),
        ({"deleted_at": BEFORE}, ChallengeEnded, "expired"),
        ({**ENDED, "ended_as": SessionEnd.SPENT}, ChallengeEnded, "spent"),
        ({**ENDED, "ended_as": SessionEnd.EXHAUSTED}, AttemptsExhausted, ""),
        ({**ENDED, "ended_as": SessionEnd.EXHAUSTED, "expires_at": NOW}, AttemptsExhausted, ""),
    ],
)
def test_what_is_over_is_closed(changes, told, cause):
    """Whatever is over takes no guess, and says in private why."""
    session = replace(OPEN, **changes)
    refusal = guesses.closed(session, now=NOW)
    assert (type(refusal), refusal.cause) == (told, cause)
    assert not guesses.is_open(session, now=NOW)


def test_open_code_is_not_closed():
    """Until its deadline a code takes guesses."""
    last = replace(OPEN, expires_at=NOW + timedelta(microseconds=1))
    assert guesses.closed(last, now=NOW) is None
    assert guesses.is_open(last, now=NOW)


def test_right_guess_spends():
    """After the right guess the code is over, and the guess counted."""
    assert guesses.spent(OPEN, now=NOW) == replace(
        OPEN, updated_at=NOW, attempts=1, ended_at=NOW, ended_as=SessionEnd.SPENT
    )


def test_wrong_guess_is_counted():
    """A wrong guess is counted, and told is how many are left."""
    counted, told = guesses.counted(OPEN, now=NOW)
    assert counted == replace(OPEN, updated_at=NOW, attempts=1)
    assert isinstance(told, CodeMismatch)
    assert told.attempts_left == 1


@pytest.mark.parametrize("attempts", [1, 2, 9])
def test_last_wrong_guess_exhausts(attempts):
    """The last wrong guess, and any beyond it, ends the code for ever."""
    counted, told = guesses.counted(replace(OPEN, attempts=attempts), now=NOW)
    assert (counted.attempts, counted.ended_at, counted.ended_as) == (attempts + 1, NOW, SessionEnd.EXHAUSTED)
    assert type(told) is AttemptsExhausted
