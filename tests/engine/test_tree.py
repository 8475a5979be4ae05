"""Trees: walking, names, putting back together, and errors that say where two differ."""

from typing import NamedTuple

import numpy as np
import pytest

from numsnn import NumsnnError
from numsnn.tree import (
    add,
    cast,
    flatten,
    leaves,
    map_named,
    map_tree,
    named_leaves,
    unflatten,
    zeros_like,
)


class Pair(NamedTuple):
    weight: object
    bias: object


TREE = (Pair(np.arange(2.0), None), {"a": np.array(3.0), "b": (np.arange(4.0),)}, None)


def test_leaves_have_names_and_an_order():
    assert [name for name, _ in named_leaves(TREE)] == ["0/weight", "1/a", "1/b/0"]
    assert [np.size(leaf) for leaf in leaves(TREE)] == [2, 1, 4]


def test_map_keeps_the_structure():
    doubled = map_tree(lambda a, b: a + b, TREE, TREE)
    assert isinstance(doubled[0], Pair)
    assert doubled[0].bias is None and doubled[2] is None
    assert doubled[1]["b"][0].tolist() == [0, 2, 4, 6]
    names = []
    map_named(lambda name, leaf: names.append(name), TREE)
    assert names == ["0/weight", "1/a", "1/b/0"]
    assert add(TREE, TREE)[1]["a"] == 6
    assert not zeros_like(TREE)[0].weight.any()
    assert all(leaf.dtype == np.float32 for leaf in leaves(cast(TREE, np.float32)))


def test_flatten_and_back():
    flat = flatten(TREE)
    assert list(flat) == ["0/weight", "1/a", "1/b/0"]
    again = unflatten(zeros_like(TREE), flat)
    assert isinstance(again[0], Pair)
    for a, b in zip(leaves(again), leaves(TREE), strict=True):
        np.testing.assert_array_equal(a, b)


def test_differing_structures_are_refused_by_place():
    with pytest.raises(NumsnnError, match=r"at '1'.*\['a', 'b'\]"):
        map_tree(lambda a, b: a, TREE, (TREE[0], {"a": np.zeros(())}, None))
    with pytest.raises(NumsnnError, match="at 'the root'"):
        map_tree(lambda a, b: a, TREE, np.zeros(3))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda flat: flat.pop("1/a"), "'1/a' is missing"),
        (lambda flat: flat.update(x=np.zeros(1)), "'x' has no place"),
        (lambda flat: flat.update({"1/a": np.zeros(2)}), r"'1/a' expects float64 \(\)"),
        (lambda flat: flat.update({"1/a": np.float32(0)}), "found float32"),
    ],
)
def test_unflatten_refuses_what_does_not_fit(change, match):
    flat = flatten(TREE)
    change(flat)
    with pytest.raises(NumsnnError, match=match):
        unflatten(TREE, flat)
