"""Codes as bytes: values computed by hand, Shannon's bound, and files that come back bit for bit or not at all."""

import os
import struct
import zlib

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("constriction", reason="constriction does not exist for Linux on ARM")

from aelib.compression import TOTAL, CodeFileError, Quantiser, entropy, entropy_decode, entropy_encode, read, write


def drawn(shape, levels=7, seed=0):
    """Symbols of which small ones are frequent."""
    return np.minimum(np.random.default_rng(seed).geometric(0.4, shape) - 1, levels - 1)


def quantiser_of(symbols):
    """A quantiser whose values are the symbols themselves, with the frequencies that they have."""
    symbols = np.asarray(symbols, dtype=int)
    levels = symbols.max(axis=0) + 1
    table = np.zeros((len(levels), levels.max()), dtype=int)
    for row, unit, size in zip(table, symbols.T, levels, strict=True):
        row[:size] = 1 + np.bincount(unit) * (TOTAL - size) // len(unit)
        row[0] += TOTAL - row.sum()
    return Quantiser(np.zeros(len(levels)), np.ones(len(levels)), table)


def coded(n=500, d=3, levels=7):
    symbols = drawn((n, d), levels)
    return symbols, Quantiser(np.linspace(-1, 1, d), np.full(d, 0.25), quantiser_of(symbols).frequencies)


def frequencies(*rows):
    return np.array(rows, dtype=np.uint16)


# --- the quantiser --------------------------------------------------------------------------------------------------


def test_levels_lie_at_the_mean_and_at_whole_steps_from_it():
    codes = np.array([[-1.0, 5.0], [0.2, 5.0], [0.8, 5.0]])
    quantiser = Quantiser.fit(codes, 0.5)
    np.testing.assert_allclose(quantiser.low, [-1.0, 5.0])
    np.testing.assert_array_equal(quantiser.levels, [5, 1])  # -1, -0.5, 0, 0.5, 1; and the constant alone
    np.testing.assert_array_equal(quantiser.quantise(codes), [[0, 0], [2, 0], [4, 0]])
    np.testing.assert_allclose(quantiser.dequantise([[0, 0], [2, 0], [4, 0]]), [[-1, 5], [0, 5], [1, 5]], atol=1e-6)


def test_values_outside_the_range_become_the_nearest_symbol():
    quantiser = Quantiser.fit(np.array([[-1.0], [0.0], [1.0]]), 1.0)
    np.testing.assert_array_equal(quantiser.quantise(np.array([[-9.0], [9.0], [0.4]])), [[0], [2], [1]])


@given(st.integers(0, 1000), st.floats(0.01, 3))
@settings(max_examples=30, deadline=None)
def test_no_value_moves_by_more_than_half_a_step(seed, step):
    codes = np.random.default_rng(seed).normal(size=(50, 4)) * [0.1, 1, 3, 0]
    quantiser = Quantiser.fit(codes, step)
    symbols = quantiser.quantise(codes)
    moved = np.abs(quantiser.dequantise(symbols) - codes)
    assert moved.max() <= step / 2 + 1e-5
    np.testing.assert_array_equal(quantiser.quantise(quantiser.dequantise(symbols)), symbols)


def test_each_unit_may_have_a_step_of_its_own():
    quantiser = Quantiser.fit(np.array([[0.0, 0.0], [1.0, 1.0]]), [0.5, 0.1])
    np.testing.assert_allclose(quantiser.step, [0.5, 0.1], rtol=1e-6)
    np.testing.assert_array_equal(quantiser.levels, [3, 11])


@pytest.mark.parametrize(
    ("codes", "step", "message"),
    [
        (np.zeros((0, 2)), 1.0, "empty"),
        (np.zeros(3), 1.0, "shape"),
        (np.array([[0.0, np.nan]]), 1.0, "NaN"),
        (np.zeros((3, 2)), 0.0, "above 0"),
        (np.zeros((3, 2)), [1.0, 2.0, 3.0], "step has shape"),
        (np.array([[0.0], [1.0]]), 1e-6, "so small"),
    ],
)
def test_a_quantiser_says_what_it_cannot_be_fitted_to(codes, step, message):
    with pytest.raises(ValueError, match=message):
        Quantiser.fit(codes, step)


def test_a_quantiser_refuses_other_shapes_and_symbols():
    quantiser = Quantiser.fit(np.array([[0.0, 0.0], [1.0, 1.0]]), 0.5)
    with pytest.raises(ValueError, match=r"expected \(n, 2\)"):
        quantiser.quantise(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="outside the levels"):
        quantiser.dequantise([[0, 3]])
    with pytest.raises(ValueError, match="integers"):
        quantiser.dequantise([[0.0, 1.0]])


@pytest.mark.parametrize(
    ("low", "step", "table", "message"),
    [
        ([0.0], [0.0], [[TOTAL]], "above 0"),
        ([0.0], [1.0, 1.0], [[TOTAL]], "same shape"),
        ([0.0, 0.0], [1.0, 1.0], [[TOTAL]], r"expected \(d,\) and \(d, K\)"),
        ([[0.0]], [[1.0]], [[TOTAL]], r"expected \(d,\) and \(d, K\)"),
        ([0.0], [1.0], [[1.0 * TOTAL]], "integers"),
        ([0.0], [1.0], [[TOTAL - 1]], "sum of 16384"),
        ([0.0], [1.0], [[0, TOTAL]], "sum of 16384"),
        ([0.0], [1.0], [[TOTAL + 1, -1]], "sum of 16384"),
        ([np.nan], [1.0], [[TOTAL]], "NaN"),
    ],
)
def test_a_quantiser_refuses_what_does_not_fit_together(low, step, table, message):
    with pytest.raises(ValueError, match=message):
        Quantiser(np.array(low), np.array(step), np.array(table))


# --- entropy and frequencies ----------------------------------------------------------------------------------------


def test_entropy_by_hand():
    symbols = np.array([[0, 0, 5], [0, 1, 5], [1, 2, 5], [1, 3, 5]])
    np.testing.assert_allclose(entropy(symbols), [1, 2, 0])
    np.testing.assert_allclose(entropy([[0], [1], [1], [1]]), 2 - 0.75 * np.log2(3))


def test_entropy_is_that_of_scipy():
    symbols = drawn((300, 4))
    expected = [scipy.stats.entropy(np.bincount(unit), base=2) for unit in symbols.T]
    np.testing.assert_allclose(entropy(symbols), expected)


@pytest.mark.parametrize("symbols", [np.zeros((0, 2), int), np.zeros(3, int), np.zeros((3, 2)), [[-1]]])
def test_entropy_says_what_it_cannot_take(symbols):
    with pytest.raises(ValueError, match="symbols"):
        entropy(symbols)


def test_frequencies_by_hand():
    quantiser = Quantiser.fit(np.array([[-4.0, 5.0], [4.0, 5.0], [4.0, 5.0], [4.0, 5.0]]), 4.0)
    # The first unit's mean is 2, and its values are -6, -2 and 2, of which the codes are nearest to the outer ones.
    np.testing.assert_array_equal(quantiser.low, [-6, 5])
    # 1 each; then 1/4, none and 3/4 of the other 16,381, rounded down; what is left goes to the most frequent.
    np.testing.assert_array_equal(quantiser.frequencies, [[1 + 4095, 1, 1 + 12285 + 1], [TOTAL, 0, 0]])
    np.testing.assert_array_equal(quantiser.levels, [3, 1])


@given(st.integers(0, 1000), st.integers(1, 4096))
@settings(max_examples=30, deadline=None)
def test_frequencies_add_up_and_leave_no_symbol_out(seed, levels):
    codes = np.random.default_rng(seed).integers(0, levels, (40, 2)) ** 2 / levels
    found = Quantiser.fit(codes, 1.0)
    table = found.frequencies.astype(int)
    np.testing.assert_array_equal(table.sum(axis=1), TOTAL)
    np.testing.assert_array_equal(found.levels, (table > 0).sum(axis=1))
    for row, size, unit in zip(table, found.levels, found.quantise(codes).T, strict=True):
        assert row[:size].min() >= 1 and not row[size:].any()
        share = np.bincount(unit, minlength=size) / len(unit)
        assert np.abs(row[:size] / TOTAL - share).max() <= size / TOTAL


def test_code_length_by_hand():
    quantiser = Quantiser([0.0, 0.0], [1.0, 1.0], frequencies([TOTAL // 2, TOTAL // 4, TOTAL // 4], [TOTAL, 0, 0]))
    assert quantiser.code_length([[0, 0], [1, 0], [2, 0]]) == 1 + 2 + 2


def test_no_frequencies_code_in_fewer_bits_than_the_entropy_and_ones_own_come_close():
    symbols = drawn((5000, 3))
    least = len(symbols) * entropy(symbols).sum()
    own, other = quantiser_of(symbols), quantiser_of(np.concatenate([drawn((50, 3), seed=1), [[6, 6, 6]]]))
    assert least <= own.code_length(symbols) < 1.002 * least
    assert other.code_length(symbols) > 1.005 * least


# --- the coder ------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(1, 300), st.integers(1, 9), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_symbols_come_back(seed, n, d, levels):
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, rng.integers(1, levels, d, endpoint=True), (n, d))
    # Half of the time with frequencies of other symbols, so that the rarest of all get coded too.
    table = (
        np.ones((d, levels), int) if seed % 2 else np.bincount(symbols.ravel(), minlength=levels) + np.ones((d, 1), int)
    )
    table[:, 0] += TOTAL - table.sum(axis=1)
    quantiser = Quantiser(np.zeros(d), np.ones(d), table)
    data = entropy_encode(symbols, quantiser)
    np.testing.assert_array_equal(entropy_decode(data, quantiser, n), symbols)


def test_the_bytes_are_within_a_hundredth_of_the_entropy():
    symbols = drawn((10_000, 16))
    quantiser = quantiser_of(symbols)
    bits = 8 * len(entropy_encode(symbols, quantiser))
    assert quantiser.code_length(symbols) <= bits < 1.01 * len(symbols) * entropy(symbols).sum()
    assert bits < quantiser.code_length(symbols) + 64


def test_what_is_certain_costs_nothing():
    quantiser = quantiser_of(np.zeros((512, 100)))
    assert entropy_encode(np.zeros((512, 100), dtype=int), quantiser) == b""
    np.testing.assert_array_equal(entropy_decode(b"", quantiser, 512), np.zeros((512, 100)))


def test_a_message_of_first_symbols_is_no_bytes_and_comes_back():
    """A coder's state begins at 0, where the first symbol leaves it: how often, the decoder is told."""
    _, quantiser = coded()
    assert entropy_encode(np.zeros((50, 3), dtype=int), quantiser) == b""
    np.testing.assert_array_equal(entropy_decode(b"", quantiser, 50), np.zeros((50, 3)))


def test_the_bytes_are_the_same_on_every_machine():
    """By hand, in whole numbers: the state starts at 0 and takes up symbols from the last to the first."""
    rows = ([9000, 7000, 383, 1], [TOTAL, 0, 0, 0], [1, 3, TOTAL - 4, 0])
    symbols = np.stack([drawn(200, 4, seed=1), np.zeros(200, int), drawn(200, 3, seed=2)], axis=1)
    state, words = 0, []
    for unit in (2, 0):  # the second has one symbol
        shares = [frequency << 10 for frequency in rows[unit]]  # of 2^24
        for symbol in reversed(symbols[:, unit].tolist()):
            own, before = shares[symbol], sum(shares[:symbol])
            if state >= own << 40:
                words.append(state & 0xFFFFFFFF)
                state >>= 32
            state = (state // own << 24) + state % own + before
    words += [state & 0xFFFFFFFF, state >> 32]
    quantiser = Quantiser(np.zeros(3), np.ones(3), frequencies(*rows))
    assert entropy_encode(symbols, quantiser) == struct.pack(f"<{len(words)}I", *words)


@pytest.mark.parametrize("levels", [7, 2, 4096])
def test_the_decoder_notices_missing_added_and_other_bytes(levels):
    symbols = drawn((500, 3), levels)
    quantiser = quantiser_of(symbols)
    data = entropy_encode(symbols, quantiser)
    word, zero = b"\1\0\0\0", b"\0\0\0\0"
    for wrong in (data[:-4], data[4:], data[:-1], data[:4], data + zero, data + word, word + data):
        with pytest.raises(ValueError, match="is not what entropy_encode gives"):
            entropy_decode(wrong, quantiser, len(symbols))
    with pytest.raises(ValueError, match="is not what entropy_encode gives"):
        entropy_decode(data, quantiser, len(symbols) - 1)
    with pytest.raises(ValueError, match="count"):
        entropy_decode(data, quantiser, 0)


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ([[0, 7]], "outside the levels"),
        ([[0]], r"expected \(n, 2\)"),
        ([[0.0, 0.0]], "integers"),
        (np.zeros((0, 2), int), "integers"),
        ([0, 0], "shape"),
        ([[-1, 0]], "outside"),
    ],
)
def test_the_encoder_says_what_it_cannot_code(symbols, message):
    quantiser = Quantiser([0.0, 0.0], [1.0, 1.0], frequencies([TOTAL], [TOTAL]))
    for function in (quantiser.code_length, quantiser.dequantise, lambda what: entropy_encode(what, quantiser)):
        with pytest.raises(ValueError, match=message):
            function(symbols)


# --- the file -------------------------------------------------------------------------------------------------------


def test_a_file_comes_back_bit_for_bit(tmp_path):
    symbols, quantiser = coded()
    path = tmp_path / "codes.aelc"
    assert write(path, symbols, quantiser) == path.stat().st_size
    found, again = read(path)
    np.testing.assert_array_equal(found, symbols)
    assert again.dequantise(found).tobytes() == quantiser.dequantise(symbols).tobytes()
    np.testing.assert_array_equal(again.frequencies, quantiser.frequencies)
    assert os.listdir(tmp_path) == ["codes.aelc"]


def test_the_file_is_as_described(tmp_path):
    symbols, quantiser = coded(n=500, d=3, levels=7)
    write(tmp_path / "codes.aelc", symbols, quantiser)
    content = (tmp_path / "codes.aelc").read_bytes()
    assert content[:12] == b"AELC" + bytes([1, 0, 3, 0, 0xF4, 1, 0, 0])
    assert int.from_bytes(content[12:16], "little") == len(content)
    assert content[16:28] == np.array([-1, 0, 1], "<f4").tobytes()
    assert content[40:46] == bytes([7, 0] * 3)
    assert content[46:88] == quantiser.frequencies.astype("<u2").tobytes()
    assert content[88:-4] == entropy_encode(symbols, quantiser)
    assert content[-4:] == zlib.crc32(content[:-4]).to_bytes(4, "little")


def test_units_may_have_one_symbol_or_all(tmp_path):
    symbols = np.stack([np.zeros(4096, int), np.arange(4096), drawn(4096)], axis=1)
    path = tmp_path / "codes.aelc"
    write(path, symbols, quantiser_of(symbols))
    np.testing.assert_array_equal(read(path)[0], symbols)
    write(path, symbols[:, :1], quantiser_of(symbols[:, :1]))
    np.testing.assert_array_equal(read(path)[0], symbols[:, :1])


def test_every_truncation_and_every_altered_byte_is_noticed(tmp_path):
    symbols, quantiser = coded(n=20, d=2, levels=3)
    path = tmp_path / "codes.aelc"
    write(path, symbols, quantiser)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(CodeFileError, match=r"begins with|ends inside|truncated"):
            read(path)
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        with pytest.raises(CodeFileError, match=r"begins with|version|calls for|altered"):
            read(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(CodeFileError, match="added"):
        read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CodeFileError, match=r"nowhere.aelc cannot be read"):
        read(tmp_path / "nowhere.aelc")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    symbols, quantiser = coded()
    path = tmp_path / "codes.aelc"
    write(path, symbols, quantiser)
    before = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(path, symbols[:10], quantiser)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["codes.aelc"]


def test_more_units_than_a_file_can_number_are_refused(tmp_path):
    codes = np.zeros((2, 65_536), dtype=np.float32)
    quantiser = Quantiser.fit(codes, 1.0)
    with pytest.raises(ValueError, match="65536 units; a file holds at most 65,535"):
        write(tmp_path / "codes.aelc", quantiser.quantise(codes), quantiser)
    assert not os.listdir(tmp_path)


def test_symbols_that_do_not_fit_leave_no_file(tmp_path):
    symbols, quantiser = coded()
    with pytest.raises(ValueError, match="outside the levels"):
        write(tmp_path / "codes.aelc", symbols + 7, quantiser)
    assert os.listdir(tmp_path) == []
