"""What the pages say about refusals, and at which field of a form.  The library decides what is refused."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from authcore import AuthError, Fault, MessageKind, Policy, errors
from examples.demo.reach import OutOfReach

__all__ = ["LETTERS", "NOTICES", "Complaint", "complaint_about", "headline"]

WHOLE_FORM: Final = ""

NOTICES: Final[Mapping[str, str]] = {
    "verified": "Your address is confirmed, and you have the role “member”. Now log in.",
    "logged-in": "You are logged in.",
    "recovered": "Your password is new, and every session of your account has ended. Now log in.",
    "logged-in-again": "You have shown once more that it is you.",
    "logged-out": "You are logged out. The session has ended on the server too.",
    "password-changed": "Your password is changed. Every other session of your account has ended.",
    "address-changed": "The address is yours now. Every other session of your account has ended.",
    "code-sent": "Another code is on its way. Only the newest one counts.",
    "code-sent-again": "The same code is on its way once more.",
    "nothing-to-confirm": "There is nothing to confirm in this browser any more.",
    "second-factor-asked": "Your password is right. A code is on its way to your address.",
    "second-factor-on": "A code is needed to log in from now on. Show that it reaches you: one is on its way.",
    "second-factor-off": "Your password alone logs you in again. Every other session of your account has ended.",
    "session-ended": "That session has ended, on the server, at once.",
    "session-over": "That session was over already.",
    "others-ended": "Every other session of your account has ended.",
    "disabled": "The account is disabled, and all its sessions have ended.",
    "enabled": "The account is enabled. Its owner may log in again.",
    "deleted": "The account is deleted, and all its sessions have ended. It is kept, and can be restored.",
    "restored": "The account is restored, with its password and its roles.",
    "logged-out-everywhere": "All sessions of the account have ended.",
    "code-required": "From now on a code is needed to log in to the account. All its sessions have ended.",
    "code-waived": "The password alone is enough for the account again. All its sessions have ended.",
    "role-given": "The role is given. It counts from the next request on.",
    "role-taken": "The role is taken. It counts no more from the next request on.",
    "line-written": "Your line is written.",
    "so-already": "It was so already, and nothing was changed.",
}
"""What is said once, on the page after the one that did it."""

LETTERS: Final[Mapping[MessageKind, tuple[str, str]]] = {
    MessageKind.CODE: ("Your code", "Codes"),
    MessageKind.ALREADY_REGISTERED: ("You have an account already", "Word of a taken address"),
    MessageKind.PASSWORD_CHANGED: ("Your password was changed", "Word of a changed password"),
    MessageKind.SECOND_FACTOR_CHANGED: ("How you log in was changed", "Word of a code at login, turned on or off"),
    MessageKind.ADDRESS_CHANGED: ("Your address was changed", "Word of another address"),
    MessageKind.EXTERNAL_IDENTITY_CHANGED: ("A way to log in was changed", "Word of another way to log in"),
}
"""What each kind of letter is headed with, and what all of its kind are called."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a form, and at which field; no field means the form as a whole."""

    field: str
    text: str


_PLACES: Final[Mapping[type[AuthError], str]] = {
    errors.UsernameTaken: "username",
    errors.CodeMismatch: "code",
    errors.PasswordMismatch: "current_password",
    errors.InvalidCredentials: WHOLE_FORM,
    errors.AccountUnverified: WHOLE_FORM,
    errors.AccountDisabled: WHOLE_FORM,
    errors.AccountDeleted: WHOLE_FORM,
    errors.ChallengeEnded: WHOLE_FORM,
    errors.ResendLimit: "code",
    errors.Throttled: WHOLE_FORM,
    errors.AccountNotFound: "identifier",
    errors.StateUnchanged: "address",
}
"""The refusals that belong beside a form rather than on a page of their own; InvalidInput names its field itself."""

_TEXTS: Final[Mapping[type[AuthError], str]] = {
    errors.InvalidCredentials: "No account has this name and this password, or its address is not confirmed yet.",
    errors.AccountUnverified: "The address of this account is not confirmed yet.",
    errors.AccountNotFound: "No account has this name.",
    errors.StateUnchanged: "This is your address already.",
}
"""Where the pages use other words than the library does."""

_STAND_INS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("identifier", "address"),
    "phone": ("identifier", "email", "address"),
    "username": ("identifier", "address"),
    "identifier": ("address",),
    "password": ("new_password",),
}
"""Where to look for a field that the form calls by another name."""

_EMAIL: Final = {
    "empty": "Enter your email address.",
    "missing": "Enter your email address.",
    "no_at_sign": "An email address has an @ in it, as in ada@example.org.",
    "too_long": "This is longer than an email address can be.",
    "malformed_local_part": "The part before the @ is not that of an email address: look for dots at its ends.",
    "malformed_domain": "The part after the @ is not that of an email address, such as example.org.",
    "mixed_directions": "The part after the @ mixes letters written from left to right and from right to left.",
    "forbidden_character": "There is a character in it that an email address cannot have.",
    "unassigned": "There is a character in it that is too new to be accepted.",
}
_PHONE: Final = {
    "too_long": "This is longer than a phone number can be.",
    "too_short": "This is shorter than a phone number can be.",
    "ambiguous_zero": "Leave out the zero in brackets, which is dialled at home only.",
    "bad_start": "No country code begins with a zero.",
    "forbidden_character": "A phone number is made of a plus, digits, spaces and hyphens.",
    "unassigned": "There is a character in it that is too new to be accepted.",
}
_USERNAME: Final = {
    "too_long": "A username has at most 32 characters.",
    "bad_start": "A username begins with a letter or a digit.",
    "forbidden_character": "A username is made of letters, digits, dots, hyphens and underscores.",
    "mixed_scripts": "Write the username in the letters of one alphabet.",
    "mixed_digits": "Write the username with one kind of digits.",
    "mixed_directions": "The username mixes letters written from left to right and from right to left.",
    "unassigned": "There is a character in it that is too new to be accepted.",
}
_PASSWORD: Final = {
    "common": "This password is one of the first that attackers try. Choose one that only you would think of.",
    "own_words": "This password is made of your name, your address or the name of this site. Choose other words.",
    "malformed": "There is a character in it that cannot be stored.",
}
_TEXT: Final = {"empty": "Write something.", "too_long": "A line has at most 280 characters."}
_NAME: Final = {"too_long": "A name has at most 40 characters."}
_NO_ADDRESS: Final = (
    "Enter an email address, such as ada@example.org, or a phone number with a plus and the country code in front."
)
_IDENTIFIER: Final = {"empty": "Enter your email address or username."}
_ADDRESSES: Final = {"email": _EMAIL, "phone": _PHONE}
"""What is wrong with an address, by what it was taken for."""
_WORDS: Final = {
    "email": _EMAIL,
    "username": _USERNAME,
    "password": _PASSWORD,
    "new_password": _PASSWORD,
    "text": _TEXT,
    "name": _NAME,
}

_HEADLINES: Final[Mapping[type[AuthError], tuple[str, str]]] = {
    errors.NotAuthenticated: ("Log in first", "This page is for people who are logged in; in this browser nobody is."),
    errors.InvalidToken: ("Your session is over", "It has expired, or it was ended somewhere else. Log in again."),
    OutOfReach: (
        "This is not yours to change",
        "Your own account, and whatever may do more than you, is left to another administrator. Nothing was changed.",
    ),
    errors.IdentifierTaken: (
        "The name is somebody else's by now",
        "Another account holds the address or the username, so that this one cannot come back under it.",
    ),
    errors.AccountNotFound: ("There is no such account", "It may have been typed wrongly. Look for it by its name."),
    errors.PermissionDenied: ("You may not see this page", "You are logged in, but none of your roles permits it."),
    errors.CrossSiteRequest: (
        "This did not come from here",
        "The form was not sent by a page of this site, so nothing was done. Open the page, and send it from there.",
    ),
}


def complaint_about(refusal: AuthError, *, fields: Collection[str], policy: Policy) -> Complaint | None:
    """Return what to say beside a form with these fields, or None if the refusal is not about what was typed."""
    if isinstance(refusal, errors.InvalidInput):
        return _about_input(refusal, fields=fields, policy=policy)
    place = next((_PLACES[kind] for kind in type(refusal).__mro__ if kind in _PLACES), None)
    return None if place is None else Complaint(place if place in fields else WHOLE_FORM, _text_of(refusal))


def headline(error: AuthError | Fault) -> tuple[str, str]:
    """Return the headline and the explanation of a page that tells an error."""
    known = next((_HEADLINES[kind] for kind in type(error).__mro__ if kind in _HEADLINES), None)
    if known is not None:
        return known
    return ("Not just now" if isinstance(error, Fault) else "That did not work"), error.text


def _about_input(refusal: errors.InvalidInput, *, fields: Collection[str], policy: Policy) -> Complaint:
    names = (refusal.field, *_STAND_INS.get(refusal.field, ()))
    place = next((name for name in names if name in fields), WHOLE_FORM)
    if place == "identifier":
        return Complaint(place, _IDENTIFIER.get(refusal.reason, "This is neither an email address nor a username."))
    if place == "address":
        return Complaint(place, _ADDRESSES.get(refusal.field, {}).get(refusal.reason, _NO_ADDRESS))
    return Complaint(place, _lengths(refusal, policy) or _WORDS.get(place, {}).get(refusal.reason, refusal.text))


def _lengths(refusal: errors.InvalidInput, policy: Policy) -> str:
    if not isinstance(refusal, errors.InvalidPassword):
        return ""
    return {
        "too_short": f"A password has at least {policy.password_min_length} characters. Several words make a good one.",
        "too_long": f"A password has at most {policy.password_max_length} characters.",
    }.get(refusal.reason, "")


def _text_of(refusal: AuthError) -> str:
    if isinstance(refusal, errors.CodeMismatch):
        left = refusal.attempts_left
        return f"This is not the code. You have {left} {'attempt' if left == 1 else 'attempts'} left."
    return next((_TEXTS[kind] for kind in type(refusal).__mro__ if kind in _TEXTS), refusal.text)
