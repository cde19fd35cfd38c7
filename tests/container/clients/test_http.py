import gzip
import json

from .api import Api

DOCUMENT = {
    "observation": {"Location": "Hobart", "Date": "2024-06-30", "Humidity3pm": 71},
    "fill": {"seed": 7},
}


def test_compressed_answers(api: Api) -> None:
    """Who asks for it gets large answers compressed."""
    packed = api.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    plain = api.get("/metrics", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_compressed_bodies(api: Api) -> None:
    """A compressed body is read, and one that is not what it says is refused."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = gzip.compress(json.dumps(DOCUMENT).encode())
    answer = api.post("/predict", data=body, headers=headers)
    assert answer.json() == api.post("/predict", DOCUMENT).json()
    assert api.post("/predict", data=b"no gzip", headers=headers).status_code == 400
    other = {**headers, "Content-Encoding": "br"}
    assert api.post("/predict", data=body, headers=other).status_code == 415


def test_what_does_not_change(api: Api) -> None:
    """What does not change need not be fetched twice; what does is kept by nobody."""
    for path in ("/metrics", "/models", "/stations", "/openapi.json"):
        answer = api.get(path)
        assert "max-age" in answer.headers["Cache-Control"]
        again = api.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert api.get("/status").headers["Cache-Control"] == "no-store"
    assert api.post("/predict", DOCUMENT).headers["Cache-Control"] == "no-store"


def test_languages(api: Api) -> None:
    """The sentence is English or French, as the caller likes best."""
    sentences = {}
    for language in ("en", "fr"):
        answer = api.post("/predict", DOCUMENT, headers={"Accept-Language": language})
        assert answer.headers["Content-Language"] == language
        sentences[language] = answer.json()["prediction"]["message"]
    assert "rain tomorrow in Hobart" in sentences["en"]
    assert "pluie demain \N{LATIN SMALL LETTER A WITH GRAVE} Hobart" in sentences["fr"]


def test_options(api: Api) -> None:
    """OPTIONS tells the methods of a path, and another method is refused with them."""
    answer = api.stranger("OPTIONS", "/predict")
    assert answer.ok
    assert "POST" in answer.headers["Allow"]
    refused = api.stranger("DELETE", "/predict")
    assert refused.status_code == 405
    assert "POST" in refused.headers["Allow"]


def test_pages_of_others(api: Api) -> None:
    """A page that nobody named may not call from a browser."""
    asked = {"Origin": "https://stranger.invalid", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "GET"):
        answer = api.stranger(method, "/status", headers=asked)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_nobody_guesses(api: Api) -> None:
    """No browser guesses what kind of answer it got."""
    for path in ("/", "/status", "/metrics", "/nowhere"):
        assert api.get(path).headers["X-Content-Type-Options"] == "nosniff"
