"""Downloads: checked, all or nothing, and a way by hand; from a server on this machine only."""

import gc
import hashlib
import io
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from numsnn.data import MissingDataError
from numsnn.data.catalogue import CATALOGUE, Entry, Source
from numsnn.data.fetch import by_hand, fetch
from numsnn.data.loaders import LOADERS
from numsnn.errors import DataFormatError


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; a path that begins with /cut/ breaks off half way through the file."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if not self.path.startswith("/cut/"):
            super().do_GET()
            return
        content = (Path(self.directory) / self.path.removeprefix("/cut/")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True


@pytest.fixture
def server(tmp_path):
    pytest.importorskip("pooch", reason="downloading needs pooch")
    files = tmp_path / "published"
    files.mkdir()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(files)))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    yield files, f"http://127.0.0.1:{httpd.server_port}/"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def digest(raw: bytes, kind: str = "sha256") -> str:
    return f"{kind}:{hashlib.new(kind, raw).hexdigest()}"


def entry(*sources: Source, folder: str = "squares") -> Entry:
    return Entry("Squares", 2, 1, "1x2x2", "none", folder, sources)


def published(root: Path, name: str, raw: bytes) -> bytes:
    (root / name).write_bytes(raw)
    return raw


def quiet(text: str) -> None:
    assert text


def listed(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return file.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("squares/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hosts"
        archive.addfile(link)
    return file.getvalue()


def test_plain_files_are_downloaded_and_checked(server, tmp_path):
    files, url = server
    raw = published(files, "one.gz", b"\x1f\x8b content kept as it is")
    place = fetch(
        "squares", entry(Source(url + "one.gz", "one.gz", digest(raw))), tmp_path / "d", None, quiet
    )
    assert place == tmp_path / "d" / "squares"
    assert listed(tmp_path / "d") == ["squares/one.gz"]
    assert (place / "one.gz").read_bytes() == raw


def test_archives_are_unpacked_below_their_prefix_and_nowhere_else(server, tmp_path):
    files, url = server
    tar = published(
        files,
        "set.tar.gz",
        tarred({"squares/a.bin": b"a", "other/b.bin": b"b", "squares/../../c.bin": b"c"}),
    )
    zip_ = published(
        files,
        "Train.zip",
        zipped(Train__0__1_dot_bin=b"x", __MACOSX__Train__1=b"?", Test__0=b"y"),
    )
    sources = (
        Source(url + "set.tar.gz", "set.tar.gz", digest(tar, "md5"), "squares/"),
        Source(url + "Train.zip", "Train.zip", digest(zip_), "Train/"),
    )
    fetch("squares", entry(*sources), tmp_path / "d", None, quiet)
    assert listed(tmp_path) == [
        "d/squares/Train/0/1.bin",
        "d/squares/a.bin",
        "published/Train.zip",
        "published/set.tar.gz",
    ]


def test_a_file_of_other_contents_is_refused_and_leaves_nothing(server, tmp_path):
    files, url = server
    good = published(files, "one.gz", b"good")
    published(files, "two.gz", b"not what was published")
    sources = (
        Source(url + "one.gz", "one.gz", digest(good)),
        Source(url + "two.gz", "two.gz", digest(b"what was published")),
    )
    with pytest.raises(DataFormatError) as caught:
        fetch("squares", entry(*sources), tmp_path / "d", None, quiet)
    assert digest(b"what was published")[7:] in caught.value.expected
    assert caught.value.found == digest(b"not what was published")[7:]
    assert listed(tmp_path / "d") == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # pooch leaves its broken socket open
@pytest.mark.parametrize("path", ["cut/one.gz", "absent.gz"])
def test_an_interrupted_download_leaves_nothing_and_says_what_to_do(server, tmp_path, path):
    files, url = server
    raw = published(files, "one.gz", bytes(100_000))
    said: list[str] = []
    made = entry(Source(url + path, "one.gz", digest(raw)))
    with pytest.raises((MissingDataError, DataFormatError)) as caught:
        fetch("squares", made, tmp_path / "d", None, said.append)
    if isinstance(caught.value, MissingDataError):
        assert url + path in str(caught.value)
        assert "numsnn data fetch squares --from FOLDER" in said[-1]
    assert listed(tmp_path / "d") == [] and not list((tmp_path / "d").iterdir())
    del caught
    gc.collect()  # so that the socket is closed in this test


def test_without_a_network_it_says_what_to_do(tmp_path):
    pytest.importorskip("pooch", reason="downloading needs pooch")
    nowhere = Source("http://127.0.0.1:9/one.gz", "one.gz", digest(b""))
    said: list[str] = []
    with pytest.raises(MissingDataError, match="could not be downloaded"):
        fetch("squares", entry(nowhere), tmp_path, None, said.append)
    assert "http://127.0.0.1:9/one.gz as one.gz" in said[-1] and "--from FOLDER" in said[-1]


def test_files_placed_by_hand_take_the_same_way(tmp_path):
    by_hand_folder = tmp_path / "downloads"
    by_hand_folder.mkdir()
    raw = published(by_hand_folder, "set.zip", zipped(squares__a_dot_bin=b"a"))
    made = entry(Source("", "set.zip", digest(raw), "squares/"))
    with pytest.raises(MissingDataError, match="no direct link"):
        fetch("squares", made, tmp_path / "d", None, quiet)
    with pytest.raises(MissingDataError, match="does not exist"):
        fetch("squares", made, tmp_path / "d", tmp_path, quiet)
    place = fetch("squares", made, tmp_path / "d", by_hand_folder, quiet)
    assert listed(place) == ["a.bin"]
    with pytest.raises(MissingDataError, match="holds files already"):
        fetch("squares", made, tmp_path / "d", by_hand_folder, quiet)
    (by_hand_folder / "set.zip").write_bytes(raw[:-1])
    with pytest.raises(DataFormatError):
        fetch("squares", made, tmp_path / "e", by_hand_folder, quiet)


def test_a_stop_at_the_last_moment_leaves_nothing(tmp_path, monkeypatch):
    published(tmp_path, "a.gz", b"a")
    made = entry(Source("", "a.gz", digest(b"a")))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("numsnn.data.fetch.os.replace", stop)
    with pytest.raises(KeyboardInterrupt):
        fetch("squares", made, tmp_path / "d", tmp_path, quiet)
    assert list((tmp_path / "d").iterdir()) == []


def test_a_damaged_archive_is_refused(tmp_path):
    for name, raw in (
        ("set.zip", b"PK\x03\x04 cut"),
        ("set.tar.gz", tarred({"squares/a": bytes(9000)})[:-60]),
        ("other.zip", zipped(circles__a=b"a")),
    ):
        published(tmp_path, name, raw)
        made = entry(Source("", name, digest(raw), "squares/"))
        with pytest.raises(DataFormatError):
            fetch("squares", made, tmp_path / "d", tmp_path, quiet)
        assert listed(tmp_path / "d") == []


def test_a_set_that_nobody_publishes_is_refused(tmp_path):
    with pytest.raises(MissingDataError, match="no official file"):
        fetch("digits", CATALOGUE["digits"], tmp_path, None, quiet)


def test_the_catalogue_knows_every_loader_and_holds_whole_digests():
    assert CATALOGUE.keys() == LOADERS.keys()
    for name, known in CATALOGUE.items():
        for source in known.sources:
            kind, _, value = source.digest.partition(":")
            assert len(value) == {"sha256": 64, "md5": 32}[kind]
            assert set(value) <= set("0123456789abcdef")
            assert source.url or known.by_hand
            assert source.file in by_hand(name, known)


def test_published_digests_are_those_of_the_real_files(data_dir):
    """MNIST's four files here are the official ones, so their digests can be compared."""
    folder = data_dir / "mnist"
    if not folder.is_dir():
        pytest.skip("mnist is not in NUMSNN_DATA")
    for source in CATALOGUE["mnist"].sources:
        raw = (folder / source.file).read_bytes()
        assert digest(raw) == source.digest
