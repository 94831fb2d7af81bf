"""The convolutional autoencoder and the deep dense one of chapter 08: shapes, parameters, arithmetic, saving."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from scipy import ndimage

from aelib import models, training
from aelib.models import Autoencoder, convolutional_autoencoder, dense_autoencoder

WAYS = ("nearest", "bilinear", "transposed")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((5, 28, 28, 1), dtype=np.float32)


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def small(**arguments):
    return convolutional_autoencoder(**({"latent_dim": 3, "filters": (2, 4)} | arguments))


@pytest.mark.parametrize("upsampling", WAYS)
def test_parameters_counted_by_hand(upsampling):
    encoder = (9 * 1 * 16 + 16) + (9 * 16 * 32 + 32) + (7 * 7 * 32 * 64 + 64)
    decoder = (64 * 7 * 7 * 32 + 7 * 7 * 32) + (9 * 32 * 16 + 16) + (9 * 16 * 1 + 1)
    model = convolutional_autoencoder(upsampling=upsampling)
    assert model.encoder.count_params() == encoder
    assert model.decoder.count_params() == decoder
    assert model.count_params() == encoder + decoder == 211_905


@pytest.mark.parametrize("upsampling", WAYS)
@pytest.mark.parametrize(("filters", "kernel_size", "side"), [((2, 4), 3, 7), ([5], 4, 14), ((3, 2), 1, 7)])
def test_shapes(images, upsampling, filters, kernel_size, side):
    model = small(filters=filters, kernel_size=kernel_size, upsampling=upsampling)
    assert (model.input_shape, model.output_shape, model.latent_dim) == ((None, 28, 28, 1), (None, 28, 28, 1), 3)
    assert model.encoder.get_layer("flatten").output.shape == (None, side * side * filters[-1])
    assert model.decoder.get_layer("reshape").output.shape == (None, side, side, filters[-1])
    rebuilt = array(model(images))
    assert rebuilt.shape == images.shape
    assert rebuilt.min() > 0 and rebuilt.max() < 1


def test_the_model_is_its_halves_in_a_row(images):
    model = small()
    np.testing.assert_allclose(array(model.decoder(model.encoder(images))), array(model(images)), atol=1e-6)


def test_the_first_layer_computes_relu_of_every_second_correlation(images):
    layer = small().encoder.layers[0]
    kernel, _ = layer.get_weights()
    bias = np.array([0.1, -0.2], np.float32)
    layer.set_weights([kernel, bias])
    # Of the one row and column that 28 pixels lack for 14 steps of a kernel of 3, none is above or to the left.
    padded = np.pad(images[0, :, :, 0], ((0, 1), (0, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))[::2, ::2]
    expected = np.maximum(np.einsum("ijkl,klc->ijc", windows, kernel[:, :, 0]) + bias, 0)
    np.testing.assert_allclose(array(layer(images))[0], expected, atol=1e-5)


def test_nearest_repeats_every_pixel_before_it_convolves():
    layers = small(upsampling="nearest").decoder.layers[-2:]
    kernel, _ = layers[1].get_weights()
    x = np.random.default_rng(1).random((1, 14, 14, 2), dtype=np.float32)
    grown = x[0].repeat(2, axis=0).repeat(2, axis=1)
    sums = sum(ndimage.correlate(grown[..., c], kernel[..., c, 0], mode="constant") for c in range(2))
    np.testing.assert_allclose(array(layers[1](layers[0](x)))[0, ..., 0], 1 / (1 + np.exp(-sums)), atol=1e-5)


@pytest.mark.parametrize(("kernel_size", "even"), [(2, True), (3, False), (4, True), (5, False)])
def test_a_transposed_convolution_covers_pixels_evenly_only_if_its_stride_divides_the_kernel(kernel_size, even):
    layer = small(filters=(1,), kernel_size=kernel_size, upsampling="transposed").decoder.get_layer("reconstruction")
    layer.activation = keras.activations.linear
    layer.set_weights([np.ones_like(layer.get_weights()[0]), np.zeros(1, np.float32)])
    covered = array(layer(np.ones((1, 14, 14, 1), np.float32)))[0, 4:-4, 4:-4, 0]
    assert (np.ptp(covered) == 0) == even
    if kernel_size == 3:
        assert sorted(np.unique(covered)) == [1, 2, 4]


@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
def test_upsampling_before_a_convolution_leaves_a_constant_constant(upsampling):
    layers = small(upsampling=upsampling).decoder.layers[-2:]
    inside = array(layers[1](layers[0](np.ones((1, 14, 14, 2), np.float32))))[0, 2:-2, 2:-2, 0]
    np.testing.assert_allclose(inside, inside[0, 0], atol=1e-6)


def test_equal_seeds_give_equal_weights_and_other_seeds_other_ones():
    first, again, other = (small(seed=seed).get_weights() for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert all(not np.array_equal(one, two) for one, two in zip(first[::2], other[::2], strict=True))


def test_ways_of_upsampling_start_from_the_same_encoder():
    first, *others = (small(upsampling=way).encoder.get_weights() for way in WAYS)
    for other in others:
        for one, two in zip(first, other, strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("upsampling", WAYS)
def test_saving_and_loading_gives_the_same_model(tmp_path, images, upsampling):
    model = small(upsampling=upsampling, code_activation="linear", seed=3, name="little")
    model.save(tmp_path / "little.keras")
    loaded = keras.saving.load_model(tmp_path / "little.keras")
    assert isinstance(loaded, Autoencoder)
    assert (loaded.name, loaded.latent_dim) == ("little", 3)
    np.testing.assert_array_equal(array(loaded(images)), array(model(images)))


def test_training_makes_it_better_and_repeats_itself():
    x = np.zeros((64, 28, 28, 1), np.float32)
    x[:, 8:20, 10:18] = np.random.default_rng(0).random((64, 1, 1, 1))
    runs = []
    for _ in range(2):
        history = training.fit(small(code_activation="linear"), x, epochs=12, batch_size=8, seed=0)
        runs.append(history.history["loss"])
    assert runs[0][-1] < 0.95 * runs[0][0]
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 0}, "latent_dim is 0"),
        ({"filters": (16, 0)}, "filters is 0"),
        ({"filters": ()}, r"filters are \[\]; expected one or two"),
        ({"filters": (8, 16, 32)}, r"filters are \[8, 16, 32\]; expected one or two"),
        ({"kernel_size": 2.0}, "kernel_size is 2.0"),
        ({"upsampling": "bicubic"}, "upsampling is 'bicubic'; expected one of 'nearest', 'bilinear', 'transposed'"),
        ({"upsampling": None}, "upsampling is None"),
        ({"seed": None}, "seed is None"),
        ({"code_activation": "rellu"}, "rellu"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        convolutional_autoencoder(**arguments)


def test_the_deep_network_has_the_parameters_counted_by_hand():
    model = dense_autoencoder(30, hidden=(1000, 500, 250), hidden_activation="silu", code_activation="linear")
    sizes = [784, 1000, 500, 250, 30, 250, 500, 1000, 784]
    assert model.count_params() == sum((n + 1) * m for n, m in pairwise(sizes)) == 2_837_314
    names = [layer.activation.__name__ for layer in [*model.encoder.layers, *model.decoder.layers]]
    assert names == ["silu", "silu", "silu", "linear", "silu", "silu", "silu", "sigmoid"]


@pytest.mark.parametrize(("initializer", "fans"), [("glorot_uniform", 784 + 1000), ("he_uniform", 784)])
def test_initial_weights_are_uniform_within_their_limit(initializer, fans):
    first = dense_autoencoder(2, hidden=(1000,), initializer=initializer).encoder.layers[0]
    kernel, bias = first.get_weights()
    limit = np.sqrt(6 / fans)
    assert 0.999 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)
    np.testing.assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.01)
    assert not bias.any()


def test_the_way_of_drawing_uses_the_same_streams():
    glorot, he = (
        dense_autoencoder(2, initializer=f"{name}_uniform", seed=1).get_weights() for name in ("glorot", "he")
    )
    for one, two in zip(glorot[::2], he[::2], strict=True):
        np.testing.assert_allclose(one / np.abs(one).max(), two / np.abs(two).max(), atol=1e-5)


@pytest.mark.parametrize(("argument", "value"), [("hidden_activation", "rellu"), ("initializer", "glorrot_uniform")])
def test_unknown_names_are_named(argument, value):
    with pytest.raises(ValueError, match=value):
        models.dense_autoencoder(2, **{argument: value})
