"""Having a code answered that a request carries in a header.  What adapters make of it is tested in adapters/."""

import pytest

from authcore.entities import AuditEvent, AuditKind, SessionEnd
from authcore.errors import (
    ChallengeEnded,
    CodeMismatch,
    InvalidToken,
    MalformedRequest,
    NotAuthenticated,
    TwoStepRequired,
)
from authcore.policy import Policy
from authcore.testing import build_auth
from authcore.tokens import LONGEST_TOKEN
from authcore.web import Access, Request, confirm
from tests.flows.people import QuickHasher, derive, do, join, kept, log_in, stored, wrong

COOKIES, BEARER = Policy(), Policy(bearer=True)
CODE, CHALLENGE = b"two-step-code", b"two-step-challenge"


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
