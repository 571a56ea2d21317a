"""The picture as SVG, with its own ground, for light and dark pages."""

from collections.abc import Iterator
from html import escape

from tools.picture.layout import GAP, NAME, PADDING, SMALL, WIDTH, Chip, bottom, placed, routes, tops
from tools.picture.rooms import BOXES, Box

RULE = "An arrow leads from a box to one that it imports. What follows from others is not drawn. None points up."

KINDS = {
    "outside": ("around the core", "#b45309", "#f59e0b"),
    "flowing": ("awaits ports, and nothing else", "#1d4ed8", "#60a5fa"),
    "port": ("the ports", "#7e22ce", "#c084fc"),
    "pure": ("pure: no I/O, no clock, no randomness", "#15803d", "#4ade80"),
    "leaf": ("what the core has of the outside", "#57534e", "#a8a29e"),
}
"""What each kind of box is, and its colour on a light and on a dark ground."""


STYLE = """
:root { --paper:#ffffff; --ink:#1c1917; --faint:#57534e; --line:#78716c; --chip:#ffffff; LIGHT }
@media (prefers-color-scheme: dark) {
  :root { --paper:#0d1117; --ink:#f5f5f4; --faint:#b5b0ab; --line:#a8a29e; --chip:#161b22; DARK }
}
text { fill:var(--ink); font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace; }
.title { font:600 22px system-ui,"Segoe UI","DejaVu Sans",sans-serif; }
.head { font:600 13px system-ui,"Segoe UI","DejaVu Sans",sans-serif; }
.about { font:11px system-ui,"Segoe UI","DejaVu Sans",sans-serif; fill:var(--faint); }
.small { font-size:10px; fill:var(--faint); }
.chip { fill:var(--chip); }
.badge { fill:none; stroke:var(--line); stroke-dasharray:3 2; }
.arrow { fill:none; stroke:var(--line); stroke-width:1.6; stroke-linejoin:round; }
.tip { fill:var(--line); }
"""


def draw() -> str:
    """The picture."""
    return "\n".join([*_opening(tops()[-1] + 24), *_arrows(), *_boxes(), *_legend(tops()[-1] - 4), "</svg>\n"])


def _opening(height: float) -> Iterator[str]:
    size = f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="what">'
    yield '<title id="what">The architecture of authcore: its modules, and which of them import which</title>'
    yield f"<style>{_style()}</style>"
    tip = '<path class="tip" d="M0 0L8 4L0 8z"/>'
    place = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"'
    yield f'<defs><marker id="tip" {place}>{tip}</marker></defs>'
    yield f'<rect width="{WIDTH}" height="{height:g}" rx="12" style="fill:var(--paper)"/>'
    yield _text(40, 46, "The rooms of authcore, and who knows whom", "title")
    yield _text(40, 70, RULE, "about")


def _style() -> str:
    light = "".join(f"--{kind}:{colour};" for kind, (_, colour, _) in KINDS.items())
    dark = "".join(f"--{kind}:{colour};" for kind, (_, _, colour) in KINDS.items())
    kinds = "".join(f".{k} {{ stroke:var(--{k}); }} .{k}.box {{ fill:var(--{k}); fill-opacity:.12; }}\n" for k in KINDS)
    return f"{STYLE.replace('LIGHT', light).replace('DARK', dark)}{kinds}"


def _text(x: float, y: float, text: str, look: str) -> str:
    return f'<text class="{look}" x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _rect(x: float, y: float, width: float, height: float, look: str) -> str:
    return f'<rect class="{look}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>'


def _arrows() -> Iterator[str]:
    for route in routes():
        path = "L".join(f"{x:g} {y:g}" for x, y in route.points())
        yield f'<path class="arrow" d="M{path}" marker-end="url(#tip)"/>'


def _boxes() -> Iterator[str]:
    for box in BOXES:
        yield from _box(box)


def _box(box: Box) -> Iterator[str]:
    top = tops()[box.row]
    yield _rect(box.left, top, box.right - box.left, bottom(box) - top, f"{box.kind} box")
    yield _text(box.left + PADDING, top + 19, box.title, "head")
    yield _text(box.left + PADDING, top + 35, box.about, "about")
    for across, down, each in placed(box):
        yield from _chip(box.left + across, top + down, each, box.kind)


def _chip(x: float, y: float, chip: Chip, kind: str) -> Iterator[str]:
    yield _rect(x, y, chip.width, chip.height, f"{kind} chip")
    yield _text(x + GAP, y + 17, chip.name, "name")
    at = x + GAP + len(chip.name) * NAME + 6
    for badge in chip.badges:
        yield _rect(at, y + 5, len(badge) * SMALL + 10, 16, "badge")
        yield _text(at + 5, y + 16.5, badge, "small")
        at += len(badge) * SMALL + 16
    for number, line in enumerate(chip.lines):
        yield _text(x + GAP, y + 35 + 14 * number, line, "small")


def _legend(y: float) -> Iterator[str]:
    x = 40.0
    for kind, (meaning, _, _) in KINDS.items():
        yield _rect(x, y - 11, 14, 14, f"{kind} box")
        yield _text(x + 20, y, meaning, "about")
        x += 20 + len(meaning) * 5.9 + 22
    yield _rect(x, y - 11, 26, 14, "badge")
    yield _text(x + 32, y, "a library that is imported", "about")
