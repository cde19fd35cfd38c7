"""Mixed requests over all models, for as long or as many as are wanted."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import requests

from tests.serving import ALICE

MODELS: Final = (
    *("decision-tree", "logistic-regression", "random-forest", "support-vector-machine"),
    "all",
)
_DAY: Final = {"Location": "Hobart", "Humidity3pm": 70}


def mixed(chance: random.Random, most: int) -> dict[str, Any]:
    """A request: mostly of one day, some with many draws, some of many days, a few of the most."""
    body: dict[str, Any] = {"model": chance.choice(MODELS), "observation": _DAY}
    kind = chance.random()
    if kind < 0.7:
        return body
    if kind < 0.9:
        return {**body, "fill": {"draws": 200}}
    rows = 100 if kind < 0.995 else most
    return {"model": body["model"], "observations": [_DAY] * rows}


def send(
    url: str, callers: int, go_on: Callable[[int], bool], most: int = 2000
) -> tuple[int, list[str]]:
    """Let callers send mixed requests, of so many days at most, while `go_on(sent by each)`.

    Gives how many were answered with 200, and what went wrong with the others.
    """

    def call(number: int) -> tuple[int, list[str]]:
        chance, answered, wrong, sent = random.Random(number), 0, [], 0  # noqa: S311
        with requests.Session() as session:
            session.auth = ALICE
            while go_on(sent):
                sent += 1
                try:
                    answer = session.post(f"{url}/predict", json=mixed(chance, most), timeout=60)
                except requests.RequestException as error:
                    wrong.append(repr(error)[:200])
                    continue
                if answer.status_code == 200:
                    answered += 1
                else:
                    wrong.append(f"{answer.status_code} {answer.text[:200]}")
        return answered, wrong

    with ThreadPoolExecutor(callers) as pool:
        results = list(pool.map(call, range(callers)))
    return sum(answered for answered, _ in results), [
        line for _, lines in results for line in lines
    ]
