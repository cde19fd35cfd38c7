"""Who guesses learns nothing from the time, and keeps nobody out."""

import base64
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families as parse
from scipy.stats import mannwhitneyu

from function.auth import Credentials
from function.passwords import Cost, ScryptHash
from function.problems import Unauthorized
from scripts.reliability import Figure
from tests.serving import ALICE, Server, serve
from tests.trust.conftest import COMMAND

GUESSER, STRANGER = "203.0.113.66", "198.51.100.7"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def refused_after(credentials: Credentials, authorization: str) -> float:
    """Seconds until wrong credentials are refused."""
    start = time.perf_counter()
    with pytest.raises(Unauthorized):
        credentials.authenticate(authorization)
    return time.perf_counter() - start


def test_time_does_not_tell_who_is_known(
    full: bool, record: Callable[[Figure], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password of a known user against an unknown user, mixed in random order.

    The sample compares the work that is done, and not the times, which a busy machine moves.
    """
    work: list[Cost] = []
    derive = ScryptHash.derive

    def counted(self: ScryptHash, password: bytes) -> bytes:
        work.append(self.cost)
        return derive(self, password)

    monkeypatch.setattr(ScryptHash, "derive", counted)
    each, chance = (2000 if full else 15), random.Random(7)  # noqa: S311
    users = {"alice": ScryptHash.of("wonderland"), "bob": ScryptHash.of("builder")}
    credentials = Credentials(users, wrong_passwords=10**6)
    order = ["alice", "mallory"] * each
    chance.shuffle(order)
    work.clear()
    times: dict[str, list[float]] = {"alice": [], "mallory": []}
    for number, user in enumerate(order):
        times[user].append(refused_after(credentials, basic(user, f"guess{number:06}")))
    assert work == [Cost()] * len(order)
    if not full:
        return
    p = float(mannwhitneyu(times["alice"], times["mallory"]).pvalue)
    medians = [statistics.median(times[user]) * 1000 for user in ("alice", "mallory")]
    record(
        Figure(
            f"time of a wrong password against an unknown user, {each:,} each, mixed",
            "not distinguishable: p > 0.01 (Mann-Whitney U)",
            f"p = {p:.2f}; medians {medians[0]:.2f} and {medians[1]:.2f} ms",
            met=p > 0.01,
            command=COMMAND,
        )
    )
    assert p > 0.01


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that believes one proxy in front, which the tests play."""
    log = tmp_path_factory.mktemp("guarded") / "log"
    with serve(log, "granian", FORWARDED_HOPS="1", THREADS="4") as running:
        yield running


def call(
    server: Server, client: str, auth: tuple[str, str], path: str = "/whoami"
) -> requests.Response:
    method = "POST" if path.startswith("/v2") else "GET"
    return server.call(method, path, auth=auth, headers={"X-Forwarded-For": client})


def figure(server: Server, name: str) -> float:
    """A figure without labels that the server tells Prometheus."""
    text = server.call("GET", "/prometheus").text
    (sample,) = (
        sample for family in parse(text) for sample in family.samples if sample.name == name
    )
    return float(sample.value)


def test_guesser_is_refused_unheard_and_nobody_else(
    guarded: Server, full: bool, record: Callable[[Figure], None]
) -> None:
    guesses = 5000 if full else 200
    statuses: dict[int, int] = {}
    quick: list[float] = []
    begun, done = threading.Event(), threading.Event()

    def guess() -> None:
        for number in range(guesses):
            start = time.perf_counter()
            answer = call(guarded, GUESSER, ("alice", f"guess{number}"))
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            if answer.status_code == 429:
                quick.append(time.perf_counter() - start)
                assert int(answer.headers["Retry-After"]) in range(1, 11)
                begun.set()
        done.set()

    unheard = figure(guarded, "rain_authentication_unheard_total")
    answered: list[int] = []
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        guessing = pool.submit(guess)
        assert begun.wait(timeout=60)
        # The user himself, from elsewhere, for the first time and then again; and from where the
        # guesses come from.
        clients = (STRANGER, STRANGER, GUESSER)
        answered += [call(guarded, client, ALICE).status_code for client in clients]
        # And others, who are as new.
        answered.append(call(guarded, "192.0.2.9", ("bob", "builder")).status_code)
        while not done.is_set() and not guessing.done():
            answered.append(call(guarded, GUESSER, ALICE).status_code)
        guessing.result()
    assert set(answered) == {200}
    assert set(statuses) == {401, 429}
    heard = statuses[401]
    assert heard <= 20 + (time.monotonic() - started) / 10 + 1
    assert figure(guarded, "rain_authentication_unheard_total") - unheard == statuses[429]
    median = statistics.median(quick) * 1000
    record(
        Figure(
            "one client guesses a user's password, while that user calls",
            "at most 20 and one in 10 s heard; every call of the user answered",
            f"{guesses:,} guesses, {heard} heard, the rest refused in {median:.1f} ms (median); "
            f"{len(answered):,} of {len(answered):,} calls answered",
            met=True,
            command=COMMAND,
        )
    )


def test_refusal_has_the_form_of_its_protocol(guarded: Server) -> None:
    client = "203.0.113.77"
    for number in range(20):
        assert call(guarded, client, ("nobody", str(number))).status_code == 401
    plain = call(guarded, client, ("nobody", "x"))
    assert plain.status_code == 429
    assert plain.headers["Content-Type"] == "application/problem+json"
    assert plain.json()["title"] == "Too Many Requests"
    assert plain.headers["Retry-After"]
    assert "WWW-Authenticate" not in plain.headers
    inference = call(guarded, client, ("nobody", "x"), "/v2/models/random-forest/infer")
    assert inference.status_code == 429
    assert inference.json().keys() == {"error"}
    assert inference.headers["Retry-After"]


@pytest.mark.parametrize("hops", ["0", "2"])
def test_who_forges_the_header_stays_who_they_are(tmp_path: Path, hops: str) -> None:
    """Without a proxy, or past one of two: only what proxies wrote is believed."""
    with serve(tmp_path / "log", "granian", FORWARDED_HOPS=hops, WRONG_PASSWORDS="3") as running:
        guesses = [
            call(running, f"203.0.113.{number}", ("alice", "x")).status_code for number in range(5)
        ]
    assert guesses == [401, 401, 401, 429, 429]


def test_removed_user_is_out_without_a_restart(
    tmp_path: Path, full: bool, record: Callable[[Figure], None]
) -> None:
    """The Secret is mounted as Kubernetes does it, and swapped again and again."""
    lines = {name: f"{name}:{ScryptHash.of('secret')}\n" for name in ("eve", "adam")}
    versions = iter(range(10_000))

    def mount(content: str) -> None:
        folder = tmp_path / f"..{next(versions)}"
        folder.mkdir()
        (folder / "credentials").write_text(content)
        (tmp_path / "..data_tmp").symlink_to(folder.name)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    mount(lines["eve"] + lines["adam"])
    path = tmp_path / "credentials"
    path.symlink_to("..data/credentials")
    times: list[float] = []
    with serve(
        tmp_path / "log", "granian", CREDENTIALS_FILE=str(path), WRONG_PASSWORDS="9999"
    ) as running:

        def status(user: str) -> int:
            return running.call("GET", "/whoami", auth=(user, "secret")).status_code

        for _ in range(20 if full else 2):
            assert (until(lambda: status("eve") == 200), status("adam")) == (True, 200)
            mount(lines["adam"])
            start = time.monotonic()
            assert until(lambda: status("eve") == 401)
            times.append(time.monotonic() - start)
            assert status("adam") == 200
            mount(lines["eve"] + lines["adam"])
    assert not (tmp_path / "log").read_text().count("WARNING")
    record(
        Figure(
            "a user removed from the Secret, and out without a restart",
            "<= 2.5 s: a look at the file every 2 s, and a request",
            f"{len(times)} times, {max(times):.2f} s at most",
            met=max(times) < 2.5,
            command=COMMAND,
        )
    )
    assert max(times) < (2.5 if full else 60)


def until(true: Callable[[], bool]) -> bool:
    """Whether it comes true within a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False
