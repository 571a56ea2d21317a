"""Entities: which values they may hold at all, and how they become records and come back."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import NoneType
from typing import Annotated, get_args, get_origin

import pytest
from hypothesis import given, settings, strategies as st

from authcore.entities import (
    ENTITIES,
    Account,
    AuthenticationSession,
    Column,
    ColumnType,
    Credential,
    Entity,
    Grant,
    Identifier,
    Letter,
    Message,
    MessageKind,
    Role,
    columns_of,
    from_record,
    from_row,
    keys_of,
    to_record,
)
from authcore.entities.base import field_types
from authcore.errors import InvalidInput

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def _values(annotation: object) -> st.SearchStrategy[object]:
    """Return all values of a type that an entity may hold."""
    if get_origin(annotation) is Annotated:
        plain, longest = get_args(annotation)
        few = st.lists(st.text(TEXT, max_size=30), max_size=5).map(tuple)
        return st.text(TEXT, max_size=longest) if plain is str else few
    if NoneType in get_args(annotation):
        return st.none() | st.one_of([_values(part) for part in get_args(annotation) if part is not NoneType])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return st.sampled_from(annotation)
    return {
        str: st.text(TEXT, max_size=100),
        int: st.integers(-(2**63), 2**63 - 1),
        bool: st.booleans(),
        datetime: st.datetimes(timezones=st.just(UTC)),
    }[annotation]


def _entities(kind: type[Entity]) -> st.SearchStrategy[Entity]:
    return st.builds(kind, **{name: _values(annotation) for name, annotation in field_types(kind).items()})


_SPOILT = st.one_of(
    st.none(),
    st.integers(),
    st.sampled_from([2**63, -(2**63) - 1, 2**62, 2, 0.5, True, b"x", "", "x" * 16_001, "\0", "\ud800", "é"]),
    st.sampled_from(
        ['["a"]', '["\\u0000"]', '["\\ud800"]', '[""]', "[1]", "{}", '"a"', "[", "null", '["' + "x" * 16_000]
    ),
    st.text(max_size=20),
)
"""What a record of nothing that was ever stored may hold."""


def _is_of(annotation: object, value: object) -> bool:
    """Tell whether a value is of a field's very type."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if NoneType in get_args(annotation):
        return value is None or any(_is_of(part, value) for part in get_args(annotation) if part is not NoneType)
    return type(value) is (tuple if get_origin(annotation) is tuple else annotation)


def _account(**changes: object) -> Account:
    return Account(**{"id": "a", "created_at": NOW, "updated_at": NOW} | changes)


def _role(*permissions: str) -> Role:
    return Role(id="r", created_at=NOW, updated_at=NOW, permissions=permissions)


def _refused(**changes: object) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        _account(**changes)
    return caught.value.field, caught.value.reason


class TestValues:
    """What an entity refuses to hold, so that no store truncates, rounds or rejects it."""

    @pytest.mark.parametrize(("field", "longest"), [("id", 300), ("username", 32), ("email", 255), ("phone", 20)])
    def test_text_is_as_long_as_it_says(self, field, longest):
        """A text may be as long as its type says, counted in characters, and not one longer."""
        assert getattr(_account(**{field: "\U0001f600" * longest}), field)
        assert _refused(**{field: "x" * (longest + 1)}) == (field, "too_long")

    @pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfff"])
    def test_unstorable_characters_are_refused(self, text):
        """NUL and lone surrogates are refused, since some stores cannot hold them."""
        assert _refused(username=text) == ("username", "forbidden_character")

    @pytest.mark.parametrize("text", ["", " a ", "\u0301", "\r\n", "\U0010ffff", "\ufeff"])
    def test_other_text_is_kept_as_it_is(self, text):
        """Any other text is held exactly."""
        assert _account(username=text).username == text

    @pytest.mark.parametrize(
        "time",
        [
            datetime(2030, 1, 1),  # noqa: DTZ001  a naive time is what is refused
            datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=1))),
            datetime(2030, 1, 1, tzinfo=timezone(timedelta(microseconds=-1))),
        ],
    )
    @pytest.mark.parametrize("field", ["created_at", "updated_at", "deleted_at", "verified_at"])
    def test_times_are_in_utc(self, field, time):
        """A naive time, or one of another zone, is refused in every field."""
        assert _refused(**{field: time}) == (field, "not_utc")

    @pytest.mark.parametrize(
        ("number", "fits"), [(2**63 - 1, True), (2**63, False), (-(2**63), True), (-(2**63) - 1, False)]
    )
    def test_numbers_have_64_bits(self, number, fits):
        """A number is held if and only if it fits into 64 bits with a sign."""
        if fits:
            assert _account(epoch=number).epoch == number
        else:
            assert _refused(epoch=number) == ("epoch", "too_large")

    @pytest.mark.parametrize(
        ("texts", "reason"),
        [(("x" * 16_000,), "too_long"), (("x",) * 4001, "too_long"), (("fine", "\ud800"), "forbidden_character")],
        ids=["long", "many", "surrogate"],
    )
    def test_items_of_tuples_are_checked(self, texts, reason):
        """Texts in a tuple are checked together, as they are stored."""
        with pytest.raises(InvalidInput) as caught:
            _role(*texts)
        assert (caught.value.field, caught.value.reason) == ("permissions", reason)

    @pytest.mark.parametrize(
        "texts", [("x" * 15_996,), ("x",) * 3999, ("\0",), ("",), ('"', "\\", "\n")], ids=map(str, range(5))
    )
    def test_other_tuples_are_kept_exactly(self, texts):
        """A tuple whose stored form fits is held, and comes back exactly."""
        assert from_record(Role, to_record(_role(*texts))).permissions == texts

    def test_copies_are_checked_too(self):
        """A changed copy is checked like a new entity."""
        with pytest.raises(InvalidInput):
            replace(_account(), username="x" * 33)

    def test_refusals_do_not_quote(self):
        """A refusal names the field and never the value."""
        with pytest.raises(InvalidInput) as caught:
            Credential(
                id="c", created_at=NOW, updated_at=NOW, account_id="a", kind="k", secret="s3cr3t\0", changed_at=NOW
            )
        assert "s3cr3t" not in f"{caught.value!s}{caught.value!r}{dict(caught.value.evidence)}"

    @pytest.mark.parametrize("kind", ENTITIES)
    def test_entities_are_frozen(self, kind):
        """No field of any entity can be set."""
        entity = _any(kind)
        for field in fields(kind):
            with pytest.raises(FrozenInstanceError):
                setattr(entity, field.name, None)

    def test_new_entities_were_never_stored(self):
        """An entity begins at version 0, not deleted."""
        assert (_account().version, _account().deleted_at) == (0, None)

    def test_password_hashes_are_not_shown(self):
        """The repr of a credential, which a log may show by accident, holds no password hash."""
        held = Credential(
            id="c", created_at=NOW, updated_at=NOW, account_id="a", kind="k", secret="$hash$", changed_at=NOW
        )
        assert "$hash$" not in repr(held)

    def test_letters_show_neither_code_nor_address(self):
        """The repr of a letter holds neither its code nor its address."""
        letter = Letter(id="m", kind=MessageKind.CODE, destination="ada@example.org", created_at=NOW, code="123456")
        assert "123456" not in repr(letter)
        assert "ada" not in repr(letter)


def _any(kind: type[Entity]) -> Entity:
    """Return some entity of a kind."""
    plain = {str: "x", int: 1, bool: False, datetime: NOW}
    values = {}
    for name, annotation in field_types(kind).items():
        part = get_args(annotation)[0] if NoneType in get_args(annotation) else annotation
        part = get_args(part)[0] if get_origin(part) is Annotated else part
        is_enum = isinstance(part, type) and issubclass(part, StrEnum)
        values[name] = next(iter(part)) if is_enum else () if get_origin(part) is tuple else plain[part]
    return kind(**values)


class TestRecords:
    """Flat records of text and integers."""

    @pytest.mark.parametrize("kind", ENTITIES)
    @settings(max_examples=40)
    @given(data=st.data())
    def test_records_come_back_equal(self, kind, data):
        """Every entity that can be built comes back from its record equal, and of the same kind."""
        entity = data.draw(_entities(kind))
        again = from_record(kind, to_record(entity))
        assert again == entity
        assert type(again) is kind

    @pytest.mark.parametrize("kind", ENTITIES)
    @settings(max_examples=40)
    @given(data=st.data())
    def test_records_hold_plain_values(self, kind, data):
        """A record holds nothing but plain text, plain integers of 64 bits and None, as its columns say."""
        record = to_record(data.draw(_entities(kind)))
        plain = {ColumnType.TEXT: str, ColumnType.INTEGER: int}
        assert list(record) == [column.name for column in columns_of(kind)]
        for column in columns_of(kind):
            value = record[column.name]
            assert type(value) is plain[column.type] or (column.nullable and value is None)
            assert not isinstance(value, int) or -(2**63) <= value < 2**63

    @pytest.mark.parametrize("kind", ENTITIES)
    @settings(max_examples=60)
    @given(data=st.data())
    def test_nothing_comes_back_that_could_not_be_made(self, kind, data):
        """Whatever a record holds, what comes back is what its kind takes, with values of its types, or nothing."""
        record = to_record(data.draw(_entities(kind)))
        for name in data.draw(st.sets(st.sampled_from(sorted(record)), min_size=1, max_size=2)):
            record[name] = data.draw(_SPOILT)
        try:
            found = from_record(kind, record)
        except (OverflowError, TypeError, ValueError):
            return
        assert replace(found) == found
        for name, annotation in field_types(kind).items():
            assert _is_of(annotation, getattr(found, name)), name

    @pytest.mark.parametrize("kind", ENTITIES)
    def test_no_kind_has_rules_of_its_own(self, kind):
        """What is read passes no kind's own rules, so that no kind has any."""
        assert kind.__post_init__ is Entity.__post_init__

    def test_row_has_each_column(self):
        """A row with a value too many, or too few, is none."""
        row = [*to_record(_account()).values()]
        assert from_row(Account, row) == _account()
        for other in (row[:-1], [*row, None]):
            with pytest.raises(ValueError, match="unpack"):
                from_row(Account, other)

    @given(st.datetimes(timezones=st.just(UTC)))
    def test_microseconds_are_exact(self, time):
        """A time is an integer of microseconds since 1970, and not one is lost on the way."""
        record = to_record(_account(verified_at=time))
        assert record["verified_at"] == (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        assert from_record(Account, record).verified_at == time

    @pytest.mark.parametrize("time", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
    def test_all_of_time_fits(self, time):
        """The first and the last moment that Python knows come back exactly."""
        assert from_record(Account, to_record(_account(verified_at=time))).verified_at == time

    @pytest.mark.parametrize("value", [True, False])
    def test_truth_values_come_back_as_such(self, value):
        """A truth value is kept as 0 or 1, and comes back as a truth value."""
        record = to_record(_account(decoy=value))
        assert (record["decoy"], type(record["decoy"])) == (int(value), int)
        assert from_record(Account, record).decoy is value

    def test_enumerations_are_kept_by_value(self):
        """A member of an enumeration is kept as its value, and comes back as the member."""
        message = _any(Message)
        assert to_record(message)["kind"] == "code"
        assert from_record(Message, to_record(message)).kind is MessageKind.CODE

    def test_tuples_are_kept_as_json(self):
        """A tuple is a JSON array without spaces, its letters unescaped."""
        assert to_record(_role("a:b", 'ä,"c"'))["permissions"] == '["a:b","ä,\\"c\\""]'

    def test_entities_of_other_kinds_share_no_record(self):
        """Each kind has columns of its own, found anew for each."""
        assert to_record(_role())["permissions"] == "[]"
        assert "permissions" not in to_record(_account())


class TestColumns:
    """What a store needs to make a table."""

    @pytest.mark.parametrize("kind", ENTITIES)
    def test_every_field_has_a_column(self, kind):
        """A kind has one column for each field, in order of definition, the common ones first."""
        names = [column.name for column in columns_of(kind)]
        assert names == [field.name for field in fields(kind)]
        assert names[:5] == ["id", "version", "created_at", "updated_at", "deleted_at"]

    @pytest.mark.parametrize(
        ("kind", "column"),
        [
            (Account, Column("id", ColumnType.TEXT, nullable=False, max_length=300)),
            (Account, Column("username", ColumnType.TEXT, nullable=True, max_length=32)),
            (Account, Column("decoy", ColumnType.INTEGER, nullable=False, max_length=64)),
            (Account, Column("deleted_at", ColumnType.INTEGER, nullable=True, max_length=64)),
            (Identifier, Column("account_id", ColumnType.TEXT, nullable=True, max_length=300)),
            (Credential, Column("secret", ColumnType.TEXT, nullable=False, max_length=512)),
            (AuthenticationSession, Column("amr", ColumnType.TEXT, nullable=False, max_length=16_000)),
            (Grant, Column("role", ColumnType.TEXT, nullable=False, max_length=64)),
        ],
    )
    def test_columns_say_what_they_hold(self, kind, column):
        """A column tells its name, its type, whether it may be empty, and how long a text it holds."""
        assert column in columns_of(kind)

    @pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in ENTITIES for field in keys_of(kind)])
    def test_entities_are_found_by_text_columns(self, kind, field):
        """A field that entities of a kind are found by is one of its text columns."""
        assert {column.name: column.type for column in columns_of(kind)}[field] is ColumnType.TEXT

    def test_names_of_kinds_differ(self):
        """No two kinds share a name, so that each may have a table of that name."""
        assert len({kind.__name__ for kind in ENTITIES}) == len(ENTITIES)

    @pytest.mark.parametrize("permissions", [("printer:print",) * 2000, ('"' * 9000,)])
    def test_what_is_accepted_fits_its_column(self, permissions):
        """An entity whose record would be longer than its column is refused when it is built."""
        longest = {column.name: column.max_length for column in columns_of(Role)}["permissions"]
        try:
            record = to_record(_role(*permissions))
        except InvalidInput:
            return
        assert len(record["permissions"]) <= longest
