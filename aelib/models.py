"""Autoencoders as Keras models: an encoder and a decoder that can be used apart, trained and saved as one."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from aelib._checks import check_integer, check_seed


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
