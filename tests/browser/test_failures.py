"""The page where something on the way fails, and how it is made good."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.test_page import MONTH, asked, chosen, opened, shown, upload
from tests.serving import ALICE, Server

pytestmark = pytest.mark.browser


def test_corrected_file_is_chosen_again(page: Page, server: Server, tmp_path: Path) -> None:
    opened(page, server)
    path = tmp_path / "june.csv"
    path.write_bytes(b"Date,Humidity3pm\n2026-03-01,300\n")
    file, button = page.get_by_label("File", exact=True), page.locator("#file-form button")
    file.set_input_files(path)
    button.click()
    expect(page.locator("#file-error")).to_contain_text("must be a number")
    path.write_bytes(b"Date,Humidity3pm\n2026-03-01,30\n")
    button.click()
    expect(page.locator("#file-error")).to_contain_text("choose it again")
    assert file.input_value() == ""
    file.set_input_files(path)
    button.click()
    expect(page.locator("#calendar tbody tr")).to_have_count(1)


def test_longest_file_is_told(page: Page, server: Server) -> None:
    opened(page, server)
    rows = ["Location,Humidity3pm", *["Hobart,71"] * 2000]
    upload(page, "\n".join(rows).encode())
    expect(page.locator("#calendar tbody tr")).to_have_count(2000, timeout=30_000)
    upload(page, "\n".join([*rows, "Hobart,71"]).encode())
    expect(page.locator("#file-error")).to_contain_text("at most 2,000 days")


def test_name_and_password_in_the_address(browser: Browser, server: Server) -> None:
    user, password = ALICE
    with browser.new_context(http_credentials={"username": user, "password": password}) as context:
        page = context.new_page()
        page.goto(server.url.replace("//", "//alice:wonderland@"))
        expect(page.locator("body")).to_have_attribute("data-ready", "yes")
        assert len(asked(page)[1]["models"]) == 4
        expect(page.locator("#curl")).to_contain_text("curl -u 'alice'")
        expect(page.locator("#curl")).not_to_contain_text("wonderland")


def failing(page: Page, url: str) -> None:
    page.route(re.compile(url), lambda route: route.abort())


@pytest.mark.parametrize("url", ["/stations$", "/models$"])
def test_start_is_made_good(page: Page, server: Server, url: str) -> None:
    failing(page, url)
    page.goto(server.url)
    expect(page.locator("#failure")).to_contain_text("cannot be reached")
    expect(page.locator("#test-set")).to_contain_text("cannot be reached")
    page.unroute_all()
    assert asked(page)[0]["observation"]["Location"] == "Sydney"
    assert len(shown(page)) == 4
    expect(page.locator("#failure")).to_be_empty()
    expect(page.locator("#map .station")).to_have_count(49)
    expect(page.locator("#figures table")).to_be_visible()


@pytest.mark.parametrize("url", ["/page/page.js$", "/page/map.js$"])
def test_script_that_does_not_come_is_told(page: Page, server: Server, url: str) -> None:
    """All of them are lost with one, as where the network changes while the page loads."""
    told = page.locator("#bare")
    failing(page, url)
    page.goto(server.url)
    expect(told).to_be_visible()
    expect(told).to_contain_text("Load it again")
    page.unroute_all()
    opened(page, server)
    expect(told).to_have_count(0)


def test_page_without_javascript_says_so(browser: Browser, server: Server) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url)
        expect(page.locator("#bare")).to_be_visible()
        expect(page.locator("#bare")).to_contain_text("allow JavaScript")


def test_figures_need_no_first_station(page: Page, server: Server) -> None:
    failing(page, "/stations/Sydney$")
    page.goto(server.url)
    expect(page.locator("#failure")).to_contain_text("cannot be reached")
    expect(page.locator("#figures table")).to_be_visible()
    page.get_by_role("radio", name="Darwin").click()
    chosen(page, "Darwin")
    expect(page.locator("#failure")).to_be_empty()
    assert asked(page)[0]["observation"]["Location"] == "Darwin"


def test_first_station_needs_no_figures(page: Page, server: Server) -> None:
    failing(page, "/metrics$")
    page.goto(server.url)
    expect(page.locator("#test-set")).to_contain_text("cannot be reached")
    expect(page.locator("#failure")).to_be_empty()
    assert len(asked(page)[1]["models"]) == 4


def test_answer_is_shown_to_nobody_too(page: Page, server: Server) -> None:
    failing(page, "/whoami$")
    opened(page, server)
    asked(page)
    assert len(shown(page)) == 4
    expect(page.locator("#failure")).to_be_empty()
    expect(page.locator("#curl")).to_contain_text("curl -u 'NAME'")


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (200, "<!doctype html><p>Welcome to the hotel's network", "something before it"),
        (502, "null", "status 502"),
        (502, "<p>Bad gateway", "status 502"),
    ],
)
def test_somebody_else_answers(
    page: Page, server: Server, status: int, content: str, told: str
) -> None:
    def other(route: Route) -> None:
        route.fulfill(status=status, body=content, content_type="text/html")

    opened(page, server)
    page.route(re.compile("/predict$"), other)
    page.get_by_role("button", name="Will it rain?").click()
    expect(page.locator("#failure")).to_contain_text(told)


def test_unknown_station_of_the_bureau_is_told(page: Page, server: Server) -> None:
    opened(page, server)
    page.locator("#station").fill("Hobart")
    page.locator("#station").press("Tab")
    elsewhere = MONTH.replace(b"Sydney", b"Nowra").replace(b"066214", b"068072")
    upload(page, elsewhere.replace(b"IDCJDW2124", b"IDCJDW2101"))
    caption = page.locator("#calendar caption")
    expect(caption).to_contain_text("as those of Hobart")
    upload(page, MONTH)
    expect(caption).not_to_contain_text("as those of")
    page.locator("#station").fill("Atlantis")
    upload(page, elsewhere.replace(b"IDCJDW2124", b"IDCJDW2101"))
    expect(page.locator("#file-error")).to_contain_text("choose one there")
    upload(page, MONTH)
    expect(page.locator("#calendar tbody tr")).to_have_count(30)


def test_file_or_text_whichever_came_last(page: Page, server: Server) -> None:
    opened(page, server)
    text = page.get_by_label("Or its text")
    upload(page, MONTH)
    expect(page.locator("#calendar tbody tr")).to_have_count(30)
    text.fill("Date,Humidity3pm\n2026-03-01,40\n")
    page.get_by_role("button", name="Forecast every day").click()
    expect(page.locator("#calendar tbody tr")).to_have_count(1)
    expect(page.locator("#calendar caption")).to_contain_text("1 day, and")
    expect(page.locator("#file-state")).to_have_text("1 day forecast.")
    upload(page, MONTH)
    expect(page.locator("#calendar tbody tr")).to_have_count(30)
    assert text.input_value() == ""
