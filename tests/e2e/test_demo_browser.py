"""The demo in a real browser: what a person does, sees and is refused.  What only a program notices is elsewhere."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.e2e.conftest import FAILED
from tests.e2e.running import PATIENCE, Running, running
from tests.e2e.visitor import PASSWORD, Visitor

playwright = pytest.importorskip("playwright.async_api", reason="browser: playwright is not installed")

PAGES = ("/", "/register", "/code", "/login", "/mailbox", "/member", "/reports", "/password", "/nowhere")
REFUSALS = "Failed to load resource: the server responded with a status of 4"
"""How Chromium remarks on every page that is answered with such a status: right here, and no error of the page."""


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
        code = await self._code_for(f"{name}@example.org")
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

    async def _code_for(self, address: str) -> str:
        letter = self.page.get_by_role("article").filter(has_text=address)
        async with asyncio.timeout(PATIENCE):
            while await self.open("/mailbox") and not await letter.count():
                """Look again."""
        return str(await letter.first.locator(".code").inner_text())


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
async def test_pages_fit_a_narrow_screen(newcomers):
    """At a width of 360 pixels nothing has to be scrolled sideways, even with the longest of names."""
    person = await newcomers(viewport={"width": 360, "height": 640})
    await person.become_member("margaret-of-the-very-long-name.1")
    for path in PAGES:
        await person.open(path)
        assert await person.page.evaluate("document.documentElement.scrollWidth") == 360, path


@pytest.mark.parametrize("demo", ["starlette"], indirect=True)
async def test_every_field_is_labelled(demo, person):
    """Each field has a label, and tells browsers what belongs into it."""
    await person.log_in("grace", demo.password)
    await person.register("frances")
    for path in ("/register", "/code", "/login", "/password"):
        await person.open(path)
        fields = "[...document.querySelectorAll('input:not([hidden])')]"
        assert await person.page.evaluate(f"{fields}.length > 0"), path
        assert await person.page.evaluate(f"{fields}.every(field => field.labels.length && field.autocomplete)"), path


@pytest.mark.parametrize("demo", ["starlette"], indirect=True)
async def test_keyboard_skips_the_menu(person):
    """The first stop of the tab key is a link that leads past the menu to the content."""
    await person.open("/login")
    await person.page.keyboard.press("Tab")
    await person.page.keyboard.press("Enter")
    assert await person.page.evaluate("document.activeElement.id") == "content"
