"""A real browser, and a page that tells when something is not as it should be."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.serving import ALICE, Server, serve

# Other tests run beside these, and take both processors at times.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The function as it is deployed."""
    with serve(tmp_path_factory.mktemp("server") / "log", "granian") as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page of alice's; fails where it complains, or asks any other host for anything."""
    user, password = ALICE
    context = browser.new_context(http_credentials={"username": user, "password": password})
    page = context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource")  # the browser's word for a 4xx
        if message.type in {"error", "warning"} and not refused:
            complaints.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((server.url, "data:", "blob:")):
            complaints.append(request.url)

    def failed(request: Request) -> None:
        if request.failure == "net::ERR_NETWORK_CHANGED":  # as when a container starts meanwhile
            complaints.append(f"{request.url}: {request.failure}")

    page.on("console", heard)
    page.on("requestfailed", failed)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", asked)
    yield page
    context.close()
    assert complaints == []
