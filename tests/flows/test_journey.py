"""The whole way of a person through the library, and what it leaves behind.  Each step has a file of its own."""

import base64
from contextlib import suppress

import pytest

from authcore.entities import Credential, to_record
from authcore.errors import AuthError, PermissionDenied, SessionClosed
from authcore.flows import Flows
from authcore.permissions import Requirement
from authcore.principal import authorize
from authcore.testing import build_auth
from tests.flows.broken_stores import everything
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    change_password,
    code_to,
    derive,
    do,
    join,
    kept,
    log_in,
    refusal,
    register,
    verify,
    wrong,
)


def test_whole_journey():
    """Register, verify, log in, be refused, be allowed, log out, be nobody; with no event loop at all."""
    auth = build_auth()

    challenge = do(auth.register(email="Ada@Example.org", password=PASSWORD, username="Ada"))
    assert do(auth.deliver_due()) == 1
    account = do(auth.verify_account(challenge=challenge.token, code=auth.courier.last_code()))

    session = do(auth.log_in(identifier="ada", password=PASSWORD))
    principal = do(auth.authenticate(session.token))
    assert principal.account.id == account.id
    with pytest.raises(PermissionDenied):
        authorize(principal, Requirement(all_of="engine:programme"))

    do(auth.assign_role(account_id=account.id, role="programmer", permissions=["engine:*"]))
    authorize(do(auth.authenticate(session.token)), Requirement(all_of="engine:programme"))

    assert do(auth.log_out(session.token)) is True
    with pytest.raises(SessionClosed):
        do(auth.authenticate(session.token))


# --- what it leaves behind --------------------------------------------------------------------------------------------


@pytest.fixture
def told(auth):
    """A long journey: everything that must stay secret, and everything that was returned or raised on the way."""
    challenge = register(auth, ADA, OTHER_PASSWORD, username="eve")
    codes = [derive(auth, challenge)]
    results = [challenge, refusal(auth.verify_account(challenge=challenge.token, code=wrong(codes[0])))]
    challenge = register(auth, ADA, PASSWORD, username="ada")
    results += [challenge, verify(auth, challenge, code_to(auth))]
    decoy = register(auth, ADA, OTHER_PASSWORD)
    nobody = do(auth.request_verification(challenge=decoy.token))
    session = log_in(auth)
    asked = do(auth.request_two_step(token=session.token, purpose="pay"))
    codes += [derive(auth, each) for each in (challenge, decoy, nobody, asked)]
    answered = auth.answer_two_step(token=session.token, challenge=asked.token, purpose="pay", code=codes[-1])
    results += [decoy, nobody, session, asked, do(answered), do(auth.authenticate(session.token))]
    results.append(refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD)))
    results.append(refusal(auth.change_password(token=session.token, current=OTHER_PASSWORD, new=NEW_PASSWORD)))
    successor = change_password(auth, session)
    results += [
        successor,
        refusal(auth.authenticate(session.token)),
        refusal(auth.log_in(identifier=ADA, password="\ud800")),
    ]
    half = do(auth.change_second_factor(token=successor.token, password=NEW_PASSWORD, required=True))
    factor, captcha = do(auth.request_second_factor(half.token)), auth.open_captcha()
    codes.append(derive(auth, factor))
    answered = auth.fulfil_second_factor(token=half.token, challenge=factor.token, code=codes[-1])
    results += [half, factor, captcha, refusal(auth.answer_captcha(captcha.token, code="no code")), do(answered)]
    results += [do(auth.list_sessions(results[-1].token)), do(auth.identify(results[-1].token))]
    forgotten, unknown = (do(auth.request_recovery(identifier=each)) for each in (ADA, BOB))
    codes += [derive(auth, each) for each in (forgotten, unknown)]
    guessed = auth.recover(challenge=unknown.token, code=codes[-1], new_password=OTHER_PASSWORD)
    recovered = auth.recover(challenge=forgotten.token, code=codes[-2], new_password=OTHER_PASSWORD)
    results += [forgotten, unknown, refusal(guessed), do(recovered)]
    do(auth.deliver_due())
    issued = (challenge, decoy, nobody, session, asked, successor, half, factor, captcha, forgotten, unknown)
    tokens = [each.token for each in issued]
    return {"codes": codes, "tokens": tokens, "passwords": [PASSWORD, OTHER_PASSWORD, NEW_PASSWORD], "results": results}


def test_no_secret_is_stored(auth, told):
    """No stored record holds a password, a token or a code, nor the signature of a token."""
    records = [" ".join(map(str, to_record(entity).values())) for entity in everything(auth.store)]
    assert len(records) > 20
    signatures = [token.rpartition(".")[2] for token in told["tokens"]]
    for secret in (*told["passwords"], *told["tokens"], *signatures):
        assert not [record for record in records if secret in record]
    for code in told["codes"]:
        assert not [word for record in records for word in record.split() if word == code]


def test_no_secret_is_shown(auth, told):
    """Nothing that is returned or raised, and no entity, shows a password, a token, a hash or a key in its `repr`."""
    root = auth.keyring.keys[0].secret
    hashes = [credential.secret for credential in kept(auth, Credential)]
    keys = [repr(root)[2:-1], root.hex(), base64.b64encode(root).decode()]
    shown = [*told["results"], auth, auth.keyring, auth.policy, *auth.courier.letters, *everything(auth.store)]
    for secret in (*told["passwords"], *told["tokens"], *hashes, *keys):
        assert not [thing for thing in shown if secret in repr(thing) or secret in str(thing)]


def test_no_code_is_shown(auth, told):
    """Nothing that is returned or raised, and no letter, shows a code in its `repr`."""
    shown = [*told["results"], *auth.courier.letters]
    for code in told["codes"]:
        assert not [thing for thing in shown if code in repr(thing) or code in str(thing)]


def test_refusals_tell_no_secret(told):
    """What a refusal says, to the caller or to the log, holds no password and no token."""
    refusals = [result for result in told["results"] if isinstance(result, Exception)]
    assert len(refusals) == 7
    for refused in refusals:
        assert isinstance(refused, AuthError)
        said = f"{refused} {refused.args} {refused.cause} {dict(refused.evidence)} {refused.__cause__}"
        assert not [secret for secret in (*told["passwords"], *told["tokens"]) if secret in said]


def test_work_shows_no_password(auth):
    """What a flow is given shows none of the passwords that it was asked to hash: it may turn up in a traceback."""
    flows = Flows(
        store=auth.store,
        clock=auth.clock,
        entropy=auth.entropy,
        offload=auth.offload,
        attempts=1,
        patience=auth.policy.flow_patience,
    )
    seen = []

    async def decide(work):
        await work.costly(auth.hasher.hash, PASSWORD, b"salt")
        seen.append(repr(work))
        raise LookupError

    with suppress(LookupError):
        do(flows.run(decide))
    assert seen
    assert PASSWORD not in seen[0]


def test_every_use_case_names_the_same_account(auth):
    """One account goes through it all: nothing on the way makes a second one."""
    account = join(auth)
    session = change_password(auth, log_in(auth))
    assert do(auth.authenticate(session.token)).account.id == account.id
    assert do(auth.find_account(ADA)).id == account.id
    assert len(kept(auth, type(account))) == 1
