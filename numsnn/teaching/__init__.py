"""For the notebooks: pictures with alt texts, and the library's lines beside their equations."""

from numsnn.teaching.picture import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PURPLE,
    Picture,
    plain,
    sheet,
)
from numsnn.teaching.source import beside

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PALE",
    "PURPLE",
    "Picture",
    "beside",
    "plain",
    "sheet",
]
