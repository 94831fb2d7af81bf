"""MNIST's own IDX files, their SHA-256 sums, and the ``.npz`` that this course keeps the data in.

IDX is a short header (two zero bytes, the element type, the number of dimensions, then each dimension as a big-endian
32-bit integer) followed by the elements. So an array determines its file: `sha256_of` rebuilds the bytes, and the
sums of the eight original files vouch for an ``.npz`` no matter which zlib compressed it.
"""

import contextlib
import gzip
import hashlib
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}

#: SHA-256 of the uncompressed IDX file behind each array.
SHA256 = {
    "mnist": {
        "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "fashion_mnist": {
        "x_train": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "y_train": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "x_test": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "y_test": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
}

_UNSIGNED_BYTE = 0x08


class DataError(RuntimeError):
    """A data file is missing, truncated, altered or the wrong one; the message says which, and what to do."""


def header(shape):
    """Return the header of an IDX file of unsigned bytes with this shape."""
    return struct.pack(f">HBB{len(shape)}I", 0, _UNSIGNED_BYTE, len(shape), *shape)


def sha256_of(array):
    """Return the SHA-256 of the IDX file that holds the `uint8` array."""
    digest = hashlib.sha256(header(array.shape))
    digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def read_idx(path):
    """Return the array in one IDX file, plain or gzipped.

    Parameters
    ----------
    path : pathlib.Path
        The file. What it begins with, not its name, says whether it is gzipped.

    Returns
    -------
    numpy.ndarray of uint8

    Raises
    ------
    DataError
        If the file cannot be read or is not a complete IDX file of unsigned bytes.
    """
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}); expected a complete IDX file, plain or gzipped") from error
    if len(content) < 4 or content[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise DataError(
            f"{path} begins with {content[:4]!r}; expected an IDX file of unsigned bytes (b'\\x00\\x00\\x08')"
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise DataError(f"{path} ends inside its header, after {len(content)} bytes; expected a complete IDX file")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    expected = start + int(np.prod(shape, dtype=object))
    if len(content) != expected:
        raise DataError(f"{path} holds {len(content)} bytes; its header, of shape {shape}, calls for {expected}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def read_folder(folder, name):
    """Return the four arrays of the data set `name` from a folder of its IDX files, checked.

    Parameters
    ----------
    folder : pathlib.Path
        Holds the four files, each plain or with ``.gz`` added.
    name : str
        A key of `SHA256`.

    Returns
    -------
    dict of str to numpy.ndarray of uint8

    Raises
    ------
    DataError
        If a file is missing, damaged, or does not have the expected sum.
    """
    arrays = {}
    for key, file in FILES.items():
        path = next((p for p in (folder / file, folder / f"{file}.gz") if p.is_file()), None)
        if path is None:
            raise DataError(f"{folder} holds neither {file} nor {file}.gz; expected the four IDX files of {name}")
        arrays[key] = read_idx(path)
        check_sum(arrays[key], name, key, path)
    return arrays


def check_sum(array, name, key, source):
    """Raise `DataError` unless the array is exactly the one in the original IDX file."""
    if array.dtype != np.uint8:
        raise DataError(f"{source}: {key} has dtype {array.dtype}; expected uint8")
    found, expected = sha256_of(array), SHA256[name][key]
    if found != expected:
        others = [other for other, sums in SHA256.items() if found == sums[key]]
        whose = f" (those are {others[0]}'s)" if others else ""
        raise DataError(
            f"{source}: {key}, of shape {array.shape}, is not {name}'s{whose}: "
            f"as an IDX file it has the SHA-256 {found}; expected {expected}"
        )


def read_npz(path, name):
    """Return the four arrays of the data set `name` from its ``.npz``, checked.

    Parameters
    ----------
    path : pathlib.Path
        The file, which must exist.
    name : str
        A key of `SHA256`.

    Returns
    -------
    dict of str to numpy.ndarray of uint8

    Raises
    ------
    DataError
        If the file is damaged, or holds anything but the expected arrays.
    """
    try:
        # Given an open file rather than a path, NumPy reads a zip archive in full or raises; it never unpickles here.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in FILES}
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        TypeError,
        AttributeError,
        RuntimeError,  # zipfile's, for encryption and, as NotImplementedError, for unknown compression
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        size = path.stat().st_size
        raise DataError(
            f"{path}, of {size:,} bytes, is not a complete .npz with the arrays {', '.join(FILES)} "
            f"({type(error).__name__}: {error})"
        ) from error
    for key, array in arrays.items():
        check_sum(array, name, key, path)
    return arrays


def write_npz(arrays, path):
    """Write the arrays to `path`, compressed. A file appears there only once it is complete.

    Raises
    ------
    OSError
        If the folder cannot be written to. Whatever was at `path` before is then still there.
    """
    # Beside the target, since a rename is atomic only within one file system; and named by the process, so that two
    # at the same work do not write into one file.
    part = Path(f"{path}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
