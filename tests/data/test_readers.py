"""What readers make of whole files: values by hand, clips, layouts, folders."""

import gzip
import struct

import numpy as np
import pytest

from numsnn.data import EVENT, load
from numsnn.data.aedat2 import read_aedat2, read_dvs_cifar10
from numsnn.data.aedat3 import read_aedat3
from numsnn.data.aer import read_aer
from numsnn.data.cifar import read_cifar
from numsnn.data.files import MissingDataError, read_bytes
from numsnn.data.gesture import COLUMNS
from numsnn.data.idx import read_idx
from numsnn.errors import DataFormatError

from . import made


def test_idx_of_every_type(tmp_path):
    path = tmp_path / "idx"
    values = [1, -2, 100]
    for kind, form in ((9, "b"), (0xB, "h"), (0xC, "i"), (0xD, "f"), (0xE, "d")):
        body = b"".join(struct.pack(">" + form, v) for v in values)
        path.write_bytes(bytes((0, 0, kind, 1, 0, 0, 0, 3)) + body)
        found = read_idx(path)
        assert found.dtype == np.dtype(form) and found.dtype.isnative
        assert found.tolist() == values
    path.write_bytes(made.idx((2, 3)))
    assert isinstance(read_idx(path), np.memmap)
    assert read_idx(path).tolist() == [[3, 10, 17], [24, 31, 38]]
    path.write_bytes(made.packed(made.idx((2, 3))))
    assert read_idx(path).tolist() == [[3, 10, 17], [24, 31, 38]]


def test_gzip_in_several_members_and_with_padding(tmp_path):
    path = tmp_path / "any.gz"
    path.write_bytes(gzip.compress(b"ab") + gzip.compress(b"cd") + bytes(7))
    assert read_bytes(path) == b"abcd"
    with pytest.raises(DataFormatError):
        read_bytes(path, 3)


def test_aer_by_hand(tmp_path):
    """x, y, then 1 bit and 23 bits; y = 240 adds 2^13 us to what follows and is no event."""
    path = tmp_path / "00001.bin"
    path.write_bytes(
        bytes((1, 2, 0x80, 0x01, 0x00))  # brighter, 256 us
        + bytes((33, 33, 0x7F, 0xFF, 0xFF))  # darker, 2^23 - 1 us
        + bytes((0, 240, 0, 0, 0))
        + bytes((5, 6, 0x7F, 0xFF, 0xFF))
    )
    events = read_aer(path)
    assert events.dtype == EVENT
    assert made.as_tuples(events) == [
        (1, 2, 1, 256),
        (33, 33, 0, 8_388_607),
        (5, 6, 0, 8_388_607 + 8192),
    ]


def test_aedat3_by_hand(tmp_path):
    """Two packets a second apart, an invalid event, other packets, a clock that overflowed."""
    path = tmp_path / "a.aedat"
    one = [(3, 5, 1, 10), (4, 6, 0, 20), (5, 7, 1, 30)]
    two = [(9, 9, 0, 1_000_010)]
    late = [(127, 0, 1, 5)]
    path.write_bytes(
        made.AEDAT3_HEADER
        + made.foreign_packet()
        + made.packet(one, valid=[1, 0, 1])
        + made.packet([])
        + made.foreign_packet(1, 3)
        + made.packet(two)
        + made.packet(late, overflow=2)
    )
    everything = [one[0], one[2], two[0], (127, 0, 1, 5 + 2 * 2**31)]
    assert made.as_tuples(read_aedat3(path)) == everything
    assert read_aedat3(path).dtype == EVENT
    assert made.as_tuples(read_aedat3(path, start=10, end=30)) == everything[:1]
    assert made.as_tuples(read_aedat3(path, start=11, end=31)) == everything[1:2]
    assert made.as_tuples(read_aedat3(path, start=30, end=31)) == everything[1:2]
    assert made.as_tuples(read_aedat3(path, start=31)) == everything[2:]
    assert len(read_aedat3(path, start=31, end=1_000_010)) == 0


def test_aedat3_packets_with_room_to_spare(tmp_path):
    """A packet of capacity 3 that holds 2 events: the third place is no event."""
    path = tmp_path / "a.aedat"
    events = [(1, 2, 1, 10), (3, 4, 0, 20), (99, 99, 1, 5)]
    packet = bytearray(made.packet(events))
    struct.pack_into("<ii", packet, 20, 2, 2)
    path.write_bytes(made.AEDAT3_HEADER + packet + made.packet([(5, 6, 1, 30)]))
    assert made.as_tuples(read_aedat3(path)) == [*events[:2], (5, 6, 1, 30)]


def test_aedat2_by_hand(tmp_path):
    """Bits 0, 1-7, 8-14; bit 15 an external event; y from below; DVS-CIFAR10 on its side."""
    path = tmp_path / "a.aedat"
    body = struct.pack(">iiiiii", 100 << 8 | 3 << 1 | 1, 7, 1 << 15, 8, 0, 9)
    path.write_bytes(b"#!AER-DAT2.0\n#\r\n" + body)
    assert made.as_tuples(read_aedat2(path)) == [(3, 27, 1, 7), (0, 127, 0, 9)]
    assert made.as_tuples(read_dvs_cifar10(path)) == [(27, 124, 0, 7), (127, 127, 1, 9)]


def test_cifar_by_hand(tmp_path):
    path = tmp_path / "batch.bin"
    raw = made.cifar([(4, 17), (5, 99)])
    path.write_bytes(raw)
    x, coarse, fine = read_cifar(path, (20, 100))
    assert coarse.tolist() == [4, 5] and fine.tolist() == [17, 99]
    assert x[1, 2, 3, 4] == raw[3074 + 2 + 2 * 1024 + 3 * 32 + 4]
    assert isinstance(x, np.memmap)


def make_mnist(root, gz: bool) -> None:
    root.mkdir(parents=True)
    for part, count in (("train", 3), ("t10k", 2)):
        labels = struct.pack(">BBBBI", 0, 0, 8, 1, count) + bytes(range(count))
        for stem, raw in (
            (f"{part}-images-idx3-ubyte", made.idx((count, 4, 5))),
            (f"{part}-labels-idx1-ubyte", labels),
        ):
            name, content = (stem + ".gz", made.packed(raw)) if gz else (stem, raw)
            (root / name).write_bytes(content)


@pytest.mark.parametrize("folder", ["mnist", "MNIST/raw"])
@pytest.mark.parametrize("gz", [False, True])
def test_mnist_where_it_may_lie(tmp_path, folder, gz):
    make_mnist(tmp_path / folder, gz)
    dataset = load("mnist", tmp_path)
    assert dataset.train_x.shape == (3, 1, 4, 5) and dataset.test_x.shape == (2, 1, 4, 5)
    assert dataset.train_y.tolist() == [0, 1, 2]
    assert not isinstance(dataset.train_x, np.memmap)
    mapped = load("mnist", tmp_path, memory_map=True)
    assert isinstance(mapped.train_x, np.memmap) != gz
    np.testing.assert_array_equal(mapped.train_x, dataset.train_x)


def test_a_set_that_is_not_there_says_what_to_do(tmp_path):
    with pytest.raises(MissingDataError, match="numsnn data fetch mnist"):
        load("mnist", tmp_path)
    for name in ("cifar-10", "n-mnist", "dvs-gesture", "dvs-cifar10", "tiny-imagenet"):
        with pytest.raises(MissingDataError, match=name):
            load(name, tmp_path)


def test_dvs_gesture_tables_and_time_without_label(tmp_path):
    root = tmp_path / "DvsGesture"
    root.mkdir()
    events = [(1, 1, 1, t) for t in (50, 100, 149, 150, 199, 500)]
    for user in ("user01", "user02"):
        (root / f"{user}.aedat").write_bytes(made.AEDAT3_HEADER + made.packet(events))
        (root / f"{user}_labels.csv").write_text(f"{COLUMNS}\n2,100,150\n1,150,200\n")
    (root / "gesture_mapping.csv").write_text("action,label\nhand_clapping,1\nother,2\n")
    (root / "trials_to_train.txt").write_text("user01.aedat\n\n")
    (root / "trials_to_test.txt").write_text("user02.aedat\n")
    dataset = load("dvs-gesture", tmp_path)
    assert dataset.classes == ("hand clapping", "other")
    assert dataset.train_y.tolist() == [1, 0] and dataset.test_y.tolist() == [1, 0]
    assert dataset.train_x[0]["time"].tolist() == [0, 49]
    assert dataset.train_x[1]["time"].tolist() == [0, 49]
    assert len(dataset.train_x[1:]) == 1


def test_dvs_cifar10_splits_each_class_nine_to_one_by_number(tmp_path):
    for kind in load_names():
        folder = tmp_path / "CIFAR10DVS" / kind
        folder.mkdir(parents=True)
        for number in range(20):
            event = (number, 0, 1, 5)
            (folder / f"cifar10_{kind}_{number}.aedat").write_bytes(made.aedat2([event]))
    dataset = load("dvs-cifar10", tmp_path)
    assert np.bincount(dataset.train_y).tolist() == [18] * 10
    assert np.bincount(dataset.test_y).tolist() == [2] * 10
    assert dataset.test_x[0]["y"].tolist() == [127 - 18]  # the recording numbered 18
    assert dataset.train_x[2]["y"].tolist() == [127 - 2]  # 2 before 10


def load_names() -> tuple[str, ...]:
    from numsnn.data.loaders import CIFAR10_NAMES

    return CIFAR10_NAMES


def write_image(path, value: int, size=(6, 4), mode="RGB") -> None:
    image = pytest.importorskip("PIL.Image", reason="reading image files needs Pillow")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.new(mode, size, value if mode == "L" else (value, 2, 3)).save(path)


def test_a_folder_of_images(tmp_path):
    """Classes by name, any size cut and resized to the first one's, grey made colour."""
    write_image(tmp_path / "set/train/dog/1.png", 10)
    write_image(tmp_path / "set/train/cat/b.png", 30)
    write_image(tmp_path / "set/train/cat/a.png", 20)
    write_image(tmp_path / "set/train/cat/notes.txt.bmp", 40, (12, 12))
    (tmp_path / "set/train/cat/readme.txt").write_text("no image")
    write_image(tmp_path / "set/val/dog/7.png", 50, mode="L")
    dataset = load("folder:set", tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.train_y.tolist() == [0, 0, 0, 1] and dataset.test_y.tolist() == [1]
    assert dataset.train_x.shape == (4, 3, 4, 6) and dataset.train_x.dtype == np.uint8
    assert dataset.train_x[:][:, 0, 0, 0].tolist() == [20, 30, 40, 10]
    assert (dataset.test_x[0] == 50).all()
    assert np.asarray(dataset.train_x)[[1, 0]].tolist() == dataset.train_x[[1, 0]].tolist()
    same = load(f"folder:{tmp_path / 'set'}")
    assert same.train_x.shape == (4, 3, 4, 6)
    (tmp_path / "set/val/bird").mkdir()
    with pytest.raises(DataFormatError, match="bird"):
        load("folder:set", tmp_path)


def test_a_resized_image_keeps_its_middle(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="reading image files needs Pillow")
    from numsnn.data.images import read_image

    pixels = np.zeros((4, 12, 3), np.uint8)
    pixels[:, 4:8] = 255
    image.fromarray(pixels).save(tmp_path / "wide.png")
    assert (read_image(tmp_path / "wide.png", (4, 4)) == 255).all()
    assert (read_image(tmp_path / "wide.png", (2, 2)) == 255).all()
    np.testing.assert_array_equal(
        read_image(tmp_path / "wide.png", (4, 12)), pixels.transpose(2, 0, 1)
    )


def test_tiny_imagenet_in_its_official_folder(tmp_path):
    root = tmp_path / "tiny-imagenet-200"
    write_image(root / "train/n02/images/n02_0.JPEG", 10, (64, 64))
    write_image(root / "train/n01/images/n01_0.JPEG", 200, (64, 64))
    write_image(root / "val/images/val_0.JPEG", 90, (64, 64))
    (root / "val/val_annotations.txt").write_text("val_0.JPEG\tn02\t0\t0\t9\t9\n")
    (root / "wnids.txt").write_text("n02\nn01\n")
    (root / "words.txt").write_text("n01\tgoldfish, Carassius\nn02\tlion\nn03\tother\n")
    dataset = load("tiny-imagenet", tmp_path)
    assert dataset.classes == ("lion", "goldfish")
    assert dataset.train_y.tolist() == [0, 1] and dataset.test_y.tolist() == [0]
    assert dataset.train_x.shape == (2, 3, 64, 64)
    assert abs(int(dataset.train_x[1][0, 0, 0]) - 200) <= 2
    (root / "val/val_annotations.txt").write_text("val_0.JPEG\tn02\t0\nval_1.JPEG\tn09\t0\n")
    with pytest.raises(DataFormatError) as caught:
        load("tiny-imagenet", tmp_path)
    assert caught.value.offset == 17
