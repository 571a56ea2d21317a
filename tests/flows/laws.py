"""What holds wherever two flows have met, whoever was first and whoever crashed.  No law knows which two they were."""

import itertools
from collections import Counter

from authcore.audit import session_digest
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    ChallengeSlot,
    Grant,
    Identifier,
    Message,
    MessageKind,
    SessionEnd,
    TwoStepSession,
)
from authcore.errors import AccountDeleted, AccountDisabled, CodeMismatch, InvalidCredentials, SecondFactorRequired
from authcore.identifiers import IdentifierKind, canonicalise
from authcore.testing import Crashed
from authcore.tokens import TokenKind
from tests.flows.furnished import furnished
from tests.flows.meetings import flows_of
from tests.flows.people import NEW_PASSWORD, OTHER_PASSWORD, PASSWORD, derive, do, refusal, wrong
from tests.flows.scenarios import opens
from tests.flows.turns import ending, in_turn

EPOCHS = (
    AuditKind.REGISTERED,
    AuditKind.PASSWORD_CHANGED,
    AuditKind.SECOND_FACTOR_CHANGED,
    AuditKind.ADDRESS_CHANGED,
    AuditKind.ADDRESS_LOST,
    AuditKind.SESSIONS_REVOKED,
    AuditKind.ACCOUNT_DISABLED,
    AuditKind.ACCOUNT_ENABLED,
    AuditKind.ACCOUNT_DELETED,
    AuditKind.ACCOUNT_RESTORED,
    AuditKind.ACCOUNT_CONFIRMED,
    AuditKind.EXTERNAL_IDENTITY_UNLINKED,
)
"""What begins a new epoch of an account."""

BEGINNINGS = (
    AuditKind.LOGGED_IN,
    AuditKind.FIRST_FACTOR_MET,
    AuditKind.REAUTHENTICATED,
    AuditKind.PASSWORD_CHANGED,
    AuditKind.ADDRESS_CHANGED,
    AuditKind.SECOND_FACTOR_CHANGED,
    AuditKind.SESSIONS_REVOKED,
)
"""What begins a session; the last two do so only where a person asked for it."""

NOTICES = {
    MessageKind.PASSWORD_CHANGED: (AuditKind.PASSWORD_CHANGED,),
    MessageKind.SECOND_FACTOR_CHANGED: (AuditKind.SECOND_FACTOR_CHANGED,),
    MessageKind.ADDRESS_CHANGED: (AuditKind.ADDRESS_CHANGED,),
    MessageKind.EXTERNAL_IDENTITY_CHANGED: (
        AuditKind.EXTERNAL_IDENTITY_LINKED,
        AuditKind.EXTERNAL_IDENTITY_UNLINKED,
    ),
}
"""What an owner is told, whoever did it."""


def each_ends_as_the_table_says(after):
    """No flow fails, gives up, or is refused for a reason that the table does not know."""
    for name, flow in flows_of(after.pair).items():
        assert isinstance(after.outcomes[name], (*flow.ends, *flow.instead, Crashed)), repr(after.outcomes[name])


def it_is_as_if_one_came_after_the_other(after):
    """What is stored, to the last version, in what order, and what was answered: so it would be one after the other.

    A flow that crashed before its commit is as if it had never run; after its commit, as if nobody heard the answer.
    """
    heard = {name: end for name, end in after.outcomes.items() if not isinstance(end, Crashed)}
    ran = [name for name, end in after.outcomes.items() if name in heard or end.after_commit]
    answers, written = ending(heard, after.entities)
    possible = [in_turn(after.pair, turns) for turns in itertools.permutations(ran)]
    alike = [expected for expected, others in possible if written == others]
    assert alike, "\n".join(sorted(min((set(written) ^ set(others) for _, others in possible), key=len)))
    flows = flows_of(after.pair)
    assert any(
        all(expected[name] in {answer, *_instead(flows[name], answer)} for name, answer in answers.items())
        for expected in alike
    ), answers


def claims_and_display_copies_agree(after):
    """A name has one holder, and whoever shows it holds it, but for a deleted account that never proved to own it."""
    claims = [
        (claim.id, claim.account_id)
        for claim in after.all(Identifier)
        if claim.account_id is not None and claim.kind is not IdentifierKind.EXTERNAL
    ]
    shown = [
        (_claim_id(account, kind, text), account.id)
        for account in after.all(Account)
        if account.deleted_at is None or account.verified_at is not None
        for kind, text in (("email", account.email), ("phone", account.phone), ("username", account.username))
        if text is not None
    ]
    assert sorted(claims) == sorted(shown)


def addresses_are_proven_by_codes(after):
    """An account is verified, and its address proven, if and only if a code came back from there, or by a word."""
    proving = {"verify", "change-address"}
    accepted = {event.account_id for event in after.told(AuditKind.CODE_ACCEPTED) if event.reason in proving}
    accepted |= {event.account_id for event in after.told(AuditKind.ACCOUNT_CONFIRMED)}
    accounts = after.all(Account)
    assert accepted == {account.id for account in accounts if account.verified_at is not None}
    assert accepted == {claim.account_id for claim in after.all(Identifier) if claim.proven_at is not None}
    assert not any(account.decoy for account in accounts if account.id in accepted)


def identities_are_told(after):
    """An external identity has one owner: accounts have as many as were linked with them, and not unlinked."""
    balance = Counter(event.account_id for event in after.told(AuditKind.EXTERNAL_IDENTITY_LINKED))
    balance.subtract(event.account_id for event in after.told(AuditKind.EXTERNAL_IDENTITY_UNLINKED))
    owned = [claim.account_id for claim in after.all(Identifier) if claim.kind is IdentifierKind.EXTERNAL]
    assert +balance == Counter(owner for owner in owned if owner is not None)


def epochs_are_told(after):
    """An account's epoch counts all that has put an end to its sessions and challenges."""
    told = Counter(event.account_id for event in after.told(*EPOCHS))
    assert told == {account.id: account.epoch for account in after.all(Account)}


def states_are_told(after):
    """An account is disabled, or deleted, if it became so once more than it ceased to; and so is its second factor."""
    for account in after.all(Account):
        told = Counter(event.kind for event in after.all(AuditEvent) if event.account_id == account.id)
        for is_so, kind, back in (
            (account.disabled_at, AuditKind.ACCOUNT_DISABLED, AuditKind.ACCOUNT_ENABLED),
            (account.deleted_at, AuditKind.ACCOUNT_DELETED, AuditKind.ACCOUNT_RESTORED),
        ):
            assert told[kind] - told[back] == (is_so is not None)
        choices = [each for each in after.told(AuditKind.SECOND_FACTOR_CHANGED) if each.account_id == account.id]
        assert account.second_factor == (bool(choices) and choices[-1].reason == "on")


def one_password_opens(after):
    """The new password opens the account if the trail tells of a change, and the old one if not; no other one does.

    After an operator has asked for recovery, none does.
    """
    right = _password(after)
    opening = [each for each in (PASSWORD, NEW_PASSWORD, OTHER_PASSWORD) if opens(after.auth, each, "ada")]
    assert opening == ([] if right is None else [right])


def logins_pass_the_gate(after):
    """Nobody logs in to an account that is deleted or disabled, nor with a password alone where two factors are due."""
    (ada,) = (account for account in after.all(Account) if account.id == furnished().ada)
    try:
        issued = do(after.auth.log_in(identifier="ada", password=_password(after) or PASSWORD))
    except InvalidCredentials:
        assert _password(after) is None
    except AccountDeleted:
        assert ada.deleted_at is not None
    except AccountDisabled:
        assert ada.disabled_at is not None
    else:
        assert (ada.deleted_at, ada.disabled_at) == (None, None)
        told = refusal(after.auth.authenticate(issued.token))
        assert isinstance(told, SecondFactorRequired) if ada.second_factor else told is None


def sessions_are_told(after):
    """Each session of somebody began by one event of the trail, and ended by one if it was closed or revoked."""
    sessions = [session for session in after.all(AuthenticationSession) if session.account_id is not None]
    began = Counter(event.session for event in after.told(*BEGINNINGS) if event.session is not None)
    assert began == _digests(sessions)
    for kinds, ended_as in (
        ((AuditKind.LOGGED_OUT,), SessionEnd.CLOSED),
        ((AuditKind.SESSION_REVOKED, AuditKind.SESSION_REUSED), SessionEnd.REVOKED),
    ):
        ended = _digests(session for session in sessions if session.ended_as is ended_as)
        assert Counter(event.session for event in after.told(*kinds)) == ended


def sessions_end_once(after):
    """A session is written when it begins, at each rotation, when its newest token is first shown, and when it ends."""
    for session in after.all(AuthenticationSession):
        assert (session.ended_at is None) == (session.ended_as is None)
        written = session.generation + (session.presented_at is not None) + (session.ended_at is not None)
        assert session.version == written


def tokens_follow_one_another(after):
    """A session has one newest generation: nobody holds a later one, and whoever holds that one holds the same."""
    now = {session.id: session for session in after.all(AuthenticationSession)}
    newest = {}
    for issued in after.held(AuthenticationSession):
        token = _reference(after, issued)
        assert token.generation <= now[token.id].generation
        if token.generation == now[token.id].generation:
            assert newest.setdefault(token.id, token) == token


def pending_sessions_stay_pending(after):
    """A session that lacks its second factor has begun so, and lacks it for ever: a code opens another one."""
    began = {event.session: event for event in after.told(*BEGINNINGS)}
    for session in after.all(AuthenticationSession):
        if session.account_id is not None:
            event = began[session_digest(session.id)]
            lacking = event.kind is AuditKind.FIRST_FACTOR_MET or event.reason == "on"
            assert session.requires_second_factor == (lacking and "mfa" not in session.amr)


def sessions_count_until_they_end(after):
    """A token is good while its session has not ended, and its account may be used, in the epoch in which it began.

    Good for nobody in particular, or for meeting the second factor, where that is what its session is for.
    """
    counting = _counting(after)
    # The newest first, because an older one may be the end of it.
    for issued in sorted(after.held(AuthenticationSession), key=lambda issued: -issued.session.generation):
        session = counting.get(issued.session.id)
        told = refusal(after.auth.identify(issued.token, rotate=False))
        if session is not None and session.requires_second_factor:
            assert isinstance(told, SecondFactorRequired)
        elif session is None or not _is_stolen(after, issued, session):
            assert (told is None) == (session is not None)
        else:
            assert told is not None


def nothing_comes_back(after):
    """Whatever an operator takes back, no token that counted no more counts again, old or new."""
    counting = _counting(after)
    for back in (after.auth.restore_account, after.auth.enable_account):
        refusal(back(furnished().ada))
    for issued in after.held(AuthenticationSession):
        if issued.session.id not in counting:
            assert refusal(after.auth.refresh(issued.token)) is not None


def challenges_are_told(after):
    """Each challenge was opened, and sent each time, by one event of the trail."""
    asked = after.told(AuditKind.REGISTERED, AuditKind.CODE_REQUESTED)
    sent = {session_digest(challenge.id): challenge.sendings for challenge in after.all(TwoStepSession)}
    assert Counter(event.session for event in asked) == sent


def guesses_are_counted(after):
    """A challenge counts the guesses that the trail tells of, up to its limit, and ends by the one that decides."""
    refused = Counter(event.session for event in after.told(AuditKind.CODE_REFUSED))
    accepted = Counter(event.session for event in after.told(AuditKind.CODE_ACCEPTED))
    for challenge in after.all(TwoStepSession):
        digest = session_digest(challenge.id)
        assert refused[digest] + accepted[digest] == challenge.attempts <= challenge.max_attempts
        assert accepted[digest] == (challenge.ended_as is SessionEnd.SPENT)
        assert (refused[digest] == challenge.max_attempts) == (challenge.ended_as is SessionEnd.EXHAUSTED)


def failures_are_counted(after):
    """A slot counts the wrong codes of all its challenges since the last right one."""
    for slot in after.all(ChallengeSlot):
        failures = 0
        for event in after.told(AuditKind.CODE_REFUSED, AuditKind.CODE_ACCEPTED):
            if slot.id == f"{event.account_id}:{event.reason}":
                failures = failures + 1 if event.kind is AuditKind.CODE_REFUSED else 0
        assert slot.failures == failures
        assert (slot.failing_since is None) == (failures == 0)


def one_challenge_counts(after):
    """Of all challenges of one account for one purpose one is in the slot, and a guess at no other one is judged.

    But for recovery, which anybody may ask for: there a newer one ends no older one.
    """
    challenges = {challenge.id: challenge for challenge in after.all(TwoStepSession)}
    slots = {slot.id: challenges[slot.challenge_id] for slot in after.all(ChallengeSlot)}
    needed = {_slot_id(challenge) for challenge in challenges.values() if challenge.purpose != "recover"}
    assert {name for name in slots if not name.endswith(":recover")} == needed
    assert all(name == _slot_id(challenge) for name, challenge in slots.items())
    for issued in after.held(TwoStepSession):
        if isinstance(_guess(after, issued), CodeMismatch) and issued.session.purpose != "recover":
            assert slots[_slot_id(issued.session)].id == issued.session.id


def messages_have_a_reason(after):
    """Each sending of a code to a real account is a message to its own address, and each notice has an event behind it.

    Where somebody registers an address that is taken, or wants it for an account, its owner is told instead; but nobody
    is told who cannot log in.
    """
    decoys = {account.id for account in after.all(Account) if account.decoy}
    real = {account.id for account in after.all(Account) if not account.decoy}
    codes = [message for message in after.all(Message) if message.kind is MessageKind.CODE]
    coded = {message.session_id for message in codes}
    wanted = [challenge for challenge in after.all(TwoStepSession) if challenge.purpose == "change-address"]
    withheld = [challenge for challenge in wanted if challenge.id not in coded]
    expected = Counter()
    for challenge in after.all(TwoStepSession):
        # A request that is unheard is under no epoch.
        if challenge.account_id in real and challenge.epoch and challenge not in withheld:
            expected[challenge.id, challenge.account_id, challenge.destination] = challenge.sendings
    assert Counter((message.session_id, message.account_id, message.destination) for message in codes) == expected
    notices = Counter(message.kind for message in after.all(Message) if message.session_id is None)
    for kind, reasons in NOTICES.items():
        assert notices[kind] == len(after.told(*reasons))
    assert notices[MessageKind.ALREADY_REGISTERED] + notices[MessageKind.DECOY] == sum(
        event.account_id in decoys for event in after.told(AuditKind.REGISTERED)
    ) + len(withheld)


def roles_are_told(after):
    """An account has a role if and only if it was given once more than it was taken."""
    balance = Counter((event.account_id, event.reason) for event in after.told(AuditKind.ROLE_ASSIGNED))
    balance.subtract((event.account_id, event.reason) for event in after.told(AuditKind.ROLE_WITHDRAWN))
    assert balance == {(grant.account_id, grant.role): grant.deleted_at is None for grant in after.all(Grant)}


LAWS = (
    each_ends_as_the_table_says,
    it_is_as_if_one_came_after_the_other,
    claims_and_display_copies_agree,
    addresses_are_proven_by_codes,
    identities_are_told,
    epochs_are_told,
    states_are_told,
    sessions_are_told,
    sessions_end_once,
    tokens_follow_one_another,
    pending_sessions_stay_pending,
    challenges_are_told,
    guesses_are_counted,
    failures_are_counted,
    messages_have_a_reason,
    roles_are_told,
    # These ask, and so leave traces.
    sessions_count_until_they_end,
    one_challenge_counts,
    one_password_opens,
    logins_pass_the_gate,
    nothing_comes_back,
)


def _instead(flow, answer):
    """What a flow is answered in turn, if this is what it may be answered in between."""
    return [later.code for between, later in flow.instead.items() if between.code == answer]


def _digests(sessions):
    return Counter(session_digest(session.id) for session in sessions)


def _slot_id(challenge):
    return f"{challenge.account_id}:{challenge.purpose}"


def _claim_id(account, kind, text):
    decoy = "decoy:" if account.decoy and kind != "username" else ""
    return decoy + canonicalise(kind, text).id


def _password(after):
    """What opens the account by what the trail tells, if any password does."""
    changes = after.told(AuditKind.PASSWORD_CHANGED)
    if changes and changes[-1].reason == "required":
        return None
    return NEW_PASSWORD if changes else PASSWORD


def _reference(after, issued):
    """What a token says."""
    return after.auth._decode(TokenKind.AUTHENTICATION, issued.token)  # noqa: SLF001  no flow tells it


def _counting(after):
    """The sessions that have not ended, nor their epoch, of people who are not kept out."""
    usable = (account for account in after.all(Account) if (account.deleted_at, account.disabled_at) == (None, None))
    epochs = {account.id: account.epoch for account in usable} | {None: 0}
    sessions = after.all(AuthenticationSession)
    return {each.id: each for each in sessions if each.ended_at is None and each.epoch == epochs.get(each.account_id)}


def _is_stolen(after, issued, session):
    """Whether a token was shown too long after its successor."""
    shown_at = session.presented_at
    is_older = issued.session.generation < session.generation
    return is_older and shown_at is not None and after.auth.clock.now() >= shown_at + after.auth.policy.grace


def _guess(after, issued):
    """What a wrong code is told."""
    challenge, code = issued.session, wrong(derive(after.auth, issued))
    if challenge.purpose == "recover":
        return refusal(after.auth.recover(challenge=issued.token, code=code, new_password=NEW_PASSWORD))
    if challenge.session_id is None:
        return refusal(after.auth.verify_account(challenge=issued.token, code=code))
    asking = next(each.token for each in after.held(object) if each.session.id == challenge.session_id)
    if challenge.purpose == "change-address":
        return refusal(after.auth.confirm_address_change(token=asking, challenge=issued.token, code=code))
    if challenge.purpose == "second-factor":
        return refusal(after.auth.fulfil_second_factor(token=asking, challenge=issued.token, code=code))
    return refusal(
        after.auth.answer_two_step(token=asking, challenge=issued.token, purpose=challenge.purpose, code=code)
    )
