import pytest

from function.passwords import Cost, ScryptHash


def test_hash_survives_its_text() -> None:
    scrypt = ScryptHash.of("päss:word")
    again = ScryptHash.parse(str(scrypt))
    assert again == scrypt
    assert again.derive("päss:word".encode()) == scrypt.digest
    assert again.derive(b"other") != scrypt.digest
    assert ScryptHash.of("päss:word") != scrypt


def test_cost_survives_too() -> None:
    cheap = ScryptHash.of("x", Cost(ln=4, r=1, p=2))
    assert str(cheap).startswith("$scrypt$ln=4,r=1,p=2$")
    assert ScryptHash.parse(str(cheap)) == cheap


SALT, DIGEST = "c2FsdA", "A" * 43  # the same in every process, as the tests' names are


@pytest.mark.parametrize(
    "text",
    [
        *("", "$", "x$scrypt$ln=14,r=8,p=1$YQ$YQ", "$bcrypt$ln=14,r=8,p=1$YQ$YQ"),
        *("$scrypt$ln=14,r=8$YQ$YQ", "$scrypt$ln=x,r=8,p=1$YQ$YQ", "$scrypt$ln=14,r=8,p=1$!$!"),
        "$scrypt$ln=14,r=8,p=1$YQ$YQ",
        # Costs that would stop the server: 8 GiB, or no end of time.
        *(f"$scrypt$ln=20,r=64,p=1${SALT}${DIGEST}", f"$scrypt$ln=14,r=80,p=9${SALT}${DIGEST}"),
        *(f"$scrypt$ln=0,r=8,p=1${SALT}${DIGEST}", f"$scrypt$ln=14,r=-8,p=-1${SALT}${DIGEST}"),
        # Costs that OpenSSL does not take.
        *(f"$scrypt$ln=20,r=8,p=1${SALT}${DIGEST}", f"$scrypt$ln=16,r=1,p=1${SALT}${DIGEST}"),
        # The same hash in other words: there is one way to write it.
        f"$scrypt$ln=014,r=8,p=1${SALT}${DIGEST}",
        f"$scrypt$r=8,ln=14,p=1${SALT}${DIGEST}",
        f"$scrypt$ln=14,r=8,p=1${SALT}=${DIGEST}",
        f"$scrypt$ln=14,r=8,p=1$c2FsdB${DIGEST}",
    ],
)
def test_text_that_is_no_hash(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ScryptHash.parse(text)


@pytest.mark.parametrize("cost", [Cost(1, 1, 64), Cost(2, 8, 8), Cost(15, 1, 1), Cost(3, 64, 1)])
def test_every_cost_that_is_read_can_be_hashed(cost: Cost) -> None:
    parsed = ScryptHash.parse(str(ScryptHash.of_nobody(cost)))
    assert len(parsed.derive(b"x")) == 32
