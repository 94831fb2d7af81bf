"""The losses of the mathematics, written out in NumPy: per image, summed over its pixels or code units.

Everything is computed in float64, so that the gradients here can be held against finite differences. The rows are
images as a rule, but nothing here depends on that: `x` may have any number of columns.
"""

import numpy as np

from aelib._checks import check_range, check_same_shape, check_vectors

#: What Keras clips a reconstruction by before it takes logarithms (``keras.config.epsilon()``).
EPSILON = 1e-7


def binary_crossentropy(x, x_hat):
    r"""Return the binary cross-entropy of each reconstruction, summed over pixels.

    .. math:: L(x, \hat x) = -\sum_{j=1}^{d} \big[ x_j \ln c(\hat x_j) + (1 - x_j) \ln (1 - c(\hat x_j)) \big]

    with :math:`c` clipping to [`EPSILON`, 1 - `EPSILON`], as Keras does with probabilities. (In training it may go back
    to the values before the output's sigmoid, where nothing needs clipping.) Keras's own number is the mean over pixels
    and over images: divide by d, then average.

    Parameters
    ----------
    x : array_like of float, shape (n, d)
        Targets, in [0, 1].
    x_hat : array_like of float, shape (n, d)
        Reconstructions, in [0, 1].

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Losses in nats, at least `pixel_entropy(x)`.

    Raises
    ------
    ValueError
        If the arrays are not finite floats in [0, 1] of one shape (n, d), or are empty.
    """
    x, x_hat = _probabilities(x, x_hat)
    x_hat = np.clip(x_hat, EPSILON, 1 - EPSILON)
    return -(x * np.log(x_hat) + (1 - x) * np.log1p(-x_hat)).sum(axis=1)


def binary_crossentropy_gradient(x, x_hat):
    r"""Return the gradient of `binary_crossentropy` with respect to the reconstruction.

    .. math:: \frac{\partial L}{\partial \hat x_j} = \frac{\hat x_j - x_j}{\hat x_j \, (1 - \hat x_j)}

    It is the gradient of the clipped function: 0 where `x_hat` lies outside [`EPSILON`, 1 - `EPSILON`], since moving it
    there changes nothing. Keras's gradient with respect to probabilities is 0 there too.

    Parameters
    ----------
    x : array_like of float, shape (n, d)
        Targets, in [0, 1].
    x_hat : array_like of float, shape (n, d)
        Reconstructions, in [0, 1].

    Returns
    -------
    numpy.ndarray of float64, shape (n, d)
        Row i is the gradient of image i's loss.

    Raises
    ------
    ValueError
        If the arrays are not finite floats in [0, 1] of one shape (n, d), or are empty.
    """
    x, x_hat = _probabilities(x, x_hat)
    clipped = np.clip(x_hat, EPSILON, 1 - EPSILON)
    return np.where(clipped == x_hat, (clipped - x) / (clipped * (1 - clipped)), 0.0)


def pixel_entropy(x):
    r"""Return the least binary cross-entropy that any reconstruction of each image can reach, summed over pixels.

    .. math:: H(x) = -\sum_{j=1}^{d} \big[ x_j \ln x_j + (1 - x_j) \ln (1 - x_j) \big], \qquad 0 \ln 0 = 0

    For a fixed target the cross-entropy is least at :math:`\hat x = x` (Gibbs' inequality), and there it is the entropy
    of x: 0 for black and white pixels, ln 2 for a pixel of 0.5. Grey pixels therefore put a floor under the loss.

    Parameters
    ----------
    x : array_like of float, shape (n, d)
        Images, in [0, 1].

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Entropies in nats.

    Raises
    ------
    ValueError
        If `x` is not an array of finite floats in [0, 1] of shape (n, d), or is empty.
    """
    x = check_range(check_vectors(x)).astype(np.float64, copy=False)
    # At 0 and at 1 the logarithm's argument is replaced by 1, so that the product is 0 rather than 0 times infinity.
    entropy = x * np.log(np.where(x > 0, x, 1.0)) + (1 - x) * np.log(np.where(x < 1, 1 - x, 1.0))
    return -entropy.sum(axis=1) + 0.0  # no -0.0


def squared_error(x, x_hat):
    r"""Return the squared error of each reconstruction, summed over pixels.

    .. math:: L(x, \hat x) = \lVert \hat x - x \rVert^2 = \sum_{j=1}^{d} (\hat x_j - x_j)^2

    Parameters
    ----------
    x : array_like of float, shape (n, d)
        Targets, any finite numbers.
    x_hat : array_like of float, shape (n, d)
        Reconstructions, any finite numbers.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Losses, at least 0.

    Raises
    ------
    ValueError
        If the arrays are not finite floats of one shape (n, d), or are empty.
    """
    x, x_hat = _reals(x, x_hat)
    return np.square(x_hat - x).sum(axis=1)


def squared_error_gradient(x, x_hat):
    r"""Return the gradient of `squared_error` with respect to the reconstruction.

    .. math:: \frac{\partial L}{\partial \hat x_j} = 2 \, (\hat x_j - x_j)

    Parameters
    ----------
    x : array_like of float, shape (n, d)
        Targets, any finite numbers.
    x_hat : array_like of float, shape (n, d)
        Reconstructions, any finite numbers.

    Returns
    -------
    numpy.ndarray of float64, shape (n, d)
        Row i is the gradient of image i's loss.

    Raises
    ------
    ValueError
        If the arrays are not finite floats of one shape (n, d), or are empty.
    """
    x, x_hat = _reals(x, x_hat)
    return 2 * (x_hat - x)


def gaussian_divergence(mean, log_variance):
    r"""Return the Kullback-Leibler divergence of each Gaussian from the standard normal, summed over code units.

    .. math:: D(\mu, \ln \sigma^2) = \frac{1}{2} \sum_{k=1}^{m}
        \big[ \mu_k^2 + \sigma_k^2 - 1 - \ln \sigma_k^2 \big]

    in the direction :math:`\mathrm{KL}(\mathcal{N}(\mu, \mathrm{diag}\,\sigma^2) \,\Vert\, \mathcal{N}(0, I))`: what
    a variational autoencoder pays for its code (Kingma and Welling 2013, appendix B).

    Parameters
    ----------
    mean, log_variance : array_like of float, shape (n, m)
        The Gaussians' means and the logarithms of their variances, any finite numbers.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Divergences in nats, at least 0; 0 where the Gaussian is the standard normal.

    Raises
    ------
    ValueError
        If the arrays are not finite floats of one shape (n, m), or are empty.
    """
    mean, log_variance = _reals(mean, log_variance, "mean", "log_variance")
    # expm1 keeps the digits of variances near 1, where the terms nearly cancel.
    return (np.square(mean) + np.expm1(log_variance) - log_variance).sum(axis=1) / 2


def gaussian_divergence_gradient(mean, log_variance):
    r"""Return the gradients of `gaussian_divergence` with respect to both of its arguments.

    .. math:: \frac{\partial D}{\partial \mu_k} = \mu_k, \qquad
        \frac{\partial D}{\partial \ln \sigma_k^2} = \frac{\sigma_k^2 - 1}{2}

    Parameters
    ----------
    mean, log_variance : array_like of float, shape (n, m)
        As `gaussian_divergence` takes them.

    Returns
    -------
    tuple of two numpy.ndarray of float64, shape (n, m)
        The gradient with respect to the means, and that with respect to the logarithms of the variances.

    Raises
    ------
    ValueError
        If the arrays are not finite floats of one shape (n, m), or are empty.
    """
    mean, log_variance = _reals(mean, log_variance, "mean", "log_variance")
    return mean.copy(), np.expm1(log_variance) / 2


def _reals(x, x_hat, name="x", name_hat="x_hat"):
    """Check two arrays, such as a target and a reconstruction, and return both in float64."""
    x, x_hat = check_vectors(x, name), check_vectors(x_hat, name_hat)
    check_same_shape(x, x_hat, name, name_hat)
    return x.astype(np.float64, copy=False), x_hat.astype(np.float64, copy=False)


def _probabilities(x, x_hat):
    """Check a target and a reconstruction that both lie in [0, 1], and return both in float64."""
    x, x_hat = _reals(x, x_hat)
    return check_range(x), check_range(x_hat, "x_hat")
