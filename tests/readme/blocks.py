"""The code blocks of README and docs."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+\.py)\n")


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return [code for found, code in _FENCE.findall(page.read_text("utf-8")) if found == language]


def files(page: Path) -> dict[str, str]:
    """The Python blocks of a page that say in their first line which file they are."""
    return {named[1]: code for code in blocks(page, "python") if (named := _FILE.match(code))}
