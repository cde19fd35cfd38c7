"""What is used of Werkzeug, which nobody imports but through here.

It takes a fifth of a start, and most requests need none of it: whoever does imports this where it
is needed. Two threads that began with different parts of Werkzeug at the same moment would each
wait for the other's, and go on with half of it.
"""

from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.exceptions import (
    ClientDisconnected,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)
from werkzeug.http import parse_accept_header, parse_etags
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

__all__ = [
    "ClientDisconnected",
    "LanguageAccept",
    "MIMEAccept",
    "Map",
    "MethodNotAllowed",
    "NotFound",
    "Request",
    "RequestEntityTooLarge",
    "Rule",
    "parse_accept_header",
    "parse_etags",
]
