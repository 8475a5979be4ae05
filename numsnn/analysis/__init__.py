"""What a network does and costs: activity, membranes, operations, gradients, geometry, robustness."""

from numsnn.analysis.activity import LayerActivity, activity, dead_channels, saturated_channels
from numsnn.analysis.costs import Costs, costs
from numsnn.analysis.gradients import gradient_norms, membrane_gradient_norms
from numsnn.analysis.isometry import Isometry, jacobian, phi_by_jacobian, phi_by_probes
from numsnn.analysis.landscape import filter_normalised, landscape
from numsnn.analysis.membranes import MembraneHistogram, histograms
from numsnn.analysis.robustness import Robustness, robustness

__all__ = [
    "Costs",
    "Isometry",
    "LayerActivity",
    "MembraneHistogram",
    "Robustness",
    "activity",
    "costs",
    "dead_channels",
    "filter_normalised",
    "gradient_norms",
    "histograms",
    "jacobian",
    "landscape",
    "membrane_gradient_norms",
    "phi_by_jacobian",
    "phi_by_probes",
    "robustness",
    "saturated_channels",
]
