"""The OpenAPI document, held against the table of endpoints and against what reads bodies and refuses requests.

What `nox -s openapi` finds by asking is not repeated here.
"""

import json
import re
from dataclasses import replace

import pytest

from authcore import CookieSettings, Policy, errors
from authcore.testing import build_auth, run_sync
from authcore.web import ENDPOINTS, Endpoints, Request, openapi_document
from authcore.web.problems import STATUSES, problem

POLICY = Policy(origins=frozenset({"https://app.example.org"}))
POLICIES = [pytest.param(POLICY, id="cookies"), pytest.param(replace(POLICY, bearer=True), id="bearer")]
FROM_HERE = [(b"origin", b"https://app.example.org"), (b"content-type", b"application/json")]
CODES = {
    kind.code: next(STATUSES[parent] for parent in kind.__mro__ if parent in STATUSES).value
    for kind in map(errors.__dict__.get, errors.__all__)
    if issubclass(kind, errors.AuthError | errors.Fault)
}


def operations(document):
    """Yield method, path and operation of everything that a document describes."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def bodies(document):
    """Yield path and schema of every body that a document describes."""
    for _, path, operation in operations(document):
        if "requestBody" in operation:
            yield path, operation["requestBody"]["content"]["application/json"]["schema"]


def references(part):
    """Yield every reference within a part of a document."""
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        part = part.values()
    if not isinstance(part, str | int | None):
        for each in part:
            yield from references(each)


def resolved(document, part):
    """Return what a reference leads to, or the part itself if it is none."""
    for step in part.get("$ref", "#").split("/")[1:]:
        document = part = document[step]
    return part


def refusals(document, operation):
    """Yield status and schema of every problem that an operation may answer with."""
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/problem+json", {}).get("schema", {})
        for each in schema.get("oneOf", [schema] if schema else []):
            yield int(status), resolved(document, each)


def send(policy, method, path, payload=None):
    """Send a request without any credential, and return the status and the JSON of its answer."""
    body = b"" if payload is None else json.dumps(payload).encode()
    request = Request(method=method, path=path, headers=FROM_HERE, body=body)
    response = run_sync(Endpoints(build_auth(policy=policy)).respond(request))
    return response.status, json.loads(response.body or b"{}")


def fault(policy, path, payload):
    """Return which field the reader of bodies found at fault, and why; nothing if it found none."""
    _, told = send(policy, "POST", path, payload)
    return (told["field"], told["reason"]) if told.get("code") == "invalid_input" else None


def test_every_endpoint_is_described():
    """Each endpoint is described where it stands, under a name of its own, and nothing else is."""
    described = [(method, path, row["operationId"]) for method, path, row in operations(openapi_document(POLICY))]
    assert described == [(row.method, f"/auth{row.path}", row.name) for row in ENDPOINTS]
    assert len({name for _, _, name in described}) == len(ENDPOINTS)


@pytest.mark.parametrize("policy", POLICIES)
def test_limits_are_those_of_the_reader(policy):
    """Each field has room for exactly as many characters as are described."""
    for path, schema in bodies(openapi_document(policy)):
        for name, field in schema["properties"].items():
            fitting = {**dict.fromkeys(schema["properties"], "a"), name: "a" * field["maxLength"]}
            assert fault(policy, path, fitting) != (name, "too_long")
            assert fault(policy, path, {**fitting, name: fitting[name] + "a"}) == (name, "too_long")


@pytest.mark.parametrize("policy", POLICIES)
def test_fields_are_those_of_the_reader(policy):
    """Each field is text, no other is known, and exactly those are missed that are said to be required."""
    for path, schema in bodies(openapi_document(policy)):
        good = dict.fromkeys(schema["properties"], "a")
        for name in good:
            without = {other: "a" for other in good if other != name}
            assert (fault(policy, path, without) == (name, "missing")) is (name in schema["required"])
            assert fault(policy, path, {**good, name: 1}) == (name, "not_text")
        assert fault(policy, path, {**good, "other": "a"}) == ("other", "unknown")
        assert schema["additionalProperties"] is False


@pytest.mark.parametrize("policy", POLICIES)
def test_codes_stand_at_their_status(policy):
    """Every code that an operation lists is one of the table of statuses, at this very status."""
    document = openapi_document(policy)
    for method, path, operation in operations(document):
        for status, schema in refusals(document, operation):
            code = schema["properties"]["code"]["const"]
            assert (CODES[code], schema["properties"]["status"]["const"]) == (status, status), (method, path, code)


def test_challenges_are_those_that_are_sent():
    """The header of every 401 is one that the document describes."""
    described = openapi_document(POLICY)["components"]["headers"]["authcore.WWW-Authenticate"]["schema"]["pattern"]
    for error in (errors.NotAuthenticated(), errors.InvalidToken(), errors.ReauthenticationRequired(POLICY.rotation)):
        sent = dict(problem(error).headers)[b"www-authenticate"].decode()
        assert re.search(described, sent)
        assert not re.search(described, f"{sent}, more")


def test_fresh_logins_are_asked_for_where_the_policy_says():
    """Ending other sessions may be refused to an old login if the policy asks for a fresh one, and only then."""
    for policy, is_told in ((POLICY, False), (replace(POLICY, fresh_for=POLICY.rotation), True)):
        document = openapi_document(policy)
        told = {
            path
            for _, path, operation in operations(document)
            for _, schema in refusals(document, operation)
            if schema["properties"]["code"]["const"] == "reauthentication_required"
        }
        # Where a second factor is called for, which only the account may say, a new address needs a fresh login.
        others = {"/auth/sessions/revoke", "/auth/sessions/revoke-others"} if is_told else set()
        assert told == {"/auth/address", *others}


@pytest.mark.parametrize("policy", POLICIES)
def test_components_are_the_ones_referred_to(policy):
    """Every reference leads somewhere, and every component is referred to; all are called by authcore's name."""
    document = openapi_document(policy)
    named = {f"#/components/{kind}/{name}" for kind, each in document["components"].items() for name in each}
    schemes = {name for _, _, row in operations(document) for way in row["security"] for name in way}
    assert set(references(document)) | {f"#/components/securitySchemes/{name}" for name in schemes} == named
    assert all(name.rpartition("/")[2].startswith("authcore.") for name in named)


@pytest.mark.parametrize("policy", POLICIES)
def test_session_is_demanded_where_described(policy):
    """Who presents nothing is told to log in exactly where the document lets nobody in without a session."""
    document = openapi_document(policy)
    for method, path, operation in operations(document):
        schema = dict(bodies(document)).get(path, {"properties": ()})
        _, told = send(policy, method, path, dict.fromkeys(schema["properties"], "a"))
        assert (told.get("code") == "not_authenticated") is ({} not in operation["security"]), path


def test_cookies_are_those_of_the_policy():
    """Cookies are called as the policy calls them, wherever one is read or set; a strange name is taken literally."""
    session, challenge = CookieSettings(name="__Host-a.b|c"), CookieSettings(name="__Host-d")
    document = openapi_document(replace(POLICY, session_cookie=session, challenge_cookie=challenge))
    assert document["components"]["securitySchemes"]["authcore.session"] == {
        "type": "apiKey",
        "in": "cookie",
        "name": session.name,
    }
    assert document["components"]["parameters"]["authcore.Challenge"]["name"] == challenge.name
    login = document["paths"]["/auth/login"]["post"]["responses"]["200"]["headers"]["Set-Cookie"]["schema"]["pattern"]
    assert re.search(login, f"{session.name}=x")
    assert not any(re.search(login, line) for line in ("__Host-a=x", "__Host-axb|c=x", "c=x", f"{challenge.name}=x"))


def test_renewed_cookie_may_come():
    """Where a token is renewed if that is due, its cookie is described and not promised; elsewhere it is promised."""
    document = openapi_document(POLICY)
    promised = {
        path: answered["headers"]["Set-Cookie"]["required"]
        for _, path, operation in operations(document)
        for answered in operation["responses"].values()
        if "Set-Cookie" in answered.get("headers", {})
    }
    assert [path for path, is_promised in promised.items() if not is_promised] == ["/auth/session"]
    assert promised["/auth/login"] is promised["/auth/refresh"] is True


def test_bearer_tokens_need_no_cookie():
    """With tokens in bodies no cookie is described; what it would carry is a field, or a member of the answer."""
    document = openapi_document(replace(POLICY, bearer=True))
    assert "ookie" not in json.dumps(document)
    for row in ENDPOINTS:
        operation = document["paths"][f"/auth{row.path}"][row.method.lower()]
        answer = operation["responses"][str(row.answer.status)].get("content", {}).get("application/json", {})
        members = answer.get("schema", {}).get("properties", {})
        assert {"token", "challenge", "captcha"} & members.keys() == {row.answer.token} - {None}
        assert row.challenge is ("challenge" in dict(bodies(document)).get(f"/auth{row.path}", {}).get("required", ()))


@pytest.mark.parametrize("policy", POLICIES)
def test_document_is_served(policy):
    """The document is there for everybody, below the prefix that it describes, and never kept by a cache."""
    endpoints = Endpoints(build_auth(policy=policy), prefix="/api/v1")
    response = run_sync(endpoints.respond(Request(method="GET", path="/api/v1/openapi.json", headers=[])))
    assert (response.status, json.loads(response.body)) == (200, openapi_document(policy, prefix="/api/v1"))
    assert dict(response.headers)[b"content-type"] == b"application/json"
    assert dict(response.headers)[b"cache-control"] == b"no-store"
    assert set(endpoints.paths) == set(json.loads(response.body)["paths"])
