"""Pairs of flows at the same time, and what must hold afterwards, whoever was first.  They are run in test_orders.

Each scenario takes the kind of store it is played on, so that one that breaks a law can be put in its place.
"""

from collections import Counter
from dataclasses import replace
from functools import partial

from authcore.auth import Issued
from authcore.entities import Account, AuditEvent, AuditKind, ChallengeSlot, Grant, Identifier, MessageState
from authcore.errors import (
    AttemptsExhausted,
    AuthError,
    ChallengeEnded,
    CodeMismatch,
    InvalidCredentials,
    InvalidToken,
    PasswordMismatch,
    RoleMismatch,
    UsernameTaken,
)
from authcore.identifiers import canonicalise
from authcore.memory import MemoryStore
from authcore.policy import Policy
from authcore.principal import Principal
from authcore.testing import Crashed, Scenario, build_auth
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    challenges,
    code_to,
    derive,
    do,
    join,
    kept,
    log_in,
    messages,
    refusal,
    register,
    role,
    stored,
    with_foreign_hash,
    wrong,
)


def empty(store=MemoryStore, **parts):
    """A world with nobody in it."""
    return build_auth(store=store(), hasher=QuickHasher(), **parts)


def only(outcomes, *kinds):
    """Every flow came to an end of one of these kinds, or crashed."""
    for outcome in outcomes.values():
        assert isinstance(outcome, (*kinds, Crashed)), repr(outcome)


def of(outcomes, kind):
    """The names of the flows that ended so."""
    return [name for name, outcome in outcomes.items() if isinstance(outcome, kind)]


def took_place(outcomes, kind):
    """The names of the flows that ended so, or may have: they crashed after their commit."""
    late = [name for name, outcome in outcomes.items() if isinstance(outcome, Crashed) and outcome.after_commit]
    return of(outcomes, kind) + late


def opens(auth, password, identifier=ADA):
    """Whether a password is right; standing does not matter here."""
    return not isinstance(refusal(auth.log_in(identifier=identifier, password=password)), InvalidCredentials)


def trail(auth):
    """What happened, in the order of its commits."""
    return [event.kind for event in kept(auth, AuditEvent)]


def names_agree(auth):
    """What claims a name and what shows it say the same: no name has two holders, and none is shown without a claim."""
    claims = [(claim.id, claim.account_id) for claim in kept(auth, Identifier) if claim.account_id is not None]
    shown = []
    for account in kept(auth, Account):
        for kind, text in (("email", account.email), ("phone", account.phone), ("username", account.username)):
            if text is not None:
                decoy = "decoy:" if account.decoy and kind != "username" else ""
                shown.append((decoy + canonicalise(kind, text).id, account.id))
    assert sorted(claims) == sorted(shown)


# --- registering ------------------------------------------------------------------------------------------------------


def same_address(store=MemoryStore, usernames=(None, None)):
    """Two people register one address at the same time, or one of them twice."""
    auth = empty(store)
    flows = {
        "a": lambda auth: auth.register(email=ADA, password=PASSWORD, username=usernames[0]),
        "b": lambda auth: auth.register(email=ADA, password=OTHER_PASSWORD, username=usernames[1]),
    }

    def check(outcomes, auth):
        only(outcomes, Issued)
        (account,) = kept(auth, Account)
        names_agree(auth)
        (slot,) = kept(auth, ChallengeSlot)
        newest = next(challenge for challenge in challenges(auth) if challenge.id == slot.challenge_id)
        code = derive(auth, Issued(newest, ""))
        whose = [name for name in of(outcomes, Issued) if outcomes[name].session.id == newest.id]
        if whose:
            assert do(auth.verify_account(challenge=outcomes[whose[0]].token, code=code)).id == account.id
            assert opens(auth, {"a": PASSWORD, "b": OTHER_PASSWORD}[whose[0]])
            assert not opens(auth, {"b": PASSWORD, "a": OTHER_PASSWORD}[whose[0]])

    return Scenario(auth=auth, flows=flows, check=check)


same_address_with_usernames = partial(same_address, usernames=("ada", "lovelace"))
same_form_twice = partial(same_address, usernames=("ada", "ada"))


def same_form_twice_again(store=MemoryStore):
    """Somebody who has registered before sends the form again, twice at once."""
    scenario = same_form_twice(store)
    register(scenario.auth, username="ada")
    return scenario


def same_taken_address(store=MemoryStore):
    """Two strangers register a taken address at the same time."""
    auth = empty(store)
    account = join(auth, username="ada")
    flows = {
        "a": lambda auth: auth.register(email=ADA, password=NEW_PASSWORD, username="x"),
        "b": lambda auth: auth.register(email=ADA, password=OTHER_PASSWORD, username="y"),
    }

    def check(outcomes, auth):
        only(outcomes, Issued)
        assert [each.id for each in kept(auth, Account) if not each.decoy] == [account.id]
        assert len(kept(auth, Account)) == 2
        names_agree(auth)
        assert opens(auth, PASSWORD)

    return Scenario(auth=auth, flows=flows, check=check)


def same_username(store=MemoryStore):
    """Two people register one username under different addresses."""
    auth = empty(store)
    flows = {
        "a": lambda auth: auth.register(email=ADA, password=PASSWORD, username="countess"),
        "b": lambda auth: auth.register(email=BOB, password=PASSWORD, username="Countess"),
    }

    def check(outcomes, auth):
        only(outcomes, Issued)
        assert len(kept(auth, Account)) == len(took_place(outcomes, Issued))
        assert len([account for account in kept(auth, Account) if account.username]) == 1
        names_agree(auth)

    return Scenario(auth=auth, flows=flows, check=check)


def username_proven(store=MemoryStore):
    """Somebody proves her address while somebody else wants the username that she registered with."""
    auth = empty(store)
    challenge = register(auth, ADA, username="countess")
    code = derive(auth, challenge)
    flows = {
        "owner": lambda auth: auth.verify_account(challenge=challenge.token, code=code),
        "other": lambda auth: auth.register(email=BOB, password=OTHER_PASSWORD, username="countess"),
    }

    def check(outcomes, auth):
        only(outcomes, Account, Issued, UsernameTaken)
        assert not isinstance(outcomes["owner"], UsernameTaken)
        names_agree(auth)
        if not of(outcomes, Crashed):
            (hers,) = [account for account in kept(auth, Account) if account.email == ADA]
            assert hers.verified_at is not None
            assert (hers.username is None) == isinstance(outcomes["other"], Issued)

    return Scenario(auth=auth, flows=flows, check=check)


def username_set_free(store=MemoryStore):
    """Somebody drops a username while somebody else wants it."""
    auth = empty(store)
    register(auth, ADA, username="countess")
    flows = {
        "a": lambda auth: auth.register(email=ADA, password=PASSWORD, username="ada"),
        "b": lambda auth: auth.register(email=BOB, password=PASSWORD, username="countess"),
    }

    def check(outcomes, auth):
        only(outcomes, Issued, UsernameTaken)
        assert not isinstance(outcomes["a"], UsernameTaken)
        names_agree(auth)

    return Scenario(auth=auth, flows=flows, check=check)


# --- proving an address -----------------------------------------------------------------------------------------------


def guesses(store=MemoryStore, last="wrong"):
    """Three answers to one challenge that allows two: wrong ones, or a right one among them."""
    auth = empty(store, policy=Policy(code_attempts=2))
    challenge = register(auth)
    right = derive(auth, challenge)

    def guess(code):
        return lambda auth: auth.verify_account(challenge=challenge.token, code=code)

    flows = {"a": guess(wrong(right)), "b": guess(wrong(right)), "c": guess(wrong(right) if last == "wrong" else right)}

    def check(outcomes, auth):
        only(outcomes, CodeMismatch, AttemptsExhausted, ChallengeEnded, Account)
        after = stored(auth, challenge)
        refused = Counter(event.kind for event in kept(auth, AuditEvent))[AuditKind.CODE_REFUSED]
        succeeded = kept(auth, Account)[0].verified_at is not None
        assert refused + succeeded == after.attempts <= 2
        assert succeeded == bool(took_place({"c": outcomes["c"]}, Account)) or isinstance(outcomes["c"], Crashed)
        assert len(of(outcomes, CodeMismatch)) <= 1
        if not of(outcomes, Crashed):
            assert after.ended_as == ("spent" if succeeded else "exhausted")

    return Scenario(auth=auth, flows=flows, check=check)


guesses_with_a_right_one = partial(guesses, last="right")


def last_guess(store=MemoryStore):
    """The only attempt is made twice: by a wrong code, and by the right one."""
    auth = empty(store, policy=Policy(code_attempts=1))
    challenge = register(auth)
    right = derive(auth, challenge)
    flows = {
        "wrong": lambda auth: auth.verify_account(challenge=challenge.token, code=wrong(right)),
        "right": lambda auth: auth.verify_account(challenge=challenge.token, code=right),
    }

    def check(outcomes, auth):
        only(outcomes, AttemptsExhausted, ChallengeEnded, Account)
        after = stored(auth, challenge)
        (account,) = kept(auth, Account)
        assert after.attempts == 1
        assert after.ended_as == ("exhausted" if account.verified_at is None else "spent")

    return Scenario(auth=auth, flows=flows, check=check)


def right_answers(store=MemoryStore):
    """The right code is entered twice at the same time."""
    auth = empty(store)
    challenge = register(auth)
    code = derive(auth, challenge)
    answer = lambda auth: auth.verify_account(challenge=challenge.token, code=code)  # noqa: E731  it is no function here

    def check(outcomes, auth):
        only(outcomes, Account, ChallengeEnded)
        assert len(took_place(outcomes, Account)) == 1
        assert kept(auth, Account)[0].verified_at is not None
        assert stored(auth, challenge).attempts == 1

    return Scenario(auth=auth, flows={"a": answer, "b": answer}, check=check)


def right_two_step_answers(store=MemoryStore):
    """A code of the application is entered twice at the same time."""
    auth = empty(store)
    join(auth)
    session = log_in(auth)
    challenge = do(auth.request_two_step(token=session.token, purpose="pay"))
    code = derive(auth, challenge)

    def answer(auth):
        return auth.answer_two_step(token=session.token, challenge=challenge.token, purpose="pay", code=code)

    def check(outcomes, auth):
        only(outcomes, type(challenge.session), ChallengeEnded)
        assert len(took_place(outcomes, type(challenge.session))) == 1

    return Scenario(auth=auth, flows={"a": answer, "b": answer}, check=check)


def newest_codes(store=MemoryStore):
    """A session asks for two codes for one purpose at the same time."""
    auth = empty(store)
    join(auth)
    session = log_in(auth)

    def ask(auth):
        return auth.request_two_step(token=session.token, purpose="pay")

    def check(outcomes, auth):
        only(outcomes, Issued)
        answers = [
            refusal(
                auth.answer_two_step(
                    token=session.token,
                    challenge=outcomes[name].token,
                    purpose="pay",
                    code=derive(auth, outcomes[name]),
                )
            )
            for name in of(outcomes, Issued)
        ]
        assert answers.count(None) == 1 or (of(outcomes, Crashed) and answers.count(None) == 0)

    return Scenario(auth=auth, flows={"a": ask, "b": ask}, check=check)


def stranger_registers_while_owner_verifies(store=MemoryStore):
    """The owner enters her code while a stranger registers her address anew."""
    auth = empty(store)
    challenge = register(auth)
    code = code_to(auth)
    flows = {
        "owner": lambda auth: auth.verify_account(challenge=challenge.token, code=code),
        "stranger": lambda auth: auth.register(email=ADA, password=OTHER_PASSWORD, username="eve"),
    }

    def check(outcomes, auth):
        only({"owner": outcomes["owner"]}, Account, ChallengeEnded)
        only({"stranger": outcomes["stranger"]}, Issued)
        names_agree(auth)
        (account,) = [each for each in kept(auth, Account) if not each.decoy]
        assert (account.verified_at is not None) == opens(auth, PASSWORD)
        assert not opens(auth, OTHER_PASSWORD)

    return Scenario(auth=auth, flows=flows, check=check)


def new_code_while_old_one_is_entered(store=MemoryStore):
    """A code is entered while another one is asked for."""
    auth = empty(store)
    challenge = register(auth)
    code = code_to(auth)
    flows = {
        "old": lambda auth: auth.verify_account(challenge=challenge.token, code=code),
        "new": lambda auth: auth.request_verification(challenge=challenge.token),
    }

    def check(outcomes, auth):
        only(outcomes, Account, ChallengeEnded, Issued)
        assert len(of(outcomes, ChallengeEnded)) <= 1
        (account,) = kept(auth, Account)
        if account.verified_at is None and isinstance(outcomes["new"], Issued):
            newer = outcomes["new"]
            verdict = refusal(auth.verify_account(challenge=newer.token, code=derive(auth, newer)))
            assert verdict is None or isinstance(outcomes["old"], Crashed)
        if not of(outcomes, Crashed):
            assert kept(auth, Account)[0].verified_at is not None

    return Scenario(auth=auth, flows=flows, check=check)


# --- sessions and passwords -------------------------------------------------------------------------------------------


def login_during_change(store=MemoryStore, *, rehash=False, foreign=False):
    """Somebody logs in by a password that is being changed; perhaps its hash is being replaced, too."""
    auth = empty(store)
    join(auth)
    session = log_in(auth)
    auth = with_foreign_hash(auth) if foreign else auth
    newer = QuickHasher(2) if rehash else auth.hasher
    flows = {
        "login": lambda auth: replace(auth, hasher=newer).log_in(identifier=ADA, password=PASSWORD),
        "change": lambda auth: auth.change_password(token=session.token, current=PASSWORD, new=NEW_PASSWORD),
    }

    def check(outcomes, auth):
        only(outcomes, Issued, InvalidCredentials)
        assert not isinstance(outcomes["change"], AuthError)
        changed = bool(took_place({"change": outcomes["change"]}, Issued))
        assert not changed or trail(auth)[-1] is AuditKind.PASSWORD_CHANGED
        assert (opens(auth, PASSWORD), opens(auth, NEW_PASSWORD)) == (not changed, changed)
        if isinstance(outcomes["login"], Issued):
            refused = refusal(auth.authenticate(outcomes["login"].token))
            assert isinstance(refused, InvalidToken) if changed else refused is None
        if isinstance(outcomes["change"], Issued):
            assert do(auth.authenticate(outcomes["change"].token))

    return Scenario(auth=auth, flows=flows, check=check)


rehash_during_change = partial(login_during_change, rehash=True)
upgrade_during_change = partial(login_during_change, foreign=True)


def two_rehashes(store=MemoryStore):
    """Two logins replace one old hash."""
    auth = empty(store)
    join(auth)
    auth = replace(auth, hasher=QuickHasher(2))

    def login(auth):
        return auth.log_in(identifier=ADA, password=PASSWORD)

    def check(outcomes, auth):
        only(outcomes, Issued)
        for name in of(outcomes, Issued):
            assert do(auth.authenticate(outcomes[name].token))
        assert opens(auth, PASSWORD)

    return Scenario(auth=auth, flows={"a": login, "b": login}, check=check)


def two_changes(store=MemoryStore, *, devices=1):
    """A password is changed twice at the same time, from one device or from two."""
    auth = empty(store)
    join(auth)
    sessions = [log_in(auth) for _ in range(devices)]
    flows = {
        "a": lambda auth: auth.change_password(token=sessions[0].token, current=PASSWORD, new=NEW_PASSWORD),
        "b": lambda auth: auth.change_password(token=sessions[-1].token, current=PASSWORD, new=OTHER_PASSWORD),
    }

    def check(outcomes, auth):
        # PasswordMismatch: the session was read before the winner's commit, and the credential after it.
        only(outcomes, Issued, InvalidToken, PasswordMismatch)
        (winner,) = took_place(outcomes, Issued)
        right, lost = (NEW_PASSWORD, OTHER_PASSWORD) if winner == "a" else (OTHER_PASSWORD, NEW_PASSWORD)
        assert (opens(auth, right), opens(auth, lost), opens(auth, PASSWORD)) == (True, False, False)
        assert all(isinstance(refusal(auth.authenticate(each.token)), InvalidToken) for each in sessions)
        for name in of(outcomes, Issued):
            assert do(auth.authenticate(outcomes[name].token))

    return Scenario(auth=auth, flows=flows, check=check)


two_changes_on_two_devices = partial(two_changes, devices=2)


def use_during_logout(store=MemoryStore, *, whole_callers=True):
    """A session is used while it is logged out."""
    auth = empty(store)
    join(auth)
    session = log_in(auth)
    flows = {"out": lambda auth: auth.log_out(session.token), "use": lambda auth: auth.authenticate(session.token)}

    def check(outcomes, auth):
        only(outcomes, bool, Principal, InvalidToken)
        refused = refusal(auth.authenticate(session.token))
        assert isinstance(refused, InvalidToken) == bool(took_place({"out": outcomes["out"]}, bool))

    return Scenario(auth=auth, flows=flows, check=check, whole_callers=whole_callers)


use_during_logout_in_steps = partial(use_during_logout, whole_callers=False)


def two_logouts(store=MemoryStore):
    """A session is logged out twice at the same time."""
    auth = empty(store)
    join(auth)
    session = log_in(auth)

    def out(auth):
        return auth.log_out(session.token)

    def check(outcomes, auth):
        only(outcomes, bool)
        if not of(outcomes, Crashed):
            assert sorted(outcomes.values()) == [False, True]
        assert Counter(event.kind for event in kept(auth, AuditEvent))[AuditKind.LOGGED_OUT] == 1

    return Scenario(auth=auth, flows={"a": out, "b": out}, check=check)


def login_in_place_of_a_session_during_logout(store=MemoryStore):
    """Somebody logs in again on a device, while the session that it had is logged out."""
    return _login_in_place_while(store, lambda auth, former: auth.log_out(former.token))


def two_logins_in_place_of_a_session(store=MemoryStore):
    """A login form is sent twice, from a device that had a session."""
    return _login_in_place_while(store, _log_in_in_place)


def login_in_place_of_a_session_during_change(store=MemoryStore):
    """Somebody logs in again on a device, while the session that it had changes the password."""
    return _login_in_place_while(
        store, lambda auth, former: auth.change_password(token=former.token, current=PASSWORD, new=NEW_PASSWORD)
    )


def _log_in_in_place(auth, former):
    return auth.log_in(identifier=ADA, password=PASSWORD, former=former.token)


def _login_in_place_while(store, meanwhile):
    """A login takes the place of a session while something else ends it: it ends once, and for good."""
    auth = empty(store)
    join(auth)
    former = log_in(auth)
    flows = {"login": lambda auth: _log_in_in_place(auth, former), "other": lambda auth: meanwhile(auth, former)}

    def check(outcomes, auth):
        only(outcomes, Issued, bool, InvalidCredentials, InvalidToken)
        if not of(outcomes, Crashed):
            assert isinstance(refusal(auth.authenticate(former.token)), InvalidToken)
            # Once when it began, and once when it ended: a second end would be a third writing.
            assert stored(auth, former.session).version == 2

    return Scenario(auth=auth, flows=flows, check=check)


def answer_during_change(store=MemoryStore):
    """A code of the application is entered on one device while the password is changed on another one."""

    def change(auth, _, other):
        return auth.change_password(token=other.token, current=PASSWORD, new=NEW_PASSWORD)

    return _answer_while(store, AuditKind.PASSWORD_CHANGED, change)


def answer_during_logout(store=MemoryStore):
    """A code of the application is entered while its session is logged out."""
    return _answer_while(store, AuditKind.LOGGED_OUT, lambda auth, session, _: auth.log_out(session.token))


def _answer_while(store, kind, end):
    """A code of the application is entered while something happens that ends it: it counts before, and never after."""
    auth = empty(store)
    join(auth)
    session, other = log_in(auth), log_in(auth)
    challenge = do(auth.request_two_step(token=session.token, purpose="pay"))
    code = derive(auth, challenge)
    flows = {
        "answer": lambda auth: auth.answer_two_step(
            token=session.token, challenge=challenge.token, purpose="pay", code=code
        ),
        "end": lambda auth: end(auth, session, other),
    }

    def check(outcomes, auth):
        only(outcomes, type(challenge.session), Issued, bool, InvalidToken, ChallengeEnded)
        told = trail(auth)
        if kind in told:
            assert AuditKind.CODE_ACCEPTED not in told[told.index(kind) :]

    return Scenario(auth=auth, flows=flows, check=check)


def change_after_logout(store=MemoryStore):
    """A session is logged out while it changes the password."""
    auth = empty(store)
    join(auth)
    session = log_in(auth)
    flows = {
        "out": lambda auth: auth.log_out(session.token),
        "change": lambda auth: auth.change_password(token=session.token, current=PASSWORD, new=NEW_PASSWORD),
    }

    def check(outcomes, auth):
        only(outcomes, bool, Issued, InvalidToken)
        assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
        ended = stored(auth, session).ended_as
        if not of(outcomes, Crashed):
            assert (outcomes["out"], ended) == ((False, "superseded") if of(outcomes, Issued) else (True, "closed"))
        if ended == "closed":
            assert opens(auth, PASSWORD)

    return Scenario(auth=auth, flows=flows, check=check)


# --- roles ------------------------------------------------------------------------------------------------------------


def assign_and_withdraw(store=MemoryStore, *, given=False):
    """A role is given and taken at the same time."""
    auth = empty(store)
    account = join(auth)
    session = log_in(auth)
    if given:
        do(auth.assign_role(account_id=account.id, role="editor", permissions=["article"]))
    flows = {
        "give": lambda auth: auth.assign_role(account_id=account.id, role="editor", permissions=["article"]),
        "take": lambda auth: auth.withdraw_role(account_id=account.id, role="editor"),
    }

    def check(outcomes, auth):
        only(outcomes, Grant, bool)
        told = Counter(event.kind for event in kept(auth, AuditEvent))
        has = do(auth.authenticate(session.token)).roles == ("editor",)
        assert told[AuditKind.ROLE_ASSIGNED] - told[AuditKind.ROLE_WITHDRAWN] == has
        if outcomes["take"] is False:
            assert has or isinstance(outcomes["give"], Crashed)

    return Scenario(auth=auth, flows=flows, check=check)


assign_and_withdraw_what_was_given = partial(assign_and_withdraw, given=True)


def two_definitions(store=MemoryStore):
    """One new role is given to two accounts, with different permissions."""
    auth = empty(store)
    ada, bob = join(auth, ADA), join(auth, BOB)
    flows = {
        "a": lambda auth: auth.assign_role(account_id=ada.id, role="editor", permissions=["article:read"]),
        "b": lambda auth: auth.assign_role(account_id=bob.id, role="editor", permissions=["article"]),
    }

    def check(outcomes, auth):
        only(outcomes, Grant, RoleMismatch)
        (winner,) = took_place(outcomes, Grant)
        assert role(auth, "editor").permissions == (("article:read",) if winner == "a" else ("article",))
        assert [grant.account_id for grant in kept(auth, Grant)] == [ada.id if winner == "a" else bob.id]

    return Scenario(auth=auth, flows=flows, check=check)


# --- delivery ---------------------------------------------------------------------------------------------------------


def two_deliverers(store=MemoryStore):
    """Two processes deliver what is due."""
    auth = empty(store)
    register(auth)

    def deliver(auth):
        return auth.deliver_due()

    def check(outcomes, auth):
        only(outcomes, int)
        assert len(auth.courier.letters) == 1 or (of(outcomes, Crashed) and not auth.courier.letters)
        if not of(outcomes, Crashed):
            assert sum(outcomes.values()) == 1
        # Whatever was left half done is done in the end, and nobody gets a third letter.
        auth.clock.advance(auth.policy.message_lease)
        do(auth.deliver_due())
        assert 1 <= len(auth.courier.letters) <= (2 if of(outcomes, Crashed) else 1)
        assert [message.state for message in messages(auth)] == [MessageState.SENT]

    return Scenario(auth=auth, flows={"a": deliver, "b": deliver}, check=check)


def delivery_during_answer(store=MemoryStore):
    """A code is delivered while it is entered already."""
    auth = empty(store)
    challenge = register(auth)
    code = derive(auth, challenge)
    flows = {
        "deliver": lambda auth: auth.deliver_due(),
        "answer": lambda auth: auth.verify_account(challenge=challenge.token, code=code),
    }

    def check(outcomes, auth):
        only(outcomes, int, Account)
        assert len(auth.courier.letters) <= 1
        if not of(outcomes, Crashed):
            (message,) = messages(auth)
            assert message.state == (MessageState.SENT if auth.courier.letters else MessageState.DISCARDED)

    return Scenario(auth=auth, flows=flows, check=check)
