"""What is known about each set: official counts, files, checksums, where it is published."""

from typing import NamedTuple


class Source(NamedTuple):
    """A file to download. `unpack` names the archive's members to keep, "" keeps the file itself.

    `url` ending in a file can be fetched; `digest` is "sha256:..." or "md5:...", as published.
    """

    url: str
    file: str
    digest: str
    unpack: str = ""


class Entry(NamedTuple):
    """A set: `train` and `test` are the official counts, `folder` is its place in the data folder.

    `also` are other folders where its loader looks. `by_hand` is a page where the set is to be
    downloaded in a browser, if no direct link exists.
    """

    title: str
    train: int
    test: int
    shape: str
    licence: str
    folder: str = ""
    sources: tuple[Source, ...] = ()
    by_hand: str = ""
    also: tuple[str, ...] = ()


_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_N_MNIST = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/"
_FIGSHARE = "https://ndownloader.figshare.com/files/"
_GESTURE = "https://ibm.ent.box.com/s/3hiq58ww1pbbjrinh367ykfdf60xsfm8/folder/50167556794"
_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_MNIST_SHA256 = (
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
)
_FASHION_SHA256 = (
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)
_DVS_CIFAR10 = (
    ("airplane", "7712788", "0afd5c4bf9ae06af762a77b180354fdd"),
    ("automobile", "7712791", "8438dfeba3bc970c94962d995b1b9bdd"),
    ("bird", "7712794", "a9c207c91c55b9dc2002dc21c684d785"),
    ("cat", "7712812", "52c63c677c2b15fa5146a8daf4d56687"),
    ("deer", "7712815", "b6bf21f6c04d21ba4e23fc3e36c8a4a3"),
    ("dog", "7712818", "f379ebdf6703d16e0a690782e62639c3"),
    ("frog", "7712842", "cad6ed91214b1c7388a5f6ee56d08803"),
    ("horse", "7712851", "e7cbbf77bec584ffbf913f00e682782a"),
    ("ship", "7712836", "41c7bd7d6b251be82557c6cce9a7d5c9"),
    ("truck", "7712839", "89f3922fd147d9aeff89e76a2b0b70a7"),
)


def _idx_sources(base: str, digests: tuple[str, ...]) -> tuple[Source, ...]:
    pairs = zip(_IDX, digests, strict=True)
    return tuple(Source(base + file, file, f"sha256:{digest}") for file, digest in pairs)


_CIFAR100 = Source(
    _CIFAR + "cifar-100-binary.tar.gz",
    "cifar-100-binary.tar.gz",
    "sha256:58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    unpack="cifar-100-binary/",
)
_DIGITS = "in the package, CC BY 4.0"
_RESEARCH = "none stated; public for research"

CATALOGUE: dict[str, Entry] = {
    "digits": Entry("UCI digits, random split", 1437, 360, "1x8x8", _DIGITS),
    "digits-sequential": Entry("UCI digits, other writers test", 1437, 360, "1x8x8", _DIGITS),
    "digits-saccades": Entry("UCI digits before a simulated camera", 1437, 360, "events", _DIGITS),
    "uci-digits": Entry("UCI digits from a file", 1437, 360, "1x8x8", "CC BY 4.0", "uci-digits"),
    "mnist": Entry(
        "MNIST", 60_000, 10_000, "1x28x28", "CC BY-SA 3.0",
        "mnist", _idx_sources(_MNIST, _MNIST_SHA256), also=("MNIST/raw", "MNIST"),
    ),
    "fashion-mnist": Entry(
        "Fashion-MNIST", 60_000, 10_000, "1x28x28", "MIT",
        "fashion-mnist", _idx_sources(_FASHION, _FASHION_SHA256),
        also=("FashionMNIST/raw", "FashionMNIST"),
    ),
    "cifar-10": Entry(
        "CIFAR-10, binary version", 50_000, 10_000, "3x32x32", _RESEARCH,
        "cifar-10-batches-bin",
        (
            Source(
                _CIFAR + "cifar-10-binary.tar.gz", "cifar-10-binary.tar.gz",
                "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                unpack="cifar-10-batches-bin/",
            ),
        ),
    ),
    "cifar-10-jpeg-extra": Entry(
        "CIFAR-10 test images decoded from JPEG: not exact", 0, 1_000, "3x32x32", _RESEARCH,
        "cifar-10-jpeg-extra",
    ),
    "cifar-100": Entry(
        "CIFAR-100, fine labels", 50_000, 10_000, "3x32x32", _RESEARCH,
        "cifar-100-binary", (_CIFAR100,),
    ),
    "cifar-100-coarse": Entry(
        "CIFAR-100, coarse labels", 50_000, 10_000, "3x32x32", _RESEARCH,
        "cifar-100-binary", (_CIFAR100,),
    ),
    "tiny-imagenet": Entry(
        "Tiny ImageNet", 100_000, 10_000, "3x64x64", "ImageNet terms, non-commercial research",
        "tiny-imagenet-200",
        (
            Source(
                "http://cs231n.stanford.edu/tiny-imagenet-200.zip", "tiny-imagenet-200.zip",
                "md5:90528d7ca1a48142e341f4ef8d21d0de", unpack="tiny-imagenet-200/",
            ),
        ),
        also=("tiny-imagenet-10",),
    ),
    "n-mnist": Entry(
        "N-MNIST, an event camera before MNIST", 60_000, 10_000, "events", "CC BY-SA 4.0",
        "N-MNIST",
        (
            Source(
                _N_MNIST + "39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded", "Train.zip",
                "md5:20959b8e626244a1b502305a9e6e2031", unpack="Train/",
            ),
            Source(
                _N_MNIST + "05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded", "Test.zip",
                "md5:69ca8762b2fe404d9b9bad1103e97832", unpack="Test/",
            ),
        ),
    ),
    "dvs-gesture": Entry(
        "DVS128 Gesture", 1_176, 288, "events", "CC BY 4.0", "DvsGesture",
        (
            Source(
                "", "DvsGesture.tar.gz",
                "md5:8a5c71fb11e24e5ca5b11866ca6c00a1", unpack="DvsGesture/",
            ),
        ),
        by_hand=_GESTURE,
    ),
    "dvs-cifar10": Entry(
        "DVS-CIFAR10 (CIFAR10-DVS)", 9_000, 1_000, "events", "CC BY 4.0", "CIFAR10DVS",
        tuple(
            Source(_FIGSHARE + number, f"{name}.zip", f"md5:{digest}", unpack=f"{name}/")
            for name, number, digest in _DVS_CIFAR10
        ),
    ),
}  # fmt: skip
