"""Laws of naming the network client that a request came from."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, strategies as st

from authcore.web.clients import client_of, network_of


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


PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48")]


def walked(*values, transport="10.0.0.1", trusted=PROXIES):
    """The client that is named, when the header was sent with these values."""
    headers = [(b"X-Forwarded-For", value.encode("latin-1")) for value in values]
    return client_of(transport, headers, trusted=trusted)


@pytest.mark.parametrize(
    ("values", "client"),
    [
        ((), "10.0.0.1"),
        (("203.0.113.9",), "203.0.113.9"),
        (("203.0.113.9, 10.0.0.2",), "203.0.113.9"),
        (("203.0.113.9", "10.0.0.2"), "203.0.113.9"),
        (("198.51.100.1, 203.0.113.9",), "203.0.113.9"),
        (("198.51.100.1, 203.0.113.9, 10.0.0.3 ,\t10.9.9.9",), "203.0.113.9"),
        (("10.0.0.7, 10.0.0.2",), "10.0.0.7"),
        (("203.0.113.9:4711",), "203.0.113.9"),
        (("[2001:db8::9]:4711",), "2001:db8::9"),
        (("[2001:db8::9]",), "2001:db8::9"),
        (("::ffff:203.0.113.9, 2001:db8:1::7",), "203.0.113.9"),
        (("::ffff:10.0.0.9",), "10.0.0.9"),
    ],
)
def test_walk_ends_at_the_first_stranger(values, client):
    """From its end the header is believed for as long as our own proxies speak; the rest may be invented."""
    assert walked(*values) == client


@pytest.mark.parametrize(
    "said",
    [
        *("", "unknown", "_hidden", "203.0.113.9.9", "203.0.113.9 10.0.0.2", "[::1", ":80", "a:1", "[]", "[]:80"),
        *(f"{other}{address}" for other in ("\xa0", "\x0b", "X") for address in ("203.0.113.9", "203.0.113.9:80")),
    ],
)
def test_walk_ends_at_what_is_no_address(said):
    """Whoever says what is no address is taken for the client, and so is a proxy that says nothing."""
    assert walked(said) == "10.0.0.1"
    assert walked(f"{said}, 10.0.0.2") == "10.0.0.2"


@pytest.mark.parametrize("transport", ["192.0.2.1", "unknown", None, "/run/app.sock"])
def test_strangers_are_not_believed(transport):
    """Without a trusted proxy at the other end the header counts for nothing."""
    assert walked("203.0.113.9", transport=transport) == network_of(transport)


def test_nobody_is_trusted_by_default():
    """Where no proxy is named, none is believed."""
    assert walked("203.0.113.9", trusted=()) == "10.0.0.1"


def test_endless_walk_ends():
    """A header of thousands of our own proxies costs no more than a few."""
    assert walked("203.0.113.9, " + "10.0.0.2, " * 5000 + "10.0.0.3") == "10.0.0.2"


@given(
    st.lists(st.text(max_size=30).filter(str.isascii)), st.none() | st.ip_addresses().map(str) | st.text(max_size=10)
)
def test_whatever_is_said_names_a_client(values, transport):
    """However it is spelt, the client is one canonical address or unknown, and nothing is raised."""
    client = walked(*values, transport=transport)
    assert client == "unknown" or str(ip_address(client)) == client
