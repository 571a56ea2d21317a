"""The demo in a real browser: what a person does, sees and is refused.  What only a program notices is elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.e2e.conftest import FAILED
from tests.e2e.running import PATIENCE, Running, running
from tests.e2e.visitor import PASSWORD, Visitor

playwright = pytest.importorskip("playwright.async_api", reason="browser: playwright is not installed")

PAGES = (
    "/",
    "/register",
    "/code",
    "/login",
    "/forgotten",
    "/recover",
    "/guestbook",
    "/mailbox",
    "/member",
    "/security",
    "/reports",
    "/password",
    "/address",
    "/new-address",
    "/admin",
    "/again/admin",
    "/nowhere",
)
REFUSALS = "Failed to load resource: the server responded with a status of 4"
"""How Chromium remarks on every page that is answered with such a status: right here, and no error of the page."""


TO_LOG_IN = "Enter it to log in"
"""How a letter tells the code at login from the one that confirms an address."""
TO_RECOVER = "Enter it, with a new password"
"""How it tells the one that sets a new password."""
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, page, demo: Running) -> None:
        self.page = page
        self.demo = demo
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))

    async def open(self, path: str) -> int:
        """Open a page, and return its status."""
        return (await self.page.goto(path)).status

    async def press(self, button: str) -> None:
        """Press a button, and wait for the page that it leads to."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=button, exact=True).click()

    async def enter(self, field: str) -> None:
        """Press Enter in a field, as who has no mouse does, and wait for the page that its form leads to."""
        async with self.page.expect_navigation():
            await self.page.get_by_label(field).press("Enter")

    async def follow(self, link: str) -> None:
        """Follow the first link of this name, and wait for the page that it leads to."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("link", name=link, exact=True).first.click()

    async def fill(self, **entries: str) -> None:
        """Fill in fields by what their labels begin with, `_` standing for a space."""
        for label, text in entries.items():
            await self.page.get_by_label(label.replace("_", " ")).fill(text)

    async def reads(self, text: str) -> bool:
        """Tell whether a text is on the page, for eyes to see."""
        return await self.page.get_by_text(text).first.is_visible()

    async def register(self, name: str) -> str:
        """Register, and return the code that the mailbox shows; the form for it is open then."""
        await self.open("/register")
        await self.fill(Email_address=f"{name}@example.org", Username=name, Password=PASSWORD)
        await self.press("Register")
        code = await self.code_for(f"{name}@example.org")
        await self.open("/code")
        return code

    async def log_in(self, name: str, password: str = PASSWORD) -> None:
        """Log in."""
        await self.open("/login")
        await self.fill(Email_address_or_username=name, Password=password)
        await self.press("Log in")

    async def become_member(self, name: str) -> None:
        """Log in with a new account, which was opened without the browser."""
        Visitor(self.demo).open_account(name)
        await self.log_in(name)

    async def reads_captcha(self) -> str:
        """Look at the picture, once it is there, and return its digits."""
        await self.page.wait_for_function(
            "[...document.querySelectorAll('.captcha img')].every(img => img.naturalWidth)"
        )
        return self.demo.read_captcha(await self._captcha())

    async def hears_captcha(self) -> str:
        """Play the sound to where it can be heard, and return its digits."""
        seconds = await self.page.evaluate(
            """async () => {
                 const sound = document.querySelector(".captcha audio");
                 sound.muted = true;
                 await sound.play();
                 await new Promise(heard => sound.addEventListener("timeupdate", heard, { once: true }));
                 return sound.duration;
               }"""
        )
        assert seconds > 6
        return self.demo.read_captcha(await self._captcha())

    async def _captcha(self) -> str:
        kept = await self.page.context.cookies()
        return next(cookie["value"] for cookie in kept if cookie["name"] == "__Host-authcore-captcha")

    async def turn_code(self, way: str) -> None:
        """Turn the code at login on or off."""
        await self.open("/security")
        await self.fill(Current_password=PASSWORD)
        await self.press(f"Turn the code {way}")

    async def find(self, name: str) -> None:
        """Go, as the administrator, to the page of an account."""
        await self.open("/admin")
        await self.fill(Email_address_or_username=name)
        await self.press("Find the account")

    async def code_for(self, address: str, *, that: str = "", count: int = 1) -> str:
        """Return the newest code for an address, once the mailbox holds so many letters that say `that`."""
        letters = self.page.get_by_role("article").filter(has_text=address).filter(has_text="Your code")
        letters = letters.filter(has_text=that)
        async with asyncio.timeout(PATIENCE):
            while await self.open("/mailbox") and await letters.count() < count:
                """Look again."""
        return str(await letters.first.locator(".code").inner_text())


@pytest.fixture
async def newcomers(browser, demo: Running, request, tmp_path) -> AsyncIterator[object]:
    """Lets people come with browsers of their own; if the test fails, the last page of each is kept as a picture."""
    people: list[Person] = []

    async def come(**settings: object) -> Person:
        context = await browser.new_context(base_url=demo.url, **settings)
        people.append(Person(await context.new_page(), demo))
        return people[-1]

    yield come
    for number, person in enumerate(people):
        if request.node.stash.get(FAILED, False):
            picture = tmp_path / f"person-{number}.png"
            await person.page.screenshot(path=picture, full_page=True)
            print(f"the last page is kept in {picture}")  # noqa: T201  pytest shows it with the failure
        await person.page.context.close()


@pytest.fixture
async def person(newcomers) -> Person:
    """One person with a new browser."""
    return await newcomers()


async def test_newcomer_becomes_a_member(person):
    """Who registers, enters the code from the mailbox and logs in sees the account, the role and its permissions."""
    await person.fill(Code=await person.register("ada"))
    await person.press("Confirm")
    assert await person.reads("Your address is confirmed")
    await person.log_in("ada")
    assert person.page.url.endswith("/member")
    assert [await person.reads(text) for text in ("Hello, ada", "ada@example.org", "notes:read,write")] == [True] * 3


async def test_notice_is_shown_once(demo, person):
    """What a form did is told on the page after it, and not on the next one."""
    await person.log_in("grace", demo.password)
    assert await person.page.get_by_role("status").inner_text() == "You are logged in."
    await person.open("/member")
    assert not await person.page.get_by_role("status").count()


async def test_member_is_refused_the_reports(person):
    """The reports page answers a new member with status 403, and says which permission is missing."""
    await person.become_member("hedy")
    assert await person.open("/reports") == 403
    assert await person.reads("You may not see this page")
    assert await person.reads("reports:read")


async def test_administrator_sees_the_reports(demo, person):
    """The administrator, with the password from the terminal, sees the reports."""
    await person.log_in("grace", demo.password)
    assert await person.open("/reports") == 200
    assert await person.reads("Letters since the start")


async def test_logging_out_closes_the_member_page(person):
    """After logging out the member page answers with status 401, and asks to log in."""
    await person.become_member("joan")
    await person.press("Log out")
    assert await person.reads("You are logged out.")
    assert await person.open("/member") == 401
    assert await person.reads("Log in first")


async def test_wrong_code_tells_the_attempts_left(person):
    """A wrong code is refused beside its field, with the attempts that are left."""
    code = await person.register("mary")
    await person.fill(Code="000000" if code != "000000" else "111111")
    await person.press("Confirm")
    field = person.page.get_by_label("Code")
    assert await field.get_attribute("aria-invalid") == "true"
    assert await person.reads("This is not the code. You have 4 attempts left.")


async def test_second_factor_from_turning_it_on_to_the_next_login(person):
    """Who turns the code on shows that it arrives; at the next login a wrong code is refused, and the right one enters.

    The code comes a second time when it is asked for.
    """
    await person.become_member("ruby")
    await person.turn_code("on")
    first = await person.code_for("ruby@example.org", that=TO_LOG_IN)
    await person.open("/member")
    await person.fill(Code=first)
    await person.press("Log in")
    await person.press("Log out")
    await person.log_in("ruby")
    assert person.page.url.endswith("/second-factor")
    code = await person.code_for("ruby@example.org", that=TO_LOG_IN, count=2)
    await person.open("/second-factor")
    await person.fill(Code="000000" if code != "000000" else "111111")
    await person.press("Log in")
    assert await person.reads("This is not the code. You have 4 attempts left.")
    await person.press("Send it again")
    assert await person.code_for("ruby@example.org", that=code, count=2) == code
    await person.open("/second-factor")
    await person.fill(Code=code)
    await person.press("Log in")
    assert person.page.url.endswith("/member")
    assert await person.reads("password and code")


async def test_forgotten_password_is_replaced(newcomers):
    """Who has forgotten a password gets a code by letter, sets a new one, and logs in; the other browser is out."""
    here, there = await newcomers(), await newcomers()
    await there.become_member("rosalind")
    await here.open("/login")
    await here.follow("Password forgotten?")
    await here.fill(Email_address_or_phone_number="rosalind@example.org")
    await here.enter("Email address or phone number")
    code = await here.code_for("rosalind@example.org", that=TO_RECOVER)
    await here.follow("where it is asked for")
    await here.fill(Code="000000" if code != "000000" else "111111", New_password=f"{PASSWORD}, again")
    await here.press("Set the password")
    assert await here.reads("This is not the code. You have 4 attempts left.")
    assert [await here.page.get_by_label(field).input_value() for field in ("Code", "New password")] == ["", ""]
    await here.fill(Code=code, New_password=f"{PASSWORD}, again")
    await here.enter("Code")
    assert here.page.url.endswith("/login")
    assert await here.reads("Your password is new, and every session of your account has ended. Now log in.")
    assert await there.open("/member") == 401
    await here.log_in("rosalind")
    assert await here.reads("No account has this name and this password")
    await here.log_in("rosalind", f"{PASSWORD}, again")
    assert await here.reads("Hello, rosalind")


async def test_nobody_learns_by_recovery_who_has_an_account(person):
    """Who names an address that nobody has sees the very page that its owner would see."""
    await person.open("/forgotten")
    await person.fill(Email_address_or_phone_number="stranger@example.org")
    await person.press("Send a code")
    assert await person.reads("If the address is that of an account, a code is on its way there.")
    await person.press("Send it again")
    assert await person.reads("The same code is on its way once more.")


async def test_address_is_changed(newcomers):
    """Who wants another address enters the code that came there; the other browser is out, and the old address told."""
    here, there = await newcomers(), await newcomers()
    await here.become_member("tabitha")
    await there.log_in("tabitha")
    await here.open("/member")
    await here.follow("Change the address")
    await here.fill(New_email_address="tabitha@x", Current_password=PASSWORD)
    await here.press("Send a code")
    assert await here.page.get_by_label("New email address").get_attribute("aria-invalid") == "true"
    await here.fill(New_email_address="tabitha@example.com", Current_password=PASSWORD)
    await here.press("Send a code")
    code = await here.code_for("tabitha@example.com")
    await here.follow("to take this address")
    await here.fill(Code=code)
    await here.enter("Code")
    assert await here.reads("The address is yours now.")
    assert await here.reads("tabitha@example.com")
    assert await there.open("/member") == 401
    await here.open("/mailbox")
    told = here.page.get_by_role("article").filter(has_text="Your address was changed")
    assert await told.filter(has_text="tabitha@example.org").is_visible()
    await there.log_in("tabitha@example.com")
    assert await there.reads("Hello, tabitha")


async def test_every_other_browser_is_logged_out(newcomers):
    """“Log out everywhere else” ends the sessions of all other browsers at once; this one goes on."""
    here, *elsewhere = await newcomers(), await newcomers(user_agent=IPHONE), await newcomers()
    await here.become_member("sophie")
    for there in elsewhere:
        await there.log_in("sophie")
    await here.open("/security")
    await here.press("Log out everywhere else")
    assert await here.reads("Every other session of your account has ended.")
    assert await here.reads("Nowhere else.")
    assert await here.open("/member") == 200
    for there in elsewhere:
        assert await there.open("/member") == 401
        assert await there.reads("Your session is over")


async def test_pending_person_is_led_to_the_code(person):
    """Until the code is entered the member page leads there, the menu offers it, and logging out is possible."""
    await person.become_member("stella")
    await person.turn_code("on")
    await person.open("/member")
    assert person.page.url.endswith("/second-factor")
    assert await person.page.get_by_role("link", name="Enter the code", exact=True).is_visible()
    await person.press("Log out")
    assert await person.open("/member") == 401


async def test_session_is_logged_out_from_another_browser(newcomers):
    """The list shows both browsers and marks the one in use; “Log out there” ends the other one, at once."""
    here, there = await newcomers(), await newcomers(user_agent=IPHONE)
    await here.become_member("thea")
    await there.log_in("thea")
    await here.open("/security")
    listed = here.page.get_by_role("listitem").filter(has_text="Since")
    assert await listed.count() == 2
    assert await listed.filter(has_text="Chrome on").filter(has_text="this one").count() == 1
    await here.press("Log out there (Safari on an iPhone)")
    assert await here.reads("That session has ended")
    assert await listed.count() == 1
    assert [await here.open("/member"), await there.open("/member")] == [200, 401]


async def test_disabled_account_is_out_at_once(demo, newcomers):
    """The administrator disables an account, and its next click is refused."""
    grace, member = await newcomers(), await newcomers()
    await member.become_member("ursula")
    await grace.log_in("grace", demo.password)
    await grace.find("ursula@example.org")
    await grace.press("Disable the account")
    assert await grace.reads("The account is disabled, and all its sessions have ended.")
    assert await member.open("/member") == 401
    await member.log_in("ursula")
    assert await member.reads("The account is disabled.")


async def test_given_role_counts_from_the_next_click(demo, newcomers):
    """The administrator gives a role, and the next click of its new holder is allowed; taken away, it is refused."""
    grace, member = await newcomers(), await newcomers()
    await member.become_member("violet")
    assert await member.open("/reports") == 403
    await grace.log_in("grace", demo.password)
    await grace.find("violet")
    await grace.press("Give the role analyst")
    assert await member.open("/reports") == 200
    await grace.press("Take away the role analyst")
    assert await member.open("/reports") == 403


async def test_password_is_asked_for_once_more(demo, newcomers):
    """The administrator's pages ask an old login for the password once more, and then go on where they were."""
    grace, member = await newcomers(), await newcomers()
    await member.become_member("winifred")
    await grace.log_in("grace", demo.password)
    await grace.find("winifred")
    account = grace.page.url
    demo.age_logins(timedelta(hours=1))
    await grace.press("Disable the account")
    assert await grace.reads("Your password once more")
    assert await member.open("/member") == 200
    await grace.fill(Current_password=PASSWORD)
    await grace.press("Go on")
    assert await grace.reads("The current password is wrong.")
    await grace.fill(Current_password=demo.password)
    await grace.enter("Current password")
    assert grace.page.url == account
    await grace.press("Disable the account")
    assert await grace.reads("The account is disabled, and all its sessions have ended.")
    assert await member.open("/member") == 401


async def test_changed_password_logs_other_browsers_out(newcomers):
    """Changing the password keeps this browser logged in, and no other one."""
    here, there = await newcomers(), await newcomers()
    await here.become_member("radia")
    await there.log_in("radia")
    await here.open("/password")
    await here.fill(Current_password=PASSWORD, New_password=f"{PASSWORD}, again")
    await here.press("Change the password")
    assert await here.reads("Your password is changed.")
    assert [await here.open("/member"), await there.open("/member")] == [200, 401]


async def test_captcha_is_read_from_its_picture(person):
    """Who cannot hear looks at the picture, and writes a line; wrong digits cost an attempt, and no word of it."""
    await person.open("/guestbook")
    digits = await person.reads_captcha()
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    await person.fill(Your_line="Seen by Ada", Digits=wrong)
    await person.press("Write it")
    assert await person.reads("This is not the code. You have 2 attempts left.")
    assert await person.page.get_by_label("Your line").input_value() == "Seen by Ada"
    await person.fill(Digits=await person.reads_captcha())
    await person.press("Write it")
    assert await person.reads("Your line is written.")
    assert await person.page.get_by_role("listitem").filter(has_text="Seen by Ada").is_visible()


async def test_captcha_is_heard(person):
    """Who cannot see plays the sound, with a control that has a name, and writes a line."""
    await person.open("/guestbook")
    assert await person.page.get_by_label("The captcha, spoken").get_attribute("controls") is not None
    await person.fill(Your_line="Heard by Grace", Digits=await person.hears_captcha())
    await person.press("Write it")
    assert await person.reads("Your line is written.")


async def test_another_captcha_keeps_what_was_typed(person):
    """Who can make nothing of a captcha gets another one, by picture and by sound, and loses no word."""
    await person.open("/guestbook")
    await person.fill(Your_line="Asked twice")
    first = await person.reads_captcha()
    await person.press("Another one")
    second = await person.reads_captcha()
    assert first != second
    assert await person.hears_captcha() == second
    await person.fill(Digits=second)
    await person.press("Write it")
    assert await person.page.get_by_role("listitem").filter(has_text="Asked twice").is_visible()


async def test_login_outlives_a_restart(browser, tmp_path):
    """Who is logged in stays so while the demo is stopped and started again."""
    with running(tmp_path, "--no-seed") as demo:
        context = await browser.new_context(base_url=demo.url)
        person = Person(await context.new_page(), demo)
        await person.become_member("evelyn")
        assert demo.stop() == 0
    with running(tmp_path, "--no-seed", port=demo.port):
        assert await person.open("/member") == 200
        assert await person.reads("Hello, evelyn")
        await context.close()


# --- the pages themselves, which are the same on both frameworks ----------------------------------------------------


@pytest.mark.parametrize("demo", ["starlette"], indirect=True)
async def test_console_is_quiet(demo, person):
    """No page makes the browser complain: nothing is blocked, missing or deprecated."""
    await person.log_in("grace", demo.password)
    for path in PAGES:
        await person.open(path)
    assert not [text for text in person.console if not text.startswith(REFUSALS)]


@pytest.mark.parametrize("demo", ["starlette"], indirect=True)
async def test_pages_fit_a_narrow_screen(demo, newcomers):
    """At a width of 360 pixels nothing has to be scrolled sideways, even with the longest of names."""
    name, narrow = "margaret-of-the-very-long-name.1", {"width": 360, "height": 640}
    person, grace = await newcomers(viewport=narrow), await newcomers(viewport=narrow)
    await person.become_member(name)
    await grace.log_in("grace", demo.password)
    await grace.find(name)
    await _fits(grace)
    for path in PAGES:
        await person.open(path)
        await _fits(person)
    await person.turn_code("on")
    await _fits(person)


@pytest.mark.parametrize("demo", ["starlette"], indirect=True)
async def test_every_field_is_labelled(demo, person):
    """Each field has a label, and tells browsers what belongs into it."""
    await person.log_in("grace", demo.password)
    await person.register("frances")
    for path in (
        "/register",
        "/code",
        "/login",
        "/forgotten",
        "/recover",
        "/guestbook",
        "/password",
        "/security",
        "/admin",
        "/again/admin",
    ):
        await person.open(path)
        await _has_labels(person)
    await person.become_member("gertrude")
    await person.open("/address")
    await _has_labels(person)
    await person.fill(New_email_address="gertrude@example.com", Current_password=PASSWORD)
    await person.press("Send a code")
    await _has_labels(person)
    await person.turn_code("on")
    await _has_labels(person)


@pytest.mark.parametrize("demo", ["starlette"], indirect=True)
async def test_keyboard_skips_the_menu(person):
    """The first stop of the tab key is a link that leads past the menu to the content."""
    await person.open("/login")
    await person.page.keyboard.press("Tab")
    await person.page.keyboard.press("Enter")
    assert await person.page.evaluate("document.activeElement.id") == "content"


async def _fits(person: Person) -> None:
    """Check that a page is as wide as its window, which is narrow."""
    assert await person.page.evaluate("document.documentElement.scrollWidth") == 360, person.page.url


async def _has_labels(person: Person) -> None:
    """Check that a page has fields, and each of them a label, and a word for browsers that fill it in."""
    fields = "[...document.querySelectorAll('input:not([hidden]):not([type=hidden])')]"
    assert await person.page.evaluate(f"{fields}.length > 0"), person.page.url
    assert await person.page.evaluate(f"{fields}.every(field => field.labels.length && field.autocomplete)"), (
        person.page.url
    )
