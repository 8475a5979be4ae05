"""Networks: the small ones that learn in a minute, and the papers' architectures."""

from numsnn.networks.small import small_network, tdbn_norm

NETWORKS = {"small": small_network}
"""Each network by name: network(input_shape, classes, T, events=, neuron=, norm=, readout=)."""

__all__ = ["NETWORKS", "small_network", "tdbn_norm"]
