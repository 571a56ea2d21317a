"""Requests of any octets, from nearly good ones to noise: each is answered, and what is refused leaves no trace."""

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st

from authcore import MemoryStore, Policy
from authcore.errors import AuthError
from authcore.testing import build_auth, run_sync
from authcore.web import ENDPOINTS, Access, Endpoints, Request
from authcore.web.handlers import CHALLENGE
from tests.adapters.bad_input import VALUES
from tests.flows.broken_stores import everything

ORIGIN = "https://app.example.org"
EMAIL, OTHER_EMAIL, PASSWORD = "ada@example.org", "countess@example.org", "a loom that weaves algebra"
LINE = re.compile(rb"[\x20-\x7e]+")
REMEMBERED = {"code_mismatch", "attempts_exhausted", "invalid_credentials", "password_mismatch", "username_taken"}
"""The refusals that are counted."""


def _site(*, bearer=False):
    """Return endpoints, and the tokens of somebody who is logged in and has asked for codes: the same each time.

    The challenges are by the endpoint that takes their code, with it; all others take that of two steps.
    """
    auth = build_auth(store=MemoryStore(), policy=Policy(origins=frozenset({ORIGIN}), bearer=bearer))
    issued = run_sync(auth.register(email=EMAIL, password=PASSWORD))
    run_sync(auth.deliver_due())
    run_sync(auth.verify_account(challenge=issued.token, code=auth.courier.last_code(EMAIL)))
    session = run_sync(auth.log_in(identifier=EMAIL, password=PASSWORD)).token
    asked = {
        "/two-step/answer": (EMAIL, auth.request_two_step(token=session, purpose="pay")),
        "/recovery/answer": (EMAIL, auth.request_recovery(identifier=EMAIL)),
        "/address/answer": (
            OTHER_EMAIL,
            auth.request_address_change(token=session, password=PASSWORD, email=OTHER_EMAIL),
        ),
    }
    return Endpoints(auth), session, {path: _coded(auth, *each) for path, each in asked.items()}


def _coded(auth, address, asking):
    token = run_sync(asking).token
    run_sync(auth.deliver_due())
    return token, auth.courier.last_code(address)


_, SESSION, CHALLENGES = _site()
TWO_STEP = CHALLENGES["/two-step/answer"]

GOOD = {
    b"origin": [ORIGIN.encode(), b"null"],
    b"sec-fetch-site": [b"same-origin", b"cross-site"],
    b"content-type": [b"application/json", b"application/json; charset=utf-8", b"text/plain"],
    b"content-encoding": [b"identity", b"gzip"],
    b"cookie": [
        *(f"__Host-authcore={SESSION}; __Host-authcore-two-step={token}".encode() for token, _ in CHALLENGES.values()),
        b"a=b; c",
    ],
    b"authorization": [f"Bearer {SESSION}".encode(), b"Basic YWRhQGV4YW1wbGUub3JnOng=", b"Digest x"],
    b"user-agent": [b"Browser/1"],
}
PAIRS = st.sampled_from([(name, value) for name, values in GOOD.items() for value in values])
NOISE = st.binary(max_size=30)
SPOILT = st.builds(
    lambda pair, place, noise: (pair[0].title(), pair[1][:place] + noise + pair[1][place:]),
    PAIRS,
    st.integers(0, 300),
    NOISE,
)


def _headers(complete):
    return st.one_of(
        st.just(complete),
        st.sampled_from(complete).map(lambda left_out: [pair for pair in complete if pair != left_out]),
        st.builds(
            lambda place, pair: [*complete[:place], pair, *complete[place + 1 :]], st.integers(0, 9), PAIRS | SPOILT
        ),
        st.lists(PAIRS | SPOILT | st.tuples(st.sampled_from(sorted(GOOD)) | NOISE, NOISE), max_size=8),
    )


def _complete(path):
    place = [*CHALLENGES].index(path) if path in CHALLENGES else 0
    return [(name, values[place if name == b"cookie" else 0]) for name, values in GOOD.items()]


def _likely(path):
    token, code = CHALLENGES.get(path, TWO_STEP)
    return {**VALUES, "code": code, CHALLENGE.name: token}


LIKELY = _likely("/two-step/answer")
TEXTS = st.sampled_from(sorted({*LIKELY.values(), *VALUES.values(), "verify", "+442079460018"})) | st.text(max_size=40)
NO_TEXTS = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | TEXTS, st.lists, max_leaves=4)
OBJECTS = st.dictionaries(st.sampled_from([*LIKELY, "phone"]) | st.text(max_size=5), TEXTS | NO_TEXTS, max_size=6)


def _fitting(row):
    fields = (*row.fields, CHALLENGE) if row.challenge else row.fields
    likely = _likely(row.path)
    texts = {field: st.just(likely.get(field.name, "")) | TEXTS for field in fields}
    needed = {field.name: text for field, text in texts.items() if field.required}
    return st.fixed_dictionaries(needed, optional={field.name: texts[field] for field in fields if not field.required})


def _bodies(objects):
    near = st.text('[]{}":,\\ue0129-.NaIn', max_size=60).map(str.encode)
    return objects.map(lambda payload: json.dumps(payload).encode()) | near | st.binary(max_size=200)


NEARLY_GOOD = st.sampled_from(ENDPOINTS).flatmap(
    lambda row: st.builds(
        Request,
        method=st.just(row.method),
        path=st.just(f"/auth{row.path}"),
        headers=_headers(_complete(row.path)),
        body=_bodies(_fitting(row) | _fitting(row) | OBJECTS),
    )
)
ANY = st.builds(
    Request,
    method=st.sampled_from(["POST", "GET"]) | st.text(max_size=8),
    path=st.sampled_from([f"/auth{row.path}" for row in ENDPOINTS]) | st.text(max_size=20),
    headers=_headers(_complete("/two-step/answer")),
    body=_bodies(OBJECTS),
    client=st.none() | st.text(max_size=20),
)
REQUESTS = NEARLY_GOOD | NEARLY_GOOD | NEARLY_GOOD | ANY


@pytest.mark.parametrize("bearer", [False, True], ids=["cookies", "bearer"])
@settings(max_examples=300)
@given(request=REQUESTS)
def test_any_request_is_answered(bearer, request):
    """Whatever is sent to an endpoint, the answer is none of a failure, and well formed; a refusal stores nothing."""
    endpoints, _, _ = _site(bearer=bearer)
    before = everything(endpoints.auth.store)
    response = run_sync(endpoints.respond(request))
    assert (response is None) == (request.path not in endpoints.paths)
    if response is None:
        return
    assert 200 <= response.status < 500
    assert all(LINE.fullmatch(name) and LINE.fullmatch(value) for name, value in response.headers)
    assert [value for name, value in response.headers if name == b"cache-control"] == [b"no-store"]
    if response.status >= 400:
        told = json.loads(response.body)
        assert (told["status"], dict(response.headers)[b"content-type"]) == (
            response.status,
            b"application/problem+json",
        )
        assert b"set-cookie" not in dict(response.headers)
        assert told["code"] in REMEMBERED or everything(endpoints.auth.store) == before


@pytest.mark.parametrize("bearer", [False, True], ids=["cookies", "bearer"])
@given(request=REQUESTS, websocket=st.booleans())
def test_any_request_has_a_sender_or_is_refused(bearer, request, websocket):
    """Whatever is sent to a page, its sender is somebody, nobody, or refused; and nothing is stored."""
    endpoints, _, _ = _site(bearer=bearer)
    before = everything(endpoints.auth.store)
    with suppress(AuthError):
        run_sync(Access(endpoints.auth).identify(request, websocket=websocket))
    assert everything(endpoints.auth.store) == before
