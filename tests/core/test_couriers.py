"""Choosing a courier by where a letter goes."""

from datetime import UTC, datetime

import pytest

from authcore import ByDestination, Letter, MessageKind
from authcore.errors import DeliveryFault
from authcore.testing import Mailbox, run_sync

NOTICE = MessageKind.PASSWORD_CHANGED


@pytest.mark.parametrize(("destination", "taken"), [("ada@example.org", (1, 0)), ("+4915112345678", (0, 1))])
def test_each_goes_its_way(destination, taken):
    """A letter to an address goes by mail, one to a telephone as text, and each once."""
    mail, text = Mailbox(), Mailbox()
    letter = Letter(id="m", kind=NOTICE, destination=destination, created_at=datetime(2030, 1, 1, tzinfo=UTC))
    run_sync(ByDestination(mail=mail, text=text).send(letter))
    assert (mail.letters, text.letters) == tuple([letter] * times for times in taken)


def test_faults_pass():
    """What the chosen courier raises is raised."""
    mail = Mailbox()
    mail.fault = DeliveryFault("down")
    letter = Letter(id="m", kind=NOTICE, destination="a@example.org", created_at=datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(DeliveryFault, match="down"):
        run_sync(ByDestination(mail=mail, text=Mailbox()).send(letter))
