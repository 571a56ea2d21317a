"""The demo over plain HTTP, as clients without a browser meet it.  Its command line is tested elsewhere."""

import re
import stat
import sys
from datetime import timedelta

import pytest

from tests.e2e.running import Running
from tests.e2e.visitor import PASSWORD, Visitor

PUBLIC_PAGES = ("/", "/register", "/code", "/login", "/forgotten", "/recover", "/guestbook", "/mailbox")
MEMBERS_PAGES = (
    "/member",
    "/reports",
    "/password",
    "/address",
    "/new-address",
    "/security",
    "/admin",
    "/admin/nobody",
    "/again/admin",
)
ELSEWHERE = "https://elsewhere.example"
LONG_AGO = timedelta(hours=1)
NEW_PASSWORD = f"{PASSWORD}, again"

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
    "no address to recover by": (
        "/forgotten",
        {"address": " "},
        422,
        "address",
        "Enter an email address, such as ada@example.org, or a phone number",
    ),
    "username to recover by": (
        "/forgotten",
        {"address": "grace"},
        422,
        "address",
        "Enter an email address, such as ada@example.org, or a phone number",
    ),
    "half an address to recover by": ("/forgotten", {"address": "ada@x"}, 422, "address", "The part after the @"),
    "short number to recover by": ("/forgotten", {"address": "+44 1"}, 422, "address", "This is shorter than a phone"),
    "recovery without a challenge": (
        "/recover",
        {"action": "set", "code": "000000", "new_password": "short"},
        410,
        "",
        "The code is not valid any more.",
    ),
    "code sent again to nobody": ("/recover", {"action": "send-again"}, 410, "", "The code is not valid any more."),
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


# --- the forgotten password -----------------------------------------------------------------------------------------


def test_forgotten_password_is_replaced(demo, visitor):
    """The code from the letter sets a new password: the old one and every session are over, and a letter says so."""
    visitor.become_member("brenda")
    stranger = Visitor(demo)
    _forget(stranger, "brenda@example.org")
    code = visitor.code_for("brenda@example.org", purpose="recover")
    assert _is_redirect(_recover(stranger, code), "/login")
    assert "Now log in." in stranger.get("/login").text
    assert [visitor.get("/member").status_code, stranger.get("/member").status_code] == [401, 401]
    assert stranger.log_in("brenda").status_code == 401
    assert _is_redirect(stranger.log_in("brenda", NEW_PASSWORD), "/member")
    assert visitor.letter_for("brenda@example.org", "Your password was changed")


def test_recovery_tells_nobody_who_has_an_account(demo, visitor):
    """Both pages answer alike about an account, a stranger, and who has never confirmed an address."""
    visitor.open_account("cecilia")
    _awaiting(demo, "carla@example.org")
    pages = []
    for address in ("cecilia@example.org", "nobody@example.org", "carla@example.org"):
        stranger = Visitor(demo)
        _forget(stranger, address)
        asked = stranger.get("/recover").text
        # A code is six digits, so that this one is nobody's.
        refused = _recover(stranger, "0000000")
        pages.append((asked, refused.status_code, refused.text, stranger.post("/recover", {"action": "send-again"})))
    assert len({(asked, status, refused) for asked, status, refused, _ in pages}) == 1
    assert all(_is_redirect(again, "/recover") for *_, again in pages)


def test_recovery_does_not_lead_around_the_second_factor(demo, visitor):
    """A new password alone logs nobody in whose account calls for a code as well."""
    _await_code(visitor, "daphne")
    stranger = Visitor(demo)
    _forget(stranger, "daphne@example.org")
    _recover(stranger, visitor.code_for("daphne@example.org", purpose="recover"))
    assert _is_redirect(stranger.log_in("daphne", NEW_PASSWORD), "/second-factor")


def test_unfit_new_password_spends_no_recovery(visitor):
    """A new password that cannot be taken is told at its field, by the owner's words too; the code goes on to hold."""
    visitor.open_account("eleanor-of-kent")
    _forget(visitor, "eleanor-of-kent@example.org")
    code = visitor.code_for("eleanor-of-kent@example.org", purpose="recover")
    refused = _recover(visitor, code, "short")
    assert "A password has at least 15 characters." in _complaint(refused.text, "new_password")
    refused = _recover(visitor, code, "eleanor-of-kent1")
    assert "This password is made of your name" in _complaint(refused.text, "new_password")
    assert code not in refused.text
    assert _is_redirect(_recover(visitor, code), "/login")


def test_wrong_code_recovers_nothing(visitor):
    """A wrong code is told at its field with the attempts that are left; after the last one the way back is shown."""
    visitor.open_account("felicity")
    _forget(visitor, "felicity@example.org")
    right = visitor.code_for("felicity@example.org", purpose="recover")
    wrong = "000000" if right != "000000" else "111111"
    told = [_complaint(_recover(visitor, wrong).text, "code") for _ in range(4)]
    assert [re.findall(r"You have (\d) attempts? left", text)[0] for text in told] == ["4", "3", "2", "1"]
    ended = _recover(visitor, wrong)
    assert "Too many wrong codes." in _complaint(ended.text, "")
    assert 'href="/forgotten">Ask for a code<' in ended.text
    assert _recover(visitor, right).status_code == 410
    assert _is_redirect(visitor.log_in("felicity"), "/member")


def test_code_of_a_registration_recovers_nothing(demo):
    """What confirms an address is no way to set a password, although the same cookie carries it."""
    visitor = _awaiting(demo, "gloria@example.org")
    code = visitor.code_for("gloria@example.org")
    assert _recover(visitor, code).status_code == 410
    assert _is_redirect(visitor.post("/code", {"code": code}), "/login")


# --- another address ------------------------------------------------------------------------------------------------


def test_address_is_changed(demo, visitor):
    """The new address is one's own once its code is entered; other sessions end, and the old address is told."""
    other = Visitor(demo)
    visitor.become_member("agatha")
    other.log_in("agatha")
    assert _is_redirect(_want(visitor, "agatha@example.com"), "/new-address")
    code = visitor.code_for("agatha@example.com", purpose="new-address")
    assert _is_redirect(_take(visitor, code), "/member")
    page = visitor.get("/member").text
    assert ["agatha@example.com" in page, "agatha@example.org" in page] == [True, False]
    assert other.get("/member").status_code == 401
    assert [other.log_in(f"agatha@example.{end}").status_code for end in ("org", "com")] == [401, 303]
    assert visitor.letter_for("agatha@example.org", "Your address was changed")


def test_phone_number_stands_beside_the_address(grace, visitor):
    """A phone number is proven by a code too, and does not take the email address away."""
    visitor.become_member("bertha")
    _want(visitor, "+44 20 7946 0958")
    _take(visitor, visitor.code_for("+442079460958", purpose="new-address"))
    for page in (visitor.get("/member").text, grace.get(f"/admin/{_id_of(visitor)}").text):
        assert "bertha@example.org" in page
        assert "+442079460958" in page


def test_taken_address_is_told_to_its_owner_only(demo, visitor):
    """Who wants somebody else's address sees the same page as for a free one; its owner gets a letter, and no code."""
    owner = Visitor(demo)
    owner.open_account("camilla")
    visitor.become_member("deborah")
    visitor.get("/member")
    pages = []
    for address in ("camilla@example.org", "free@example.org"):
        assert _is_redirect(_want(visitor, address), "/new-address")
        assert _is_redirect(visitor.post("/new-address", {"action": "send-again"}), "/new-address")
        pages.append(visitor.get("/new-address").text)
    assert pages[0] == pages[1]
    assert owner.letter_for("camilla@example.org", "You have an account already")


@pytest.mark.parametrize(
    ("name", "address", "words"),
    [
        ("enid", "", "Enter an email address, such as ada@example.org, or a phone number"),
        ("edna", "grace", "Enter an email address, such as ada@example.org, or a phone number"),
        ("elsa", "020 7946 0958", "Enter an email address, such as ada@example.org, or a phone number"),
        ("elma", "ada@x", "The part after the @ is not"),
        ("erna", "+44 (0) 20 7946 0958", "Leave out the zero in brackets"),
        ("enya", "enya@example.org", "This is your address already."),
    ],
)
@pytest.mark.parametrize("demo", ["starlette"], indirect=True)
def test_unfit_address_is_told_at_its_field(visitor, name, address, words):
    """What is no address, or the same one, is told beside the field, and shown again as it was typed."""
    visitor.become_member(name)
    refused = _want(visitor, address)
    assert words in _complaint(refused.text, "address")
    assert f'value="{address}"' in refused.text


def test_address_is_not_changed_without_the_password(visitor):
    """A wrong current password is told at its field, and no code is sent."""
    visitor.become_member("fiona")
    refused = _want(visitor, "fiona@example.com", "quite another one")
    assert refused.status_code == 403
    assert "The current password is wrong." in _complaint(refused.text, "current_password")
    assert "fiona@example.com" not in visitor.get("/mailbox").text


def test_wrong_code_changes_no_address(visitor):
    """A wrong code is told at its field with the attempts that are left, and the code can be sent again."""
    visitor.become_member("greta")
    _want(visitor, "greta@example.com")
    right = visitor.code_for("greta@example.com", purpose="new-address")
    refused = _take(visitor, "000000" if right != "000000" else "111111")
    assert "You have 4 attempts left." in _complaint(refused.text, "code")
    assert _is_redirect(visitor.post("/new-address", {"action": "send-again"}), "/new-address")
    assert _is_redirect(_take(visitor, right), "/member")


def test_address_is_changed_only_where_it_was_asked_for(demo, visitor):
    """Another session of the same account cannot use the code; there the way back is shown, and no address is lost."""
    other = Visitor(demo)
    visitor.become_member("hanna")
    other.log_in("hanna")
    _want(visitor, "hanna@example.com")
    code = visitor.code_for("hanna@example.com", purpose="new-address")
    for stolen in ({}, {"__Host-authcore-two-step": visitor.cookies["__Host-authcore-two-step"]}):
        other.cookies |= stolen
        refused = _take(other, code)
        assert (refused.status_code, 'href="/address">Ask for a code<' in refused.text) == (410, True)
    assert "hanna@example.org" in other.get("/member").text


# --- the second factor ----------------------------------------------------------------------------------------------


def test_code_is_needed_besides_the_password(visitor):
    """Who has turned the code on shows at once that it arrives, and from then on is asked for one at each login."""
    visitor.become_member("anita")
    assert _is_redirect(_turn(visitor, "on"), "/second-factor")
    first = visitor.code_for("anita@example.org", purpose="second-factor")
    assert _is_redirect(visitor.post("/second-factor", {"action": "enter", "code": first}), "/member")
    visitor.post("/logout")
    assert _is_redirect(visitor.log_in("anita"), "/second-factor")
    second = visitor.code_for("anita@example.org", purpose="second-factor", but=first)
    assert _is_redirect(visitor.post("/second-factor", {"action": "enter", "code": second}), "/member")
    assert re.search(r"by\s+password and code", visitor.get("/member").text)


def test_change_of_the_second_factor_is_told(visitor):
    """Turning the code on sends a letter that says so."""
    visitor.become_member("betty")
    _turn(visitor, "on")
    assert visitor.letter_for("betty@example.org", "How you log in was changed")


def test_pending_visitor_is_sent_to_the_second_factor(visitor):
    """Between password and code every page for members, and every form there, leads to where the code is entered."""
    _await_code(visitor, "carol")
    assert all(_is_redirect(visitor.get(path), "/second-factor") for path in MEMBERS_PAGES)
    assert _is_redirect(_turn(visitor, "off"), "/second-factor")
    assert "Nobody is logged in yet" in visitor.get("/").text


def test_second_factor_is_for_the_pending_only(visitor):
    """Whoever is logged in has no business where the code is entered, and a stranger is asked to log in."""
    assert visitor.get("/second-factor").status_code == 401
    visitor.become_member("dorothy")
    assert _is_redirect(visitor.get("/second-factor"), "/member")


def test_wrong_second_code_costs_an_attempt(visitor):
    """A wrong code at login is refused with the attempts that are left; after the last one another is offered."""
    right = _await_code(visitor, "elsie")
    wrong = {"action": "enter", "code": "000000" if right != "000000" else "111111"}
    told = [_complaint(visitor.post("/second-factor", wrong).text, "code") for _ in range(4)]
    assert [re.findall(r"You have (\d) attempts? left", text)[0] for text in told] == ["4", "3", "2", "1"]
    ended = visitor.post("/second-factor", wrong)
    assert "Too many wrong codes." in _complaint(ended.text, "")
    assert "Send another code" in ended.text
    assert visitor.post("/second-factor", {"action": "enter", "code": right}).status_code == 410


def test_same_code_is_sent_again_a_few_times(visitor):
    """The code that was sent is sent once more when asked for, but not as often as somebody likes."""
    code = _await_code(visitor, "fay")
    again = [visitor.post("/second-factor", {"action": "send-again"}) for _ in range(3)]
    assert [answer.status_code for answer in again] == [303, 303, 409]
    assert "This code was sent often enough." in _complaint(again[2].text, "code")
    assert len(visitor.letters_for("fay@example.org", f"<code>{code}</code>", count=3)) == 3


def test_another_second_code_takes_the_place_of_the_first(visitor):
    """Another code can be asked for, with or without a challenge at hand; the one before counts no more."""
    first = _await_code(visitor, "gladys")
    assert _is_redirect(visitor.post("/second-factor", {"action": "send-another"}), "/second-factor")
    second = visitor.code_for("gladys@example.org", purpose="second-factor", but=first)
    assert visitor.post("/second-factor", {"action": "enter", "code": first}).status_code == 422
    assert _is_redirect(visitor.post("/second-factor", {"action": "enter", "code": second}), "/member")


def test_lost_challenge_is_no_dead_end(visitor):
    """A browser that awaits no code, although its session calls for one, is offered another code."""
    code = _await_code(visitor, "helen")
    del visitor.cookies["__Host-authcore-two-step"]
    assert "Send another code" in visitor.get("/second-factor").text
    for action in ("enter", "send-again"):
        refused = visitor.post("/second-factor", {"action": action, "code": code})
        assert (refused.status_code, "Send another code" in refused.text) == (410, True)
    assert _is_redirect(visitor.post("/second-factor", {"action": "send-another"}), "/second-factor")


def test_code_is_turned_off_with_the_password(visitor):
    """Turning the code off asks for the password; after it, that alone logs in."""
    code = _await_code(visitor, "irene")
    visitor.post("/second-factor", {"action": "enter", "code": code})
    refused = _turn(visitor, "off", password="quite another one")
    assert "The current password is wrong." in _complaint(refused.text, "current_password")
    assert _is_redirect(_turn(visitor, "off"), "/security")
    assert _is_redirect(Visitor(visitor.demo).log_in("irene"), "/member")


# --- sessions -------------------------------------------------------------------------------------------------------


def test_session_is_ended_from_another(demo, visitor):
    """One's sessions are listed with their devices; ending one ends that one only, and once."""
    there = Visitor(demo)
    visitor.become_member("janet")
    there.log_in("janet", **{"user-agent": "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"})
    assert "Firefox on Windows" in visitor.get("/security").text
    (session,) = _others(visitor)
    ending = {"action": "end", "session": session}
    assert _is_redirect(visitor.post("/security", ending), "/security")
    assert [visitor.get("/member").status_code, there.get("/member").status_code] == [200, 401]
    assert not _others(visitor)
    visitor.post("/security", ending)
    assert "That session was over already." in visitor.get("/security").text


def test_all_other_sessions_are_ended(demo, visitor):
    """Logging out everywhere else leaves the session that asked, and no other one."""
    others = [Visitor(demo), Visitor(demo)]
    visitor.become_member("kathleen")
    for other in others:
        other.log_in("kathleen")
    assert _is_redirect(visitor.post("/security", {"action": "end-others"}), "/security")
    assert [each.get("/member").status_code for each in (visitor, *others)] == [200, 401, 401]


def test_nobody_ends_a_strangers_session(demo, visitor):
    """The name of somebody else's session ends nothing."""
    owner, other = Visitor(demo), Visitor(demo)
    owner.become_member("lois")
    other.log_in("lois")
    visitor.become_member("mavis")
    assert visitor.post("/security", {"action": "end", "session": _others(owner)[0]}).status_code == 422
    assert other.get("/member").status_code == 200


def test_unknown_action_is_refused(visitor):
    """A form that asks for what no button asks for is refused."""
    visitor.become_member("nancy")
    assert visitor.post("/security", {"action": "explode"}).status_code == 400


# --- the administrator ----------------------------------------------------------------------------------------------


def test_member_is_refused_the_accounts(visitor):
    """The administrator's pages are closed to members, whether the account exists or not, and say what is missing."""
    visitor.become_member("olga")
    for path in ("/admin", "/admin/nobody", f"/admin/{_id_of(visitor)}"):
        refused = visitor.get(path)
        assert (refused.status_code, "accounts:manage" in refused.text) == (403, True)
    assert visitor.post(f"/admin/{_id_of(visitor)}", {"action": "give", "role": "analyst"}).status_code == 403


def test_account_is_found_by_any_name(grace, visitor):
    """The administrator finds an account by its address and by its username, and sees its roles and sessions."""
    visitor.become_member("pamela")
    for name in ("pamela@example.org", "Pamela"):
        assert _is_redirect(grace.post("/admin", {"identifier": name}), f"/admin/{_id_of(visitor)}")
    page = grace.get(f"/admin/{_id_of(visitor)}").text
    assert "pamela@example.org" in page
    assert re.search(r"Open sessions</dt><dd>1</dd>", page)
    assert re.findall(r"<h3>(\w+) <span class=\"tag\">held", page) == ["member"]


@pytest.mark.parametrize(("name", "status"), [("nobody", 404), ("", 422), ("a b", 422)])
def test_unknown_name_is_told_at_its_field(grace, name, status):
    """A name that no account has, or can have, is told beside the field."""
    answer = grace.post("/admin", {"identifier": name})
    assert answer.status_code == status
    assert _complaint(answer.text, "identifier")


def test_unknown_account_is_not_found(grace):
    """An account's page is not found where there is no account, and nothing can be done there."""
    assert grace.get("/admin/nobody").status_code == 404
    assert grace.post("/admin/nobody", {"action": "disable"}).status_code == 404


def test_disabled_account_is_out_at_once(grace, visitor):
    """Disabling an account ends its session at once and refuses its login, until it is enabled."""
    visitor.become_member("queenie")
    account = _id_of(visitor)
    _act(grace, account, "disable")
    assert visitor.get("/member").status_code == 401
    assert "The account is disabled." in _complaint(visitor.log_in("queenie").text, "")
    _act(grace, account, "enable")
    assert _is_redirect(visitor.log_in("queenie"), "/member")


def test_deleted_account_can_be_restored(grace, visitor):
    """A deleted account is out at once, is found again by its name, and is restored with its roles."""
    visitor.become_member("rita")
    account = _id_of(visitor)
    _act(grace, account, "delete")
    assert visitor.get("/member").status_code == 401
    assert _is_redirect(grace.post("/admin", {"identifier": "rita"}), f"/admin/{account}")
    _act(grace, account, "restore")
    visitor.log_in("rita")
    assert visitor.get("/auth/session").json()["roles"] == ["member"]


def test_role_counts_from_the_next_request(grace, visitor):
    """A role that is given opens pages at the next request of a session that is open already; taken, it closes them."""
    visitor.become_member("sheila")
    _act(grace, _id_of(visitor), "give", role="analyst")
    assert visitor.get("/reports").status_code == 200
    _act(grace, _id_of(visitor), "take", role="analyst")
    assert visitor.get("/reports").status_code == 403


def test_administrator_ends_all_sessions(grace, visitor):
    """Logging an account out everywhere ends its sessions, and nothing else."""
    visitor.become_member("thelma")
    account = _id_of(visitor)
    _act(grace, account, "log-out")
    assert visitor.get("/member").status_code == 401
    assert "Open sessions</dt><dd>none</dd>" in grace.get(f"/admin/{account}").text
    assert _is_redirect(visitor.log_in("thelma"), "/member")


def test_administrator_requires_a_code(grace, visitor):
    """An account that must enter a code is asked for one at its next login, until that is waived."""
    visitor.become_member("una")
    account = _id_of(visitor)
    _act(grace, account, "require-code")
    assert _is_redirect(visitor.log_in("una"), "/second-factor")
    _act(grace, account, "waive-code")
    assert _is_redirect(visitor.log_in("una"), "/member")


def test_doing_it_twice_is_told(grace, visitor):
    """A button pressed twice changes nothing the second time, and says so."""
    visitor.become_member("vera")
    account = _id_of(visitor)
    _act(grace, account, "disable")
    _act(grace, account, "disable")
    assert "It was so already, and nothing was changed." in grace.get(f"/admin/{account}").text


def test_nobody_reaches_beyond_their_own_grants(grace, visitor):
    """Who manages accounts gives no role that grants more, touches nobody who may do more, and not themselves."""
    visitor.become_member("wilma")
    other = Visitor(visitor.demo)
    other.become_member("xenia")
    _act(grace, _id_of(visitor), "give", role="support")
    _act(grace, _id_of(other), "take", role="member")
    reached = [
        (_id_of(grace), {"action": "disable"}),
        (_id_of(visitor), {"action": "log-out"}),
        (_id_of(other), {"action": "give", "role": "administrator"}),
        (_id_of(other), {"action": "take", "role": "administrator"}),
    ]
    assert [visitor.post(f"/admin/{account}", entries).status_code for account, entries in reached] == [403] * 4
    assert grace.post(f"/admin/{_id_of(grace)}", {"action": "disable"}).status_code == 403
    _act(visitor, _id_of(other), "give", role="support")
    assert other.get("/admin").status_code == 200


# --- a fresh login ----------------------------------------------------------------------------------------------------


def test_old_login_is_not_enough_for_the_accounts(grace, visitor):
    """Long after the login the administrator's pages ask for the password once more, and do nothing before."""
    visitor.become_member("yvette")
    page, former = f"/admin/{_id_of(visitor)}", dict(grace.cookies)
    grace.demo.age_logins(LONG_AGO)
    assert _is_redirect(grace.get(page), f"/again{page}")
    assert _is_redirect(grace.post(page, {"action": "disable"}), f"/again{page}")
    assert [visitor.get("/member").status_code, grace.get("/member").status_code] == [200, 200]
    refused = grace.post(f"/again{page}", {"current_password": PASSWORD})
    assert "The current password is wrong." in _complaint(refused.text, "current_password")
    assert _is_redirect(grace.post(f"/again{page}", {"current_password": grace.demo.password}), page)
    _act(grace, _id_of(visitor), "disable")
    grace.cookies = former
    assert grace.get("/member").status_code == 401


def test_old_login_with_a_code_changes_no_address(visitor):
    """Whose account calls for a code gives password and code once more before the address is changed, after a while."""
    code = _await_code(visitor, "zelda")
    visitor.post("/second-factor", {"action": "enter", "code": code})
    visitor.demo.age_logins(LONG_AGO)
    assert _is_redirect(_want(visitor, "zelda@example.com"), "/again/address")
    assert _is_redirect(visitor.post("/again/address", {"current_password": PASSWORD}), "/second-factor")
    again = visitor.code_for("zelda@example.org", purpose="second-factor", but=code)
    assert _is_redirect(visitor.post("/second-factor", {"action": "enter", "code": again}), "/member")
    assert _is_redirect(_want(visitor, "zelda@example.com"), "/new-address")


def test_asking_once_more_leads_nowhere_else(grace):
    """The page that asks once more leads to pages of the demo only, whatever its own address says."""
    for path in ("/again", "/again/", "/again//elsewhere.example", "/again/login", "/again/again/admin"):
        assert grace.get(path).status_code == 404
    entries = {"current_password": grace.demo.password}
    assert _is_redirect(grace.post("/again/admin/%5Celsewhere.example", entries), "/admin/%5Celsewhere.example")
    smuggled = grace.post("/again/admin/x%0d%0aset-cookie:a=b", entries)
    assert smuggled.status_code < 500
    assert "a=b" not in smuggled.headers.get("set-cookie", "")


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


@pytest.mark.parametrize("path", [*PUBLIC_PAGES, *MEMBERS_PAGES, "/nowhere"])
def test_pages_need_no_script_and_nothing_from_elsewhere(grace, path):
    """A page loads its own files only, and contains neither script nor style."""
    page = grace.get(path).text
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


def _forget(visitor: Visitor, address: str) -> None:
    """Ask for a code by which to set a new password."""
    assert _is_redirect(visitor.post("/forgotten", {"address": address}), "/recover")


def _recover(visitor: Visitor, code: str, new_password: str = NEW_PASSWORD):
    """Set a new password by a code."""
    return visitor.post("/recover", {"action": "set", "code": code, "new_password": new_password})


def _want(visitor: Visitor, address: str, password: str = PASSWORD):
    """Ask for another address."""
    return visitor.post("/address", {"address": address, "current_password": password})


def _take(visitor: Visitor, code: str):
    """Enter the code that came to that address."""
    return visitor.post("/new-address", {"action": "confirm", "code": code})


def _turn(visitor: Visitor, way: str, password: str = PASSWORD):
    """Turn the second factor on or off."""
    return visitor.post("/security", {"action": f"turn-{way}", "current_password": password})


def _await_code(visitor: Visitor, name: str) -> str:
    """Open an account that needs a code to log in, and return the one that its pending session awaits."""
    visitor.become_member(name)
    _turn(visitor, "on")
    return visitor.code_for(f"{name}@example.org", purpose="second-factor")


def _others(visitor: Visitor) -> list[str]:
    """Return the names of a visitor's other sessions, as the buttons on the page know them."""
    return re.findall(r'name="session" value="([^"]+)"', visitor.get("/security").text)


def _id_of(visitor: Visitor) -> str:
    return str(visitor.get("/auth/session").json()["account"]["id"])


def _act(administrator: Visitor, account: str, action: str, **entries: str) -> None:
    """Press one of the buttons on an account's page."""
    assert _is_redirect(administrator.post(f"/admin/{account}", {"action": action, **entries}), f"/admin/{account}")


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


# --- the guest book ---------------------------------------------------------------------------------------------------


def test_line_needs_a_captcha(visitor):
    """Without a captcha that holds, nothing is written, and the page hands out another one."""
    line = {"text": "Bought here: nothing", "code": "000000"}
    reply = visitor.post("/guestbook", line)
    assert (reply.status_code, "Bought here" in visitor.get("/guestbook").text) == (410, False)
    digits = visitor.digits()
    assert visitor.post("/guestbook", {**line, "code": digits}).status_code == 303
    assert visitor.post("/guestbook", {**line, "code": digits}).status_code == 410


def test_bad_line_costs_no_captcha(visitor):
    """A line that is empty or too long is refused beside its field, and the digits still hold."""
    visitor.get("/guestbook")
    kept, digits = dict(visitor.cookies), visitor.digits()
    for text, name in (("", ""), (" ", "Ada"), ("x" * 281, ""), ("Hello", "x" * 41)):
        reply = visitor.post("/guestbook", {"name": name, "text": text, "code": digits})
        assert reply.status_code == 422
        assert 'aria-invalid="true"' in reply.text
        visitor.cookies |= kept
    assert visitor.post("/guestbook", {"text": "Hello", "code": digits}).status_code == 303


def test_guest_book_escapes_what_was_written(visitor):
    """What a guest writes is text, whatever it looks like."""
    visitor.get("/guestbook")
    written = {"name": "<b>Eve</b>", "text": "<script>alert(1)</script>", "code": visitor.digits()}
    visitor.post("/guestbook", written)
    page = visitor.get("/guestbook").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>Eve" not in page
