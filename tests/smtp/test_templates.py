"""What an application may say in its mails, and what is refused when it says it."""

import pytest

from authcore import ConfigurationError, MessageKind
from authcore_smtp import Templates, Wording
from authcore_smtp.templates import link_of
from tests.smtp.letters import composed, letter, parts, read

SENT = set(MessageKind) - {MessageKind.DECOY}


def test_kinds_are_replaced_one_by_one():
    """A wording that is given takes the place of the package's, and all others stay."""
    templates = Templates(
        application="Shop",
        kinds={MessageKind.CODE: Wording(subject="A code", text="Here: $code")},
        purposes={"second-factor": Wording(subject="Come in", text="With $code", html="<i>$code</i>")},
    )
    assert read(composed(templates=templates, purpose="transfer"))["Subject"] == "A code"
    assert read(composed(templates=templates, purpose="verify"))["Subject"] == "Shop: confirm your address"
    assert parts(composed(templates=templates, purpose="second-factor")) == ("With 271828\n", "<i>271828</i>\n")


def test_another_language_is_complete():
    """In another language nothing is English: each kind must be given, and the package's purposes do not count."""
    german = Wording(subject="$application", text="Guten Tag")
    lacking = "address_changed, already_registered, external_identity_changed, password_changed, second_factor_changed"
    with pytest.raises(ConfigurationError, match=f"^mails in de lack a wording for {lacking}$"):
        Templates(application="Laden", language="de", kinds={MessageKind.CODE: german})
    mail = composed(templates=Templates(application="Laden", language="de", kinds=dict.fromkeys(SENT, german)))
    assert read(mail)["Content-Language"] == "de"
    assert parts(mail)[0] == "Guten Tag\n"
    assert '<html lang="de">' in parts(mail)[1]


def test_what_was_given_may_change_afterwards():
    """Nothing that happens to a mapping after it was given changes what mails say."""
    links = {"verify": "https://app.example/"}
    templates = Templates(application="Shop", links=links)
    links["verify"] = "http://elsewhere.example/"
    assert "https://app.example/#code=271828" in parts(composed(templates=templates))[0]


@pytest.mark.parametrize("name", ["", " Shop", "Shop\n", "Sh\0op", "Sh\u202eop", "=?utf-8?q?Shop?="])
def test_names_are_one_plain_line(name):
    """An application's name is refused if it could be more in a header than a name."""
    with pytest.raises(ConfigurationError, match=r"^the application's name must be one line, .* and =\?$"):
        Templates(application=name)


@pytest.mark.parametrize("language", ["", "deutsch und englisch", "de\r\nBcc: eve@example.com", '"><script>'])
def test_languages_are_tags(language):
    """A language is a tag and nothing else."""
    with pytest.raises(ConfigurationError, match=r"^the language of mails must be a tag such as en or pt-BR$"):
        Templates(application="Shop", language=language)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example",
        "https://app.example:8443/verify?next=%2F",
        "http://localhost:8000/verify",
        "http://127.0.0.1:8000/",
        "http://[::1]:8000/",
    ],
)
def test_pages_that_may_hold_codes(url):
    """A code may be opened by a page over TLS, or on this machine."""
    templates = Templates(application="Shop", links={"verify": url})
    assert f"{url}#code=271828" in parts(composed(templates=templates))[0]


@pytest.mark.parametrize(
    ("purpose", "code"), [("transfer", "271828"), ("verify", None), (None, "271828"), (None, None)]
)
def test_link_needs_a_page_and_a_code(purpose, code):
    """A letter has no link if its purpose has no page, or if there is no code to open one with."""
    templates = Templates(application="Shop", links={"verify": "https://app.example/"})
    assert link_of(templates, letter(purpose=purpose, code=code)) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/",
        "http://localhost.app.example/",
        "https://",
        "https:/app.example",
        "//app.example/",
        "/verify",
        "javascript:alert(1)//",
        "data:text/html,hello",
        "https://app.example/#page",
        "https://ada@app.example/",
        "https://app.example/ here",
        'https://app.example/"onclick="alert(1)',
        "https://app.example/\r\n",
        "https://bücher.example/",
        "https://[::1/",
        "",
    ],
)
def test_pages_that_may_not(url):
    """No code is put into a link that leads over an open line, to a script, or past its fragment."""
    with pytest.raises(ConfigurationError, match="the page for verify"):
        Templates(application="Shop", links={"verify": url})


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("subject", "", "one line"),
        ("subject", "Hello\r\nBcc: eve@example.com", "one line"),
        ("subject", "=?utf-8?q?Hello?=", "one line"),
        ("subject", "$code", "the subject of a mail names code; known are application"),
        ("subject", "$address", "the subject of a mail names address"),
        ("text", "$cod", "the text of a mail names cod; known are address, "),
        ("text", "$ 5", "begins no name"),
        ("text", "a\rb", "control character"),
        ("html", "$user", "the HTML of a mail names user"),
        ("html", "\0", "control character"),
    ],
)
def test_wordings_that_cannot_be_filled(field, text, problem):
    """A wording is refused when it is built, and not when somebody waits for its mail."""
    with pytest.raises(ConfigurationError, match=problem):
        Wording(**{"subject": "Hello", "text": "Hello", field: text})
