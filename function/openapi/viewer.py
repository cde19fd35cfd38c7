"""Pages to read and try the API: Swagger UI, from its package, with nothing of anybody else's.

Its files come with the package flask-swagger-ui: https://swagger.io/tools/swagger-ui.
"""

import functools
import importlib.util
from pathlib import Path
from typing import Final

from function.call import Answer
from function.manners import OF_PAGE, OF_PAGE_FILE
from function.problems import NotFound

_CSS: Final = "text/css; charset=utf-8"
_JS: Final = "text/javascript; charset=utf-8"
FILES: Final = {
    "swagger-ui.css": _CSS,
    "swagger-ui-bundle.js": _JS,
    "start.js": _JS,
}
"""Files beside the page, and their types."""
_PAGE: Final = b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rain-tomorrow: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<main id="api"></main>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = b"""\
"use strict";
SwaggerUIBundle({
  url: new URL("openapi.json", location.href).href,  // without name and password
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
"""


def page() -> Answer:
    """Give the page."""
    return Answer(_PAGE, "text/html; charset=utf-8", headers=OF_PAGE, constant=True)


def file(name: str) -> Answer:
    """Give a file beside the page; raises `NotFound`."""
    if name not in FILES:
        raise NotFound("There is no such file; GET /docs is the page.")
    return Answer(_content(name), FILES[name], headers=OF_PAGE_FILE, constant=True)


@functools.cache
def _content(name: str) -> bytes:
    if name == "start.js":
        return _START
    spec = importlib.util.find_spec("flask_swagger_ui")
    if spec is None or spec.origin is None:  # a lock without it was installed
        raise NotFound("The package flask-swagger-ui is not installed.")
    return (Path(spec.origin).parent / "dist" / name).read_bytes()
