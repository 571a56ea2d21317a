"""What a mail is made of: its headers, its two parts, and what of it anybody may choose."""

from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, strategies as st

from authcore import DeliveryFault, MessageKind
from authcore.challenges import _RESERVED
from authcore.errors import InvalidIdentifier
from authcore.identifiers import canonical_email
from authcore_smtp import Templates, Wording
from authcore_smtp.english import PURPOSES
from tests.smtp.letters import CAUSED, CODE, DOMAIN, HEADERS, LOCAL, NOTICE, SENDER, SHOP, composed, parts, read

INJECTION = "=?utf-8?q?a=0d=0aBcc=3a_eve=40example=2ecom?=@example.org"
TAGS = {"html", "head", "meta", "title", "body", "p", "strong", "a", "br"}


class Tags(HTMLParser):
    """Collects the tags, and the addresses that links lead to."""

    def __init__(self, page):
        """Read a page."""
        super().__init__()
        self.tags, self.links = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name == "href"]


# --- headers ----------------------------------------------------------------------------------------------------------


def test_headers_are_these():
    """A mail has these headers and no others; no program answers it."""
    message = read(composed())
    assert message.keys() == HEADERS
    assert message["From"] == f"Shop <{SENDER}>"
    assert message["To"] == "ada@example.org"
    assert message["Subject"] == "Shop: confirm your address"
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]) == CAUSED
    assert message["Message-ID"].endswith("@app.example>")


def test_every_line_is_short_and_ends_with_both():
    """No line is longer than 76 octets, and each ends with CR and LF."""
    octets = composed(templates=Templates(application="Schöne Bücher und Söhne aus Überlingen")).octets
    assert max(map(len, octets.split(b"\r\n"))) <= 76
    assert octets.count(b"\n") == octets.count(b"\r") == octets.count(b"\r\n")


def test_sent_again_it_is_the_same():
    """The same letter makes the same octets; another letter has another Message-ID."""
    assert composed() == composed()
    assert read(composed(id="another"))["Message-ID"] != read(composed())["Message-ID"]


def test_message_id_known_answer():
    """The Message-ID of a letter never changes, lest it be taken for two when it is sent again after an upgrade."""
    assert read(composed())["Message-ID"] == "<bc42b64b3f997bf71d070f7defa41c8cd1ba9d3a@app.example>"


def test_whole_mail_is_ascii_if_its_address_is():
    """A mail to an address in ASCII is in ASCII, whatever the application is called: no server need know SMTPUTF8."""
    assert composed(templates=Templates(application="Schöne Bücher")).octets.isascii()


def test_names_of_all_languages_are_shown():
    """An application's name, with whatever characters, is read as it was written."""
    name = 'Schöne "Bücher", <用户> & Co.'
    message = read(composed(templates=Templates(application=name)))
    assert message["From"].addresses[0].display_name == name
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["Subject"] == f"{name}: confirm your address"


@pytest.mark.parametrize(
    "destination",
    [INJECTION, "ada", "+4915112345678", "ada@example.org\r\nBcc: eve@example.com", "a@b@example.org", ""],
)
def test_what_is_no_address_is_sent_nothing(destination):
    """Nothing is composed for what is no address, and the fault does not repeat it."""
    with pytest.raises(DeliveryFault) as refused:
        composed(destination=destination)
    assert str(refused.value).startswith("no mail address: ")
    assert not destination or destination not in str(refused.value)


def test_a_telephone_is_told_where_to_look():
    """The fault of a letter to a telephone says what is missing."""
    with pytest.raises(DeliveryFault, match=r"^no mail address: .*\(ByDestination\)$"):
        composed(destination="+4915112345678")


def test_domains_become_ascii():
    """A domain that is not ASCII is written in A-labels; only a local part that is not ASCII needs SMTPUTF8."""
    plain, international = composed(destination="ada@bücher.example"), composed(destination="josé@bücher.example")
    assert (plain.recipient, plain.needs_smtputf8) == ("ada@xn--bcher-kva.example", False)
    assert (international.recipient, international.needs_smtputf8) == ("josé@xn--bcher-kva.example", True)
    assert "To: josé@xn--bcher-kva.example\r\n".encode() in international.octets


@given(destination=st.one_of(st.text(), st.builds("{}@{}".format, LOCAL, DOMAIN)))
@example(INJECTION)
@example("=?@example.org")
@example("a=?utf-8?q?b@example.org")
@example("?=a=?utf-8?q?b@example.org")
@example(f"{'a' * 64}@{'d' * 61}.{'e' * 61}.{'f' * 61}.org")
@example("a.b'c{d}|e~f@example.org")
def test_every_address_is_refused_or_alone(destination):
    """Whatever a letter's destination: there is no mail, or one to exactly that address, with our headers only."""
    try:
        expected = canonical_email(destination).display
    except InvalidIdentifier:
        with pytest.raises(DeliveryFault):
            composed(destination=destination)
        return
    mail = composed(destination=destination)
    message = read(mail)
    assert mail.recipient == expected
    assert message.keys() == HEADERS
    assert [address.addr_spec for address in message["To"].addresses] == [expected]
    assert [address.addr_spec for address in message["From"].addresses] == [SENDER]


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", set(MessageKind) - {MessageKind.DECOY})
def test_every_kind_has_its_texts(kind):
    """Each kind of message that is ever sent has a subject, a text and a page that name the application."""
    mail = composed(CODE if kind is MessageKind.CODE else NOTICE, kind=kind, purpose=None)
    text, page = parts(mail)
    assert read(mail)["Subject"].startswith("Shop: ")
    assert "Shop" in text
    assert "Shop" in page
    assert "$" not in text + page


@pytest.mark.parametrize("purpose", sorted(_RESERVED))
def test_every_purpose_of_ours_has_its_texts(purpose):
    """What authcore itself asks codes for has words of its own, and not those for a purpose that nobody knows."""
    assert read(composed(purpose=purpose))["Subject"] != read(composed(purpose="transfer"))["Subject"]


def test_a_mail_is_not_shown():
    """The repr of a mail holds neither its text nor its address."""
    assert repr(composed()) == f"Mail({len(composed().octets)} octets)"


def test_decoys_make_no_mail():
    """What is never sent has no text."""
    with pytest.raises(DeliveryFault, match="decoy"):
        composed(NOTICE, kind=MessageKind.DECOY)


@pytest.mark.parametrize("purpose", ["verify", "second-factor", "transfer"])
def test_codes_are_in_both_parts(purpose):
    """The code, and how long it holds, are in the text and in the page, whatever it was asked for."""
    for part in parts(composed(purpose=purpose)):
        assert "271828" in part
        assert "10 minutes" in part


def test_purposes_without_a_wording_are_named():
    """A code for one of the application's own purposes says what it is for."""
    assert "What it is for: transfer." in parts(composed(purpose="transfer"))[0]


def test_no_code_is_in_a_header():
    """No header holds the code, since locked screens show subjects and servers log them."""
    headers, _, _ = composed().octets.partition(b"\r\n\r\n")
    assert b"271828" not in headers


def test_paragraph_without_its_value_is_left_out():
    """A paragraph that names what a letter does not have is not there; one after it is."""
    wording = Wording(subject="Hello", text="first\n\n$code\n\n$link\n\nlast $$", html="<p>a</p>\n\n<p>$code</p>")
    text, page = parts(composed(NOTICE, templates=_with(NOTICE.kind, wording)))
    assert text == "first\n\nlast $\n"
    assert page == "<p>a</p>\n"


@given(text=st.text(max_size=60).filter(lambda text: text not in PURPOSES))  # those have wordings of their own
@example("<script>alert(1)</script>")
@example('"><img src=x onerror=alert(1)>')
@example("\r\n\r\nYour account was closed: call +1 555 0100")
@example("\u202egnp.exe")
@example("$code ${link} $$")
@example("\ud800")
def test_no_value_becomes_markup(text):
    """A purpose, whatever it holds, is one piece of one line of text, and no markup; it reaches no header."""
    own = Wording(subject="Hello", text="For: $purpose.", html='<p title="$purpose">$purpose</p>')
    usual, special = composed(purpose=text), composed(purpose=text, templates=_with(MessageKind.CODE, own))
    assert Tags(parts(usual)[1]).tags <= TAGS
    assert Tags(parts(special)[1]).tags == {"p"}
    assert len(parts(special)[0].splitlines()) == 1
    assert read(usual).keys() == read(special).keys() == HEADERS


@given(name=st.text(max_size=90))
@example("Shop\r\nBcc: eve@example.com")
@example("=?utf-8?q?Shop=0d=0aBcc=3a_eve=40example=2ecom?=")
@example("<b>Shop</b> & 'Sons'")
@example("Shop, eve@example.com")
@example('" <eve@example.com>, "')
def test_every_name_is_refused_or_text(name):
    """An application's name, whatever it is, is refused, or is text: it adds no header, no sender and no markup."""
    try:
        templates = Templates(application=name)
    except ValueError:
        return
    mail = composed(templates=templates)
    message = read(mail)
    assert message.keys() == HEADERS
    assert [address.addr_spec for address in message["From"].addresses] == [SENDER]
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]
    assert Tags(parts(mail)[1]).tags <= TAGS


def test_boundary_stands_in_no_text():
    """The boundary holds a =, which quoted-printable, in which both parts are, never leaves as it is; it is known."""
    message = read(composed())
    assert message.get_boundary() == "=_648e9a517669cb7b2520225918e4f256680d4108"
    short = read(composed(NOTICE, templates=_with(NOTICE.kind, Wording(subject="Hello", text="Hello", html="Hello"))))
    assert [part["Content-Transfer-Encoding"] for part in short.iter_parts()] == ["quoted-printable"] * 2


@given(seed=st.text(st.sampled_from("-=_ \r\n.abc"), max_size=200))
def test_no_text_ends_its_part(seed):
    """No text looks like the boundary between the parts: there are two of them, whatever they say."""
    wording = Wording(subject="Hello", text=seed.replace("\r", "") + "\n--=_")
    message = read(composed(NOTICE, templates=_with(NOTICE.kind, wording)))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


# --- links ------------------------------------------------------------------------------------------------------------


def test_link_carries_the_code_in_its_fragment():
    """A page of the application's is linked for its purpose, with the code behind the #, where no server sees it."""
    templates = Templates(application="Shop", links={"verify": "https://app.example/verify?a=1&b=2"})
    expected = "https://app.example/verify?a=1&b=2#code=271828"
    text, page = parts(composed(templates=templates))
    assert expected in text
    assert Tags(page).links == [expected]
    assert "https" not in parts(composed(templates=templates, purpose="transfer"))[0]
    assert Tags(parts(composed(NOTICE, templates=templates))[1]).links == []


def test_code_of_any_alphabet_stays_in_the_fragment():
    """What a code is made of ends neither the fragment nor the attribute."""
    templates = Templates(application="Shop", links={"verify": "https://app.example/"})
    (link,) = Tags(parts(composed(templates=templates, code='"&#?/ é'))[1]).links
    assert link == "https://app.example/#code=%22%26%23%3F%2F%20%C3%A9"


def _with(kind, wording):
    return Templates(application=SHOP.application, kinds={kind: wording})
