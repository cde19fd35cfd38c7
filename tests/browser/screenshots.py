"""Takes the pictures of docs/page.md and README.

.venv/test/bin/python -m tests.browser.screenshots
"""

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import expect, sync_playwright

from tests.serving import ALICE, ROOT, serve

DESKTOP: Final = {"width": 1200, "height": 1250}
GLANCE: Final = {"width": 1200, "height": 400}
PHONE: Final = {"width": 390, "height": 1250}
PICTURES: Final = {
    "page.png": (GLANCE, "light", True),
    "page-desktop.png": (DESKTOP, "light", False),
    "page-phone.png": (PHONE, "light", True),
    "page-dark.png": (DESKTOP, "dark", True),
    "page-performance.png": (DESKTOP, "light", None),
}
"""By file: the size, the colours, and whether the answer stands at the top; None: the figures."""


def take(folder: Path) -> None:
    """Ask about a humid day in Hobart, and take every picture."""
    user, password = ALICE
    with (
        tempfile.TemporaryDirectory() as scratch,
        serve(Path(scratch) / "log", "granian") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for name, (size, colors, below) in PICTURES.items():
            page = browser.new_page(
                viewport=size,  # type: ignore[arg-type]
                color_scheme=colors,  # type: ignore[arg-type]
                reduced_motion="reduce",
                http_credentials={"username": user, "password": password},
            )
            page.add_init_script("crypto.getRandomValues = (numbers) => numbers.fill(7)")
            page.goto(server.url)
            expect(page.locator("#figures table")).to_be_visible()
            page.get_by_role("radio", name="Hobart").click()
            page.get_by_label("The day you know of").fill("2026-08-12")
            page.get_by_label("Relative humidity at 3pm").fill("71")
            page.get_by_label("Sea-level pressure at 3pm").fill("1008")
            if below is not None:
                page.get_by_role("button", name="Will it rain?").click()
                expect(page.locator("#answer")).to_be_visible()
            place = {True: "answer", None: "performance"}.get(below)
            page.evaluate(
                "id => id ? document.getElementById(id).scrollIntoView() : scrollTo(0, 0)", place
            )
            page.evaluate("document.activeElement.blur()")
            page.screenshot(path=folder / name)
        browser.close()


if __name__ == "__main__":
    take(ROOT / "docs")
