"""What one kind of mail says: a template, and how it is filled.  No letter is read here, and no header is built.

Values stand as `$name`, as in `string.Template`.  A paragraph that names a value which a letter does not have is left
out.  Values become HTML in one place only, and escaped: no text of a person's is ever markup.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Final

from authcore.errors import ConfigurationError
from authcore_smtp.headers import is_plain

__all__ = ["VALUES", "Wording", "html_of", "subject_of", "text_of"]

VALUES: Final = frozenset({"application", "address", "code", "minutes", "purpose", "link"})
"""What a text may name: `code`, `minutes`, `purpose` and `link` are there for codes only, and `link` if one is set."""

_OF_SUBJECTS: Final = frozenset({"application"})
"""What a subject may name: nothing that a person, or a letter, has chosen; and no code, which locked screens show."""

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
{body}
</body>
</html>
"""

_MARKED: Final = {"code": "<strong>{}</strong>", "link": '<a href="{0}">{0}</a>'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The subject, the plain text and the HTML of one kind of mail; paragraphs are parted by empty lines.

    `html` is a whole page, in which values must stand in text or in quoted attributes.  Without it the page is made of
    `text`.  Raises ConfigurationError for a value that nobody knows, and for a subject that is no plain line.
    """

    subject: str
    text: str
    html: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be filled."""
        if not is_plain(self.subject):
            raise ConfigurationError("the subject of a mail must be one line, without control characters and =?")
        _check(self.subject, _OF_SUBJECTS, "the subject")
        _check(self.text, VALUES, "the text")
        _check(self.html or "", VALUES, "the HTML")


def subject_of(wording: Wording, values: Mapping[str, str]) -> str:
    """Return the subject."""
    return Template(wording.subject).substitute(values)


def text_of(wording: Wording, values: Mapping[str, str]) -> str:
    """Return the plain text."""
    return "\n\n".join(_filled(wording.text, values)) + "\n"


def html_of(wording: Wording, values: Mapping[str, str], *, language: str) -> str:
    """Return the HTML: a page of its own, or one that is made of the plain text."""
    escaped = {name: escape(value) for name, value in values.items()}
    if wording.html is not None:
        return "\n\n".join(_filled(wording.html, escaped)) + "\n"
    marked = {name: _MARKED.get(name, "{}").format(value) for name, value in escaped.items()}
    paragraphs = (paragraph.replace("\n", "<br>\n") for paragraph in _filled(escape(wording.text), marked))
    body = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return _PAGE.format(language=escape(language), title=escape(subject_of(wording, values)), body=body)


def _filled(text: str, values: Mapping[str, str]) -> Iterator[str]:
    for paragraph in text.strip("\n").split("\n\n"):
        template = Template(paragraph)
        if values.keys() >= set(template.get_identifiers()):
            yield template.substitute(values)


def _check(text: str, known: frozenset[str], what: str) -> None:
    template = Template(text)
    if not all(character.isprintable() or character in "\n\t" for character in text):
        raise ConfigurationError(f"{what} of a mail holds a control character")
    if not template.is_valid():
        raise ConfigurationError(f"{what} of a mail has a $ that begins no name: write $$ for the character")
    unknown = set(template.get_identifiers()) - known
    if unknown:
        raise ConfigurationError(
            f"{what} of a mail names {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}"
        )
