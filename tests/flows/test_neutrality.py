"""What nobody learns: whether somebody is behind an address, or why a session is over.  The table is in `strangers`."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.testing import Recorder, assert_indistinguishable, build_auth
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    change_password,
    derive,
    do,
    join,
    log_in,
)
from tests.flows.strangers import POLICY, SCRIPTS, SINCE, SITUATIONS, about, play


def effects(situation, script):
    """What a script does to a world of its own, in which somebody is behind Ada's address, or nobody."""
    watched = Recorder(build_auth(policy=POLICY))
    do(SITUATIONS[situation](watched.auth, ADA))
    watched.auth.clock.advance(SINCE)
    return do(watched.record(situation, lambda auth: play(auth, about(ADA, SCRIPTS[script]))))


@pytest.mark.parametrize("script", SCRIPTS)
def test_strangers_learn_nothing(script):
    """Whoever is behind an address, a stranger gets the same answers, at the same cost, with as much left behind."""
    assert_indistinguishable(*(effects(situation, script) for situation in SITUATIONS))


def test_scripts_meet_every_limit():
    """The scripts go as far as strangers can: each of the limits is met, and some code is sent or seems to be."""
    answers = "".join(effects("nobody", script).answer for script in SCRIPTS)
    met = ("attempts_exhausted", "challenge_ended", "code_mismatch", "invalid_credentials", "resend_limit", "throttled")
    assert [code for code in (*met, "TwoStepSession") if code not in answers] == []


def test_username_that_is_let_go_is_one_row_more():
    """The one difference that is known: an unproven registration gives back the username that it wanted."""
    watched = Recorder(build_auth())
    do(watched.auth.register(email=ADA, username="ada", password=PASSWORD))
    runs = [
        do(watched.record(address, lambda auth, address=address: auth.register(email=address, password=OTHER_PASSWORD)))
        for address in (BOB, ADA)
    ]
    ((ones,), (others,)) = (run.commits for run in runs)
    assert Counter(others) - Counter(ones) == {"Identifier": 1}
    assert_indistinguishable(replace(runs[0], commits=()), replace(runs[1], commits=()))


# --- sessions that are over -------------------------------------------------------------------------------------------

ENDS = {
    "never there": lambda auth, session: None,
    "logged out": lambda auth, session: do(auth.log_out(session.token)),
    "revoked": lambda auth, session: do(auth.revoke_sessions(session.session.account_id)),
    "left behind": lambda auth, session: do(auth.revoke_other_sessions(log_in(auth).token)),
    "with another password": lambda auth, session: change_password(auth, log_in(auth), new=NEW_PASSWORD),
    "disabled": lambda auth, session: do(auth.disable_account(session.session.account_id)),
    "deleted": lambda auth, session: do(auth.delete_account(session.session.account_id)),
    "asked for more": lambda auth, session: do(auth.require_second_factor(session.session.account_id)),
}

HOLDERS = {
    "show who is calling": lambda auth, session, _: auth.identify(session),
    "renew": lambda auth, session, _: auth.refresh(session),
    "list sessions": lambda auth, session, _: auth.list_sessions(session),
    "end the others": lambda auth, session, _: auth.revoke_other_sessions(session),
    "ask for a code": lambda auth, session, _: auth.request_two_step(token=session, purpose="pay"),
    "enter a code": lambda auth, session, challenge: auth.answer_two_step(
        token=session, challenge=challenge, purpose="pay", code="no code"
    ),
    "ask for a second factor": lambda auth, session, _: auth.request_second_factor(session),
    "enter a second factor": lambda auth, session, challenge: auth.fulfil_second_factor(
        token=session, challenge=challenge, code="no code"
    ),
    "change the password": lambda auth, session, _: auth.change_password(
        token=session, current=PASSWORD, new=OTHER_PASSWORD
    ),
    "choose a second factor": lambda auth, session, _: auth.change_second_factor(
        token=session, password=PASSWORD, required=True
    ),
}
"""What the holder of a session's token may try, once the session is over."""


def tokens_of(end):
    """A world in which a session has ended in some way, with its token, and that of a code that it had asked for."""
    watched = Recorder(build_auth())
    before = watched.auth if end != "never there" else build_auth()
    join(before)
    session = log_in(before)
    challenge = do(before.request_two_step(token=session.token, purpose="pay"))
    ENDS[end](before, session)
    return watched, session.token, challenge.token, derive(before, challenge)


@pytest.mark.parametrize("holder", HOLDERS)
def test_dead_tokens_are_all_alike(holder):
    """Whatever has ended a session, and whatever is tried with its token, it is refused alike, and nothing is done."""

    def effects(end):
        watched, session, challenge, _ = tokens_of(end)
        return do(watched.record(end, lambda auth: HOLDERS[holder](auth, session, challenge)))

    runs = [effects(end) for end in ENDS]
    assert_indistinguishable(*runs)
    assert (runs[0].hashes, runs[0].commits) == ((), ())


@pytest.mark.parametrize("end", [end for end in ENDS if end not in {"logged out", "left behind"}])
def test_dead_challenges_are_all_alike(end):
    """Whatever has ended a code, having it sent again is refused alike, and no mail tells of it."""
    watched, _, challenge, _ = tokens_of(end)
    nothing = build_auth()
    runs = [
        do(Recorder(auth).record(name, lambda auth: auth.resend_code(challenge)))
        for name, auth in ((end, watched.auth), ("nothing there", nothing))
    ]
    assert_indistinguishable(*runs)
    assert runs[0].messages == ()


@pytest.mark.parametrize(
    "after",
    [timedelta(minutes=1), POLICY.challenge, POLICY.inactivity, POLICY.absolute],
    ids=["soon", "after the code", "after a day", "after a month"],
)
def test_time_tells_nothing(after):
    """However long ago a session has ended, its token is refused alike."""
    runs = []
    for end in ("logged out", "disabled", "never there"):
        watched, session, _, _ = tokens_of(end)
        watched.auth.clock.advance(after)
        runs.append(do(watched.record(end, lambda auth, session=session: auth.identify(session))))
    assert_indistinguishable(*runs)
