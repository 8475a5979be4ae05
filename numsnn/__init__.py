"""numsnn: directly trained spiking neural networks in plain NumPy, every gradient by hand."""

from numsnn.compose import Identity, Repeat, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.dropout import Dropout, resampled
from numsnn.errors import CheckpointError, DataFormatError, NumsnnError
from numsnn.layer import Layer, map_layers, named, walk
from numsnn.linear import Linear
from numsnn.modes import ReLU, anchored, evaluating, holding, relaxed, relu_twin
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, FixedNorm, Statistics
from numsnn.observe import (
    batch_statistics,
    final_states,
    initial_states,
    membranes,
    spikes,
    starting,
)
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import Accumulate, MeanOverTime
from numsnn.states import MembraneCotangent, State

__version__ = "0.1.0"

__all__ = [
    "LIF",
    "Accumulate",
    "AvgPool2d",
    "BatchNorm",
    "CheckpointError",
    "Conv2d",
    "DataFormatError",
    "Dropout",
    "FixedNorm",
    "Flatten",
    "Identity",
    "Layer",
    "Linear",
    "MeanOverTime",
    "MembraneCotangent",
    "NumsnnError",
    "ReLU",
    "Repeat",
    "Residual",
    "Serial",
    "State",
    "Statistics",
    "anchored",
    "batch_statistics",
    "evaluating",
    "final_states",
    "holding",
    "initial_states",
    "map_layers",
    "membranes",
    "named",
    "relaxed",
    "relu_twin",
    "resampled",
    "spikes",
    "starting",
    "walk",
]
