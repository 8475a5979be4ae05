"""Small text files beside the data: class names, label tables, lists of files."""

from pathlib import Path

from numsnn.data.files import read_bytes
from numsnn.errors import DataFormatError

_LIMIT = 1 << 24  # a text file beside the data is small; a larger one is another file


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines that are not blank, each with its byte offset. DataFormatError if not UTF-8."""
    content = read_bytes(path, _LIMIT)
    lines: list[tuple[int, str]] = []
    offset = 0
    for raw in content.split(b"\n"):
        try:
            line = raw.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            at = offset + error.start
            raise DataFormatError(path, at, "UTF-8 text", f"byte {raw[error.start]:#x}") from error
        if line:
            lines.append((offset, line))
        offset += len(raw) + 1
    return lines


def read_names(path: Path, count: int | None = None) -> tuple[str, ...]:
    """One class name a line, `count` of them if it is given; DataFormatError if not."""
    lines = read_lines(path)
    if not lines or (count is not None and len(lines) != count):
        end = path.stat().st_size
        raise DataFormatError(path, end, f"{count or 'some'} names, one a line", f"{len(lines)}")
    return tuple(line for _, line in lines)


def read_integers(path: Path, header: str) -> list[tuple[int, tuple[int, ...]]]:
    """Rows of a comma-separated table of non-negative integers below a line `header`.

    Each row comes with its byte offset. DataFormatError for another header or another row.
    """
    lines = read_lines(path)
    if not lines or lines[0][1] != header:
        found = lines[0][1][:80] if lines else "no line"
        raise DataFormatError(path, lines[0][0] if lines else 0, header, found)
    columns = header.count(",") + 1
    rows: list[tuple[int, tuple[int, ...]]] = []
    for offset, line in lines[1:]:
        cells = [cell.strip() for cell in line.split(",")]
        plain = all(cell.isascii() and cell.isdigit() and len(cell) <= 18 for cell in cells)
        if len(cells) != columns or not plain:
            raise DataFormatError(path, offset, f"{columns} integers: {header}", line[:80])
        rows.append((offset, tuple(int(cell) for cell in cells)))
    return rows


def read_integer(path: Path, offset: int, line: str, below: int) -> int:
    """One non-negative integer on a line by itself; DataFormatError if it is not."""
    plain = line.isascii() and line.isdigit() and len(line) <= 18
    if not plain or int(line) >= below:
        raise DataFormatError(path, offset, f"an integer below {below}", line[:80])
    return int(line)
