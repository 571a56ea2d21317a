"""What a process may use of its machine: affinity, control groups of both versions, and what is installed."""

import os
import sys

import pytest

from authcore.offload import machine
from authcore.offload.machine import usable_cores, usable_memory

GIB = 2**30
VERSION_2 = "0::/system.slice/shop.service\n"
VERSION_1 = "12:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n1:name=systemd:/docker/1f\n0::/elsewhere\n"


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch):
    """A machine of 16 cores and 32 GiB, whatever this one is."""
    monkeypatch.setattr(machine, "_bound_to", lambda: 16)
    monkeypatch.setattr(machine, "_installed", lambda: 32 * GIB)


@pytest.fixture
def files(tmp_path):
    """Lay out what the kernel shows, below a folder that stands for the root."""

    def files(groups, **texts):
        for path, text in {"proc/self/cgroup": groups, **texts}.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return files


def test_without_control_groups_the_machine_counts(tmp_path):
    """Where there is no control group, all cores and all memory may be used."""
    assert (usable_cores(tmp_path), usable_memory(tmp_path)) == (16, 32 * GIB)


@pytest.mark.parametrize(
    ("groups", "file", "memory"),
    [
        (VERSION_2, "sys/fs/cgroup/system.slice/shop.service/memory.max", GIB),
        (VERSION_2, "sys/fs/cgroup/system.slice/memory.max", GIB),
        (VERSION_2, "sys/fs/cgroup/memory.max", GIB),
        (VERSION_1, "sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes", GIB),
        (VERSION_1, "sys/fs/cgroup/memory/memory.limit_in_bytes", GIB),
        ("0::/../outside\n", "sys/fs/cgroup/outside/memory.max", GIB),
        (VERSION_2, "sys/fs/cgroup/other.slice/memory.max", 32 * GIB),
        (VERSION_1, "sys/fs/cgroup/cpu/docker/1f/memory.limit_in_bytes", 32 * GIB),
    ],
)
def test_limit_of_memory_is_found(files, groups, file, memory):
    """A limit counts in the process's own group and in every one above it, in both versions, and nowhere else."""
    assert usable_memory(files(groups, **{file: f"{GIB}\n"})) == memory


@pytest.mark.parametrize("text", ["max", "", "-1", "9223372036854771712", "lots", b"\xff", "٣"])
def test_no_limit_is_no_limit(files, text):
    """What says that there is no limit, and what cannot be read, leaves the machine's own."""
    assert usable_memory(files(VERSION_2, **{"sys/fs/cgroup/memory.max": text})) == 32 * GIB


def test_least_limit_counts(files):
    """Of several limits the least one counts."""
    inner, outer = "sys/fs/cgroup/system.slice/shop.service/memory.max", "sys/fs/cgroup/system.slice/memory.max"
    assert usable_memory(files(VERSION_2, **{inner: f"{2 * GIB}", outer: f"{GIB}"})) == GIB


@pytest.mark.parametrize(
    ("groups", "texts", "cores"),
    [
        (VERSION_2, {"sys/fs/cgroup/system.slice/shop.service/cpu.max": "350000 100000\n"}, 3),
        (VERSION_2, {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        (VERSION_2, {"sys/fs/cgroup/cpu.max": "max 100000\n"}, 16),
        (VERSION_2, {"sys/fs/cgroup/cpu.max": "6400000 100000\n"}, 16),
        (VERSION_2, {"sys/fs/cgroup/cpu.max": "100000 0\n"}, 16),
        (VERSION_2, {"sys/fs/cgroup/cpu.max": "100000\n"}, 16),
        (
            VERSION_1,
            {
                "sys/fs/cgroup/cpu/docker/1f/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu/docker/1f/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        (
            VERSION_1,
            {
                "sys/fs/cgroup/cpu/docker/1f/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/docker/1f/cpu.cfs_period_us": "100000\n",
            },
            16,
        ),
    ],
)
def test_quota_of_cores_is_found(files, groups, texts, cores):
    """A quota counts in whole cores, at least one, and none makes more cores than there are."""
    assert usable_cores(files(groups, **texts)) == cores


@pytest.mark.parametrize("groups", ["", "\n", "no colons", "0", "0:", "0::", "::::", b"\xff\xfe", "0:memory"])
def test_odd_lines_are_passed_over(files, groups):
    """Whatever the kernel says of groups, the answer is a number."""
    root = files(groups)
    assert (usable_cores(root), usable_memory(root)) == (16, 32 * GIB)


class TestThisMachine:
    """Without what the other tests put in the machine's place."""

    def test_it_has_cores_and_memory(self, monkeypatch):
        """This machine has some of both."""
        monkeypatch.undo()
        assert 1 <= usable_cores() <= (os.cpu_count() or 1)
        assert (usable_memory() or GIB) > 2**20

    @pytest.mark.skipif(sys.version_info >= (3, 13), reason="Python itself tells from 3.13 on")
    def test_affinity_counts(self, monkeypatch, tmp_path):
        """Where a process is bound to some cores, those count; where nobody can tell, all that there are."""
        monkeypatch.undo()
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 5, 7}, raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 9)
        assert usable_cores(tmp_path) == 3
        monkeypatch.delattr(os, "sched_getaffinity")
        assert usable_cores(tmp_path) == 9
        monkeypatch.setattr(os, "cpu_count", lambda: None)
        assert usable_cores(tmp_path) == 1

    def test_unknown_memory_is_unknown(self, monkeypatch, tmp_path):
        """Where the system does not tell, nothing is made up."""
        monkeypatch.undo()
        monkeypatch.delattr(os, "sysconf", raising=False)
        assert usable_memory(tmp_path) is None
