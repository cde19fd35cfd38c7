"""The map and the heading, with a pointer and with the keyboard."""

import math

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import MONTH, PHONE, chosen, opened, upload
from tests.serving import Server

pytestmark = pytest.mark.browser


def dots(page: Page) -> dict[str, tuple[float, float]]:
    """Where the stations are, in the window."""
    found: dict[str, tuple[float, float]] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("#map .station")].map((each) => {
          const { x, y, width, height } = each.querySelector(".dot").getBoundingClientRect();
          return [each.getAttribute("aria-label"), [x + width / 2, y + height / 2]];
        }))"""
    )
    return found


def test_nearest_station_is_chosen(page: Page, server: Server) -> None:
    """Whatever lies on top of it; but for those that share a pixel, as Sydney's airport."""
    opened(page, server)
    places = dots(page)
    apart = {
        name: place
        for name, place in places.items()
        if all(math.dist(place, other) > 1.5 for other in places.values() if other is not place)
    }
    assert {"Coffs Harbour", "Penrith", "Canberra"} <= apart.keys()
    beyond = page.locator("#map").evaluate("each => each.getBoundingClientRect().right")
    for name, (x, y) in apart.items():
        page.mouse.click(x, y)
        chosen(page, name)
        label = page.locator("#map .town").bounding_box()
        assert label
        assert label["x"] + label["width"] <= beyond


def test_name_at_the_edge_covers_no_station(page: Page, server: Server) -> None:
    opened(page, server)
    box = page.locator("#map .far").bounding_box()
    assert box
    for x, y in dots(page).values():
        inside = box["x"] <= x <= box["x"] + box["width"], box["y"] <= y <= box["y"] + box["height"]
        assert not all(inside)
    coast = page.evaluate("document.querySelector('#map .land').getBoundingClientRect().right")
    assert box["x"] > coast


def test_click_from_no_pointer(page: Page, server: Server) -> None:
    """As a screen reader may send it."""
    opened(page, server)
    page.get_by_role("radio", name="Norfolk Island").dispatch_event("click")
    chosen(page, "Norfolk Island")


def test_focus_stays_on_the_chosen(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_role("radio", name="Darwin").click()
    chosen(page, "Darwin")
    expect(page.get_by_role("radio", name="Darwin")).to_be_focused()
    page.keyboard.press("ArrowRight")
    chosen(page, "Gold Coast")
    expect(page.get_by_role("radio", name="Gold Coast")).to_be_focused()


def test_arrows_go_on_from_what_was_typed(page: Page, server: Server) -> None:
    opened(page, server)
    page.locator("#station").fill("Hobart")
    page.keyboard.press("Tab")
    chosen(page, "Hobart")
    expect(page.get_by_role("radio", name="Hobart")).to_be_focused()
    page.keyboard.press("ArrowRight")
    chosen(page, "Katherine")


@pytest.mark.parametrize("failing", [False, True])
def test_focus_stays_on_the_button(page: Page, server: Server, failing: bool) -> None:
    opened(page, server)
    if failing:
        page.route("**/random-fill", lambda route: route.abort())
    page.get_by_role("button", name="Surprise me").focus()
    page.keyboard.press("Enter")
    if failing:
        expect(page.locator("#failure")).not_to_be_empty()
        expect(page.get_by_role("button", name="Surprise me")).to_be_focused()
    else:
        expect(page.locator("#answer")).to_be_focused()
    upload(page, MONTH)
    expect(page.locator("#calendar")).to_be_visible()
    expect(page.get_by_role("button", name="Forecast every day")).to_be_focused()
    expect(page.locator("#file-state")).to_have_text("30 days forecast.")


def test_map_of_the_skill_is_a_picture(page: Page, server: Server) -> None:
    opened(page, server)
    cursor = "document.querySelector('{} .station').computedStyleMap().get('cursor').value"
    assert page.evaluate(cursor.format("#map")) == "pointer"
    assert page.evaluate(cursor.format("#skill-map")) != "pointer"


@pytest.mark.parametrize("phone", [False, True])
def test_longest_name_is_read(page: Page, server: Server, phone: bool) -> None:
    if phone:
        page.set_viewport_size(PHONE)
    opened(page, server)
    for name in ("Melbourne Airport", "Norfolk Island", "Badgerys Creek", "Mount Gambier"):
        page.locator("#station").fill(name)
        assert page.evaluate(
            "(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)"
            "(document.getElementById('station'))"
        )
