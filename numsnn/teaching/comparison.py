"""Are two runs of a notebook the same? Words exactly, numbers up to a tolerance, pictures by both.

Numbers agree if they differ by at most 1e-9 + 1e-6 of the larger, or by one unit of the last digit
printed; whole numbers must be equal. Pictures agree if the words and numbers that were drawn do,
see ``Picture.drawn``; their pixels may differ, as they do between versions of Matplotlib. A cell
tagged ``timed`` shows how long something took on one machine: there only the kinds of its outputs
count.
"""

import re
from typing import Any

RELATIVE, ABSOLUTE = 1e-6, 1e-9
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
                reason = texts_differ(a, b)
                if reason:
                    found.append(f"cell {place}{', picture' * (kind == PICTURE)}: {reason}")
    return found


def shown(cell: dict) -> list[tuple[str, str]]:
    """What a cell shows: (kind, content), printed text joined, in order; of a picture what it drew."""
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
            if PICTURE in data:
                about = output.get("metadata", {}).get(PICTURE, {})
                outputs.append(
                    (PICTURE, "\n".join([about.get("alt", ""), *about.get("drawn", [])]))
                )
            else:
                kinds = [kind for kind in WORDS if kind in data][:1]
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
    bound = max(ABSOLUTE + RELATIVE * max(abs(x), abs(y)), 1.01 * min(unit(a), unit(b)))
    return abs(x - y) <= bound


def unit(text: str) -> float:
    """One unit of the last digit of a printed number."""
    digits, _, exponent = text.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def _short(text: str, most: int = 120) -> str:
    return repr(text if len(text) <= most else text[:most] + "...")
