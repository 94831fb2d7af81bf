"""`fit`: what it learns, what it repeats, what it reports, and that it leaves nothing behind."""

import io
import sys

import keras
import numpy as np
import pytest

from aelib import training
from aelib.metrics import mean_binary_crossentropy
from aelib.models import dense_autoencoder


@pytest.fixture
def images():
    """Blends of three fixed patterns, easy to compress into three numbers; as many as fill four batches exactly."""
    generator = np.random.default_rng(0)
    patterns = generator.random((3, 784), dtype=np.float32)
    return (generator.dirichlet(np.ones(3), 1024).astype(np.float32) @ patterns).clip(0, 1)


def small(seed=0):
    return dense_autoencoder(3, hidden=(), seed=seed)  # every layer more takes the compiler a second


def test_the_loss_falls_and_is_recorded_once_an_epoch(images):
    losses = training.fit(small(), images, epochs=5, seed=0).history["loss"]
    assert len(losses) == 5
    assert losses[-1] < losses[0]


def test_equal_seeds_repeat_a_training_exactly_and_other_seeds_do_not(images):
    first, again, other = (training.fit(small(), images, epochs=2, seed=seed).history["loss"] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_result_is_stock_keras_result(images):
    """Whole epochs as one execution, and XLA, change the speed but not what is computed."""
    fast, stock = small(), small()
    fast_losses = training.fit(fast, images, epochs=3, batch_size=96, seed=5).history["loss"]
    keras.utils.set_random_seed(5)
    stock.compile(optimizer="adam", loss="binary_crossentropy")
    stock_losses = stock.fit(images, images, epochs=3, batch_size=96, verbose=0).history["loss"]
    np.testing.assert_allclose(fast_losses, stock_losses, rtol=1e-3)
    np.testing.assert_allclose(fast.predict(images, verbose=0), stock.predict(images, verbose=0), atol=2e-3)


def test_images_in_float64_give_the_same_result(images):
    single, double = (
        training.fit(small(), x, epochs=2, seed=0).history["loss"] for x in (images, images.astype(np.float64))
    )
    assert double == single


def test_validation_loss_is_the_loss_on_the_validation_pair(images):
    model = small()
    noisy, clean = images[800:] * 0.5, images[800:]
    history = training.fit(model, images[:800], epochs=2, seed=0, validation_data=(noisy, clean)).history
    measured = mean_binary_crossentropy(clean, model.predict(noisy, verbose=0))
    assert history["val_loss"][-1] == pytest.approx(measured, rel=1e-4)


def test_a_target_is_what_is_learnt(images):
    model = small()
    optimizer = keras.optimizers.Adam(0.05)
    training.fit(model, images, np.ones_like(images), epochs=20, seed=0, optimizer=optimizer)
    assert model.predict(images, verbose=0).mean() > 0.9


def test_weights_go_on_from_where_they_are(images):
    model = small()
    first = training.fit(model, images, epochs=5, seed=0).history["loss"]
    then = training.fit(model, images, epochs=1, seed=1).history["loss"]
    assert then[0] < first[0]


@pytest.mark.parametrize("changed", [{}, {"optimizer": "sgd"}, {"loss": "mean_squared_error"}, {"batch_size": 100}])
def test_a_second_fit_is_that_of_a_new_model_with_these_weights(images, changed):
    """Compiled code is kept where settings are equal, and nothing else of the first training."""
    used, new = small(), small()
    training.fit(used, images, epochs=2, seed=0)
    compiled = used.train_function
    used.set_weights(new.get_weights())
    settings = {"epochs": 2, "seed": 1, **changed}
    again, fresh = (training.fit(model, images, **settings).history["loss"] for model in (used, new))
    assert again == fresh
    assert (used.train_function is compiled) == (not changed)
    for one, other in zip(used.get_weights(), new.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rate", [0.01, keras.optimizers.schedules.CosineDecay(0.01, 8)])
def test_optimisers_that_are_set_alike_are_compiled_once(images, rate):
    used, new = small(), small()

    def slow_down(epoch, logs):
        if isinstance(rate, float):
            used.optimizer.learning_rate = 1e-5

    callback = keras.callbacks.LambdaCallback(on_epoch_end=slow_down)
    training.fit(used, images, epochs=2, seed=0, optimizer=keras.optimizers.Adam(rate), callbacks=[callback])
    compiled = used.train_function
    used.set_weights(new.get_weights())
    losses = [
        training.fit(model, images, epochs=2, seed=1, optimizer=keras.optimizers.Adam(rate)).history["loss"]
        for model in (used, new)
    ]
    assert losses[0] == losses[1]
    assert used.train_function is compiled
    training.fit(used, images, epochs=1, seed=1, optimizer=keras.optimizers.Adam(rate, beta_1=0.8))
    assert used.train_function is not compiled


def test_another_loss_object_is_compiled_anew_and_the_same_one_is_not(images):
    used, new = small(), small()
    first, second = keras.losses.Huber(0.1), keras.losses.Huber(0.5)
    training.fit(used, images, epochs=1, seed=0, loss=first)
    compiled = used.train_function
    training.fit(used, images, epochs=1, seed=0, loss=first)
    assert used.train_function is compiled
    used.set_weights(new.get_weights())
    again, fresh = (training.fit(model, images, epochs=1, seed=1, loss=second).history["loss"] for model in (used, new))
    assert again == fresh
    assert used.train_function is not compiled


class Steep(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that nobody has registered."""

    def __call__(self, step):
        return 0.01 / (1.0 + step)

    def get_config(self):
        return {}


class Unnamed(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule without a `get_config`."""

    def __call__(self, step):
        return 0.01


@pytest.mark.filterwarnings("ignore:The object being serialized includes a .lambda")
@pytest.mark.parametrize("rate", [Steep(), Unnamed(), lambda: 0.01])
def test_an_optimiser_that_cannot_be_made_anew_is_refused(images, rate):
    with pytest.raises(ValueError, match="cannot be made anew.*\n.*register_keras_serializable"):
        training.fit(small(), images, epochs=1, seed=0, optimizer=keras.optimizers.Adam(rate))


@pytest.mark.parametrize("optimizer", ["adagrad", "nadam", "one object"])
def test_no_optimiser_keeps_its_memory(images, optimizer):
    """Those whose state does not begin at zero, and an object that was trained with before."""
    optimizer = keras.optimizers.Adam(0.01) if optimizer == "one object" else optimizer
    used, new = small(), small()
    training.fit(used, images, epochs=2, seed=0, optimizer=optimizer)
    used.set_weights(new.get_weights())
    again, fresh = (
        training.fit(model, images, epochs=2, seed=1, optimizer=optimizer).history["loss"] for model in (used, new)
    )
    assert again == fresh


def test_a_model_that_was_compiled_otherwise_meanwhile_is_compiled_again(images):
    used, new = small(), small()
    training.fit(used, images, epochs=1, seed=0)
    used.compile(optimizer="sgd", loss="mean_squared_error")
    used.set_weights(new.get_weights())
    again, fresh = (training.fit(model, images, epochs=1, seed=1).history["loss"] for model in (used, new))
    assert again == fresh


def test_a_half_that_was_frozen_meanwhile_stays_as_it_is(images):
    model = small()
    training.fit(model, images, epochs=1, seed=0)
    encoder, decoder = model.encoder.get_weights(), model.decoder.get_weights()
    model.encoder.trainable = False
    training.fit(model, images, epochs=1, seed=0)
    assert all(map(np.array_equal, model.encoder.get_weights(), encoder))
    assert not all(map(np.array_equal, model.decoder.get_weights(), decoder))


def test_a_learning_rate_set_by_a_callback_does_not_outlive_its_training(images):
    def slow_down(epoch):
        return 1e-5

    used, new = small(), small()
    training.fit(used, images, epochs=1, seed=0, callbacks=[keras.callbacks.LearningRateScheduler(slow_down)])
    used.set_weights(new.get_weights())
    again, fresh = (training.fit(model, images, epochs=1, seed=1).history["loss"] for model in (used, new))
    assert again == fresh


def test_callbacks_are_called_once_an_epoch(images):
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    training.fit(small(), images, epochs=3, seed=0, callbacks=[callback])
    assert seen == [0, 1, 2]


def test_small_dense_models_are_compiled_by_xla_and_convolutions_and_large_ones_are_not(images):
    convolutional = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(1, 3, padding="same")])
    squares = images[:64].reshape(-1, 28, 28, 1)
    training.fit(convolutional, squares, epochs=1, seed=0, loss="mean_squared_error")
    dense = small()
    training.fit(dense, images[:64], epochs=1, seed=0)
    if keras.backend.backend() == "tensorflow":
        assert (dense.jit_compile, convolutional.jit_compile) == (True, False)
        assert training._jit_compile(dense_autoencoder())
        assert not training._jit_compile(dense_autoencoder(30, hidden=(1000, 500, 250)))


@pytest.mark.parametrize(
    ("x", "target", "message"),
    [
        (np.zeros((0, 784), np.float32), None, "x is empty"),
        (np.zeros((4, 784), np.float32), np.zeros((5, 784), np.float32), "4 inputs and 5 targets"),
        (np.zeros((4, 28, 28, 1), np.float32), None, "as_vectors"),
        (np.zeros((4, 784), np.float32), np.zeros((4, 10), np.float32), "target has shape"),
        (np.full((4, 784), np.nan, np.float32), None, "x holds NaN"),
        ([[0.5]], None, "x has shape"),
        (np.zeros((4, 784), np.float32), np.full((4, 784), np.inf, np.float32), "target holds infinity"),
        (np.zeros((4, 784), np.uint8), None, "divide by 255"),
        (np.full((4, 784), 255, np.float32), None, "expected values in"),
    ],
)
def test_bad_arrays_are_named(x, target, message):
    with pytest.raises(ValueError, match=message):
        training.fit(small(), x, target, seed=0)


@pytest.mark.parametrize("argument", [{"epochs": 0}, {"batch_size": 0}, {"seed": None}, {"seed": -1}])
def test_bad_numbers_are_named(images, argument):
    with pytest.raises(ValueError, match=next(iter(argument))):
        training.fit(small(), images, **({"seed": 0} | argument))


def test_bad_validation_data_are_named(images):
    with pytest.raises(ValueError, match="validation_data is"):
        training.fit(small(), images, seed=0, validation_data=images)
    with pytest.raises(ValueError, match="200 inputs and 100 targets"):
        training.fit(small(), images, seed=0, validation_data=(images[:200], images[:100]))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_in_a_terminal_is_one_line_wiped_at_the_end(images, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    training.fit(small(), images, epochs=2, seed=0)
    written = terminal.getvalue()
    assert "epoch 2/2" in written and "left" in written
    assert "\n" not in written
    assert written.endswith("\r\x1b[K")


def test_progress_is_wiped_when_training_is_interrupted(images, monkeypatch):
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(KeyboardInterrupt):
        callback = keras.callbacks.LambdaCallback(on_epoch_end=interrupt)
        training.fit(small(), images, epochs=2, seed=0, callbacks=[callback])
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_nothing_is_written_where_nobody_watches(images, capfd):
    training.fit(small(), images, epochs=2, seed=0)
    assert capfd.readouterr() == ("", "")


def test_nothing_stays_behind_in_a_notebook(tmp_path):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    source = (
        "from aelib import models, training\n"
        "import numpy as np\n"
        "x = np.random.default_rng(0).random((512, 784), dtype=np.float32)\n"
        "history = training.fit(models.dense_autoencoder(2, hidden=(4,)), x, epochs=2, seed=0)\n"
        "print(len(history.history['loss']), 'epochs')"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=300).execute(cwd=tmp_path)
    assert [dict(output) for output in notebook.cells[0].outputs] == [
        {"output_type": "stream", "name": "stdout", "text": "2 epochs\n"}
    ]
