"""How the demo names devices: what a person reads in the list of sessions."""

import pytest

from examples.demo.devices import device_named

NAMES = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36": (
        "Chrome on Windows"
    ),
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Safari/537.36 Edg/138.0": (
        "Edge on Windows"
    ),
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Mobile Safari/537.36": (
        "Chrome on Android"
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1": (
        "Safari on an iPhone"
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18 Safari/605": (
        "Safari on a Mac"
    ),
    "curl/8.14.1": "curl",
    "": "A program without a name",
}
"""What programs say of themselves, and what people call them."""


@pytest.mark.parametrize("user_agent", NAMES)
def test_device_has_a_name_for_people(user_agent):
    """A browser is called by its name and its system, any other program as it calls itself."""
    assert device_named(user_agent) == NAMES[user_agent]
