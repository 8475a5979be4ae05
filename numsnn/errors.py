"""Errors that say what was expected and what was found."""


class NumsnnError(ValueError):
    """Bad input: the message names the operation, the axis or field, and both values."""


class DataFormatError(NumsnnError):
    """A file is not what its format says: names the file, the offset, the expected and the found."""

    def __init__(self, path: object, offset: int, expected: str, found: str) -> None:
        self.path, self.offset, self.expected, self.found = path, offset, expected, found
        super().__init__(f"{path}, byte {offset}: expected {expected}, found {found}")


class CheckpointError(NumsnnError):
    """A checkpoint is damaged, of another version, or of another network or run."""
