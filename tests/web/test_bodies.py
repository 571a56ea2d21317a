"""Laws of reading JSON bodies and their fields."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from authcore.errors import AuthError, InvalidInput, MalformedRequest, RequestTooLarge, UnsupportedMediaType
from authcore.web.bodies import Field, fields, read_json

JSON = [(b"content-type", b"application/json")]
LOGIN = (Field("identifier", 254), Field("password", 8), Field("agent", 4, required=False))


def refusal(body: bytes) -> str:
    """The reason for which the body is refused, by an error that drags no other one along."""
    with pytest.raises(MalformedRequest) as raised:
        read_json(body, JSON)
    assert raised.value.__context__ is None
    return raised.value.reason


def complaint(payload: dict[str, object]) -> tuple[str, str]:
    """The field at fault in a login, and the reason."""
    with pytest.raises(InvalidInput) as raised:
        fields(payload, LOGIN)
    return raised.value.field, raised.value.reason


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' \r\n\t{"a": "b"} ', {"a": "b"}),
        ('{"é": "😀"}'.encode(), {"é": "😀"}),
        (rb'{"a": "\ud83d\ude00 \u0000 \" \\"}', {"a": '😀 \x00 " \\'}),
        (b'{"a": [1, -2.5, true, null, {"b": []}]}', {"a": [1, -2.5, True, None, {"b": []}]}),
        (b'{"a": 999999999999999999, "b": -999999999999999999}', {"a": 10**18 - 1, "b": 1 - 10**18}),
        (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)
def test_an_object_is_read(body, value):
    """A JSON object in UTF-8 is returned as written."""
    assert read_json(body, JSON) == value


@pytest.mark.parametrize(
    "value",
    [
        b"application/json",
        b"Application/JSON",
        b" application/json\t",
        b"application/json; charset=utf-8",
        b"application/json;charset=UTF-8",
        b'application/json ; charset="utf-8"',
    ],
)
def test_json_media_types_are_accepted(value):
    """application/json is accepted in any case, with or without its one parameter."""
    assert read_json(b"{}", [(b"Content-Type", value)]) == {}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        JSON * 2,
        [(b"content-type", b"")],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"application/x-www-form-urlencoded")],
        [(b"content-type", b"text/plain; application/json")],
        [(b"content-type", b"application/json, text/plain")],
        [(b"content-type", b"application/jsonp")],
        [(b"content-type", b"application/problem+json")],
        [(b"content-type", b"application/json; charset=utf-16")],
        [(b"content-type", b"application/json; charset=utf-8; charset=utf-16")],
        [(b"content-type", b"application/json; version=2")],
        [(b"content-type", b"application/json\n")],
        [(b"content-type", b"Xapplication/json")],
        [*JSON, (b"content-encoding", b"gzip")],
        [*JSON, (b"content-encoding", b"identity, gzip")],
        [*JSON, (b"content-encoding", b"identity\v")],
        [*JSON, (b"content-encoding", b"identityX")],
        [*JSON, (b"content-encoding", b"identity"), (b"Content-Encoding", b"br")],
    ],
)
def test_other_media_types_are_refused(headers):
    """A form, which any site can post, another charset, or a compressed body is refused."""
    with pytest.raises(UnsupportedMediaType):
        read_json(b"{}", headers)


def test_the_identity_coding_is_accepted():
    """A body that says it is not encoded is read."""
    assert read_json(b"{}", [*JSON, (b"content-encoding", b"Identity")]) == {}


def test_the_body_is_bounded():
    """A body as long as the limit is read, a longer one refused before its type is looked at."""
    assert read_json(b"{}".ljust(16 * 1024), JSON) == {}
    with pytest.raises(RequestTooLarge):
        read_json(b"{}".ljust(16 * 1024 + 1), [])
    with pytest.raises(RequestTooLarge):
        read_json(b"{}", JSON, limit=1)


@pytest.mark.parametrize(
    "body",
    ["{}".encode("utf-16"), b"\xff{}", b'{"a":"\xe9"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xf5"}'],
)
def test_only_utf8_is_read(body):
    """Other encodings, overlong forms and encoded surrogates are refused."""
    assert refusal(body) == "not_utf8"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"{}{}",
        b"{} x",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a" 1}',
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": 0x1}',
        b'{"a": "\n"}',
        b'{"a": "\x00"}',
        rb'{"a": "\x41"}',
        rb'{"a": "\u00"}',
        b'{"a": "',
        b'{"a": "\\',
        b"/**/{}",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16-le"),
        "\u00a0{}".encode(),
        '{"a": \uff11}'.encode(),
    ],
)
def test_only_json_is_read(body):
    """Whatever RFC 8259 does not allow is refused, a byte order mark included."""
    assert refusal(body) == "not_json"


@pytest.mark.parametrize("body", [b"null", b"[]", b'"a"', b"1", b"true", b'[{"a": 1}]'])
def test_only_objects_are_read(body):
    """The body is one object."""
    assert refusal(body) == "not_an_object"


@pytest.mark.parametrize(
    "body",
    [b'{"a": 1, "a": 1}', b'{"a": 1, "b": 2, "\\u0061": 3}', b'{"x": {"a": 1, "a": 2}}', b'{"x": [[{"": 1, "": 2}]]}'],
)
def test_duplicate_keys_are_refused(body):
    """A name that stands twice in one object, at any level and in any spelling, is refused."""
    assert refusal(body) == "duplicate_key"


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 19, "-" + "1" * 19, "9" * 16000]
)
def test_numbers_are_finite_and_bounded(number):
    """Numbers that are not numbers, or have more than 18 digits, are refused."""
    assert refusal(b'{"a": %s}' % number.encode()) == "number_out_of_range"


@pytest.mark.parametrize(
    "body", [rb'{"a": "\ud800"}', rb'{"\udfff": 1}', rb'{"a": [{"b": ["\udc00\ud800"]}]}', rb'{"a": {"\ud83d": 1}}']
)
def test_lone_surrogates_are_refused(body):
    """Half of a surrogate pair, which no encoder can write, is refused in keys and values at any level."""
    assert refusal(body) == "lone_surrogate"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_bounded(opening, closing):
    """Sixteen levels are read, one more is refused."""
    innermost = b"1"
    assert read_json(b'{"a":' + opening * 15 + innermost + closing * 15 + b"}", JSON)
    assert refusal(b'{"a":' + opening * 16 + innermost + closing * 16 + b"}") == "too_deep"


@pytest.mark.parametrize("body", [b"[" * 16_384, b'{"":' * 4_096])
def test_the_deepest_body_is_refused(body):
    """A body of nothing but brackets is refused before a parser recurses into it."""
    assert refusal(body) == "too_deep"


def test_brackets_inside_of_strings_do_not_nest():
    """A password full of brackets, quotes and backslashes is text."""
    value = '[{"\\' * 50
    assert read_json(json.dumps({"a": value}).encode(), JSON) == {"a": value}


@pytest.mark.parametrize("unit", [b'"', b'\\"', b"\\", b'{"', b'["', b"1,", b'"a":', b"-", b"]["])
def test_hostile_bodies_cost_little(unit):
    """Sixteen kilobytes that make a careless scanner start over at each octet are refused at once."""
    started = time.perf_counter()
    refusal((b'"' + unit * 16_384)[: 16 * 1024])
    refusal((unit * 16_384)[: 16 * 1024])
    assert time.perf_counter() - started < 0.5


@given(st.binary(max_size=300))
def test_arbitrary_octets_are_read_or_refused(body):
    """No octets at all raise anything but a refusal."""
    with suppress(AuthError):
        read_json(body, JSON)


@given(st.text(alphabet='{}[]":,\\ud80019eE-.ntrfalsyNI ', max_size=80))
def test_near_json_is_read_or_refused(text):
    """Nothing that looks like JSON raises anything but a refusal, and what is read is an object that JSON can write."""
    try:
        read = read_json(text.encode(), JSON)
    except AuthError:
        return
    assert json.loads(json.dumps(read, allow_nan=False)) == read


@given(st.lists(st.tuples(st.sampled_from([b"content-type", b"content-encoding"]), st.binary(max_size=60)), max_size=3))
def test_arbitrary_media_types_are_read_or_refused(headers):
    """No header octets raise anything but a refusal."""
    with suppress(AuthError):
        read_json(b"{}", headers)


LEAVES = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), LEAVES | st.lists(LEAVES), max_size=5))
def test_json_round_trip(value):
    """Every bounded object comes back as it was written, escaped or not."""
    for escaped in (True, False):
        assert read_json(json.dumps(value, ensure_ascii=escaped).encode(), JSON) == value


def test_declared_fields_are_returned():
    """Every declared field that is present is returned."""
    payload: dict[str, object] = {"password": "x" * 8, "identifier": ""}
    assert fields(payload, LOGIN) == {"identifier": "", "password": "x" * 8}


def test_an_optional_field_is_returned_if_present():
    """An optional field that is present is read like any other."""
    assert fields({"identifier": "a", "password": "b", "agent": "c"}, LOGIN)["agent"] == "c"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"identifier": None}, ("identifier", "not_text")),
        ({"identifier": 1}, ("identifier", "not_text")),
        ({"identifier": True}, ("identifier", "not_text")),
        ({"identifier": ["a"]}, ("identifier", "not_text")),
        ({"identifier": {}}, ("identifier", "not_text")),
        ({"agent": None}, ("agent", "not_text")),
        ({"password": "x" * 9}, ("password", "too_long")),
        ({"agent": "x" * 5}, ("agent", "too_long")),
        ({"role": "root"}, ("role", "unknown")),
        ({"Password": "b"}, ("Password", "unknown")),
        ({"x": "b"}, ("x", "unknown")),
        ({"x" * 64: "b"}, ("x" * 64, "unknown")),
    ],
)
def test_a_field_at_fault_is_named(changes, expected):
    """A field of another type, too long, or not declared is refused by name."""
    assert complaint({"identifier": "a", "password": "b"} | changes) == expected


def test_a_missing_field_is_named():
    """A required field that is absent is refused by name."""
    assert complaint({"identifier": "a"}) == ("password", "missing")


def test_lengths_are_code_points():
    """A character outside of the basic plane counts as one."""
    assert fields({"identifier": "a", "password": "😀" * 8}, LOGIN)["password"] == "😀" * 8


@pytest.mark.parametrize("name", ["", "x" * 65, "a\r\nb", "\x1b[31m", "é", "\u202e", "a\x00"])
def test_a_strangers_name_is_not_repeated(name):
    """An unknown name that is long or not printable ASCII is replaced, so that no log or answer carries it."""
    assert complaint({name: "x"}) == ("(unprintable)", "unknown")


@given(st.dictionaries(st.text(max_size=5) | st.sampled_from(["identifier", "password", "agent"]), LEAVES, max_size=4))
def test_any_payload_is_read_or_refused(payload):
    """No payload raises anything but a refusal, and what is returned is text within its bounds."""
    try:
        read = fields(payload, LOGIN)
    except InvalidInput:
        return
    assert all(value is None or len(value) <= 254 for value in read.values())
