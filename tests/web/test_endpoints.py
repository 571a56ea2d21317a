"""The endpoints without any framework or loop: requests in, responses out."""

import json
import logging
from dataclasses import replace

import pytest

from authcore import Policy
from authcore.errors import ConfigurationError, StoreFault
from authcore.memory import MemoryStore
from authcore.testing import build_auth, run_sync
from authcore.web import ENDPOINTS, Endpoints, Request
from authcore.web.bodies import Field

POLICY = Policy(origins=frozenset({"https://app.example.org"}))
FROM_HERE = [(b"Origin", b"https://app.example.org"), (b"Content-Type", b"application/json")]
EMAIL, PASSWORD = "ada@example.org", "a loom that weaves algebra"


class BrokenStore(MemoryStore):
    """A store that raises the same thing whatever it is asked."""

    def __init__(self, error):
        """Prepare to fail."""
        super().__init__()
        self.error = error

    async def find(self, key, /):
        """Fail."""
        raise self.error


def post(endpoints, path, payload=None, *headers):
    """Send JSON from a page of the site, and return status, headers and body."""
    body = b"" if payload is None else json.dumps(payload).encode()
    request = Request(method="POST", path=path, headers=[*FROM_HERE, *headers], body=body, client="192.0.2.1")
    return told(run_sync(endpoints.respond(request)))


def told(response):
    """Return a response's status, headers (each once) and body."""
    return response.status, dict(response.headers), json.loads(response.body) if response.body else None


def cookie_from(headers):
    """Return the Cookie header that gives back what was set."""
    return b"cookie", headers[b"set-cookie"].partition(b";")[0]


def test_journey_without_a_loop():
    """Everything an endpoint does is done without a framework, and without an event loop."""
    endpoints = Endpoints(build_auth(policy=POLICY))
    status, headers, _ = post(endpoints, "/auth/register", {"email": EMAIL, "password": PASSWORD})
    assert status == 202
    run_sync(endpoints.auth.deliver_due())
    code = endpoints.auth.courier.last_code(EMAIL)
    assert post(endpoints, "/auth/verify", {"code": code}, cookie_from(headers))[0] == 200
    status, headers, _ = post(endpoints, "/auth/login", {"identifier": EMAIL, "password": PASSWORD})
    request = Request(method="GET", path="/auth/session", headers=[cookie_from(headers)])
    status, _, seen = told(run_sync(endpoints.respond(request)))
    assert (status, seen["account"]["email"]) == (200, EMAIL)
    assert post(endpoints, "/auth/logout", None, cookie_from(headers))[0] == 204


def test_device_reaches_the_session():
    """A session remembers the client's address and browser."""
    auth = build_auth(policy=POLICY)
    endpoints = Endpoints(auth)
    _, headers, _ = post(endpoints, "/auth/register", {"email": EMAIL, "password": PASSWORD})
    run_sync(auth.deliver_due())
    post(endpoints, "/auth/verify", {"code": auth.courier.last_code()}, cookie_from(headers))
    login = {"identifier": EMAIL, "password": PASSWORD}
    _, headers, _ = post(endpoints, "/auth/login", login, (b"user-agent", b"Browser/1"))
    token = cookie_from(headers)[1].partition(b"=")[2].decode()
    session = run_sync(auth.authenticate(token)).session
    assert (session.network, session.user_agent) == ("192.0.2.1", "Browser/1")


def test_other_paths_are_not_ours():
    """A path that is no endpoint gets no answer, so that the application gives one."""
    endpoints = Endpoints(build_auth())
    for path in ("/", "", "/auth", "/auth/", "/auth/login/", "/AUTH/login", "/login", "/auth/login?x", "/auth/%6cogin"):
        assert run_sync(endpoints.respond(Request(method="POST", path=path, headers=[]))) is None


def test_prefix():
    """The endpoints stand where the application wants them."""
    endpoints = Endpoints(build_auth(), prefix="/api/v1")
    assert [*endpoints.paths] == [f"/api/v1{row.path}" for row in ENDPOINTS]
    assert run_sync(endpoints.respond(Request(method="GET", path="/api/v1/session", headers=[]))).status == 401


@pytest.mark.parametrize("prefix", ["", "/", "auth", "/auth/", "auth/"])
def test_bad_prefix_is_refused(prefix):
    """A prefix of another form is refused when the application starts."""
    with pytest.raises(ConfigurationError, match="prefix"):
        Endpoints(build_auth(), prefix=prefix)


def test_bad_origin_is_refused():
    """A bad origin is refused when the application starts."""
    with pytest.raises(ConfigurationError, match="origin"):
        Endpoints(build_auth(policy=Policy(origins=frozenset({"app.example.org"}))))


def test_rows_are_sound():
    """Every row has its own path and a summary, reads state by GET alone, and bounds each field."""
    assert len({row.path for row in ENDPOINTS}) == len(ENDPOINTS)
    for row in ENDPOINTS:
        assert row.method in {"GET", "POST"}
        assert row.path.startswith("/")
        assert row.summary.endswith(".")
        assert row.method == "POST" or not row.fields
        assert all(isinstance(field, Field) and 0 < field.max_length <= 1024 for field in row.fields)
    reading = ["/session", "/sessions", "/captcha/picture", "/captcha/sound", "/openapi.json"]
    assert [row.path for row in ENDPOINTS if row.method == "GET"] == reading


def test_longest_fields_fit():
    """The fields of an endpoint fit into a body together, even if each letter takes six octets in JSON."""
    for row in ENDPOINTS:
        assert sum(6 * field.max_length + 32 for field in row.fields) <= 16 * 1024


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "post", "OPTIONS", "TRACE", "CONNECT", "", "FOO"])
def test_methods(method):
    """A method that is not the endpoint's is a 405, however strange it is."""
    response = run_sync(Endpoints(build_auth()).respond(Request(method=method, path="/auth/login", headers=[])))
    assert (response.status, dict(response.headers)[b"allow"]) == (405, b"POST")


def test_order_of_judging():
    """The method is judged before the origin, the origin before the body, and the body before the session."""
    endpoints = Endpoints(build_auth(policy=POLICY))
    foreign = [(b"origin", b"https://evil.example.net")]

    def status(method, headers, body):
        request = Request(method=method, path="/auth/password", headers=headers, body=body)
        return run_sync(endpoints.respond(request)).status

    good = json.dumps({"current_password": PASSWORD, "new_password": PASSWORD}).encode()
    assert status("GET", foreign, b"x") == 405
    assert status("POST", foreign, b"x" * 20_000) == 403
    assert status("POST", FROM_HERE[:1], b"x" * 20_000) == 413
    assert status("POST", FROM_HERE[:1], b"x") == 415
    assert status("POST", FROM_HERE, b"x") == 400
    assert status("POST", FROM_HERE, b"{}") == 422
    assert status("POST", FROM_HERE, good) == 401


def test_faults_and_failures(caplog):
    """A fault is a 503, anything else a 500; the log tells them apart, and the answer tells nothing."""
    caplog.set_level(logging.INFO, "authcore")
    login = {"identifier": EMAIL, "password": PASSWORD}
    for error, status, level in ((StoreFault("disk"), 503, "WARNING"), (RuntimeError("disk"), 500, "ERROR")):
        caplog.clear()
        found, _, document = post(Endpoints(build_auth(policy=POLICY, store=BrokenStore(error))), "/auth/login", login)
        assert (found, "disk" in str(document)) == (status, False)
        assert [record.levelname for record in caplog.records] == [level]
        assert "disk" in caplog.text


def test_end_of_the_process_is_not_an_answer():
    """What is no failure but an order to stop comes through."""
    endpoints = Endpoints(build_auth(policy=POLICY, store=BrokenStore(KeyboardInterrupt())))
    with pytest.raises(KeyboardInterrupt):
        post(endpoints, "/auth/login", {"identifier": EMAIL, "password": PASSWORD})


def test_refusals_are_logged_in_one_line(caplog):
    """A refusal is one line in the log: where, which, why; whatever the request held."""
    caplog.set_level(logging.INFO, "authcore.web")
    endpoints = Endpoints(build_auth(policy=POLICY))
    post(endpoints, "/auth/login", {"identifier": "a\r\nb\x1b", "password": "\r\nsecret"})
    post(endpoints, "/auth/login", {"a\r\nb": ""})
    assert len(caplog.records) == 2
    assert all(record.getMessage().isprintable() for record in caplog.records)


def test_bearer_declares_the_challenge():
    """With tokens in bodies the challenge is a field wherever a cookie would carry it, and nowhere else."""
    endpoints = Endpoints(build_auth(policy=replace(POLICY, bearer=True)))
    for row in ENDPOINTS:
        if row.method == "POST" and (row.fields or row.challenge):
            known = {field.name: "a" for field in row.fields}
            _, _, document = post(endpoints, f"/auth{row.path}", {**known, "challenge": 1})
            assert (document.get("field"), document.get("reason")) == (
                "challenge",
                "not_text" if row.challenge else "unknown",
            )
