"""Getting a port to listen on.  What is served there, and by which server, is not known here."""

import socket

__all__ = ["PortInUse", "listen"]


class PortInUse(Exception):
    """Nothing can listen there; the message says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, so that whoever is refused the port learns it before anything is touched."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise PortInUse(
            f"port {port} of {host} cannot be used ({error.strerror}); choose another one with --port"
        ) from error
