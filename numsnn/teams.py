"""A batch shared among processes: each takes some of the samples, and sums go around.

with Team(network, objective, 2) as team:
    terms, outputs, saved, d_params = team.gradient(params, x, labels)

It is the gradient of the whole batch, equal to that of one process but for the order of sums.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from numsnn import parallel
from numsnn.dropout import Dropout
from numsnn.errors import NumsnnError
from numsnn.exchange import Exchange, shared_array
from numsnn.gradient import Gradient, gradient
from numsnn.layer import Array, map_layers, walk
from numsnn.norms import BatchNorm
from numsnn.recipes import Loss, Objective
from numsnn.tree import Tree, leaves, map_tree
from numsnn.validate import positive_integer, require

STOP = 0


@dataclass(frozen=True)
class _SharedNorm(BatchNorm):
    """A BatchNorm whose sums over the batch are those of all processes. tdBN eq. 7-8."""

    team: Any = field(default=None, compare=False)

    def _whole(self, part: Array) -> Array:
        return self.team.exchange.total(part)

    def _count(self, x: Array) -> int:
        here, whole = self.team.samples
        return super()._count(x) // here * whole


def _shared(network: Any, team: "Team") -> Any:
    def share(layer: Any) -> Any:
        if type(layer) is not BatchNorm:
            return layer
        return _SharedNorm(layer.shape, layer.axes, layer.scale, layer.eps, layer.name, team)

    return map_layers(share, network)


class Team:
    def __init__(self, network: Any, objective: Objective, processes: int) -> None:
        positive_integer("Team", "processes", processes)
        self.network, self.objective, self.processes = network, objective, processes
        self.workers: list[Any] = []
        self.parent = os.getpid()

    def __enter__(self) -> "Team":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        for worker in self.workers:
            worker.join()
        self.workers = []

    def gradient(self, params: Tree, x: Array, labels: Array) -> Gradient:
        N = x.shape[1]
        if self.processes == 1 or N < 2 * self.processes:
            return gradient(self.network, self.objective, params, x, labels)
        if not self.workers:
            self._start(params, x, labels)
        map_tree(np.copyto, self._params, params)
        self._order[0] = N
        self._x.reshape(-1)[: x.size].reshape(x.shape)[...] = x
        self._labels[:N] = labels
        for rank in range(1, self.processes):
            self.exchange.tell(rank)
        with parallel.in_place():
            return self._share(params, x, labels)

    def _share(self, params: Tree, x: Array, labels: Array) -> Gradient:
        """This rank's part of the batch, and the sums over all."""
        N, rank, ranks = x.shape[1], self.exchange.rank, self.processes
        mine = slice(N * rank // ranks, N * (rank + 1) // ranks)
        here = mine.stop - mine.start
        self.samples = (here, N)
        objective = replace(self.objective, loss=partial(_share_of, self.objective.loss, here / N))
        terms, part, saved, d_params = gradient(
            self._network, objective, params, x[:, mine], labels[mine]
        )
        outputs = np.zeros((part.shape[0], N, *part.shape[2:]), part.dtype)
        outputs[:, mine] = part
        outputs = self.exchange.total(outputs)
        values = self.exchange.total(np.array(list(terms.values())))
        flat = np.concatenate([leaf.reshape(-1) for leaf in leaves(d_params)])
        flat = self.exchange.total(flat)
        ends = iter(np.split(flat, np.cumsum([leaf.size for leaf in leaves(d_params)])))
        d_params = map_tree(lambda leaf: next(ends).reshape(leaf.shape), d_params)
        return Gradient(dict(zip(terms, map(float, values))), outputs, saved, d_params)

    def _start(self, params: Tree, x: Array, labels: Array) -> None:
        self.exchange = Exchange(self.processes, self._alive)
        self._network = _shared(self.network, self)
        self._params = map_tree(lambda leaf: shared_array(leaf.shape, leaf.dtype), params)
        self._order = shared_array((1,), np.int64)
        self._x = shared_array(x.shape, x.dtype)
        self._labels = shared_array(labels.shape, labels.dtype)
        context = get_context("fork")
        self.workers = [
            context.Process(target=self._work, args=(rank,), daemon=True)
            for rank in range(1, self.processes)
        ]
        for worker in self.workers:
            worker.start()

    def _work(self, rank: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.exchange.rank = rank
        with parallel.in_place():
            while True:
                self.exchange.wait(0)
                N = int(self._order[0])
                shape = (self._x.shape[0], N, *self._x.shape[2:])
                x = self._x.reshape(-1)[: int(np.prod(shape))].reshape(shape)
                self._share(self._params, x, self._labels[:N])

    def _alive(self) -> None:
        if os.getpid() != self.parent:
            if os.getppid() != self.parent:
                os._exit(1)
        elif not all(w.is_alive() for w in self.workers):
            raise NumsnnError("a worker is gone")


def _share_of(loss: Loss, share: float, outputs: Array, labels: Array) -> tuple[Any, Array]:
    value, d_outputs = loss(outputs, labels)
    return share * value, share * d_outputs
