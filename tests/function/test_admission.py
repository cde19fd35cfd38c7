import os
from pathlib import Path

import pytest

from function import admission


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of eight CPUs."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [("50000 100000", 0.5), ("150000 100000", 1.5), ("max 100000", 8), ("1600000 100000", 8)],
)
def test_quota_of_cgroup_v2(tmp_path: Path, content: str, expected: float) -> None:
    (tmp_path / "cpu.max").write_text(content + "\n")
    assert admission.cpus(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("50000", 0.5), ("-1", 8), ("200000", 2)])
def test_quota_of_cgroup_v1(tmp_path: Path, quota: str, expected: float) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert admission.cpus(tmp_path) == expected


@pytest.mark.parametrize("content", [None, "", "nonsense", "a b"])
def test_no_quota_leaves_the_affinity(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "cpu.max").write_text(content)
    assert admission.cpus(tmp_path) == 8
