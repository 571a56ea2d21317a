"""Being recognised over time: tokens that follow one another, and sessions of nobody in particular."""

from datetime import timedelta

import pytest

from authcore.entities import AuditEvent, AuditKind, AuthenticationSession, SessionEnd
from authcore.errors import InvalidToken, NotAuthenticated, SessionClosed, SessionExpired, SessionRevoked
from authcore.principal import Anonymous, Principal
from tests.flows.people import (
    ADA,
    PASSWORD,
    change_password,
    do,
    join,
    kept,
    log_in,
    put,
    refusal,
    stored,
)

TICK = timedelta(microseconds=1)


@pytest.fixture(params=[0, 5], ids=["asking", "recalling"])
def revocation_within(request):
    """Whether each request asks the store, or goes by what was read before: in one process nobody can tell."""
    return timedelta(minutes=request.param)


@pytest.fixture
def session(auth):
    """Ada is logged in."""
    join(auth)
    return log_in(auth)


def rotated(auth, session):
    """Present a session's token when it is due, and return its successor."""
    auth.clock.advance(auth.policy.rotation)
    return do(auth.identify(session.token)).renewed


def claims(auth, token):
    """What a token says."""
    return auth.read_token(token)


# --- rotating ---------------------------------------------------------------------------------------------------------


def test_token_that_is_not_due_goes_on(auth, session):
    """Until a rotation is due a caller gets no new token, and a request costs one read and no write."""
    auth.clock.advance(auth.policy.rotation - TICK)
    auth.store.reads.clear()
    auth.store.commits.clear()
    found = do(auth.identify(session.token))
    assert (found.renewed, found.caller.is_refresh, found.caller.account.email) == (None, False, ADA)
    assert (auth.store.reads["caller"], auth.store.commits) == (1, [])


def test_due_token_is_replaced(auth, session):
    """A due token is answered with the next one of the same session, and the handler can see that."""
    auth.clock.advance(auth.policy.rotation)
    found = do(auth.identify(session.token))
    assert (found.caller.is_refresh, found.renewed.session.generation) == (True, 2)
    assert found.renewed.session.id == session.session.id
    assert found.renewed.session.expires_at == session.session.expires_at
    assert isinstance(do(auth.identify(found.renewed.token)).caller, Principal)


def test_everybody_gets_the_same_successor(auth, session):
    """However often a due token is presented, the answers say the same, and one commit was made."""
    auth.clock.advance(auth.policy.rotation)
    auth.store.commits.clear()
    answers = []
    for _ in range(5):
        answers.append(do(auth.identify(session.token)).renewed.token)
        auth.clock.advance(timedelta(seconds=7))
    assert len({claims(auth, token) for token in answers}) == 1
    assert len(auth.store.commits) == 1


def test_late_loser_stays_in(auth, session):
    """A request that was under way with the older token is answered while the grace window lasts."""
    newer = rotated(auth, session)
    do(auth.identify(newer.token))
    auth.clock.advance(auth.policy.grace - TICK)
    again = do(auth.identify(session.token))
    assert claims(auth, again.renewed.token) == claims(auth, newer.token)


def test_reuse_ends_the_session(auth, session):
    """After that the older token ends the session, for its thief and for its owner, and the trail tells it once."""
    newer = rotated(auth, session)
    do(auth.identify(newer.token))
    auth.clock.advance(auth.policy.grace)
    for token in (session.token, newer.token, session.token):
        assert isinstance(refusal(auth.identify(token)), SessionRevoked)
    assert stored(auth, session).ended_as is SessionEnd.REVOKED
    assert [event.kind for event in kept(auth, AuditEvent)].count(AuditKind.SESSION_REUSED) == 1


@pytest.mark.parametrize(
    "flow",
    [
        lambda auth, token: auth.authenticate(token),
        lambda auth, token: auth.refresh(token),
        lambda auth, token: auth.request_two_step(token=token, purpose="pay"),
        lambda auth, token: auth.change_password(token=token, current=PASSWORD, new="the engine has no pretensions"),
    ],
    ids=["authenticate", "refresh", "request_two_step", "change_password"],
)
def test_reuse_is_remembered_by_every_flow(auth, session, flow):
    """Whatever an older token is used for, the session ends by it."""
    newer = rotated(auth, session)
    do(auth.identify(newer.token))
    auth.clock.advance(auth.policy.grace)
    assert isinstance(refusal(flow(auth, session.token)), SessionRevoked)
    assert stored(auth, session).ended_as is SessionEnd.REVOKED


def test_reuse_for_logging_out_ends_the_session_too(auth, session):
    """Logging out by an older token is no error for a client, and the session is revoked."""
    newer = rotated(auth, session)
    do(auth.identify(newer.token))
    auth.clock.advance(auth.policy.grace)
    assert do(auth.log_out(session.token)) is False
    assert stored(auth, session).ended_as is SessionEnd.REVOKED


def newest(auth, token):
    """Present a token, and return the one to present from then on."""
    renewed = do(auth.identify(token)).renewed
    return token if renewed is None else renewed.token


def test_activity_never_moves_the_absolute_end(auth, session):
    """However active somebody is, the session ends when it had to."""
    token, end = session.token, session.session.expires_at
    while auth.clock.now() + auth.policy.rotation < end:
        auth.clock.advance(auth.policy.rotation)
        token = newest(auth, token)
    auth.clock.advance(end - auth.clock.now() - TICK)
    assert isinstance(do(auth.identify(token)).caller, Principal)
    auth.clock.advance(TICK)
    assert isinstance(refusal(auth.identify(token)), SessionExpired)


def test_activity_keeps_a_session_from_inactivity(auth, session):
    """Who is active stays logged in for longer than the inactivity time; who is not, does not."""
    token = session.token
    for _ in range(30):
        auth.clock.advance(auth.policy.rotation)
        token = newest(auth, token)
    assert auth.clock.now() > session.session.inactive_at
    auth.clock.advance(auth.policy.inactivity)
    assert isinstance(refusal(auth.identify(token)), SessionExpired)


def test_successor_that_comes_late_is_no_theft(auth, session):
    """A successor that nobody used until it was due itself is not replaced while its predecessor may be under way."""
    successor = rotated(auth, session)
    auth.clock.advance(auth.policy.rotation * 2)
    assert claims(auth, newest(auth, session.token)) == claims(auth, successor.token)
    assert newest(auth, successor.token) == successor.token
    assert isinstance(do(auth.identify(session.token)).caller, Principal)
    auth.clock.advance(auth.policy.grace)
    assert do(auth.identify(successor.token)).renewed.session.generation == 3


@pytest.mark.parametrize(
    "change", [{"disabled_at": "now"}, {"deleted_at": "now"}, {"epoch": 99}, {"verified_at": None}], ids=str
)
def test_rotation_passes_the_gate(auth, session, change):
    """A due token of an account that may not be used any more is refused, and nothing is rotated."""
    now = auth.clock.now()
    put(auth, do(auth.authenticate(session.token)).account, **{k: now if v == "now" else v for k, v in change.items()})
    auth.clock.advance(auth.policy.rotation)
    assert isinstance(refusal(auth.identify(session.token)), SessionRevoked)
    assert stored(auth, session).generation == 1


def test_token_is_read_without_the_store(auth, session):
    """What a token says is told without a read, even when its session is over; what is no token is refused."""
    do(auth.log_out(session.token))
    auth.store.reads.clear()
    said = auth.read_token(session.token)
    assert (said.id, said.generation, said.issued_at) == (session.session.id, 1, session.session.rotated_at)
    assert not auth.store.reads
    with pytest.raises(InvalidToken):
        auth.read_token("x")


# --- asking for it ----------------------------------------------------------------------------------------------------


def test_authenticating_never_rotates(auth, session):
    """Who only wants to know who is calling changes nothing, however due a rotation is."""
    auth.clock.advance(auth.policy.rotation * 2)
    auth.store.commits.clear()
    assert not do(auth.authenticate(session.token)).is_refresh
    assert auth.store.commits == []


def test_refresh_gives_the_newest_token(auth, session):
    """Who asks for a new token gets the next one when it is due, and until then the one that counts."""
    assert claims(auth, do(auth.refresh(session.token)).token) == claims(auth, session.token)
    auth.clock.advance(auth.policy.rotation)
    newer = do(auth.refresh(session.token))
    assert newer.session.generation == 2
    assert claims(auth, do(auth.refresh(session.token)).token) == claims(auth, newer.token)


def test_refresh_keeps_the_factors(auth, session):
    """A refreshed session was opened by the same factors at the same time."""
    newer = rotated(auth, session)
    assert (newer.session.amr, newer.session.auth_time) == (session.session.amr, session.session.auth_time)


def test_tag_must_be_right(auth):
    """A session counts for its own tag only, where one is asked for, and a changed password keeps it."""
    join(auth)
    admin = do(auth.log_in(identifier=ADA, password=PASSWORD, tag="admin"))
    assert do(auth.authenticate(admin.token, tag="admin")).session.tag == "admin"
    assert do(auth.authenticate(admin.token)).session.tag == "admin"
    assert isinstance(refusal(auth.authenticate(admin.token, tag="shop")), InvalidToken)
    assert isinstance(refusal(auth.identify(log_in(auth).token, tag="admin")), InvalidToken)
    assert change_password(auth, admin).session.tag == "admin"


# --- nobody in particular ---------------------------------------------------------------------------------------------


def test_anonymous_session_authenticates_nobody(auth):
    """A session of nobody is recognised, and opens nothing."""
    session = do(auth.open_anonymous(tag="shop"))
    found = do(auth.identify(session.token))
    assert isinstance(found.caller, Anonymous)
    assert found.caller.session.id == session.session.id
    assert isinstance(refusal(auth.authenticate(session.token)), NotAuthenticated)
    assert isinstance(refusal(auth.request_two_step(token=session.token, purpose="pay")), NotAuthenticated)
    assert isinstance(refusal(auth.request_second_factor(session.token)), NotAuthenticated)


def test_anonymous_session_is_rotated_and_expires(auth):
    """A session of nobody is renewed like any other, and ends like any other."""
    session = do(auth.open_anonymous())
    newer = rotated(auth, session)
    assert (newer.session.generation, newer.session.account_id) == (2, None)
    auth.clock.advance(auth.policy.inactivity)
    assert isinstance(refusal(auth.identify(newer.token)), SessionExpired)


def test_login_takes_the_place_of_an_anonymous_session(auth):
    """Who logs in gets a session of another id, and the anonymous one ends in the same commit."""
    join(auth)
    nobody = do(auth.open_anonymous())
    auth.store.commits.clear()
    somebody = do(auth.log_in(identifier=ADA, password=PASSWORD, former=nobody.token))
    assert somebody.session.id != nobody.session.id
    assert isinstance(refusal(auth.identify(nobody.token)), SessionClosed)
    assert len(auth.store.commits) == 1


def test_anonymous_session_can_be_closed(auth):
    """Who is nobody in particular can leave, too."""
    session = do(auth.open_anonymous())
    assert do(auth.log_out(session.token)) is True
    assert do(auth.log_out(session.token)) is False
    assert [each.ended_as for each in kept(auth, AuthenticationSession)] == [SessionEnd.CLOSED]
