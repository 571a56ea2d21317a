"""Which paths are left alone."""

import pytest

from authcore.errors import ConfigurationError
from authcore.web import Exemptions


@pytest.mark.parametrize("path", ["/static", "/static/", "/static/a/b.css", "/health"])
def test_what_is_named_is_exempt_with_all_below(path):
    """A path that is named is exempt, and so is all below it."""
    assert Exemptions(["/static/", "/health"]).cover(path)


@pytest.mark.parametrize("path", ["/", "/statics", "/health2", "/a/static", "/STATIC", "static", ""])
def test_nothing_else_is_exempt(path):
    """A path that only begins alike, or is written otherwise, is not exempt."""
    assert not Exemptions(["/static", "/health"]).cover(path)


def test_nothing_is_exempt_by_default():
    """Without a word nothing is exempt."""
    assert not Exemptions().cover("/")


def test_a_last_letter_is_no_slash():
    """Only slashes are dropped at the end of a path."""
    assert Exemptions(["/X"]).cover("/X")
    assert not Exemptions(["/X"]).cover("/a")


@pytest.mark.parametrize("paths", ["/health", "", ["health"], [""]])
def test_what_was_meant_otherwise_is_refused(paths):
    """A text where a list is meant would exempt every path, letter by letter; it is refused when it is given."""
    with pytest.raises(ConfigurationError, match=r"^exempt is a list of paths"):
        Exemptions(paths)
