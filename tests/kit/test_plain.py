"""Captchas of the kit, which hide nothing.  What is shown when is tested in flows/."""

import pytest

from authcore.errors import RenderingFault
from authcore.rendering import Rendering
from authcore.testing import PlainRenderer


def test_code_is_there_to_read():
    """What would be hidden is written out, under the type of what would hide it."""
    assert PlainRenderer().picture("123") == Rendering("image/png", b"123")
    assert PlainRenderer().sound("123") == Rendering("audio/wav", b"123")


def test_fault_is_raised():
    """While a fault is set, nothing is rendered."""
    renderer = PlainRenderer()
    renderer.fault = RenderingFault("no font")
    for render in (renderer.picture, renderer.sound):
        with pytest.raises(RenderingFault, match="no font"):
            render("123")
    renderer.fault = None
    assert renderer.picture("1").content == b"1"


def test_content_stays_out_of_logs():
    """A rendering is represented without what it shows."""
    assert "123" not in repr(PlainRenderer().picture("123"))
