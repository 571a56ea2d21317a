"""The settings of a server: what is refused, what the environment says, and what is never shown."""

from dataclasses import fields
from datetime import timedelta

import pytest

from authcore import ConfigurationError, Policy
from authcore_smtp import Security, SmtpSettings

PASSWORD = "a quiet password for mail"
NEEDED = {"AUTHCORE_SMTP_HOST": "mail.example", "AUTHCORE_SMTP_SENDER": "no-reply@app.example"}


def settings(**changes):
    """Settings that work, with some changes."""
    return SmtpSettings(**{"host": "mail.example", "sender": "no-reply@app.example"} | changes)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"host": ""}, "host"),
        ({"host": "mail.example\r\n"}, "host"),
        ({"host": "mail.example/"}, "host"),
        ({"sender": "no-reply"}, "sender"),
        ({"sender": "Shop <no-reply@app.example>"}, "sender"),
        ({"sender": "a@app.example\r\nBcc: eve@example.com"}, "sender"),
        ({"sender": "é@app.example"}, "sender"),
        ({"sender": "=?@app.example"}, "sender"),
        ({"sender": " a@app.example"}, "sender"),
        ({"security": "tls"}, "member of Security"),
        ({"port": 0}, "port"),
        ({"port": 65536}, "port"),
        ({"username": "mailer"}, "go together"),
        ({"password": PASSWORD}, "go together"),
        ({"username": "mailer", "password": ""}, "go together"),
        ({"username": "mailer", "password": "a\0b"}, "control characters"),
        ({"timeout": timedelta(0)}, "timeout"),
        ({"timeout": timedelta(minutes=10, microseconds=1)}, "timeout"),
        ({"certificates": "/nowhere/at/all.pem"}, "PEM"),
        ({"certificates": __file__}, "PEM"),
    ],
)
def test_unusable_values_are_refused(changes, problem):
    """A value that cannot be meant is refused when the settings are built, and no secret is repeated."""
    with pytest.raises(ConfigurationError, match=problem) as refused:
        settings(**changes)
    assert PASSWORD not in str(refused.value)


def test_all_problems_are_told_at_once():
    """Whoever has made two mistakes is told both."""
    with pytest.raises(ConfigurationError) as refused:
        settings(host="", port=0)
    assert str(refused.value) == "SMTP host must be a name or an IP address; SMTP port must be 1 to 65535"


def test_authorities_may_be_ones_own(certificates):
    """A PEM file of authorities that can be read is taken."""
    assert settings(certificates=certificates).certificates == certificates


@pytest.mark.parametrize("host", ["mail.example", "10.0.0.1", "localhost.example", "::2"])
def test_password_in_the_clear_is_refused(host):
    """No password is told to another machine without TLS."""
    with pytest.raises(ConfigurationError, match="needs TLS"):
        settings(host=host, security=Security.NONE, username="mailer", password=PASSWORD)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "::1"])
def test_password_stays_on_this_machine(host):
    """To this machine it may be told."""
    assert settings(host=host, security=Security.NONE, username="mailer", password=PASSWORD).password == PASSWORD


@pytest.mark.parametrize(
    ("changes", "port"),
    [
        ({}, 587),
        ({"security": Security.TLS}, 465),
        ({"security": Security.NONE}, 25),
        ({"security": Security.TLS, "port": 2525}, 2525),
    ],
)
def test_port_goes_with_the_encryption(changes, port):
    """Without a port, it is the usual one for how the connection is encrypted."""
    assert settings(**changes).port_used == port


def test_login_is_not_shown():
    """The repr of settings shows neither whom they log in as nor the password."""
    shown = repr(settings(username="mailer", password=PASSWORD))
    assert "mailer" not in shown
    assert PASSWORD not in shown
    assert "mail.example" in shown


# --- from the environment ---------------------------------------------------------------------------------------------


def test_environment_says_everything():
    """Each setting has its variable, and is read as what it is."""
    environ = NEEDED | {
        "AUTHCORE_SMTP_SECURITY": "tls",
        "AUTHCORE_SMTP_PORT": "2525",
        "AUTHCORE_SMTP_USERNAME": "mailer",
        "AUTHCORE_SMTP_PASSWORD": PASSWORD,
        "AUTHCORE_SMTP_TIMEOUT": "10s",
        "AUTHCORE_SMTP_CERTIFICATES": "",
    }
    assert SmtpSettings.from_env(environ=environ) == settings(
        security=Security.TLS, port=2525, username="mailer", password=PASSWORD, timeout=timedelta(seconds=10)
    )
    assert {name.removeprefix("AUTHCORE_SMTP_").lower() for name in environ} == {
        field.name for field in fields(SmtpSettings)
    }


def test_other_prefixes_are_read():
    """An application may keep them under names of its own."""
    environ = {"SHOP_MAIL_HOST": "mail.example", "SHOP_MAIL_SENDER": "no-reply@app.example"}
    assert SmtpSettings.from_env("SHOP_MAIL_", environ) == settings()


@pytest.mark.parametrize("missing", NEEDED)
@pytest.mark.parametrize("said", [{}, {"AUTHCORE_SMTP_PORT": "25"}])
def test_server_and_sender_are_needed(missing, said):
    """There is no default server, and no default sender: neither would be right."""
    with pytest.raises(ConfigurationError, match=f"{missing} is missing"):
        SmtpSettings.from_env(environ={name: NEEDED[name] for name in NEEDED if name != missing} | said)


def test_wrong_names_and_values_are_told():
    """A name that nothing reads, and a value of another type, are told without repeating it."""
    environ = NEEDED | {"AUTHCORE_SMTP_PASWORD": PASSWORD, "AUTHCORE_SMTP_PORT": PASSWORD}
    with pytest.raises(ConfigurationError) as refused:
        SmtpSettings.from_env(environ=environ)
    assert str(refused.value).splitlines() == [
        "AUTHCORE_SMTP_PASWORD is nothing that is read; the closest name is AUTHCORE_SMTP_PASSWORD",
        "AUTHCORE_SMTP_PORT: write a whole number",
    ]


def test_policy_knows_their_names():
    """A policy that is read from the same environment takes no variable of theirs for a typing error, and no other."""
    environ = {f"AUTHCORE_SMTP_{field.name.upper()}": "x" for field in fields(SmtpSettings)}
    assert Policy.from_env(environ=environ) == Policy()
    with pytest.raises(ConfigurationError, match="closest name is AUTHCORE_SMTP_HOST"):
        Policy.from_env(environ={"AUTHCORE_SMTP_HOSTS": "x"})


def test_settings_know_none_of_a_policys():
    """What is another part's is a typing error below this prefix."""
    with pytest.raises(ConfigurationError, match="AUTHCORE_SMTP_KEYS is nothing that is read"):
        SmtpSettings.from_env(environ=NEEDED | {"AUTHCORE_SMTP_KEYS": "x"})
