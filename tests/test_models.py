"""The autoencoders: their shapes, their parameters, their seeds, and saving them."""

import keras
import numpy as np
import pytest

from aelib import training
from aelib.models import Autoencoder, dense_autoencoder, predict


@pytest.fixture
def images():
    return np.random.default_rng(0).random((5, 784), dtype=np.float32)


def test_the_seed_model_has_the_parameters_counted_by_hand():
    expected = (784 * 128 + 128) + (128 * 64 + 64) + (64 * 128 + 128) + (128 * 784 + 784)
    assert dense_autoencoder().count_params() == expected == 218_192


def test_layers_mirror_each_other():
    model = dense_autoencoder(3, hidden=(20, 10), input_dim=30)
    assert [layer.units for layer in model.encoder.layers] == [20, 10, 3]
    assert [layer.units for layer in model.decoder.layers] == [10, 20, 30]
    assert model.latent_dim == 3
    assert (model.input_shape, model.output_shape) == ((None, 30), (None, 30))


def test_activations():
    model = dense_autoencoder(2, code_activation="linear")
    names = [layer.activation.__name__ for layer in [*model.encoder.layers, *model.decoder.layers]]
    assert names == ["relu", "linear", "relu", "sigmoid"]


def test_no_hidden_layers_makes_the_shallow_autoencoder():
    assert dense_autoencoder(2, hidden=(), input_dim=5).count_params() == (5 * 2 + 2) + (2 * 5 + 5)


def test_the_model_is_its_halves_in_a_row(images):
    model = dense_autoencoder(4)
    codes = model.encoder.predict(images, verbose=0)
    assert codes.shape == (5, 4)
    np.testing.assert_allclose(model.decoder.predict(codes, verbose=0), model.predict(images, verbose=0), atol=1e-6)


def test_the_first_layer_computes_relu_of_an_affine_map(images):
    model = dense_autoencoder(4, hidden=())
    kernel, bias = model.encoder.layers[0].get_weights()
    np.testing.assert_allclose(
        model.encoder.predict(images, verbose=0), np.maximum(images @ kernel + bias, 0), atol=1e-5
    )


def test_equal_seeds_give_equal_weights_and_other_seeds_other_ones():
    first, again, other = (dense_autoencoder(4, seed=seed).get_weights() for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])


def test_layers_of_equal_shape_start_differently():
    model = dense_autoencoder(4, hidden=(8, 8), input_dim=8)
    first, second = (layer.get_weights()[0] for layer in model.encoder.layers[:2])
    assert not np.array_equal(first, second)


def test_saving_and_loading_gives_the_same_model(tmp_path, images):
    model = dense_autoencoder(4, seed=3, name="small")
    model.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    assert isinstance(loaded, Autoencoder)
    assert (loaded.name, loaded.latent_dim) == ("small", 4)
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 0}, "latent_dim is 0"),
        ({"latent_dim": 2.5}, "latent_dim is 2.5"),
        ({"hidden": (128, -1)}, "hidden is -1"),
        ({"input_dim": None}, "input_dim is None"),
        ({"seed": None}, "seed is None"),
        ({"code_activation": "rellu"}, "rellu"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        dense_autoencoder(**arguments)


def test_halves_that_do_not_fit_are_refused():
    four, five = dense_autoencoder(4), dense_autoencoder(5)
    with pytest.raises(ValueError, match="the same latent_dim"):
        Autoencoder(four.encoder, five.decoder)
    with pytest.raises(ValueError, match="compared with its input"):
        Autoencoder(four.encoder, dense_autoencoder(4, input_dim=100).decoder)


def test_predict_gives_what_the_model_gives_whatever_the_number_of_inputs():
    model = dense_autoencoder(2, hidden=(), input_dim=5)
    x = np.random.default_rng(0).random((2_345, 5))
    for half, inputs in ((model, x), (model.encoder, x[:1]), (model.decoder, x[:1_000, :2])):
        outputs = predict(half, inputs)
        assert outputs.dtype == np.float32
        np.testing.assert_allclose(outputs, half.predict(inputs, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 28, 28)), r"shape \(3, 28, 28\), but the model takes \(n, 784\); aelib.data.as_vectors"),
        (np.zeros((0, 784)), "x is empty"),
        (np.zeros((3, 784), dtype=int), "int64"),
        (np.full((3, 784), np.nan), "NaN"),
    ],
)
def test_predict_refuses_what_the_model_cannot_take(x, message):
    with pytest.raises(ValueError, match=message):
        predict(dense_autoencoder(2), x)


def test_an_initialiser_keeps_its_settings_and_must_draw():
    model = dense_autoencoder(2, initializer=keras.initializers.RandomNormal(stddev=0.001))
    assert model.encoder.layers[0].get_weights()[0].std() == pytest.approx(0.001, rel=0.05)
    with pytest.raises(ValueError, match="'zeros'; expected one that draws at random"):
        dense_autoencoder(2, initializer="zeros")
    one, other = (dense_autoencoder(2, initializer=name) for name in ("he_normal", keras.initializers.HeNormal(seed=9)))
    for weights, others in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, others)


def mine(target, output):
    return keras.ops.mean(keras.ops.abs(target - output), axis=-1)


def test_a_loss_of_your_own_is_named_when_its_model_is_loaded(tmp_path):
    model, x = dense_autoencoder(2, hidden=(), input_dim=6), np.random.default_rng(0).random((8, 6), dtype=np.float32)
    training.fit(model, x, epochs=1, seed=0, loss=mine)
    model.save(tmp_path / "model.keras")
    with pytest.raises(TypeError, match="Could not locate function 'mine'"):
        keras.saving.load_model(tmp_path / "model.keras")
    for arguments in ({"custom_objects": {"mine": mine}}, {"compile": False}):
        loaded = keras.saving.load_model(tmp_path / "model.keras", **arguments)
        np.testing.assert_array_equal(predict(loaded, x), predict(model, x))
