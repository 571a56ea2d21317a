"""A sheet to draw on: its colours, lines, dots and texts, and logarithmic scales.  What they mean is not known here."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

__all__ = ["INKS", "Scale", "circle", "line", "path", "rect", "sheet", "text"]

INKS: Final = {
    "good": ("#15803d", "#4ade80"),
    "bad": ("#b45309", "#fbbf24"),
    "memory": ("#57534e", "#d6d3d1"),
    "sqlite": ("#1d4ed8", "#60a5fa"),
    "postgresql": ("#15803d", "#4ade80"),
    "mariadb": ("#7e22ce", "#c084fc"),
    "redis": ("#be123c", "#fb7185"),
}
"""The colours that stand for something, on a light and on a dark ground."""

_STYLE: Final = """
:root { --paper:#ffffff; --ink:#1c1917; --faint:#57534e; --rule:#d6d3d1; --band:#f5f5f4; LIGHT }
@media (prefers-color-scheme: dark) {
  :root { --paper:#0d1117; --ink:#f5f5f4; --faint:#b5b0ab; --rule:#3f3f46; --band:#161b22; DARK }
}
text { fill:var(--ink); font:13px system-ui,"Segoe UI","DejaVu Sans",sans-serif; }
.title { font-size:20px; font-weight:600; }
.head { font-weight:600; }
.faint { fill:var(--faint); font-size:12px; }
.figure { font-variant-numeric:tabular-nums; font-size:12px; }
.right { text-anchor:end; }
.middle { text-anchor:middle; }
.paper { fill:var(--paper); }
.band { fill:var(--band); }
.rule { stroke:var(--rule); stroke-width:1; fill:none; }
.limit { stroke:var(--ink); stroke-width:1.5; }
.dashed { stroke-dasharray:4 4; }
.drawn { stroke-width:2; fill:none; stroke-linejoin:round; }
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a figure stands between two places; each doubling takes the same room, and what is outside stops there."""

    lowest: float
    highest: float
    begin: float
    end: float

    def __call__(self, figure: float) -> float:
        """Return the place of a figure."""
        within = min(max(figure, self.lowest), self.highest)
        share = math.log(within / self.lowest) / math.log(self.highest / self.lowest)
        return self.begin + share * (self.end - self.begin)


def sheet(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """Return a picture on its own ground."""
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    begin = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="what">'
    named = f'<title id="what">{escape(title)}</title>'
    ground = f'<rect class="paper" width="{width:g}" height="{height:g}" rx="12"/>'
    return "\n".join([begin, named, f"<style>{_style()}</style>", ground, *parts, "</svg>\n"])


def text(x: float, y: float, said: str, look: str = "") -> str:
    """Say something."""
    return f'<text class="{look}" x="{x:.1f}" y="{y:.1f}">{escape(said)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, look: str) -> str:
    """Draw a straight line."""
    return f'<line class="{look}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(points: Sequence[tuple[float, float]], look: str) -> str:
    """Draw a line from point to point."""
    return f'<path class="{look}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'


def circle(x: float, y: float, radius: float, look: str) -> str:
    """Draw a dot."""
    return f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def rect(x: float, y: float, width: float, height: float, look: str) -> str:
    """Fill a rectangle."""
    return f'<rect class="{look}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _style() -> str:
    return "".join(_inks())


def _inks() -> Iterator[str]:
    light = "".join(f"--{name}:{colour};" for name, (colour, _) in INKS.items())
    dark = "".join(f"--{name}:{colour};" for name, (_, colour) in INKS.items())
    yield _STYLE.replace("LIGHT", light).replace("DARK", dark)
    for name in INKS:
        yield f".{name} {{ stroke:var(--{name}); }} circle.{name} {{ fill:var(--{name}); }}\n"
