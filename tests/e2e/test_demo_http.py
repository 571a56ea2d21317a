"""The demo over plain HTTP, as clients without a browser meet it.  Its command line is tested elsewhere."""

import re
import stat
import sys

import pytest

from tests.e2e.running import Running
from tests.e2e.visitor import PASSWORD, Visitor

PUBLIC_PAGES = ("/", "/register", "/code", "/login", "/mailbox")
MEMBERS_PAGES = ("/member", "/reports", "/password")
ELSEWHERE = "https://elsewhere.example"

MISTAKES = {
    "no address": ("/register", {"password": PASSWORD}, 422, "email", "Enter your email address."),
    "no at sign": (
        "/register",
        {"email": "ada", "password": PASSWORD},
        422,
        "email",
        "An email address has an @ in it",
    ),
    "no domain": ("/register", {"email": "ada@x", "password": PASSWORD}, 422, "email", "The part after the @ is not"),
    "odd username": (
        "/register",
        {"email": "a@example.org", "username": "ada lovelace", "password": PASSWORD},
        422,
        "username",
        "A username is made of letters, digits, dots, hyphens and underscores.",
    ),
    "taken username": (
        "/register",
        {"email": "a@example.org", "username": "Grace", "password": PASSWORD},
        409,
        "username",
        "This username is taken.",
    ),
    "short password": (
        "/register",
        {"email": "a@example.org", "password": "short"},
        422,
        "password",
        "A password has at least 15 characters.",
    ),
    "common password": (
        "/register",
        {"email": "a@example.org", "password": "passwordpassword"},
        422,
        "password",
        "This password is one of the first that attackers try.",
    ),
    "own words": (
        "/register",
        {"email": "a@example.org", "username": "margaret", "password": "margaret-authcore-1"},
        422,
        "password",
        "This password is made of your name",
    ),
    "no name": ("/login", {"password": PASSWORD}, 422, "identifier", "Enter your email address or username."),
    "wrong password": (
        "/login",
        {"identifier": "grace", "password": PASSWORD},
        401,
        "",
        "No account has this name and this password, or its address is not confirmed yet.",
    ),
    "no challenge": ("/code", {"code": "000000"}, 410, "", "The code is not valid any more."),
}
"""Form, entries, status, field and words."""


# --- the journey ----------------------------------------------------------------------------------------------------


def test_journey_through_the_pages(visitor):
    """Registering, confirming, logging in and out by forms opens the member page, and closes it again."""
    entries = {"email": "ada@example.org", "username": "ada", "password": PASSWORD}
    assert _is_redirect(visitor.post("/register", entries), "/code")
    assert _is_redirect(visitor.post("/code", {"code": visitor.code_for("ada@example.org")}), "/login")
    assert _is_redirect(visitor.post("/login", {"identifier": "ada", "password": PASSWORD}), "/member")
    assert "Hello, ada" in visitor.get("/member").text
    assert _is_redirect(visitor.post("/logout"), "/")
    assert visitor.get("/member").status_code == 401


def test_journey_through_json(visitor):
    """The library's own endpoints below /auth lead to the same session."""
    entries = {"email": "barbara@example.org", "username": "barbara", "password": PASSWORD}
    assert visitor.post_json("/auth/register", entries).status_code == 202
    code = visitor.code_for("barbara@example.org")
    assert visitor.post_json("/auth/verify", {"code": code}).status_code == 200
    assert visitor.post_json("/auth/login", {"identifier": "barbara", "password": PASSWORD}).status_code == 200
    assert visitor.get("/auth/session").json()["account"]["username"] == "barbara"
    assert "Hello, barbara" in visitor.get("/member").text
    assert visitor.post_json("/auth/logout").status_code == 204
    assert visitor.get("/auth/session").status_code == 401


def test_member_has_the_role_of_members(visitor):
    """Who confirmed an address through the pages has the role `member`, with its permissions and no others."""
    visitor.become_member("joan")
    session = visitor.get("/auth/session").json()
    assert (session["roles"], session["permissions"]) == (["member"], ["notes:read,write", "profile"])


def test_member_is_refused_the_reports(visitor):
    """A member without the permission gets a page with status 403, which names what is missing."""
    visitor.become_member("hedy")
    refused = visitor.get("/reports")
    assert refused.status_code == 403
    assert "reports:read" in refused.text


def test_administrator_sees_the_reports(demo, visitor):
    """The seeded administrator, whose grant is `*`, may see the reports."""
    visitor.post("/login", {"identifier": "grace", "password": demo.password})
    assert "Letters since the start" in visitor.get("/reports").text


def test_changed_password_ends_other_sessions(demo, visitor):
    """After a change of password its author stays logged in, a second browser does not, and a letter tells of it."""
    other = Visitor(demo)
    visitor.become_member("radia")
    other.post("/login", {"identifier": "radia", "password": PASSWORD})
    changed = visitor.post("/password", {"current_password": PASSWORD, "new_password": f"{PASSWORD}, again"})
    assert _is_redirect(changed, "/member")
    assert [visitor.get("/member").status_code, other.get("/member").status_code] == [200, 401]
    assert visitor.letter_for("radia@example.org", "Your password was changed")


def test_taken_address_answers_alike(demo, visitor):
    """Registering an address that is taken looks the same, and its owner gets a letter."""
    visitor.become_member("karen")
    stranger = Visitor(demo)
    answer = stranger.post("/register", {"email": "karen@example.org", "password": PASSWORD})
    assert _is_redirect(answer, "/code")
    assert stranger.get("/code").text == _awaiting(demo, "nobody@example.org").get("/code").text
    assert visitor.letter_for("karen@example.org", "You have an account already")


def test_another_code_takes_the_place_of_the_first(demo):
    """A second code can be asked for; from then on it is the only one that counts."""
    visitor = _awaiting(demo, "annie@example.org")
    first = visitor.code_for("annie@example.org")
    assert _is_redirect(visitor.post("/another-code"), "/code")
    second = visitor.code_for("annie@example.org", but=first)
    assert visitor.post("/code", {"code": first}).status_code == 422
    assert _is_redirect(visitor.post("/code", {"code": second}), "/login")


def test_no_code_can_be_asked_for_without_a_registration(visitor):
    """Who has begun no registration in this browser is told so."""
    assert _is_redirect(visitor.post("/another-code"), "/code")
    assert "There is nothing to confirm in this browser any more." in visitor.get("/code").text


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_letters_are_printed(demo, visitor):
    """Each code is printed in the terminal as well."""
    visitor.post("/register", {"email": "grete@example.org", "password": PASSWORD})
    code = visitor.code_for("grete@example.org")
    assert f"\ncode {code} for grete@example.org\n" in demo.output


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX's")
def test_files_are_their_owners_alone(demo):
    """Keyring and database, with its journal, can be read and written by their owner and nobody else."""
    files = [demo.keyring, *demo.database.parent.glob(f"{demo.database.name}*")]
    assert len(files) > 2
    assert {stat.filemode(path.stat().st_mode) for path in files} == {"-rw-------"}


def test_no_password_and_no_code_is_stored(demo, visitor):
    """No file of the demo holds a password or a code in clear."""
    visitor.become_member("lise")
    visitor.post("/register", {"email": "emmy@example.org", "password": PASSWORD})
    secrets = [demo.password, PASSWORD, visitor.code_for("emmy@example.org")]
    kept = b"".join(path.read_bytes() for path in demo.database.parent.glob(f"{demo.database.name}*"))
    assert b"emmy@example.org" in kept
    assert not [secret for secret in secrets if secret.encode() in kept]


# --- forms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("demo", ["starlette"], indirect=True)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_told_at_its_field(visitor, mistake):
    """A form that cannot be accepted comes back with the reason, beside the field it is about."""
    path, entries, status, field, words = MISTAKES[mistake]
    answer = visitor.post(path, entries)
    assert answer.status_code == status
    assert words in _complaint(answer.text, field)


def test_wrong_code_costs_an_attempt(demo):
    """A wrong code is refused with the attempts that are left; after the last one no code is accepted any more."""
    visitor = _awaiting(demo, "mary@example.org")
    right = visitor.code_for("mary@example.org")
    wrong = "000000" if right != "000000" else "111111"
    told = [_complaint(visitor.post("/code", {"code": wrong}).text, "code") for _ in range(4)]
    assert [re.findall(r"You have (\d) attempts? left", text)[0] for text in told] == ["4", "3", "2", "1"]
    assert "Too many wrong codes." in _complaint(visitor.post("/code", {"code": wrong}).text, "")
    assert visitor.post("/code", {"code": right}).status_code == 410


def test_wrong_current_password_is_told_at_its_field(visitor):
    """Changing the password asks for the current one, and refuses a wrong one."""
    visitor.become_member("frances")
    answer = visitor.post("/password", {"current_password": "quite another one", "new_password": f"{PASSWORD}, again"})
    assert answer.status_code == 403
    assert "The current password is wrong." in _complaint(answer.text, "current_password")


def test_entries_are_kept_and_passwords_are_not(visitor):
    """A refused form shows again what was typed, but no password."""
    answer = visitor.post("/register", {"email": "a@x", "username": 'a"<b>', "password": "correct battery staple"})
    assert 'value="a@x"' in answer.text
    assert 'value="a&#34;&lt;b&gt;"' in answer.text
    assert "battery" not in answer.text


@pytest.mark.parametrize("body", ["email", "email=%ff", "email=a&email=b", "colour=blue", "%", "email=\xe9"])
def test_broken_form_is_a_page(visitor, body):
    """A body that is no form of this page is refused with a page of status 400."""
    answer = visitor.post_octets("/register", body.encode("latin-1"))
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


def test_other_bodies_are_refused(visitor):
    """A form that is too long, or none at all, is refused."""
    assert visitor.post_octets("/register", b"email=" + b"a" * 20_000).status_code == 413
    assert visitor.post_json("/register", {"email": "ada@example.org"}).status_code == 415


# --- who may do what ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MEMBERS_PAGES)
def test_stranger_is_asked_to_log_in(visitor, path):
    """Pages for members answer strangers with status 401, a challenge for clients, and words for people."""
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="authcore"')
    assert "Log in first" in answer.text


@pytest.mark.parametrize("origin", [ELSEWHERE, "null"])
def test_form_of_another_site_is_refused(visitor, origin):
    """No form is accepted from a page of another site, not even a login."""
    answer = visitor.post("/login", {"identifier": "grace", "password": PASSWORD}, origin=origin)
    assert answer.status_code == 403
    assert "This did not come from here" in answer.text


def test_cookie_does_nothing_for_another_site(visitor):
    """A member's cookie does not let another site log that member out."""
    visitor.become_member("evelyn")
    assert visitor.post("/logout", origin=ELSEWHERE).status_code == 403
    assert visitor.get("/member").status_code == 200


# --- what every page keeps to ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PUBLIC_PAGES, *MEMBERS_PAGES, "/nowhere", "/static/demo.css"])
def test_every_answer_is_guarded_by_headers(visitor, path):
    """Every answer forbids foreign content, framing, guessing of types and telling others where one came from."""
    headers = visitor.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", [*PUBLIC_PAGES, *MEMBERS_PAGES])
def test_no_page_is_cached(visitor, path):
    """No cache keeps a page, since each tells who is logged in."""
    assert visitor.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", [*PUBLIC_PAGES, "/nowhere"])
def test_pages_need_no_script_and_nothing_from_elsewhere(visitor, path):
    """A page loads its own files only, and contains neither script nor style."""
    page = visitor.get(path).text
    assert not re.findall(r"<script|<style|\sstyle=|\son\w+=|javascript:", page)
    assert not [link for link in re.findall(r'(?:href|src|action)="([^"]*)"', page) if not re.match(r"[/#](?!/)", link)]


def test_cookies_are_out_of_reach(visitor):
    """Session and challenge travel in cookies that no script reads, no other site sends and no other host plants."""
    answer = visitor.post("/register", {"email": "sister@example.org", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")


def test_unknown_page_is_not_found(visitor):
    """An address where nothing is answers with a page of status 404."""
    answer = visitor.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


@pytest.mark.parametrize(("method", "path", "allowed"), [("GET", "/logout", "POST"), ("POST", "/mailbox", "GET")])
def test_wrong_method_is_refused(visitor, method, path, allowed):
    """A page that does not take a method says which one it takes."""
    answer = visitor.get(path) if method == "GET" else visitor.post(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def _is_redirect(answer, path: str) -> bool:
    return (answer.status_code, answer.headers.get("location")) == (303, path)


def _awaiting(demo: Running, address: str) -> Visitor:
    """Return a new visitor who has registered an address, and is about to enter the code."""
    visitor = Visitor(demo)
    visitor.post("/register", {"email": address, "password": PASSWORD})
    return visitor


def _complaint(page: str, field: str) -> str:
    """Return what a page says beside a field, or about the form as a whole; it must be in the summary as well."""
    (summary,) = re.findall(r'role="alert">(.*?)</div>', page, re.DOTALL)
    assert not field or f'href="#{field}"' in summary
    return re.findall(rf'id="{field}-error">(.*?)</p>', page, re.DOTALL)[0] if field else summary
