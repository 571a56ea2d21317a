"""Stores are opened by their URLs, whoever keeps them."""

from importlib.metadata import EntryPoint

import pytest

from authcore import ConfigurationError, MemoryStore, opening
from authcore.opening import open_store

OPENED = MemoryStore()


def _opener(url):
    assert url == "shelf://ada:secret@third/shelf"
    return OPENED


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    """One package is installed that stands for the scheme `shelf`, and one for `attic`, which lacks its driver."""
    entries = {
        name: EntryPoint(name, f"{__name__}:{target}", opening.STORES)
        for name, target in (("shelf", "_opener"), ("attic", "_absent"))
    }
    monkeypatch.setattr(
        opening, "entry_points", lambda group: list(entries.values()) if group == opening.STORES else []
    )
    monkeypatch.setattr(EntryPoint, "load", lambda entry: globals()[entry.attr])


def _absent(url):
    raise ModuleNotFoundError('pip install "authcore[attic]"')


def test_scheme_says_who_opens():
    """The package that stands for a URL's scheme is given the whole URL."""
    assert open_store("shelf://ada:secret@third/shelf") is OPENED


@pytest.mark.parametrize("url", ["", "shelf", "cupboard://ada:secret@x", "SHELF://ada:secret@x", "/shelf:/ada"])
def test_unknown_schemes_are_refused(url):
    """A URL that nobody stands for is refused, with the schemes that are known and nothing of the URL."""
    with pytest.raises(ConfigurationError) as refused:
        open_store(url)
    assert str(refused.value) == "A store's URL begins with one of attic, shelf, and a colon."


def test_missing_extra_is_named():
    """Where a driver is missing, what is told is how to install it."""
    with pytest.raises(ModuleNotFoundError, match=r"authcore\[attic\]"):
        open_store("attic:old")
