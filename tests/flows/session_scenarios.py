"""Sessions in several hands at the same time, and what must hold afterwards.  They are run in test_session_orders.

Each scenario takes the kind of store it is played on, so that one that breaks a law can be put in its place.
"""

from functools import partial

from authcore.audit import session_digest
from authcore.auth import Identified, Issued
from authcore.entities import Account, AuditKind, AuthenticationSession, ChallengeSlot, SessionEnd, TwoStepSession
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidToken,
    ResendLimit,
    StateUnchanged,
)
from authcore.memory import MemoryStore
from authcore.policy import Policy
from authcore.principal import Anonymous, Principal
from authcore.testing import Crashed, Scenario
from tests.flows.people import (
    ADA,
    NEW_PASSWORD,
    PASSWORD,
    derive,
    do,
    join,
    kept,
    log_in,
    put,
    refusal,
    sessions,
    stored,
    wrong,
)
from tests.flows.scenarios import empty, of, only, opens, took_place, trail


def happened(outcomes, name, kind):
    """Whether a flow did what it was for, be it that it crashed after its commit."""
    return bool(took_place({name: outcomes[name]}, kind))


def claims(auth, issued):
    """What a token says."""
    return auth._decode("authn+jwt", issued.token)  # noqa: SLF001  what two tokens say is compared, not how


def renewals(outcomes):
    """The newer tokens that were handed out."""
    found = [outcomes[name].renewed for name in of(outcomes, Identified)]
    return [renewed for renewed in found if renewed is not None]


def count(auth, *tokens):
    """How many of these tokens let their holder in."""
    return sum(isinstance(do(auth.identify(token)).caller, Principal) for token in tokens if not dead(auth, token))


def dead(auth, token):
    """Whether a token counts no more."""
    return isinstance(refusal(auth.identify(token)), InvalidToken)


def logged_in(store, **policy):
    """Ada is logged in, and her token is due."""
    auth = empty(store, policy=Policy(**policy))
    join(auth)
    session = log_in(auth)
    auth.clock.advance(auth.policy.rotation)
    return auth, session


# --- one token, presented by many -------------------------------------------------------------------------------------


def one_due_token(store=MemoryStore, *, clients=2, whole_callers=True):
    """Several requests come with one due token at the same time."""
    auth, session = logged_in(store)
    flows = {name: lambda auth: auth.identify(session.token) for name in "abc"[:clients]}

    def check(outcomes, auth):
        only(outcomes, Identified)
        newer = renewals(outcomes)
        assert len(newer) == len(of(outcomes, Identified))
        assert len({claims(auth, each) for each in newer}) == 1
        # Once when it began, and once when it was rotated: whoever lost the race has written nothing.
        assert (stored(auth, session).generation, stored(auth, session).version) == (2, 2)
        # And who crashed comes again with what it has.
        assert count(auth, *(each.token for each in newer), session.token) == len(newer) + 1

    return Scenario(auth=auth, flows=flows, check=check, whole_callers=whole_callers)


one_due_token_in_steps = partial(one_due_token, whole_callers=False)
one_due_token_of_three = partial(one_due_token, clients=3)


def first_use_of_a_successor(store=MemoryStore):
    """The newest token is shown for the first time while a late request still comes with the one before."""
    auth, session = logged_in(store)
    newer = do(auth.identify(session.token)).renewed
    flows = {"late": lambda auth: auth.identify(session.token), "first": lambda auth: auth.identify(newer.token)}

    def check(outcomes, auth):
        only(outcomes, Identified)
        assert all(claims(auth, each) == claims(auth, newer) for each in renewals(outcomes))
        seen = stored(auth, session)
        assert (seen.generation, seen.ended_at) == (2, None)
        assert (seen.presented_at is not None) == happened(outcomes, "first", Identified)
        assert count(auth, session.token, newer.token) == 2
        auth.clock.advance(auth.policy.grace * 2)
        assert dead(auth, session.token)

    return Scenario(auth=auth, flows=flows, check=check)


def two_first_uses_of_a_successor(store=MemoryStore):
    """The newest token is shown for the first time by two requests: that is written down once."""
    auth, session = logged_in(store)
    newer = do(auth.identify(session.token)).renewed
    use = lambda auth: auth.identify(newer.token)  # noqa: E731  it is no function here

    def check(outcomes, auth):
        only(outcomes, Identified)
        assert renewals(outcomes) == []
        assert stored(auth, session).version == 3
        assert count(auth, newer.token) == 1

    return Scenario(auth=auth, flows={"a": use, "b": use}, check=check)


# --- a token that is stolen -------------------------------------------------------------------------------------------


def _stolen(store, pause):
    """Ada goes on with her newest token, and a thief has the one before; the time for late requests is over."""
    auth, session = logged_in(store)
    newer = do(auth.identify(session.token)).renewed
    do(auth.identify(newer.token))
    auth.clock.advance(getattr(auth.policy, pause))
    return auth, session, newer


def reuse_during_use(store=MemoryStore, *, pause="grace"):
    """A stolen token is used too late, while its owner goes on with the newest one: the session ends for both."""
    auth, session, newer = _stolen(store, pause)
    flows = {"thief": lambda auth: auth.identify(session.token), "owner": lambda auth: auth.identify(newer.token)}

    def check(outcomes, auth):
        only({"thief": outcomes["thief"]}, InvalidToken)
        only({"owner": outcomes["owner"]}, Identified, InvalidToken)
        noticed = happened(outcomes, "thief", InvalidToken)
        assert trail(auth).count(AuditKind.SESSION_REUSED) == noticed
        if noticed:
            assert stored(auth, session).ended_as is SessionEnd.REVOKED
            tokens = [*(each.token for each in renewals(outcomes)), newer.token, session.token]
            assert all(dead(auth, token) for token in tokens)

    return Scenario(auth=auth, flows=flows, check=check)


reuse_during_rotation = partial(reuse_during_use, pause="rotation")


def two_reuses(store=MemoryStore):
    """A stolen token is used too late by two at the same time."""
    auth, session, newer = _stolen(store, "grace")
    use = lambda auth: auth.identify(session.token)  # noqa: E731  it is no function here

    def check(outcomes, auth):
        only(outcomes, InvalidToken)
        assert trail(auth).count(AuditKind.SESSION_REUSED) == 1
        assert dead(auth, newer.token)

    return Scenario(auth=auth, flows={"a": use, "b": use}, check=check)


def reuse_during_logout(store=MemoryStore):
    """A stolen token is used too late while its owner logs out: the session ends once."""
    auth, session, newer = _stolen(store, "grace")
    flows = {"thief": lambda auth: auth.identify(session.token), "owner": lambda auth: auth.log_out(newer.token)}

    def check(outcomes, auth):
        only(outcomes, InvalidToken, bool)
        told = [trail(auth).count(kind) for kind in (AuditKind.SESSION_REUSED, AuditKind.LOGGED_OUT)]
        assert sorted(told) == [0, 1]
        assert dead(auth, newer.token)

    return Scenario(auth=auth, flows=flows, check=check)


# --- a rotation, and what ends its session ----------------------------------------------------------------------------


def _while_rotating(auth, session, end, kind, *, ended=SessionEnd.CLOSED):
    """A due token is presented while something else ends its session: no successor lives on."""
    flows = {"rotate": lambda auth: auth.identify(session.token), "end": end}

    def check(outcomes, auth):
        only({"rotate": outcomes["rotate"]}, Identified, InvalidToken)
        only({"end": outcomes["end"]}, kind)
        over = happened(outcomes, "end", kind)
        tokens = [session.token, *(each.token for each in renewals(outcomes))]
        assert [dead(auth, token) for token in tokens] == [over] * len(tokens)
        if over:
            assert stored(auth, session).ended_as in {ended, None}
        if isinstance(outcomes["end"], Issued):
            assert count(auth, outcomes["end"].token) == 1

    return Scenario(auth=auth, flows=flows, check=check)


def rotation_during_logout(store=MemoryStore):
    """A due token is presented while its session is logged out."""
    auth, session = logged_in(store)
    return _while_rotating(auth, session, lambda auth: auth.log_out(session.token), bool)


def rotation_during_change(store=MemoryStore, *, elsewhere=False):
    """A due token is presented while the password is changed by it, or on another device."""
    auth, session = logged_in(store)
    changing = log_in(auth) if elsewhere else session

    def change(auth):
        return auth.change_password(token=changing.token, current=PASSWORD, new=NEW_PASSWORD)

    return _while_rotating(auth, session, change, Issued, ended=SessionEnd.SUPERSEDED)


rotation_during_change_elsewhere = partial(rotation_during_change, elsewhere=True)


def rotation_during_login_in_place(store=MemoryStore):
    """A due token is presented while a login takes the place of its session."""
    auth, session = logged_in(store)

    def login(auth):
        return auth.log_in(identifier=ADA, password=PASSWORD, former=session.token)

    return _while_rotating(auth, session, login, Issued, ended=SessionEnd.SUPERSEDED)


# --- nobody in particular ---------------------------------------------------------------------------------------------


def two_logins_in_place_of_nobody(store=MemoryStore):
    """A login form is sent twice by somebody who was nobody in particular."""
    auth = empty(store)
    join(auth)
    nobody = do(auth.open_anonymous())

    def login(auth):
        return auth.log_in(identifier=ADA, password=PASSWORD, former=nobody.token)

    def check(outcomes, auth):
        only(outcomes, Issued)
        issued = [outcomes[name] for name in of(outcomes, Issued)]
        assert len({each.session.id for each in issued}) == len(issued)
        assert count(auth, *(each.token for each in issued)) == len(issued)
        assert dead(auth, nobody.token)
        # Once when it began, and once when it ended: a second end would be a third writing.
        assert stored(auth, nobody).version == 2

    return Scenario(auth=auth, flows={"a": login, "b": login}, check=check)


def rotation_of_nobody_during_login(store=MemoryStore):
    """A session of nobody in particular is rotated while a login takes its place."""
    auth = empty(store)
    join(auth)
    nobody = do(auth.open_anonymous())
    auth.clock.advance(auth.policy.rotation)
    flows = {
        "rotate": lambda auth: auth.identify(nobody.token),
        "login": lambda auth: auth.log_in(identifier=ADA, password=PASSWORD, former=nobody.token),
    }

    def check(outcomes, auth):
        only({"rotate": outcomes["rotate"]}, Identified, InvalidToken)
        only({"login": outcomes["login"]}, Issued)
        assert all(isinstance(outcomes[name].caller, Anonymous) for name in of(outcomes, Identified))
        for token in [nobody.token, *(each.token for each in renewals(outcomes))]:
            assert dead(auth, token) == happened(outcomes, "login", Issued)

    return Scenario(auth=auth, flows=flows, check=check)


# --- the second factor ------------------------------------------------------------------------------------------------


def fulfil(session, challenge, code):
    """A flow that enters a code for a pending session."""
    return lambda auth: auth.fulfil_second_factor(token=session.token, challenge=challenge.token, code=code)


def whole(auth):
    """The sessions that were opened by both factors."""
    return [session for session in sessions(auth) if "mfa" in session.amr]


def half(store, **policy):
    """Ada has chosen a second factor, given her password, and asked for the code."""
    auth = empty(store, policy=Policy(**policy))
    put(auth, join(auth), second_factor=True)
    pending = log_in(auth)
    return auth, pending, do(auth.request_second_factor(pending.token))


def _wholly(auth):
    """Ada has logged in by both factors, on another device; what she was asked there is over."""
    pending = log_in(auth)
    challenge = do(auth.request_second_factor(pending.token))
    return do(fulfil(pending, challenge, derive(auth, challenge))(auth))


def two_right_codes(store=MemoryStore):
    """The right code is entered twice at the same time."""
    auth, pending, challenge = half(store)
    answer = fulfil(pending, challenge, derive(auth, challenge))

    def check(outcomes, auth):
        only(outcomes, Issued, InvalidToken, ChallengeEnded)
        assert len(took_place(outcomes, Issued)) == len(whole(auth)) == 1
        assert trail(auth).count(AuditKind.LOGGED_IN) == 1
        assert dead(auth, pending.token)
        assert stored(auth, pending).version == 2
        for name in of(outcomes, Issued):
            assert count(auth, outcomes[name].token) == 1

    return Scenario(auth=auth, flows={"a": answer, "b": answer}, check=check)


def code_during_logout(store=MemoryStore):
    """The right code is entered while the pending session is logged out: one of the two counts."""
    auth, pending, challenge = half(store)
    flows = {
        "answer": fulfil(pending, challenge, derive(auth, challenge)),
        "out": lambda auth: auth.log_out(pending.token),
    }

    def check(outcomes, auth):
        only(outcomes, Issued, bool, InvalidToken, ChallengeEnded)
        ended = stored(auth, pending).ended_as
        assert ended in {SessionEnd.SUPERSEDED, SessionEnd.CLOSED}
        assert (ended is SessionEnd.SUPERSEDED) == bool(whole(auth))
        assert trail(auth).count(AuditKind.LOGGED_IN) + trail(auth).count(AuditKind.LOGGED_OUT) == 1
        if not of(outcomes, Crashed):
            assert outcomes["out"] == (not whole(auth))

    return Scenario(auth=auth, flows=flows, check=check)


def _code_while(store, kind, end):
    """The right code is entered while another session ends all: what it opens ends too, and nothing opens later."""
    auth, _, _ = half(store)
    other = _wholly(auth)
    pending = log_in(auth)
    challenge = do(auth.request_second_factor(pending.token))
    flows = {"answer": fulfil(pending, challenge, derive(auth, challenge)), "end": lambda auth: end(auth, other)}

    def check(outcomes, auth):
        only({"answer": outcomes["answer"]}, Issued, InvalidToken, ChallengeEnded)
        only({"end": outcomes["end"]}, Issued)
        ended = happened(outcomes, "end", Issued)
        assert (kind in trail(auth)) == ended
        opened = [outcomes["answer"]] if isinstance(outcomes["answer"], Issued) else []
        assert count(auth, *(each.token for each in opened)) == (0 if ended else len(opened))
        assert dead(auth, other.token) == ended
        if ended:
            assert dead(auth, pending.token)
            assert AuditKind.CODE_ACCEPTED not in trail(auth)[trail(auth).index(kind) :]

    return Scenario(auth=auth, flows=flows, check=check)


def code_during_choice(store=MemoryStore):
    """The right code is entered while the second factor is turned off on another device."""
    return _code_while(
        store,
        AuditKind.SECOND_FACTOR_CHANGED,
        lambda auth, other: auth.change_second_factor(token=other.token, password=PASSWORD, required=False),
    )


def code_during_change(store=MemoryStore):
    """The right code is entered while the password is changed on another device."""
    return _code_while(
        store,
        AuditKind.PASSWORD_CHANGED,
        lambda auth, other: auth.change_password(token=other.token, current=PASSWORD, new=NEW_PASSWORD),
    )


def two_codes(store=MemoryStore, *, devices=1):
    """Two codes are asked for at the same time, for one pending session or for two: one of them counts."""
    auth, pending, _ = half(store)
    asking = {"a": pending, "b": log_in(auth) if devices > 1 else pending}
    flows = {
        "a": lambda auth: auth.request_second_factor(asking["a"].token),
        "b": lambda auth: auth.request_second_factor(asking["b"].token),
    }

    def check(outcomes, auth):
        only(outcomes, Issued)
        verdicts = [
            refusal(fulfil(asking[name], outcomes[name], derive(auth, outcomes[name]))(auth))
            for name in of(outcomes, Issued)
        ]
        assert verdicts.count(None) == len(whole(auth)) <= 1
        assert verdicts.count(None) == 1 or of(outcomes, Crashed)

    return Scenario(auth=auth, flows=flows, check=check)


two_codes_on_two_devices = partial(two_codes, devices=2)


def code_while_a_new_one_is_asked_for(store=MemoryStore):
    """The right code is entered while another one is asked for: it counts before, and never after."""
    auth, pending, challenge = half(store)
    flows = {
        "answer": fulfil(pending, challenge, derive(auth, challenge)),
        "ask": lambda auth: auth.request_second_factor(pending.token),
    }

    def check(outcomes, auth):
        only({"answer": outcomes["answer"]}, Issued, ChallengeEnded)
        only({"ask": outcomes["ask"]}, Issued, InvalidToken)
        assert len(took_place(outcomes, Issued)) == 1
        if isinstance(outcomes["ask"], Issued):
            newer = outcomes["ask"]
            assert refusal(fulfil(pending, newer, derive(auth, newer))(auth)) is None
        assert len(whole(auth)) == happened(outcomes, "answer", Issued) + isinstance(outcomes["ask"], Issued)

    return Scenario(auth=auth, flows=flows, check=check)


def last_guesses(store=MemoryStore, *, guesses=2, last="wrong"):
    """One wrong code more is allowed, after one for another session, and several guesses come at the same time."""
    auth, earlier, asked = half(store, challenge_failures=2)
    refusal(fulfil(earlier, asked, wrong(derive(auth, asked)))(auth))
    pending = log_in(auth)
    challenge = do(auth.request_second_factor(pending.token))
    right = derive(auth, challenge)
    flows = {name: fulfil(pending, challenge, wrong(right)) for name in "abc"[:guesses]}
    if last == "right":
        flows["right"] = fulfil(pending, challenge, right)

    def check(outcomes, auth):
        only(outcomes, CodeMismatch, AttemptsExhausted, ChallengeEnded, InvalidToken, Issued)
        (slot,) = (slot for slot in kept(auth, ChallengeSlot) if slot.challenge_id == challenge.session.id)
        refused = trail(auth).count(AuditKind.CODE_REFUSED)
        assert refused <= 2
        assert stored(auth, challenge).attempts == refused - 1 + len(whole(auth))
        assert slot.failures == (0 if whole(auth) else refused)
        if slot.failures == 2:
            assert isinstance(refusal(fulfil(pending, challenge, right)(auth)), AttemptsExhausted)

    return Scenario(auth=auth, flows=flows, check=check)


last_guesses_with_the_right_one = partial(last_guesses, guesses=1, last="right")
last_guesses_of_three = partial(last_guesses, guesses=3)


def guesses_at_two_codes(store=MemoryStore):
    """One wrong code more is allowed; one comes for this code, and one for the next, from another session."""
    auth, earlier, asked = half(store, challenge_failures=2)
    refusal(fulfil(earlier, asked, wrong(derive(auth, asked)))(auth))
    other = log_in(auth)

    async def ask_and_guess(auth):
        newer = await auth.request_second_factor(other.token)
        return await fulfil(other, newer, wrong(derive(auth, newer)))(auth)

    flows = {"old": fulfil(earlier, asked, wrong(derive(auth, asked))), "new": ask_and_guess}

    def check(outcomes, auth):
        only(outcomes, CodeMismatch, AttemptsExhausted, ChallengeEnded)
        (slot,) = (slot for slot in kept(auth, ChallengeSlot) if slot.id.endswith("second-factor"))
        assert slot.failures == trail(auth).count(AuditKind.CODE_REFUSED) <= 2
        assert whole(auth) == []
        if not of(outcomes, Crashed):
            assert slot.failures == 2

    return Scenario(auth=auth, flows=flows, check=check)


# --- choosing, and sending again --------------------------------------------------------------------------------------


def two_choices(store=MemoryStore, *, devices=2):
    """The second factor is turned on and off at the same time, from two sessions or from one: one of them goes on."""
    auth, session = logged_in(store)
    other = log_in(auth) if devices > 1 else session

    flows = {
        "on": lambda auth: auth.change_second_factor(token=session.token, password=PASSWORD, required=True),
        "off": lambda auth: auth.change_second_factor(token=other.token, password=PASSWORD, required=False),
    }

    def check(outcomes, auth):
        only(outcomes, Issued, InvalidToken)
        (winner,) = took_place(outcomes, Issued)
        (account,) = kept(auth, Account)
        assert account.second_factor == (winner == "on")
        assert trail(auth).count(AuditKind.SECOND_FACTOR_CHANGED) == 1
        assert dead(auth, session.token)
        assert dead(auth, other.token)
        for name in of(outcomes, Issued):
            assert outcomes[name].session.requires_second_factor == (name == "on")
        assert opens(auth, PASSWORD)

    return Scenario(auth=auth, flows=flows, check=check)


two_choices_from_one_session = partial(two_choices, devices=1)


def login_during_choice(store=MemoryStore):
    """Somebody logs in by a password alone while the second factor is turned on: nobody is in by that afterwards."""
    auth, session = logged_in(store)
    flows = {
        "login": lambda auth: auth.log_in(identifier=ADA, password=PASSWORD),
        "on": lambda auth: auth.change_second_factor(token=session.token, password=PASSWORD, required=True),
    }

    def check(outcomes, auth):
        only(outcomes, Issued)
        on = happened(outcomes, "on", Issued)
        for each in (outcomes[name] for name in of(outcomes, Issued)):
            refused = refusal(auth.authenticate(each.token))
            assert (refused is not None) == on
        live = [each for each in kept(auth, AuthenticationSession) if each.epoch == kept(auth, Account)[0].epoch]
        assert all(each.requires_second_factor for each in live) or not on

    return Scenario(auth=auth, flows=flows, check=check)


def resending_during_answer(store=MemoryStore):
    """The code is sent once more while it is entered: nobody is sent a code that is spent."""
    auth, pending, challenge = half(store)
    flows = {
        "resend": lambda auth: auth.resend_code(challenge.token),
        "answer": fulfil(pending, challenge, derive(auth, challenge)),
    }

    def check(outcomes, auth):
        only({"resend": outcomes["resend"]}, TwoStepSession, ChallengeEnded)
        only({"answer": outcomes["answer"]}, Issued)
        assert len(whole(auth)) == happened(outcomes, "answer", Issued)
        ended = stored(auth, challenge)
        assert (ended.ended_as is SessionEnd.SPENT) == bool(whole(auth))
        assert ended.sendings == 1 + happened(outcomes, "resend", TwoStepSession)
        before = len(auth.courier.letters)
        do(auth.deliver_due())
        assert len(auth.courier.letters) - before == (0 if whole(auth) else ended.sendings)

    return Scenario(auth=auth, flows=flows, check=check)


def two_resendings(store=MemoryStore):
    """The last sending of a code is asked for twice."""
    auth, _, challenge = half(store, code_sendings=2)
    resend = lambda auth: auth.resend_code(challenge.token)  # noqa: E731  it is no function here

    def check(outcomes, auth):
        only(outcomes, TwoStepSession, ResendLimit)
        assert len(took_place(outcomes, TwoStepSession)) == 1
        assert stored(auth, challenge).sendings == 2
        before = len(auth.courier.letters)
        do(auth.deliver_due())
        assert len(auth.courier.letters) - before == 2

    return Scenario(auth=auth, flows={"a": resend, "b": resend}, check=check)


# --- a limit, and the password once more ------------------------------------------------------------------------------


def two_logins_at_the_limit(store=MemoryStore, *, logins=2, limit=1):
    """Several log in at the same time where there is no more room: all get in, and no more than the limit stay."""
    auth, laptop = logged_in(store, sessions_per_account=limit)
    flows = {name: lambda auth: auth.log_in(identifier=ADA, password=PASSWORD) for name in "abc"[:logins]}

    def check(outcomes, auth):
        only(outcomes, Issued)
        entered = len(took_place(outcomes, Issued))
        counting = [each for each in sessions(auth) if each.ended_at is None]
        assert len(counting) == min(limit, entered + 1)
        assert trail(auth).count(AuditKind.SESSION_DISPLACED) == entered + 1 - len(counting)
        assert count(auth, *(outcomes[name].token for name in of(outcomes, Issued))) <= limit
        assert dead(auth, laptop.token) == (entered >= limit)

    return Scenario(auth=auth, flows=flows, check=check)


three_logins_at_the_limit = partial(two_logins_at_the_limit, logins=3, limit=2)


def login_at_the_limit_during(end, *, store=MemoryStore):
    """Somebody logs in where there is no more room, while something happens to the session that would have to go."""
    auth, laptop = logged_in(store, sessions_per_account=2)
    phone = log_in(auth)
    flows = {
        "login": lambda auth: auth.log_in(identifier=ADA, password=PASSWORD),
        "end": lambda auth: end(auth, laptop),
    }

    def check(outcomes, auth):
        only({"login": outcomes["login"]}, Issued)
        only({"end": outcomes["end"]}, Identified, InvalidToken, bool)
        newer = [outcomes[name] for name in of(outcomes, Issued)]
        assert count(auth, *(each.token for each in newer)) == len(newer)
        counting = [each for each in sessions(auth) if each.ended_at is None]
        assert len(counting) <= 2
        displaced = [each for each in sessions(auth) if each.ended_as is SessionEnd.DISPLACED]
        assert {each.id for each in displaced} <= {laptop.session.id, phone.session.id}
        assert len(displaced) == trail(auth).count(AuditKind.SESSION_DISPLACED) <= 1
        if displaced:
            assert len(counting) == 2  # nobody has to go without need

    return Scenario(auth=auth, flows=flows, check=check)


def login_at_the_limit_during_rotation(store=MemoryStore):
    """The session that would have to go is renewed: it was used now, and another one goes."""
    return login_at_the_limit_during(lambda auth, laptop: auth.identify(laptop.token), store=store)


def login_at_the_limit_during_logout(store=MemoryStore):
    """The session that would have to go is logged out: then there is room."""
    return login_at_the_limit_during(lambda auth, laptop: auth.log_out(laptop.token), store=store)


def two_codes_at_the_limit(store=MemoryStore):
    """A code makes a session whole, and another session is opened, where there is room for one: one stays."""
    auth, pending, challenge = half(store, sessions_per_account=1)
    flows = {
        "fulfil": fulfil(pending, challenge, derive(auth, challenge)),
        "login": lambda auth: auth.log_in(identifier=ADA, password=PASSWORD),
    }

    def check(outcomes, auth):
        only({"fulfil": outcomes["fulfil"]}, Issued, InvalidToken)
        only({"login": outcomes["login"]}, Issued)
        open_now = [each for each in sessions(auth) if each.ended_at is None]
        assert sorted(each.requires_second_factor for each in open_now) in ([False], [True], [False, True])
        for name in of(outcomes, InvalidToken):
            assert stored(auth, pending).ended_as is SessionEnd.DISPLACED, name

    return Scenario(auth=auth, flows=flows, check=check)


def reauthentication_during(end, kinds, store=MemoryStore, *, lasting=False):
    """The password is given once more while something happens to the session: one goes on, or none.

    What is `lasting` ends whatever there is, before or after; everything else concerns the old session alone.
    """
    auth, old = logged_in(store)
    other = log_in(auth)
    flows = {
        "again": lambda auth: auth.reauthenticate(token=old.token, password=PASSWORD),
        "end": lambda auth: end(auth, old, other),
    }

    def check(outcomes, auth):
        only({"again": outcomes["again"]}, Issued, InvalidToken)
        only({"end": outcomes["end"]}, *kinds)
        again = happened(outcomes, "again", Issued)
        ended = lasting and happened(outcomes, "end", Account)
        newer = [outcomes[name].token for name in of({"again": outcomes["again"]}, Issued)]
        assert count(auth, *newer) == (0 if ended else len(newer))
        tokens = [old.token, *(each.token for each in renewals(outcomes))]
        assert not again or all(dead(auth, token) for token in tokens)
        live = [each for each in sessions(auth) if each.ended_at is None and each.id != other.session.id]
        assert len(live) <= 1

    return Scenario(auth=auth, flows=flows, check=check)


def reauthentication_during_rotation(store=MemoryStore):
    """The old session is renewed meanwhile."""
    return reauthentication_during(lambda auth, old, _: auth.identify(old.token), (Identified, InvalidToken), store)


def reauthentication_during_logout(store=MemoryStore):
    """The old session is logged out meanwhile."""
    return reauthentication_during(lambda auth, old, _: auth.log_out(old.token), (bool,), store)


def reauthentication_during_revocation(store=MemoryStore):
    """The old session is ended from another device meanwhile."""
    return reauthentication_during(
        lambda auth, old, other: auth.revoke_session(other.token, session=session_digest(old.session.id)),
        (AuthenticationSession, StateUnchanged),
        store,
    )


def reauthentication_during_disabling(store=MemoryStore):
    """The account is disabled meanwhile."""
    return reauthentication_during(
        lambda auth, old, _: auth.disable_account(old.session.account_id), (Account,), store, lasting=True
    )


def two_reauthentications(store=MemoryStore):
    """The password is given twice at the same time: one goes on."""
    return reauthentication_during(
        lambda auth, old, _: auth.reauthenticate(token=old.token, password=PASSWORD), (Issued, InvalidToken), store
    )
