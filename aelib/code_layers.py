"""Layers that act on codes: the noise of a variational autoencoder, penalties on dense codes, the k largest values."""

import keras
from keras import layers

from aelib._checks import check_integer, check_number, check_seed


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
        Seed of the noise, until `aelib.training.fit` starts it anew from its own.

    Raises
    ------
    ValueError
        If `beta` is negative or not a finite number, `pixels` is not a positive integer, or `seed` is not a
        non-negative integer.

    Notes
    -----
    Kingma and Welling (2013), *Auto-encoding variational Bayes*, with ``beta=1``; Higgins et al. (2017), *β-VAE:
    learning basic visual concepts with a constrained variational framework*.
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
        """Change the divergence's weight; a compiled model stays compiled.

        Parameters
        ----------
        beta : float
            At least 0.

        Raises
        ------
        ValueError
            If `beta` is negative or not a finite number.
        """
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
        """The arguments. A beta that was set since is saved with the weights."""
        return super().get_config() | {"beta": self.initial_beta, "pixels": self.pixels, "seed": self.seed}


class _Penalty(layers.Layer):
    """A layer that gives its input unchanged and adds a penalty to the training loss.

    Its numbers are variables that are not trained. So a model can be given others, by ``layer.weight.assign(0.001)`` or
    by ``set_weights`` from another model, without being compiled again.
    """

    def __init__(self, weight, **kwargs):
        super().__init__(**kwargs)
        self.weight = self._number("weight", check_number(weight, "weight", low=0))

    def _number(self, name, value):
        initializer = keras.initializers.Constant(value)
        return self.add_weight(shape=(), initializer=initializer, trainable=False, name=name)

    def penalty(self, codes):
        """The penalty for a batch of codes, before it is multiplied by the weight: a scalar."""
        raise NotImplementedError

    def call(self, codes):
        """Add ``weight * penalty(codes)`` to the loss and give the codes back."""
        self.add_loss(self.weight * self.penalty(codes))
        return codes

    def compute_output_shape(self, input_shape):
        """The input's own."""
        return input_shape

    def get_config(self):
        """The numbers as they are now."""
        return super().get_config() | {"weight": float(keras.ops.convert_to_numpy(self.weight))}


@keras.saving.register_keras_serializable(package="aelib")
class L1Sparsity(_Penalty):
    r"""Adds the L1 norm of the code, averaged over the images of a batch, to the loss.

    .. math:: \lambda \, \frac{1}{n} \sum_{i=1}^{n} \lVert z_i \rVert_1

    That is what ``activity_regularizer=keras.regularizers.L1(weight)`` on the code layer adds, but the weight can be
    changed. The norm is summed over code units, while Keras's reconstruction losses are means over pixels.

    Parameters
    ----------
    weight : float
        :math:`\lambda`, at least 0.

    Raises
    ------
    ValueError
        If `weight` is negative or not a finite number.
    """

    activation, unit_atoms = "relu", True

    def penalty(self, codes):
        """Sum of absolute values, mean over the batch."""
        return keras.ops.mean(keras.ops.sum(keras.ops.abs(codes), axis=-1))


@keras.saving.register_keras_serializable(package="aelib")
class KLSparsity(_Penalty):
    r"""Adds, for each unit, the divergence of its mean activity from a target: it should be on for few images.

    .. math:: \lambda \sum_{j=1}^{m} \Big[ \rho \ln \frac{\rho}{\hat\rho_j}
              + (1 - \rho) \ln \frac{1 - \rho}{1 - \hat\rho_j} \Big],
              \qquad \hat\rho_j = \frac{1}{n} \sum_{i=1}^{n} z_{ij}

    The codes must lie in [0, 1], as those of sigmoid units do. The mean is over one batch, and is clipped to
    [1e-7, 1 - 1e-7].

    Parameters
    ----------
    weight : float
        :math:`\lambda`, at least 0.
    target : float
        :math:`\rho`, the wanted mean activity of each unit, from 0.0001 to 0.9999.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    Lee, Ekanadham and Ng (2007), *Sparse deep belief net model for visual area V2*, pull a unit's mean activity to a
    target by a squared difference; this form is that of Ng's lecture notes, *Sparse autoencoder* (2011).
    """

    activation, unit_atoms = "sigmoid", False

    def __init__(self, weight, target=0.05, **kwargs):
        super().__init__(weight, **kwargs)
        self.target = self._number("target", check_number(target, "target", low=1e-4, high=1 - 1e-4))

    def penalty(self, codes):
        """Kullback-Leibler divergences between coins of bias `target` and of each unit's mean, summed over units."""
        epsilon = keras.config.epsilon()
        mean = keras.ops.clip(keras.ops.mean(codes, axis=0), epsilon, 1 - epsilon)
        on = self.target * keras.ops.log(self.target / mean)
        return keras.ops.sum(on + (1 - self.target) * keras.ops.log((1 - self.target) / (1 - mean)))

    def get_config(self):
        """The numbers as they are now, but a target below 0.0001 as 0.0001."""
        target = float(keras.ops.convert_to_numpy(self.target))
        return super().get_config() | {"target": max(target, 1e-4)}  # float32 rounds 1e-4 down


@keras.saving.register_keras_serializable(package="aelib")
class TopK(layers.Layer):
    """Keeps the largest values of each code and sets all others to zero. No penalty is needed.

    Kept values pass as they are, and so do their gradients; the others get none. Values that tie with the last one
    kept are kept too.

    Parameters
    ----------
    k : int
        Values kept in each code, at least 1.

    Raises
    ------
    ValueError
        If `k` is not a positive integer; when built, if codes have fewer values.

    Notes
    -----
    Makhzani and Frey (2013), *k-sparse autoencoders*.
    """

    activation, unit_atoms = "linear", True

    def __init__(self, k, **kwargs):
        super().__init__(**kwargs)
        self.k = check_integer(k, "k", low=1)

    def build(self, input_shape):
        """Check that there are k values to keep."""
        check_integer(self.k, "k", low=1, high=input_shape[-1])
        self.built = True

    def call(self, codes):
        """The codes, with all but the k largest values of each row at zero."""
        smallest_kept = keras.ops.top_k(codes, self.k)[0][..., -1:]
        return keras.ops.where(codes >= smallest_kept, codes, keras.ops.zeros_like(codes))

    def compute_output_shape(self, input_shape):
        """The input's own."""
        return input_shape

    def get_config(self):
        """With `k`."""
        return super().get_config() | {"k": self.k}
