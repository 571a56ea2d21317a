"""docs/mail.md against the code: its blocks run, with a real server, and its tables are those of the code."""

import re
from dataclasses import MISSING, fields
from datetime import timedelta
from types import SimpleNamespace

import pytest

from authcore import ByDestination, DeliveryFault
from authcore.environment import variables
from authcore_smtp import SmtpCourier, SmtpSettings
from authcore_smtp.wording import VALUES
from tests.readme.blocks import ROOT, blocks
from tests.smtp.letters import CODE, NOTICE, SHOP, composed, letter, parts, read
from tests.smtp.servers import serving, settings_of

PAGE = ROOT / "docs" / "mail.md"
TEXT = PAGE.read_text("utf-8")
BUILDING, WORDING, LINKING, CHOOSING = blocks(PAGE, "python")
DEFAULTS = SmtpSettings(host="mail.example", sender="no-reply@app.example")


def defined(block):
    """What a block defines."""
    scope = {}
    exec(block, scope)  # noqa: S102  the page's own words
    return SimpleNamespace(**scope)


def rows(title):
    """The rows of the table whose first column has this title."""
    _, _, after = TEXT.partition(f"| {title} |")
    table, _, _ = after.partition("\n\n")
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


async def test_application_sends_mail(monkeypatch):
    """The application that is built from the environment mails a code to whoever registers."""
    async with serving() as (inbox, port):
        monkeypatch.delenv("AUTHCORE_REQUIRE_SERVICES", raising=False)  # the suite's own, which no application has
        monkeypatch.setenv("AUTHCORE_KEYS", "k1:" + bytes(range(32)).hex())
        for name, value in {"HOST": "127.0.0.1", "PORT": port, "SENDER": "a@app.example", "SECURITY": "none"}.items():
            monkeypatch.setenv(f"AUTHCORE_SMTP_{name}", str(value))
        auth = defined(BUILDING).build()
        await auth.register(email="ada@example.org", password="a long and quiet evening")
        assert await auth.deliver_due() == 1
        assert inbox.received[0].recipients == ["ada@example.org"]


def test_words_are_replaced():
    """The wordings of the page are those of its mails."""
    templates = defined(WORDING).templates
    assert read(composed(NOTICE, templates=templates))["Subject"] == "Your new password at Shop"
    assert "+1 555 0100" in parts(composed(NOTICE, templates=templates))[1]
    assert "<b>271828</b>" in parts(composed(templates=templates, purpose="transfer"))[1]


def test_page_of_ones_own_is_linked():
    """The link of the page is the one that a mail has."""
    assert "https://app.example/verify#code=271828" in TEXT
    assert "https://app.example/verify#code=271828" in parts(composed(templates=defined(LINKING).templates))[0]


async def test_telephones_have_a_courier_of_their_own(capsys):
    """A letter to an address is mailed, and one to a telephone goes another way."""
    page = defined(CHOOSING)
    async with serving() as (inbox, port):
        mail = SmtpCourier(settings_of(port), page.courier.mail.templates)
        courier = ByDestination(mail=mail, text=page.courier.text)
        await courier.send(CODE)
        await courier.send(letter(destination="+4915112345678"))
        assert [each.recipients for each in inbox.received] == [["ada@example.org"]]
    assert "+4915112345678: code 271828" in capsys.readouterr().err


@pytest.mark.parametrize("field", fields(SmtpSettings), ids=lambda field: field.name)
def test_settings_are_those_of_the_code(field):
    """Each setting stands in the table with its variable and its default."""
    named = {path: variable for variable, path in variables(DEFAULTS, "AUTHCORE_SMTP_").items()}
    (row,) = [row for row in rows("setting") if row[0] == f"`{field.name}`"]
    assert row[1] == f"`{named[field.name]}`"
    default = getattr(DEFAULTS, field.name)
    if field.default is MISSING:
        assert row[3] == "none: it must be given"
    elif default is None:
        assert row[3] == "none"
    else:
        shown = f"{default // timedelta(seconds=1)}s" if isinstance(default, timedelta) else default
        assert row[3] == f"`{shown}`"


def test_values_are_those_of_the_code():
    """Each value that a text may name stands in the table, and no other."""
    assert {row[0].strip("`") for row in rows("value")} == VALUES
    assert len(rows("setting")) == len(fields(SmtpSettings))


async def test_log_line_is_as_it_is_told(caplog):
    """A refused mail leaves the line that the page shows."""
    (line,) = re.findall(r"`message 5f…: ([^`]+)`", TEXT)
    async with serving() as (inbox, port):
        inbox.answers["RCPT"] = "550 no such mailbox"
        with pytest.raises(DeliveryFault):
            await SmtpCourier(settings_of(port), SHOP).send(NOTICE)
    assert caplog.messages == [f"message {NOTICE.id}: {line}"]
