"""Scores that say how unlike normal images an image is, and thresholds that keep a promised rate of false alarms.

Everything is learned from *normal* images alone: no function here learns from an anomaly. Larger scores are stranger,
and an alarm is a score strictly above a threshold. Codes and errors may come from any autoencoder, or from PCA.
"""

import math

import numpy as np
from sklearn.neighbors import NearestNeighbors

from aelib import losses
from aelib._checks import check_floats, check_images, check_integer, check_number, check_same_shape, check_vectors


def unexplained_share(x, x_hat):
    r"""Return the squared error of each reconstruction as a share of the image's own sum of squares.

    .. math:: s(x, \hat x) = \frac{\lVert x - \hat x \rVert^2}{\lVert x \rVert^2}

    It is 0 for a perfect reconstruction and 1 for an empty one, however much ink the image has.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    x_hat : array_like of float, shape of `x`
        Reconstructions in [0, 1].

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Shares, at least 0. For an image without any ink, infinity, or 0 if it is rebuilt without any.

    Raises
    ------
    ValueError
        If the arrays are not images in [0, 1] of one shape, or are empty.
    """
    x, x_hat = check_images(x), check_images(x_hat, "x_hat")
    check_same_shape(x, x_hat)
    x, x_hat = x.reshape(len(x), -1), x_hat.reshape(len(x), -1)
    error = losses.squared_error(x, x_hat)
    energy = np.square(x, dtype=np.float64).sum(axis=1)
    share = np.where(error > 0, np.inf, 0.0)
    return np.divide(error, energy, out=share, where=energy > 0)


def nearest_normals(codes, normal_codes, *, n_neighbors=10):
    """Return the distances from each code to its nearest normal codes, and which these are.

    The mean of the distances is a score of its own: how far an image lies from all that is normal.

    Parameters
    ----------
    codes : array_like of float, shape (n, d)
        Codes to score. A code that is among `normal_codes` too finds itself, or an equal one, at distance 0 up to
        rounding.
    normal_codes : array_like of float, shape (m, d)
        Codes of normal images.
    n_neighbors : int
        How many to find, from 1 to m.

    Returns
    -------
    distances : numpy.ndarray of float64, shape (n, n_neighbors)
        Euclidean distances, nearest first.
    indices : numpy.ndarray of int64, shape (n, n_neighbors)
        Rows of `normal_codes`, in the same order.

    Raises
    ------
    ValueError
        If the codes are not finite floats of shapes (n, d) and (m, d), or `n_neighbors` is out of range.

    Notes
    -----
    Ramaswamy, Rastogi and Shim (2000), *Efficient algorithms for mining outliers from large data sets*, score by the
    distance to the last of the neighbours.
    """
    codes, normal_codes = _check_tables(codes, normal_codes)
    n_neighbors = check_integer(n_neighbors, "n_neighbors", low=1, high=len(normal_codes))
    # Comparing every pair beats a search tree in more than a few dimensions.
    search = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(normal_codes.astype(np.float64))
    return search.kneighbors(codes.astype(np.float64))


def mahalanobis(codes, normal_codes):
    r"""Return the Mahalanobis distance of each code from the mean of the normal codes.

    .. math:: d(z) = \sqrt{(z - \mu)^\top \Sigma^{+} (z - \mu)}

    with :math:`\mu` and :math:`\Sigma` the mean and the covariance (divided by m) of the normal codes. It counts each
    principal axis in units of the standard deviation along it, so that, unlike the Euclidean distance, it stays the
    same if the codes are put through any affine map that has an inverse (as long as no direction is left out, see
    below).

    Parameters
    ----------
    codes : array_like of float, shape (n, d)
        Codes to score.
    normal_codes : array_like of float, shape (m, d)
        Codes of normal images.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Distances, at least 0.

    Raises
    ------
    ValueError
        If the codes are not finite floats of shapes (n, d) and (m, d), or all normal codes are the same.

    Notes
    -----
    :math:`\Sigma^{+}` is the pseudo-inverse without the directions whose variance is at most 1.2e-7 (float32's
    rounding) of the largest, such as a dead unit's. However far a code lies in them, it does not count.

    Mahalanobis (1936), *On the generalised distance in statistics*.
    """
    codes, normal_codes = _check_tables(codes, normal_codes)
    mean = normal_codes.mean(axis=0, dtype=np.float64)
    centred = normal_codes - mean
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    # Rounding in float32 codes leaves variances of about this size where there are none.
    kept = variances > np.finfo(np.float32).eps * variances[-1]
    if not (normal_codes.min(axis=0) < normal_codes.max(axis=0)).any():
        raise ValueError("normal_codes are all the same; expected codes that vary: is every unit dead?")
    whitening = directions[:, kept] / np.sqrt(variances[kept])
    return np.linalg.norm((codes - mean) @ whitening, axis=1)


def relative_score(scores, normal_scores, nearest):
    r"""Return each image's score in units of what its nearest normal images have.

    .. math:: r(x) = \frac{s(x)}{\frac{1}{k} \sum_{i \in N_k(x)} s(x_i)}

    with :math:`N_k(x)` the k normal images whose codes are nearest. An image of the digit 1, for example, is judged by
    the scores of normal images that are coded like it: what is small among all images may be large among those. The
    score may be an error, or the distance to the neighbours.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
        Scores of the images in question.
    normal_scores : array_like of float, shape (m,)
        The same score of normal images, above 0.
    nearest : array_like of int, shape (n, k)
        For each image, which normal images are its neighbours: the indices of `nearest_normals`.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Ratios; about 1 for a normal image.

    Raises
    ------
    ValueError
        If the scores are not finite floats of these shapes, a normal score is not above 0, or `nearest` is not a table
        of n rows of indices.

    Notes
    -----
    With distances for scores it is a plain form of the local outlier factor: Breunig, Kriegel, Ng and Sander (2000),
    *LOF: identifying density-based local outliers*.
    """
    scores, normal_scores = _check_scores(scores, "scores"), _check_scores(normal_scores, "normal_scores")
    nearest = np.asarray(nearest)
    if nearest.ndim != 2 or not np.issubdtype(nearest.dtype, np.integer) or nearest.size == 0:
        raise ValueError(f"nearest has shape {nearest.shape} and dtype {nearest.dtype}; expected (n, k) integers")
    if len(nearest) != len(scores):
        raise ValueError(f"got {len(scores)} scores and {len(nearest)} rows of neighbours; expected the same number")
    if nearest.min() < 0 or nearest.max() >= len(normal_scores):
        raise ValueError(
            f"nearest ranges from {nearest.min()} to {nearest.max()}, but there are {len(normal_scores)} "
            f"normal_scores; expected indices from 0 to {len(normal_scores) - 1}"
        )
    if normal_scores.min() <= 0:
        raise ValueError(f"normal_scores go down to {normal_scores.min():.6g}; expected all of them above 0")
    return scores / normal_scores[nearest].mean(axis=1, dtype=np.float64)


def standardised_sum(scores, normal_scores):
    r"""Return the sum of several scores, each in standard deviations from its mean over normal images.

    .. math:: S(x) = \sum_{j=1}^{k} \frac{s_j(x) - \mu_j}{\sigma_j}

    Parameters
    ----------
    scores : array_like of float, shape (n, k)
        k scores of each image, one in each column.
    normal_scores : array_like of float, shape (m, k)
        The same scores of normal images, from which the means and standard deviations (divided by m) are taken.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Sums; 0 on average for normal images.

    Raises
    ------
    ValueError
        If the scores are not finite floats of shapes (n, k) and (m, k), or a normal score does not vary.
    """
    scores, normal_scores = _check_tables(scores, normal_scores, "scores", "normal_scores")
    mean, std = normal_scores.mean(axis=0, dtype=np.float64), normal_scores.std(axis=0, dtype=np.float64)
    # Not by their deviation: rounding may give one to scores that are all the same.
    varies = normal_scores.min(axis=0) < normal_scores.max(axis=0)
    if not varies.all():
        raise ValueError(f"column {varies.argmin()} of normal_scores does not vary; expected scores that do")
    return ((scores - mean) / std).sum(axis=1)


def threshold(normal_scores, false_alarm_rate):
    r"""Return a threshold above which a new normal image comes with at most the given probability.

    It is the m-th largest of the n normal scores, with :math:`m = \lfloor \alpha (n + 1) \rfloor`. A new normal score,
    exchangeable with those n (drawn alike, and not used in training), is equally likely to take each of the n + 1
    places among them, in order of size. It lies above the threshold if it takes one of the first m. So the probability
    of a false alarm is at most :math:`m / (n + 1) \leq \alpha`, and exactly that if scores never tie, whatever the
    distribution of the scores.

    Parameters
    ----------
    normal_scores : array_like of float, shape (n,)
        Scores of normal validation images: none that the model or the score was fitted to.
    false_alarm_rate : float
        The promised rate :math:`\alpha`, at least 1 / (n + 1) and below 1.

    Returns
    -------
    float
        The threshold. An alarm is a score strictly above it.

    Raises
    ------
    ValueError
        If the scores are not finite floats, or `false_alarm_rate` lies outside that range: a small rate needs many
        scores.

    Notes
    -----
    Vovk, Gammerman and Shafer (2005), *Algorithmic learning in a random world*. The probability is over the validation
    images as well as the new one; `false_alarm_range` says what one validation set may give.
    """
    normal_scores = _check_scores(normal_scores, "normal_scores")
    allowed = _alarms_allowed(len(normal_scores), false_alarm_rate)
    return float(np.partition(normal_scores, -allowed)[-allowed])


def false_alarm_range(n_normal, n_test, false_alarm_rate, *, confidence=0.95):
    r"""Return the limits within which the false-alarm rate on test images lies, if they are like validation images.

    With :math:`m = \lfloor \alpha (n + 1) \rfloor`, the probability of a false alarm that one validation set of n
    scores leads to follows the distribution Beta(m, n + 1 - m), so the number of alarms among the test images follows
    the beta-binomial distribution with these parameters. Ties make alarms rarer.

    Parameters
    ----------
    n_normal, n_test : int
        Normal images that the threshold was set on, and those that it is tried on.
    false_alarm_rate : float
        As given to `threshold`.
    confidence : float
        Least probability of the range, in (0, 1): numbers of alarms are whole. At most half of the rest lies on each
        side.

    Returns
    -------
    low, high : float
        Rates, in [0, 1].

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Vovk (2012), *Conditional validity of inductive conformal predictors*.
    """
    from scipy.stats import betabinom

    n_normal = check_integer(n_normal, "n_normal", low=1)
    n_test = check_integer(n_test, "n_test", low=1)
    allowed = _alarms_allowed(n_normal, false_alarm_rate)
    tail = (1 - check_number(confidence, "confidence", low=0, high=1)) / 2
    if not 0 < tail < 0.5:
        raise ValueError(f"confidence is {confidence!r}; expected a number between 0 and 1")
    low, high = betabinom(n_test, allowed, n_normal + 1 - allowed).ppf([tail, 1 - tail]) / n_test
    return float(low), float(high)


def _alarms_allowed(n, false_alarm_rate):
    """How many of n normal scores may lie at or above the threshold."""
    rate = check_number(false_alarm_rate, "false_alarm_rate", low=0, high=1)
    # The summand takes back what rounding may have taken from a whole number.
    allowed = math.floor(rate * (n + 1) + 1e-9)
    if not 1 <= allowed <= n:
        raise ValueError(
            f"false_alarm_rate is {false_alarm_rate!r}; with {n} normal scores, expected {1 / (n + 1):.3g} "
            f"to {n / (n + 1):.3g}: a smaller rate needs more normal images"
        )
    return allowed


def _check_tables(codes, normal_codes, name="codes", normal_name="normal_codes"):
    codes, normal_codes = check_vectors(codes, name), check_vectors(normal_codes, normal_name)
    if codes.shape[1] != normal_codes.shape[1]:
        raise ValueError(
            f"{name} have {codes.shape[1]} columns but {normal_name} have {normal_codes.shape[1]}; "
            "expected the same number"
        )
    return codes, normal_codes


def _check_scores(scores, name):
    scores = check_floats(scores, name)
    if scores.ndim != 1:
        raise ValueError(f"{name} have shape {scores.shape}; expected (n,): one number for each image")
    return scores
