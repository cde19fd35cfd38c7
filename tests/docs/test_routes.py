"""Every route stands in README's table."""

import pytest

from function.routes import ROUTES
from tests.serving import ROOT

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_route_is_listed_with_whether_it_asks_who_calls(route) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    path = route.path.replace("<", "{").replace(">", "}")
    rows = [
        row
        for row in README.splitlines()
        if row.startswith(f"| `{route.method} ") and f"{path}`" in row
    ]
    assert any(row.endswith("| user |") == route.authentication for row in rows)
