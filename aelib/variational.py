"""What a variational autoencoder says about the probability of images: binarised images, and bounds in nats.

Models and sums over pixels are computed in float32, averages over codes and exponentials of weights in float64. Models
are called a chunk of images at a time.
"""

import keras
import numpy as np

from aelib import losses
from aelib._checks import check_images, check_integer, check_range, check_seed, check_vectors

_ROWS = 20_000  # decoded at once: 63 MB in float32


def binarise(x, *, seed):
    """Return images of black and white pixels, each white with the probability that its grey value gives.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    seed : int
        Seed of the draws.

    Returns
    -------
    numpy.ndarray of float32, shape of `x`
        Zeros and ones.

    Raises
    ------
    ValueError
        If `x` is not an array of images in [0, 1], or `seed` is not a non-negative integer.

    Notes
    -----
    Salakhutdinov and Murray (2008), *On the quantitative analysis of deep belief networks*.
    """
    x = check_images(x)
    draws = np.random.default_rng(check_seed(seed)).random(x.shape, dtype=np.float32)
    return (draws < x).astype(np.float32)


def gaussians(model, x):
    """Return the Gaussian of each image's code.

    Parameters
    ----------
    model : aelib.models.VariationalAutoencoder
    x : array_like of float, shape (n, d)
        Images in [0, 1].

    Returns
    -------
    tuple of two numpy.ndarray of float64, shape (n, m)
        Means, and logarithms of variances.

    Raises
    ------
    ValueError
        If `x` is not an array of finite floats in [0, 1] of shape (n, d), or is empty.
    """
    x = check_range(check_vectors(x))
    posterior = model.posterior
    parts = [posterior(x[start : start + _ROWS].astype(np.float32)) for start in range(0, len(x), _ROWS)]
    means, log_variances = zip(*parts, strict=True)
    return tuple(
        np.concatenate([keras.ops.convert_to_numpy(part) for part in column]).astype(np.float64)
        for column in (means, log_variances)
    )


def log_weights(model, x, *, samples, seed):
    r"""Return the logarithms of the importance weights of codes drawn from each image's Gaussian.

    .. math:: \ln w = \ln p(x \mid z) + \ln p(z) - \ln q(z \mid x), \qquad z \sim q(z \mid x)

    with a standard normal :math:`p(z)`, and for :math:`p(x \mid z)` independent pixels that are 1 with the probability
    that the decoder gives, clipped as in `aelib.losses.binary_crossentropy`, but in float32. The mean of :math:`w` is
    an unbiased estimate of :math:`p(x)`; the mean of :math:`\ln w` one of the evidence lower bound.

    Parameters
    ----------
    model : aelib.models.VariationalAutoencoder
    x : array_like of float, shape (n, d)
        Images of zeros and ones. For grey pixels there is no such probability, see `binarise`.
    samples : int
        Codes drawn for each image.
    seed : int
        Seed of the draws.

    Returns
    -------
    numpy.ndarray of float64, shape (n, samples)
        Logarithms, in nats.

    Raises
    ------
    ValueError
        If `x` is not an array of zeros and ones of shape (n, d), `samples` is not a positive integer, or `seed` is not
        a non-negative integer.

    Notes
    -----
    Burda, Grosse and Salakhutdinov (2015), *Importance weighted autoencoders*.
    """
    x = check_range(check_vectors(x))
    if not ((x == 0) | (x == 1)).all():
        raise ValueError("x has grey values; expected zeros and ones, which aelib.variational.binarise makes of them")
    result = np.empty((len(x), check_integer(samples, "samples", low=1)))
    mean, log_variance = gaussians(model, x)
    for rows, noise, codes in _draws(mean, log_variance, samples, seed):
        log_ratio = (np.square(noise) + log_variance[rows, None] - np.square(codes)).sum(axis=2) / 2
        result[rows] = _log_likelihood(model.decoder, x[rows], codes) + log_ratio
    return result


def importance_weighted_bound(log_weights):
    r"""Return the logarithm of the mean of importance weights: a lower bound on each image's log-likelihood.

    .. math:: \mathcal{L}_k = \ln \frac{1}{k} \sum_{i=1}^{k} w_i

    In expectation it is at most :math:`\ln p(x)`. With one weight it is the evidence lower bound; it rises with each
    further weight, and approaches :math:`\ln p(x)` (Burda, Grosse and Salakhutdinov 2015).

    Parameters
    ----------
    log_weights : array_like of float, shape (n, k)
        As `log_weights` gives them.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Bounds in nats.

    Raises
    ------
    ValueError
        If `log_weights` are not finite floats of shape (n, k), or are empty.
    """
    log_weights = check_vectors(log_weights, "log_weights").astype(np.float64, copy=False)
    # The largest is taken out before exponentials are taken: they would all be 0 otherwise.
    largest = log_weights.max(axis=1)
    return largest + np.log(np.exp(log_weights - largest[:, None]).mean(axis=1))


def bound_terms(model, x, *, samples=1, seed):
    r"""Return the two terms of the evidence lower bound for each image.

    .. math:: \mathcal{L} = \mathrm{E}_{q(z \mid x)} \big[ \ln p(x \mid z) \big] - \mathrm{KL}(q(z \mid x) \Vert p(z))

    Parameters
    ----------
    model : aelib.models.VariationalAutoencoder
    x : array_like of float, shape (n, d)
        Images in [0, 1]. Only for zeros and ones is the first term the logarithm of a probability.
    samples : int
        Codes drawn for each image, over which the first term is averaged. The second is exact.
    seed : int
        Seed of the draws.

    Returns
    -------
    tuple of two numpy.ndarray of float64, shape (n,)
        The first term, at most 0, and the divergence, at least 0; the bound is their difference. In nats.

    Raises
    ------
    ValueError
        If `x` is not an array of floats in [0, 1] of shape (n, d), `samples` is not a positive integer, or `seed` is
        not a non-negative integer.

    Notes
    -----
    Kingma and Welling (2013), *Auto-encoding variational Bayes*. Pixels are clipped as in `log_weights`.
    """
    x = check_range(check_vectors(x))
    samples = check_integer(samples, "samples", low=1)
    expected = np.empty(len(x))
    mean, log_variance = gaussians(model, x)
    for rows, _, codes in _draws(mean, log_variance, samples, seed):
        expected[rows] = _log_likelihood(model.decoder, x[rows], codes).mean(axis=1)
    return expected, losses.gaussian_divergence(mean, log_variance)


def _draws(mean, log_variance, samples, seed):
    """Yield, a chunk of images at a time: their rows, standard normal noise, and the codes that it gives."""
    rng = np.random.default_rng(check_seed(seed))
    step = max(1, _ROWS // samples)
    for start in range(0, len(mean), step):
        rows = slice(start, min(start + step, len(mean)))
        noise = rng.standard_normal((rows.stop - start, samples, mean.shape[1]))
        yield rows, noise, mean[rows, None] + np.exp(log_variance[rows, None] / 2) * noise


def _log_likelihood(decoder, x, codes):
    """Minus the cross-entropy of each image with the decodings of its codes, ``(n, samples, m) -> (n, samples)``."""
    n, samples, m = codes.shape
    ops = keras.ops
    x_hat = ops.clip(decoder(codes.reshape(-1, m).astype(np.float32)), losses.EPSILON, 1 - losses.EPSILON)
    # One logarithm a pixel more than with a mask, but no array of targets repeated for every sample.
    log_off = ops.log1p(-x_hat)
    log_odds = ops.reshape(ops.log(x_hat) - log_off, (n, samples, -1))
    target = ops.convert_to_tensor(np.asarray(x, dtype=np.float32)[:, :, None])
    on = ops.matmul(log_odds, target)[:, :, 0]
    off = ops.reshape(ops.sum(log_off, axis=1), (n, samples))
    return ops.convert_to_numpy(on + off).astype(np.float64)
