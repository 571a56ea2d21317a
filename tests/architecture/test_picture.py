"""The picture of the architecture: it shows the code of today, and can be read."""

from tests.architecture.source import modules
from tools.picture.__main__ import TARGET
from tools.picture.drawing import draw
from tools.picture.layout import placed
from tools.picture.rooms import BOXES, imports, room_of


def test_picture_is_of_today():
    """docs/architecture.svg is what the imports of src give."""
    assert TARGET.read_text("utf-8") == draw(), "draw it anew with: python -m tools.picture"


def test_every_room_has_one_place():
    """Every room of src stands in one box of the picture, and every room in a box is there."""
    drawn = [room for box in BOXES for room in box.rooms]
    assert sorted(drawn) == sorted({room_of(module.name) for module in modules()})


def test_arrows_point_down():
    """No box imports one that stands beside or above it."""
    assert not [f"{source.title} -> {target.title}" for source, target in imports() if source.row >= target.row]


def test_names_stay_in_their_boxes():
    """No module's name sticks out of the box that it stands in."""
    wide = [(box, across + chip.width, chip.name) for box in BOXES for across, _, chip in placed(box)]
    assert not [name for box, edge, name in wide if edge > box.right - box.left]
