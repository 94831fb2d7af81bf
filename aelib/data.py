"""The two data sets, checked against the sums of the original files, and the two shapes an image takes.

The course carries its data in the repository's ``data`` folder. Set the environment variable ``AELIB_DATA`` to read
them from another folder. Where `aelib` is installed without the repository, they are downloaded once into a cache.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aelib._checks import PIXELS, SIDE, check_image_shape, check_integer, check_seed
from aelib._idx import FILES, DataError, read_folder, read_npz, write_npz

__all__ = ["DataError", "ImageData", "Split", "as_images", "as_vectors", "load_fashion_mnist", "load_mnist"]

_REPOSITORY_DATA = Path(__file__).resolve().parents[1] / "data"

# Where the gzipped IDX files are mirrored: PyTorch's bucket, and the Fashion-MNIST authors' own. The sums are checked
# after the download, so the transport need not be trusted.
_MIRRORS = {
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
}

_CLASS_NAMES = {
    "mnist": ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    "fashion_mnist": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
}


class Split(NamedTuple):
    """The training images, divided in two: what a model learns from, and what its settings are chosen on.

    Attributes
    ----------
    x_train : numpy.ndarray of float32
        Images in [0, 1] to learn from, shape ``(60000 - size, 784)``.
    y_train : numpy.ndarray of int64
        Their classes, 0 to 9, shape ``(60000 - size,)``.
    x_validation : numpy.ndarray of float32
        Images in [0, 1] that were set aside, shape ``(size, 784)``.
    y_validation : numpy.ndarray of int64
        Their classes, 0 to 9, shape ``(size,)``.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class ImageData:
    """A data set of 28 by 28 grey images in ten classes. Its arrays are read-only.

    Attributes
    ----------
    name : str
        ``"mnist"`` or ``"fashion_mnist"``.
    x_train : numpy.ndarray of float32, shape (60000, 784)
        Training images in [0, 1], row by row from the top; 0 is the background.
    y_train : numpy.ndarray of int64, shape (60000,)
        Their classes, 0 to 9.
    x_test : numpy.ndarray of float32, shape (10000, 784)
        Test images in [0, 1], for reporting only.
    y_test : numpy.ndarray of int64, shape (10000,)
        Their classes, 0 to 9.
    class_names : tuple of str
        What the ten classes are called.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]

    def __repr__(self):
        return f"<ImageData {self.name}: {len(self.x_train)} training and {len(self.x_test)} test images>"

    def validation_split(self, size=10_000, *, seed):
        """Set some of the training images aside, at random, to choose things on.

        Parameters
        ----------
        size : int
            How many to set aside, from 1 to one less than there are.
        seed : int
            Seed of the permutation.

        Returns
        -------
        Split
            Read-only copies: ``x_train, y_train, x_validation, y_validation``.

        Raises
        ------
        ValueError
            If `size` leaves nothing on one side, or `seed` is not a non-negative integer.
        """
        size = check_integer(size, "size", low=1, high=len(self.x_train) - 1)
        order = np.random.default_rng(check_seed(seed)).permutation(len(self.x_train))
        kept, aside = order[size:], order[:size]
        return Split(
            _read_only(self.x_train[kept]),
            _read_only(self.y_train[kept]),
            _read_only(self.x_train[aside]),
            _read_only(self.y_train[aside]),
        )


def load_mnist():
    """Return MNIST: 60,000 training and 10,000 test images of handwritten digits.

    Returns
    -------
    ImageData

    Raises
    ------
    DataError
        If the file is missing, truncated, altered or the wrong one, or cannot be downloaded where it has to be.

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner (1998), *Gradient-based learning applied to document recognition*.
    """
    return _load("mnist")


def load_fashion_mnist():
    """Return Fashion-MNIST: 60,000 training and 10,000 test images of articles of clothing.

    Returns
    -------
    ImageData

    Raises
    ------
    DataError
        If the file is missing, truncated, altered or the wrong one, or cannot be downloaded where it has to be.

    Notes
    -----
    Xiao, Rasul and Vollgraf (2017), *Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms*.
    """
    return _load("fashion_mnist")


def as_images(x):
    """Return `x` in the shape that convolutional models take, as a view where NumPy can make one.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images. Their range is not checked, since a reconstruction by PCA may leave [0, 1].

    Returns
    -------
    numpy.ndarray, shape (n, 28, 28, 1)
        The same values in the same dtype.

    Raises
    ------
    ValueError
        If `x` has another shape, is not floating-point, is empty, or holds NaN or infinity.
    """
    return check_image_shape(x).reshape(-1, SIDE, SIDE, 1)


def as_vectors(x):
    """Return `x` in the shape that dense models take, as a view where NumPy can make one.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images. Their range is not checked, since a reconstruction by PCA may leave [0, 1].

    Returns
    -------
    numpy.ndarray, shape (n, 784)
        The same values in the same dtype.

    Raises
    ------
    ValueError
        If `x` has another shape, is not floating-point, is empty, or holds NaN or infinity.
    """
    return check_image_shape(x).reshape(-1, PIXELS)


def _read_only(array):
    array.flags.writeable = False
    return array


def _load(name):
    """Find, check and convert one data set."""
    path, remedy = _locate(name)
    try:
        arrays = read_npz(path, name)
    except DataError as error:
        raise DataError(f"{error}. To mend it: {remedy}") from error
    return ImageData(
        name,
        _read_only(_pixels(arrays["x_train"])),
        _read_only(arrays["y_train"].astype(np.int64)),
        _read_only(_pixels(arrays["x_test"])),
        _read_only(arrays["y_test"].astype(np.int64)),
        _CLASS_NAMES[name],
    )


def _pixels(images):
    return np.divide(images.reshape(-1, PIXELS), 255, dtype=np.float32)


def _locate(name):
    """Return the path of a data set's existing file, downloading it if need be, and how to mend that file."""
    file = f"{name}.npz"
    if chosen := os.environ.get("AELIB_DATA"):
        folder = Path(chosen).expanduser()
        remedy = f"copy data/{file} of the course's repository there, or unset AELIB_DATA"
        if not folder.is_dir():
            raise DataError(
                f"AELIB_DATA is {chosen!r}, which is not a folder; expected one that holds {file}: {remedy}"
            )
        if not (folder / file).is_file():
            raise DataError(f"AELIB_DATA is {chosen!r}, a folder without {file}; expected it there: {remedy}")
        return folder / file, remedy
    # In a clone a missing file is a mishap to be told of, not a reason to go to the network.
    if (_REPOSITORY_DATA / "prepare.py").is_file():
        path = _REPOSITORY_DATA / file
        remedy = f"run `git checkout data/{file}`, or `python data/prepare.py {name} FOLDER` with the four IDX files"
        if not path.is_file():
            raise DataError(f"{path} is missing. To mend it: {remedy}")
        return path, remedy

    import pooch  # here, since whoever has the repository never needs it

    path = Path(pooch.os_cache("aelib")) / file
    if not path.is_file():
        _download(name, path)
    return path, f"delete {path}, and the next call downloads it again"


def _download(name, path):
    """Fetch the four IDX files of a data set, check them and write its ``.npz``; on failure, leave nothing behind."""
    import pooch

    remedy = f"set AELIB_DATA to a folder that holds {path.name}, such as the data folder of the course's repository"
    fetch = pooch.HTTPDownloader(timeout=30)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="download-", dir=path.parent) as folder:
            for file in FILES.values():
                url = f"{_MIRRORS[name]}/{file}.gz"
                try:
                    fetch(url, os.path.join(folder, f"{file}.gz"), None)
                except OSError as error:  # what requests raises is an OSError too
                    raise DataError(f"{url} cannot be downloaded ({error}). Try again, or {remedy}") from error
            try:
                arrays = read_folder(Path(folder), name)
            except DataError as error:
                raise DataError(
                    f"The download from {_MIRRORS[name]} is no good: {error}. Try again, or {remedy}"
                ) from error
            write_npz(arrays, path)
    except OSError as error:
        raise DataError(
            f"The cache folder {path.parent} cannot be written to ({error}). To do without it, {remedy}"
        ) from error
