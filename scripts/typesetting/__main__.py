"""Typst's part: text, drawings and figures become a PDF and SVGs, the same bytes every time."""

import argparse
from pathlib import Path
from typing import Final, Literal

import matplotlib as mpl
import msgspec
import typst

from scripts.training.failure import Failure, run
from scripts.typesetting import glance
from scripts.typesetting.figures import DOCS, ROOT, facts, gather

SOURCES: Final = DOCS / "report"
DRAWINGS: Final = {
    "request": "architecture-request.svg",
    "deployment": "architecture-deployment.svg",
}
REPORT: Final = "report.pdf"
# Matplotlib's fonts are those of its pictures; the text's own come with Typst.
_FONTS: Final = Path(mpl.get_data_path()) / "fonts" / "ttf"


def drawing(name: str) -> bytes:
    """SVG of a drawing."""
    return _compile("drawing.typ", "svg", name=name)


def report() -> bytes:
    """PDF of the report."""
    return _compile("report.typ", "pdf", figures=msgspec.json.encode(gather()).decode())


def _compile(source: str, form: Literal["pdf", "svg"], **inputs: str) -> bytes:
    """Set a source; raises Failure where it has a mistake."""
    compiler = typst.Compiler(
        SOURCES / source,
        root=ROOT,
        font_paths=[_FONTS],
        ignore_system_fonts=True,
        sys_inputs=inputs,
    )
    try:
        content, warnings = compiler.compile_with_warnings(format=form, timestamp=0)
    except typst.TypstError as error:
        raise Failure(f"{source} cannot be set: {error}") from error
    if warnings:
        raise Failure(f"{source}: {'; '.join(each.message for each in warnings)}")
    if not isinstance(content, bytes):  # Typst's answer to several pages of a drawing
        raise Failure(f"{source} is longer than a page.")
    return content


def write() -> None:
    """Run the command."""
    argparse.ArgumentParser(
        prog="scripts/report", description="Make the report, the drawings and README's figures."
    ).parse_args()
    for name, file in DRAWINGS.items():
        (DOCS / file).write_bytes(drawing(name))
    (DOCS / REPORT).write_bytes(report())
    glance.write(facts(), ROOT)
    print(f"docs/{REPORT}, README's figures, and {', '.join(DRAWINGS.values())}")


if __name__ == "__main__":
    run(write)
