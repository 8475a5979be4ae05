"""Every reader on mutated files: exactly DataFormatError, or exactly what the file says.

Where a slow decoder exists the two must agree in both directions: a file that it refuses is
refused, one that it accepts is read, to the same values.
"""

import gzip
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, example, given, settings

from numsnn.data.aedat2 import read_aedat2
from numsnn.data.aedat3 import read_aedat3
from numsnn.data.aer import read_aer
from numsnn.data.cifar import read_cifar
from numsnn.data.digits import read_digits
from numsnn.data.files import read_bytes
from numsnn.data.gesture import COLUMNS, read_labels, read_mapping
from numsnn.data.idx import read_idx
from numsnn.data.images import read_image
from numsnn.data.names import read_names
from numsnn.data.npz import read_npz
from numsnn.data.tiny import read_classes
from numsnn.errors import DataFormatError

from . import made

EVENTS = [(3, 4, 1, 5), (33, 0, 0, 70_000), (0, 33, 1, 70_000), (9, 9, 0, 300_000)]
AEDAT3 = (
    made.AEDAT3_HEADER
    + made.packet(EVENTS[:2], valid=[1, 0])
    + made.foreign_packet()
    + made.packet(EVENTS[2:])
    + made.packet([(127, 127, 1, 4)], overflow=1)
)
AEDAT2 = made.aedat2(EVENTS)
AER = made.aer([*EVENTS[:2], (0, 240, 0, 0), *EVENTS[2:]])
CIFAR = made.cifar([(3,), (9,)])
LABELS = f"{COLUMNS}\n1,100,200\n11,200,300\n".encode()
MAPPING = b"action,label\nhand_clapping,1\nright_hand_wave,2\n"


def attempt(path: Path, raw: bytes, reader):
    """What `reader` makes of the bytes: its result, or None for a well-formed DataFormatError."""
    path.write_bytes(raw)
    try:
        return reader(path)
    except DataFormatError as error:
        assert Path(error.path) == path
        assert isinstance(error.offset, int) and error.offset >= 0
        assert str(path) in str(error) and str(error.offset) in str(error)
        event("refused")
        return None


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@given(changes=made.edits())
@example(changes=[])
@example(changes=[made.Edit(3, 1, b"\x08")])
@example(changes=[made.Edit(4, 12, b"\0" * 12)])
@settings(max_examples=150)
def test_idx(scratch, changes):
    raw = made.edited(made.idx(), changes)
    wanted = made.slow_idx(raw)
    if raw[:2] == b"\x1f\x8b":
        wanted = None
    found = attempt(scratch / "idx", raw, read_idx)
    assert (found is None) == (wanted is None)
    if found is not None:
        assert found.shape == wanted[0]
        np.testing.assert_array_equal(found.ravel(), wanted[1])


@given(changes=made.edits())
@example(changes=[])
@example(changes=[made.Edit(1 << 15, 0, b"\0\0\0")])
@settings(max_examples=150)
def test_idx_gzip(scratch, changes):
    raw = made.edited(made.packed(made.idx()), changes)
    found = attempt(scratch / "idx.gz", raw, read_idx)
    if found is not None:
        content = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        wanted = made.slow_idx(content)
        assert wanted is not None and found.shape == wanted[0]
        np.testing.assert_array_equal(found.ravel(), wanted[1])


@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=100)
def test_gzip_alone(scratch, changes):
    """read_bytes refuses what the standard library refuses, and agrees with it otherwise."""
    raw = made.edited(made.packed(bytes(range(256)) * 3), changes)
    found = attempt(scratch / "any.gz", raw, read_bytes)
    if raw[:2] == b"\x1f\x8b" and found is not None:
        try:
            assert found == gzip.decompress(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            pytest.fail("read_bytes accepted gzip data that is not")
    if found is None and changes == []:
        pytest.fail("read_bytes refused whole gzip data")


@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=150)
def test_aer(scratch, changes):
    raw = made.edited(AER, changes)
    wanted = made.slow_aer(raw)
    found = attempt(scratch / "aer", raw, read_aer)
    assert (None if found is None else made.as_tuples(found)) == wanted


@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=300)
def test_aedat3(scratch, changes):
    raw = made.edited(AEDAT3, changes)
    wanted = made.slow_aedat3(raw)
    found = attempt(scratch / "aedat3", raw, read_aedat3)
    assert (None if found is None else made.as_tuples(found)) == wanted


@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=200)
def test_aedat2(scratch, changes):
    raw = made.edited(AEDAT2, changes)
    wanted = made.slow_aedat2(raw)
    found = attempt(scratch / "aedat2", raw, read_aedat2)
    assert (None if found is None else made.as_tuples(found)) == wanted


@given(changes=made.edits())
@example(changes=[])
@example(changes=[made.Edit(0, 1, b"\x0a")])
@example(changes=[made.Edit(3073, 1, b"\x07")])
def test_cifar(scratch, changes):
    raw = made.edited(CIFAR, changes)
    found = attempt(scratch / "cifar", raw, read_cifar)
    whole = len(raw) > 0 and len(raw) % 3073 == 0
    assert (found is not None) == (whole and all(label < 10 for label in raw[::3073]))
    if found is not None:
        images, labels = found
        assert labels.tolist() == list(raw[::3073])
        assert images.tobytes() == b"".join(
            raw[at + 1 : at + 3073] for at in range(0, len(raw), 3073)
        )


@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=150)
def test_digits(scratch, changes):
    raw = made.edited(made.digits(), changes)
    wanted = made.slow_digits(raw)
    found = attempt(scratch / "digits.csv", raw, read_digits)
    assert (found is None) == (wanted is None)
    if found is not None:
        np.testing.assert_array_equal(found[0].reshape(-1, 64) * 16, np.array(wanted)[:, :64])
        np.testing.assert_array_equal(found[1], np.array(wanted)[:, 64])


ARRAYS = {
    "data": np.arange(24, dtype=np.uint8).reshape(2, 12),
    "labels": np.array([1, 0], np.uint8),
    "filenames": np.array(["a.JPEG", "bc.JPEG"]),
}


def archive(compressed: bool) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **ARRAYS)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=200)
def test_npz(scratch, compressed, changes):
    raw = made.edited(archive(compressed), changes)
    found = attempt(scratch / "any.npz", raw, read_npz)
    if changes == []:
        assert found is not None and found.keys() == ARRAYS.keys()
    for array in (found or {}).values():  # names may be changed, checksums guard every value
        assert any(
            array.dtype == old.dtype and np.array_equal(array, old) for old in ARRAYS.values()
        )


@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=150)
def test_npy_headers(scratch, changes):
    """Mutations of the .npy member itself, under a valid checksum: NumPy is the other reader."""
    file = io.BytesIO()
    np.save(file, ARRAYS["data"])
    member = made.edited(file.getvalue(), changes)
    name = b"data.npy"
    sizes = zlib.crc32(member), len(member), len(member), len(name)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 0, *sizes, 0) + name
    entry = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0, *sizes, 0, 0, 0, 0, 0, 0
    )
    start = len(local) + len(member)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(entry + name), start, 0)
    found = attempt(scratch / "one.npz", local + member + entry + name + end, read_npz)
    if found is not None:
        wanted = np.load(io.BytesIO(member), allow_pickle=False)
        assert found["data"].dtype == wanted.dtype
        assert found["data"].tobytes() == wanted.tobytes()
        assert found["data"].shape == wanted.shape


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp"])
@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=150)
def test_images(scratch, kind, changes):
    image = pytest.importorskip("PIL.Image", reason="reading image files needs Pillow")
    pixels = (np.arange(6 * 5 * 3) * 37 % 256).astype(np.uint8).reshape(6, 5, 3)
    file = io.BytesIO()
    image.fromarray(pixels).save(file, {"jpg": "jpeg"}.get(kind, kind))
    found = attempt(scratch / f"any.{kind}", made.edited(file.getvalue(), changes), read_image)
    if found is not None:
        assert found.dtype == np.uint8 and found.ndim == 3 and len(found) == 3
    if changes == []:
        assert found is not None and found.shape == (3, 6, 5)
        if kind != "jpg":
            np.testing.assert_array_equal(found, pixels.transpose(2, 0, 1))


@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=150)
def test_label_tables(scratch, changes):
    raw = made.edited(LABELS, changes)
    found = attempt(scratch / "labels.csv", raw, read_labels)
    if changes == []:
        assert found == [(0, 100, 200), (10, 200, 300)]
    for label, start, end in found or []:
        assert 0 <= label < 11 and 0 <= start < end
        assert f"{label + 1}" in raw.decode() and f"{end}" in raw.decode()


@given(changes=made.edits())
@example(changes=[])
@settings(max_examples=100)
def test_names_and_mappings(scratch, changes):
    raw = made.edited(MAPPING, changes)
    mapping = attempt(scratch / "mapping.csv", raw, read_mapping)
    names = attempt(scratch / "names.txt", raw, read_names)
    for name in (mapping or ()) + (names or ()):
        assert name == name.strip() != ""
    if names is not None:
        lines = raw.decode("utf-8").split("\n")
        assert list(names) == [line.strip() for line in lines if line.strip()]


@given(changes=made.edits())
@example(changes=[])
def test_tiny_imagenet_words(scratch, changes):
    (scratch / "wnids.txt").write_bytes(b"n01\nn02\n")
    raw = made.edited(b"n02\tlion, king of beasts\nn01\tgoldfish\n", changes)
    found = attempt(scratch / "words.txt", raw, lambda path: read_classes(path.parent))
    assert found is None or len(found) == 2
    if changes == []:
        assert found == ("goldfish", "lion")
