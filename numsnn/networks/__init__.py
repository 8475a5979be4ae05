"""Networks: the small ones that learn in a minute, and the papers' architectures."""

from numsnn.networks.small import small_network, tdbn_norm

__all__ = ["small_network", "tdbn_norm"]
