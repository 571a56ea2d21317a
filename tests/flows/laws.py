"""What holds wherever two flows have met, whoever was first and whoever crashed.  No law knows which two they were."""

import itertools
from collections import Counter

from authcore.audit import session_digest
from authcore.entities import (
    Account,
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
from authcore.errors import CodeMismatch
from authcore.testing import Crashed
from tests.flows.meetings import flows_of
from tests.flows.people import ADA, NEW_PASSWORD, OTHER_PASSWORD, PASSWORD, derive, refusal, wrong
from tests.flows.scenarios import names_agree, opens
from tests.flows.turns import ending, in_turn


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
    """A name has one holder, and whoever shows it holds it."""
    names_agree(after.auth)


def addresses_are_proven_by_codes(after):
    """An account is verified, and its address proven, if and only if a code to that address was accepted."""
    accepted = {event.account_id for event in after.told(AuditKind.CODE_ACCEPTED) if event.reason == "verify"}
    accounts = after.all(Account)
    assert accepted == {account.id for account in accounts if account.verified_at is not None}
    assert accepted == {claim.account_id for claim in after.all(Identifier) if claim.proven_at is not None}
    assert not any(account.decoy for account in accounts if account.id in accepted)


def epochs_are_told(after):
    """An account's epoch counts its registrations and its changes of password."""
    told = Counter(event.account_id for event in after.told(AuditKind.REGISTERED, AuditKind.PASSWORD_CHANGED))
    assert told == {account.id: account.epoch for account in after.all(Account)}


def one_password_opens(after):
    """The new password opens the account if the trail tells of a change, and the old one if not; no other one does."""
    right = NEW_PASSWORD if after.told(AuditKind.PASSWORD_CHANGED) else PASSWORD
    assert [each for each in (PASSWORD, NEW_PASSWORD, OTHER_PASSWORD) if opens(after.auth, each, ADA)] == [right]


def sessions_are_told(after):
    """Each session began by one event of the trail, and was closed by one if it was closed."""
    sessions = after.all(AuthenticationSession)
    began = after.told(AuditKind.LOGGED_IN, AuditKind.PASSWORD_CHANGED)
    closed = [session for session in sessions if session.ended_as is SessionEnd.CLOSED]
    assert Counter(event.session for event in began) == _digests(sessions)
    assert Counter(event.session for event in after.told(AuditKind.LOGGED_OUT)) == _digests(closed)


def sessions_end_once(after):
    """A session is written when it begins, and once more when it ends."""
    for session in after.all(AuthenticationSession):
        assert (session.ended_at is None) == (session.ended_as is None)
        assert session.version == (1 if session.ended_at is None else 2)


def sessions_count_until_they_end(after):
    """A token is good as long as its session has not ended, and its account has the epoch under which it began."""
    now = {session.id: session for session in after.all(AuthenticationSession)}
    epochs = {account.id: account.epoch for account in after.all(Account)}
    for issued in after.held(AuthenticationSession):
        session = now[issued.session.id]
        counts = session.ended_at is None and session.epoch == epochs[session.account_id]
        assert (refusal(after.auth.authenticate(issued.token)) is None) == counts


def challenges_are_told(after):
    """Each challenge was opened by one event of the trail."""
    opened = after.told(AuditKind.REGISTERED, AuditKind.CODE_REQUESTED)
    assert Counter(event.session for event in opened) == _digests(after.all(TwoStepSession))


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
    """Of all challenges of one account for one purpose one is in the slot, and a guess at no other one is judged."""
    challenges = {challenge.id: challenge for challenge in after.all(TwoStepSession)}
    slots = {slot.id: challenges[slot.challenge_id] for slot in after.all(ChallengeSlot)}
    assert slots.keys() == {_slot_id(challenge) for challenge in challenges.values()}
    assert all(name == _slot_id(challenge) for name, challenge in slots.items())
    for issued in after.held(TwoStepSession):
        if isinstance(_guess(after, issued), CodeMismatch):
            assert slots[_slot_id(issued.session)].id == issued.session.id


def messages_have_a_reason(after):
    """Each challenge of a real account has one message, to its own address, and each notice an event behind it."""
    decoys = {account.id for account in after.all(Account) if account.decoy}
    codes = [message for message in after.all(Message) if message.kind is MessageKind.CODE]
    assert Counter((message.session_id, message.account_id, message.destination) for message in codes) == Counter(
        (challenge.id, challenge.account_id, challenge.destination)
        for challenge in after.all(TwoStepSession)
        if challenge.account_id not in decoys
    )
    notices = Counter(message.kind for message in after.all(Message) if message.kind is not MessageKind.CODE)
    assert notices[MessageKind.PASSWORD_CHANGED] == len(after.told(AuditKind.PASSWORD_CHANGED))
    assert notices[MessageKind.ALREADY_REGISTERED] == sum(
        event.account_id in decoys for event in after.told(AuditKind.REGISTERED)
    )


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
    epochs_are_told,
    sessions_are_told,
    sessions_end_once,
    challenges_are_told,
    guesses_are_counted,
    failures_are_counted,
    messages_have_a_reason,
    roles_are_told,
    # These ask, and so leave traces.
    sessions_count_until_they_end,
    one_challenge_counts,
    one_password_opens,
)


def _instead(flow, answer):
    """What a flow is answered in turn, if this is what it may be answered in between."""
    return [later.code for between, later in flow.instead.items() if between.code == answer]


def _digests(sessions):
    return Counter(session_digest(session.id) for session in sessions)


def _slot_id(challenge):
    return f"{challenge.account_id}:{challenge.purpose}"


def _guess(after, issued):
    """What a wrong code is told."""
    challenge, code = issued.session, wrong(derive(after.auth, issued))
    if challenge.session_id is None:
        return refusal(after.auth.verify_account(challenge=issued.token, code=code))
    asking = next(each for each in after.held(object) if each.session.id == challenge.session_id)
    return refusal(
        after.auth.answer_two_step(token=asking.token, challenge=issued.token, purpose=challenge.purpose, code=code)
    )
