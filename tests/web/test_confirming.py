"""Having a code answered that a request carries in a header.  What adapters make of it is tested in adapters/."""

from datetime import timedelta

import pytest

from authcore.codes import CAPTCHA_KEY, captcha_of
from authcore.entities import AuditEvent, AuditKind, CaptchaSession, SessionEnd
from authcore.errors import (
    CaptchaRequired,
    ChallengeEnded,
    CodeMismatch,
    InvalidToken,
    MalformedRequest,
    NotAuthenticated,
    ReauthenticationRequired,
    TwoStepRequired,
)
from authcore.policy import Policy
from authcore.principal import Anonymous
from authcore.testing import build_auth
from authcore.tokens import LONGEST_TOKEN
from authcore.web import Access, Request, confirm, confirm_fresh, confirm_person
from tests.flows.people import QuickHasher, derive, do, join, kept, log_in, stored, wrong

COOKIES, BEARER = Policy(), Policy(bearer=True)
CODE, CHALLENGE = b"two-step-code", b"two-step-challenge"
CAPTCHA_CODE, CAPTCHA = b"captcha-code", b"captcha-token"


class Payer:
    """Ada, who has logged in, and has asked for a code to pay."""

    def __init__(self, policy):
        """Join, log in, and ask."""
        self.auth = build_auth(policy=policy, hasher=QuickHasher())
        join(self.auth)
        self.session = log_in(self.auth)
        self.challenge = do(self.auth.request_two_step(token=self.session.token, purpose="pay"))
        self.code = derive(self.auth, self.challenge)

    def presents(self, *names):
        """The headers that present her session, her challenge, or her code."""
        tokens = {"session": self.session.token, "challenge": self.challenge.token}
        by_cookie = {
            name: (b"cookie", f"{cookie.name}={tokens[name]}".encode())
            for name, cookie in (
                ("session", self.auth.policy.session_cookie),
                ("challenge", self.auth.policy.challenge_cookie),
            )
        }
        by_header = {
            "session": (b"authorization", f"Bearer {tokens['session']}".encode()),
            "challenge": (CHALLENGE, tokens["challenge"].encode()),
        }
        held = by_header if self.auth.policy.bearer else by_cookie
        return [(held | {"code": (CODE, self.code.encode())})[name] for name in names]

    def confirms(self, *headers, purpose="pay"):
        """Send these headers."""
        request = Request(method="POST", path="/pay", headers=headers, client="192.0.2.7")
        do(confirm(Access(self.auth), request, purpose=purpose))


@pytest.fixture(params=[COOKIES, BEARER], ids=["cookies", "bearer"])
def ada(request):
    """Ada, with cookies or without."""
    return Payer(request.param)


def test_right_code_is_spent(ada):
    """The code in the header answers the challenge of its purpose once, and the trail says from where."""
    ada.confirms(*ada.presents("session", "challenge", "code"))
    assert stored(ada.auth, ada.challenge).ended_as is SessionEnd.SPENT
    (event,) = [event for event in kept(ada.auth, AuditEvent) if event.kind is AuditKind.CODE_ACCEPTED][1:]
    assert (event.reason, event.network) == ("pay", "192.0.2.7")
    with pytest.raises(ChallengeEnded):
        ada.confirms(*ada.presents("session", "challenge", "code"))


@pytest.mark.parametrize("name", [b"Two-Step-Code", b"TWO-STEP-CODE"])
def test_header_has_its_name_in_any_case(ada, name):
    """A header's name is the same in any case (RFC 9110 section 5.1)."""
    ada.confirms(*ada.presents("session", "challenge"), (name, ada.code.encode()))
    assert stored(ada.auth, ada.challenge).ended_as is SessionEnd.SPENT


@pytest.mark.parametrize("names", [("session",), ("session", "challenge"), ("session", "code")], ids="+".join)
def test_whoever_lacks_one_is_told_the_purpose(ada, names):
    """Without a code or without a challenge a request is told what to ask for, and nothing is counted."""
    with pytest.raises(TwoStepRequired) as caught:
        ada.confirms(*ada.presents(*names))
    assert caught.value.evidence == {"purpose": "pay"}
    assert stored(ada.auth, ada.challenge).attempts == 0


def test_nobody_is_told_of_no_code(ada):
    """Without a session nothing is said of codes, be they there or malformed."""
    for more in ([], [(CODE, b"1")]):
        with pytest.raises(NotAuthenticated):
            ada.confirms(*ada.presents("challenge", "code"), *more)


def test_wrong_code_is_counted(ada):
    """A wrong code is counted, and refused."""
    with pytest.raises(CodeMismatch):
        ada.confirms(*ada.presents("session", "challenge"), (CODE, wrong(ada.code).encode()))
    assert stored(ada.auth, ada.challenge).attempts == 1


def test_code_is_good_for_its_purpose_alone(ada):
    """A code that was asked for to pay is of no use for anything else."""
    with pytest.raises(ChallengeEnded):
        ada.confirms(*ada.presents("session", "challenge", "code"), purpose="delete")


def test_octets_beyond_ascii_are_a_wrong_code(ada):
    """A header is octets: none of them is an error, and none that is not ASCII a right code."""
    with pytest.raises(CodeMismatch):
        ada.confirms(*ada.presents("session", "challenge"), (CODE, b"\xff" + ada.code.encode()))


@pytest.mark.parametrize(("length", "refusal"), [(1024, CodeMismatch), (1025, MalformedRequest)])
def test_code_has_an_end(ada, length, refusal):
    """A header of more than 1024 octets is malformed, and names itself."""
    with pytest.raises(refusal) as caught:
        ada.confirms(*ada.presents("session", "challenge"), (CODE, b"1" * length))
    assert refusal is CodeMismatch or caught.value.evidence == {"reason": "two_step_code"}


@pytest.mark.parametrize(("name", "reason"), [(CODE, "two_step_code"), (CHALLENGE, "two_step_challenge")])
def test_two_are_malformed(name, reason):
    """Of two headers of the same name, whatever their case, neither is chosen, as each could be the attacker's."""
    ada = Payer(BEARER)
    with pytest.raises(MalformedRequest) as caught:
        ada.confirms(*ada.presents("session", "challenge", "code"), (name.upper(), b"1"))
    assert caught.value.evidence == {"reason": reason}


@pytest.mark.parametrize(("policy", "other"), [(COOKIES, BEARER), (BEARER, COOKIES)], ids=["cookies", "bearer"])
def test_challenge_has_one_place(policy, other):
    """With cookies the challenge is read from its cookie alone, and without them from its header alone."""
    ada = Payer(policy)
    elsewhere = Payer(other).presents("challenge")
    with pytest.raises(TwoStepRequired):
        ada.confirms(*ada.presents("session", "code"), *elsewhere)


def test_challenge_that_is_none_is_refused(ada):
    """A challenge whose token is not ours is refused like any such token."""
    ada.challenge = ada.session
    with pytest.raises(InvalidToken):
        ada.confirms(*ada.presents("session", "challenge", "code"))


def test_longest_token_of_a_challenge_is_read():
    """A header may hold a challenge as long as a token may be, and is refused only beyond that."""
    ada = Payer(BEARER)
    session, _, code = ada.presents("session", "challenge", "code")
    with pytest.raises(InvalidToken):
        ada.confirms(session, (CHALLENGE, b"a" * LONGEST_TOKEN), code)
    with pytest.raises(MalformedRequest):
        ada.confirms(session, (CHALLENGE, b"a" * (LONGEST_TOKEN + 1)), code)


# --- captchas -------------------------------------------------------------------------------------------------------


class Visitor:
    """Somebody whom nobody knows, who has asked for a captcha, and has read it."""

    def __init__(self, policy):
        """Ask, and read."""
        self.auth = build_auth(policy=policy, hasher=QuickHasher())
        captcha = self.auth.open_captcha()
        self.token = captcha.token
        key = self.auth.keyring.derive(captcha.session.code_key, CAPTCHA_KEY)
        self.code = captcha_of(captcha.session.id, key=key, policy=policy)

    def presents(self, *names):
        """The headers that present the captcha, or what it shows."""
        cookie = f"{self.auth.policy.captcha_cookie.name}={self.token}"
        captcha = (CAPTCHA, self.token.encode()) if self.auth.policy.bearer else (b"cookie", cookie.encode())
        return [{"captcha": captcha, "code": (CAPTCHA_CODE, self.code.encode())}[name] for name in names]

    def confirms(self, *headers):
        """Send these headers."""
        request = Request(method="POST", path="/sign", headers=headers, client="192.0.2.7")
        do(confirm_person(Access(self.auth), request))


@pytest.fixture(params=[COOKIES, BEARER], ids=["cookies", "bearer"])
def visitor(request):
    """A visitor, with cookies or without."""
    return Visitor(request.param)


def test_right_captcha_is_spent(visitor):
    """The code in the header answers the captcha once, and the trail says from where."""
    visitor.confirms(*visitor.presents("captcha", "code"))
    (captcha,) = kept(visitor.auth, CaptchaSession)
    assert captcha.ended_as is SessionEnd.SPENT
    (event,) = kept(visitor.auth, AuditEvent)
    assert (event.kind, event.network) == (AuditKind.CODE_ACCEPTED, "192.0.2.7")
    with pytest.raises(ChallengeEnded):
        visitor.confirms(*visitor.presents("captcha", "code"))


@pytest.mark.parametrize("names", [(), ("captcha",), ("code",)], ids="+".join)
def test_whoever_lacks_one_is_told_to_ask_for_a_captcha(visitor, names):
    """Without a code or without a captcha a request is told to ask for one, and nothing is stored."""
    with pytest.raises(CaptchaRequired):
        visitor.confirms(*visitor.presents(*names))
    assert kept(visitor.auth, CaptchaSession) == []


def test_wrong_reading_is_counted(visitor):
    """A wrong code is counted, and refused."""
    with pytest.raises(CodeMismatch):
        visitor.confirms(*visitor.presents("captcha"), (CAPTCHA_CODE, wrong(visitor.code).encode()))
    (captcha,) = kept(visitor.auth, CaptchaSession)
    assert captcha.attempts == 1


@pytest.mark.parametrize(("length", "refusal"), [(1024, CodeMismatch), (1025, MalformedRequest)])
def test_reading_has_an_end(visitor, length, refusal):
    """A header of more than 1024 octets is malformed, and names itself."""
    with pytest.raises(refusal) as caught:
        visitor.confirms(*visitor.presents("captcha"), (CAPTCHA_CODE, b"1" * length))
    assert refusal is CodeMismatch or caught.value.evidence == {"reason": "captcha_code"}


def test_longest_token_of_a_captcha_is_read():
    """A header may hold a captcha's token as long as a token may be, and is refused only beyond that."""
    visitor = Visitor(BEARER)
    with pytest.raises(InvalidToken):
        visitor.confirms((CAPTCHA, b"a" * LONGEST_TOKEN), *visitor.presents("code"))
    with pytest.raises(MalformedRequest) as caught:
        visitor.confirms((CAPTCHA, b"a" * (LONGEST_TOKEN + 1)), *visitor.presents("code"))
    assert caught.value.evidence == {"reason": "captcha_token"}


# --- logins ---------------------------------------------------------------------------------------------------------


def test_fresh_login_is_enough(ada):
    """Whoever has authenticated less than so long ago, by the clock of `Auth`, is returned; nobody else is."""
    caller = do(ada.auth.authenticate(ada.session.token))
    ada.auth.clock.advance(timedelta(minutes=4))
    assert confirm_fresh(Access(ada.auth), caller, within=timedelta(minutes=5)) is caller
    with pytest.raises(ReauthenticationRequired) as caught:
        confirm_fresh(Access(ada.auth), caller, within=timedelta(minutes=4))
    assert caught.value.max_age == 240


def test_nobody_is_told_why_nobody_is_logged_in(ada):
    """Without a session the caller's own refusal is raised, and nothing is said of freshness."""
    expired = InvalidToken(cause="expired")
    with pytest.raises(InvalidToken) as caught:
        confirm_fresh(Access(ada.auth), Anonymous(refusal=expired), within=timedelta(minutes=5))
    assert caught.value is expired
