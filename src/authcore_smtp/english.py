"""What mails say in English, unless the application says it otherwise.  A table: nothing is decided here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from authcore.entities import MessageKind
from authcore_smtp.wording import Wording

__all__ = ["KINDS", "LANGUAGE", "PURPOSES"]

LANGUAGE: Final = "en"

_HOLDS = "It counts once, and for $minutes minutes from when it was asked for."
_PAGE = "Or open this page, in the browser where you asked for it: $link"
_NOT_YOU = "If that was not you, somebody else may be using your account: tell the people of $application at once."


def _notice(*, subject: str, text: str, advice: str = _NOT_YOU) -> Wording:
    return Wording(subject=f"$application: {subject}", text=f"{text}\n\n{advice}")


def _code(*, subject: str, text: str, advice: str) -> Wording:
    return Wording(subject=f"$application: {subject}", text=f"{text}\n\n{_HOLDS}\n\n{_PAGE}\n\n{advice}")


KINDS: Final[Mapping[MessageKind, Wording]] = MappingProxyType(
    {
        MessageKind.CODE: _code(
            subject="your code",
            text="Your code at $application is $code.\n\nWhat it is for: $purpose.",
            advice="If you did not ask for it, enter it nowhere and tell it to nobody.",
        ),
        MessageKind.ALREADY_REGISTERED: _notice(
            subject="you have an account already",
            text="Somebody has asked for an account at $application under an address of yours, or to have it for "
            "another account.  It has an account already, so nothing has changed.",
            advice="If that was you, log in to that account instead.  If it was not, you need do nothing.",
        ),
        MessageKind.PASSWORD_CHANGED: _notice(
            subject="your password was changed",
            text="The password of your account at $application was changed, and everybody else who was logged in to it "
            "has been logged out.",
        ),
        MessageKind.SECOND_FACTOR_CHANGED: _notice(
            subject="logging in was changed",
            text="For your account at $application, the code after the password was turned on or off.",
        ),
        MessageKind.EXTERNAL_IDENTITY_CHANGED: _notice(
            subject="logging in was changed",
            text="A way to log in to your account at $application was added or removed.",
        ),
        MessageKind.ADDRESS_CHANGED: _notice(
            subject="your address was changed",
            text="Your account at $application has another email address or phone number from now on, and everybody "
            "else who was logged in to it has been logged out.  This mail goes to the address of before as well.",
        ),
    }
)
"""A wording for each kind of message that is ever sent."""

PURPOSES: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        "verify": _code(
            subject="confirm your address",
            text="The code that confirms $address at $application is $code.",
            advice="If you did not register there, ignore this mail: without the code nothing comes of it.",
        ),
        "second-factor": _code(
            subject="your code for logging in",
            text="Your code for logging in to $application is $code.",
            advice="If you are not logging in, somebody knows your password: tell the code to nobody, and change your "
            "password.",
        ),
        "change-address": _code(
            subject="confirm your new address",
            text="The code that makes $address the address of your account at $application is $code.",
            advice="If you did not ask for it, ignore this mail: without the code nothing comes of it.",
        ),
        "recover": _code(
            subject="your forgotten password",
            text="The code for a new password at $application is $code.",
            advice="If you did not ask for it, enter it nowhere and tell it to nobody: your password stays as it is.",
        ),
    }
)
"""Wordings for codes of one purpose; codes of any other have that of their kind."""
