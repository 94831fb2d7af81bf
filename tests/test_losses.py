"""aelib.losses against hand-computed values, finite differences, inequalities and Keras."""

import re

import numpy as np
import pytest
from bad_input import BAD_FLOATS, BAD_RANGES, GOOD
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from aelib import losses

PAIRED = [
    losses.binary_crossentropy,
    losses.binary_crossentropy_gradient,
    losses.squared_error,
    losses.squared_error_gradient,
]
OF_PROBABILITIES = PAIRED[:2]
few = settings(deadline=None, max_examples=30)


def random_pair(seed, n=3, d=7, margin=0.0):
    rng = np.random.default_rng(seed)
    return rng.random((n, d)), rng.uniform(margin, 1 - margin, (n, d))


def test_binary_crossentropy_by_hand():
    x = np.array([[1.0, 0.0], [0.5, 0.25]])
    x_hat = np.array([[0.5, 0.75], [0.5, 0.5]])
    # First row: -ln 0.5 - ln 0.25 = 3 ln 2. Second: every pixel costs ln 2 whatever the target.
    assert_allclose(losses.binary_crossentropy(x, x_hat), [3 * np.log(2), 2 * np.log(2)], rtol=1e-15)


def test_binary_crossentropy_clips_as_keras_does():
    worst = losses.binary_crossentropy(np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]]))
    assert_allclose(worst, -np.log(1e-7), rtol=1e-8)
    best = losses.binary_crossentropy(np.array([[1.0], [0.0]]), np.array([[1.0], [0.0]]))
    assert_allclose(best, 1e-7, rtol=1e-6)


def test_squared_error_by_hand():
    x, x_hat = np.array([[0.0, 1.0], [3.0, -2.0]]), np.array([[0.5, 0.0], [3.0, -2.0]])
    assert_allclose(losses.squared_error(x, x_hat), [1.25, 0.0], rtol=0)
    assert_allclose(losses.squared_error_gradient(x, x_hat), [[1.0, -2.0], [0.0, 0.0]], rtol=0)


def test_pixel_entropy_by_hand():
    x = np.array([[0.0, 1.0, 0.0], [0.5, 0.5, 1.0], [0.25, 0.75, 0.0]])
    quarter = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    entropy = losses.pixel_entropy(x)
    assert_allclose(entropy, [0.0, 2 * np.log(2), 2 * quarter], rtol=1e-15)
    assert not np.signbit(entropy[0]), "0, not -0"


@pytest.mark.parametrize("function", PAIRED)
def test_results_are_float64_per_image(function):
    result = function(GOOD, GOOD)
    assert result.dtype == np.float64
    assert result.shape == (GOOD.shape if function.__name__.endswith("gradient") else (2,))
    assert losses.pixel_entropy(GOOD).dtype == np.float64


@pytest.mark.parametrize("function", PAIRED)
def test_rows_of_any_length_and_lists_are_taken(function):
    assert len(function([[0.5], [0.25]], [[0.5], [0.5]])) == 2


@pytest.mark.parametrize("name", ["binary_crossentropy", "squared_error"])
@pytest.mark.parametrize("seed", range(3))
def test_gradients_agree_with_central_differences(name, seed):
    loss, gradient = getattr(losses, name), getattr(losses, f"{name}_gradient")
    x, x_hat = random_pair(seed, margin=0.05)
    numerical, step = np.empty_like(x_hat), 1e-5
    for column in range(x.shape[1]):
        move = np.zeros_like(x_hat)
        move[:, column] = step
        numerical[:, column] = (loss(x, x_hat + move) - loss(x, x_hat - move)) / (2 * step)
    assert_allclose(gradient(x, x_hat), numerical, rtol=1e-6, atol=1e-8)


def test_gradient_is_that_of_the_clipped_function():
    inside, outside = [1e-7, 1e-6, 1 - 1e-6, 1 - 1e-7], [0.0, 5e-8, 1 - 5e-8, 1.0]
    x_hat = np.array([inside, outside])
    gradient = losses.binary_crossentropy_gradient(np.full((2, 4), 0.3), x_hat)
    assert (gradient[0] != 0).all()
    assert_array_equal(gradient[1], 0)


@few
@given(st.integers(0, 2**32 - 1))
def test_pixel_entropy_is_the_least_binary_crossentropy(seed):
    x, x_hat = random_pair(seed)
    x[0] = x[0].round()  # black and white too
    floor = losses.pixel_entropy(x)
    assert (losses.binary_crossentropy(x, x_hat) >= floor).all()
    assert_allclose(losses.binary_crossentropy(x, x), floor, atol=1e-6)
    assert (losses.binary_crossentropy_gradient(x, x)[1:] == 0).all()


@few
@given(st.integers(0, 2**32 - 1))
def test_losses_have_their_symmetries(seed):
    x, x_hat = random_pair(seed)
    assert_allclose(losses.binary_crossentropy(1 - x, 1 - x_hat), losses.binary_crossentropy(x, x_hat), rtol=1e-9)
    assert_allclose(losses.squared_error(x_hat, x), losses.squared_error(x, x_hat), rtol=0)
    # The sum over pixels does not depend on their order, nor one image's loss on the others.
    assert_allclose(
        losses.binary_crossentropy(x[::-1, ::-1], x_hat[::-1, ::-1])[::-1], losses.binary_crossentropy(x, x_hat)
    )


def test_binary_crossentropy_and_its_gradient_are_those_of_keras():
    import keras
    import tensorflow as tf

    x, x_hat = random_pair(0, n=20, d=784)
    x_hat[:, :4] = [0.0, 1.0, 1e-9, 1 - 1e-9]
    x[:, :2] = [1.0, 0.0]
    prediction = tf.constant(x_hat)
    with tf.GradientTape() as tape:
        tape.watch(prediction)
        loss = keras.losses.binary_crossentropy(tf.constant(x), prediction)
    assert keras.config.epsilon() == losses.EPSILON
    assert_allclose(losses.binary_crossentropy(x, x_hat) / 784, loss.numpy(), rtol=1e-9)
    gradient = tape.gradient(loss, prediction).numpy()
    assert_allclose(losses.binary_crossentropy_gradient(x, x_hat) / 784, gradient, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("function", PAIRED)
@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS)
def test_bad_arrays_are_refused_on_either_side(function, bad, message):
    with pytest.raises(ValueError, match=f"^x {message}|^x .*{message}"):
        function(bad, GOOD)
    with pytest.raises(ValueError, match=f"^x_hat {message}|^x_hat .*{message}"):
        function(GOOD, bad)


@pytest.mark.parametrize("function", PAIRED)
def test_bad_shapes_are_refused(function):
    with pytest.raises(ValueError, match=r"x has shape \(784,\); expected \(n, d\)"):
        function(GOOD[0], GOOD[0])
    with pytest.raises(ValueError, match=r"x has shape \(2, 28, 28\); expected \(n, d\)"):
        function(GOOD.reshape(2, 28, 28), GOOD)
    # Broadcasting would have taken these.
    with pytest.raises(ValueError, match=re.escape("x has shape (2, 784) but x_hat has shape (1, 784)")):
        function(GOOD, GOOD[:1])


@pytest.mark.parametrize("function", OF_PROBABILITIES)
@pytest.mark.parametrize(("bad", "message"), BAD_RANGES)
def test_values_outside_0_to_1_are_refused(function, bad, message):
    with pytest.raises(ValueError, match=f"^x {message}"):
        function(bad, GOOD)
    with pytest.raises(ValueError, match=f"^x_hat {message}"):
        function(GOOD, bad)


@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS + BAD_RANGES)
def test_pixel_entropy_refuses_bad_input(bad, message):
    with pytest.raises(ValueError, match=message):
        losses.pixel_entropy(bad)


def test_pixel_entropy_refuses_a_single_vector():
    with pytest.raises(ValueError, match=r"shape \(784,\); expected \(n, d\)"):
        losses.pixel_entropy(GOOD[0])
