"""Codes as bytes: a uniform quantiser, entropy coding, and a file that holds the quantiser and the symbols.

The way of a code to the disk and back is::

    codes --quantise--> symbols --entropy_encode--> bytes --entropy_decode--> symbols --dequantise--> codes

Only the first step loses anything. The coder is that of constriction (Bamler 2022). It gets frequencies that need no
rounding, so all that it computes is whole numbers, and the bytes are the same on every machine.
"""

import contextlib
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import constriction
import numpy as np

from aelib._checks import check_floats, check_integer, check_same_shape, check_vectors

#: The frequencies of a unit's symbols add up to this.
TOTAL = 1 << 14
#: Symbols that a unit may have at most.
MOST_LEVELS = 4096

_MAGIC = b"AELC"
_VERSION = 1
_HEADER = struct.Struct("<4sHHII")  # magic, version, units, images, bytes of the whole file
_CHECKSUM = struct.Struct("<I")


class CodeFileError(RuntimeError):
    """A file of codes is missing, truncated, altered or something else; the message says which."""


@dataclass(frozen=True, eq=False)
class Quantiser:
    r"""A uniform quantiser with a range of its own for each code unit, and how often each of its symbols occurs.

    Symbol k of unit j stands for the value

    .. math:: \hat z = \ell_j + k \Delta_j, \qquad k = 0, \dots, K_j - 1

    and a value becomes the symbol whose value is nearest: inside the range it moves by at most half a step.

    Parameters
    ----------
    low, step : numpy.ndarray of float32, shape (d,)
        Value of each unit's first symbol; distance between neighbouring values, above 0.
    frequencies : numpy.ndarray of uint16, shape (d, max(K))
        Row j holds the frequencies of unit j's symbols, each at least 1, which add up to 16,384; then zeros.

    Raises
    ------
    ValueError
        If the three do not fit together, or a number is out of range.
    """

    low: np.ndarray
    step: np.ndarray
    frequencies: np.ndarray

    def __post_init__(self):
        low, step = check_floats(self.low, "low"), _check_step(self.step)
        check_same_shape(low, step, "low", "step")
        table = np.asarray(self.frequencies)
        if low.ndim != 1 or table.ndim != 2 or len(table) != len(low) or not np.issubdtype(table.dtype, np.integer):
            shapes = f"{low.shape} and {table.shape}, frequencies the dtype {table.dtype}"
            raise ValueError(f"low and frequencies have shapes {shapes}; expected (d,) and (d, K), and integers")
        used = np.arange(table.shape[1]) < (table > 0).sum(axis=1, keepdims=True)
        if table.min() < 0 or table[~used].any() or (table.sum(axis=1) != TOTAL).any():
            raise ValueError(f"frequencies of a unit are not above 0, then 0, with a sum of {TOTAL}, as fit gives them")
        for name, array, dtype in (("low", low, "f4"), ("step", step, "f4"), ("frequencies", table, "u2")):
            object.__setattr__(self, name, array.astype(dtype))

    @classmethod
    def fit(cls, codes, step):
        """Find each unit's range and its symbols' frequencies on training codes.

        One value of each unit is its mean; the others lie at whole steps from it, as far as the codes reach. So a unit
        that stays within half a step of its mean has one symbol, and costs nothing. A symbol that never occurs gets
        the frequency 1, for other images may need it.

        Parameters
        ----------
        codes : array_like of float, shape (n, d)
            Codes of training images.
        step : float or array_like of float, shape (d,)
            Distance between neighbouring values: one for all units, or one for each.

        Returns
        -------
        Quantiser

        Raises
        ------
        ValueError
            If `codes` are not finite floats of shape (n, d), `step` is not above 0 or does not fit, or is so small that
            a unit would have more than 4096 symbols.
        """
        codes, step = check_vectors(codes, "codes"), _check_step(np.asarray(step, dtype=np.float64))
        if step.shape not in ((), codes.shape[1:]):
            raise ValueError(f"step has shape {step.shape}; expected one number, or one for each of {codes.shape[1]}")
        mean = codes.mean(axis=0, dtype=np.float64)
        first, last = (np.rint((extreme - mean) / step) for extreme in (codes.min(axis=0), codes.max(axis=0)))
        most = (last - first).max() + 1
        if most > MOST_LEVELS:
            raise ValueError(f"step is so small that a unit needs {most:.0f} symbols; expected at most {MOST_LEVELS}")
        low, step = (mean + first * step).astype(np.float32), np.broadcast_to(step, mean.shape).astype(np.float32)
        levels = (last - first).astype(int) + 1
        frequencies = np.zeros((len(levels), levels.max()), dtype=np.uint16)
        for row, unit, size in zip(frequencies, _nearest(codes, low, step, levels).T, levels, strict=True):
            counts = np.bincount(unit, minlength=size)
            row[:size] = 1 + counts * (TOTAL - size) // len(unit)
            row[counts.argmax()] += TOTAL - row.sum(dtype=int)  # what rounding down has left
        return cls(low, step, frequencies)

    @property
    def levels(self):
        """How many symbols each unit has, as integers of shape (d,)."""
        return (self.frequencies > 0).sum(axis=1)

    def quantise(self, codes):
        """Return the symbols of codes.

        Parameters
        ----------
        codes : array_like of float, shape (n, d)
            Codes. Values outside a unit's range become its nearest end.

        Returns
        -------
        numpy.ndarray of uint16, shape (n, d)
            Symbols, from 0 to one less than the unit's levels.

        Raises
        ------
        ValueError
            If `codes` are not finite floats of that shape.
        """
        codes = check_vectors(codes, "codes")
        if codes.shape[1] != len(self.low):
            raise ValueError(f"codes have shape {codes.shape}; expected (n, {len(self.low)}), as the quantiser has")
        return _nearest(codes, self.low, self.step, self.levels)

    def dequantise(self, symbols):
        """Return the values that symbols stand for.

        Parameters
        ----------
        symbols : array_like of int, shape (n, d)
            Symbols, as `quantise` gives them.

        Returns
        -------
        numpy.ndarray of float32, shape (n, d)
            Codes.

        Raises
        ------
        ValueError
            If `symbols` are not integers of that shape within each unit's levels.
        """
        symbols = _check_symbols(symbols, self.levels)
        return (self.low.astype(np.float64) + symbols * self.step.astype(np.float64)).astype(np.float32)

    def code_length(self, symbols):
        r"""Return how many bits an ideal coder would need for symbols, given the frequencies f.

        .. math:: -\sum_{i,j} \log_2 \frac{f_{j k_{ij}}}{16384}

        Parameters
        ----------
        symbols : array_like of int, shape (n, d)
            Symbols, as `quantise` gives them.

        Returns
        -------
        float
            Bits for all symbols together.

        Raises
        ------
        ValueError
            If `symbols` are not integers of that shape within each unit's levels.

        Notes
        -----
        Shannon (1948), *A mathematical theory of communication*.
        """
        symbols = _check_symbols(symbols, self.levels)
        return float(-np.log2(self.frequencies[np.arange(len(self.low)), symbols] / TOTAL).sum())


def entropy(symbols):
    r"""Return the empirical entropy of each unit's symbols, in bits.

    .. math:: H_j = -\sum_k p_{jk} \log_2 p_{jk}

    with :math:`p_{jk}` the share of the n symbols of unit j that are k. No code that treats a unit's symbols as
    independent draws can spend fewer bits on one of them, on average (Shannon 1948).

    Parameters
    ----------
    symbols : array_like of int, shape (n, d)
        Symbols, at least 0.

    Returns
    -------
    numpy.ndarray of float64, shape (d,)
        Bits a symbol.

    Raises
    ------
    ValueError
        If `symbols` are not non-negative integers of shape (n, d), or there are none.
    """
    symbols = _check_symbols(symbols)
    shares = [np.unique_counts(unit).counts / len(symbols) for unit in symbols.T]
    return np.array([-(share * np.log2(share)).sum() + 0.0 for share in shares])


def entropy_encode(symbols, quantiser):
    """Return symbols as bytes, close to the fewest that the quantiser's frequencies allow.

    One unit after the other; constriction's ``AnsCoder`` is range asymmetric numeral systems (rANS; Duda 2013) with a
    state of 64 bits, from which words of 32 go to the output. They are stored little-endian.

    Parameters
    ----------
    symbols : array_like of int, shape (n, d)
        Symbols, as `Quantiser.quantise` gives them.
    quantiser : Quantiser
        The quantiser that they are from.

    Returns
    -------
    bytes
        A whole number of words of 4 bytes.

    Raises
    ------
    ValueError
        If `symbols` are not integers of that shape within the quantiser's levels.
    """
    symbols = _check_symbols(symbols, quantiser.levels).astype(np.int32)
    coder = constriction.stream.stack.AnsCoder()
    for unit, model in reversed(_models(quantiser)):  # what goes in last comes out first
        coder.encode_reverse(symbols[:, unit].copy(), model)
    return coder.get_compressed().astype("<u4").tobytes()


def entropy_decode(data, quantiser, count):
    """Return the symbols that `entropy_encode` turned into bytes.

    Parameters
    ----------
    data : bytes
        What `entropy_encode` gave.
    quantiser : Quantiser
        The quantiser that it was given.
    count : int
        Images, at least 1.

    Returns
    -------
    numpy.ndarray of uint16, shape (count, d)
        Symbols.

    Raises
    ------
    ValueError
        If `count` is not a positive integer, or `data` is not the encoding of `count` images' symbols. Altered bytes
        rarely are one, but some may be: hence the checksum that `write` adds.
    """
    symbols = np.zeros((check_integer(count, "count", low=1), len(quantiser.low)), dtype=np.uint16)
    # ValueError: bytes that are no words, or a last word of 0, which a coder never ends with.
    with contextlib.suppress(ValueError):
        coder = constriction.stream.stack.AnsCoder(np.frombuffer(data, "<u4").astype(np.uint32))
        for unit, model in _models(quantiser):
            symbols[:, unit] = coder.decode(model, count)
        # The coder makes symbols of any words. Those that encode to the same words are the right ones.
        if entropy_encode(symbols, quantiser) == data:
            return symbols
    raise ValueError(f"data, {len(data)} bytes, is not what entropy_encode gives for {symbols.size} symbols")


def write(path, symbols, quantiser):
    """Write symbols to a file, with all that is needed to turn them into codes again. The decoder is not in it.

    Little-endian, one part after the other: the magic ``AELC``; version (2 bytes), units d (2), images n (4), bytes of
    the file (4); d lowest values and d steps, float32; d numbers of levels, uint16; the frequencies, uint16, unit
    after unit; what `entropy_encode` gives; the CRC-32 of all that (4).

    The file appears under its name only once it is complete, in place of what was there.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to write.
    symbols : array_like of int, shape (n, d)
        Symbols, as `Quantiser.quantise` gives them.
    quantiser : Quantiser
        The quantiser that they are from.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    ValueError
        If `symbols` do not fit the quantiser, or have more than 65,535 units.
    OSError
        If the folder cannot be written to. Whatever was at `path` before is then still there.
    """
    table, payload = quantiser.frequencies, entropy_encode(symbols, quantiser)
    if len(table) > 0xFFFF:
        raise ValueError(f"the codes have {len(table)} units; a file holds at most 65,535")
    arrays = (quantiser.low, "<f4"), (quantiser.step, "<f4"), (quantiser.levels, "<u2"), (table[table > 0], "<u2")
    body = b"".join(array.astype(dtype).tobytes() for array, dtype in arrays) + payload
    size = _HEADER.size + len(body) + _CHECKSUM.size
    content = _HEADER.pack(_MAGIC, _VERSION, len(table), len(symbols), size) + body
    part = Path(f"{path}.{os.getpid()}.part")  # beside the target: a rename is atomic only within one file system
    try:
        part.write_bytes(content + _CHECKSUM.pack(zlib.crc32(content)))
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return size


def read(path):
    """Return what `write` put into a file.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to read.

    Returns
    -------
    symbols : numpy.ndarray of uint16, shape (n, d)
        The symbols.
    quantiser : Quantiser
        The quantiser that they are from.

    Raises
    ------
    CodeFileError
        If the file cannot be read, is no such file, is truncated, or was altered.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CodeFileError(f"{path} cannot be read ({error.strerror})") from error
    if not content.startswith(_MAGIC):
        raise CodeFileError(f"{path} begins with {content[:4]!r}; a file of codes begins with {_MAGIC!r}")
    if len(content) < _HEADER.size:
        raise CodeFileError(f"{path} ends inside its header, after {len(content)} bytes")
    _, version, units, count, size = _HEADER.unpack_from(content)
    if version != _VERSION:
        raise CodeFileError(f"{path} has version {version} of the format; this program reads version {_VERSION}")
    if len(content) != size:
        what = "truncated" if len(content) < size else "something was added to it"
        raise CodeFileError(f"{path} holds {len(content)} bytes; its header calls for {size}: {what}")
    content, checksum = content[: -_CHECKSUM.size], content[-_CHECKSUM.size :]
    if checksum != _CHECKSUM.pack(zlib.crc32(content)):
        raise CodeFileError(f"{path} was altered: its checksum does not fit its content")
    start = _HEADER.size + 10 * units
    low, step = np.frombuffer(content, "<f4", 2 * units, _HEADER.size).reshape(2, units)
    levels = np.frombuffer(content, "<u2", units, start - 2 * units).astype(int)
    table = np.zeros((units, levels.max()), dtype=np.uint16)
    table[np.arange(levels.max()) < levels[:, np.newaxis]] = np.frombuffer(content, "<u2", levels.sum(), start)
    quantiser = Quantiser(low, step, table)
    return entropy_decode(content[start + 2 * levels.sum() :], quantiser, count), quantiser


def _nearest(codes, low, step, levels):
    """Symbols of codes; in float64, where every machine rounds alike."""
    return np.clip(np.rint((codes - low.astype(np.float64)) / step), 0, levels - 1).astype(np.uint16)


def _models(quantiser):
    """List number and entropy model of each unit with several symbols; the one symbol of another unit costs nothing."""
    models = []
    for unit, levels in enumerate(quantiser.levels):
        if levels > 1:
            # constriction gives each symbol one of its 2²⁴ parts and shares out the others in the proportion that it is
            # told. Told the number of them, it multiplies by exactly 1.
            parts = quantiser.frequencies[unit, :levels] * (2.0**24 / TOTAL)
            models.append((unit, constriction.stream.model.Categorical(parts - 1, perfect=False)))
    return models


def _check_step(step):
    step = check_floats(step, "step")
    if (step <= 0).any():
        raise ValueError(f"step has a least value of {step.min():g}; expected steps above 0")
    return step


def _check_symbols(symbols, levels=None):
    symbols = np.asarray(symbols)
    if symbols.ndim != 2 or symbols.size == 0 or not np.issubdtype(symbols.dtype, np.integer):
        raise ValueError(
            f"symbols have shape {symbols.shape} and dtype {symbols.dtype}; expected integers of shape (n, d)"
        )
    if levels is not None and symbols.shape[1] != len(levels):
        raise ValueError(f"symbols have shape {symbols.shape}; expected (n, {len(levels)}): a column for each unit")
    if symbols.min() < 0 or (levels is not None and (symbols >= levels).any()):
        raise ValueError("symbols lie outside the levels of their units; expected 0 to levels - 1")
    return symbols
