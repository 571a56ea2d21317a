"""Purging: what has been over for long is gone, and nobody can tell but by looking.  What may go is tested in core/."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from authcore import CaptchaSettings, Policy, Throttle, retention
from authcore.audit import session_digest
from authcore.auth import Issued, housekeeping, personal_data
from authcore.codes import CAPTCHA_KEY, captcha_of
from authcore.entities import (
    ENTITIES,
    Account,
    Attempt,
    AuthenticationSession,
    CaptchaSession,
    ChallengeSlot,
    Credential,
    Device,
    Grant,
    Identifier,
    Message,
    MessageState,
    Milestone,
    Role,
    SessionRoster,
    Tally,
    TwoStepSession,
)
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    ConfigurationError,
    Conflict,
    Fault,
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    SessionExpired,
    SessionRevoked,
    Throttled,
)
from authcore.memory import MemoryStore
from authcore.ports import Store, by_id
from authcore.testing import FakeClock, Mailbox, Scenario, SeededEntropy, build_auth
from tests.flows import whole_life
from tests.flows.broken_stores import everything
from tests.flows.furnished import copied
from tests.flows.people import (
    ADA,
    BOB,
    EVE,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    challenges,
    derive,
    do,
    join,
    kept,
    log_in,
    messages,
    put,
    refusal,
    register,
    stored,
    wrong,
)

HERE = Device(network="192.0.2.7")
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
LONG = 120 * DAY
"""Whatever can be over is over by then, and has been for as long as is kept."""

POLICY = Policy(
    code_attempts=2,
    challenge_failures=3,
    password_failures=Throttle(limit=3, window=DAY),
    logins_per_network=Throttle(limit=9, window=DAY),
    recoveries_per_network=Throttle(limit=4, window=2 * DAY),
    codes_per_address=Throttle(limit=4, window=2 * DAY),
    captcha=CaptchaSettings(lifetime=HOUR, renderings=2),
    inactivity=30 * DAY,
)


def world(store=None, **settings):
    """A world with narrow limits."""
    return build_auth(store=store or MemoryStore(), policy=replace(POLICY, **settings), hasher=QuickHasher())


def purge(auth, **options):
    """Purge until nothing is left; returns how many of each kind went."""
    counts, more = {}, True
    while more:
        purged = do(auth.purge(**options))
        counts = {kind: counts.get(kind, 0) + count for kind, count in purged.counts.items()}
        more = purged.more
    return {kind: count for kind, count in counts.items() if count}


def at_once(auth):
    """Purge whatever has been over for the shortest time that there is."""
    return purge(auth, before=auth.clock.now() - HOUR)


def later(auth, age=timedelta(0)):
    """The same world in a copy of its own, as it is later on."""
    return replace(
        auth,
        store=copied(auth.store),
        clock=FakeClock(auth.clock.now() + age),
        entropy=SeededEntropy("later"),
        hasher=QuickHasher(),
        courier=Mailbox(),
    )


def shown(auth, captcha):
    """What a captcha shows."""
    key = auth.keyring.derive(captcha.session.code_key, CAPTCHA_KEY)
    return captcha_of(captcha.session.id, key=key, policy=auth.policy)


def attempts_of(count, auth):
    """Things that were done now, by some network."""
    now = auth.clock.now()
    return [Attempt(id=f"{place:04}", created_at=now, updated_at=now, subject="login/x") for place in range(count)]


# --- nobody can tell --------------------------------------------------------------------------------------------------

AGES = [
    timedelta(0), 10 * SECOND, HOUR - SECOND, HOUR, HOUR + SECOND, 2 * HOUR, DAY - SECOND, DAY, DAY + HOUR + SECOND,
    2 * DAY - SECOND, 2 * DAY, 2 * DAY + 2 * HOUR, 30 * DAY - SECOND, 30 * DAY, 31 * DAY, 60 * DAY, 61 * DAY, LONG,
]  # fmt: skip


def eventful():
    """A world in which all limits are reached, and sessions, codes and captchas are over in every way; and who asks."""
    auth = world()
    join(auth, username="ada")
    join(auth, BOB)
    tokens = [log_in(auth, BOB) for _ in range(5)]
    live, closed, stolen, revoked, former = tokens
    do(auth.log_out(closed.token))
    do(auth.revoke_session(live.token, session=session_digest(revoked.session.id)))
    auth.clock.advance(POLICY.rotation)
    tokens.append(do(auth.refresh(stolen.token)))
    do(auth.authenticate(tokens[-1].token))
    auth.clock.advance(POLICY.grace)
    assert isinstance(refusal(auth.authenticate(stolen.token)), SessionRevoked)
    tokens.append(do(auth.log_in(identifier=BOB, password=PASSWORD, former=former.token)))
    spent, used_up = (do(auth.request_two_step(token=live.token, purpose=purpose)) for purpose in ("pay", "move"))
    answer = partial(auth.answer_two_step, token=live.token)
    do(answer(challenge=spent.token, purpose="pay", code=derive(auth, spent)))
    for _ in range(2):
        refusal(answer(challenge=used_up.token, purpose="move", code=wrong(derive(auth, used_up))))
    codes = [(spent, "pay"), (used_up, "move"), (do(auth.request_two_step(token=live.token, purpose="move")), "move")]
    refusal(answer(challenge=codes[-1][0].token, purpose="move", code=wrong(derive(auth, codes[-1][0]))))
    captchas = [auth.open_captcha() for _ in range(3)]
    do(auth.answer_captcha(captchas[0].token, code=shown(auth, captchas[0]), device=HERE))
    for _ in range(3):
        refusal(auth.answer_captcha(captchas[1].token, code="wrong", device=HERE))
    for _ in range(2):
        do(auth.draw_captcha(captchas[2].token, device=HERE))
    for _ in range(4):
        refusal(auth.log_in(identifier="ada", password=OTHER_PASSWORD, device=HERE))
        do(auth.request_recovery(identifier=ADA, device=HERE))
    eve = register(auth, EVE)
    do(auth.deliver_due())
    return auth, tokens, codes, captchas, eve


def answers(auth, tokens, codes, captchas, eve):
    """What all who have something in their hands are told, one after the other; and all who have nothing."""
    live = tokens[0]
    flows = [
        *(auth.answer_captcha(captcha.token, code=shown(auth, captcha), device=HERE) for captcha in captchas),
        *(auth.draw_captcha(captcha.token, device=HERE) for captcha in captchas),
        *(auth.answer_two_step(token=live.token, challenge=challenge.token, purpose=purpose, code=derive(auth, challenge))
          for challenge, purpose in codes),
        *(auth.resend_code(challenge.token) for challenge, _ in (*codes, (eve, "verify"))),
        auth.request_verification(challenge=eve.token),
        auth.verify_account(challenge=eve.token, code=derive(auth, eve)),
        *(flow(token.token) for token in reversed(tokens) for flow in (auth.authenticate, auth.refresh, auth.log_out)),
        auth.log_in(identifier=BOB, password=PASSWORD, former=tokens[1].token, device=HERE),
        *(auth.log_in(identifier="ada", password=password, device=HERE) for password in [OTHER_PASSWORD, PASSWORD] * 6),
        *(auth.request_recovery(identifier=ADA, device=HERE) for _ in range(6)),
        *(auth.request_recovery(identifier=ADA) for _ in range(6)),
        auth.register(email=EVE, password=PASSWORD, device=HERE),
    ]  # fmt: skip
    told = [answered(flow) for flow in flows]
    return [*told, do(auth.deliver_due()), len(auth.courier.letters)]


def answered(flow):
    """What somebody is told: a refusal with all that it says, or what sort of thing there is."""
    try:
        found = do(flow)
    except Exception as error:  # noqa: BLE001  whatever it is, it must be the same
        return type(error), getattr(error, "code", None), getattr(error, "evidence", None), str(error)
    return type(found), type(found.session) if isinstance(found, Issued) else None


@pytest.mark.parametrize("age", AGES, ids=map(str, AGES))
def test_nobody_can_tell(age):
    """However old things are, and whatever has gone of them, everybody is answered as if nothing had."""
    auth, *held = eventful()
    untouched, purged = later(auth, age), later(auth, age)
    at_once(purged)
    assert answers(purged, *held) == answers(untouched, *held)


def test_everything_that_ends_goes():
    """In the end nothing is left but what never goes for its age, and the trail; a second time there is nothing."""
    auth, *_ = eventful()
    auth.clock.advance(LONG)
    before = everything(auth.store)
    gone = purge(auth)
    assert set(gone) == set(retention.RULES)
    staying = {Account, Identifier, Credential, Role, Grant, Milestone}
    left = {type(entity).__name__ for entity in everything(auth.store)}
    assert left == {"AuditEvent"} | ({kind.__name__ for kind in staying} & {type(each).__name__ for each in before})
    assert sum(gone.values()) == len(before) - len(everything(auth.store))
    assert purge(auth) == {}
