"""aelib.data, aelib._idx and data/prepare.py: the real files in full, then every way in which a file can be wrong.

What goes wrong is tried on two tiny data sets, "mnist" and "fashion_mnist" in name, whose sums are put in place of the
real ones.
"""

import dataclasses
import gzip
import http.server
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from bad_input import BAD_FLOATS, BAD_SEEDS, BAD_SHAPES
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from aelib import _idx, data

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY_DATA = data._REPOSITORY_DATA
LOADERS = {"mnist": data.load_mnist, "fashion_mnist": data.load_fashion_mnist}
as_root = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def no_chosen_folder(monkeypatch):
    monkeypatch.delenv("AELIB_DATA", raising=False)


# The real data


@pytest.fixture(scope="module", params=LOADERS)
def real(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AELIB_DATA", raising=False)
        return LOADERS[request.param]()


def test_the_arrays_are_the_original_idx_files(real):
    for key, expected in _idx.SHA256[real.name].items():
        array = getattr(real, key)
        if key.startswith("x"):
            array = np.rint(array * 255).reshape(-1, 28, 28)
        assert _idx.sha256_of(array.astype(np.uint8)) == expected


def test_shapes_dtypes_and_ranges(real):
    assert real.x_train.shape == (60_000, 784)
    assert real.x_test.shape == (10_000, 784)
    for x in (real.x_train, real.x_test):
        assert x.dtype == np.float32
        assert x.flags.c_contiguous
        assert (x.min(), x.max()) == (0, 1)
    for x, y in [(real.x_train, real.y_train), (real.x_test, real.y_test)]:
        assert y.shape == (len(x),)
        assert y.dtype == np.int64
        assert set(np.unique(y)) == set(range(10))
    assert len(real.class_names) == 10
    assert all(isinstance(name, str) for name in real.class_names)
    assert repr(real) == f"<ImageData {real.name}: 60000 training and 10000 test images>"


def test_the_data_card_counts_right(real):
    card = (REPOSITORY_DATA / "README.md").read_text(encoding="utf-8")
    for part, x, y in [("training", real.x_train, real.y_train), ("test", real.x_test, real.y_test)]:
        counts = np.bincount(y)
        if real.name == "mnist":
            assert f"| {part} | {' | '.join(map(str, counts))} |" in card
        else:
            assert_array_equal(counts, len(x) // 10)
    grey, black = ((real.x_train > 0) & (real.x_train < 1)).mean(), (real.x_train == 0).mean()
    section = " ".join(
        card.split(f"## {'MNIST' if real.name == 'mnist' else 'Fashion-MNIST'}\n")[1].split("## ")[0].split()
    )
    assert f"{grey:.0%} of the training pixels are neither 0 nor 255".replace("%", " %") in section
    assert f"{black:.0%} are 0".replace("%", " %") in section
    if real.name == "mnist":
        assert (real.x_train.max(axis=0) == 0).sum() == 67
        assert f"{np.bincount(real.y_train)[1] / np.bincount(real.y_train)[5] - 1:.0%}" == "24%"


def test_the_data_card_is_right_that_no_image_occurs_twice(real):
    images = {row.tobytes() for x in (real.x_train, real.x_test) for row in x}
    assert len(images) == 70_000


# Two tiny data sets, and ways to damage them


def tiny_arrays(seed):
    rng = np.random.default_rng(seed)
    draw = lambda *shape, high: rng.integers(0, high, shape, dtype=np.uint8)  # noqa: E731
    return {
        "x_train": draw(12, 28, 28, high=255),
        "y_train": draw(12, high=10),
        "x_test": draw(5, 28, 28, high=255),
        "y_test": draw(5, high=10),
    }


@pytest.fixture
def tiny(monkeypatch):
    """The arrays of the two tiny data sets, with their sums in place of the real ones."""
    sets = {"mnist": tiny_arrays(1), "fashion_mnist": tiny_arrays(2)}
    for name, arrays in sets.items():
        sums = {key: _idx.sha256_of(array) for key, array in arrays.items()}
        monkeypatch.setitem(_idx.SHA256, name, sums)
    return sets


@pytest.fixture
def folder(tiny, tmp_path, monkeypatch):
    """A folder with both tiny data sets, which AELIB_DATA names."""
    folder = tmp_path / "chosen"
    folder.mkdir()
    for name, arrays in tiny.items():
        _idx.write_npz(arrays, folder / f"{name}.npz")
    monkeypatch.setenv("AELIB_DATA", str(folder))
    return folder


@pytest.fixture
def clone(tiny, tmp_path, monkeypatch):
    """The data folder of a clone with both tiny data sets."""
    clone = tmp_path / "data"
    clone.mkdir()
    (clone / "prepare.py").touch()
    for name, arrays in tiny.items():
        _idx.write_npz(arrays, clone / f"{name}.npz")
    monkeypatch.setattr(data, "_REPOSITORY_DATA", clone)
    return clone


def write_idx(arrays, folder, *, zipped=False):
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in arrays.items():
        content = _idx.header(array.shape) + array.tobytes()
        path = folder / f"{_idx.FILES[key]}{'.gz' * zipped}"
        path.write_bytes(gzip.compress(content) if zipped else content)
    return folder


def forbid_writing(monkeypatch):
    """Make every way of writing that aelib uses fail as it does in a read-only folder, for root as well."""

    def denied(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    real_open = Path.open

    def open_to_read(self, mode="r", *args, **kwargs):
        return denied() if set(mode) & set("wax+") else real_open(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_to_read)
    monkeypatch.setattr(Path, "mkdir", denied)
    monkeypatch.setattr(os, "replace", denied)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", denied)


@pytest.mark.parametrize("name", LOADERS)
def test_images_are_scaled_and_flattened(name, folder, tiny):
    loaded, arrays = LOADERS[name](), tiny[name]
    assert loaded.name == name
    assert_array_equal(loaded.x_train, arrays["x_train"].reshape(12, 784).astype(np.float32) / np.float32(255))
    assert_array_equal(loaded.x_test, arrays["x_test"].reshape(5, 784).astype(np.float32) / np.float32(255))
    assert_array_equal(loaded.y_train, arrays["y_train"])
    assert_array_equal(loaded.y_test, arrays["y_test"])


def test_the_data_cannot_be_changed_by_accident(folder):
    loaded = data.load_mnist()
    for array in (loaded.x_train, loaded.y_train, loaded.x_test, loaded.y_test, *loaded.validation_split(3, seed=0)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.x_train = loaded.x_test


# Validation split


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 60), st.data(), st.integers(0, 2**32 - 1))
def test_validation_split_divides_the_training_images(n, draw, seed):
    x, y = np.arange(n, dtype=np.float32)[:, None], np.arange(n)
    whole = data.ImageData("mnist", x, y, x[:1] - 100, y[:1] - 100, data._CLASS_NAMES["mnist"])
    size = draw.draw(st.integers(1, n - 1))
    split = whole.validation_split(size, seed=seed)
    assert len(split.x_validation) == size
    assert sorted([*split.y_train, *split.y_validation]) == list(range(n))
    assert_array_equal(split.x_train[:, 0], split.y_train)
    assert_array_equal(split.x_validation[:, 0], split.y_validation)


def test_validation_split_depends_on_its_seed_alone(real):
    split = real.validation_split(seed=0)
    assert [len(part) for part in split] == [50_000, 50_000, 10_000, 10_000]
    assert_array_equal(real.validation_split(10_000, seed=0).y_validation, split.y_validation)
    assert (real.validation_split(seed=1).y_validation != split.y_validation).any()
    assert split.x_train.dtype == np.float32
    # At random: every class is about as frequent in it as in the whole.
    expected = np.bincount(real.y_train) / 6
    assert (abs(np.bincount(split.y_validation) - expected) < 5 * np.sqrt(expected)).all()


@pytest.mark.parametrize("size", [0, -1, 12, 100, 3.0, 0.2, None, True], ids=str)
def test_validation_split_refuses_bad_sizes(folder, size):
    with pytest.raises(ValueError, match="^size is .*; expected an integer from 1 to 11"):
        data.load_mnist().validation_split(size, seed=0)


@pytest.mark.parametrize("seed", BAD_SEEDS, ids=str)
def test_validation_split_refuses_bad_seeds(folder, seed):
    with pytest.raises(ValueError, match="^seed is .*; expected an integer of at least 0"):
        data.load_mnist().validation_split(3, seed=seed)


# as_images and as_vectors


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 784), (2, 28, 28), (2, 28, 28, 1)])
def test_reshaping_makes_views_of_the_same_values(shape, dtype):
    x = np.linspace(-1, 2, 2 * 784, dtype=dtype).reshape(shape)
    images, vectors = data.as_images(x), data.as_vectors(x)
    assert images.shape == (2, 28, 28, 1)
    assert vectors.shape == (2, 784)
    for y in (images, vectors):
        assert y.dtype == dtype
        assert np.shares_memory(x, y)
        assert_array_equal(y.ravel(), x.ravel())
    assert images[1, 3, 5, 0] == vectors[1, 3 * 28 + 5]


@pytest.mark.parametrize("reshape", [data.as_images, data.as_vectors])
@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS + BAD_SHAPES)
def test_reshaping_refuses_what_are_not_images(reshape, bad, message):
    with pytest.raises(ValueError, match=message):
        reshape(bad)


# Files that are missing, truncated, altered or wrong


def relabelled(content, offset, value):
    """Change a byte of what the archive's table of contents says of its first file."""
    place = content.index(b"PK\x01\x02") + offset
    return content[:place] + bytes([value]) + content[place + 1 :]


DAMAGE = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
    "not an archive": lambda content: b"version https://git-lfs.github.com/spec/v1\n",
    "encrypted": lambda content: relabelled(content, 8, 1),
    "compressed otherwise": lambda content: relabelled(content, 10, 24),
    "one bit changed": lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_an_error_with_a_remedy(clone, damage):
    path = clone / "mnist.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(data.DataError, match="git checkout data/mnist.npz") as caught:
        data.load_mnist()
    assert str(path) in str(caught.value)
    assert "is not a complete .npz with the arrays x_train, y_train, x_test, y_test" in str(caught.value)
    assert data.load_fashion_mnist().name == "fashion_mnist"


def test_a_missing_file_of_a_clone_is_an_error_not_a_download(clone, monkeypatch):
    monkeypatch.setattr(data, "_download", lambda *args: pytest.fail("went to the network"))
    (clone / "mnist.npz").unlink()
    with pytest.raises(data.DataError, match=r"mnist.npz is missing. .*git checkout data/mnist.npz.*prepare.py mnist"):
        data.load_mnist()


def test_the_other_data_set_under_this_name_is_recognised(clone):
    (clone / "fashion_mnist.npz").replace(clone / "mnist.npz")
    with pytest.raises(
        data.DataError, match=r"x_train, of shape \(12, 28, 28\), is not mnist's \(those are fashion_mnist's\)"
    ):
        data.load_mnist()


@pytest.mark.parametrize("key", _idx.FILES)
def test_altered_values_are_noticed(clone, tiny, key):
    changed = tiny["mnist"][key].copy()
    changed.flat[3] ^= 1
    _idx.write_npz({**tiny["mnist"], key: changed}, clone / "mnist.npz")
    with pytest.raises(
        data.DataError, match=f"mnist.npz: {key}, .* is not mnist's: .* SHA-256 [0-9a-f]{{64}}; expected"
    ):
        data.load_mnist()


def test_other_shapes_dtypes_and_contents_are_noticed(clone, tiny):
    arrays, path = tiny["mnist"], clone / "mnist.npz"
    _idx.write_npz({**arrays, "x_train": arrays["x_train"].reshape(12, 784)}, path)
    with pytest.raises(data.DataError, match=r"x_train, of shape \(12, 784\), is not mnist's"):
        data.load_mnist()
    _idx.write_npz({**arrays, "y_test": arrays["y_test"].astype(np.int64)}, path)
    with pytest.raises(data.DataError, match="y_test has dtype int64; expected uint8"):
        data.load_mnist()
    _idx.write_npz({"x_train": arrays["x_train"]}, path)
    with pytest.raises(data.DataError, match="KeyError"):
        data.load_mnist()
    with path.open("wb") as file:
        np.save(file, arrays["x_train"])
    with pytest.raises(data.DataError, match="is not a complete .npz"):
        data.load_mnist()
    _idx.write_npz({**arrays, "x_train": np.array([{}], dtype=object)}, path)
    with pytest.raises(data.DataError, match="is not a complete .npz"):
        data.load_mnist()


def test_an_unreadable_file_is_an_error_with_a_remedy(clone, monkeypatch):
    def denied(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(data.DataError, match="mnist.npz.*Permission denied.*git checkout"):
        data.load_mnist()


def test_another_compression_of_the_same_arrays_is_accepted(clone, tiny):
    np.savez(clone / "mnist.npz", **tiny["mnist"])
    assert len(data.load_mnist().x_train) == 12


def test_a_read_only_data_folder_is_read(clone, monkeypatch):
    (clone / "mnist.npz").chmod(0o444)
    clone.chmod(0o555)
    forbid_writing(monkeypatch)
    assert len(data.load_mnist().x_train) == 12
    clone.chmod(0o755)


# AELIB_DATA


def test_the_chosen_folder_comes_before_the_repository(folder, clone, tiny):
    (clone / "mnist.npz").write_bytes(b"")
    assert_array_equal(data.load_mnist().y_train, tiny["mnist"]["y_train"])


def test_a_chosen_folder_that_does_not_exist_is_an_error(clone, tmp_path, monkeypatch):
    monkeypatch.setenv("AELIB_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(
        data.DataError, match="AELIB_DATA is '.*nowhere', which is not a folder; expected .*mnist.npz.*unset"
    ):
        data.load_mnist()
    monkeypatch.setenv("AELIB_DATA", str(clone / "mnist.npz"))
    with pytest.raises(data.DataError, match="which is not a folder"):
        data.load_mnist()


def test_a_chosen_folder_without_the_file_is_an_error(clone, tmp_path, monkeypatch):
    monkeypatch.setenv("AELIB_DATA", str(tmp_path))
    with pytest.raises(data.DataError, match="a folder without mnist.npz; expected it there: .*unset AELIB_DATA"):
        data.load_mnist()


def test_a_damaged_file_in_the_chosen_folder_is_an_error_not_passed_over(folder, clone):
    (folder / "mnist.npz").write_bytes(b"PK")
    with pytest.raises(data.DataError, match=f"{re.escape(str(folder))}.*To mend it: copy data/mnist.npz"):
        data.load_mnist()


def test_an_empty_setting_is_none_at_all(clone, monkeypatch):
    monkeypatch.setenv("AELIB_DATA", "")
    assert len(data.load_mnist().x_train) == 12


def test_the_home_folder_may_be_written_short(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    monkeypatch.setenv("AELIB_DATA", "~/chosen")
    assert len(data.load_mnist().x_train) == 12


# The download, for whoever has no clone


class Mirror:
    """Serves the IDX files of the tiny data sets on loopback, as they are or damaged, and counts the requests."""

    def __init__(self, folder):
        self.folder, self.requests, self.damage, mirror = folder, [], None, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.requests.append(self.path)
                path = mirror.folder / self.path.lstrip("/")
                if not path.is_file():
                    return self.send_error(404)
                content = path.read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                damaged = mirror.damage and len(mirror.requests) == 3
                self.wfile.write(mirror.damage(content) if damaged else content)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, not made yet, in an installation without a clone."""
    import pooch

    monkeypatch.setattr(data, "_REPOSITORY_DATA", tmp_path / "site-packages" / "data")
    monkeypatch.setattr(pooch, "os_cache", lambda project: str(tmp_path / "cache" / project))
    return tmp_path / "cache" / "aelib"


@pytest.fixture
def mirror(tiny, cache, tmp_path, monkeypatch):
    for name, arrays in tiny.items():
        write_idx(arrays, tmp_path / "www" / name, zipped=True)
    mirror = Mirror(tmp_path / "www")
    monkeypatch.setattr(data, "_MIRRORS", {name: f"{mirror.url}/{name}" for name in tiny})
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield mirror
    mirror.close()


@pytest.mark.parametrize("name", LOADERS)
def test_the_data_are_downloaded_once(name, mirror, cache, tiny):
    assert_array_equal(LOADERS[name]().y_test, tiny[name]["y_test"])
    assert mirror.requests == [f"/{name}/{file}.gz" for file in _idx.FILES.values()]
    assert os.listdir(cache) == [f"{name}.npz"]
    assert_array_equal(LOADERS[name]().y_test, tiny[name]["y_test"])
    assert len(mirror.requests) == 4


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[: len(content) // 2], "downloaded|no good"),
        (
            lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
            "no good: .*t10k-images-idx3-ubyte.gz",
        ),
        (lambda content: b"\0" * len(content), "no good: .*expected an IDX file of unsigned bytes"),
        (lambda content: gzip.compress(b"<html>Log in to the network</html>").ljust(len(content), b"\0"), "no good"),
    ],
    ids=["interrupted", "corrupt", "zeros", "another page"],
)
def test_a_damaged_download_leaves_nothing_behind(mirror, cache, damage, message):
    mirror.damage = damage
    with pytest.raises(data.DataError, match=f"(?s){message}.*Try again, or set AELIB_DATA"):
        data.load_mnist()
    assert os.listdir(cache) == []
    mirror.damage = None
    assert len(data.load_mnist().x_train) == 12


def test_the_other_data_set_at_the_mirror_is_refused(mirror, cache, monkeypatch):
    monkeypatch.setattr(data, "_MIRRORS", {"mnist": f"{mirror.url}/fashion_mnist"})
    with pytest.raises(data.DataError, match=r"no good: .* is not mnist's \(those are fashion_mnist's\)"):
        data.load_mnist()
    assert os.listdir(cache) == []


def test_a_file_that_is_not_at_the_mirror_is_an_error(mirror, cache, tmp_path):
    (tmp_path / "www" / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(data.DataError, match="t10k-labels-idx1-ubyte.gz cannot be downloaded .*404.*set AELIB_DATA"):
        data.load_mnist()
    assert os.listdir(cache) == []


@pytest.mark.parametrize("stage", ["while fetching", "while writing"])
def test_an_interrupted_download_leaves_nothing_behind(mirror, cache, stage):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    target = "pooch.HTTPDownloader.__call__" if stage == "while fetching" else "os.replace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, interrupted)
        with pytest.raises(KeyboardInterrupt):
            data.load_mnist()
    assert os.listdir(cache) == []
    assert len(data.load_mnist().x_train) == 12


def test_what_a_killed_download_leaves_is_not_taken_for_data(mirror, cache):
    (cache / "download-abc").mkdir(parents=True)
    (cache / "download-abc" / "train-images-idx3-ubyte.gz").write_bytes(b"half")
    (cache / "mnist.npz.1.part").write_bytes(b"PK half")
    assert len(data.load_mnist().x_train) == 12


def test_no_network_is_an_error_that_says_what_to_do(mirror, cache):
    mirror.close()
    with pytest.raises(
        data.DataError, match="train-images.*cannot be downloaded .*set AELIB_DATA to a folder that holds mnist.npz"
    ):
        data.load_mnist()
    assert os.listdir(cache) == []


def test_a_damaged_file_in_the_cache_says_how_to_mend_it(mirror, cache):
    data.load_mnist()
    (cache / "mnist.npz").write_bytes(b"PK")
    with pytest.raises(data.DataError, match="To mend it: delete .*mnist.npz, and the next call downloads it again"):
        data.load_mnist()
    (cache / "mnist.npz").unlink()
    assert len(data.load_mnist().x_train) == 12


def test_a_cache_that_cannot_be_written_to_is_an_error(mirror, cache, monkeypatch):
    forbid_writing(monkeypatch)
    with pytest.raises(
        data.DataError, match="cache folder .* cannot be written to .*Permission denied.*set AELIB_DATA"
    ):
        data.load_mnist()


def test_a_cache_whose_place_is_taken_by_a_file_is_an_error(mirror, cache):
    cache.parent.mkdir()
    cache.write_text("in the way")
    with pytest.raises(data.DataError, match="cache folder .* cannot be written to .*set AELIB_DATA"):
        data.load_mnist()


@pytest.mark.skipif(as_root, reason="root may write to a read-only folder; the test above stands in")
def test_a_read_only_cache_folder_is_an_error(mirror, cache):
    cache.mkdir(parents=True)
    cache.chmod(0o555)
    with pytest.raises(data.DataError, match="cache folder .* cannot be written to .*set AELIB_DATA"):
        data.load_mnist()
    cache.chmod(0o755)


# IDX files, and the script that turns them into an .npz


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 5), min_size=0, max_size=4), st.booleans())
def test_idx_files_are_read_back(shape, zipped):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    content = _idx.header(array.shape) + array.tobytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(gzip.compress(content) if zipped else content)
        assert_array_equal(_idx.read_idx(path), array)


def test_the_header_is_that_of_the_format():
    assert _idx.header((60_000, 28, 28)) == bytes.fromhex("00000803 0000ea60 0000001c 0000001c")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with b''; expected an IDX file"),
        (b"<html>", "begins with b'<htm'; expected an IDX file"),
        (bytes.fromhex("00000d01 00000001 00"), "expected an IDX file of unsigned bytes"),
        (bytes.fromhex("00000803 0000"), "ends inside its header, after 6 bytes"),
        (bytes.fromhex("00000801 00000003 0102"), r"holds 10 bytes; its header, of shape \(3,\), calls for 11"),
        (bytes.fromhex("00000801 00000001 0102"), "holds 10 bytes; its header, .* calls for 9"),
        (bytes.fromhex("00000804") + b"\xff" * 16, "calls for 3402823"),
        (gzip.compress(bytes(1000), mtime=0)[:-9], "cannot be read .*expected a complete IDX file, plain or gzipped"),
        (b"\x1f\x8b not really", "cannot be read"),
    ],
)
def test_what_is_not_an_idx_file_is_an_error(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(data.DataError, match=f"^{re.escape(str(path))} .*{message}|^{re.escape(str(path))} {message}"):
        _idx.read_idx(path)


def test_a_failed_write_keeps_the_old_file_and_no_remains(tmp_path, tiny, monkeypatch):
    path = tmp_path / "mnist.npz"
    path.write_bytes(b"old")

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        _idx.write_npz(tiny["mnist"], path)
    assert os.listdir(tmp_path) == ["mnist.npz"]
    assert path.read_bytes() == b"old"


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """data/prepare.py as a module that writes to a folder of the test's."""
    specification = importlib.util.spec_from_file_location("prepare", REPOSITORY_DATA / "prepare.py")
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    specification.loader.exec_module(module)
    target = tmp_path / "target"
    target.mkdir()
    monkeypatch.setattr(module, "HERE", target)
    return module


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("name", LOADERS)
def test_prepare_writes_what_the_loader_reads(prepare, tiny, tmp_path, monkeypatch, capsys, name, zipped):
    source = write_idx(tiny[name], tmp_path / "idx", zipped=zipped)
    assert prepare.main([name, str(source)]) == 0
    assert re.search(f"sums\n.*{name}.npz: written, 12 training and 5 test images", capsys.readouterr().out)
    assert os.listdir(prepare.HERE) == [f"{name}.npz"]
    monkeypatch.setenv("AELIB_DATA", str(prepare.HERE))
    assert_array_equal(LOADERS[name]().y_test, tiny[name]["y_test"])


def test_prepare_refuses_incomplete_and_wrong_folders(prepare, tiny, tmp_path, capsys):
    source = write_idx(tiny["mnist"], tmp_path / "idx")
    assert prepare.main(["mnist", str(tmp_path / "nowhere")]) == 1
    assert "nowhere is not a folder; expected one that holds the four IDX files of mnist" in capsys.readouterr().err
    assert prepare.main(["fashion_mnist", str(source)]) == 1
    assert "is not fashion_mnist's (those are mnist's)" in capsys.readouterr().err
    (source / "t10k-labels-idx1-ubyte").unlink()
    assert prepare.main(["mnist", str(source)]) == 1
    assert "holds neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz" in capsys.readouterr().err
    assert os.listdir(prepare.HERE) == []


def test_prepare_says_so_when_it_cannot_write(prepare, tiny, tmp_path, capsys, monkeypatch):
    source = write_idx(tiny["mnist"], tmp_path / "idx")
    forbid_writing(monkeypatch)
    assert prepare.main(["mnist", str(source)]) == 1
    assert "Permission denied" in capsys.readouterr().err


def test_prepare_has_help_and_runs_from_any_folder(tmp_path):
    command = [sys.executable, str(REPOSITORY_DATA / "prepare.py")]
    shown = subprocess.run([*command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "FOLDER" in shown and "train-images-idx3-ubyte" in shown
    failed = subprocess.run([*command, "mnist", str(tmp_path)], cwd=tmp_path, capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr.startswith("prepare.py: ") and "Traceback" not in failed.stderr
