"""URLs of SQL stores."""

from importlib.metadata import entry_points

import pytest

from authcore.entities import Role
from authcore.errors import ConfigurationError
from authcore.opening import STORES, open_store
from authcore.ports import by_id
from authcore.testing import FakeClock

NOW = FakeClock().now()


@pytest.mark.anyio
async def test_sqlite_file_is_opened(tmp_path):
    """What one store has kept, another one finds that was opened by the same URL."""
    url = f"sqlite:///{tmp_path / 'accounts.db'}"
    role = Role(id="editor", created_at=NOW, updated_at=NOW, permissions=())
    first = open_store(url)
    await first.commit([role])
    await first.aclose()
    second = open_store(url)
    assert await second.get(by_id(Role, "editor")) is not None
    await second.aclose()
    await second.aclose()


@pytest.mark.parametrize("url", ["sqlite:", "sqlite:///", "sqlite://host/path", "sqlite:///x?mode=ro"])
def test_malformed_urls_are_refused(url):
    """What names no file is refused, with how such a URL is written."""
    with pytest.raises(ConfigurationError, match="sqlite:///"):
        open_store(url)


def test_every_scheme_can_be_loaded():
    """Each entry point of ours stands for something that is there."""
    names = {entry.name: entry for entry in entry_points(group=STORES)}
    assert "sqlite" in names
    assert all(callable(entry.load()) for entry in names.values())
