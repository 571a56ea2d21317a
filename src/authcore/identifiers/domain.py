"""The canonical form of an email address's domain, after IDNA2008.  Nothing here asks the DNS."""

import re
from typing import Final
from unicodedata import is_normalized, normalize

from authcore.errors import InvalidIdentifier
from authcore.identifiers.characters import MARKS, WORD, breaks_bidi_rule, classify, spelled_with
from authcore.identifiers.form import IdentifierKind, check_characters, fold

__all__ = ["canonical_domain"]

_DOTS: Final = str.maketrans("\u3002\uff0e\uff61", "...")
"""The full stops of East Asia: RFC 5895 section 2."""

_PREFIX: Final = "xn--"
_LDH: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Letters, digits, hyphens: RFC 5890 section 2.3.1, RFC 1034 section 3.1."""

_KEPT: Final = str.maketrans("", "", "ßς")
"""Letters that case folding would lose, and IDNA2008 tells apart: RFC 5892 section 2.6."""


def canonical_domain(text: str) -> str:
    """Return a domain of at least two labels, each ASCII or an A-label, none of them an address.

    A domain that ends in digits would be an IPv4 address to some resolvers.  That a domain has at most 253 octets
    follows from the limit on the whole address.
    """
    labels = [_canonical_label(label) for label in text.translate(_DOTS).split(".")]
    if len(labels) == 1 or labels[-1].isdigit():
        raise _refusal("malformed_domain")
    return ".".join(labels)


def _canonical_label(text: str) -> str:
    label = _mapped(text)
    encoded = label if label.isascii() else _encoded(label)
    if not _LDH.fullmatch(encoded):
        raise _refusal("malformed_domain")
    if label.startswith(_PREFIX):
        _check_decodes(label)
    return encoded


def _mapped(text: str) -> str:
    """Return what IDNA2008 compares: `text` without compatibility forms and capitals (RFC 5895 section 2).

    A sigma is final only where it was typed as one; any other, such as a capital, becomes the medial one.
    """
    return "ς".join(fold(normalize("NFKC", part)) for part in text.split("ς"))


def _encoded(label: str) -> str:
    """Return the A-label of a U-label that meets RFC 5891 section 4.2."""
    if not spelled_with(label, WORD, "-") or not _is_stable(label):
        raise _refusal("forbidden_character")
    if classify(label[0]) in MARKS or label[2:4] == "--" or "-" in (label[0], label[-1]):
        raise _refusal("malformed_domain")
    if breaks_bidi_rule(label):
        raise _refusal("mixed_directions")
    return _PREFIX + label.encode("punycode").decode("ascii")


def _is_stable(label: str) -> bool:
    """Tell whether no character is another one in disguise (RFC 5892 section 2.2)."""
    rest = label.translate(_KEPT)
    return is_normalized("NFKC", label) and normalize("NFKC", rest.casefold()) == normalize("NFKC", rest)


def _check_decodes(label: str) -> None:
    # An A-label that no U-label has would be a second spelling of a name, or a name that nobody can read.
    try:
        decoded = label.removeprefix(_PREFIX).encode("ascii").decode("punycode")
    except UnicodeError:
        raise _refusal("malformed_domain") from None
    check_characters(IdentifierKind.EMAIL, decoded)
    if decoded.isascii() or _mapped(decoded) != decoded or _encoded(decoded) != label:
        raise _refusal("malformed_domain")


def _refusal(reason: str) -> InvalidIdentifier:
    return InvalidIdentifier(IdentifierKind.EMAIL, reason)
