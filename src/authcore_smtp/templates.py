"""What the mails of an application say: its name, its language, wordings by kind and purpose, and its own pages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlsplit

from authcore.entities import Letter, MessageKind
from authcore.errors import ConfigurationError, DeliveryFault
from authcore_smtp import english
from authcore_smtp.headers import is_plain
from authcore_smtp.hosts import is_loopback
from authcore_smtp.wording import Wording

__all__ = ["Templates", "link_of", "wording_of"]

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_URL: Final = re.compile(r"[!$%&'()*+,\-./:;=?@\[\]_~A-Za-z0-9]+")
"""What a URL is made of (RFC 3986 section 2), without the # of a fragment: the code comes to stand there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """What mails say.  What is not replaced is English.

    `links` names, for codes of a purpose, a page of the application's that is opened with the code in its fragment,
    which browsers send to no server.  Raises ConfigurationError for a name or a page that could not be used, and for
    another language in which a kind of letter has no wording.
    """

    application: str
    """Its name: in the text, in the subject, and before the sender's address."""

    language: str = english.LANGUAGE
    """The language of all wordings, as BCP 47 writes it."""

    kinds: Mapping[MessageKind, Wording] = field(default_factory=dict)
    """Wordings in place of those of the package."""

    purposes: Mapping[str, Wording] = field(default_factory=dict)
    """Wordings for codes of one purpose, such as `verify`, in place of that of `MessageKind.CODE`."""

    links: Mapping[str, str] = field(default_factory=dict)
    """For codes of one purpose, a page such as `https://app.example/verify`."""

    def __post_init__(self) -> None:
        """Take the package's wordings for those that are not given."""
        if not is_plain(self.application) or self.application != self.application.strip():
            raise ConfigurationError("the application's name must be one line, without control characters and =?")
        if not _LANGUAGE.fullmatch(self.language):
            raise ConfigurationError("the language of mails must be a tag such as en or pt-BR")
        for purpose, url in self.links.items():
            if not _may_hold_codes(url):
                raise ConfigurationError(
                    f"the page for {purpose} must begin with https:// (or http://localhost), and have no fragment"
                )
        theirs = self.language == english.LANGUAGE
        kinds = {**(english.KINDS if theirs else {}), **self.kinds}
        missing = sorted(english.KINDS.keys() - kinds.keys())
        if missing:
            raise ConfigurationError(f"mails in {self.language} lack a wording for {', '.join(missing)}")
        object.__setattr__(self, "kinds", MappingProxyType(kinds))
        purposes = {**(english.PURPOSES if theirs else {}), **self.purposes}
        object.__setattr__(self, "purposes", MappingProxyType(purposes))
        object.__setattr__(self, "links", MappingProxyType(dict(self.links)))


def wording_of(templates: Templates, letter: Letter) -> Wording:
    """Return what a letter says: that of its purpose, or else of its kind.  Raises DeliveryFault if it says nothing."""
    wording = (letter.purpose and templates.purposes.get(letter.purpose)) or templates.kinds.get(letter.kind)
    if wording is None:
        raise DeliveryFault(f"no wording for {letter.kind.value}")
    return wording


def link_of(templates: Templates, letter: Letter) -> str | None:
    """Return the page that a letter's code is for, with the code where no server and no log sees it."""
    page = letter.purpose and templates.links.get(letter.purpose)
    return None if not page or letter.code is None else f"{page}#code={quote(letter.code, safe='')}"


def _may_hold_codes(url: str) -> bool:
    if not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
