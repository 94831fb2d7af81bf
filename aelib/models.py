"""Autoencoders as Keras models: an encoder and a decoder that can be used apart, trained and saved as one."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

import aelib.training  # noqa: F401 - registers the metric that a model fitted with penalties is saved with
from aelib._checks import SIDE, check_floats, check_integer, check_seed
from aelib.code_layers import GaussianCode, KLSparsity, L1Sparsity, TopK

_UPSAMPLING = ("nearest", "bilinear", "transposed")
_CHUNK = 1_000  # inputs at a time: the feature maps of more would take much memory


def predict(model, x):
    """Return all outputs of a model, or of one of its halves.

    Unlike the model's own ``predict`` this compiles nothing, which would cost seconds for every model.

    Parameters
    ----------
    model : keras.Model
        Such as an `Autoencoder`, its ``encoder`` or its ``decoder``; with one output.
    x : array_like of float, shape (n, ...)
        Inputs, as the model takes them.

    Returns
    -------
    numpy.ndarray of float32, shape (n, ...)

    Raises
    ------
    ValueError
        If `x` is empty, not of finite floats, or does not fit the model.
    """
    x = check_floats(x, "x")
    if x.shape[1:] != tuple(model.input_shape[1:]):
        raise ValueError(
            f"x has shape {x.shape}, but the model takes (n, {', '.join(map(str, model.input_shape[1:]))}); "
            "aelib.data.as_vectors and as_images change between flat and square images"
        )
    parts = [model(x[start : start + _CHUNK].astype("float32")) for start in range(0, len(x), _CHUNK)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])


@keras.saving.register_keras_serializable(package="aelib")
class Autoencoder(keras.Model):
    """An encoder followed by a decoder: ``x_hat = decoder(encoder(x))``.

    Parameters
    ----------
    encoder : keras.Model
        Maps images to codes, ``(n, ...) -> (n, latent_dim)``.
    decoder : keras.Model
        Maps codes to images of the encoder's input shape.

    Raises
    ------
    ValueError
        If the decoder does not take what the encoder gives, or does not give what the encoder takes.
    """

    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        if encoder.output_shape != decoder.input_shape:
            raise ValueError(
                f"the encoder gives codes of shape {encoder.output_shape}, but the decoder takes "
                f"{decoder.input_shape}; expected equal shapes: build both with the same latent_dim"
            )
        if decoder.output_shape != encoder.input_shape:
            raise ValueError(
                f"the decoder gives images of shape {decoder.output_shape}, but the encoder takes "
                f"{encoder.input_shape}; expected equal shapes: a reconstruction is compared with its input"
            )
        self.encoder = encoder
        self.decoder = decoder
        self.build(encoder.input_shape)

    @property
    def latent_dim(self):
        """Numbers in one code."""
        return self.encoder.output_shape[-1]

    @property
    def input_shape(self):
        """Shape of a batch of inputs, ``(None, ...)``."""
        return self.encoder.input_shape

    @property
    def output_shape(self):
        """Shape of a batch of reconstructions, ``(None, ...)``."""
        return self.decoder.output_shape

    def build(self, input_shape):
        """Nothing to create: both halves come with their weights."""
        self.built = True

    def call(self, x, training=None):
        """Reconstruct a batch of images."""
        return self.decoder(self.encoder(x, training=training), training=training)

    def get_config(self):
        """Both halves, so that ``keras.saving.load_model`` restores them as they were.

        A model that was fitted with a loss or a schedule of your own needs it in ``custom_objects`` then, unless it is
        registered with Keras; or ``compile=False``, which is the only way with a lambda.
        """
        halves = {"encoder": self.encoder, "decoder": self.decoder}
        return super().get_config() | {name: keras.saving.serialize_keras_object(half) for name, half in halves.items()}

    @classmethod
    def from_config(cls, config):
        """Rebuild the model that ``get_config`` described."""
        halves = {name: keras.saving.deserialize_keras_object(config.pop(name)) for name in ("encoder", "decoder")}
        return cls(**halves, **config)


def dense_autoencoder(
    latent_dim: int = 64,
    *,
    hidden: Sequence[int] = (128,),
    hidden_activation: str = "relu",
    code_activation: str = "relu",
    initializer: str = "glorot_uniform",
    input_dim: int = 784,
    seed: int = 0,
    name: str = "dense_autoencoder",
) -> Autoencoder:
    """Fully connected autoencoder; by default 784-128-64-128-784, the course's first model.

    Parameters
    ----------
    latent_dim : int
        Units in the code.
    hidden : sequence of int
        Units in the encoder's hidden layers, from the input inwards; the decoder mirrors them. Empty for none.
    hidden_activation : str
        Activation of the hidden layers, on both sides.
    code_activation : str
        Activation of the code layer: any name Keras knows, such as ``"relu"`` or ``"linear"``.
    initializer : str or keras.initializers.Initializer
        How the initial weights are drawn: ``"glorot_uniform"``, ``"he_uniform"`` or another random one, by its name or
        with settings of its own. Its seed does not count, see `seed`. Biases start at zero.
    input_dim : int
        Pixels in one flat image.
    seed : int
        Fixes the initial weights.
    name : str
        The model's name in summaries and saved files.

    Returns
    -------
    Autoencoder
        Hidden layers are ReLU by default; the output is a sigmoid, so that every pixel lies in (0, 1).

    Raises
    ------
    ValueError
        If a size is not a positive integer, `seed` is not a non-negative integer, Keras does not know an activation or
        the initialiser, or the initialiser does not draw at random.
    """
    sizes = [check_integer(units, "hidden", low=1) for units in hidden]
    latent_dim = check_integer(latent_dim, "latent_dim", low=1)
    input_dim = check_integer(input_dim, "input_dim", low=1)
    # One independent stream for each layer: neighbouring seeds must not share a layer's start.
    streams = iter(np.random.SeedSequence(check_seed(seed)).generate_state(2 * len(sizes) + 2) >> 1)

    drawn = keras.initializers.get(initializer)
    if "seed" not in getattr(drawn, "get_config", dict)():
        raise ValueError(f"initializer is {initializer!r}; expected one that draws at random, such as 'he_uniform'")

    def dense(units, activation, layer_name):
        kernel = type(drawn).from_config(drawn.get_config() | {"seed": int(next(streams))})
        return layers.Dense(units, activation=activation, kernel_initializer=kernel, name=layer_name)

    encoder = keras.Sequential(
        [keras.Input((input_dim,))]
        + [dense(units, hidden_activation, f"encoder_hidden_{i}") for i, units in enumerate(sizes, 1)]
        + [dense(latent_dim, code_activation, "code")],
        name="encoder",
    )
    decoder = keras.Sequential(
        [keras.Input((latent_dim,))]
        + [dense(units, hidden_activation, f"decoder_hidden_{i}") for i, units in enumerate(reversed(sizes), 1)]
        + [dense(input_dim, "sigmoid", "reconstruction")],
        name="decoder",
    )
    return Autoencoder(encoder, decoder, name=name)


def convolutional_autoencoder(
    latent_dim: int = 64,
    *,
    filters: Sequence[int] = (16, 32),
    kernel_size: int = 3,
    upsampling: str = "nearest",
    code_activation: str = "relu",
    seed: int = 0,
    name: str = "convolutional_autoencoder",
) -> Autoencoder:
    """Convolutional autoencoder of images of shape ``(n, 28, 28, 1)``, with a dense code.

    Each layer of the encoder halves the side of the image by a convolution of stride 2; a dense layer turns what is
    left into the code. The decoder goes the same way back. By default 28 × 28 × 1, 14 × 14 × 16, 7 × 7 × 32 and a code
    of 64: about as many parameters as the dense autoencoder's, 211,905 against 218,192.

    Parameters
    ----------
    latent_dim : int
        Units in the code.
    filters : sequence of int
        Channels after each layer of the encoder, from the input inwards; the decoder mirrors them. One or two, since 28
        can be halved twice.
    kernel_size : int
        Side of the kernels, in pixels.
    upsampling : str
        How the decoder doubles a side: ``"nearest"`` repeats every pixel and ``"bilinear"`` interpolates between them,
        each followed by a convolution; ``"transposed"`` is a transposed convolution of stride 2, which has equally many
        parameters.
    code_activation : str
        Activation of the code layer: any name Keras knows, such as ``"relu"`` or ``"linear"``.
    seed : int
        Fixes the initial weights (Glorot uniform; biases start at zero).
    name : str
        The model's name in summaries and saved files.

    Returns
    -------
    Autoencoder
        Hidden layers are ReLU; the output is a sigmoid, so that every pixel lies in (0, 1).

    Raises
    ------
    ValueError
        If a size is not a positive integer, there are no filters or too many, the way of upsampling is not one of the
        three, `seed` is not a non-negative integer, or Keras does not know the activation.

    Notes
    -----
    Transposed convolutions whose stride does not divide their kernel's side cover neighbouring pixels unequally often,
    which can show as a chequered pattern: Odena, Dumoulin and Olah (2016), *Deconvolution and checkerboard artifacts*.
    """
    latent_dim = check_integer(latent_dim, "latent_dim", low=1)
    channels = [check_integer(number, "filters", low=1) for number in filters]
    if not channels or SIDE % 2 ** len(channels):
        raise ValueError(f"filters are {channels}; expected one or two numbers: {SIDE} pixels can be halved twice")
    kernel_size = check_integer(kernel_size, "kernel_size", low=1)
    if upsampling not in _UPSAMPLING:
        raise ValueError(f"upsampling is {upsampling!r}; expected one of {', '.join(map(repr, _UPSAMPLING))}")
    # As in dense_autoencoder, one stream for each layer; the decoder takes its own whichever way it grows.
    streams = iter(np.random.SeedSequence(check_seed(seed)).generate_state(2 * len(channels) + 2) >> 1)

    def initial():
        return keras.initializers.GlorotUniform(seed=int(next(streams)))

    def convolution(kind, number, activation, layer_name, **kwargs):
        return kind(
            number,
            kernel_size,
            padding="same",
            activation=activation,
            kernel_initializer=initial(),
            name=layer_name,
            **kwargs,
        )

    def doubled(number, activation, layer_name):
        if upsampling == "transposed":
            return [convolution(layers.Conv2DTranspose, number, activation, layer_name, strides=2)]
        grown = layers.UpSampling2D(2, interpolation=upsampling, name=f"{layer_name}_upsampling")
        return [grown, convolution(layers.Conv2D, number, activation, layer_name)]

    side = SIDE // 2 ** len(channels)
    inwards = [
        convolution(layers.Conv2D, number, "relu", f"encoder_hidden_{i}", strides=2)
        for i, number in enumerate(channels, 1)
    ]
    code = layers.Dense(latent_dim, activation=code_activation, kernel_initializer=initial(), name="code")
    encoder = keras.Sequential(
        [keras.Input((SIDE, SIDE, 1)), *inwards, layers.Flatten(name="flatten"), code], name="encoder"
    )

    units = side * side * channels[-1]
    first = layers.Dense(units, activation="relu", kernel_initializer=initial(), name="decoder_hidden_1")
    outwards = [layers.Reshape((side, side, channels[-1]), name="reshape")]
    for i, number in enumerate(reversed(channels[:-1]), 2):
        outwards += doubled(number, "relu", f"decoder_hidden_{i}")
    outwards += doubled(1, "sigmoid", "reconstruction")
    decoder = keras.Sequential([keras.Input((latent_dim,)), first, *outwards], name="decoder")
    return Autoencoder(encoder, decoder, name=name)


def sparse_autoencoder(
    latent_dim: int = 1024,
    *,
    sparsity: L1Sparsity | KLSparsity | TopK | None = None,
    unit_atoms: bool | None = None,
    input_dim: int = 784,
    seed: int = 0,
    name: str = "sparse_autoencoder",
) -> Autoencoder:
    """Autoencoder with one layer each way and a code that may be larger than the image, but is kept sparse.

    A row of the decoder's weights is what one code unit adds to the image (before the output's sigmoid): its *atom*.

    Parameters
    ----------
    latent_dim : int
        Units in the code; the code is overcomplete if they are more than `input_dim`.
    sparsity : L1Sparsity, KLSparsity or TopK, optional
        Without one the code is free. It also decides the code's activation: ReLU for `L1Sparsity` and for none,
        sigmoid for `KLSparsity`, linear for `TopK`. A copy is built in, so one object may serve several models.
    unit_atoms : bool, optional
        Keep every atom at Euclidean length 1, so that a unit's value says how much it adds. By default yes, but not
        for `KLSparsity`, whose values cannot exceed 1.
    input_dim : int
        Pixels in one flat image.
    seed : int
        Fixes the initial weights (Glorot uniform; biases start at zero).
    name : str
        The model's name in summaries and saved files.

    Returns
    -------
    Autoencoder
        Its encoder is a layer named ``"code"``, followed by ``"sparsity"`` if there is one; its decoder one sigmoid
        layer, named ``"reconstruction"``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, `seed` is not a non-negative integer, `sparsity` is something else, or a
        `TopK` keeps more than `latent_dim`.
    """
    latent_dim = check_integer(latent_dim, "latent_dim", low=1)
    input_dim = check_integer(input_dim, "input_dim", low=1)
    streams = np.random.SeedSequence(check_seed(seed)).generate_state(2) >> 1
    if not (sparsity is None or isinstance(sparsity, (L1Sparsity, KLSparsity, TopK))):
        raise ValueError(f"sparsity is {sparsity!r}; expected an L1Sparsity, a KLSparsity, a TopK or None")
    if unit_atoms is None:
        unit_atoms = True if sparsity is None else sparsity.unit_atoms

    glorot = [keras.initializers.GlorotUniform(seed=int(stream)) for stream in streams]
    activation = "relu" if sparsity is None else sparsity.activation
    code = layers.Dense(latent_dim, activation=activation, kernel_initializer=glorot[0], name="code")
    # A copy, since two models with one layer would share its numbers.
    keep_sparse = [] if sparsity is None else [sparsity.from_config(sparsity.get_config() | {"name": "sparsity"})]
    encoder = keras.Sequential([keras.Input((input_dim,)), code, *keep_sparse], name="encoder")

    constraint = keras.constraints.UnitNorm(axis=1) if unit_atoms else None
    output = layers.Dense(
        input_dim,
        activation="sigmoid",
        kernel_initializer=glorot[1],
        kernel_constraint=constraint,
        name="reconstruction",
    )
    decoder = keras.Sequential([keras.Input((latent_dim,)), output], name="decoder")
    if unit_atoms:
        output.kernel.assign(constraint(output.kernel))
    return Autoencoder(encoder, decoder, name=name)


@keras.saving.register_keras_serializable(package="aelib")
class VariationalAutoencoder(Autoencoder):
    """An autoencoder whose encoder gives a Gaussian for each image; the last layer of its encoder is a `GaussianCode`.

    While training, ``encoder`` gives a code drawn from that Gaussian; otherwise its mean, so that the model can be used
    like any other autoencoder.
    """

    @property
    def posterior(self):
        """The encoder up to its Gaussian, as a model that shares the weights.

        It turns images of shape ``(n, input_dim)`` into a list ``[mean, log_variance]``, each ``(n, latent_dim)``.
        """
        return keras.Model(self.encoder.input, self.encoder.layers[-1].input, name="posterior")

    @property
    def beta(self):
        """Weight of the divergence against the reconstruction loss, both summed; 1 makes the loss a bound.

        At least 0. It may be set at any time: a compiled model stays compiled.
        """
        return float(keras.ops.convert_to_numpy(self.encoder.layers[-1].beta))

    @beta.setter
    def beta(self, value):
        self.encoder.layers[-1].set_beta(value)


def variational_autoencoder(
    latent_dim: int = 2,
    *,
    hidden: Sequence[int] = (128,),
    beta: float = 1.0,
    input_dim: int = 784,
    seed: int = 0,
    name: str = "variational_autoencoder",
) -> VariationalAutoencoder:
    """Fully connected variational autoencoder: each image's code is a Gaussian with independent units.

    Trained with binary cross-entropy (the default of `aelib.training.fit`) and ``beta=1``, its loss is minus the
    evidence lower bound, divided by ``input_dim``, for pixels that are 0 or 1 (Kingma and Welling 2013).

    Parameters
    ----------
    latent_dim : int
        Units in the code.
    hidden : sequence of int
        Units in the encoder's hidden layers, from the input inwards; the decoder mirrors them. Empty for none.
    beta : float
        Weight of the divergence from the prior, at least 0, where the reconstruction loss is *summed* over pixels
        (Higgins et al. 2017).
    input_dim : int
        Pixels in one flat image.
    seed : int
        Fixes the initial weights (Glorot uniform; biases start at zero), and the noise until `aelib.training.fit`
        starts it anew from its own seed.
    name : str
        The model's name in summaries and saved files.

    Returns
    -------
    VariationalAutoencoder
        Hidden layers are ReLU; the output is a sigmoid, so that every pixel lies in (0, 1).

    Raises
    ------
    ValueError
        If a size is not a positive integer, `beta` is negative or not a finite number, or `seed` is not a non-negative
        integer.
    """
    sizes = [check_integer(units, "hidden", low=1) for units in hidden]
    latent_dim = check_integer(latent_dim, "latent_dim", low=1)
    input_dim = check_integer(input_dim, "input_dim", low=1)
    streams = iter(np.random.SeedSequence(check_seed(seed)).generate_state(2 * len(sizes) + 4) >> 1)

    def dense(units, activation, layer_name):
        initializer = keras.initializers.GlorotUniform(seed=int(next(streams)))
        return layers.Dense(units, activation=activation, kernel_initializer=initializer, name=layer_name)

    image = values = keras.Input((input_dim,))
    for i, units in enumerate(sizes, 1):
        values = dense(units, "relu", f"encoder_hidden_{i}")(values)
    gaussian = [dense(latent_dim, "linear", "mean")(values), dense(latent_dim, "linear", "log_variance")(values)]
    code = GaussianCode(beta, pixels=input_dim, seed=int(next(streams)), name="code")(gaussian)
    decoder = keras.Sequential(
        [keras.Input((latent_dim,))]
        + [dense(units, "relu", f"decoder_hidden_{i}") for i, units in enumerate(reversed(sizes), 1)]
        + [dense(input_dim, "sigmoid", "reconstruction")],
        name="decoder",
    )
    return VariationalAutoencoder(keras.Model(image, code, name="encoder"), decoder, name=name)
