"""Write what docs/settings.md says of the code anew, between the marks: `python tools/write_settings_page.py`.

A test compares the page with what this would write.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from functools import cache, reduce
from itertools import pairwise
from pathlib import Path
from typing import get_args, get_type_hints

from authcore import captcha_settings, cookie_settings, hazards, throttle
from authcore.environment import variables
from authcore.policy import Policy

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
MARKS = "<!-- {} -->\n", "<!-- end of {} -->"

UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
TYPES = {str: "text", int: "number", bool: "`true` or `false`", timedelta: "duration"}


def sections() -> dict[str, str]:
    """The generated parts of the page, by name."""
    return {
        "settings": _table(("setting", "variable", "type", "default", "meaning"), _settings()),
        "refusals": _bullets(_refusals()),
        "warnings": _table(("setting", "danger", "remedy"), _warnings()),
    }


def filled(page: str) -> str:
    """The page with each generated part put between its marks."""
    for name, text in sections().items():
        begin, end = (mark.format(name) for mark in MARKS)
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


def _settings() -> Iterator[tuple[str, ...]]:
    by_path = {path: variable for variable, path in variables(Policy()).items()}
    for path, variable in by_path.items():
        *within, name = path.split(".")
        owner = reduce(getattr, within, Policy())
        kind = get_type_hints(type(owner))[name]
        yield f"`{path}`", f"`{variable}`", _type(kind), _default(getattr(owner, name)), _meaning(path)


def _meaning(path: str) -> str:
    """What is said of a setting, after what is said of the setting that it is a part of; cookies need no such word."""
    *within, name = path.split(".")
    own = _meanings(type(reduce(getattr, within, Policy())))[name]
    return f"{_meaning('.'.join(within))} {own}" if len(within) > 1 else own


@cache
def _meanings(kind: type) -> dict[str, str]:
    """The sentences below each field of a class."""
    (defined,) = ast.parse(inspect.getsource(kind)).body
    return {
        field.target.id: " ".join(sentence.value.value.split())
        for field, sentence in pairwise(defined.body)
        if isinstance(field, ast.AnnAssign) and isinstance(sentence, ast.Expr)
    }


def _type(kind: object) -> str:
    parts = [part for part in get_args(kind) if part not in {type(None), Ellipsis}]
    if parts:
        few = "" if type(None) in get_args(kind) else "several of " if _is_enum(parts[0]) else "several, each "
        return f"{few}{_type(parts[0])}"
    if _is_enum(kind):
        return ", ".join(f"`{member.value}`" for member in kind)
    return TYPES[kind]


def _is_enum(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _default(value: object) -> str:
    if isinstance(value, timedelta):
        unit = next((unit for unit, length in UNITS.items() if value and not value % length), "s")
        return f"`{value // UNITS[unit]}{unit}`"
    if isinstance(value, frozenset | tuple):
        return ", ".join(sorted(f"`{item}`" for item in value)) or "none"
    return "none" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _refusals() -> Iterator[str]:
    names = "|".join(sorted((field.name for field in fields(Policy)), key=len, reverse=True))
    for sentence in Policy()._problems():  # noqa: SLF001  the sentences are the rules
        yield re.sub(rf"\b({names})\b", r"`\1`", sentence)
    for module in (cookie_settings, captcha_settings, throttle):
        yield from (sentence for _, sentence in module._RULES)  # noqa: SLF001  as above


def _warnings() -> Iterator[tuple[str, ...]]:
    for _, danger, remedy in hazards._OF_COOKIES:  # noqa: SLF001  as above
        yield "each cookie", danger, remedy
    for _, hazard in hazards._OF_POLICIES:  # noqa: SLF001  as above
        yield f"`{hazard.setting}`", hazard.danger, hazard.remedy


def _table(titles: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def _bullets(sentences: Iterator[str]) -> str:
    return "".join(f"- {sentence}\n" for sentence in sentences)


if __name__ == "__main__":
    written = filled(PAGE.read_text("utf-8"))
    sys.stdout.write(f"{PAGE.name}: {'unchanged' if written == PAGE.read_text('utf-8') else 'written'}\n")
    PAGE.write_text(written, "utf-8")
