"""NDJSON (https://github.com/ndjson/ndjson-spec): an observation in every line."""

from collections.abc import Iterator

from function.payload import Row, decode
from function.problems import Malformed


def rows(content: bytes) -> Iterator[Row]:
    """Observations, with the line of each; empty lines are passed over.

    Raises:
        Malformed: A line is not JSON in UTF-8; it is named.

    """
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield f"/line/{number}", decode(line)
        except Malformed as problem:
            detail = problem.detail.replace("The body", f"Line {number}", 1)
            raise Malformed(detail) from None
