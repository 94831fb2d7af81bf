"""Training in one call: compiled the fast way, reproducible from a seed, with progress that leaves no trace."""

import math
import sys
import time

import keras
import numpy as np

from aelib._checks import check_floats, check_integer, check_range, check_seed

#: Parameters up to which XLA makes a dense model's training on a CPU faster; beyond, its matrix products are slower.
XLA_PARAMETERS = 1_000_000


def fit(
    model,
    x,
    target=None,
    *,
    epochs=20,
    batch_size=256,
    seed,
    validation_data=None,
    optimizer="adam",
    loss="binary_crossentropy",
    callbacks=(),
):
    """Train a model to turn ``x`` into ``target``; without a target, to reproduce ``x``.

    The weights go on from where they are; the optimiser starts without memory of earlier training.

    A whole epoch is handed to the backend as one execution, which saves most of what stock Keras spends between
    batches. With TensorFlow, dense models of up to a million parameters are compiled by XLA as well; others are not,
    since XLA's convolutions and products of large matrices are slower on a CPU. Compiling takes seconds, so a model
    that was fitted before with equal settings is not compiled again: optimisers of one kind and with equal
    ``get_config()``, the same loss, as many batches, the same variables trained. A loss that is a function or an object
    equals only itself, and what it reads from outside is fixed when it is compiled.

    Parameters
    ----------
    model : keras.Model
        For example an `aelib.models.Autoencoder`.
    x : ndarray
        Inputs, shape ``(n,) + model.input_shape[1:]``, values in [0, 1].
    target : ndarray, optional
        What the model should give for ``x``: same length, shape of its output, values in [0, 1].
    epochs, batch_size : int
        Passes over the data, and images in one gradient step; both at least 1.
    seed : int
        From 0 to 4,294,967,295. Fixes the order of the batches and whatever else is random in training. Sets the global
        seeds of Python, NumPy and Keras.
    validation_data : tuple of ndarray, optional
        A pair such as ``x`` and ``target``, measured after every epoch. Validation images, never test images.
    optimizer : str or keras.optimizers.Optimizer
        Its name, or one set as you like. A new one, made from its ``get_config()``, is trained with; so what that
        leaves out, such as ``exclude_from_weight_decay``, is lost. It is ``model.optimizer`` while training: a callback
        must change that one, not the one given here.
    loss : str or callable
        As Keras takes it. Keras reports the mean over images *and* pixels.
    callbacks : sequence of keras.callbacks.Callback
        Called once an epoch. Batches pass unseen: an epoch is one execution.

    Returns
    -------
    keras.callbacks.History
        ``history.history["loss"]`` has one number for each epoch; with validation data also ``"val_loss"``. A model
        that adds penalties to its loss also has ``"reconstruction"``, the loss without them, and ``"penalty"``, their
        sum; ``loss`` is the sum of these two. With validation data likewise ``"val_reconstruction"`` and
        ``"val_penalty"``.

    Raises
    ------
    ValueError
        If ``x`` or ``target`` is not of floats in [0, 1], is empty or does not fit the model, if they differ in length,
        if ``validation_data`` is not a pair of such arrays, if a number is out of range, if Keras does not know the
        optimiser or the loss, or if the optimiser cannot be made anew from its ``get_config()``, as with a function as
        learning rate or a schedule that is not registered.
    """
    x, target = _check_pair(model, x, x if target is None else target)
    if validation_data is not None:
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
            raise ValueError(
                f"validation_data is {type(validation_data).__name__}; expected a pair (x, target), "
                "where an autoencoder's target is x again"
            )
        validation_data = _check_pair(model, *validation_data)
    epochs = check_integer(epochs, "epochs", low=1)
    batch_size = check_integer(batch_size, "batch_size", low=1)

    keras.utils.set_random_seed(check_seed(seed))
    _reseed(model, seed)
    settings = _compile(model, optimizer, loss, sample=x[:1], steps_per_execution=math.ceil(len(x) / batch_size))
    if target is x:
        # One tensor for both: otherwise Keras copies the array twice.
        x = target = keras.ops.convert_to_tensor(x, dtype=keras.config.floatx())
    progress = _Progress(epochs)
    try:
        history = model.fit(
            x,
            target,
            epochs=epochs,
            batch_size=batch_size,
            validation_data=validation_data,
            callbacks=[*callbacks, progress],
            verbose=0,
        )
        model.fitted_with = *settings, model.train_function
    finally:
        progress.clear()
    logs = history.history
    for prefix in ("", "val_"):
        if f"{prefix}reconstruction" in logs:
            both = zip(logs[f"{prefix}loss"], logs[f"{prefix}reconstruction"], strict=True)
            logs[f"{prefix}penalty"] = [whole - part for whole, part in both]
    return history


@keras.saving.register_keras_serializable(package="aelib")
class _Reconstruction(keras.metrics.Mean):
    """The loss alone, without what layers add to it; averaged over batches as Keras averages the whole."""

    def __init__(self, loss, name="reconstruction", **kwargs):
        super().__init__(name=name, **kwargs)
        self.loss = keras.losses.get(loss)

    def get_config(self):
        return super().get_config() | {"loss": keras.losses.serialize(self.loss)}

    def update_state(self, target, output, sample_weight=None):
        images = keras.ops.cast(keras.ops.shape(target)[0], self.dtype)
        super().update_state(keras.ops.mean(self.loss(target, output)), sample_weight=images)


def _has_penalties(model, sample):
    """Whether anything adds to the loss: regularisers of weights, or layers, found by a call that leaves no trace."""
    with keras.StatelessScope(collect_losses=True) as scope:
        model(sample)
    return bool(scope.losses) or any(variable.regularizer for variable in model.trainable_variables)


def _compile(model, optimizer, loss, *, sample, steps_per_execution):
    """Compile a model, or, if it was compiled so before, only put its optimiser back; gives what to remember."""
    config, optimizer = _without_memory(keras.optimizers.get(optimizer))
    described = type(optimizer), config | {"name": ""}
    # What is trained counts, too: a half may have been frozen.
    settings = (described, loss, steps_per_execution, [id(variable) for variable in model.trainable_variables])
    known, start, compiled = getattr(model, "fitted_with", (None, None, None))
    # A model that somebody else compiled since is compiled again: that has taken its function for training away.
    if known == settings and model.train_function is compiled:
        for variable, value in zip(model.optimizer.variables, start, strict=True):
            variable.assign(value)
    else:
        model.compile(
            optimizer=optimizer,
            loss=loss,
            metrics=[_Reconstruction(loss)] if _has_penalties(model, sample) else None,
            jit_compile=_jit_compile(model),
            steps_per_execution=steps_per_execution,
        )
        model.optimizer.build(model.trainable_variables)
        start = [keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
    return settings, start


def _without_memory(optimizer):
    """An optimiser's settings, and a new one that is set alike."""
    try:
        config = optimizer.get_config()
        return dict(config), type(optimizer).from_config(config)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(
            f"the optimizer cannot be made anew from its get_config(): {error}\nExpected a number or one of Keras's "
            "schedules as its learning rate, or a schedule with a get_config() that is registered by "
            "keras.saving.register_keras_serializable()"
        ) from error


def _check_pair(model, x, target):
    checked = {}
    for name, array, shape in (("x", x, model.input_shape), ("target", target, model.output_shape)):
        checked[name] = array = check_range(check_floats(array, name), name)
        if array.shape[1:] != tuple(shape[1:]):
            raise ValueError(
                f"{name} has shape {array.shape}, but the model has (n, {', '.join(map(str, shape[1:]))}) there; "
                "aelib.data.as_vectors and as_images change between flat and square images"
            )
    x, target = checked.values()
    if len(x) != len(target):
        raise ValueError(f"got {len(x)} inputs and {len(target)} targets; expected a target for each input")
    return x, target


def _reseed(model, seed):
    """Start the noise of every layer that makes some afresh: it must not depend on what the model did before."""
    makers = [layer.seed_generator for layer in _leaf_layers(model) if hasattr(layer, "seed_generator")]
    for maker, state in zip(makers, np.random.SeedSequence(seed).generate_state(len(makers)) >> 1, strict=True):
        maker.state.assign(np.array([state, 0], dtype=maker.state.dtype))


def _jit_compile(model):
    if keras.backend.backend() != "tensorflow":
        return "auto"
    convolutions = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    return model.count_params() <= XLA_PARAMETERS and not any(
        isinstance(layer, convolutions) for layer in _leaf_layers(model)
    )


def _leaf_layers(layer):
    """Every layer inside a model, however deeply its halves are nested."""
    parts = [getattr(layer, half) for half in ("encoder", "decoder") if hasattr(layer, half)]
    parts = parts or getattr(layer, "layers", [])
    return [leaf for part in parts for leaf in _leaf_layers(part)] or [layer]


class _Progress(keras.callbacks.Callback):
    """One line, rewritten after each epoch and wiped at the end: saved notebooks keep nothing of it."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs
        self.start = time.perf_counter()
        self.line = status_line()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.start
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        left = seconds / (epoch + 1) * (self.epochs - epoch - 1)
        self.line(f"epoch {epoch + 1}/{self.epochs}  {numbers}  {seconds:.0f} s, about {left:.0f} s left")

    def clear(self):
        self.line("")


def status_line():
    """Where progress may be shown: a function that replaces the line last shown, and with ``""`` wipes it.

    In a notebook it replaces the cell's output so far, so a cell that trains should print only afterwards. In a
    terminal it rewrites one line of stderr. Where nobody watches (a file, a pipe) it does nothing.

    Returns
    -------
    callable
        Takes the text to show.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import clear_output

        def show(text):
            clear_output(wait=bool(text))
            if text:
                print(text, flush=True)

        return show
    if sys.stderr is not None and sys.stderr.isatty():
        return lambda text: print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    return lambda text: None
