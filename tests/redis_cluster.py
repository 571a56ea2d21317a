"""A Cluster of three nodes in one process group: `python redis_cluster.py FOLDER PORT`, until it is terminated.

The first node has the port that was given.
"""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

SLOTS = ((0, 5460), (5461, 10922), (10923, 16383))
START = 30.0


def main(folder: Path, port: int) -> None:
    """Start the nodes, have them meet, and end them when this process is to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    ports = [(port, _free()), *((_free(), _free()) for _ in SLOTS[1:])]
    nodes = [_start(folder, *pair) for pair in ports]
    try:
        for (node, bus), (first, last) in zip(ports, SLOTS, strict=True):
            _insist(node, f"CLUSTER ADDSLOTSRANGE {first} {last}")
            _insist(port, f"CLUSTER MEET 127.0.0.1 {node} {bus}")
        nodes[0].wait()
    finally:
        for process in nodes:
            process.kill()
            process.wait()


def say(port: int, line: str) -> str:
    """Return the beginning of what a node answers; nothing if it does not."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(f"{line}\r\n".encode())
        return connection.recv(4096).decode()
    return ""


def is_formed(port: int) -> bool:
    """Whether a node, and every node that it knows, says that the Cluster is whole."""
    ports = [int(found) for found in re.findall(r" \S+:(\d+)@", say(port, "CLUSTER NODES"))]
    return bool(ports) and all("cluster_state:ok" in say(each, "CLUSTER INFO") for each in ports)


def _start(folder: Path, port: int, bus: int) -> "subprocess.Popen[bytes]":
    place = ["--port", str(port), "--cluster-port", str(bus), "--bind", "127.0.0.1", "--dir", str(folder)]
    clustered = ["--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf"]
    return subprocess.Popen([str(shutil.which("redis-server")), *place, *clustered, "--save", "", "--appendonly", "no"])


def _insist(port: int, line: str) -> None:
    give_up_at = time.monotonic() + START
    while not say(port, line).startswith("+OK"):
        if time.monotonic() > give_up_at:
            raise TimeoutError(line)
        time.sleep(0.05)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
