"""The laws of external identities' names: two of them are one if, and only if, both of their words are the same."""

import pytest
from hypothesis import given, strategies as st

from authcore.entities import Identifier
from authcore.entities.base import field_types, max_length
from authcore.errors import InvalidIdentifier
from authcore.identifiers import IdentifierKind, canonical_external, recognise

GOOGLE = "https://accounts.google.com"
WORDS = st.text("a#%", min_size=1, max_size=4)


def outcome(issuer, subject):
    """Return the id, or why there is none: the field at fault, and the reason."""
    try:
        return canonical_external(issuer, subject).id
    except InvalidIdentifier as refusal:
        return refusal.field, refusal.reason


@given(WORDS, WORDS, WORDS, WORDS)
def test_equal_ids_are_equal_words(issuer, subject, other_issuer, other_subject):
    """No two different pairs of issuer and subject share an id."""
    first, second = outcome(issuer, subject), outcome(other_issuer, other_subject)
    are_ids = isinstance(first, str) and isinstance(second, str)
    assert not are_ids or (first == second) == ((issuer, subject) == (other_issuer, other_subject))


@given(st.text(), st.text())
def test_refusals_are_the_only_exceptions(issuer, subject):
    """Whatever a provider says is accepted, or refused with the field at fault."""
    found = outcome(issuer, subject)
    assert found == f"external:{issuer}#{subject}" or found[0] in {"issuer", "subject"}


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        (GOOGLE, "110169484474386276334"),
        (
            "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaF",
        ),
        ("https://tenant.eu.auth0.com/", "auth0|5f7c8ec7c33c6c004bbafe82"),
        ("ldap://directory.example", "CN=Ada Lovelace,DC=example"),
        (GOOGLE, "a#b"),
        ("i", "s"),
    ],
)
def test_what_providers_say_is_taken_as_it_is(issuer, subject):
    """Issuer and subject stand in the id unchanged."""
    name = canonical_external(issuer, subject)
    assert (name.kind, name.id) == (IdentifierKind.EXTERNAL, f"external:{issuer}#{subject}")
    assert name.value == name.display


@pytest.mark.parametrize(
    ("issuer", "subject", "refused"),
    [
        (None, "s", ("issuer", "not_text")),
        (GOOGLE, 7, ("subject", "not_text")),
        ("", "s", ("issuer", "empty")),
        (GOOGLE, "", ("subject", "empty")),
        ("https://a.example#", "s", ("issuer", "forbidden_character")),
        ("a b", "s", ("issuer", "forbidden_character")),
        (GOOGLE, " s", ("subject", "forbidden_character")),
        (GOOGLE, "s ", ("subject", "forbidden_character")),
        (GOOGLE, "s\n", ("subject", "forbidden_character")),
        (GOOGLE, "é", ("subject", "forbidden_character")),
        (GOOGLE, "a\0", ("subject", "forbidden_character")),
        ("i" * 1_000_000, "s", ("issuer", "too_long")),
        (GOOGLE, "s" * 1_000_000, ("subject", "too_long")),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_no_provider_may_say_is_refused(issuer, subject, refused):
    """What could stand for something else, or not be stored, is refused and never mended."""
    assert outcome(issuer, subject) == refused


def test_case_counts():
    """Subjects that differ in case are two people."""
    assert outcome(GOOGLE, "Ada") != outcome(GOOGLE, "ada")


def test_longest_id_can_be_stored():
    """The longest id of all, and not one character more, fits into an Identifier's."""
    longest = canonical_external("i" * 34, "s" * 255)
    assert len(longest.id) <= max_length(field_types(Identifier)["id"])
    assert outcome("i" * 35, "s" * 255) == ("subject", "too_long")


@given(WORDS.map(lambda text: f"external:{text}"))
def test_nobody_types_one(text):
    """Whatever is typed into a login form, it is recognised as no external identity."""
    try:
        assert recognise(text).kind is not IdentifierKind.EXTERNAL
    except InvalidIdentifier:
        return
