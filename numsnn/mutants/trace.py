"""Which of the edited functions a run calls, so that only runs that can see an edit are made."""

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from numsnn.mutants.edit import function_of


def called(
    targets: Iterable[str], run: Callable[..., Any], *arguments: Any
) -> tuple[set[str], Any]:
    """The targets that ``run(*arguments)`` calls on this thread, and what it returns.

    An exception is swallowed; None is returned for its result.
    """
    by_code = {function_of(target).__code__: target for target in targets}
    found: set[str] = set()

    def see(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in by_code:
            found.add(by_code[frame.f_code])

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        return found, run(*arguments)
    except Exception:
        return found, None
    finally:
        sys.setprofile(before)
