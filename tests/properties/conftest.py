"""Small networks: the work of starting threads would be all of the work."""

import pytest

from numsnn import parallel


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    parallel.set_threads(1)
    yield
    parallel.set_threads(0)
