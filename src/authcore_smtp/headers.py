"""What may stand in the header of a mail, and in no other way: every address and every text passes here."""

from authcore.errors import DeliveryFault, InvalidIdentifier
from authcore.identifiers import canonical_email

__all__ = ["is_plain", "recipient_of"]


def is_plain(text: str) -> bool:
    """Tell whether a text may stand in a header: one line, no control characters, and nothing that looks encoded.

    An encoded word (RFC 2047) may hold a line's end, and so more headers: some libraries decode what we never encoded.
    """
    return text != "" and text.isprintable() and "=?" not in text


def recipient_of(destination: str) -> str:
    """Return the mailbox that a letter goes to: the local part as it is, and the domain in A-labels.

    Raises DeliveryFault for whatever is no address here (any more), such as a telephone's number.
    """
    if "@" not in destination:
        raise DeliveryFault("no mail address: give letters to telephones to a courier of their own (ByDestination)")
    try:
        return canonical_email(destination).display
    except InvalidIdentifier as refused:
        raise DeliveryFault(f"no mail address: {refused.reason}") from None
