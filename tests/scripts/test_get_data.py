"""The download, from a server of our own."""

import functools
import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.training import download
from scripts.training.failure import Failure, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/{download.PACKAGE}"
        server.shutdown()


def package(folder: Path, name: str) -> str:
    """A package with a page of documentation and one data set; gives its sha256."""
    path = folder / download.PACKAGE
    with tarfile.open(path, "w:gz") as archive:
        for each, content in (("rattle/man/weatherAUS.Rd", b"page"), (name, b"data")):
            member = tarfile.TarInfo(each)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_package_is_fetched_verified_and_unpacked(folder: Path, url: str, tmp_path: Path) -> None:
    sha256 = package(folder, "rattle/data/weatherAUS.RData")
    nowhere = "http://127.0.0.1:9/gone"
    path = download.fetch([nowhere, url], sha256, tmp_path / "raw")
    assert path == tmp_path / "raw" / "weatherAUS.RData"
    assert path.read_bytes() == b"data"


def test_what_it_prints_can_be_typed(
    folder: Path,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sha256 = package(folder, "rattle/data/weatherAUS.RData")
    output = tmp_path / "of mine"
    command = ["get-data", "--url", url, "--sha256", sha256, "--output", str(output)]
    monkeypatch.setattr("sys.argv", command)
    run(download.main)
    path = output / "weatherAUS.RData"
    assert capsys.readouterr().out == f"{path}\nTrain with: scripts/train --data '{path}'\n"


def test_other_content_is_refused(folder: Path, url: str, tmp_path: Path) -> None:
    package(folder, "rattle/data/weatherAUS.RData")
    with pytest.raises(Failure, match="sha256 differs"):
        download.fetch([url], "0" * 64, tmp_path / "raw")


def test_package_without_the_data_set(folder: Path, url: str, tmp_path: Path) -> None:
    sha256 = package(folder, "rattle/data/wine.RData")
    with pytest.raises(Failure, match="does not hold weatherAUS"):
        download.fetch([url], sha256, tmp_path / "raw")


def test_unreachable_says_what_to_do_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["get-data", "--url", "http://127.0.0.1:9/x", "--output", str(tmp_path)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit, match="by hand"):
        run(download.main)


def test_folder_that_is_none(folder: Path, url: str) -> None:
    sha256 = package(folder, "rattle/data/weatherAUS.RData")
    with pytest.raises(Failure, match="cannot be written"):
        download.fetch([url], sha256, folder / download.PACKAGE)
