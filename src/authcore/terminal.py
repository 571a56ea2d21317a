"""Asking a person at a terminal, where nothing that is typed in secret is shown.  For scripts, never for a server."""

import getpass
import hmac
import sys
import warnings

from authcore.bootstrap import FirstAdministrator
from authcore.errors import ConfigurationError

__all__ = ["ask_first_administrator", "ask_new_password"]


def ask_first_administrator() -> FirstAdministrator:
    """Ask who is to be the first administrator; a username may be left out."""
    email, username = input("Email address: ").strip(), input("Username (may be empty): ").strip()
    return FirstAdministrator(email=email, username=username or None, password=ask_new_password())


def ask_new_password() -> str:
    """Ask for a password twice, until both times agree; whether it is good enough is decided elsewhere.

    Raises ConfigurationError where it could not be kept from the screen.
    """
    while True:
        password = _ask_secretly("Password: ")
        if hmac.compare_digest(_ask_secretly("Password, once more: ").encode(), password.encode()):
            return password
        sys.stderr.write("They differ. Try again.\n")


def _ask_secretly(prompt: str) -> str:
    with warnings.catch_warnings():
        # Without a terminal, `getpass` only warns, and then shows what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except getpass.GetPassWarning:
            raise ConfigurationError("there is no terminal that can hide a password") from None
