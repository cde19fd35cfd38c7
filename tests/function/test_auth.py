"""Who is let in, who is not, what that costs, and what of it is remembered."""

import base64
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from function.auth import Credentials
from function.passwords import Cost, ScryptHash
from function.problems import Problem, TooManyRequests, Unauthorized, Unavailable
from tests.function.conftest import Clock

QUICK = Cost(ln=4)
Work = list[tuple[bytes, Cost]]
Gate = tuple[threading.Event, threading.Event]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Passwords that were hashed, and at what cost."""
    done: Work = []
    derive = ScryptHash.derive

    def counted(self: ScryptHash, password: bytes) -> bytes:
        done.append((password, self.cost))
        return derive(self, password)

    monkeypatch.setattr(ScryptHash, "derive", counted)
    return done


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def users(**passwords: str) -> dict[str, ScryptHash]:
    return {name: ScryptHash.of(password, QUICK) for name, password in passwords.items()}


def outcome(credentials: Credentials, pair: str, client: str = "192.0.2.1") -> str | type[Problem]:
    """The user, or why there is none."""
    try:
        return credentials.authenticate(basic(pair), "", lambda: client)
    except Problem as problem:
        return type(problem)


def test_users_and_strangers() -> None:
    credentials = Credentials(users(eve="a:b"))
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


def test_only_what_was_right_is_remembered(work: Work) -> None:
    credentials = Credentials(users(eve="apple"))
    work.clear()
    for _ in range(3):
        assert outcome(credentials, "eve:apple") == "eve"
    assert [password for password, _ in work] == [b"apple"]
    for pair in ("eve:pear", "eve:pear", "adam:pear"):
        assert outcome(credentials, pair) is Unauthorized
    assert [password for password, _ in work] == [b"apple", b"pear", b"pear", b"pear"]


def test_recall_never_hashes(work: Work) -> None:
    credentials = Credentials(users(eve="apple"))
    work.clear()
    assert credentials.recall(basic("eve:apple")) is None
    assert not work
    assert outcome(credentials, "eve:apple") == "eve"
    assert credentials.recall(basic("eve:apple")) == "eve"
    assert credentials.recall("", basic("eve:apple")) == "eve"
    assert credentials.recall(basic("eve:pear")) is None
    with pytest.raises(Unauthorized):
        credentials.recall("")
    assert len(work) == 1


def test_memory_expires(clock: Clock, work: Work) -> None:
    credentials = Credentials(users(eve="apple"))
    work.clear()
    assert outcome(credentials, "eve:apple") == "eve"
    clock.now += 299
    assert credentials.recall(basic("eve:apple")) == "eve"
    clock.now += 2
    assert credentials.recall(basic("eve:apple")) is None
    assert outcome(credentials, "eve:apple") == "eve"
    assert len(work) == 2


def test_memory_is_bounded_and_keyed() -> None:
    passwords = {f"user{number}": "x" for number in range(1100)}
    credentials = Credentials(users(**passwords))
    for name in passwords:
        assert outcome(credentials, f"{name}:x") == name
    assert len(credentials._remembered) == 1024
    assert credentials.recall(basic("user0:x")) is None
    assert credentials.recall(basic("user1099:x")) == "user1099"
    # What is remembered is of no use to another process, nor to who reads the memory.
    assert credentials._seal(b"x") != Credentials(users(eve="x"))._seal(b"x")
    assert all(len(seal) == 32 for seal in credentials._remembered)


@pytest.mark.parametrize(
    ("token", "heard"),
    [("!!!", 0), ("YWxpY2U", 0), (basic("nocolon")[6:], 0), (basic("eve:pear")[6:], 1)],
)
def test_what_is_no_pair_is_not_hashed(work: Work, token: str, heard: int) -> None:
    credentials = Credentials(users(eve="apple"))
    work.clear()
    with pytest.raises(Unauthorized) as refused:
        credentials.authenticate(f"Basic {token}")
    assert str(refused.value) == "The credentials are not valid."
    assert len(work) == heard


def test_everybody_costs_the_same(work: Work) -> None:
    """Whoever it is, and whatever their hash costs: one hash of every cost there is."""
    dear = Cost(ln=6, r=4)
    credentials = Credentials(
        {
            "eve": ScryptHash.of("apple", QUICK),
            "adam": ScryptHash.of("rib", dear),
            "abel": ScryptHash.of("lamb", QUICK),
        }
    )
    for pair in ("eve:wrong", "adam:wrong", "abel:wrong", "cain:wrong", ":wrong", "eve:apple"):
        work.clear()
        outcome(credentials, pair)
        assert sorted(cost for _, cost in work) == [QUICK, dear]
        assert len({password for password, _ in work}) == 1
    assert outcome(credentials, "adam:rib") == "adam"
    assert outcome(credentials, "adam:apple") is Unauthorized


def test_everybody_costs_the_same_where_there_is_nobody(work: Work) -> None:
    assert outcome(Credentials({}), "eve:apple") is Unauthorized
    assert work == [(b"apple", Cost())]


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


# What a changed file does.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users"


def write(path: Path, entries: dict[str, ScryptHash]) -> None:
    path.write_text("".join(f"{name}:{scrypt}\n" for name, scrypt in entries.items()))


def test_removed_user_is_out_within_two_seconds(clock: Clock, path: Path, work: Work) -> None:
    everybody = users(eve="apple", adam="rib")
    write(path, everybody)
    credentials = Credentials.load(path)
    for pair in ("eve:apple", "adam:rib"):
        assert outcome(credentials, pair) == pair.partition(":")[0]
    del everybody["eve"]
    write(path, everybody)
    work.clear()
    clock.now += 1.9
    assert outcome(credentials, "eve:apple") == "eve"
    clock.now += 0.1
    assert credentials.recall(basic("eve:apple")) is None
    assert outcome(credentials, "eve:apple") is Unauthorized
    # Who has not changed is still known, and pays nothing.
    assert credentials.recall(basic("adam:rib")) == "adam"
    assert [password for password, _ in work] == [b"apple"]


def test_changed_password_counts_within_two_seconds(clock: Clock, path: Path) -> None:
    write(path, users(eve="apple"))
    credentials = Credentials.load(path)
    assert outcome(credentials, "eve:apple") == "eve"
    write(path, users(eve="pear"))
    clock.now += 2
    assert outcome(credentials, "eve:apple") is Unauthorized
    assert outcome(credentials, "eve:pear") == "eve"


def test_same_password_in_a_new_hash_is_hashed_again(clock: Clock, path: Path, work: Work) -> None:
    write(path, users(eve="apple"))
    credentials = Credentials.load(path)
    assert outcome(credentials, "eve:apple") == "eve"
    write(path, users(eve="apple"))
    clock.now += 2
    work.clear()
    assert outcome(credentials, "eve:apple") == "eve"
    assert len(work) == 1


def test_user_who_came_back_is_not_recalled(clock: Clock, path: Path) -> None:
    everybody = users(eve="apple", adam="rib")
    write(path, everybody)
    credentials = Credentials.load(path)
    assert outcome(credentials, "eve:apple") == "eve"
    write(path, {"adam": everybody["adam"]})
    clock.now += 2
    assert credentials.recall(basic("eve:apple")) is None
    write(path, everybody)
    clock.now += 2
    assert credentials.recall(basic("eve:apple")) is None
    assert outcome(credentials, "eve:apple") == "eve"


def test_mistake_in_the_file_locks_nobody_out(clock: Clock, path: Path) -> None:
    write(path, users(eve="apple"))
    credentials = Credentials.load(path)
    path.write_text("eve\n")
    clock.now += 2
    assert not credentials.ignored
    assert outcome(credentials, "eve:apple") == "eve"
    assert credentials.ignored


def test_credentials_taken_away(clock: Clock, path: Path) -> None:
    write(path, users(eve="apple"))
    credentials = Credentials.load(path)
    assert outcome(credentials, "eve:apple") == "eve"
    path.unlink()
    clock.now += 2
    assert outcome(credentials, "eve:apple") is Unauthorized
    assert not credentials.ignored


def test_who_was_hashed_while_the_file_changed_is_not_recalled(
    clock: Clock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash takes 40 ms, in which another request may find that the user is gone."""
    everybody = users(eve="apple", adam="rib")
    write(path, everybody)
    credentials = Credentials.load(path)
    derive = ScryptHash.derive

    def changing(self: ScryptHash, password: bytes) -> bytes:
        write(path, {"adam": everybody["adam"]})
        clock.now += 2
        with pytest.raises(Unauthorized):
            credentials.recall("")
        assert credentials.recall(basic("eve:apple")) is None
        return derive(self, password)

    monkeypatch.setattr(ScryptHash, "derive", changing)
    assert outcome(credentials, "eve:apple") == "eve"
    assert credentials.recall(basic("eve:apple")) is None


def test_file_is_looked_at_every_two_seconds_at_most(
    clock: Clock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, users(eve="apple"))
    credentials = Credentials.load(path)
    assert outcome(credentials, "eve:apple") == "eve"
    looks = itertools.count()
    monkeypatch.setattr("function.users.UsersFile.changed", lambda _: bool(next(looks) * 0))
    for _ in range(1000):
        clock.now += 0.01
        assert credentials.recall(basic("eve:apple")) == "eve"
    assert next(looks) in {4, 5}


# Guessing.


def test_guessing_is_slowed_for_the_client_alone(clock: Clock, work: Work) -> None:
    credentials = Credentials(users(eve="apple", adam="rib"))
    guesses = [outcome(credentials, f"eve:{number}") for number in range(100)]
    assert guesses == [Unauthorized] * 20 + [TooManyRequests] * 80
    assert credentials.unheard == 80
    work.clear()
    # Not even the right password helps the client now, or each answer would tell of a guess.
    assert outcome(credentials, "eve:apple") is TooManyRequests
    assert not work
    # Whoever comes from elsewhere gets through, in the very user's name.
    assert outcome(credentials, "eve:apple", "192.0.2.2") == "eve"
    # And once known, from the guesser's address as well.
    assert outcome(credentials, "eve:apple") == "eve"
    clock.now += 10
    assert outcome(credentials, "eve:one") is Unauthorized
    assert outcome(credentials, "eve:two") is TooManyRequests


def test_unknown_users_are_no_way_around_it() -> None:
    credentials = Credentials(users(eve="apple"))
    guesses = [outcome(credentials, f"user{number}:x") for number in range(30)]
    assert guesses == [Unauthorized] * 20 + [TooManyRequests] * 10


def test_one_right_password_buys_no_guesses() -> None:
    credentials = Credentials(users(eve="apple", adam="rib"))
    for number in range(20):
        assert outcome(credentials, f"eve:{number}") is Unauthorized
        if number < 19:
            assert outcome(credentials, "adam:rib") == "adam"
    assert outcome(credentials, "eve:x") is TooManyRequests


def test_answer_says_when_to_come_again(clock: Clock) -> None:
    credentials = Credentials(users(eve="apple"), wrong_passwords=1)
    assert outcome(credentials, "eve:pear") is Unauthorized
    clock.now += 2.5
    with pytest.raises(TooManyRequests) as refused:
        credentials.authenticate(basic("eve:pear"), "", lambda: "192.0.2.1")
    assert refused.value.headers == {"Retry-After": "8"}
    assert refused.value.detail == "Too many wrong passwords; try again in 8 s."
    clock.now += 8
    assert outcome(credentials, "eve:apple") == "eve"


def test_guessing_from_many_clients_is_slowed_for_the_user(clock: Clock) -> None:
    credentials = Credentials(users(eve="apple", adam="rib"), wrong_passwords=4)
    clients = [f"192.0.2.{number}" for number in range(1, 21)]
    for client in clients:
        assert outcome(credentials, "eve:pear", client) is Unauthorized
    # The user's budget is spent: who failed before waits, though their own is not.
    assert {outcome(credentials, "eve:quince", client) for client in clients} == {TooManyRequests}
    # Other users are theirs to try, and who never failed is heard.
    assert outcome(credentials, "adam:rib", clients[0]) == "adam"
    assert outcome(credentials, "eve:apple", "198.51.100.1") == "eve"
    clock.now += 2
    assert outcome(credentials, "eve:quince", clients[0]) is Unauthorized
    assert outcome(credentials, "eve:quince", clients[1]) is TooManyRequests


def test_who_was_right_long_ago_makes_no_guess(clock: Clock) -> None:
    """The memory has expired, and the address is a guesser's too: they are hashed, and get in."""
    credentials = Credentials(users(eve="apple"))
    assert outcome(credentials, "eve:apple") == "eve"
    clock.now += 1000
    assert {outcome(credentials, f"eve:{number}") for number in range(50)} == {
        Unauthorized,
        TooManyRequests,
    }
    assert credentials.recall(basic("eve:apple")) is None
    assert outcome(credentials, "eve:apple") == "eve"


@pytest.fixture
def everybody() -> dict[str, ScryptHash]:
    """user0 to user39, with the password x; made before hashes are held up."""
    scrypt = ScryptHash.of("x", QUICK)
    return {f"user{number}": scrypt for number in range(40)}


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Holds every hash up: an event tells that one has begun, and another lets it go on."""
    begun, go_on = threading.Event(), threading.Event()
    derive = ScryptHash.derive

    def held(self: ScryptHash, password: bytes) -> bytes:
        begun.set()
        assert go_on.wait(timeout=30)
        return derive(self, password)

    monkeypatch.setattr(ScryptHash, "derive", held)
    yield begun, go_on
    go_on.set()


def until(true: Callable[[], bool]) -> None:
    deadline = threading.Event()
    for _ in range(3000):
        if true():
            return
        deadline.wait(0.01)
    raise AssertionError


def test_few_wait_for_a_hash(everybody: dict[str, ScryptHash], gate: Gate) -> None:
    credentials = Credentials(everybody)
    begun, go_on = gate
    with ThreadPoolExecutor(16) as callers:
        waiting = [
            callers.submit(outcome, credentials, f"user{number}:x", f"192.0.2.{number}")
            for number in range(16)
        ]
        assert begun.wait(timeout=30)
        until(lambda: len(credentials._heard) == 16)
        assert outcome(credentials, "user20:x", "192.0.2.20") is Unavailable
        with pytest.raises(Unavailable) as refused:
            credentials.authenticate(basic("user21:x"), "", lambda: "192.0.2.21")
        assert refused.value.headers == {"Retry-After": "1"}
        go_on.set()
        assert [each.result() for each in waiting] == [f"user{number}" for number in range(16)]
    assert outcome(credentials, "user20:x", "192.0.2.20") == "user20"
    assert credentials.unheard == 2


def test_rightful_callers_all_wait_for_one_hash_when_the_memory_expires(
    everybody: dict[str, ScryptHash], gate: Gate, clock: Clock, work: Work
) -> None:
    begun, go_on = gate
    credentials = Credentials(everybody)
    go_on.set()
    assert outcome(credentials, "user0:x") == "user0"
    clock.now += 301
    begun.clear()
    go_on.clear()
    work.clear()
    with ThreadPoolExecutor(40) as callers:
        waiting = [callers.submit(outcome, credentials, "user0:x") for _ in range(40)]
        assert begun.wait(timeout=30)
        assert not credentials._heard  # strangers have all the room
        go_on.set()
        assert {each.result() for each in waiting} == {"user0"}
    assert len(work) == 1
    assert credentials.unheard == 0


def test_many_connections_of_one_caller_start_at_once(
    everybody: dict[str, ScryptHash], gate: Gate, work: Work
) -> None:
    begun, go_on = gate
    credentials = Credentials(everybody)
    with ThreadPoolExecutor(65) as callers:
        waiting = [callers.submit(outcome, credentials, "user0:x") for _ in range(64)]
        assert begun.wait(timeout=30)
        until(lambda: credentials._heard.total() == 64)
        assert outcome(credentials, "user0:x") is Unavailable  # others want the threads
        go_on.set()
        assert {each.result() for each in waiting} == {"user0"}
    assert len(work) == 1
    assert not credentials._heard


def test_who_has_failed_does_not_wait(everybody: dict[str, ScryptHash], gate: Gate) -> None:
    begun, go_on = gate
    credentials = Credentials(everybody)
    go_on.set()
    assert outcome(credentials, "user0:y", "192.0.2.66") is Unauthorized
    begun.clear()
    go_on.clear()
    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(outcome, credentials, "user1:x", "192.0.2.1")
        assert begun.wait(timeout=30)
        # The guesser holds no thread that others may want; who is clean may wait.
        assert outcome(credentials, "user0:z", "192.0.2.66") is TooManyRequests
        second = callers.submit(outcome, credentials, "user2:x", "192.0.2.2")
        until(lambda: len(credentials._heard) == 2)
        go_on.set()
        assert (first.result(), second.result()) == ("user1", "user2")
