"""`scripts/get-data`: fetches the public observations, for those who have a network.

They ship in the R package rattle (GPL >= 2), as its data set weatherAUS; the Australian Bureau of
Meteorology made the observations.
"""

import argparse
import shlex
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pooch
import requests

from scripts.training.dataset import FETCHED
from scripts.training.failure import Failure, run

PACKAGE: Final = "rattle_5.6.2.tar.gz"
SHA256: Final = "8b226e45f9438d5402214a0fb8374a15bc9fbefb3c2dffa2744eddbba7cd22fd"
# CRAN moves a package to the archive when its successor comes.
MIRRORS: Final = (
    f"https://cran.r-project.org/src/contrib/{PACKAGE}",
    f"https://cran.r-project.org/src/contrib/Archive/rattle/{PACKAGE}",
)
_DATA_SET: Final = "weatherAUS"
_SUFFIXES: Final = (".RData", ".rda")  # its page of documentation is called the same
_INSTEAD: Final = (
    f"download {MIRRORS[0]} by hand, "
    f"and pass the {_DATA_SET}.RData in it to scripts/train with --data"
)


def fetch(urls: Sequence[str], sha256: str, folder: Path) -> Path:
    """Download the package into a folder, verify it, and unpack its data set beside it.

    Raises:
        Failure: No address answers, or what came is not the package.

    """
    package = _download(urls, sha256, folder)
    try:
        with tarfile.open(package) as archive:
            member = next(m for m in archive if m.isfile() and _is_data_set(Path(m.name)))
            member.name = Path(member.name).name
            archive.extract(member, folder, filter="data")
    except (tarfile.TarError, StopIteration) as error:
        raise Failure(f"{package} does not hold {_DATA_SET}; {_INSTEAD}.") from error
    return folder / member.name


def _is_data_set(path: Path) -> bool:
    return path.stem == _DATA_SET and path.suffix in _SUFFIXES


def _download(urls: Sequence[str], sha256: str, folder: Path) -> Path:
    fetcher = pooch.HTTPDownloader(progressbar=True, timeout=30)
    for url in urls:
        try:
            return Path(pooch.retrieve(url, f"sha256:{sha256}", PACKAGE, folder, None, fetcher))
        except requests.RequestException:
            continue
        except OSError as error:
            raise Failure(f"{folder} cannot be written ({error}); pass --output.") from error
        except ValueError as error:
            raise Failure(
                f"What {url} sent is not the file that was expected (sha256 differs); {_INSTEAD}."
            ) from error
    raise Failure(f"Could not reach {' or '.join(urls)}; {_INSTEAD}.")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/get-data", description="Download the observations (rattle's weatherAUS)."
    )
    parser.add_argument("--output", type=Path, default=FETCHED.parent, help="folder")
    parser.add_argument("--url", help="another address of the package")
    parser.add_argument("--sha256", default=SHA256, help="what the package must hash to")
    options = parser.parse_args()
    path = fetch([options.url] if options.url else MIRRORS, options.sha256, options.output)
    print(f"{path}\nTrain with: scripts/train --data {shlex.quote(str(path))}")


if __name__ == "__main__":
    run(main)
