"""`scripts/bench`: measures the contenders one after another, and tells what came of it."""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.markdown import Markdown

from scripts.benchmark import report
from scripts.benchmark.contenders import CONTENDERS, PEERS, Contender
from scripts.benchmark.environments import python
from scripts.benchmark.load import require_wrk, wrk
from scripts.benchmark.measure import Bench, Effort
from scripts.benchmark.processes import ROOT, Cores, Unavailable, pinned
from scripts.benchmark.results import Measured, Profile, Results, Turns
from scripts.measured import require_writable
from scripts.training.failure import Failure, run

DOCS: Final = ROOT / "docs"
FIGURES: Final = DOCS / "performance.json"
_PACKAGES: Final = (
    *("functions-framework", "flask", "gunicorn", "granian", "onnxruntime", "numpy"),
    *("scikit-learn", "pandas"),
)
QUICK: Final = Effort(1, 0, 2, 400, 2, 0.02, everything=False)
# The two whose memory is compared under many mixed requests.
_WATCHED: Final = ("ours", "hello-granian")
# Those that the bars compare.
_IN_TURNS: Final = ("ours", "hello-granian", "hello-ff", "naive")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure the function beside its peers: fifteen minutes. A whole run writes "
        "docs/performance.json and docs/performance.md.",
    )
    names = [contender.name for contender in (*CONTENDERS, *PEERS)]
    parser.add_argument(
        "--only", action="append", choices=names, help="measure this one, no others"
    )
    parser.add_argument("--peers", action="store_true", help="MLServer and KServe too")
    parser.add_argument(
        "--inprocess", action="store_true", help="only what a prediction costs without HTTP"
    )
    parser.add_argument("--quick", action="store_true", help="short, for a first look")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the figures here, as JSON"
    )
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help="measure nothing: write the document from its figures",
    )
    return parser.parse_args()


def about(cores: Cores, arguments: Sequence[str]) -> dict[str, str]:
    """Describe the machine, the versions, and how it was measured."""
    alone = "server and load on the only core"
    return {
        "command": " ".join(["scripts/bench", *arguments]),
        "date": time.strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "pinned": alone if cores.server is None else "server and load pinned to one each",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": ", ".join([*(f"{name} {metadata.version(name)}" for name in _PACKAGES), wrk()]),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def measure(contender: Contender, bench: Bench) -> Measured:
    """Measure a contender; one that cannot take part tells why."""
    measured = Measured(contender.name, contender.title)
    _say(f"{contender.title} ...")
    try:
        found = python(contender.environment)
        measured.cells, measured.pss_bytes = bench.load(contender, found)
        measured.starts = bench.starts(contender, found)
        if contender.name in _WATCHED:
            measured.mixed = bench.memory(contender, found)
    except Unavailable as reason:
        measured.missing = str(reason)
        _say(f"  {reason}")
    return measured


def in_turns(bench: Bench) -> list[Turns]:
    """Let those that are compared answer in turns; none, where one of them cannot take part."""
    _say("in turns ...")
    compared = [one for one in CONTENDERS if one.name in _IN_TURNS]
    try:
        return bench.turns([(one, python(one.environment)) for one in compared])
    except Unavailable as reason:
        _say(f"  {reason}")
        return []


def profile(cores: Cores, effort: Effort) -> Profile:
    """Measure what a prediction costs without HTTP; raises Failure."""
    _say("in-process ...")
    try:
        command = [python("serve"), "-P", "-m", "scripts.benchmark.inprocess"]
    except Unavailable as reason:
        raise Failure(f"The serving environment {reason}.") from reason
    command += ["--seconds", str(effort.profile)]
    done = subprocess.run(
        pinned(cores.server, command),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise Failure(f"The profile failed: {done.stderr.decode()[-500:]}")
    return msgspec.json.decode(done.stdout, type=Profile)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def chosen(options: argparse.Namespace) -> list[Contender]:
    """Contenders that the options ask for."""
    if options.only:
        return [each for each in (*CONTENDERS, *PEERS) if each.name in options.only]
    return [*CONTENDERS, *PEERS] if options.peers else [*CONTENDERS]


def measure_all(options: argparse.Namespace) -> Results:
    """Measure what the options ask for; raises Failure."""
    cores, effort = Cores.usable(), QUICK if options.quick else Effort()
    results = Results(about(cores, sys.argv[1:]))
    if cores.server is None:
        _say("There is one core only: nothing is pinned, and the load takes time from the servers.")
    if not options.inprocess:
        require_wrk()
        bench = Bench(cores, effort)
        if cores.load is not None:
            os.sched_setaffinity(0, {cores.load})
        results.contenders = [measure(contender, bench) for contender in chosen(options)]
        if not options.only:
            results.turns = in_turns(bench)
    if options.inprocess or not options.only:
        results.profile = profile(cores, effort)
    return results


def main() -> None:
    """Run the command."""
    options = _options()
    if options.write_docs:
        report.write(Results.read(options.output or FIGURES), DOCS)
        return
    partial = options.quick or options.only or options.inprocess
    output = options.output or (None if partial else FIGURES)
    if output:
        require_writable(output)
    results = measure_all(options)
    if output:
        results.write(output)
    if output and output.resolve() == FIGURES:
        report.write(results, DOCS)
    text = "\n\n".join(report.sections(results))
    if sys.stdout.isatty():
        Console().print(Markdown(text))
    else:
        print(text)


if __name__ == "__main__":
    run(main)
