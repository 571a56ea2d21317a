"""Whole lives of several people go as the model says, and not so as soon as a rule of the library is broken."""

from dataclasses import replace

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from authcore import accounts, challenges, registration, roles, sessions
from authcore.decisions import accept, refuse
from authcore.errors import AuthError, CodeMismatch
from tests.flows.lives import Lives

LIVES = settings(max_examples=120, stateful_step_count=50)

TestLives = Lives.TestCase
TestLives.settings = LIVES


GATE, VALIDATE = sessions.gate, sessions.validate

BROKEN = {
    "a session outlives the password": (
        sessions,
        "gate",
        lambda *, account, epoch: GATE(account=account, epoch=account.epoch),
    ),
    "a session outlives its deadline": (
        sessions,
        "validate",
        lambda *, now, session, **given: VALIDATE(now=session.created_at, session=session, **given),
    ),
    "a session is not logged out": (sessions, "log_out", lambda occasion, session: accept(session is not None)),
    "an old code counts": (challenges, "outdated", lambda asked: None),
    "a code is guessed at for ever": (
        challenges,
        "_count",
        lambda occasion, challenge, slot: refuse(CodeMismatch(attempts_left=1)),
    ),
    "new codes bring new guesses": (challenges, "_thawed", lambda slot, occasion: replace(slot, failures=0)),
    "a proven address is registered anew": (accounts, "is_taken", lambda claim: False),
    "a username keeps two holders": (registration, "_dispossessed", lambda *_, **__: []),
    "a role is not withdrawn": (roles, "withdraw", lambda occasion, *, grant: accept(grant is not None)),
}


@pytest.mark.parametrize(("module", "rule", "broken"), BROKEN.values(), ids=BROKEN.keys())
def test_lives_are_not_as_the_model_says_without_a_rule(module, rule, broken, monkeypatch):
    """Some life goes otherwise than the model says as soon as a rule of the library is broken."""
    monkeypatch.setattr(module, rule, broken)
    # At the same lives each time, so that none is missed by chance.
    once = settings(LIVES, derandomize=True, database=None, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises((AssertionError, AuthError)):
        run_state_machine_as_test(Lives, settings=once)
