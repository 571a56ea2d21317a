"""Decisions: an outcome or a refusal, and what to write."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest

from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account
from authcore.errors import InvalidCredentials

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ACCOUNT = Account(id="a", created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize("outcome", ["done", "", 0, False, None])
def test_accepted_decisions_settle_to_their_outcome(outcome):
    """An accepted decision settles to its outcome, even if that is false or None."""
    assert accept(outcome).settle() is outcome


def test_refused_decisions_raise_their_refusal():
    """A refused decision raises the very refusal that it was given."""
    refusal = InvalidCredentials()
    with pytest.raises(InvalidCredentials) as caught:
        refuse(refusal).settle()
    assert caught.value is refusal


def test_refusals_are_raised_by_nothing_else():
    """Making and reading a refused decision raises nothing: what it leaves behind is committed first."""
    decision = refuse(InvalidCredentials(), [ACCOUNT])
    assert decision.writes == (ACCOUNT,)
    assert decision.outcome is None


@pytest.mark.parametrize(("decide", "result"), [(accept, "done"), (refuse, InvalidCredentials())])
def test_writes_are_read_once_and_kept(decide, result):
    """What to write may come from an iterator, and is then kept, in order."""
    decision = decide(result, iter([ACCOUNT, ACCOUNT]))
    assert decision.writes == (ACCOUNT, ACCOUNT)
    assert decision.writes == (ACCOUNT, ACCOUNT)


def test_nothing_is_written_unless_said():
    """A decision writes nothing by default."""
    assert accept("x").writes == refuse(InvalidCredentials()).writes == ()


def test_more_may_be_written():
    """A decision with more to write, and its refusal alone, keep what they lead to: writes, removals and refusal."""
    refusal, other = InvalidCredentials(), Account(id="b", created_at=NOW, updated_at=NOW)
    decision = Decision("x", (ACCOUNT,), refusal, (other,))
    assert decision.also(iter([other])) == Decision("x", (ACCOUNT, other), refusal, (other,))
    assert decision.refused() == Decision(None, (ACCOUNT,), refusal, (other,))
    assert accept("x", removed=iter([other])) == Decision("x", (), None, (other,))


def test_decisions_are_frozen():
    """A decision cannot be changed once it is made."""
    with pytest.raises(FrozenInstanceError):
        Decision(1).outcome = 2
