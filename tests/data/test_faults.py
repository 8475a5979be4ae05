"""Faults planted at known bytes are reported at those bytes, and before anything is allocated."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from numsnn.data import MissingDataError
from numsnn.data.aedat2 import read_aedat2
from numsnn.data.aedat3 import read_aedat3
from numsnn.data.aer import read_aer
from numsnn.data.cifar import read_cifar
from numsnn.data.digits import read_digits
from numsnn.data.files import data_folder, read_bytes
from numsnn.data.gesture import COLUMNS, read_gestures, read_labels, read_mapping
from numsnn.data.idx import read_idx, read_labelled
from numsnn.data.images import read_folder, read_image
from numsnn.data.names import read_names
from numsnn.data.npz import read_npz
from numsnn.data.tiny import read_pixels
from numsnn.errors import DataFormatError

from . import made

IDX = made.idx()  # 16 bytes of header, 24 of values
EVENTS = [(3, 4, 1, 5), (33, 0, 0, 70_000), (0, 33, 1, 80_000)]
AER = made.aer(EVENTS)
HEAD3 = len(made.AEDAT3_HEADER)
AEDAT3 = (
    made.AEDAT3_HEADER
    + made.packet(EVENTS[:2])
    + made.foreign_packet(9, 2)
    + made.packet(EVENTS[2:])
)
SECOND = HEAD3 + 28 + 16  # the packet of another type
THIRD = SECOND + 28 + 18
AEDAT2 = made.aedat2(EVENTS)
HEAD2 = len(made.AEDAT2_HEADER)
TABLE = f"{COLUMNS}\n1,100,200\n11,200,300\n".encode()
ROW = len(COLUMNS) + 1


def set_bytes(raw: bytes, at: int, new: bytes) -> bytes:
    return raw[:at] + new + raw[at + len(new) :]


FAULTS = [
    ("empty file", read_idx, b"", 0),
    ("short magic", read_idx, b"\0\0\x08", 3),
    ("foreign magic", read_idx, b"GIF89a" + IDX, 0),
    ("unknown type", read_idx, set_bytes(IDX, 2, b"\x0a"), 2),
    ("rank 0", read_idx, set_bytes(IDX, 3, b"\0"), 3),
    ("rank 9", read_idx, set_bytes(IDX, 3, b"\x09"), 3),
    ("short header", read_idx, IDX[:11], 11),
    ("dimension 0", read_idx, set_bytes(IDX, 8, bytes(4)), 8),
    ("terabytes claimed", read_idx, set_bytes(IDX, 4, b"\xff" * 12), 16),
    ("short body", read_idx, IDX[:-1], 16),
    ("long body", read_idx, IDX + b"\0", 40),
    ("gzip, long body", read_idx, made.packed(IDX + b"\0"), 40),
    ("gzip, short body", read_idx, made.packed(IDX[:-1]), 39),
    ("gzip, terabytes", read_idx, made.packed(set_bytes(IDX, 4, b"\xff" * 12)), 16),
    ("gzip cut", read_bytes, made.packed(IDX)[:-1], len(made.packed(IDX)) - 1),
    ("gzip, garbage after", read_bytes, made.packed(IDX) + b"AB", len(made.packed(IDX))),
    ("CIFAR, empty", read_cifar, b"", 0),
    ("CIFAR, cut record", read_cifar, made.cifar([(1,), (2,)])[:-3], 3073),
    ("CIFAR, label 10", read_cifar, made.cifar([(1,), (10,), (255,)]), 3073),
    ("AER, empty", read_aer, b"", 0),
    ("AER, cut record", read_aer, AER[:-2], 10),
    ("AER, x outside", read_aer, made.aer([(1, 1, 0, 0), (34, 1, 0, 1)]), 5),
    ("AER, y outside", read_aer, made.aer([(1, 1, 0, 0), (1, 34, 0, 1)]), 6),
    ("AER, backward", read_aer, made.aer([(1, 1, 0, 9), (1, 1, 0, 9), (1, 1, 0, 8)]), 12),
    (
        "AER, x outside after a clock overflow",
        read_aer,
        made.aer([(1, 1, 0, 9), (0, 240, 0, 0), (99, 1, 0, 8)]),
        10,
    ),
    ("AEDAT 3.1, empty", read_aedat3, b"", 0),
    ("AEDAT 3.1, version", read_aedat3, set_bytes(AEDAT3, 9, b"9"), 0),
    ("AEDAT 3.1, no end of header", read_aedat3, made.AEDAT3_HEADER[:-1], HEAD3 - 1),
    ("AEDAT 3.1, header line", read_aedat3, set_bytes(AEDAT3, 14, b"x"), 14),
    ("AEDAT 3.1, other encoding", read_aedat3, AEDAT3.replace(b"RAW", b"ZIP"), 14),
    ("AEDAT 3.1, cut header", read_aedat3, AEDAT3[: HEAD3 + 27], HEAD3),
    ("AEDAT 3.1, cut body", read_aedat3, AEDAT3[: HEAD3 + 28 + 15], HEAD3 + 28),
    ("AEDAT 3.1, type below 0", read_aedat3, set_bytes(AEDAT3, HEAD3 + 1, b"\x80"), HEAD3),
    ("AEDAT 3.1, event size", read_aedat3, set_bytes(AEDAT3, HEAD3 + 4, b"\x09"), HEAD3 + 4),
    ("AEDAT 3.1, size 0", read_aedat3, set_bytes(AEDAT3, SECOND + 4, b"\0"), SECOND + 4),
    ("AEDAT 3.1, place of time", read_aedat3, set_bytes(AEDAT3, HEAD3 + 8, b"\0"), HEAD3 + 8),
    ("AEDAT 3.1, overflow", read_aedat3, set_bytes(AEDAT3, THIRD + 15, b"\xff"), THIRD + 12),
    ("AEDAT 3.1, capacity", read_aedat3, set_bytes(AEDAT3, THIRD + 19, b"\xff"), THIRD + 16),
    ("AEDAT 3.1, terabytes", read_aedat3, set_bytes(AEDAT3, THIRD + 19, b"\x7f"), THIRD + 28),
    ("AEDAT 3.1, number", read_aedat3, set_bytes(AEDAT3, THIRD + 20, b"\x09"), THIRD + 20),
    ("AEDAT 3.1, valid", read_aedat3, set_bytes(AEDAT3, THIRD + 24, b"\x09"), THIRD + 24),
    (
        "AEDAT 3.1, x outside",
        read_aedat3,
        made.AEDAT3_HEADER + made.packet([(1, 1, 0, 1), (128, 1, 0, 2)]),
        HEAD3 + 28 + 8,
    ),
    (
        "AEDAT 3.1, y outside in a later packet, after an invalid event",
        read_aedat3,
        made.AEDAT3_HEADER
        + made.packet([(1, 1, 0, 1), (1, 1, 0, 2)], valid=[0, 1])
        + made.packet([(1, 1, 0, 2), (1, 500, 0, 2)], valid=[0, 1]),
        HEAD3 + 28 + 16 + 28 + 8,
    ),
    (
        "AEDAT 3.1, x outside in the first event of a later packet",
        read_aedat3,
        made.AEDAT3_HEADER + made.packet([(1, 1, 0, 1)] * 2) + made.packet([(500, 1, 0, 2)]),
        HEAD3 + 28 + 16 + 28,
    ),
    (
        "AEDAT 3.1, backward into an event that is not valid",
        read_aedat3,
        made.AEDAT3_HEADER + made.packet([(1, 1, 0, 9)]) + made.packet([(1, 1, 0, 8)], valid=[0]),
        HEAD3 + 28 + 8 + 28 + 4,
    ),
    (
        "AEDAT 3.1, backward in a packet",
        read_aedat3,
        made.AEDAT3_HEADER + made.packet([(1, 1, 0, 1), (1, 1, 0, 9), (1, 1, 0, 8)]),
        HEAD3 + 28 + 16 + 4,
    ),
    (
        "AEDAT 3.1, backward between packets",
        read_aedat3,
        made.AEDAT3_HEADER + made.packet([(1, 1, 0, 9)]) + made.packet([(1, 1, 0, 8)]),
        HEAD3 + 28 + 8 + 28 + 4,
    ),
    (
        "AEDAT 3.1, negative time",
        read_aedat3,
        made.AEDAT3_HEADER + made.packet([(1, 1, 0, 1), (1, 1, 0, -5), (1, 1, 0, 7)]),
        HEAD3 + 28 + 8 + 4,
    ),
    ("AEDAT 2.0, empty", read_aedat2, b"", 0),
    ("AEDAT 2.0, version", read_aedat2, b"#!AER-DAT1.0\r\n" + AEDAT2, 0),
    ("AEDAT 2.0, endless line", read_aedat2, b"#!AER-DAT2.0\r\n#" + bytes(70_000), 14),
    ("AEDAT 2.0, cut record", read_aedat2, AEDAT2[:-5], HEAD2 + 16),
    ("AEDAT 2.0, address", read_aedat2, set_bytes(AEDAT2, HEAD2 + 8, b"\x01"), HEAD2 + 8),
    ("AEDAT 2.0, negative time", read_aedat2, set_bytes(AEDAT2, HEAD2 + 12, b"\xff"), HEAD2 + 12),
    ("AEDAT 2.0, backward", read_aedat2, set_bytes(AEDAT2, HEAD2 + 20, bytes(4)), HEAD2 + 20),
    ("digits, 64 values", read_digits, made.digits(2)[:-3] + b"\n", len(made.digits(1))),
    ("digits, pixel 17", read_digits, made.digits(1).replace(b"0,1,", b"0,17,", 1), 2),
    ("digits, label", read_digits, made.digits(1)[:-2] + b"x\n", len(made.digits(1)) - 2),
    ("labels, header", read_labels, b"class,start\n1,2\n", 0),
    ("labels, class 0", read_labels, TABLE.replace(b"\n1,", b"\n0,"), ROW),
    ("labels, class 12", read_labels, TABLE.replace(b"\n11,", b"\n12,"), ROW + 10),
    ("labels, start after end", read_labels, TABLE.replace(b"100", b"900"), ROW),
    ("labels, start at the end", read_labels, TABLE.replace(b"100", b"200"), ROW),
    ("labels, a word", read_labels, TABLE.replace(b"300", b"end"), ROW + 10),
    ("labels, two values", read_labels, TABLE.replace(b",300", b""), ROW + 10),
    ("mapping, numbering", read_mapping, b"action,label\na,1\nb,3\n", 17),
    ("names, not UTF-8", read_names, b"caf\xe9\n", 3),
    ("names, none", read_names, b"\n\n", 2),
    ("npz, foreign", read_npz, b"not a zip archive", 17),
    ("image, empty", read_image, b"", 0),
]


@pytest.mark.parametrize(
    ("reader", "raw", "offset"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_fault_is_reported_where_it_is(tmp_path, reader, raw, offset):
    path = tmp_path / "file.png"
    path.write_bytes(raw)
    with pytest.raises(DataFormatError) as caught:
        reader(path)
    error = caught.value
    assert error.offset == offset
    assert error.path == path
    assert error.expected and error.found
    assert f"{path}, byte {offset}: expected {error.expected}, found {error.found}" == str(error)


def test_cifar_100_names_the_label_that_is_wrong(tmp_path):
    path = tmp_path / "train.bin"
    for labels, offset in (([(1, 2), (20, 3)], 3074), ([(1, 2), (19, 100)], 3075)):
        path.write_bytes(made.cifar(labels))
        with pytest.raises(DataFormatError) as caught:
            read_cifar(path, (20, 100))
        assert caught.value.offset == offset


def test_images_and_labels_must_belong_together(tmp_path):
    images, labels = tmp_path / "images", tmp_path / "labels"
    images.write_bytes(made.idx((3, 2, 4)))

    def refused(raw: bytes) -> DataFormatError:
        labels.write_bytes(raw)
        with pytest.raises(DataFormatError) as caught:
            read_labelled(images, labels, 10)
        return caught.value

    head = b"\0\0\x08\x01" + struct.pack(">I", 3)
    labels.write_bytes(head + bytes((9, 0, 5)))
    x, y = read_labelled(images, labels, 10)
    assert x.shape == (3, 1, 2, 4) and y.dtype == np.int64 and y.tolist() == [9, 0, 5]
    assert refused(head + bytes((9, 10, 5))).offset == 9  # the second label
    assert refused(b"\0\0\x08\x01" + struct.pack(">I", 2) + bytes(2)).offset == 4
    assert refused(made.idx((3, 2, 4))).offset == 3
    assert refused(b"\0\0\x09\x01" + struct.pack(">I", 3) + bytes(3)).offset == 2


def peak_bytes(action) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(DataFormatError):
            action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compress", [False, True])
def test_claimed_terabytes_are_not_allocated(tmp_path, compress):
    raw = b"\0\0\x0e\x03" + b"\x00\x10\x00\x00" * 3 + bytes(1000)
    path = tmp_path / "idx"
    path.write_bytes(gzip.compress(raw) if compress else raw)
    assert peak_bytes(lambda: read_idx(path)) < 1 << 20


def test_a_gzip_bomb_stops_at_what_its_header_claims(tmp_path):
    path = tmp_path / "idx.gz"
    path.write_bytes(gzip.compress(made.idx() + bytes(200 << 20), 9))
    assert path.stat().st_size < 1 << 18
    assert peak_bytes(lambda: read_idx(path)) < 4 << 20


def test_a_gzip_bomb_stops_at_the_limit(tmp_path):
    path = tmp_path / "any.gz"
    path.write_bytes(gzip.compress(bytes(200 << 20), 9))
    assert peak_bytes(lambda: read_bytes(path, 1 << 20)) < 8 << 20


def test_an_idx_file_over_the_limit_is_refused_unread(tmp_path):
    path = tmp_path / "idx.gz"
    path.write_bytes(gzip.compress(made.idx((64, 256, 256))))
    assert peak_bytes(lambda: read_idx(path, 1 << 20)) < 1 << 20


def test_npz_members_are_bounded_by_their_header_and_guarded_by_their_checksum(tmp_path):
    path = tmp_path / "any.npz"
    np.savez_compressed(path, data=np.zeros(50 << 20, np.uint8))
    assert peak_bytes(lambda: read_npz(path, 1 << 20)) < 4 << 20
    np.savez(path, data=np.arange(1000))
    raw = path.read_bytes()
    at = raw.index(np.arange(1000).tobytes()[:64])
    path.write_bytes(set_bytes(raw, at + 77, b"\xaa"))
    with pytest.raises(DataFormatError, match="checksum"):
        read_npz(path)


def test_npz_refuses_objects(tmp_path):
    path = tmp_path / "any.npz"
    np.savez(path, data=np.array([{"a": 1}], object))
    with pytest.raises(DataFormatError, match="without objects"):
        read_npz(path)


def test_npz_reads_what_numpy_writes(tmp_path):
    path = tmp_path / "any.npz"
    rng = np.random.default_rng(3)
    arrays = {
        "scalar": np.float64(2.5),
        "bytes": rng.integers(0, 256, (3, 4), np.uint8),
        "names": np.array(["n01.JPEG", "x"]),
        "big": rng.standard_normal(5).astype(">f4"),
        "turned": np.asfortranarray(rng.standard_normal((3, 5))),
        "flags": np.array([True, False]),
    }
    for save in (np.savez, np.savez_compressed):
        save(path, **arrays)
        found = read_npz(path)
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)
    np.savez(path, **arrays)
    assert isinstance(read_npz(path)["bytes"].base, np.memmap)  # stored members stay on disk


@pytest.mark.parametrize(
    "arrays",
    [
        {"data": np.zeros((2, 12), np.uint8)},
        {"data": np.zeros((2, 12), np.int32), "labels": np.zeros(2, np.uint8)},
        {"data": np.zeros((2, 13), np.uint8), "labels": np.zeros(2, np.uint8)},
        {"data": np.zeros((2, 3, 4), np.uint8), "labels": np.zeros(2, np.uint8)},
        {"data": np.zeros((2, 12), np.uint8), "labels": np.zeros(3, np.uint8)},
        {"data": np.zeros((2, 12), np.uint8), "labels": np.zeros(2)},
        {"data": np.zeros((2, 12), np.uint8), "labels": np.array([0, 5])},
        {"data": np.zeros((2, 12), np.uint8), "labels": np.array([0, -1])},
    ],
)
def test_tiny_imagenet_archives_of_other_contents_are_refused(tmp_path, arrays):
    path = tmp_path / "train.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataFormatError):
        read_pixels(path, 5)
    np.savez(path, data=np.zeros((2, 12), np.uint8), labels=np.array([4, 0]))
    x, y = read_pixels(path, 5)
    assert x.shape == (2, 3, 2, 2) and y.tolist() == [4, 0]


def test_a_gesture_set_that_lacks_a_file_says_which(tmp_path):
    (tmp_path / "gesture_mapping.csv").write_text("action,label\nclap,1\n")
    with pytest.raises(MissingDataError, match=r"trials_to_train\.txt"):
        read_gestures(tmp_path)
    (tmp_path / "trials_to_train.txt").write_text("user01.aedat\n")
    with pytest.raises(MissingDataError, match=r"user01\.aedat"):
        read_gestures(tmp_path)
    (tmp_path / "trials_to_train.txt").write_text("ok.aedat\n../user01.aedat\n")
    for name in ("ok.aedat", "ok_labels.csv"):
        (tmp_path / name).write_text(f"{COLUMNS}\n1,2,3\n")
    with pytest.raises(DataFormatError) as caught:
        read_gestures(tmp_path)
    assert caught.value.offset == 9


def test_no_data_folder_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMSNN_DATA", raising=False)
    with pytest.raises(MissingDataError, match="NUMSNN_DATA"):
        data_folder()
    with pytest.raises(MissingDataError, match="does not exist"):
        data_folder(tmp_path / "absent")
    monkeypatch.setenv("NUMSNN_DATA", str(tmp_path))
    assert data_folder() == tmp_path


def test_a_folder_of_images_without_images_is_refused(tmp_path):
    with pytest.raises(MissingDataError, match="train"):
        read_folder(tmp_path)
    (tmp_path / "train" / "cat").mkdir(parents=True)
    with pytest.raises(MissingDataError, match="no images"):
        read_folder(tmp_path)
