"""How far a potential is from the spike it becomes."""

from typing import Any

import numpy as np

from numsnn.regularizers.inputs import checked, checked_spikes, same_shape
from numsnn.regularizers.moments import channel_axes


def quantisation_error(membrane: Any, spikes: Any, per_channel: bool = False) -> Any:
    """mean (u - o)^2 over T, N, C, H, W, or over all but C.

    membrane, spikes: [T, N, C] or [T, N, C, H, W], of one shape. Returns a number, or [C].
    Raises NumsnnError for shapes that differ or spikes that are not 0 or 1.
    RecDis-SNN section 3.3, the definition before Table 3.
    """
    membrane = checked("quantisation_error", membrane)
    spikes = checked_spikes("quantisation_error", spikes)
    same_shape("quantisation_error", membrane, spikes)
    error = np.square(np.abs(membrane - spikes))
    return error.mean(axis=channel_axes(membrane) if per_channel else None, dtype=np.float64)
