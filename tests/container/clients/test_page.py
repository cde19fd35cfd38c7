import re

from .api import Api

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_page(api: Api) -> None:
    """A browser gets a page, which names no other host and lets nothing else in."""
    page = api.stranger("GET", "/", headers=BROWSER)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'"
    )
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)


def test_files_of_the_page(api: Api) -> None:
    """All that the page is made of is there, for everybody."""
    page = api.stranger("GET", "/", headers=BROWSER)
    files = re.findall(r'(?:src|href)="(page/[^"]+)"', page.text)
    assert files
    while files:
        answer = api.stranger("GET", f"/{files.pop()}")
        assert answer.ok
        assert answer.headers["Content-Type"].startswith(("text/css", "text/javascript"))
        files += [f"page/{name}" for name in re.findall(r'from "\./([^"]+)"', answer.text)]


def test_usual_weather(api: Api) -> None:
    """Each station tells what is usual at a time of the year."""
    for station in ("Hobart", "Darwin"):
        answer = api.stranger("GET", f"/stations/{station}?date=2024-01-15").json()
        assert (answer["name"], answer["date"]) == (station, "2024-01-15")
        usual = {field["name"]: field["usual"] for field in answer["fields"]}
        assert usual["MaxTemp"]["low"] < usual["MaxTemp"]["high"]
    assert api.stranger("GET", "/stations/Atlantis").status_code == 404


def test_description(api: Api) -> None:
    """The API is described for machines, and shown with nothing of another host."""
    document = api.stranger("GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    assert "post" in document["paths"]["/predict"]
    shown = api.stranger("GET", "/docs")
    assert "text/html" in shown.headers["Content-Type"]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', shown.text)
    assert "SwaggerUIBundle" in api.stranger("GET", "/docs/swagger-ui-bundle.js").text
