"""A workload's training step and inference in one variant of one library."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  as everybody calls it
from torch import Tensor, nn

from numsnn import parallel
from numsnn.bench.ours import RATE, SEED, Trained
from numsnn.bench.peers import Variant, module
from numsnn.bench.peers.torch_network import torch_network
from numsnn.bench.workloads import Batch, Workload
from numsnn.folding import folded
from numsnn.modes import evaluating
from numsnn.tree import Tree


def training(workload: Workload, variant: Variant) -> Callable[[], float]:
    """A function that trains one batch and gives its loss."""
    network = workload.network()
    model = _model(network, network.init(np.random.default_rng(SEED)), workload.T, variant)
    x, labels = _tensors(workload.data(np.random.default_rng(SEED)), variant)
    optimizer = torch.optim.SGD(model.parameters(), RATE, momentum=0.9, fused=True)

    def train() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return train


def inference(
    workload: Workload, given: Trained, variant: Variant, fold: bool
) -> Callable[[], np.ndarray]:
    """A function that gives the outputs of the batch: with running statistics, or folded as ours."""
    network, params = evaluating(given.network, given.statistics), given.params
    if fold:
        network, params = folded(given.network, params, given.statistics)
    model = _model(network, params, workload.T, variant).eval()
    x, _ = _tensors(given.batch, variant)

    def infer() -> np.ndarray:
        with torch.inference_mode():
            return model(x).numpy()

    return infer


def _model(network: Any, params: Tree, T: int, variant: Variant) -> nn.Module:
    torch.set_num_threads(parallel.threads())
    neurons = module(variant.library).NEURONS[variant.neurons]
    model = torch_network(network, params, T, neurons, variant.means_first)
    return model.to(memory_format=torch.channels_last) if variant.channels_last else model


def _tensors(batch: Batch, variant: Variant) -> tuple[Tensor, Tensor]:
    """[N, ...] or [T N, ...], and the labels."""
    x = torch.from_numpy(batch.x).flatten(0, 1)
    if variant.channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    return x, torch.from_numpy(batch.labels)
