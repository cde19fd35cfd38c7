"""The floor: functions-framework's own first example."""

import flask
import functions_framework


@functions_framework.http
def hello(_request: flask.Request) -> str:
    """Answer the same to everybody."""
    return "Hello world!"
