"""Are two runs of a notebook the same? Words exactly, numbers and pictures up to a tolerance.

Numbers agree if they differ by at most 1e-9 + 1e-6 of the larger, or by one unit of the last digit
printed; whole numbers must be equal. Pictures agree if they have one size, to two pixels, and their
means over squares of 24 pixels differ by at most 0.1 of the way from black to white. A cell tagged
``timed`` shows how long something took on one machine: there only the kinds of its outputs count.
"""

import base64
import io
import re
from typing import Any

import numpy as np

RELATIVE, ABSOLUTE = 1e-6, 1e-9
SQUARE, SHADE, PIXELS = 24, 0.1, 2
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?|\bnan\b|\binf\b")
PICTURE, WORDS = "image/png", ("text/markdown", "text/html", "text/latex", "text/plain")


def differences(committed: list[dict], fresh: list[dict]) -> list[str]:
    """What differs between the outputs of two lists of cells, one line for each."""
    found = []
    for place, (old, new) in enumerate(zip(committed, fresh, strict=True)):
        if old["cell_type"] != "code":
            continue
        timed = "timed" in old.get("metadata", {}).get("tags", [])
        before, after = shown(old), shown(new)
        if [kind for kind, _ in before] != [kind for kind, _ in after]:
            kinds = [[kind for kind, _ in outputs] for outputs in (before, after)]
            found.append(f"cell {place}: shows {kinds[1]}, committed are {kinds[0]}")
        elif not timed:
            for (kind, a), (_, b) in zip(before, after, strict=True):
                reason = pictures_differ(a, b) if kind == PICTURE else texts_differ(a, b)
                if reason:
                    found.append(f"cell {place}: {reason}")
    return found


def shown(cell: dict) -> list[tuple[str, str]]:
    """What a cell shows: (kind, content), printed text joined, in order."""
    outputs: list[tuple[str, str]] = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            kind, text = output["name"], joined(output["text"])
            if outputs and outputs[-1][0] == kind:
                text = outputs.pop()[1] + text
            outputs.append((kind, text))
        elif output["output_type"] == "error":
            outputs.append(("error", f"{output['ename']}: {output['evalue']}"))
        else:
            data = output["data"]
            kinds = [PICTURE] if PICTURE in data else [kind for kind in WORDS if kind in data][:1]
            outputs += [(kind, joined(data[kind])) for kind in kinds]
    return outputs


def joined(text: Any) -> str:
    """Text that may be kept as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


def texts_differ(a: str, b: str) -> str:
    """Why two texts differ, or nothing."""
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (a, b)]
    if words[0] != words[1]:
        return f"says {_short(words[1])}, committed is {_short(words[0])}"
    for old, new in zip(NUMBER.findall(a), NUMBER.findall(b), strict=True):
        if not numbers_agree(old, new):
            return f"shows {new}, committed is {old}"
    return ""


def numbers_agree(a: str, b: str) -> bool:
    """Whether two printed numbers are one."""
    if a == b:
        return True
    if not (set(a + b) & set(".eE")):
        return int(a) == int(b)
    x, y = float(a), float(b)
    bound = max(ABSOLUTE + RELATIVE * max(abs(x), abs(y)), 1.01 * max(unit(a), unit(b)))
    return abs(x - y) <= bound


def unit(text: str) -> float:
    """One unit of the last digit of a printed number."""
    digits, _, exponent = text.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def pictures_differ(a: str, b: str) -> str:
    """Why two PNGs in base 64 differ, or nothing."""
    x, y = (_grey(image) for image in (a, b))
    if max(abs(m - n) for m, n in zip(x.shape, y.shape, strict=True)) > PIXELS:
        return f"draws {y.shape[1]}x{y.shape[0]} pixels, committed are {x.shape[1]}x{x.shape[0]}"
    height, width = (SQUARE * (min(m, n) // SQUARE) for m, n in zip(x.shape, y.shape, strict=True))
    gap = float(np.abs(_means(x[:height, :width]) - _means(y[:height, :width])).max())
    return f"draws a picture that is off by {gap:.2f} of black to white" if gap > SHADE else ""


def _grey(image: str) -> np.ndarray:
    from matplotlib.image import imread

    return imread(io.BytesIO(base64.b64decode(image)), format="png")[..., :3].mean(axis=-1)


def _means(image: np.ndarray) -> np.ndarray:
    rows, columns = (size // SQUARE for size in image.shape)
    return image.reshape(rows, SQUARE, columns, SQUARE).mean(axis=(1, 3))


def _short(text: str, most: int = 120) -> str:
    return repr(text if len(text) <= most else text[:most] + "...")
