"""docs/http.md against the code: its tables list what there is, and nothing else."""

import re
from pathlib import Path

from authcore import errors
from authcore.web import ENDPOINTS
from authcore.web.problems import STATUSES

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text("utf-8")
CODES = {
    kind.code: next(STATUSES[parent] for parent in kind.__mro__ if parent in STATUSES).value
    for kind in map(errors.__dict__.get, errors.__all__)
    if issubclass(kind, errors.AuthError | errors.Fault) and kind not in {errors.AuthError, errors.Fault}
}


def test_every_endpoint_is_listed():
    """The table of endpoints names each with its method, path and fields, in order."""
    rows = re.findall(r"^\| `(\w+) (/[^`]*)` \| ([^|]*)\|", PAGE, re.MULTILINE)
    listed = [(method, path, set(re.findall(r"`([a-z_]+)`", fields))) for method, path, fields in rows]
    assert listed == [(row.method, row.path, {field.name for field in row.fields}) for row in ENDPOINTS]


def test_every_code_is_listed():
    """The table of refusals names every code at its status."""
    rows = re.findall(r"^\| (\d{3}) \| (.*) \|$", PAGE, re.MULTILINE)
    listed = {(code, int(status)) for status, codes in rows for code in re.findall(r"`([a-z_]+)`", codes)}
    evidence = {
        ("reason", 400),
        ("purpose", 403),
        ("attempts_left", 422),
        ("field", 422),
        ("reason", 422),
        ("retry_after", 429),
        ("max_age", 401),
    }
    assert listed - evidence == set(CODES.items())
