"""The variational autoencoder: its divergence, its noise, the gradient of its bound, and bounds against integrals."""

import keras
import numpy as np
import pytest
from bad_input import BAD_FLOATS, BAD_IMAGES, BAD_SEEDS
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, special, stats

from aelib import losses, training, variational
from aelib.code_layers import GaussianCode
from aelib.models import Autoencoder, VariationalAutoencoder, variational_autoencoder

PAIRED = [losses.gaussian_divergence, losses.gaussian_divergence_gradient]


@pytest.fixture
def images():
    return np.random.default_rng(0).random((64, 784), dtype=np.float32)


def tiny(seed=0, **arguments):
    """Six pixels, one code unit, no hidden layers: small enough to integrate over."""
    return variational_autoencoder(**{"latent_dim": 1, "hidden": (), "input_dim": 6, "seed": seed} | arguments)


def binary(n, d=6, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (n, d)).astype(np.float32)


def stretched(model, factor=4):
    """With larger weights, so that the code matters; biases too, which start at zero."""
    rng = np.random.default_rng(1)
    model.decoder.set_weights([factor * rng.standard_normal(weights.shape) for weights in model.decoder.get_weights()])
    return model


# The divergence


def test_divergence_by_hand():
    mean = np.array([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
    log_variance = np.array([[0.0, 0.0], [0.0, 0.0], [np.log(4.0), 0.0]])
    expected = [0.0, (1 + 4) / 2, (4 - 1 - np.log(4.0)) / 2]
    assert_allclose(losses.gaussian_divergence(mean, log_variance), expected, rtol=1e-14)


def test_divergence_is_the_integral_of_its_definition():
    mean, log_variance = 0.7, -1.3
    gaussian, prior = stats.norm(mean, np.exp(log_variance / 2)), stats.norm()
    expected, _ = integrate.quad(lambda z: gaussian.pdf(z) * (gaussian.logpdf(z) - prior.logpdf(z)), -12, 12)
    assert_allclose(losses.gaussian_divergence([[mean]], [[log_variance]]), [expected], rtol=1e-8)


def test_divergence_gradient_agrees_with_central_differences():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.standard_normal((2, 3, 4))
    step = 1e-5
    for number, gradient in enumerate(losses.gaussian_divergence_gradient(mean, log_variance)):
        for column in range(4):
            moves = np.zeros((2, 3, 4))
            moves[number, :, column] = step
            up = losses.gaussian_divergence(mean + moves[0], log_variance + moves[1])
            down = losses.gaussian_divergence(mean - moves[0], log_variance - moves[1])
            assert_allclose(gradient[:, column], (up - down) / (2 * step), rtol=1e-7, atol=1e-9)


def test_divergence_near_the_prior_keeps_its_digits():
    assert_allclose(losses.gaussian_divergence([[0.0]], [[1e-6]]), [1e-12 / 4], rtol=1e-5)


@pytest.mark.parametrize("function", PAIRED)
def test_divergence_does_not_hand_out_its_argument(function):
    mean = np.ones((2, 3))
    result = function(mean, np.zeros((2, 3)))
    assert not any(np.shares_memory(part, mean) for part in (result if isinstance(result, tuple) else [result]))


@pytest.mark.parametrize("function", PAIRED)
@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS)
def test_divergence_refuses_bad_arrays(function, bad, message):
    good = np.ones((2, 784))
    with pytest.raises(ValueError, match=f"mean.*{message}"):
        function(bad, good)
    with pytest.raises(ValueError, match=f"log_variance.*{message}"):
        function(good, bad)


@pytest.mark.parametrize("function", PAIRED)
def test_divergence_refuses_unequal_shapes(function):
    with pytest.raises(ValueError, match=r"mean has shape \(2, 3\) but log_variance has shape \(1, 3\)"):
        function(np.ones((2, 3)), np.ones((1, 3)))


# The model


def test_shapes_and_parameters_counted_by_hand():
    model = variational_autoencoder(3, hidden=(20, 10), input_dim=30)
    encoder = (30 * 20 + 20) + (20 * 10 + 10) + 2 * (10 * 3 + 3)
    decoder = (3 * 10 + 10) + (10 * 20 + 20) + (20 * 30 + 30)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == encoder + decoder
    assert (model.latent_dim, model.input_shape, model.output_shape) == (3, (None, 30), (None, 30))
    assert isinstance(model, Autoencoder)


def test_outside_training_the_code_is_the_mean(images):
    model = variational_autoencoder(4)
    mean, log_variance = (keras.ops.convert_to_numpy(part) for part in model.posterior(images))
    assert mean.shape == log_variance.shape == (64, 4)
    assert_array_equal(keras.ops.convert_to_numpy(model.encoder(images)), mean)
    assert_array_equal(model.predict(images, verbose=0), model.predict(images, verbose=0))


def test_the_layer_charges_the_divergence_by_hand():
    layer = GaussianCode(2.0, pixels=10)
    mean = np.array([[1, 2], [0, 0]], dtype=np.float32)
    log_variance = np.log(np.array([[1, 1], [4, 1]], dtype=np.float32))
    layer([mean, log_variance])
    divergences = (1 + 4) / 2, (4 - 1 - np.log(4)) / 2
    assert_allclose(float(layer.losses[0]), 2 / 10 * np.mean(divergences), rtol=1e-6)


def test_in_training_codes_have_the_mean_and_the_variance_of_their_gaussian():
    model = stretched(variational_autoencoder(2, seed=5))
    image = np.random.default_rng(0).random((1, 784), dtype=np.float32)
    (mean, log_variance) = (keras.ops.convert_to_numpy(part)[0] for part in model.posterior(image))
    codes = keras.ops.convert_to_numpy(model.encoder(np.repeat(image, 20_000, axis=0), training=True))
    deviation = np.exp(log_variance / 2)
    assert np.abs((codes.mean(axis=0) - mean) / deviation).max() < 0.04
    assert_allclose(codes.std(axis=0), deviation, rtol=0.03)
    assert abs(np.corrcoef(codes.T)[0, 1]) < 0.03


def test_noise_is_fresh_in_every_call_and_fixed_by_the_seed(images):
    first, other = variational_autoencoder(2, seed=1), variational_autoencoder(2, seed=1)
    draws = [keras.ops.convert_to_numpy(first.encoder(images, training=True)) for _ in range(2)]
    assert not np.array_equal(*draws)
    assert_array_equal(keras.ops.convert_to_numpy(other.encoder(images, training=True)), draws[0])


def test_equal_seeds_give_equal_weights_and_other_seeds_other_ones():
    first, again, other = (variational_autoencoder(4, seed=seed).get_weights() for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])


def test_saving_and_loading_gives_the_same_model(tmp_path, images):
    model = variational_autoencoder(4, beta=2.5, seed=3, name="small")
    model.beta = 0.25
    model.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    assert isinstance(loaded, VariationalAutoencoder)
    assert (loaded.name, loaded.latent_dim, loaded.beta) == ("small", 4, 0.25)
    assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))
    assert_array_equal(
        keras.ops.convert_to_numpy(loaded.posterior(images)[1]), keras.ops.convert_to_numpy(model.posterior(images)[1])
    )
    training.fit(loaded, images, epochs=1, seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 0}, "latent_dim is 0"),
        ({"hidden": (128, -1)}, "hidden is -1"),
        ({"input_dim": 1.5}, "input_dim is 1.5"),
        ({"beta": -1}, "beta is -1"),
        ({"beta": None}, "beta is None"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        variational_autoencoder(**arguments)


def test_a_bad_beta_is_refused_later_too():
    with pytest.raises(ValueError, match="beta is nan"):
        tiny().beta = float("nan")


# Training


@pytest.mark.parametrize("beta", [0.0, 1.0, 3.0])
def test_history_has_the_two_terms_of_the_bound_for_a_pixel(images, beta):
    model = variational_autoencoder(2, beta=beta)
    still = keras.optimizers.SGD(0.0)
    logs = training.fit(model, images, epochs=1, seed=0, optimizer=still, validation_data=(images, images)).history
    divergence = losses.gaussian_divergence(*variational.gaussians(model, images)).mean()
    assert_allclose(logs["penalty"], [beta * divergence / 784], rtol=1e-3, atol=1e-7)
    assert_allclose(logs["val_penalty"], logs["penalty"], rtol=1e-3, atol=1e-7)
    assert_allclose(logs["loss"][0], logs["reconstruction"][0] + logs["penalty"][0], rtol=1e-6)
    expected, _ = variational.bound_terms(model, images, samples=200, seed=0)
    assert_allclose(logs["reconstruction"], [-expected.mean() / 784], rtol=5e-3)


def test_a_second_fit_with_equal_weights_and_seed_repeats_the_first(images):
    model = variational_autoencoder(2, hidden=(8,))
    start = model.get_weights()
    first = training.fit(model, images, epochs=2, seed=0).history["loss"]
    compiled = model.train_function
    repeated = []
    for seed in (0, 1):
        model.set_weights(start)
        model.encoder(images, training=True)  # uses up noise
        repeated.append(training.fit(model, images, epochs=2, seed=seed).history["loss"])
    assert model.train_function is compiled
    assert repeated[0] == first != repeated[1]


def test_another_beta_acts_without_another_compilation(images):
    model = variational_autoencoder(2, hidden=(8,))
    training.fit(model, images, epochs=1, seed=0)
    compiled, model.beta = model.train_function, 0.0
    assert training.fit(model, images, epochs=1, seed=0).history["penalty"] == pytest.approx([0.0], abs=1e-7)
    assert model.train_function is compiled


def test_too_large_a_weight_makes_every_gaussian_the_prior():
    x = np.repeat(np.eye(6, dtype=np.float32), 500, axis=0)
    divergences = []
    for beta in (0.1, 100.0):
        model = tiny(latent_dim=2, hidden=(16,), beta=beta)
        training.fit(model, x, epochs=6, batch_size=50, seed=0, optimizer=keras.optimizers.Adam(0.02))
        divergences.append(losses.gaussian_divergence(*variational.gaussians(model, x)).mean())
    assert divergences[0] > 0.3 > 0.01 > divergences[1]


def bound_and_gradient(x, noise, weights):
    """Minus the bound of the model without hidden layers, averaged over images, and its gradient, written by hand."""
    mean_kernel, mean_bias, variance_kernel, variance_bias, kernel, bias = weights
    mean, log_variance = x @ mean_kernel + mean_bias, x @ variance_kernel + variance_bias
    deviation = np.exp(log_variance / 2)
    code = mean + deviation * noise
    x_hat = special.expit(code @ kernel + bias)
    value = losses.binary_crossentropy(x, x_hat) + losses.gaussian_divergence(mean, log_variance)
    to_output = (x_hat - x) / len(x)
    to_code = to_output @ kernel.T
    to_mean, to_log_variance = (part / len(x) for part in losses.gaussian_divergence_gradient(mean, log_variance))
    to_mean, to_log_variance = to_mean + to_code, to_log_variance + to_code * deviation * noise / 2
    inwards = [part for to in (to_mean, to_log_variance) for part in (x.T @ to, to.sum(axis=0))]
    return value.mean(), [*inwards, code.T @ to_output, to_output.sum(axis=0)]


def trained_weights(model):
    return [keras.ops.convert_to_numpy(weight).astype(np.float64) for weight in model.trainable_weights]


def test_the_hand_written_gradient_agrees_with_central_differences():
    rng = np.random.default_rng(0)
    x, noise = binary(5).astype(np.float64), rng.standard_normal((5, 2))
    weights = [rng.standard_normal(weight.shape) for weight in trained_weights(tiny(latent_dim=2))]
    _, gradient = bound_and_gradient(x, noise, weights)
    step = 1e-5
    for number, part in enumerate(gradient):
        for place in np.ndindex(part.shape):
            values = []
            for sign in (1, -1):
                moved = [weight.copy() for weight in weights]
                moved[number][place] += sign * step
                values.append(bound_and_gradient(x, noise, moved)[0])
            assert_allclose(part[place], (values[0] - values[1]) / (2 * step), rtol=1e-6, atol=1e-8)


def test_a_training_step_follows_the_hand_written_gradient():
    """One step of gradient descent with rate 1 takes the gradient from the weights; Keras has it divided by pixels."""
    model = stretched(tiny(latent_dim=2, seed=4), factor=1)
    x = binary(8)
    before = trained_weights(model)
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="binary_crossentropy")
    generator = keras.random.SeedGenerator(0)
    generator.state.assign(model.encoder.layers[-1].seed_generator.state)
    noise = keras.ops.convert_to_numpy(keras.random.normal((8, 2), seed=generator))
    loss = model.train_on_batch(x, x)
    value, gradient = bound_and_gradient(x.astype(np.float64), noise, before)
    assert_allclose(loss, value / 6, rtol=1e-5)
    for old, new, part in zip(before, trained_weights(model), gradient, strict=True):
        assert_allclose(old - new, part / 6, rtol=1e-4, atol=1e-6)


# Bounds


def exact_log_likelihood(model, x):
    """By integrating over the single code unit."""
    codes = np.linspace(-9, 9, 4001)
    x_hat = keras.ops.convert_to_numpy(model.decoder(codes[:, None].astype(np.float32))).astype(np.float64)
    x_hat = x_hat.clip(losses.EPSILON, 1 - losses.EPSILON)
    log_joint = x @ np.log(x_hat).T + (1 - x) @ np.log1p(-x_hat).T + stats.norm.logpdf(codes)
    return special.logsumexp(log_joint, axis=1) + np.log(codes[1] - codes[0])


def test_the_bound_rises_to_the_log_likelihood_and_stays_below():
    model, x = stretched(tiny()), binary(40)
    exact = exact_log_likelihood(model, x)
    log_weights = variational.log_weights(model, x, samples=4000, seed=0)
    bounds = {}
    for k in (1, 10, 4000):
        parts = [variational.importance_weighted_bound(part) for part in np.split(log_weights, 4000 // k, axis=1)]
        bounds[k] = np.mean(parts, axis=0).mean()
    assert bounds[1] < bounds[10] < bounds[4000] < exact.mean() + 0.02
    assert_allclose(bounds[4000], exact.mean(), atol=0.03)
    assert exact.mean() - bounds[1] > 0.2


def test_weights_average_to_the_likelihood():
    """Whatever the proposal: the probabilities of all 64 images of six pixels add up to one."""
    model = stretched(tiny())
    every = np.array(list(np.ndindex(*[2] * 6)), dtype=np.float32)
    assert_allclose(np.exp(exact_log_likelihood(model, every)).sum(), 1, rtol=1e-6)
    bounds = variational.importance_weighted_bound(variational.log_weights(model, every, samples=4000, seed=1))
    assert_allclose(np.exp(bounds).sum(), 1, rtol=0.05)


def test_with_one_code_for_all_images_the_bound_is_exact():
    model = tiny(latent_dim=3)
    model.decoder.set_weights([np.zeros((3, 6)), np.log([1, 2, 3, 4, 5, 6])])
    for layer in ("mean", "log_variance"):
        model.encoder.get_layer(layer).set_weights([np.zeros((6, 3)), np.zeros(3)])
    x = binary(10)
    probability = np.arange(1, 7) / np.arange(2, 8)
    exact = stats.bernoulli.logpmf(x, probability).sum(axis=1)
    assert_allclose(variational.log_weights(model, x, samples=3, seed=0), np.repeat(exact[:, None], 3, 1), rtol=1e-5)
    expected, divergence = variational.bound_terms(model, x, seed=0)
    assert_allclose(expected - divergence, exact, rtol=1e-5)


def test_both_ways_to_the_evidence_lower_bound_agree():
    model, x = stretched(tiny(latent_dim=2), factor=2), binary(50)
    expected, divergence = variational.bound_terms(model, x, samples=2000, seed=0)
    by_weights = variational.log_weights(model, x, samples=2000, seed=1).mean(axis=1)
    assert_allclose((expected - divergence).mean(), by_weights.mean(), atol=0.02)


def test_chunks_do_not_show(monkeypatch):
    model, x = stretched(tiny(latent_dim=2)), binary(25)
    whole = variational.log_weights(model, x, samples=7, seed=3)
    monkeypatch.setattr(variational, "_ROWS", 30)
    assert_allclose(variational.log_weights(model, x, samples=7, seed=3), whole, rtol=1e-5)


def test_importance_weighted_bound_by_hand():
    log_weights = np.log([[1.0, 3.0], [5.0, 5.0]])
    assert_allclose(variational.importance_weighted_bound(log_weights), np.log([2.0, 5.0]))
    assert_allclose(variational.importance_weighted_bound(log_weights - 2000), np.log([2.0, 5.0]) - 2000)
    assert_allclose(variational.importance_weighted_bound(log_weights[:, :1]), log_weights[:, 0])


@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS)
def test_importance_weighted_bound_refuses_bad_arrays(bad, message):
    with pytest.raises(ValueError, match=message):
        variational.importance_weighted_bound(bad)


def test_bad_input_to_the_bounds_is_named():
    model, x = tiny(), binary(4)
    with pytest.raises(ValueError, match="grey values.*binarise"):
        variational.log_weights(model, x / 2, samples=1, seed=0)
    for function in (variational.log_weights, variational.bound_terms):
        with pytest.raises(ValueError, match="samples is 0"):
            function(model, x, samples=0, seed=0)
        with pytest.raises(ValueError, match="seed is None"):
            function(model, x, samples=1, seed=None)
        with pytest.raises(ValueError, match="expected values in"):
            function(model, 2 * x, samples=1, seed=0)
    with pytest.raises(ValueError, match=r"shape \(6,\)"):
        variational.gaussians(model, x[0])


# Binarisation


def test_binarised_pixels_are_zero_or_one_with_the_grey_values_as_probabilities():
    grey = np.repeat(np.linspace(0, 1, 5, dtype=np.float32), 784 * 400 // 5).reshape(400, 784)
    drawn = variational.binarise(grey, seed=0)
    assert drawn.dtype == np.float32 and set(np.unique(drawn)) == {0, 1}
    shares = [drawn[grey == value].mean() for value in np.unique(grey)]
    assert_allclose(shares, np.linspace(0, 1, 5), atol=0.01)
    assert shares[0] == 0 and shares[-1] == 1


def test_binarisation_is_fixed_by_the_seed_and_keeps_the_shape(images):
    first, again, other = (variational.binarise(images.reshape(-1, 28, 28, 1), seed=seed) for seed in (0, 0, 1))
    assert first.shape == (64, 28, 28, 1)
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("bad", "message"), BAD_IMAGES)
def test_binarise_refuses_what_are_no_images(bad, message):
    with pytest.raises(ValueError, match=message):
        variational.binarise(bad, seed=0)


@pytest.mark.parametrize("seed", BAD_SEEDS)
def test_binarise_refuses_bad_seeds(images, seed):
    with pytest.raises(ValueError, match="seed is"):
        variational.binarise(images, seed=seed)


def test_a_fitted_model_is_saved_and_loaded(tmp_path, images):
    model = variational_autoencoder(2, hidden=(4,))
    rate = keras.optimizers.schedules.CosineDecay(0.01, 8)
    training.fit(model, images, epochs=1, seed=0, optimizer=keras.optimizers.Adam(rate))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))
    once, again = (training.fit(one, images, epochs=1, seed=1).history["reconstruction"] for one in (model, loaded))
    assert_allclose(once, again, rtol=1e-5)
