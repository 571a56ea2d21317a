"""What of a person each stored field holds: every one of them is decided about."""

from dataclasses import fields
from datetime import timedelta
from enum import Enum
from typing import get_args

import pytest
from hypothesis import given, strategies as st

from authcore import audit, erasure
from authcore.entities import ENTITIES, Account, AuditEvent, Identifier, Message, MessageState
from authcore.entities.base import field_types
from authcore.exports import rows_of
from authcore.personal_fields import NOT_OF_A_PERSON, TREATMENTS
from authcore.testing.strategies import entities
from tests.core.ada import NOW

each_kind = pytest.mark.parametrize("kind", TREATMENTS, ids=lambda kind: kind.__name__)

BLANKED = [kind for kind, treatment in TREATMENTS.items() if treatment.blanks]


def texts_of(kind):
    """The fields of a kind that may hold any text at all."""
    return {name for name, annotation in field_types(kind).items() if _is_text(annotation)}


def _is_text(annotation):
    if isinstance(annotation, type):
        return issubclass(annotation, str) and not issubclass(annotation, Enum)
    return any(_is_text(part) for part in get_args(annotation) if not isinstance(part, int))


def test_every_kind_is_decided_about():
    """Each kind that is stored tells of a person, or it is said why it does not: a new one makes this test fail."""
    assert TREATMENTS.keys() | NOT_OF_A_PERSON.keys() == set(ENTITIES)
    assert not TREATMENTS.keys() & NOT_OF_A_PERSON.keys()
    assert all(NOT_OF_A_PERSON.values())


@each_kind
def test_every_field_is_exported_or_it_is_said_why_not(kind):
    """Each field is told, told as a digest, or withheld for a reason: a new one makes this test fail."""
    treatment = TREATMENTS[kind]
    decided = [*treatment.shown, *treatment.digested, *treatment.withheld]
    assert sorted(decided) == sorted(field.name for field in fields(kind))
    assert all(treatment.withheld.values())


@each_kind
def test_every_text_is_blanked_or_it_is_said_why_not(kind):
    """Erasure removes the row, or each text in it is blanked, or kept for a reason: a new one makes this test fail."""
    treatment = TREATMENTS[kind]
    assert all(treatment.kept.values())
    if treatment.removed:
        assert not treatment.blanks
    else:
        assert sorted([*treatment.blanks, *treatment.kept]) == sorted(texts_of(kind))


def test_every_section_has_one_kind():
    """No two kinds share a section of an export."""
    sections = [treatment.section for treatment in TREATMENTS.values()]
    assert len(sections) == len(set(sections))


def test_what_is_blanked_is_swept_or_entombed():
    """Erasure comes by every kind in which something is to be blanked."""
    assert {*erasure.SWEPT, Account} == set(BLANKED)
    assert [kind for kind, treatment in TREATMENTS.items() if treatment.removed] == [Identifier]


@pytest.mark.parametrize("kind", BLANKED, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_blank_is_blank(kind, data):
    """What is to be blanked is gone from any entity, what is not stays as it was, and a second time changes nothing."""
    entity = data.draw(entities(kind))
    blank = erasure.blanked(entity, now=NOW)
    blanks = TREATMENTS[kind].blanks
    assert {name: getattr(blank, name) for name in blanks} == blanks
    changed = {field.name for field in fields(kind) if getattr(blank, field.name) != getattr(entity, field.name)}
    assert changed <= {*blanks, "updated_at"} | ({"state", "leased_until"} if kind is Message else set())
    assert erasure.blanked(blank, now=NOW + timedelta(days=1)) == blank


@given(message=entities(Message))
def test_what_waits_is_discarded(message):
    """A message that is blanked waits for nobody, and one that has come to its end keeps how it ended."""
    blank = erasure.blanked(message, now=NOW)
    assert blank.queue is None
    assert blank.state is (MessageState.DISCARDED if message.queue is not None else message.state)


@given(event=entities(AuditEvent))
def test_the_trail_forgets_as_it_knows_how(event):
    """A blank event still is what was committed to."""
    assert audit.is_true_or_blank(erasure.blanked(event, now=NOW))


@each_kind
@given(data=st.data())
def test_rows_are_plain_and_tell_no_secret(kind, data):
    """A row of an export has what JSON can say, and of what is withheld or digested nothing as it was."""
    entity, treatment = data.draw(entities(kind)), TREATMENTS[kind]
    (row,) = rows_of([entity])
    assert row.keys() == {*treatment.shown, *treatment.digested}
    assert all(isinstance(value, str | int | list | None) and not isinstance(value, Enum) for value in row.values())
    for name in treatment.digested:
        value = getattr(entity, name)
        assert row[name] == (None if value is None else audit.session_digest(value))
