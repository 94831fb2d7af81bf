"""Autoencoders as Keras models: an encoder and a decoder that can be used apart, trained and saved as one."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from aelib._checks import check_integer, check_number, check_seed


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
        """Both halves, so that ``keras.saving.load_model`` restores them as they were."""
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
    code_activation: str = "relu",
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
    code_activation : str
        Activation of the code layer: any name Keras knows, such as ``"relu"`` or ``"linear"``.
    input_dim : int
        Pixels in one flat image.
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
        If a size is not a positive integer, or Keras does not know the activation.
    """
    sizes = [check_integer(units, "hidden", low=1) for units in hidden]
    latent_dim = check_integer(latent_dim, "latent_dim", low=1)
    input_dim = check_integer(input_dim, "input_dim", low=1)
    # One independent stream for each layer: neighbouring seeds must not share a layer's start.
    streams = iter(np.random.SeedSequence(check_seed(seed)).generate_state(2 * len(sizes) + 2) >> 1)

    def dense(units, activation, layer_name):
        initializer = keras.initializers.GlorotUniform(seed=int(next(streams)))
        return layers.Dense(units, activation=activation, kernel_initializer=initializer, name=layer_name)

    encoder = keras.Sequential(
        [keras.Input((input_dim,))]
        + [dense(units, "relu", f"encoder_hidden_{i}") for i, units in enumerate(sizes, 1)]
        + [dense(latent_dim, code_activation, "code")],
        name="encoder",
    )
    decoder = keras.Sequential(
        [keras.Input((latent_dim,))]
        + [dense(units, "relu", f"decoder_hidden_{i}") for i, units in enumerate(reversed(sizes), 1)]
        + [dense(input_dim, "sigmoid", "reconstruction")],
        name="decoder",
    )
    return Autoencoder(encoder, decoder, name=name)


@keras.saving.register_keras_serializable(package="aelib")
class GaussianCode(layers.Layer):
    """Draw a code from each image's Gaussian while training, and charge for how far the Gaussian is from the prior.

    In training the output is ``mean + exp(log_variance / 2) * noise`` with fresh standard normal noise, through which
    gradients reach both inputs (the reparameterisation). Otherwise it is the mean.

    Either way the layer adds ``beta / pixels * KL`` to the model's loss: the Kullback-Leibler divergence from the
    standard normal as in `aelib.losses.gaussian_divergence`, summed over code units and averaged over the batch. Keras
    divides the reconstruction loss by the pixels, so the divergence must be divided by as much: with ``beta=1`` the
    total is minus the evidence lower bound, divided by ``pixels``.

    Parameters
    ----------
    beta : float
        Weight of the divergence, at least 0. It is a weight of the layer that is not trained: set it with `set_beta`.
    pixels : int
        Numbers over which the reconstruction loss is averaged.
    seed : int
        Seed of the noise.
    """

    def __init__(self, beta=1.0, *, pixels=784, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.initial_beta = check_number(beta, "beta", low=0)
        self.pixels = check_integer(pixels, "pixels", low=1)
        self.seed = check_seed(seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def build(self, input_shape):
        """Create the weight that holds beta: as a constant, another beta would mean compiling the model again."""
        self.beta = self.add_weight(
            name="beta", shape=(), initializer=keras.initializers.Constant(self.initial_beta), trainable=False
        )
        self.built = True

    def set_beta(self, beta):
        """Change the divergence's weight; a compiled model stays compiled."""
        self.beta.assign(check_number(beta, "beta", low=0))

    def call(self, inputs, training=None):
        """Codes of shape ``(n, m)`` for means and logarithms of variances of that shape."""
        mean, log_variance = inputs
        divergence = keras.ops.sum(keras.ops.square(mean) + keras.ops.exp(log_variance) - 1 - log_variance, axis=-1)
        self.add_loss(self.beta / self.pixels * keras.ops.mean(divergence) / 2)
        if not training:
            return mean
        noise = keras.random.normal(keras.ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + keras.ops.exp(log_variance / 2) * noise

    def compute_output_shape(self, input_shape):
        """That of the means."""
        return input_shape[0]

    def get_config(self):
        """The arguments."""
        return super().get_config() | {"beta": self.initial_beta, "pixels": self.pixels, "seed": self.seed}


@keras.saving.register_keras_serializable(package="aelib")
class VariationalAutoencoder(Autoencoder):
    """An autoencoder whose encoder gives a Gaussian for each image; the last layer of its encoder is a `GaussianCode`.

    While training, ``encoder`` gives a code drawn from that Gaussian; otherwise its mean, so that the model can be used
    like any other autoencoder.
    """

    @property
    def posterior(self):
        """The encoder up to its Gaussian, a model from images to ``[mean, log_variance]`` that shares the weights."""
        return keras.Model(self.encoder.input, self.encoder.layers[-1].input, name="posterior")

    @property
    def beta(self):
        """Weight of the divergence against the reconstruction loss, both summed; 1 makes the loss a bound."""
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
        Fixes the initial weights (Glorot uniform; biases start at zero) and the noise.
    name : str
        The model's name in summaries and saved files.

    Returns
    -------
    VariationalAutoencoder
        Hidden layers are ReLU; the output is a sigmoid, so that every pixel lies in (0, 1).

    Raises
    ------
    ValueError
        If a size is not a positive integer, or beta is negative.
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
