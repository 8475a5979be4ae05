"""Hypothesis profiles, and where the data tests find their files."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

# In CI the same cases every time, and nothing kept: a failure there is a failure everywhere.
# No test is timed: a slow machine is no failure.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
settings.register_profile("ci", untimed, derandomize=True, database=None)
# Elsewhere fresh cases at every run, and what failed once is tried again first.
settings.register_profile(
    "local",
    untimed,
    derandomize=False,
    database=DirectoryBasedExampleDatabase(".hypothesis/examples"),
)
# A long search, by hand: pytest --hypothesis-profile=long
settings.register_profile("long", settings.get_profile("local"), max_examples=1000)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The directory with the data sets, from the environment variable NUMSNN_DATA."""
    given = os.environ.get("NUMSNN_DATA", "")
    if not given:
        pytest.skip("NUMSNN_DATA is not set: no data sets to read")
    if not Path(given).is_dir():
        pytest.skip(f"NUMSNN_DATA names no directory: {given}")
    return Path(given)
