"""The canonical form of email addresses.  Whether a mailbox exists, or who may use it, is not known here."""

import re
from typing import Final
from unicodedata import is_normalized

from authcore.errors import InvalidIdentifier
from authcore.identifiers.characters import MARKS, NUMBERS, WORD, classify, spelled_with
from authcore.identifiers.domain import canonical_domain
from authcore.identifiers.form import CanonicalIdentifier, IdentifierKind, fold, read

__all__ = ["canonical_email"]

_LONGEST_TYPED: Final = 255
_LONGEST_OCTETS: Final = 254
_LONGEST_LOCAL_OCTETS: Final = 64
_SYMBOLS: Final = ".!#$%&'*+-/=?^_`{|}~"
"""The dot, and what RFC 5322 section 3.2.3 calls atext besides letters and digits."""

_ENCODED_WORD: Final = re.compile(r"=\?.*\?=")
"""An encoded word of RFC 2047, and whatever a generous reader takes for one."""


def canonical_email(text: str) -> CanonicalIdentifier:
    """Return the canonical form of an email address: the local part in lower case, the domain in A-labels.

    RFC 5321 section 2.4 leaves the case of a local part to its host.  We fold it, since hosts in use do, and two
    accounts that look alike are worse than two mailboxes that share a name.  Mail goes to `display`: the local part as
    it was typed, and the canonical domain, lest a courier translate it by other rules than these and mail a stranger's
    host.  Octets are counted in the canonical form (RFC 5321 section 4.5.3.1), so that all spellings fare alike.
    """
    local, at, typed_domain = read(IdentifierKind.EMAIL, text, longest=_LONGEST_TYPED).rpartition("@")
    if not at:
        raise _refusal("no_at_sign")
    folded, domain = _canonical_local(local), canonical_domain(typed_domain)
    value = f"{folded}@{domain}"
    if len(value.encode()) > _LONGEST_OCTETS:
        raise _refusal("too_long")
    return CanonicalIdentifier(IdentifierKind.EMAIL, value, display=f"{local}@{domain}")


def _canonical_local(text: str) -> str:
    """Return a dot-atom (RFC 5322 section 3.2.3, RFC 6531 section 3.3); quoted strings and comments are refused."""
    local = fold(text)
    if len(local.encode()) > _LONGEST_LOCAL_OCTETS:
        raise _refusal("too_long")
    if not spelled_with(local, WORD | NUMBERS, _SYMBOLS) or not is_normalized("NFKC", local):
        raise _refusal("forbidden_character")
    # Some mail libraries decode what stands in a header: `=0d=0aBcc=3a` in there begins another one.
    if _ENCODED_WORD.search(local) or not all(map(_is_atom, local.split("."))):
        raise _refusal("malformed_local_part")
    return local


def _is_atom(text: str) -> bool:
    # A leading mark would be drawn upon the dot or colon before it.
    return text != "" and classify(text[0]) not in MARKS


def _refusal(reason: str) -> InvalidIdentifier:
    return InvalidIdentifier(IdentifierKind.EMAIL, reason)
