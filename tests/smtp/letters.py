"""Letters for the tests of mail, and who reads them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.parser import Parser
from email.policy import default

from hypothesis import strategies as st

from authcore import Letter, MessageKind
from authcore_smtp import Templates
from authcore_smtp.composing import compose

SENDER = "no-reply@app.example"
SHOP = Templates(application="Shop")
CAUSED = datetime(2030, 1, 1, 12, tzinfo=UTC)
CODE = Letter(
    id="m",
    kind=MessageKind.CODE,
    destination="ada@example.org",
    created_at=CAUSED,
    purpose="verify",
    code="271828",
    expires_at=CAUSED + timedelta(minutes=10),
)
NOTICE = Letter(id="n", kind=MessageKind.PASSWORD_CHANGED, destination="ada@example.org", created_at=CAUSED)

LOCAL = st.text(st.sampled_from("aZ09.!#$%&'*+-/=?^_`{|}~éß用"), min_size=1, max_size=64)
DOMAIN = st.sampled_from(["example.org", "bücher.example", "xn--bcher-kva.example", f"{'d' * 61}.{'e' * 61}.org"])
"""Parts of addresses, most of which may register."""

HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("MIME-Version", "Content-Type", "Content-Language"),
]


def letter(of=CODE, **changes):
    """A letter with some changes."""
    return replace(of, **changes)


def composed(of=CODE, templates=SHOP, **changes):
    """The mail that a letter makes."""
    return compose(letter(of, **changes), sender=SENDER, templates=templates)


def read(mail):
    """A composed mail, read as its recipient reads it (headers may be UTF-8: RFC 6532)."""
    return Parser(policy=default).parsestr(mail.octets.decode())


def parts(mail):
    """The plain text and the HTML of a composed mail."""
    message = read(mail)
    plain, page = (message.get_body([kind]).get_content() for kind in ("plain", "html"))
    return plain.replace("\r\n", "\n"), page.replace("\r\n", "\n")
