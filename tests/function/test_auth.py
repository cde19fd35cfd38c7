import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from function.auth import Credentials, ScryptHash
from function.problems import DeploymentError, Unauthorized


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def test_hash_survives_its_text() -> None:
    scrypt = ScryptHash.of("päss:word")
    again = ScryptHash.parse(str(scrypt))
    assert again == scrypt
    assert again.derive("päss:word".encode()) == scrypt.digest
    assert again.derive(b"other") != scrypt.digest
    assert ScryptHash.of("päss:word") != scrypt


@pytest.mark.parametrize(
    "text",
    [
        *("", "$", "x$scrypt$ln=14,r=8,p=1$YQ$YQ", "$bcrypt$ln=14,r=8,p=1$YQ$YQ"),
        *("$scrypt$ln=14,r=8$YQ$YQ", "$scrypt$ln=x,r=8,p=1$YQ$YQ", "$scrypt$ln=14,r=8,p=1$!$!"),
        *("$scrypt$ln=0,r=8,p=1$YQ$YQ", "$scrypt$ln=14,r=80,p=9$YQ$YQ"),
        "$scrypt$ln=14,r=8,p=1$YQ$YQ",
    ],
)
def test_text_that_is_no_hash(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ScryptHash.parse(text)


def test_users_and_strangers() -> None:
    credentials = Credentials({"eve": ScryptHash.of("a:b")})
    assert credentials.authenticate(basic("eve:a:b")) == "eve"
    for pair in ("eve:a", "eve:", "adam:a:b", "", ":", "eve"):
        with pytest.raises(Unauthorized):
            credentials.authenticate(basic(pair))
    with pytest.raises(Unauthorized):
        credentials.authenticate("")
    with pytest.raises(Unauthorized):
        credentials.authenticate("Bearer x", basic("eve:a:b"))
    assert credentials.authenticate("", basic("eve:a:b")) == "eve"
    with pytest.raises(Unauthorized):
        credentials.authenticate("", "two words here")


def test_only_what_was_right_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = Credentials({"eve": ScryptHash.of("apple")})
    work: list[bytes] = []
    derive = ScryptHash.derive

    def counted(self: ScryptHash, password: bytes) -> bytes:
        work.append(password)
        return derive(self, password)

    monkeypatch.setattr(ScryptHash, "derive", counted)
    for _ in range(3):
        credentials.authenticate(basic("eve:apple"))
    assert work == [b"apple"]
    for pair in ("eve:pear", "eve:pear", "adam:pear"):
        with pytest.raises(Unauthorized):
            credentials.authenticate(basic(pair))
    assert work == [b"apple", b"pear", b"pear", b"pear"]


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(f"# ours\n\neve:{ScryptHash.of('apple')}\n")
    assert Credentials.load(path).authenticate(basic("eve:apple")) == "eve"
    path.write_text(f"eve:{ScryptHash.of('apple')}\nadam:apple\n")
    with pytest.raises(DeploymentError, match="Line 2"):
        Credentials.load(path)
    line = f"eve:{ScryptHash.of('apple')}\n"
    for content in (line + line, line[3:]):
        path.write_text(content)
        with pytest.raises(DeploymentError, match="a name of its own"):
            Credentials.load(path)
    path.write_text("")
    with pytest.raises(DeploymentError, match="names no user"):
        Credentials.load(path)
    with pytest.raises(DeploymentError, match="cannot be read"):
        Credentials.load(tmp_path)


def test_one_hash_at_a_time_and_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers who come together with the same credentials wait for one hash of 16 MiB."""
    derive, together, most, count = ScryptHash.derive, 0, 0, 0

    def counted(self: ScryptHash, password: bytes) -> bytes:
        nonlocal together, most, count
        together += 1
        count += 1
        most = max(most, together)
        digest = derive(self, password)
        together -= 1
        return digest

    credentials = Credentials({"eve": ScryptHash.of("apple"), "adam": ScryptHash.of("rib")})
    monkeypatch.setattr(ScryptHash, "derive", counted)
    pairs = [basic("eve:apple"), basic("adam:rib")] * 8
    with ThreadPoolExecutor(16) as callers:
        names = list(callers.map(credentials.authenticate, pairs))
    assert names == ["eve", "adam"] * 8
    assert (most, count) == (1, 2)
