"""Whole lives of several people go as the model says, and not so as soon as a rule of the library is broken."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from authcore import accounts, addresses, challenges, lifecycle, registration, roles, rotation, sessions
from authcore.decisions import accept, refuse
from authcore.errors import AuthError, CodeMismatch
from tests.flows.lives import Lives

LIVES = settings(max_examples=250, stateful_step_count=50)

pytestmark = pytest.mark.timeout(600)  # a few thousand steps, on a machine that may be busy

TestLives = Lives.TestCase
TestLives.settings = LIVES


class RecallingLives(Lives):
    """The same, where a process goes by what it has read of a caller for as long as it may: nobody can tell."""

    policy = replace(Lives.policy, revocation_within=timedelta(minutes=5))


TestRecallingLives = RecallingLives.TestCase
TestRecallingLives.settings = settings(LIVES, max_examples=100)


GATE, VALIDATE, RESEND = sessions.gate, sessions.validate, challenges.resend

BROKEN = {
    "a session outlives the password": (
        sessions,
        "gate",
        lambda *, account, epoch, **rest: GATE(account=account, epoch=account.epoch, **rest),
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
    "a token is good for ever": (rotation, "_is_awaited", lambda session, shown: True),
    "a pending session counts as whole": (
        sessions,
        "gate",
        lambda *, amr, pending=False, **rest: GATE(amr=(*amr, *sessions.SECOND_FACTOR), **rest),
    ),
    "a renewed session lives on": (sessions, "_heir", lambda session, predecessor, occasion: session),
    "what was open before comes back": (lifecycle, "raised", lambda account, occasion: account),
    "a code is sent for ever": (
        challenges,
        "resend",
        lambda occasion, asked, **rest: RESEND(
            occasion, replace(asked, challenge=replace(asked.challenge, sendings=1)), **rest
        ),
    ),
    "an address is kept by whoever lost it": (addresses, "_dispossessed", lambda *_: []),
    "an address that was given up is kept": (addresses, "_released", lambda *_: []),
    "a proven address is taken over": (addresses, "_owner", lambda claim, account: None),
    "a second factor is moved by an old session": (addresses, "_unfit", lambda *_, **__: None),
    "a role is not withdrawn": (roles, "withdraw", lambda occasion, *, grant: accept(grant is not None)),
}


@pytest.mark.parametrize(("module", "rule", "broken"), BROKEN.values(), ids=BROKEN.keys())
def test_lives_are_not_as_the_model_says_without_a_rule(module, rule, broken, monkeypatch):
    """Some life goes otherwise than the model says as soon as a rule of the library is broken."""
    monkeypatch.setattr(module, rule, broken)
    # At the same lives each time, so that none is missed by chance; of many the first that goes otherwise is enough.
    once = settings(
        LIVES, max_examples=1000, derandomize=True, database=None, phases=[Phase.generate], report_multiple_bugs=False
    )
    with pytest.raises((AssertionError, AuthError)):
        run_state_machine_as_test(Lives, settings=once)
