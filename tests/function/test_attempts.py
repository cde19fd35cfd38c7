"""Budgets of failures, and whose they are."""

import random

import pytest

from function.attempts import Budget, client


def test_budget_is_spent_and_comes_back() -> None:
    budget = Budget(3, 10)
    assert budget.whole(b"a", 0)
    for now in (0.0, 1.0, 2.0):
        assert budget.wait(b"a", now) == 0
        budget.spend(b"a", now)
        assert not budget.whole(b"a", now)
    assert budget.wait(b"a", 2) == 8
    assert budget.wait(b"b", 2) == 0
    assert budget.wait(b"a", 10) == 0
    budget.spend(b"a", 10)
    assert budget.wait(b"a", 10) == 10
    assert budget.whole(b"a", 40)


def test_budget_agrees_with_a_bucket_of_tokens() -> None:
    """The one time that is kept stands for a bucket, which is filled up to its size."""
    chance, budget = random.Random(7), Budget(5, 4)  # noqa: S311
    tokens, now = 5.0, 0.0
    for _ in range(2000):
        step = chance.choice([0.0, 0.25, 1.0, 4.0, 9.0])
        now, tokens = now + step, min(5.0, tokens + step / 4)
        free = tokens >= 1
        assert (budget.wait(b"a", now) == 0) == free
        assert budget.whole(b"a", now) == (tokens == 5)
        if free:
            budget.spend(b"a", now)
            tokens -= 1
        else:
            assert budget.wait(b"a", now) == pytest.approx(4 * (1 - tokens))


def test_who_fails_beyond_the_budget_waits_no_longer_for_it() -> None:
    """Strangers may spend a user's budget below nothing; it is back as soon as if they had not."""
    budget = Budget(3, 10)
    for _ in range(1000):
        budget.spend(b"a", 0)
    assert budget.wait(b"a", 0) == 10


def test_budgets_are_bounded_and_the_latest_kept() -> None:
    budget = Budget(1, 1000)
    for number in range(10_000):
        budget.spend(b"%d" % number, number / 1000)
        budget.spend(b"often", number / 1000)
    assert len(budget) == 4096
    assert not budget.whole(b"often", 10)
    assert not budget.whole(b"9999", 10)
    assert budget.whole(b"0", 10)


@pytest.mark.parametrize(
    ("remote", "forwarded", "hops", "expected"),
    [
        ("192.0.2.1", None, 0, "192.0.2.1"),
        # Whoever calls us may write what they like.
        ("192.0.2.1", "198.51.100.7", 0, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", 1, "198.51.100.7"),
        ("192.0.2.1", "203.0.113.5, 198.51.100.7", 1, "198.51.100.7"),
        ("192.0.2.1", "203.0.113.5,198.51.100.7", 2, "203.0.113.5"),
        ("192.0.2.1", "10.9.8.7, 203.0.113.5,  198.51.100.7", 2, "203.0.113.5"),
        # Who has come past a proxy is known by the connection alone.
        ("192.0.2.1", "198.51.100.7", 2, "192.0.2.1"),
        ("192.0.2.1", None, 1, "192.0.2.1"),
        ("192.0.2.1", "", 1, "192.0.2.1"),
        ("192.0.2.1", "unknown", 1, "192.0.2.1"),
        ("192.0.2.1", "a" * 5000, 1, "192.0.2.1"),
        # An IPv6 customer has a network to write from.
        ("2001:db8:1:2:3:4:5:6", None, 0, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", None, 0, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", None, 0, "192.0.2.1"),
        ("", None, 0, ""),
        (None, None, 0, ""),
    ],
)
def test_client(remote: str | None, forwarded: str | None, hops: int, expected: str) -> None:
    environ = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}
    given = {name: value for name, value in environ.items() if value is not None}
    assert client(given, hops) == expected
