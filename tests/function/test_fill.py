from collections.abc import Callable

import numpy as np
import pytest

from function.artifacts import Artifacts
from function.fill import MAX_SEED, Fill, Filler, Strategy, locate, new_seed
from function.observation import COLUMN, DIRECTIONS, FIELDS, NUMERIC, Observations, Raw
from function.problems import DeploymentError
from function.stations import Stations

HOBART = 18.0
FILLING: tuple[Strategy, ...] = ("climatology", "uniform")


def rows(count: int) -> Raw:
    raw = np.full((count, len(FIELDS)), np.nan)
    raw[:, 0], raw[:, 1] = HOBART, 182
    return raw


def test_uniform_spreads_over_the_range(filler: Filler) -> None:
    (completion,) = filler.complete(rows(1), Fill("uniform", 1000, 4))
    assert completion.samples.shape == (1000, 22)
    assert not np.isnan(completion.samples).any()
    humidity = completion.samples[:, COLUMN["Humidity3pm"]]
    assert humidity.min() < 5
    assert humidity.max() > 95
    assert (humidity % 1 == 0).all()
    for index in DIRECTIONS:
        assert set(completion.samples[:, index]) == set(range(16))
    assert (completion.samples[:, 0] == HOBART).all()


@pytest.mark.parametrize("strategy", FILLING)
def test_what_is_known_stays(filler: Filler, strategy: Strategy) -> None:
    raw = rows(2)
    raw[0, NUMERIC[0]] = 3.3
    raw[1] = 1.0
    (completion,) = filler.complete(raw, Fill(strategy, 3, 4))
    assert completion.starts.tolist() == [0, 3]
    assert len(completion.samples) == 3 + 1
    assert (completion.samples[:3, NUMERIC[0]] == 3.3).all()
    first = completion.first()
    assert (first[1] == 1.0).all()
    assert (first[0] == completion.samples[0]).all()


def test_none_leaves_gaps(filler: Filler) -> None:
    (completion,) = filler.complete(rows(2), Fill("none", 50, 4))
    assert np.isnan(completion.samples).any()
    assert len(completion.samples) == 2
    assert not completion.missing.any()


@pytest.mark.parametrize("strategy", FILLING)
@pytest.mark.parametrize("seed", [0, 1, MAX_SEED])
def test_seed_decides(filler: Filler, seed: int, strategy: Strategy) -> None:
    one, two, other = (
        next(filler.complete(rows(3), Fill(strategy, 2, each))) for each in (seed, seed, seed ^ 1)
    )
    assert (one.samples == two.samples).all()
    assert (one.samples != other.samples).any()


def test_blocks_bound_what_is_done_at_once(filler: Filler) -> None:
    fill = Fill("climatology", 500, 4)
    blocks = list(filler.complete(rows(7), fill))
    assert [len(block.missing) for block in blocks] == [2, 2, 2, 1]
    samples = np.concatenate([block.samples for block in blocks])
    assert len(np.unique(samples[:, NUMERIC], axis=0)) > 3400  # no block repeats another's numbers
    assert (filler.fill_once(rows(7), fill) == samples[::500]).all()


def test_new_seeds_fit_javascript() -> None:
    seeds = {new_seed() for _ in range(100)}
    assert len(seeds) == 100
    assert max(seeds) < 2**53


def test_locate_draws_a_station_and_its_today(stations: Stations) -> None:
    raw = rows(3)
    raw[1:, :2] = np.nan
    nowhere = Observations(raw, (None, None, None))
    located = locate(nowhere, 5, stations)
    assert located.raw[0, 0] == HOBART
    for row in (1, 2):
        station = int(located.raw[row, 0])
        assert located.dates[row] == stations.today(station)
        assert 1 <= located.raw[row, 1] <= 366
    assert np.isnan(raw[1, 0])


def test_stations_have_a_stream_of_their_own(stations: Stations, filler: Filler) -> None:
    """The station of one row tells nothing of the values of another."""
    unknown = Observations(np.full((2, len(FIELDS)), np.nan), (None, None))
    place, value = [], []
    for seed in range(500):
        located = locate(unknown, seed, stations)
        place.append(located.raw[1, 0])
        value.append(filler.fill_once(located.raw, Fill("uniform", 1, seed))[0, NUMERIC[0]])
    assert abs(np.corrcoef(place, value)[0, 1]) < 0.15


def test_locate_leaves_known_places_alone(stations: Stations) -> None:
    known = Observations(rows(2), (None, None))
    assert locate(known, 5, stations) is known


@pytest.mark.parametrize("content", [b"", b"variable,minimum\n", b"\xff", b"variable\nMinTemp\n"])
def test_damaged_ranges(learned: Callable[[str, bytes], Artifacts], content: bytes) -> None:
    with pytest.raises(DeploymentError, match=r"numeric_ranges\.csv"):
        Filler.load(learned("numeric_ranges.csv", content))
