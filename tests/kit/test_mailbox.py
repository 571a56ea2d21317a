"""The mailbox of the kit.  How messages come there is tested in flows/."""

from datetime import UTC, datetime

import pytest

from authcore.entities import Letter, MessageKind
from authcore.errors import DeliveryFault
from authcore.testing import Mailbox, run_sync


def letter(to, code=None):
    """A letter with a code, or a notice."""
    kind = MessageKind.PASSWORD_CHANGED if code is None else MessageKind.CODE
    caused = datetime(2030, 1, 1, tzinfo=UTC)
    return Letter(id=f"{to}/{code}", kind=kind, destination=to, created_at=caused, code=code)


def test_letters_are_kept_in_order():
    """Every letter is kept, oldest first."""
    box, letters = Mailbox(), [letter("a", "1"), letter("b"), letter("a", "2")]
    for each in letters:
        run_sync(box.send(each))
    assert box.letters == letters


def test_last_code_is_the_newest():
    """The newest code is found, of anybody or of one address, and notices are passed over."""
    box = Mailbox()
    for each in (letter("a", "1"), letter("b", "2"), letter("a")):
        run_sync(box.send(each))
    assert box.last_code() == "2"
    assert box.last_code("a") == "1"


@pytest.mark.parametrize("destination", [None, "a"])
def test_no_code_is_an_error(destination):
    """Asking for a code that was never sent is a mistake of the test, and says whose code it was."""
    with pytest.raises(LookupError, match="no code was sent to a"):
        Mailbox().last_code(destination)


def test_fault_is_raised_while_it_is_set():
    """While a fault is set, nothing is kept; afterwards everything is again."""
    box = Mailbox()
    box.fault = DeliveryFault()
    with pytest.raises(DeliveryFault):
        run_sync(box.send(letter("a", "1")))
    box.fault = None
    run_sync(box.send(letter("a", "2")))
    assert [each.code for each in box.letters] == ["2"]
