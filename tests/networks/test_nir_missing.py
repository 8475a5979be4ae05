"""Without the package nir the rest works, and asking for it says what to install."""

import sys

import numpy as np
import pytest

import numsnn as ns
from numsnn.nir import read_nir, write_nir


def test_the_package_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    network = ns.Serial(ns.LIF())
    params = network.init(np.random.default_rng(0))
    for ask in (
        lambda: write_nir(tmp_path / "a.nir", network, params, (3,)),
        lambda: read_nir(tmp_path / "a.nir"),
    ):
        with pytest.raises(ns.NumsnnError, match=r'pip install "numsnn\[nir\]"'):
            ask()
