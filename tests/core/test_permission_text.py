"""Laws of the text of a permission: what is refused, and why.  What a permission implies is tested elsewhere."""

import pytest
from hypothesis import given, strategies as st

from authcore.errors import InvalidPermission
from authcore.permissions.text import ANY, parse, plain, render

REFUSED = {
    "not_text": [None, 7, b"printer", ["printer"]],
    "empty": [""],
    "too_long": ["p" * 256, "a:" * 200],
    "too_many_parts": [":".join("p" * 17), ":" * 16, "*:" * 16 + "*"],
    "empty_part": [":", "printer:", ":query", "printer::lp7200"],
    "empty_subpart": [",", "printer,", ",printer", "printer:query,,print"],
    "edge_space": [
        " ",
        " printer",
        "printer ",
        "printer: query",
        "printer:query, print",
        "p :q",
        "\u00a0p",
        "p:q\u3000",
    ],
    "partial_wildcard": ["print*", "**", "printer:*query", "printer:query,pri*nt"],
    "control_character": [
        "a\nb",
        "\x00",
        "a:b\x7f",
        "a\x85b",
        "a\u2028b",
        "\u202ereversed",
        "a\u200fb",
        "\ud800",
        "a:\udfff",
    ],
}


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in REFUSED.items() for text in texts])
def test_malformed_text_is_refused_with_its_reason(reason, text):
    """What is not a permission is refused when it is read, with a stable reason, and no short way leads past it."""
    with pytest.raises(InvalidPermission) as refusal:
        parse(text)
    assert refusal.value.reason == reason
    assert plain(text) is None


@pytest.mark.parametrize("text", ["printer", "printer:query", "a-b_c.d@e:7", "p" * 255, ":".join("p" * 16)])
def test_plain_text_takes_the_short_way(text):
    """Text without lists and wildcards is read by its colons alone, up to the same limits."""
    assert plain(text) == text.split(":")


@pytest.mark.parametrize(
    "text", ["p" * 255, ":".join("p" * 16), "read all:a  b", "a-b_c.d@e/f#1", "日本:読む", "\U0001f5a8", "a\u200cb"]
)
def test_other_text_is_taken_as_it_is(text):
    """Text within the limits is read, of any script, with spaces inside a sub-part, and no value is changed."""
    assert render(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("printer:print,query", "printer:print,query"),
        ("printer:query,print", "printer:print,query"),
        ("printer:query,query", "printer:query"),
        ("printer:query,*,print:lp7200", "printer:*:lp7200"),
        ("printer:*", "printer"),
        ("printer:*:*,x", "printer"),
        ("*", "*"),
        ("*:*:*", "*"),
        ("*:query:*", "*:query"),
    ],
)
def test_canonical_text(text, canonical):
    """Sub-parts are sorted and named once, a wildcard absorbs its part, and trailing wildcards are dropped."""
    assert render(parse(text)) == canonical


def test_the_wildcard_is_a_part_of_its_own():
    """A wildcard is read as the one part that stands for any value."""
    assert parse("*,a:b:a,*:c") == (ANY, frozenset("b"), ANY, frozenset("c"))


@given(st.text() | st.text(alphabet="ab:,* ") | st.text(alphabet="aZ9_.@:-\n"))
def test_the_short_way_is_no_other_way(text):
    """What the short way reads, the long way reads alike."""
    parts = plain(text)
    assert parts is None or tuple(frozenset((part,)) for part in parts) == parse(text)


@given(st.text() | st.text(alphabet="ab:,* ") | st.binary() | st.none() | st.integers())
def test_reading_anything_ends_in_parts_or_a_refusal(text):
    """Reading either refuses, or yields parts that are written and read again as they are."""
    try:
        parts = parse(text)
    except InvalidPermission:
        return
    assert parse(render(parts)) == parts
