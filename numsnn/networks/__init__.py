"""Architectures by name: ``NETWORKS[name](input_shape, classes, T, width=, neuron=, norm=, readout=)``.

build("resnet19", (3, 32, 32), 10, T=6, width=1/8, norm="tdbn+mpbn", reset="soft")
"""

from numsnn.networks.blocks import Block
from numsnn.networks.catalogue import NETWORKS, SETTINGS, Setting, build, network_named
from numsnn.networks.factories import NORMS, lif, norms, tdbn_norm
from numsnn.networks.plain import POOL, PlainNetwork
from numsnn.networks.residual import ResidualNetwork, Stage, Stem
from numsnn.networks.small import small_network

__all__ = [
    "NETWORKS",
    "NORMS",
    "POOL",
    "SETTINGS",
    "Block",
    "PlainNetwork",
    "ResidualNetwork",
    "Setting",
    "Stage",
    "Stem",
    "build",
    "lif",
    "network_named",
    "norms",
    "small_network",
    "tdbn_norm",
]
