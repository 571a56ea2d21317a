"""The laws of canonical identifiers, over the vectors, over arbitrary text and over every code point there is."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from unicodedata import bidirectional, category, normalize, unidata_version

import pytest
from hypothesis import given, strategies as st

from authcore import identifiers
from authcore.errors import InvalidIdentifier
from authcore.identifiers import (
    CANONICAL_FORM,
    TYPED,
    IdentifierKind,
    beginnings,
    canonical_email,
    canonical_phone,
    canonical_username,
    canonicalise,
    recognise,
)
from authcore.identifiers.characters import classify
from authcore.identifiers.unicode14 import RUNS

EMAIL, USERNAME, PHONE = IdentifierKind.EMAIL, IdentifierKind.USERNAME, IdentifierKind.PHONE
VECTORS = Path(__file__).with_name("identifiers.vectors")
SOURCES = Path(identifiers.__file__).parent

OUTCOMES = {
    (USERNAME, "{}"): "58e2cda944d5b27538100c54a69d572a64587675bb8989473cb655633d58a6bb",
    (USERNAME, "a{}a"): "99f66cb429c907937b2e7694288313e187de0338ce1bb450e00f059c51c3cd59",
    (EMAIL, "a{}a@example.org"): "df2e117ebc05c537d4aaac1431ed34ca97df9eebe5cde51c527fd7c1e91b89bf",
    (EMAIL, "a@{}a.example"): "00384530cbf95dfbbd3f202fc1de2b5e7727f0a2e976d314fd21e433fcbb8caa",
    (EMAIL, "a@{}.example"): "366df51656f345f105c6191fd30d91e9073d413466107ba7b66d0fad64b460af",
    (PHONE, "+4915112345{}78"): "fe4302d7543590b8f03a1593416a04df20c664e9b64fb2c764d4fb3cd8038c44",
}
"""SHA-256 of what becomes of each assigned character in a template.  Another digest is another canonical form."""

LETTER = {"L": "L", "R": "R", "AL": "A", "ON": "N"}
MARK = {"L": "s", "NSM": "m"}
DIGIT = {"L": "d", "EN": "e", "AN": "a", "R": "r"}
CLASSES_WITH_DIRECTION = {
    **dict.fromkeys(("Lu", "Ll", "Lt", "Lm", "Lo"), LETTER),
    **dict.fromkeys(("Mn", "Mc"), MARK),
    "Nd": DIGIT,
}
CLASSES = {
    **dict.fromkeys(("Nl", "No"), "n"),
    **dict.fromkeys(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), "!"),
    "Cn": "?",
}
"""The letter of each class in `unicode14`, by general category, and by direction where it counts; all else is "-"."""

LEFT_OUT = {
    # Letters and marks that are invisible (Default_Ignorable_Code_Point):
    *(0x034F, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)),
    *range(0xE0100, 0xE01F0),
    # Old Hangul jamo: RFC 5892 section 2.9.
    *(*range(0x1100, 0x1200), *range(0xA960, 0xA980), *range(0xD7B0, 0xD800)),
    # Marks of symbols and of music: RFC 5892 section 2.4.
    *(*range(0x20D0, 0x2100), *range(0x1D100, 0x1D250)),
    # Exceptions: RFC 5892 section 2.6.
    *(0x0640, 0x07FA, 0x302E, 0x302F, *range(0x3031, 0x3036), 0x303B),
}
"""Letters and marks that no identifier holds."""

HARD = "aAzZ09._-+@ ()/'\"\\\0\n\x7f\xa0\xad\u0308\u0301\u0345\u200d\u202e\ud800\uffff\u1112\u1161\u11ab"
HARD += "ßẞςΣϲσİıäÄÅKﬁ①²℡ａＡ１．。｡ｶﾞガㄅ漢가ㄱאבسا٣۳१аАᾈᾳᲀᎠꭰǅ🙂≠"
WORDS = st.characters(categories=["L", "M", "Nd"])
KINDS = st.sampled_from(sorted(TYPED))
TEXTS = st.one_of(
    st.text(),
    st.text(HARD, max_size=40),
    st.text(WORDS, max_size=34),
    st.text("0123456789 -./()", max_size=34).map("+{}".format),
    st.builds("{}@{}.{}".format, *[st.text(HARD, max_size=12)] * 3),
    st.builds("{}@{}.{}".format, *[st.text(WORDS, max_size=12)] * 3),
    st.builds("a@xn--{}.example".format, st.text("abcdefghijklmnopqrstuvwxyz0123456789-", max_size=12)),
)


def outcome(kind: IdentifierKind, text: str) -> str:
    """Return the canonical value, or `!` and the reason."""
    try:
        return canonicalise(kind, text).value
    except InvalidIdentifier as refusal:
        return f"!{refusal.reason}"


def is_refused(outcome: str) -> bool:
    """Tell a refusal from a value; an address may begin with an exclamation mark too."""
    return outcome.startswith("!") and "@" not in outcome


def vectors() -> Iterator[tuple[IdentifierKind, str, str]]:
    """Read the vectors: a kind, an input, and what becomes of it."""
    for line in VECTORS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, text, expected = line.split("\t")
            yield IdentifierKind(kind), json.loads(text), expected


def assigned() -> Iterator[str]:
    """Every character of Unicode 14.0 that is neither control, format, surrogate nor private."""
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    return (character for character, kind in zip(everything, classify(everything), strict=True) if kind not in "!?")


@cache
def outcomes_in(kind: IdentifierKind, template: str) -> list[str]:
    """Return what becomes of each assigned character in a template."""
    return [outcome(kind, template.format(character)) for character in assigned()]


def runs_of_this_python() -> str:
    """Return the table in `unicode14`, made anew; on Python 3.11, printing it rebuilds the module."""
    runs = groupby(map(class_in_this_python, map(chr, range(sys.maxunicode + 1))))
    return "\n".join(re.findall(r".{1,118}\D", "".join(f"{len(list(run))}{kind}" for kind, run in runs)))


def class_in_this_python(character: str) -> str:
    """Return a character's class by its general category and direction."""
    general, direction = category(character), bidirectional(character)
    if general in CLASSES_WITH_DIRECTION:
        return "-" if ord(character) in LEFT_OUT else CLASSES_WITH_DIRECTION[general][direction]
    return CLASSES.get(general, "-")


@pytest.mark.parametrize(("kind", "text", "expected"), list(vectors()), ids=lambda value: ascii(value)[:40])
def test_vector(kind: IdentifierKind, text: str, expected: str) -> None:
    """Each line of the vectors file holds."""
    assert outcome(kind, text) == expected


def test_vectors_show_every_refusal() -> None:
    """Each reason that the code can give has a vector."""
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py"))
    reasons = set(re.findall(r"(?:_refusal\(|InvalidIdentifier\(.*, |^    \()\"(\w+)\"", source, re.MULTILINE))
    assert reasons == {expected[1:] for _, _, expected in vectors() if is_refused(expected)}


@pytest.mark.parametrize(("kind", "template"), list(OUTCOMES))
def test_every_character_keeps_its_outcome(kind: IdentifierKind, template: str) -> None:
    """What becomes of each assigned character is the same on every Python, for as long as the form is 1."""
    digest = hashlib.sha256("\n".join(outcomes_in(kind, template)).encode()).hexdigest()
    assert (CANONICAL_FORM, digest) == (1, OUTCOMES[kind, template])


@pytest.mark.parametrize(("kind", "template"), list(OUTCOMES))
def test_every_character_is_canonical_once_canonical(kind: IdentifierKind, template: str) -> None:
    """Whatever a character became, it stays."""
    values = {value for value in outcomes_in(kind, template) if not is_refused(value)}
    assert [value for value in values if outcome(kind, value) != value] == []


def test_every_other_code_point_is_refused() -> None:
    """What is unassigned, private, a surrogate or a control is refused by the reading that all kinds share."""
    others = set(map(chr, range(sys.maxunicode + 1))).difference(assigned())
    assert {outcome(USERNAME, f"a{other}a") for other in others} == {"!unassigned", "!forbidden_character"}


@pytest.mark.skipif(unidata_version != "14.0.0", reason="only Python 3.11 can make the table anew")
def test_table_is_that_of_unicode_14() -> None:
    """The shipped table is what Python 3.11 knows of each character, but for those left out."""
    assert RUNS.strip() == runs_of_this_python()


@given(KINDS, TEXTS)
def test_refusals_are_the_only_exceptions(kind: IdentifierKind, text: str) -> None:
    """Any text at all is accepted or refused with the kind as the field."""
    try:
        field: str = canonicalise(kind, text).kind
    except InvalidIdentifier as refusal:
        field = refusal.field
    assert field == kind


@given(KINDS, TEXTS)
def test_canonical_form_is_stable(kind: IdentifierKind, text: str) -> None:
    """The canonical form of a canonical form is itself."""
    value = outcome(kind, text)
    assert is_refused(value) or outcome(kind, value) == value


@given(KINDS, TEXTS)
def test_display_names_the_same(kind: IdentifierKind, text: str) -> None:
    """What is displayed is NFC, without surrounding spaces, and names what was typed."""
    try:
        shown = canonicalise(kind, text)
    except InvalidIdentifier:
        return
    assert shown.display == normalize("NFC", shown.display) == shown.display.strip(" ")
    assert canonicalise(kind, shown.display) == shown


@given(KINDS, TEXTS)
def test_composed_and_decomposed_agree(kind: IdentifierKind, text: str) -> None:
    """Text that is canonically equivalent has one outcome."""
    text = text.strip(" ")
    assert outcome(kind, normalize("NFD", text)) == outcome(kind, normalize("NFC", text)) == outcome(kind, text)


@given(KINDS, TEXTS)
def test_case_does_not_matter(kind: IdentifierKind, text: str) -> None:
    """Text that differs in case only has one outcome."""
    swapped = "".join(map(other_case, text))
    assert outcome(kind, swapped) == outcome(kind, text)


def other_case(character: str) -> str:
    """Return the other of a pair of cases, if Unicode 14.0 has the pair; a final sigma is in none."""
    swapped = character.swapcase()
    is_pair = len(swapped) == 1 and swapped.lower() == character.lower() and classify(swapped) != "?"
    return swapped if is_pair else character


@given(TEXTS.filter(lambda text: len(text) <= 32))
def test_width_does_not_matter_in_a_username(text: str) -> None:
    """A username typed in full width is the same name."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert outcome(USERNAME, wide) == outcome(USERNAME, text)


@given(st.builds("a@{}.example".format, st.one_of(st.text(WORDS, max_size=20), st.text(HARD, max_size=8))))
def test_both_spellings_of_a_domain_agree(address: str) -> None:
    """A domain has one canonical form, whether typed in letters or in Punycode."""
    value = outcome(EMAIL, address)
    if not is_refused(value):
        labels = [idna_decoded(label) for label in value.removeprefix("a@").split(".")]
        assert outcome(EMAIL, "a@" + ".".join(labels)) == value


def idna_decoded(label: str) -> str:
    """Return the U-label of an A-label, and any other label as it is."""
    return label[4:].encode().decode("punycode") if label.startswith("xn--") else label


@given(KINDS, TEXTS, st.data())
def test_name_begins_with_each_of_its_beginnings(kind: IdentifierKind, text: str, data: st.DataObject) -> None:
    """Whoever types the first characters of a name's canonical form is told how its id begins."""
    value = outcome(kind, text)
    if not is_refused(value):
        typed = value[: data.draw(st.integers(1, len(value)))]
        assert f"{kind.value}:{value}".startswith(beginnings(typed))


@given(st.text())
def test_anything_may_be_sought(text: str) -> None:
    """No text at all is refused as a beginning."""
    assert all(":" in beginning for beginning in beginnings(text))


@given(KINDS, TEXTS)
def test_kinds_cannot_be_confused(kind: IdentifierKind, text: str) -> None:
    """What is accepted as one kind is recognised as that kind, and its id names the kind."""
    try:
        accepted = canonicalise(kind, text)
    except InvalidIdentifier:
        return
    assert recognise(text) == accepted
    assert accepted.id == f"{kind.value}:{accepted.value}"


@pytest.mark.parametrize("kind", sorted(TYPED))
@pytest.mark.parametrize(
    "part", ["a", " ", "@", ".", "+", "(", "xn--", "\u0315\u0300", "ß", "漢", "\ud800", "\0", "a@b."]
)
def test_long_text_is_refused_unread(kind: IdentifierKind, part: str) -> None:
    """Whatever fifty thousand characters are, they are too long."""
    assert outcome(kind, part * (50_000 // len(part))) == "!too_long"


@pytest.mark.parametrize("kind", sorted(TYPED))
@pytest.mark.parametrize("thing", [None, 7, b"ada@example.org", ["ada"]], ids=repr)
def test_only_text_is_read(kind: IdentifierKind, thing: Any) -> None:
    """Anything that is not text is refused as such."""
    assert outcome(kind, thing) == "!not_text"


def test_only_text_is_recognised() -> None:
    """Anything that is not text is of no kind."""
    with pytest.raises(InvalidIdentifier) as refusal:
        recognise(b"ada@example.org")  # type: ignore[arg-type]  # the mistake is the point
    assert (refusal.value.field, refusal.value.reason) == ("identifier", "not_text")


def test_longest_address_is_accepted() -> None:
    """An address may have 254 octets in canonical form, and not one more."""
    longest = f"{'a' * 64}@" + ".".join(["d" * 61] * 3) + ".org"
    longer = longest.replace(".org", ".info")
    assert (len(longest), outcome(EMAIL, longest), outcome(EMAIL, longer)) == (254, longest, "!too_long")


def test_a_name_is_displayed_as_typed_and_a_number_as_dialled() -> None:
    """The canonical form is for comparing; what was typed is kept for showing."""
    assert canonical_email(" Ada@B\u00fccher.example ").display == "Ada@xn--bcher-kva.example"
    assert canonical_username(" Ada ").display == "Ada"
    assert canonical_phone(" +49 151 1234-5678 ").display == "+4915112345678"
