"""The page for people, in a browser, over the real function."""

import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, ViewportSize, expect

from tests.serving import ALICE, ROOT, Server, serve

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 375, "height": 740}
MONTH = (ROOT / "docs" / "invented-month.csv").read_bytes()
LARGEST = 200_000  # bytes
FIRST_PAINT = 500  # milliseconds


def opened(page: Page, server: Server) -> Page:
    page.goto(server.url)
    expect(page.locator("body")).to_have_attribute("data-ready", "yes")
    expect(page.locator("#figures table")).to_be_visible()
    return page


def asked(page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """Press the button; what was sent, and what came back."""
    with page.expect_response(re.compile("/predict$")) as answer:
        page.get_by_role("button", name="Will it rain?").click()
    return msgspec.json.decode(answer.value.request.post_data or ""), answer.value.json()


def shown(page: Page) -> list[float]:
    expect(page.locator("#answer")).to_be_visible()
    return [
        float(each.get_attribute("data-probability") or "")
        for each in page.locator("#models .big").all()
    ]


def chosen(page: Page, town: str) -> None:
    expect(page.locator("#station")).to_have_value(town)
    expect(page.locator(".station[aria-checked=true]")).to_have_attribute("aria-label", town)


def violations(page: Page) -> list[str]:
    results = Axe().run(page)
    assert results.response["passes"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in results.response["violations"]]


def test_two_fields_give_four_probabilities(page: Page, server: Server) -> None:
    opened(page, server)
    station = page.locator("#station")
    station.fill("Hobart")
    station.press("Tab")
    chosen(page, "Hobart")
    expect(page.locator("#place")).to_contain_text("TAS")
    page.get_by_label("Relative humidity at 3pm").fill("93")
    page.get_by_label("Sea-level pressure at 3pm").fill("998.5")
    request, answer = asked(page)
    observation = request["observation"]
    assert observation["Location"] == "Hobart"
    assert (observation["Humidity3pm"], observation["Pressure3pm"]) == (93, 998.5)
    # Whoever sends the same again gets the same.
    again = server.post("/predict", request).json()
    said = [model["prediction"]["probability"] for model in again["models"].values()]
    assert len(said) == 4
    assert answer == again
    assert shown(page) == said
    default = server.call("GET", "/models").json()["default"]
    prediction = again["models"][default]["prediction"]
    expect(page.locator("#sentence")).to_have_text(prediction["message"])
    expect(page.locator("#filled-intro")).to_contain_text(f"{len(prediction['filled'])} fields")
    expect(page.locator("#narrowing meter")).to_have_count(len(prediction["sensitivity"]))
    assert {"Humidity3pm", "Pressure3pm"}.isdisjoint(prediction["sensitivity"])


@pytest.mark.parametrize("day", ["2026-08-12", ""])
def test_command_repeats_the_answer(browser: Browser, server: Server, day: str) -> None:
    """To the last digit and word, whatever language the browser likes best."""
    user, password = ALICE
    with browser.new_context(
        http_credentials={"username": user, "password": password}, locale="fr-FR"
    ) as context:
        page = opened(context.new_page(), server)
        page.get_by_role("radio", name="Alice Springs").click()
        chosen(page, "Alice Springs")
        page.get_by_label("The day you know of").fill(day)
        page.get_by_label("Relative humidity at 3pm").fill("55.5")
        _, answer = asked(page)
        expect(page.locator("#answer")).to_be_visible()
        command = page.locator("#curl").text_content() or ""
        page.get_by_role("button", name="Copy").click()
        expect(page.locator("#copied")).not_to_be_empty()
    assert command.startswith(f"curl -u '{user}' ")  # which asks for the password
    assert '"Date":"20' in command
    signed_in = command.replace("curl -u 'alice'", "curl --silent -u 'alice:wonderland'")
    done = subprocess.run(signed_in, shell=True, capture_output=True, check=True)
    assert msgspec.json.decode(done.stdout) == answer


def test_map_is_clicked(page: Page, server: Server) -> None:
    opened(page, server)
    expect(page.locator("#map .station")).to_have_count(49)
    page.get_by_role("radio", name="Darwin").click()
    chosen(page, "Darwin")
    expect(page.locator("#hint-Temp3pm")).to_contain_text("usually")
    expect(page.locator("#place")).to_contain_text("NT")


def test_keyboard_is_enough(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_role("radio", name="Sydney", exact=True).focus()
    page.keyboard.press("ArrowRight")
    chosen(page, "Sydney Airport")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Will it rain?")).to_be_focused()
    page.keyboard.press("Enter")
    assert len(shown(page)) == 4
    expect(page.locator("#answer")).to_be_focused()


def test_ranges_follow_the_season(page: Page, server: Server) -> None:
    opened(page, server)
    hint = page.locator("#hint-MinTemp")
    page.get_by_label("The day you know of").fill("2026-01-15")
    page.keyboard.press("Tab")
    expect(hint).not_to_be_empty()
    summer = hint.text_content() or ""
    page.get_by_label("The day you know of").fill("2026-07-15")
    page.keyboard.press("Tab")
    expect(hint).not_to_have_text(summer)


def test_surprise_fills_every_field(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_label("Relative humidity at 9am").fill("64")
    page.get_by_role("button", name="Surprise me").click()
    assert len(shown(page)) == 4
    for field in page.locator("#fields input, #fields select").all():
        assert field.input_value() != ""
    assert page.get_by_label("Relative humidity at 9am").input_value() == "64"
    expect(page.locator("#filled-intro")).to_contain_text("every field was given")
    page.get_by_role("button", name="Clear").click()
    assert page.get_by_label("Relative humidity at 9am").input_value() == ""


@pytest.mark.parametrize(
    ("label", "value", "told"),
    [
        ("Relative humidity at 3pm", "300", "must be a number from 0 to 100"),
        ("Sea-level pressure at 9am", "low", "must be a number"),
        ("Temperature at 9am", "-90", "must be a number from"),
        ("Temperature at 3pm", "-90", "60 (°C)"),
        ("Sea-level pressure at 3pm", "1,008", "must be a number"),
    ],
)
def test_error_lands_at_its_field(
    page: Page, server: Server, label: str, value: str, told: str
) -> None:
    opened(page, server)
    field = page.get_by_role("textbox", name=label)
    field.fill(value)
    page.get_by_role("button", name="Will it rain?").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile(re.escape(told)))
    expect(page.locator("#answer")).to_be_hidden()
    field.fill("")
    assert len(asked(page)[1]["models"]) == 4
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_empty_form_is_answered(page: Page, server: Server) -> None:
    opened(page, server)
    for field in page.locator("#fields input").all():
        field.fill("")
    request, answer = asked(page)
    assert request["observation"].keys() == {"Location", "Date"}
    assert shown(page) == [each["prediction"]["probability"] for each in answer["models"].values()]


def test_numbers_as_people_write_them(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_label("Minimum temperature to 9am").fill("\N{MINUS SIGN}2,5")
    page.get_by_label("Temperature at 9am").fill("12,25")
    observation = asked(page)[0]["observation"]
    assert (observation["MinTemp"], observation["Temp9am"]) == (-2.5, 12.25)


def test_one_field_is_drawn(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator("#filled-intro")).to_contain_text("every field was given")
    page.get_by_label("Relative humidity at 3pm").fill("")
    asked(page)
    expect(page.locator("#filled-intro")).to_contain_text("1 field was drawn")


def test_chance_just_below_the_threshold(page: Page, server: Server) -> None:
    def near(route: Route) -> None:
        answer = msgspec.json.decode(route.fetch().body())
        for model, chance in zip(
            answer["models"].values(), (0.2196, 0.2202, 0.23, 0.1), strict=True
        ):
            model["prediction"] |= {"probability": chance, "threshold": 0.2201}
        route.fulfill(json=answer)

    opened(page, server)
    page.route(re.compile("/predict$"), near)
    asked(page)
    assert shown(page) == [0.2196, 0.2202, 0.23, 0.1]
    cards = page.locator("#models .card")
    told = [("21.96%", "22.01%"), ("22%", "22%"), ("23%", "22%"), ("10%", "22%")]
    for card, (chance, threshold) in zip(cards.all(), told, strict=True):
        expect(card.locator(".big")).to_have_text(chance)
        expect(card).to_contain_text(f"says rain from {threshold} on")


@pytest.mark.parametrize("town", ["Atlantis", ""])
def test_unknown_town_is_told(page: Page, server: Server, town: str) -> None:
    opened(page, server)
    page.locator("#station").fill(town)
    page.get_by_role("button", name="Will it rain?").click()
    expect(page.locator("#station-error")).to_contain_text("none of the 49 stations")
    expect(page.locator("#station")).to_be_focused()


def test_browser_asks_for_the_password(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    page = opened(context.new_page(), server)
    page.get_by_role("button", name="Will it rain?").click()
    expect(page.locator("#state")).to_contain_text("your browser is asking who you are")
    context.close()


def test_wrong_password_is_told(browser: Browser, server: Server) -> None:
    context = browser.new_context(
        http_credentials={"username": "alice", "password": "looking-glass"}
    )
    page = opened(context.new_page(), server)
    page.get_by_role("button", name="Will it rain?").click()
    expect(page.locator("#failure")).to_contain_text("You are not signed in")
    expect(page.get_by_role("button", name="Will it rain?")).to_be_enabled()
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
        *(0, 0),
        "",
    ]
    context.close()


def upload(page: Page, content: bytes) -> None:
    file: FilePayload = {"name": "x.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("File", exact=True).set_input_files(files=[file])
    page.get_by_role("button", name="Forecast every day").click()


def test_file_of_the_bureau(page: Page, server: Server) -> None:
    opened(page, server)
    upload(page, MONTH)
    rows = page.locator("#calendar tbody tr")
    expect(rows).to_have_count(30)
    expect(rows.first).to_contain_text("2026-06-01")
    answer = server.call(
        *("POST", "/predict?draws=50&seed=1"), data=MONTH, headers={"Content-Type": "text/csv"}
    ).json()
    chances = [f"{100 * each['probability']:.0f}%" for each in answer["predictions"]]
    assert [row.locator("td").nth(2).text_content() for row in rows.all()] == chances
    said = ["rain" if each["rain_tomorrow"] else "no rain" for each in answer["predictions"]]
    assert [row.locator("td").nth(3).text_content() for row in rows.all()] == said
    assert {row.locator("td").first.text_content() for row in rows.all()} == {"Sydney"}


def test_table_is_pasted(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_label("Or its text").fill("Date,Humidity3pm\n2026-03-01,40\n2026-03-02,95\n")
    page.get_by_role("button", name="Forecast every day").click()
    expect(page.locator("#calendar tbody tr")).to_have_count(2)
    expect(page.locator("#calendar tbody tr").first).to_contain_text("Sydney")


def test_table_in_ways_of_its_own(page: Page, server: Server) -> None:
    """Columns named otherwise, cells between quotes, and what really happened the day after."""
    opened(page, server)
    table = (
        "RainTomorrow,,LOCATION,date,humidity_3pm\n"
        'No,"dew, and ""mist""",alice springs,2026-03-01,95\n'
        "Yes,,NA,NA,10\n"
    )
    page.get_by_label("Or its text").fill(table)
    page.get_by_role("button", name="Forecast every day").click()
    rows = page.locator("#calendar tbody tr")
    expect(rows).to_have_count(2)
    answer = server.call(
        *("POST", "/predict?draws=50&seed=1&location=Sydney"),
        data=table,
        headers={"Content-Type": "text/csv"},
    ).json()
    for row, days, town, each in zip(
        rows.all(),
        ["2026-03-01", "Row 2"],
        ["alice springs", "Sydney"],
        answer["predictions"],
        strict=True,
    ):
        said = "rain" if each["rain_tomorrow"] else "no rain"
        chance = f"{100 * each['probability']:.0f}%"
        assert row.locator("th, td").all_text_contents() == [days, town, "", chance, said]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x" * 5_000_000, "at most 2 MB"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not utf-8"),
        (b"Location,Date,Humidity3pm\nHobart,2026-01-01,300\n", "Line 2, Humidity3pm, must be"),
        (b"", "no header"),
    ],
)
def test_bad_file_is_told(page: Page, server: Server, content: bytes, told: str) -> None:
    opened(page, server)
    upload(page, content)
    expect(page.locator("#file-error")).to_contain_text(told)
    expect(page.locator("#calendar")).to_be_hidden()
    expect(page.get_by_role("button", name="Forecast every day")).to_be_enabled()


def test_lost_function_is_told(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian") as server, browser.new_context() as context:
        page = opened(context.new_page(), server)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=30)
        page.get_by_role("button", name="Will it rain?").click()
        expect(page.locator("#failure")).to_contain_text("cannot be reached")
        expect(page.get_by_role("button", name="Will it rain?")).to_be_enabled()


def test_slow_function_is_told(page: Page, server: Server) -> None:
    opened(page, server)
    page.route("**/predict", lambda _route: None)  # never answered
    page.get_by_role("button", name="Will it rain?").click()
    expect(page.locator("#state")).to_contain_text("Still at it")
    page.unroute_all()


def pictures(page: Page) -> list[Locator]:
    return [page.locator(f"#{name} svg") for name in ("roc", "reliability")]


def test_performance_is_shown(page: Page, server: Server) -> None:
    opened(page, server)
    for picture in pictures(page):
        expect(picture.locator(".curve")).to_have_count(8)
    metrics = server.call("GET", "/metrics").json()
    first = page.locator("#figures tbody tr").first
    figures = metrics["models"]["decision-tree"]
    expect(first).to_contain_text(f"{figures['roc_auc']:.3f}")
    expect(page.locator("#confusion table")).to_have_count(4)
    count = figures["confusion_matrix"]["true_positives"]
    expect(page.locator("#confusion table").first).to_contain_text(f"{count:,}")
    expect(page.locator("#skill tbody tr")).to_have_count(len(figures["stations"]))
    expect(page.locator("#skill-map .station")).to_have_count(49)
    before = page.locator("#skill").text_content()
    page.get_by_label("Model", exact=True).select_option("decision-tree")
    assert page.locator("#skill").text_content() != before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_everybody_can_read_it(
    page: Page,
    server: Server,
    scheme: Any,
    phone: bool,
) -> None:
    page.emulate_media(color_scheme=scheme)
    if phone:
        page.set_viewport_size(PHONE)
    opened(page, server)
    assert violations(page) == []
    asked(page)
    assert len(shown(page)) == 4
    upload(page, MONTH)
    expect(page.locator("#calendar tbody tr")).to_have_count(30)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 23, 29)"
    assert dark is (scheme == "dark")


def test_page_is_small_and_soon_there(page: Page, server: Server) -> None:
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda r: sizes.update({r.url: r.sizes()["responseBodySize"]}))
    opened(page, server)
    assert {f"{server.url}/", f"{server.url}/page/page.js", f"{server.url}/metrics"} <= sizes.keys()
    assert sum(sizes.values()) <= LARGEST
    paints = []
    for _ in range(5):
        page.reload()
        expect(page.locator("#map .station")).to_have_count(49)
        paints.append(
            page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        )
    assert sorted(paints)[2] <= FIRST_PAINT


def test_page_and_json_share_a_path(server: Server) -> None:
    index = server.call("GET", "/", auth=None)
    page = server.call("GET", "/", auth=None, headers={"Accept": "text/html,*/*;q=0.8"})
    assert index.headers["Content-Type"] == "application/json"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'se")
    for each in (index, page):
        assert each.headers["Vary"].startswith("Accept, ")
        assert each.headers["ETag"]
        assert each.headers["X-Content-Type-Options"] == "nosniff"
    assert server.call("GET", "/page/index.py", auth=None).status_code == 404
