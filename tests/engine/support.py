"""What several engine tests need: random trees, and what the output of a network costs."""

import numpy as np

from numsnn.tree import leaves, map_tree, named_leaves


def like(rng, tree):
    """A tree of the same structure, standard normal, in the same dtypes."""
    return map_tree(lambda leaf: rng.standard_normal(leaf.shape).astype(leaf.dtype), tree)


def assert_same(found, expected):
    """Every leaf has the same bits: the dtype, the shape, the numbers."""
    a, b = list(named_leaves(found)), list(named_leaves(expected))
    assert [name for name, _ in a] == [name for name, _ in b]
    for (name, x), (_, y) in zip(a, b, strict=True):
        assert np.asarray(x).dtype == np.asarray(y).dtype, name
        np.testing.assert_array_equal(x, y, err_msg=name)


def assert_near(found, expected, ulps=4096):
    """Two trees that differ by the order of their sums: at most ``ulps`` of the largest number.

    The largest number of the whole tree, since one that should be zero has no size of its own.
    """
    a, b = list(named_leaves(found)), list(named_leaves(expected))
    assert [name for name, _ in a] == [name for name, _ in b]
    largest = max((np.abs(y).max() for _, y in b if np.size(y)), default=0.0)
    eps = max(np.finfo(np.asarray(y).dtype).eps for _, y in b)
    for (name, x), (_, y) in zip(a, b, strict=True):
        assert np.shape(x) == np.shape(y), name
        error = np.max(np.abs(np.asarray(x) - y), initial=0.0)
        assert error <= ulps * eps * largest, f"{name}: {error:.2e}, largest {largest:.2e}"


def frozen(tree):
    """The same tree; NumPy refuses from now on to write into its arrays."""
    for leaf in leaves(tree):
        if isinstance(leaf, np.ndarray):
            leaf.setflags(write=False)
    return tree
