"""The canonical form of external identities.  Whether an issuer is one that an application trusts is not known here."""

import re
from typing import Final

from authcore.errors import InvalidIdentifier
from authcore.identifiers.form import CanonicalIdentifier, IdentifierKind

__all__ = ["canonical_external"]

_BETWEEN: Final = "#"
"""No issuer holds it (RFC 8414 section 2: no fragment), so that the first one ends the issuer."""

_LONGEST: Final = 290
_ISSUER: Final = re.compile(r"[!\"$-~]+")
_SUBJECT: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def canonical_external(issuer: str, subject: str) -> CanonicalIdentifier:
    """Return the one form of what an identity provider, the issuer, calls somebody, its subject.

    Both are compared as they are, character by character (OpenID Connect Core sections 2 and 5.7), so nothing is
    folded, stripped or mended: they are ASCII, without spaces at their ends, and of 289 characters together at most.
    """
    for field, text, allowed in (("issuer", issuer, _ISSUER), ("subject", subject, _SUBJECT)):
        _check(field, text, allowed)
    value = f"{issuer}{_BETWEEN}{subject}"
    if len(value) > _LONGEST:
        raise InvalidIdentifier("subject", "too_long")
    return CanonicalIdentifier(IdentifierKind.EXTERNAL, value, display=value)


def _check(field: str, text: object, allowed: re.Pattern[str]) -> None:
    if not isinstance(text, str):
        raise InvalidIdentifier(field, "not_text")
    if not text:
        raise InvalidIdentifier(field, "empty")
    # First of all, lest megabytes be read for a stranger.
    if len(text) > _LONGEST:
        raise InvalidIdentifier(field, "too_long")
    if not allowed.fullmatch(text):
        raise InvalidIdentifier(field, "forbidden_character")
