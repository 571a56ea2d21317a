"""An authority whose certificates are good for this machine, and servers with and without them."""

import pytest
import trustme

from tests.smtp.servers import serving


@pytest.fixture(scope="session")
def authority():
    """An authority of certificates that nobody trusts but who is told to."""
    return trustme.CA()


@pytest.fixture(scope="session")
def certificates(authority, tmp_path_factory):
    """The file that tells a courier to trust it."""
    path = tmp_path_factory.mktemp("certificates") / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
async def server():
    """A server without TLS: its inbox, and its port."""
    async with serving() as (inbox, port):
        yield inbox, port
