"""Sparse autoencoders: penalties, the top k, gradients, saving, and the loss told apart from its penalties."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from scipy.stats import entropy

from aelib import training
from aelib.code_layers import KLSparsity, L1Sparsity, TopK
from aelib.models import Autoencoder, dense_autoencoder, predict, sparse_autoencoder

SPARSITIES = [L1Sparsity(0.01), KLSparsity(0.02, target=0.1), TopK(3), None]
each_sparsity = pytest.mark.parametrize("sparsity", SPARSITIES, ids=lambda layer: type(layer).__name__)


@pytest.fixture(autouse=True)
def without_xla(monkeypatch):
    """XLA changes nothing in what these models learn, see below, but takes longest to compile."""
    monkeypatch.setattr(training, "_jit_compile", lambda model: False)


@pytest.fixture
def images():
    return np.random.default_rng(0).random((200, 30), dtype=np.float32)


def small(sparsity=None, seed=0, **arguments):
    return sparse_autoencoder(40, sparsity=sparsity, input_dim=30, seed=seed, **arguments)


def added(layer, codes):
    """What a layer adds to the loss for these codes."""
    layer(np.asarray(codes, dtype=np.float32))
    return float(layer.losses[0])


def test_l1_is_the_sum_over_units_averaged_over_images():
    assert added(L1Sparsity(0.1), [[1, -2, 0], [3, 0, 0]]) == pytest.approx(0.1 * (3 + 3) / 2)


def test_l1_is_keras_own_activity_regularizer(images):
    own = keras.layers.Activation("linear", activity_regularizer=keras.regularizers.L1(0.03))
    own(images)
    assert added(L1Sparsity(0.03), images) == pytest.approx(float(own.losses[0]), rel=1e-6)


def test_kl_is_that_of_coins_with_the_mean_activity_of_each_unit():
    codes = np.array([[0.1, 0.9, 0.2], [0.3, 0.5, 0.2]])
    means = codes.mean(axis=0)
    expected = sum(entropy([0.2, 0.8], [mean, 1 - mean]) for mean in means)
    assert added(KLSparsity(0.5, target=0.2), codes) == pytest.approx(0.5 * expected, rel=1e-5)


def test_kl_is_zero_at_its_target_whatever_the_single_codes():
    assert added(KLSparsity(1.0, target=0.25), [[0, 0.5], [0.5, 0]]) == pytest.approx(0, abs=1e-6)


def test_kl_is_finite_for_units_that_are_always_on_or_off():
    assert np.isfinite(added(KLSparsity(1.0, target=0.1), [[0, 1], [0, 1]]))


def test_top_k_keeps_the_largest_values_as_they_are():
    codes = np.array([[3, 1, 2, -5], [-4, -1, -2, -3]], dtype=np.float32)
    kept = keras.ops.convert_to_numpy(TopK(2)(codes))
    np.testing.assert_array_equal(kept, [[3, 0, 2, 0], [0, -1, -2, 0]])


def test_top_k_keeps_what_ties_and_all_if_k_is_all():
    for k, codes, expected in [(1, [2, 2, 1], [2, 2, 0]), (2, [-1, 1], [-1, 1])]:
        kept = TopK(k)(np.array([codes], dtype=np.float32))
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(kept), [expected])


def gap_below_the_top(model, images, k):
    """How far each image's k-th largest value is above the next. Where they change places, the loss jumps."""
    values = np.sort(keras.ops.convert_to_numpy(model.encoder.get_layer("code")(images)), axis=1)
    return values[:, -k] - values[:, -k - 1]


@each_sparsity
def test_gradients_match_finite_differences(images, sparsity):
    """Of the whole training loss, penalty included, along a random direction of all weights."""
    model = small(sparsity, unit_atoms=False)
    if isinstance(sparsity, TopK):
        images = images[gap_below_the_top(model, images, sparsity.k) > 0.02]
    rng = np.random.default_rng(1)
    trained = model.trainable_variables
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in trained]
    direction = [rng.normal(size=values.shape) for values in before]

    def loss(step):
        for variable, values, towards in zip(trained, before, direction, strict=True):
            variable.assign(values + step * towards)
        return model.evaluate(images, images, batch_size=len(images), verbose=0)

    model.compile(keras.optimizers.SGD(1.0), "mean_squared_error", jit_compile=False)
    model.fit(images, images, batch_size=len(images), epochs=1, verbose=0)
    gradient = [values - keras.ops.convert_to_numpy(variable) for values, variable in zip(before, trained, strict=True)]
    slope = sum(np.sum(part * towards) for part, towards in zip(gradient, direction, strict=True))
    step = 2e-4
    assert (loss(step) - loss(-step)) / (2 * step) == pytest.approx(slope, rel=0.02)


@each_sparsity
def test_saving_and_loading_gives_the_same_model(tmp_path, images, sparsity):
    model = small(sparsity, seed=3, name="few")
    model.save(tmp_path / "few.keras")
    loaded = keras.saving.load_model(tmp_path / "few.keras")
    assert isinstance(loaded, Autoencoder)
    assert (loaded.name, loaded.latent_dim) == ("few", 40)
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))
    assert [layer.name for layer in loaded.encoder.layers] == [layer.name for layer in model.encoder.layers]
    constraint = loaded.decoder.layers[0].kernel_constraint
    assert (constraint is not None) == (sparsity is None or sparsity.unit_atoms)


def test_a_fitted_model_is_saved_and_loaded(tmp_path, images):
    model = small(L1Sparsity(0.01))
    training.fit(model, images, epochs=1, seed=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(loaded, images), predict(model, images))
    once, again = (training.fit(one, images, epochs=1, seed=1).history["reconstruction"] for one in (model, loaded))
    np.testing.assert_allclose(once, again, rtol=1e-5)
    # In a fresh process, too, that imports nothing but the models.
    load = "import sys, keras, aelib.models; keras.saving.load_model(sys.argv[1])"
    command = [sys.executable, "-c", load, tmp_path / "model.keras"]
    fresh = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert fresh.returncode == 0, fresh.stderr


def test_the_least_target_survives_float32():
    small(KLSparsity(0.1, target=1e-4))


def test_saving_keeps_the_numbers_as_they_are_then(tmp_path):
    model = small(KLSparsity(0.5, target=0.1))
    layer = model.encoder.get_layer("sparsity")
    layer.weight.assign(0.25)
    layer.target.assign(0.125)
    model.save(tmp_path / "changed.keras")
    loaded = keras.saving.load_model(tmp_path / "changed.keras").encoder.get_layer("sparsity")
    assert (loaded.get_config()["weight"], loaded.get_config()["target"]) == (0.25, 0.125)
    assert float(loaded.weight) == 0.25


def test_the_codes_are_as_each_sparsity_has_them(images):
    codes = {type(layer).__name__: small(layer).encoder.predict(images, verbose=0) for layer in SPARSITIES}
    assert codes["L1Sparsity"].min() == 0
    assert codes["KLSparsity"].min() > 0 and codes["KLSparsity"].max() < 1
    np.testing.assert_array_equal(np.count_nonzero(codes["TopK"], axis=1), 3)


def test_the_default_is_overcomplete_and_has_the_parameters_counted_by_hand():
    model = sparse_autoencoder()
    assert model.latent_dim == 1024 > 784
    assert model.count_params() == 784 * 1024 + 1024 + 1024 * 784 + 784


def test_atoms_keep_length_one_in_training_unless_they_are_free(images):
    for sparsity, unit_atoms, fixed in [(L1Sparsity(0), None, 1), (TopK(3), None, 1), (L1Sparsity(0), False, 0)]:
        model = small(sparsity, unit_atoms=unit_atoms)
        for epochs in (0, 2):
            if epochs:
                training.fit(model, images, epochs=epochs, seed=0, optimizer=keras.optimizers.Adam(0.05))
            lengths = np.linalg.norm(model.decoder.get_weights()[0], axis=1)
            assert (np.abs(lengths - 1).max() < 1e-3) == bool(fixed)


def test_one_object_serves_several_models():
    sparsity = L1Sparsity(0.5)
    one, other = small(sparsity), small(sparsity)
    one.encoder.get_layer("sparsity").weight.assign(0)
    assert float(other.encoder.get_layer("sparsity").weight) == float(sparsity.weight) == 0.5


def test_equal_seeds_give_equal_weights_and_other_seeds_other_ones():
    first, again, other = (small(seed=seed).get_weights() for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: L1Sparsity(-1), "weight is -1"),
        (lambda: L1Sparsity(np.nan), "weight is nan"),
        (lambda: L1Sparsity("strong"), "weight is 'strong'"),
        (lambda: KLSparsity(0.1, target=0), "target is 0"),
        (lambda: KLSparsity(0.1, target=1.5), "target is 1.5"),
        (lambda: TopK(0), "k is 0"),
        (lambda: TopK(2.5), "k is 2.5"),
        (lambda: small(TopK(41)), "k is 41"),
        (lambda: small("l1"), "sparsity is 'l1'"),
        (lambda: sparse_autoencoder(0), "latent_dim is 0"),
        (lambda: sparse_autoencoder(4, input_dim=-1), "input_dim is -1"),
        (lambda: sparse_autoencoder(4, seed=None), "seed is None"),
    ],
)
def test_bad_arguments_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@each_sparsity
def test_the_loss_is_the_reconstruction_loss_plus_the_penalty(images, sparsity):
    """With a learning rate of zero nothing moves, so all three can be measured apart, with a smaller last batch."""
    model = small(sparsity)
    still, batch = keras.optimizers.SGD(0.0), 90
    arguments = {"epochs": 2, "batch_size": batch, "seed": 0, "validation_data": (images[:50], images[:50])}
    history = training.fit(model, images, optimizer=still, **arguments).history
    x_hat = model.predict(images, verbose=0)
    if sparsity is None or isinstance(sparsity, TopK):
        assert set(history) == {"loss", "val_loss"}
        assert history["loss"][0] == pytest.approx(mean_bce(images, x_hat), rel=1e-4)
        return
    parts = ("reconstruction", "penalty", "loss")
    assert set(history) == {prefix + part for part in parts for prefix in ("", "val_")}
    assert history["reconstruction"][1] == pytest.approx(mean_bce(images, x_hat), rel=1e-4)
    codes = model.encoder.predict(images[:50], verbose=0)
    assert history["val_penalty"][1] == pytest.approx(added(sparsity, codes), rel=1e-3)
    if isinstance(sparsity, L1Sparsity):
        penalty = added(sparsity, model.encoder.predict(images, verbose=0))
        assert history["penalty"][1] == pytest.approx(penalty, rel=1e-3)
    for prefix in ("", "val_"):
        reconstruction, penalty, loss = (np.array(history[prefix + part]) for part in parts)
        np.testing.assert_allclose(loss, reconstruction + penalty, rtol=1e-6)


def mean_bce(x, x_hat):
    return float(keras.ops.mean(keras.losses.binary_crossentropy(x, x_hat)))


@each_sparsity
def test_xla_changes_nothing(images, sparsity, monkeypatch):
    def trained():
        return training.fit(small(sparsity), images, epochs=2, seed=0).history

    without = trained()
    monkeypatch.setattr(training, "_jit_compile", lambda model: True)
    for name, values in trained().items():
        np.testing.assert_allclose(values, without[name], rtol=1e-4, err_msg=name)


def test_penalties_of_any_layer_are_told_apart(images):
    model = keras.Sequential(
        [keras.Input((30,)), keras.layers.Dense(30, "sigmoid", kernel_regularizer=keras.regularizers.L2(0.1))]
    )
    penalty = 0.1 * np.square(model.get_weights()[0]).sum()
    history = training.fit(model, images, epochs=1, seed=0, optimizer=keras.optimizers.SGD(0.0)).history
    assert history["penalty"][0] == pytest.approx(penalty, rel=1e-4)


@pytest.mark.parametrize("loss", ["mean_squared_error", keras.losses.MeanSquaredError(), keras.losses.Huber(0.1)])
def test_the_reconstruction_loss_is_the_one_that_was_asked_for(images, loss):
    penalised, free = small(L1Sparsity(0.01)), small(L1Sparsity(0))
    arguments = {"epochs": 1, "seed": 0, "batch_size": 90, "loss": loss}
    one, other = (
        training.fit(model, images, optimizer=keras.optimizers.SGD(0.0), **arguments).history
        for model in (penalised, free)
    )
    assert one["reconstruction"][0] == pytest.approx(other["loss"][0], rel=1e-5)
    assert one["loss"][0] > other["loss"][0]


def test_a_penalty_of_weight_zero_changes_nothing_in_training(images):
    models = small(), small(L1Sparsity(0))
    one, other = (training.fit(model, images, epochs=2, seed=0).history for model in models)
    np.testing.assert_allclose(one["loss"], other["reconstruction"], rtol=1e-4)
    assert max(other["penalty"]) == pytest.approx(0, abs=1e-6)


def test_another_weight_needs_no_other_compilation(images):
    """A model given a start of another weight trains as that start would."""
    model, start = small(L1Sparsity(0.001)), small(L1Sparsity(0.1), seed=1)
    training.fit(model, images, epochs=1, seed=0)
    compiled = model.train_function
    model.set_weights(start.get_weights())
    again, fresh = (training.fit(one, images, epochs=2, seed=2).history for one in (model, start))
    assert again == fresh
    assert model.train_function is compiled


def test_a_stronger_penalty_leaves_fewer_units_active(images):
    active, many = [], np.tile(images, (10, 1))
    for weight in (0, 0.003, 0.03):
        model = small(L1Sparsity(weight))
        training.fit(model, many, epochs=3, batch_size=20, seed=0, optimizer=keras.optimizers.Adam(0.01))
        active.append(np.count_nonzero(model.encoder.predict(images, verbose=0), axis=1).mean())
    assert active[0] > active[1] > active[2]


def test_the_look_for_penalties_leaves_random_layers_as_they_are(images):
    def with_noise():
        noise = keras.layers.GaussianNoise(0.1, seed=4)
        return keras.Sequential([keras.Input((30,)), noise, keras.layers.Dense(30, "sigmoid")])

    model = with_noise()
    training._has_penalties(model, images[:1])
    assert dense_autoencoder(2, hidden=(), input_dim=30).losses == []
    states = [
        [keras.ops.convert_to_numpy(v) for v in one.layers[0].non_trainable_variables] for one in (model, with_noise())
    ]
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)
