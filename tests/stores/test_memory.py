"""The store in memory keeps every law of the contract."""

import pytest

from authcore.memory import MemoryStore
from authcore.testing.store_contract import HousekeepingContract


class TestMemoryStore(HousekeepingContract):
    """MemoryStore, which lives as long as a test."""

    @pytest.fixture
    async def store(self):
        """Return an empty store."""
        return MemoryStore()
