"""A training step by several processes: each takes some samples of the batch, and their sums go around.

with Team(network, objective, optimizer, processes=2) as team:
    team.take(params, optimizer.init(params))
    loss, outputs, saved = team.step(x, labels, rate)
    params, moments = team.give()

Threads that need the interpreter for every few microseconds stand in each other's way; processes do
not. What couples samples is exchanged: the sums of batch norms (tdBN eq. 7-8 and the mean and
variance's share of their gradient), loss, outputs, gradient. The result is that of one process but for
the order of sums, and the same bits in every run with as many processes.
"""

import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.errors import NumsnnError
from numsnn.exchange import Exchange, shared_array
from numsnn.firing import Step
from numsnn.gradient import gradient
from numsnn.layer import Array, map_layers, walk
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, together
from numsnn.recipes import Loss, Objective
from numsnn.shares import Shares
from numsnn.tree import Tree
from numsnn.validate import positive_integer, require

LEAST = 2  # samples for each process; a smaller batch is the first one's alone
MESSAGE = 1 << 12  # bytes of an error that a worker leaves behind


class Shared(NamedTuple):
    """What a shared batch gives besides new parameters."""

    loss: float
    outputs: Array  # [T, N, classes], as of ``numsnn.gradient.gradient``
    saved: Tree  # of the first process's samples; the statistics in it are those of the whole batch


class Team:
    """Processes that share every batch of a training. ``close``, or the end of ``with``, lets them go.

    It trains what it was last given by ``take``. The first batch begins the processes: they are
    forked then, with network and objective as they are; parameters and data lie in shared memory.
    One thread each.

    clip: the largest norm of the gradient of what learns; None: any.

    Raises NumsnnError for layers with a seed (Dropout), which draw numbers for a batch as a whole,
    for neurons that hold a recorded batch, for norms over axes of their own, for penalties, which are
    functions of a batch as a whole, for optimizers that are not ``numberwise``, and where the system
    cannot fork. The loss is taken to be a mean over samples, as all of ``numsnn.losses`` are, and
    layers of your own to treat every sample by itself.
    """

    def __init__(
        self,
        network: Any,
        objective: Objective,
        optimizer: Any,
        processes: int,
        clip: float | None = None,
    ) -> None:
        positive_integer("Team", "processes", processes)
        require(processes > 1, "Team: there must be at least 2 processes, found 1")
        _refuse(network, objective, optimizer)
        self._task = network, objective, optimizer, clip
        self._processes = processes
        self._held: tuple[Tree, Tree] | None = (
            None  # as taken or given; stale while there is a crew
        )
        self._crew: _Crew | None = None

    def __enter__(self) -> "Team":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, params: Tree, moments: Tree) -> None:
        """Train these from now on: parameters, and the optimizer's state beside them."""
        self.close()
        self._held = params, moments

    def give(self) -> tuple[Tree, Tree]:
        """Parameters and the optimizer's state as they are now, in arrays of their own."""
        require(self._held is not None, "Team: there are no parameters, take some first")
        if self._crew is not None:
            with self._or_none():
                self._held = self._crew.gather()
        assert self._held is not None
        return self._held

    def close(self) -> None:
        """Let the processes go, and what they have trained: ``give`` it back before."""
        if self._crew is not None:
            self._crew.dismiss()
        self._crew = self._held = None

    def begin(self, x: Array, labels: Array) -> None:
        """Begin the processes, for batches of as many samples or fewer, unless they are there."""
        if self._crew is None or not self._crew.holds(x, labels):
            held = self.give()
            self.take(*held)
            self._crew = _Crew(*self._task, self._processes, *held, x, labels)

    def step(self, x: Array, labels: Array, rate: float) -> Shared:
        """Forward, backward and update on one batch.

        Raises NumsnnError as one process does; there are no parameters then any more.
        """
        require(
            np.ndim(x) >= 2 and np.shape(labels) == (x.shape[1],),
            f"Team: labels must be [N], one a sample, found {np.shape(labels)} for x {np.shape(x)}",
        )
        self.begin(x, labels)
        assert self._crew is not None
        with self._or_none():
            return self._crew.step(x, labels, rate)

    @contextmanager
    def _or_none(self) -> Iterator[None]:
        """Nothing is left after an error or an interrupt: somewhere in between, it is of no more use."""
        try:
            yield
        except BaseException:
            self.close()
            raise


class _Crew:
    """The forked processes of a team, and this one, rank 0."""

    def __init__(
        self,
        network: Any,
        objective: Objective,
        optimizer: Any,
        clip: float | None,
        ranks: int,
        params: Tree,
        moments: Tree,
        x: Array,
        labels: Array,
    ) -> None:
        self.exchange = Exchange(ranks, self._alive)
        self.plain, self.network, self.objective = network, _shared(network, self), objective
        self.shares = Shares(self.exchange, optimizer, params, moments, clip)
        self.x, self.labels = (shared_array(a.shape, a.dtype) for a in (x, labels))
        self.samples = shared_array((1,), np.int64)  # of the next batch; 0: what is held is wanted
        self.rate = shared_array((1,), np.float64)
        self.losses = shared_array((ranks,), np.float64)
        self.error = shared_array((ranks, MESSAGE), np.uint8)
        self.parts = [0] * ranks  # samples of every rank
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
        self.shares.begin()

    def holds(self, x: Array, labels: Array) -> bool:
        """Whether a batch fits in the shared memory."""
        T, N, *shape = x.shape
        steps, samples, *known = self.x.shape
        fits = (T, shape) == (steps, known) and samples >= N
        return fits and (x.dtype, labels.dtype) == (self.x.dtype, self.labels.dtype)

    def step(self, x: Array, labels: Array, rate: float) -> Shared:
        """Hand the batch out, take part."""
        N = len(labels)
        others = slice(self._samples(N, 0).stop, N)
        self.x[:, others], self.labels[others] = x[:, others], labels[others]
        self._tell(N, rate)
        with parallel.in_place():
            found = self._take_part(x, labels, rate)
        assert found is not None  # rank 0 has samples of every batch
        return found

    def gather(self) -> tuple[Tree, Tree]:
        """Parameters and the optimizer's state."""
        self._tell(0, 0.0)
        return self.shares.gather()

    def _tell(self, N: int, rate: float) -> None:
        self.samples[0], self.rate[0] = N, rate
        for rank in range(1, self.exchange.ranks):
            self.exchange.tell(rank)

    @property
    def here(self) -> int:
        """How many samples of the batch are this rank's."""
        return self.parts[self.exchange.rank]

    def _samples(self, N: int, rank: int) -> slice:
        """Those of a rank, of N."""
        ranks = self.exchange.ranks
        return slice(N * rank // ranks, N * (rank + 1) // ranks)

    def _take_part(self, x: Array, labels: Array, rate: float) -> Shared | None:
        """Train on this rank's samples; None where it had none."""
        few = len(labels) < LEAST * self.exchange.ranks
        found, d_params = (self._alone if few else self._together)(x, labels)
        self.shares.update(d_params, rate)
        return found

    def _alone(self, x: Array, labels: Array) -> tuple[Shared | None, Tree]:
        """The gradient of a batch that is the first rank's."""
        if self.exchange.rank:
            return None, None
        terms, outputs, saved, d_params = gradient(
            self.plain, self.objective, self.shares.params, x, labels
        )
        return Shared(terms["loss"], outputs, saved), d_params

    def _together(self, x: Array, labels: Array) -> tuple[Shared, Tree]:
        """This rank's part of the gradient; loss and outputs are those of all."""
        N, mine = len(labels), self._samples(len(labels), self.exchange.rank)
        self.parts = [len(range(N)[self._samples(N, rank)]) for rank in range(self.exchange.ranks)]
        loss = partial(_share_of, self.objective.loss, self.here / N)
        terms, part, saved, d_params = gradient(
            self.network,
            replace(self.objective, loss=loss),
            self.shares.params,
            x[:, mine],
            labels[mine],
        )
        require(
            part.shape[1] == self.here,
            f"a batch cannot be shared among processes: of {self.here} samples the network makes "
            f"{part.shape[1]} outputs",
        )
        outputs = np.zeros((len(part), N, *part.shape[2:]), part.dtype)
        outputs[:, mine] = part
        # there are no other terms without penalties
        self.losses[self.exchange.rank] = terms["loss"]
        outputs = self.exchange.total(outputs)  # everyone's loss is there then
        return Shared(sum(self.losses.tolist()), outputs, saved), d_params

    def _work(self, rank: int) -> None:
        """The life of a worker: take part in one batch after the other."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what that means
        self.exchange.rank = rank
        try:
            self.shares.begin()
            with parallel.in_place(), np.errstate(all="ignore"):
                while True:
                    self.exchange.wait(0)
                    N = int(self.samples[0])
                    if N:
                        self._take_part(self.x[:, :N], self.labels[:N], float(self.rate[0]))
                    else:
                        self.shares.gather()
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

    def _of_all(self, count: int, mean: Array, squares: Array) -> tuple[Array, Array]:
        means, squares = self.crew.exchange.every(np.stack([mean, squares])).swapaxes(0, 1)
        return together([count // self.crew.here * n for n in self.crew.parts], means, squares)

    def _whole(self, part: Array) -> Array:
        return self.crew.exchange.total(part)

    def _count(self, x: Array) -> int:
        return super()._count(x) // self.crew.here * sum(self.crew.parts)


def _shared(network: Any, crew: _Crew) -> Any:
    """The network with a shared norm for every BatchNorm, on membranes as well."""

    def share(layer: Any) -> Any:
        if not isinstance(layer, BatchNorm):
            return layer
        return _SharedNorm(**{f.name: getattr(layer, f.name) for f in fields(layer)}, crew=crew)

    return map_layers(share, network)


def _refuse(network: Any, objective: Objective, optimizer: Any) -> None:
    """Raise NumsnnError for what treats a batch as a whole and is not exchanged."""
    require(
        not objective.penalties,
        "a batch cannot be shared among processes under the penalties "
        f"{[penalty.label for penalty in objective.penalties]}: they are functions of all of it",
    )
    require(
        getattr(optimizer, "numberwise", False),
        f"an update cannot be shared among processes: {type(optimizer).__name__} is not numberwise",
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
