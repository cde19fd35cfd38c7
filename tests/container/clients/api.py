"""The API under test, and the settings that say where it is.

All are environment variables:

    API_URL    where the API is; http://api:8080
    API_HOST   Host header to send, for a gateway that routes by it; the URL's own
    API_USERS  users who may call, name:password, with commas between; the demo users
    MODEL      the model to test; all four
    LOG        1: append the report to LOG_FILE too
    LOG_FILE   /log/api_test.log
    WAIT       seconds to wait for the API to be ready; 60
"""

import os
import time
from typing import Any

import requests

DEMO_USERS = "alice:wonderland,bob:builder,clementine:mandarine"
MODELS = ("decision-tree", "logistic-regression", "random-forest", "support-vector-machine")
TIMEOUT_SECONDS = 30


def setting(name: str, default: str) -> str:
    """An environment variable; one that is empty counts as not set."""
    return os.environ.get(name) or default


class Api:
    """The API under test, called as its first user."""

    def __init__(self) -> None:
        self.url = setting("API_URL", "http://api:8080").rstrip("/")
        pairs = setting("API_USERS", DEMO_USERS).split(",")
        self.users = [(name, password) for name, _, password in (p.partition(":") for p in pairs)]
        self.session = requests.Session()
        self.session.auth = self.users[0]
        if host := setting("API_HOST", ""):
            self.session.headers["Host"] = host

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET a path."""
        return self.session.get(self.url + path, timeout=TIMEOUT_SECONDS, **options)

    def post(self, path: str, document: object = None, **options: Any) -> requests.Response:
        """POST a JSON document, or what the options say."""
        if document is not None:
            options["json"] = document
        return self.session.post(self.url + path, timeout=TIMEOUT_SECONDS, **options)

    def stranger(self, verb: str, path: str, **options: Any) -> requests.Response:
        """Send a request without credentials, or with those in the options."""
        headers = {**self.session.headers, **options.pop("headers", {})}
        url = self.url + path
        return requests.request(verb, url, timeout=TIMEOUT_SECONDS, headers=headers, **options)

    def wait(self) -> str:
        """Wait until every model answers; gives what is wrong where that does not happen."""
        problem = ""
        deadline = time.monotonic() + float(setting("WAIT", "60"))
        while time.monotonic() < deadline:
            try:
                response = self.session.get(self.url + "/health/ready", timeout=5)
            except requests.RequestException as error:
                problem = type(error).__name__
            else:
                if response.ok:
                    return ""
                problem = f"{response.status_code} {response.reason}"
            time.sleep(0.2)
        return problem
