"""Laws of naming the network client that a request came from."""

import pytest
from hypothesis import given, strategies as st

from authcore.web.clients import network_of


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:0201", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1%1", "192.0.2.1"),
        ("::", "::"),
    ],
)
def test_one_client_has_one_name(address, name):
    """Every spelling of an address has the same canonical name."""
    assert network_of(address) == name


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "unix:",
        "/run/app.sock",
        "localhost",
        "192.0.2.256",
        "192.0.2.01",
        "192.0.2.1:80",
        "[::1]",
        "1",
        " 192.0.2.1",
        "%",
    ],
)
def test_what_is_no_address_is_unknown(address):
    """A missing or unreadable address has the fixed name "unknown"."""
    assert network_of(address) == "unknown"


@pytest.mark.parametrize("address", [1, b"192.0.2.1", ("192.0.2.1", 80), object()])
def test_other_types_are_unknown(address):
    """A transport that reports something else than text is not trusted to mean an address."""
    assert network_of(address) == "unknown"


@given(st.ip_addresses())
def test_canonical_names_are_stable(address):
    """A canonical name is its own canonical name."""
    assert network_of(network_of(str(address))) == network_of(str(address)) != "unknown"


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_the_address(address):
    """An IPv4 client is the same client over an IPv6 socket."""
    assert network_of(f"::ffff:{address}") == str(address)


@given(st.text() | st.text(alphabet="0123456789abcdef:.%[]"))
def test_no_text_is_fatal(text):
    """No text raises, and what is returned is short printable ASCII."""
    name = network_of(text)
    assert name.isascii()
    assert name.isprintable()
    assert len(name) <= 39
