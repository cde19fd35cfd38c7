"""The page that shows the API, in a browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from function.routes import ROUTES
from tests.serving import Server

pytestmark = pytest.mark.browser


def test_every_operation_is_shown(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    expect(page.locator(".opblock")).to_have_count(len(ROUTES))
    expect(page.get_by_role("heading", name="rain-tomorrow", exact=False).first).to_be_visible()


def test_prediction_is_tried(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    operation = page.locator("#operations-rain-tomorrow-post-predict")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("textarea").fill('{"observation": {"Location": "Hobart"}}')
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer.locator("tbody .response-col_status").first).to_contain_text("200")
    expect(answer).to_contain_text("The chance of rain tomorrow in Hobart is")


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("rain-tomorrow-post-function", "application/json"),
        ("rain-tomorrow-post-function", "application/cloudevents+json"),
        ("rain-tomorrow-post-predict", "application/json"),
        ("rain-tomorrow-post-random-fill", "application/json"),
        ("Open_Inference_Protocol-post-v2-models-model-infer", "application/json"),
    ],
)
def test_example_is_tried(page: Page, server: Server, operation: str, kind: str) -> None:
    """Without typing anything."""
    page.goto(f"{server.url}/docs")
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_label("Request content type").select_option(kind)
    block.get_by_role("button", name="Execute").click()
    status = block.locator(".live-responses-table tbody .response-col_status").first
    expect(status).to_contain_text("200")


def test_name_and_password_in_the_address(browser: Browser, server: Server) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.url.replace('//', '//alice:wonderland@')}/docs")
        expect(page.locator(".opblock")).to_have_count(len(ROUTES))
