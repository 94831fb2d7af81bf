"""aelib.metrics against hand-computed values, closed forms, scikit-image, scikit-learn's definition and Keras."""

import re
import tracemalloc

import numpy as np
import pytest
from bad_input import BAD_FLOATS, BAD_IMAGES, BAD_RANGES, BAD_SHAPES, GOOD
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from aelib import losses, metrics

PAIRED = [metrics.mean_squared_error, metrics.psnr, metrics.ssim, metrics.mean_binary_crossentropy]
few = settings(deadline=None, max_examples=15)


def random_pair(seed=0, n=6):
    rng = np.random.default_rng(seed)
    return rng.random((n, 784)), rng.random((n, 784))


def constant(value, n=2):
    return np.full((n, 784), value)


def test_mean_squared_error_and_psnr_by_hand():
    assert_allclose(metrics.mean_squared_error(constant(0.0), constant(0.5)), 0.25, rtol=1e-15)
    assert_allclose(metrics.psnr(constant(0.0), constant(0.1)), 20, rtol=1e-12)
    assert_array_equal(metrics.psnr(constant(0.0), constant(1.0)), 0)


def test_equal_images_have_no_error():
    x, _ = random_pair()
    assert_array_equal(metrics.mean_squared_error(x, x), 0)
    assert_array_equal(metrics.psnr(x, x), np.inf)
    assert_allclose(metrics.ssim(x, x), 1, rtol=1e-12)
    assert_allclose(metrics.mean_binary_crossentropy(x, x), losses.pixel_entropy(x).mean() / 784, rtol=1e-9)


def test_half_the_squared_error_is_3_db():
    better, worse = (
        metrics.psnr(constant(0.2), constant(0.3)),
        metrics.psnr(constant(0.2), constant(0.2 + 0.1 * 2**0.5)),
    )
    assert_allclose(better - worse, 10 * np.log10(2), rtol=1e-9)


def test_ssim_of_flat_images_has_a_closed_form():
    # No variance: of the formula only the comparison of the means is left.
    a, b, c1 = 0.3, 0.7, 0.01**2
    assert_allclose(metrics.ssim(constant(a), constant(b)), (2 * a * b + c1) / (a**2 + b**2 + c1), rtol=1e-9)


@few
@given(st.integers(0, 2**32 - 1))
def test_image_metrics_are_those_of_scikit_image(seed):
    from skimage import metrics as skimage

    x, x_hat = random_pair(seed)
    for i, (image, image_hat) in enumerate(zip(x.reshape(-1, 28, 28), x_hat.reshape(-1, 28, 28), strict=True)):
        assert_allclose(metrics.mean_squared_error(x, x_hat)[i], skimage.mean_squared_error(image, image_hat))
        expected = skimage.peak_signal_noise_ratio(image, image_hat, data_range=1)
        assert_allclose(metrics.psnr(x, x_hat)[i], expected)
        expected = skimage.structural_similarity(image, image_hat, data_range=1)
        assert_allclose(metrics.ssim(x, x_hat)[i], expected)


def test_ssim_follows_its_definition():
    """Means, variances and covariance in 7 by 7 windows, written out."""
    x, x_hat = random_pair(n=1)
    a, b = (
        np.lib.stride_tricks.sliding_window_view(image.reshape(28, 28), (7, 7)).reshape(-1, 49) for image in (x, x_hat)
    )
    mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
    covariance = ((a - mean_a[:, None]) * (b - mean_b[:, None])).sum(axis=1) / 48
    c1, c2 = 0.01**2, 0.03**2
    expected = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    expected /= (mean_a**2 + mean_b**2 + c1) * (a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1) + c2)
    assert len(expected) == 22**2
    assert_allclose(metrics.ssim(x, x_hat), expected.mean(), rtol=1e-9)


def test_mean_binary_crossentropy_is_the_number_keras_reports():
    import keras

    x, x_hat = (array.astype(np.float32) for array in random_pair(n=50))
    expected = float(keras.losses.BinaryCrossentropy()(x, x_hat))
    found = metrics.mean_binary_crossentropy(x, x_hat)
    assert isinstance(found, float)
    assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("metric", PAIRED)
def test_every_shape_of_image_and_every_chunk_size_gives_the_same(metric, monkeypatch):
    x, x_hat = random_pair(n=7)
    expected = metric(x, x_hat)
    monkeypatch.setattr(metrics, "_CHUNK", 3)
    for shape in [(7, 784), (7, 28, 28), (7, 28, 28, 1)]:
        assert_allclose(metric(x.reshape(shape), x_hat.reshape(shape)), expected, rtol=1e-12)


@pytest.mark.parametrize("metric", PAIRED[:3])
def test_metrics_of_images_are_float64_one_an_image(metric):
    found = metric(GOOD, GOOD * np.float32(0.5))
    assert found.dtype == np.float64
    assert found.shape == (2,)


@pytest.mark.parametrize("metric", PAIRED)
def test_float32_images_are_computed_in_float64(metric):
    x, x_hat = (array.astype(np.float32) for array in random_pair())
    assert_allclose(metric(x, x_hat), metric(x.astype(np.float64), x_hat.astype(np.float64)), rtol=1e-13)


def test_the_whole_training_set_needs_little_memory():
    x = np.zeros((60_000, 784), dtype=np.float32)
    tracemalloc.start()
    metrics.mean_binary_crossentropy(x, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6


def test_mean_squared_error_takes_a_reconstruction_outside_0_to_1():
    assert_allclose(metrics.mean_squared_error(constant(0.0), constant(-0.5)), 0.25)


@pytest.mark.parametrize("metric", PAIRED)
@pytest.mark.parametrize(("bad", "message"), BAD_IMAGES)
def test_bad_images_are_refused(metric, bad, message):
    with pytest.raises(ValueError, match=f"^x .*{message}|^x {message}"):
        metric(bad, GOOD)


@pytest.mark.parametrize("metric", PAIRED)
@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS + BAD_SHAPES)
def test_bad_reconstructions_are_refused(metric, bad, message):
    with pytest.raises(ValueError, match=f"^x_hat .*{message}|^x_hat {message}"):
        metric(GOOD, bad)


@pytest.mark.parametrize("metric", PAIRED[1:])
@pytest.mark.parametrize(("bad", "message"), BAD_RANGES)
def test_reconstructions_outside_0_to_1_are_refused(metric, bad, message):
    with pytest.raises(ValueError, match=f"^x_hat {message}"):
        metric(GOOD, bad)


@pytest.mark.parametrize("metric", PAIRED)
def test_unequal_shapes_are_refused(metric):
    with pytest.raises(ValueError, match=re.escape("x has shape (2, 784) but x_hat has shape (1, 784)")):
        metric(GOOD, GOOD[:1])
    with pytest.raises(ValueError, match=re.escape("x has shape (2, 784) but x_hat has shape (2, 28, 28)")):
        metric(GOOD, GOOD.reshape(2, 28, 28))


def test_neighbour_agreement_by_hand():
    codes = np.array([[0.0], [1.0], [2.1], [10.0]])
    # Nearest: 1 for 0, 0 for 1, 1 for 2.1, 2.1 for 10. With these labels the first two agree.
    assert metrics.neighbour_agreement(codes, [0, 0, 1, 2], n_neighbors=1) == 0.5
    assert metrics.neighbour_agreement(codes, [3, 3, 3, 3], n_neighbors=3) == 1.0
    assert metrics.neighbour_agreement(codes, [0, 1, 2, 3], n_neighbors=3) == 0.0


def test_neighbour_agreement_leaves_each_point_out_even_among_duplicates():
    assert metrics.neighbour_agreement(np.zeros((4, 2)), [0, 1, 2, 3], n_neighbors=3) == 0.0


@few
@given(st.integers(0, 2**32 - 1), st.integers(1, 10), st.integers(1, 5))
def test_neighbour_agreement_follows_its_definition(seed, n_neighbors, d):
    rng = np.random.default_rng(seed)
    codes, labels = rng.normal(size=(40, d)), rng.integers(0, 3, 40)
    distance = np.linalg.norm(codes[:, None] - codes[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1)[:, :n_neighbors]
    expected = (labels[nearest] == labels[:, None]).mean()
    assert_allclose(metrics.neighbour_agreement(codes, labels, n_neighbors=n_neighbors), expected)


def test_codes_that_say_nothing_score_the_share_of_a_class():
    rng = np.random.default_rng(0)
    found = metrics.neighbour_agreement(rng.normal(size=(5000, 2)), np.arange(5000) % 10)
    assert isinstance(found, float)
    assert_allclose(found, 0.1, atol=0.01)


@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS)
def test_bad_codes_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        metrics.neighbour_agreement(bad, [0, 1], n_neighbors=1)


def test_codes_of_a_bad_shape_are_refused():
    with pytest.raises(ValueError, match=r"codes has shape \(784,\); expected \(n, d\)"):
        metrics.neighbour_agreement(GOOD[0], np.zeros(784, int))
    with pytest.raises(ValueError, match="codes has a single row"):
        metrics.neighbour_agreement(GOOD[:1], [0], n_neighbors=1)


@pytest.mark.parametrize("labels", [[0], [0, 1, 2], [[0, 1]], [0.0, 1.0], ["a", "b"], None], ids=str)
def test_bad_labels_are_refused(labels):
    with pytest.raises(ValueError, match="labels have .* expected 2 integers"):
        metrics.neighbour_agreement(GOOD, labels, n_neighbors=1)


@pytest.mark.parametrize("n_neighbors", [0, 2, -1, 1.0, None, True], ids=str)
def test_bad_numbers_of_neighbours_are_refused(n_neighbors):
    with pytest.raises(ValueError, match="n_neighbors is .*; expected an integer from 1 to 1"):
        metrics.neighbour_agreement(GOOD, [0, 1], n_neighbors=n_neighbors)
