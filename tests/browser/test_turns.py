"""The page where answers are slow, and something else is chosen or asked meanwhile."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_page import asked, chosen, opened, shown
from tests.serving import Server

pytestmark = pytest.mark.browser

CHANGED = "changed meanwhile"


class Held:
    """Requests of an address, which wait until they are let go."""

    def __init__(self, page: Page, url: str) -> None:
        self._page, self._url = page, re.compile(url)
        self._waiting: list[Route] = []
        self._open = False
        page.route(self._url, self._wait)

    def _wait(self, route: Route) -> None:
        if self._open:
            route.continue_()
        else:
            self._waiting.append(route)

    @contextmanager
    def first(self) -> Iterator[None]:
        """Wait for the first."""
        with self._page.expect_request(self._url):
            yield
        self._page.evaluate("0")  # whatever was asked has come here by now
        assert self._waiting

    def let_go(self) -> None:
        """Let all be answered, those to come as well."""
        self._open = True
        for route in self._waiting:
            with self._page.expect_response(self._url):
                route.continue_()


def test_one_question_at_a_time(page: Page, server: Server) -> None:
    opened(page, server)
    held = Held(page, "/predict$")
    with held.first():
        page.get_by_role("button", name="Will it rain?").click()
    surprise = page.get_by_role("button", name="Surprise me")
    expect(surprise).to_be_disabled()
    surprise.dispatch_event("click")
    held.let_go()
    assert len(shown(page)) == 4
    expect(surprise).to_be_enabled()
    assert page.locator("#field-Humidity9am").input_value() == ""


def test_question_stops_for_another_station(page: Page, server: Server) -> None:
    opened(page, server)
    predictions: list[str] = []
    page.on("request", lambda request: predictions.append(request.url))
    page.locator("#station").fill("Hobart")
    held = Held(page, "/stations/Hobart$")
    with held.first():
        page.keyboard.press("Enter")
    page.get_by_role("radio", name="Darwin").click()
    expect(page.locator("#place")).to_contain_text("NT")
    held.let_go()
    expect(page.locator("#failure")).to_contain_text(CHANGED)
    chosen(page, "Darwin")
    expect(page.locator("#place")).to_contain_text("NT")
    assert not any(url.endswith("/predict") for url in predictions)
    assert asked(page)[0]["observation"]["Location"] == "Darwin"


def test_surprise_overwrites_nothing(page: Page, server: Server) -> None:
    opened(page, server)
    held = Held(page, "/random-fill$")
    with held.first():
        page.get_by_role("button", name="Surprise me").click()
    page.get_by_role("radio", name="Darwin").click()
    page.get_by_label("Relative humidity at 9am").fill("64")
    held.let_go()
    expect(page.locator("#failure")).to_contain_text(CHANGED)
    expect(page.get_by_label("Relative humidity at 9am")).to_have_value("64")
    expect(page.get_by_label("Relative humidity at 3pm")).to_have_value("")
    chosen(page, "Darwin")


def test_last_date_counts(page: Page, server: Server) -> None:
    opened(page, server)
    hint, date = page.locator("#hint-MinTemp"), page.get_by_label("The day you know of")
    held = Held(page, r"\?date=2026-01-15$")
    with held.first():
        date.fill("2026-01-15")
        date.press("Tab")
    before = hint.text_content() or ""
    date.fill("2026-07-15")
    date.press("Tab")
    expect(hint).not_to_have_text(before)
    winter = hint.text_content() or ""
    held.let_go()
    assert asked(page)[0]["observation"]["Date"] == "2026-07-15"
    expect(hint).to_have_text(winter)


def usual(server: Server, station: str, day: str = "") -> str:
    """What the page tells of the mornings there."""
    query = f"?date={day}" if day else ""
    told = server.call("GET", f"/stations/{station}{query}").json()
    field = next(each for each in told["fields"] if each["name"] == "MinTemp")
    return "usually {low:g} to {high:g} °C".format(**field["usual"])


def test_ranges_are_of_the_day_in_the_form(page: Page, server: Server) -> None:
    opened(page, server)
    hint, date = page.locator("#hint-MinTemp"), page.get_by_label("The day you know of")
    today = date.input_value()
    other = "2026-01-15" if today[5:7] in {"05", "06", "07", "08", "09"} else "2026-07-15"
    date.fill(other)
    date.press("Tab")
    expect(hint).to_have_text(usual(server, "Sydney", other))
    page.get_by_role("radio", name="Hobart").click()
    expect(hint).to_have_text(usual(server, "Hobart", other))
    expect(date).to_have_value(other)
    page.get_by_role("button", name="Clear").click()
    expect(hint).to_have_text(usual(server, "Hobart"))
    expect(date).to_have_value(server.call("GET", "/stations/Hobart").json()["date"])


def test_today_is_the_stations(page: Page, server: Server) -> None:
    """In Perth it may still be yesterday."""

    def yesterday(route: Route) -> None:
        told: dict[str, Any] = msgspec.json.decode(route.fetch().body())
        route.fulfill(json=told | {"date": "2026-03-01"})

    page.route(re.compile("/stations/Perth$"), yesterday)
    opened(page, server)
    date = page.get_by_label("The day you know of")
    sydney = date.input_value()
    page.get_by_label("Minimum temperature to 9am").focus()
    page.locator("#station").fill("Perth")
    page.locator("#station").press("Tab")
    expect(date).to_have_value("2026-03-01")
    page.locator("#station").fill("Sydney")
    page.locator("#station").press("Tab")
    expect(date).to_have_value(sydney)


def test_failure_of_a_date_is_forgotten(page: Page, server: Server) -> None:
    opened(page, server)
    date = page.get_by_label("The day you know of")
    page.route(re.compile(r"\?date=2026-01-15$"), lambda route: route.abort())
    date.fill("2026-01-15")
    date.press("Tab")
    expect(page.locator("#failure")).to_contain_text("cannot be reached")
    date.fill("2026-07-15")
    date.press("Tab")
    expect(page.locator("#failure")).to_be_empty()


def test_copied_is_said_of_its_command(page: Page, server: Server) -> None:
    opened(page, server)
    asked(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copied")).not_to_be_empty()
    asked(page)
    expect(page.locator("#copied")).to_be_empty()
