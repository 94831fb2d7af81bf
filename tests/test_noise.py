"""aelib.noise: what each kind does to the pixels, that it repeats, and what it refuses."""

import tracemalloc

import numpy as np
import pytest
from bad_input import BAD_IMAGES, BAD_SEEDS, GOOD
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from aelib import noise

KINDS = [(noise.gaussian, 0.3), (noise.salt_and_pepper, 0.2), (noise.occlusion, 9)]
each_kind = pytest.mark.parametrize(("add", "amount"), KINDS, ids=lambda value: getattr(value, "__name__", None))
few = settings(deadline=None, max_examples=25)


def random_images(n=5, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).random((n, 784)).astype(dtype)


@each_kind
def test_noise_is_a_float32_copy_of_the_same_shape(add, amount):
    for shape in [(5, 784), (5, 28, 28), (5, 28, 28, 1)]:
        for dtype in (np.float16, np.float32, np.float64):
            x = random_images(dtype=dtype).reshape(shape)
            before = x.copy()
            noisy = add(x, amount, seed=0)
            assert noisy.shape == shape
            assert noisy.dtype == np.float32
            assert noisy.flags.writeable
            assert not np.shares_memory(noisy, x)
            assert_array_equal(x, before)


@each_kind
def test_noise_depends_on_the_seed_and_not_on_the_shape(add, amount):
    x = random_images()
    assert_array_equal(add(x, amount, seed=7), add(x, amount, seed=7))
    assert_array_equal(add(x.reshape(5, 28, 28, 1), amount, seed=7).reshape(5, 784), add(x, amount, seed=7))
    assert_array_equal(add(x, amount, seed=np.int64(7)), add(x, amount, seed=7))
    assert (add(x, amount, seed=8) != add(x, amount, seed=7)).any()


@each_kind
def test_noise_does_not_touch_the_global_generator(add, amount):
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    add(GOOD, amount, seed=3)
    assert np.random.random() == expected


@each_kind
def test_no_noise_leaves_the_images_as_they_are(add, amount):
    x = random_images()
    assert_array_equal(add(x, 0, seed=0), x)


@each_kind
def test_read_only_and_strided_images_are_taken(add, amount):
    x = random_images(n=10)
    x.flags.writeable = False
    assert_array_equal(add(x[::2], amount, seed=0), add(x[::2].copy(), amount, seed=0))
    for shape in [(10, 784), (10, 28, 28, 1)]:
        fortran = np.asfortranarray(x.reshape(shape))
        assert_array_equal(add(fortran, amount, seed=0), add(x.reshape(shape), amount, seed=0))


@few
@given(st.sampled_from(KINDS), st.integers(0, 2**32 - 1))
def test_noisy_images_stay_in_0_to_1(kind, seed):
    add, amount = kind
    noisy = add(random_images(seed=seed).round(1), amount, seed=seed)
    assert noisy.min() >= 0
    assert noisy.max() <= 1


def test_gaussian_has_the_mean_and_spread_asked_for():
    added = noise.gaussian(np.full((500, 784), 0.5), 0.1, seed=0) - np.float64(0.5)  # five sigma from clipping
    assert abs(added.mean()) < 5 * 0.1 / np.sqrt(added.size)
    assert_allclose(added.std(), 0.1, rtol=0.01)
    correlation = (added[:, 1:] * added[:, :-1]).mean() / 0.01
    assert abs(correlation) < 5 / np.sqrt(added.size)


def test_gaussian_is_clipped():
    noisy = noise.gaussian(np.zeros((500, 784)), 0.2, seed=0)
    assert_allclose((noisy == 0).mean(), 0.5, atol=0.005)
    assert_allclose(noisy.mean(dtype=np.float64), 0.2 / np.sqrt(2 * np.pi), rtol=0.01)
    assert noise.gaussian(np.ones((500, 784)), 0.2, seed=0).max() == 1


def test_gaussian_needs_only_its_result():
    x = np.zeros((5000, 784), dtype=np.float32)
    tracemalloc.start()
    noise.gaussian(x, 0.3, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * x.nbytes


@few
@given(st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_salt_and_pepper_replaces_that_share_half_and_half(fraction, seed):
    noisy = noise.salt_and_pepper(np.full((50, 784), 0.5), fraction, seed=seed)
    margin = 6 * np.sqrt(0.25 / noisy.size)
    assert abs((noisy == 0).mean() - fraction / 2) < margin
    assert abs((noisy == 1).mean() - fraction / 2) < margin
    assert set(np.unique(noisy)) <= {0, 0.5, 1}


def test_salt_and_pepper_can_replace_everything():
    assert set(np.unique(noise.salt_and_pepper(random_images(), 1.0, seed=0))) == {0, 1}


@few
@given(st.integers(0, 28), st.integers(0, 2**32 - 1))
def test_occlusion_is_one_black_square_wholly_inside(size, seed):
    noisy = noise.occlusion(np.ones((6, 28, 28)), size, seed=seed)
    for image in noisy:
        rows, columns = np.nonzero(image == 0)
        assert len(rows) == size**2
        if size:
            assert np.ptp(rows) == np.ptp(columns) == size - 1
    assert set(np.unique(noisy)) <= {0, 1}


def test_occlusion_reaches_every_place_equally_often():
    noisy = noise.occlusion(np.ones((4000, 28, 28)), 27, seed=0)
    # A square of 27 leaves one row, the first or the last, and one column: four places.
    counts = [
        (noisy[:, row, :].all(axis=1) & noisy[:, :, column].all(axis=1)).mean() for row in (0, -1) for column in (0, -1)
    ]
    assert_allclose(counts, 0.25, atol=0.04)


@each_kind
@pytest.mark.parametrize(("bad", "message"), BAD_IMAGES)
def test_bad_images_are_refused(add, amount, bad, message):
    with pytest.raises(ValueError, match=message):
        add(bad, amount, seed=0)


@each_kind
@pytest.mark.parametrize("seed", BAD_SEEDS, ids=str)
def test_bad_seeds_are_refused(add, amount, seed):
    with pytest.raises(ValueError, match="^seed is .*; expected an integer of at least 0"):
        add(GOOD, amount, seed=seed)


@each_kind
def test_the_seed_has_to_be_given(add, amount):
    with pytest.raises(TypeError, match="seed"):
        add(GOOD, amount)


@pytest.mark.parametrize("std", [-0.1, np.nan, np.inf, "0.3", None, True, np.array([0.1])], ids=repr)
def test_bad_standard_deviations_are_refused(std):
    with pytest.raises(ValueError, match="^std is .*; expected a number of at least 0"):
        noise.gaussian(GOOD, std, seed=0)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, 20, np.nan, "0.3", None, True], ids=repr)
def test_bad_fractions_are_refused(fraction):
    with pytest.raises(ValueError, match="^fraction is .*; expected a number from 0 to 1"):
        noise.salt_and_pepper(GOOD, fraction, seed=0)


@pytest.mark.parametrize("size", [-1, 29, 9.0, np.nan, "9", None, True], ids=repr)
def test_bad_sizes_are_refused(size):
    with pytest.raises(ValueError, match="^size is .*; expected an integer from 0 to 28"):
        noise.occlusion(GOOD, size, seed=0)
