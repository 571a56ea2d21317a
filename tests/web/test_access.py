"""Who sends a request: which credential counts, when the origin matters, and what the device is."""

from dataclasses import replace

import pytest

from authcore import Policy
from authcore.errors import ConfigurationError, CrossSiteRequest, InvalidToken, MalformedRequest, NotAuthenticated
from authcore.principal import Anonymous, Principal
from authcore.testing import build_auth, run_sync
from authcore.web import Access, Request

ORIGIN = (b"origin", b"https://app.example.org")
FOREIGN = (b"origin", b"https://evil.example.net")
POLICY = Policy(origins=frozenset({"https://app.example.org"}))
BEARER = replace(POLICY, bearer=True)
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "PURGE", "")
EMAIL, PASSWORD = "ada@example.org", "a loom that weaves algebra"


def auth_and_token(policy=POLICY):
    """Return an Auth, and the token of somebody who has logged in."""
    auth = build_auth(policy=policy)
    issued = run_sync(auth.register(email=EMAIL, password=PASSWORD))
    run_sync(auth.deliver_due())
    run_sync(auth.verify_account(challenge=issued.token, code=auth.courier.last_code()))
    return auth, run_sync(auth.log_in(identifier=EMAIL, password=PASSWORD)).token


def request(*headers, method="GET", **parts):
    """Return a request with these headers."""
    return Request(method=method, path="/", headers=headers, **parts)


def cookie(token, name="__Host-authcore"):
    """Return the Cookie header of a token."""
    return b"Cookie", f"{name}={token}".encode()


def bearer(token):
    """Return the Authorization header of a token."""
    return b"Authorization", f"Bearer {token}".encode()


def identify(access, *headers, websocket=False, **parts):
    """Return who sends a request."""
    return run_sync(access.identify(request(*headers, **parts), websocket=websocket)).caller


def test_nobody():
    """Without a credential nobody is there, and nothing is wrong."""
    caller = identify(Access(build_auth(policy=POLICY)))
    assert isinstance(caller, Anonymous)
    assert isinstance(caller.refusal, NotAuthenticated)


def test_somebody_by_cookie():
    """By default the cookie counts, and the Authorization header does not."""
    auth, token = auth_and_token()
    caller = identify(Access(auth), cookie(token))
    assert isinstance(caller, Principal)
    assert caller.account.email == EMAIL
    assert isinstance(identify(Access(auth), bearer(token)), Anonymous)


def test_somebody_by_header():
    """By policy the header counts, and the cookie does not."""
    auth, token = auth_and_token(BEARER)
    assert isinstance(identify(Access(auth), bearer(token)), Principal)
    assert isinstance(identify(Access(auth), cookie(token)), Anonymous)


@pytest.mark.parametrize("policy", [POLICY, BEARER], ids=["cookie", "bearer"])
def test_bad_token_is_nobody_with_a_reason(policy):
    """A token that does not count makes nobody, and says why where somebody asks."""
    present = bearer if policy.bearer else cookie
    caller = identify(Access(build_auth(policy=policy)), present("garbage"))
    assert isinstance(caller, Anonymous)
    with pytest.raises(InvalidToken):
        caller.authenticated()


@pytest.mark.parametrize("method", SAFE)
def test_safe_methods_need_no_origin(method):
    """Reading with the cookie is allowed from everywhere."""
    auth, token = auth_and_token()
    for headers in ([], [FOREIGN], [(b"sec-fetch-site", b"cross-site")]):
        assert isinstance(identify(Access(auth), cookie(token), *headers, method=method), Principal)


@pytest.mark.parametrize("method", UNSAFE)
def test_other_methods_need_an_origin(method):
    """With the cookie, any other method is allowed from our origins alone, be the token good or bad."""
    auth, token = auth_and_token()
    assert isinstance(identify(Access(auth), cookie(token), ORIGIN, method=method), Principal)
    for held in (token, "garbage"):
        for headers in ([], [FOREIGN], [(b"origin", b"null")], [ORIGIN, ORIGIN]):
            with pytest.raises(CrossSiteRequest):
                identify(Access(auth), cookie(held), *headers, method=method)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_no_cookie_no_check(method):
    """Where no cookie of ours is used there is nothing to abuse: without one, and with tokens in headers."""
    auth, token = auth_and_token(BEARER)
    assert isinstance(identify(Access(build_auth(policy=POLICY)), FOREIGN, method=method), Anonymous)
    assert isinstance(identify(Access(auth), bearer(token), FOREIGN, cookie(token), method=method), Principal)


def test_websockets_are_always_checked():
    """A websocket's handshake is a GET, and checked all the same, for nobody and somebody."""
    auth, token = auth_and_token()
    access = Access(auth)
    assert isinstance(identify(access, cookie(token), ORIGIN, websocket=True), Principal)
    assert isinstance(identify(access, websocket=True), Anonymous)
    for headers in ([cookie(token)], [cookie(token), FOREIGN], [FOREIGN], [cookie("1", name="theme")]):
        with pytest.raises(CrossSiteRequest):
            identify(access, *headers, websocket=True)


def test_websockets_with_tokens_in_headers():
    """With tokens in headers a websocket needs no origin, but a page of another site opens none either."""
    auth, token = auth_and_token(BEARER)
    assert isinstance(identify(Access(auth), bearer(token), cookie("x"), websocket=True), Principal)
    with pytest.raises(CrossSiteRequest):
        identify(Access(auth), bearer(token), FOREIGN, websocket=True)


@pytest.mark.parametrize("policy", [POLICY, BEARER], ids=["cookie", "bearer"])
def test_duplicates_are_refused(policy):
    """Two Authorization headers are refused in either mode; two cookies where cookies count."""
    access = Access(build_auth(policy=policy))
    with pytest.raises(MalformedRequest, match="cannot be read"):
        identify(access, bearer("a"), bearer("b"))
    twice = [cookie("a"), cookie("b")]
    if policy.bearer:
        assert access.session_token(request(*twice)) is None
    else:
        with pytest.raises(MalformedRequest):
            access.session_token(request(*twice))


def test_token_is_not_judged_while_it_is_read():
    """Reading a token says nothing about it."""
    assert Access(build_auth(policy=POLICY)).session_token(request(cookie("x"))) == "x"
    assert Access(build_auth(policy=POLICY)).session_token(request(cookie(""))) == ""
    assert Access(build_auth(policy=BEARER)).session_token(request((b"authorization", b"Basic YTpi"))) is None


@pytest.mark.parametrize("origin", ["app.example.org", "https://app.example.org/", "*", "null", ""])
def test_bad_origin_is_refused_at_the_start(origin):
    """An origin that no browser ever sends is refused when the application starts."""
    with pytest.raises(ConfigurationError):
        Access(build_auth(policy=Policy(origins=frozenset({origin}))))


def test_origins_are_compared_in_canonical_form():
    """An origin that was configured in another spelling is the same one."""
    auth = build_auth(policy=Policy(origins=frozenset({"HTTPS://App.Example.org:443"})))
    Access(auth).check_origin(request(ORIGIN, cookie("x"), method="POST"))


def test_without_origins_no_page_is_ours():
    """Where no origin is configured, no page may change anything; programs without cookies may."""
    access = Access(build_auth())
    access.check_origin(request(method="POST"))
    access.check_origin(request((b"sec-fetch-site", b"same-origin"), cookie("x"), method="POST"))
    for headers in ([ORIGIN], [cookie("x")]):
        with pytest.raises(CrossSiteRequest):
            access.check_origin(request(*headers, method="POST"))


def device_of(sent, **settings):
    """Return where a request came from, by a policy with these settings."""
    return Access(build_auth(policy=replace(POLICY, **settings))).device_of(sent)


FORWARDED = [(b"User-Agent", b"Browser/1"), (b"x-forwarded-for", b"203.0.113.9"), (b"forwarded", b"for=203.0.113.9")]


def test_device():
    """A device is the transport's address and the user agent; forwarding headers are not believed."""
    device = device_of(request(*FORWARDED, client="192.0.2.1"))
    assert (device.network, device.user_agent) == ("192.0.2.1", "Browser/1")
    assert (device_of(request()).network, device_of(request()).user_agent) == ("unknown", "")


def test_device_behind_a_trusted_proxy():
    """What the policy's own proxies say of a client is believed, and what anybody else says is not."""
    proxies = frozenset({"192.0.2.0/24"})
    assert device_of(request(*FORWARDED, client="192.0.2.1"), trusted_proxies=proxies).network == "203.0.113.9"
    assert device_of(request(*FORWARDED, client="198.51.100.1"), trusted_proxies=proxies).network == "198.51.100.1"


@pytest.mark.parametrize("agent", [b"\x1b[31m", b"a\r\nb", b"\xff\xfe", "\u2028\u202e".encode(), b"a" * 10_000])
def test_user_agents_are_cut_and_cleaned(agent):
    """Whatever a stranger calls his browser is kept short and printable, and never refused."""
    said = device_of(request((b"user-agent", agent))).user_agent
    assert len(said) <= 255
    assert said.isprintable()
    assert said
