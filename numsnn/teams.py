"""The gradient of a batch, by several processes: each takes some samples, and their sums go around.

with Team(network, objective, processes=2) as team:
    terms, outputs, saved, d_params = team.gradient(params, x, labels)

Threads that need the interpreter for every few microseconds stand in each other's way; processes do
not. What couples samples is exchanged: the sums of batch norms (tdBN eq. 7-8 and the mean and
variance's share of their gradient), loss, outputs, gradient. The result is that of one process but for
the order of sums, and the same bits in every run with as many processes.
"""

import os
import signal
import warnings
from dataclasses import dataclass, field, fields, replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from numsnn import parallel
from numsnn.errors import NumsnnError
from numsnn.exchange import Exchange, shared_array
from numsnn.firing import Step
from numsnn.gradient import Gradient, gradient
from numsnn.layer import Array, map_layers, walk
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.recipes import Loss, Objective
from numsnn.tree import Tree, leaves, map_tree, named_leaves
from numsnn.validate import positive_integer, require

LEAST = 2  # samples for each process; a smaller batch is not shared out
MESSAGE = 1 << 12  # bytes of an error that a worker leaves behind


class Team:
    """Processes that share every batch. ``close``, or the end of ``with``, lets them go.

    The first batch begins them: they are forked then, with network and objective as they are, and
    take parameters and data through shared memory. One thread each.

    Raises NumsnnError for layers with a seed (Dropout), which draw numbers for a batch as a whole,
    for neurons that hold a recorded batch, for norms over axes of their own, for penalties, which are
    functions of a batch as a whole, and where the system cannot fork. The loss is taken to be a
    mean over samples, as all of ``numsnn.losses`` are, and layers of your own to treat every sample
    by itself.
    """

    def __init__(self, network: Any, objective: Objective, processes: int) -> None:
        positive_integer("Team", "processes", processes)
        self.network, self.objective, self.processes = network, objective, processes
        self._crew: _Crew | None = None
        if processes > 1:
            _refuse(network, objective)

    def __enter__(self) -> "Team":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the processes go; the next batch would begin new ones."""
        if self._crew is not None:
            self._crew.dismiss()
        self._crew = None

    def begin(self, params: Tree, x: Array, labels: Array) -> None:
        """Begin the processes, for batches of as many samples or fewer, unless they are there."""
        if self._crew is not None and not self._crew.holds(params, x, labels):
            self.close()
        if self._crew is None:
            self._crew = _Crew(self.network, self.objective, self.processes, params, x, labels)

    def gradient(self, params: Tree, x: Array, labels: Array) -> Gradient:
        """As ``numsnn.gradient.gradient``; ``saved`` is that of this process's samples.

        The statistics in it are those of the whole batch. Raises NumsnnError as one process does.
        """
        require(
            np.ndim(x) >= 2 and np.shape(labels) == (x.shape[1],),
            f"Team: labels must be [N], one a sample, found {np.shape(labels)} for x {np.shape(x)}",
        )
        if self.processes == 1 or x.shape[1] < LEAST * self.processes:
            return gradient(self.network, self.objective, params, x, labels)
        self.begin(params, x, labels)
        assert self._crew is not None
        try:
            return self._crew.gradient(params, x, labels)
        except BaseException:  # an interrupt as well: somewhere in between, they are of no more use
            self.close()
            raise


class _Crew:
    """The forked processes of a team, and this one, rank 0."""

    def __init__(
        self, network: Any, objective: Objective, ranks: int, params: Tree, x: Array, labels: Array
    ) -> None:
        self.exchange = Exchange(ranks, self._alive)
        self.network, self.objective = _shared(network, self), objective
        self.params = map_tree(lambda leaf: shared_array(leaf.shape, leaf.dtype), params)
        self.x, self.labels = (shared_array(a.shape, a.dtype) for a in (x, labels))
        self.samples = shared_array((1,), np.int64)
        self.error = shared_array((ranks, MESSAGE), np.uint8)
        self.here = self.whole = 0  # samples of this rank, and of the batch
        self.parent = os.getpid()
        fork = get_context("fork")
        self.workers = [
            fork.Process(target=self._work, args=(rank,), daemon=True) for rank in range(1, ranks)
        ]
        with warnings.catch_warnings():
            # of threads at a fork: those of NumPy's libraries and our own are idle now, and the
            # processes that come into being use none
            warnings.simplefilter("ignore", DeprecationWarning)
            for worker in self.workers:
                worker.start()

    def holds(self, params: Tree, x: Array, labels: Array) -> bool:
        """Whether parameters and batch fit in the shared memory."""
        T, N, *shape = x.shape
        steps, samples, *known = self.x.shape
        fits = (T, shape) == (steps, known) and samples >= N
        alike = (x.dtype, labels.dtype) == (self.x.dtype, self.labels.dtype)
        return fits and alike and _kinds(params) == _kinds(self.params)

    def gradient(self, params: Tree, x: Array, labels: Array) -> Gradient:
        """Hand the batch out, take part, gather."""
        map_tree(np.copyto, self.params, params)
        N = self.samples[0] = len(labels)
        self.x[:, :N], self.labels[:N] = x, labels
        for rank in range(1, self.exchange.ranks):
            self.exchange.tell(rank)
        with parallel.in_place():
            return self._take_part(params, x, labels)

    def _take_part(self, params: Tree, x: Array, labels: Array) -> Gradient:
        """The gradient of this rank's samples, added up over all ranks."""
        rank, ranks, total = self.exchange.rank, self.exchange.ranks, self.exchange.total
        N = len(labels)
        mine = slice(N * rank // ranks, N * (rank + 1) // ranks)
        self.here, self.whole = mine.stop - mine.start, N
        loss = partial(_share_of, self.objective.loss, self.here / N)
        terms, part, saved, d_params = gradient(
            self.network, replace(self.objective, loss=loss), params, x[:, mine], labels[mine]
        )
        require(
            part.shape[1] == self.here,
            f"a batch cannot be shared among processes: of {self.here} samples the network makes "
            f"{part.shape[1]} outputs",
        )
        outputs = np.zeros((len(part), N, *part.shape[2:]), part.dtype)
        outputs[:, mine] = part
        values = total(np.array(list(terms.values())))
        d_leaves = iter(self.exchange.totals(leaves(d_params)))
        return Gradient(
            dict(zip(terms, values.tolist(), strict=True)),
            total(outputs),
            saved,
            map_tree(lambda _: next(d_leaves), d_params),
        )

    def _work(self, rank: int) -> None:
        """The life of a worker: take part in one batch after the other."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what that means
        self.exchange.rank = rank
        try:
            with parallel.in_place(), np.errstate(all="ignore"):
                while True:
                    self.exchange.wait(0)
                    N = int(self.samples[0])
                    self._take_part(self.params, self.x[:, :N], self.labels[:N])
        except BaseException as error:
            kind = "" if isinstance(error, NumsnnError) else f"{type(error).__name__}: "
            text = f"{kind}{error}".encode()[:MESSAGE]
            self.error[rank, : len(text)] = np.frombuffer(text, np.uint8)
            os._exit(1)

    def _alive(self) -> None:
        """Raise where a worker has ended; end where this is a worker and the first process has."""
        if self.exchange.rank and os.getppid() != self.parent:
            os._exit(1)
        if self.exchange.rank:
            return
        for rank, worker in enumerate(self.workers, start=1):
            if not worker.is_alive():
                text = bytes(self.error[rank]).rstrip(b"\0").decode(errors="replace")
                raise NumsnnError(text or f"a process ended with exit code {worker.exitcode}")

    def dismiss(self) -> None:
        """End the workers, wherever they are."""
        for worker in self.workers:
            worker.kill()
            worker.join()


@dataclass(frozen=True)
class _SharedNorm(BatchNorm):
    """A BatchNorm whose sums run over the samples of all processes. tdBN eq. 7-8."""

    crew: Any = field(default=None, compare=False)

    def _whole(self, part: Array) -> Array:
        return self.crew.exchange.total(part)

    def _count(self, x: Array) -> int:
        return super()._count(x) // self.crew.here * self.crew.whole


def _shared(network: Any, crew: _Crew) -> Any:
    """The network with a shared norm for every BatchNorm, on membranes as well."""

    def share(layer: Any) -> Any:
        if not isinstance(layer, BatchNorm):
            return layer
        return _SharedNorm(**{f.name: getattr(layer, f.name) for f in fields(layer)}, crew=crew)

    return map_layers(share, network)


def _refuse(network: Any, objective: Objective) -> None:
    """Raise NumsnnError for what treats a batch as a whole and is not exchanged."""
    require(
        not objective.penalties,
        "a batch cannot be shared among processes under the penalties "
        f"{[penalty.label for penalty in objective.penalties]}: they are functions of all of it",
    )
    for (layer,) in walk(network):
        kind = type(layer).__name__
        require(
            not hasattr(layer, "seed"),
            f"a batch cannot be shared among processes: {kind} draws numbers for all of it",
        )
        require(
            not isinstance(layer, LIF) or isinstance(layer.firing, Step),
            f"a batch cannot be shared among processes: {kind} {getattr(layer, 'name', '')!r} fires "
            f"as {type(getattr(layer, 'firing', None)).__name__}, which may hold a batch",
        )
        require(
            not isinstance(layer, BatchNorm) or (type(layer) is BatchNorm and layer.axes is None),
            f"a batch cannot be shared among processes: only a BatchNorm over all samples can be, "
            f"not {kind} {getattr(layer, 'name', '')!r}",
        )


def _share_of(loss: Loss, share: float, outputs: Array, labels: Array) -> tuple[Any, Array]:
    """A loss, the mean over some samples, as their share of the mean over all."""
    value, d_outputs = loss(outputs, labels)
    return share * value, share * d_outputs


def _kinds(tree: Tree) -> list[tuple]:
    """Name, shape and dtype of every leaf."""
    return [(name, leaf.shape, leaf.dtype) for name, leaf in named_leaves(tree)]
