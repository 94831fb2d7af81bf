"""How good a reconstruction or a code is, in the numbers that the chapters report.

Per image: `mean_squared_error`, `psnr`, `ssim`. Over a whole set: `mean_binary_crossentropy`, `neighbour_agreement`.
Everything is computed in float64, a chunk of images at a time, so that 60,000 of them need little more memory than
they take already.
"""

import numpy as np

from aelib import losses
from aelib._checks import (
    PIXELS,
    SIDE,
    check_image_shape,
    check_images,
    check_integer,
    check_same_shape,
    check_vectors,
)

_CHUNK = 4096  # images: 26 MB for each array in float64


def mean_squared_error(x, x_hat):
    r"""Return the mean squared error of each reconstruction, over its pixels.

    .. math:: \mathrm{MSE}(x, \hat x) = \frac{1}{784} \sum_{j=1}^{784} (\hat x_j - x_j)^2

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    x_hat : array_like of float, shape of `x`
        Reconstructions. Their range is not checked: those of PCA may leave [0, 1], and are optimal as they are.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Errors, at least 0.

    Raises
    ------
    ValueError
        If the arrays are not finite floats of one image shape, or are empty, or `x` leaves [0, 1].
    """
    x, x_hat = check_images(x), check_image_shape(x_hat, "x_hat")
    return _chunked(losses.squared_error, x, x_hat) / PIXELS


def psnr(x, x_hat):
    r"""Return the peak signal-to-noise ratio of each reconstruction, in decibels.

    .. math:: \mathrm{PSNR}(x, \hat x) = 10 \log_{10} \frac{1}{\mathrm{MSE}(x, \hat x)}

    for a peak, and so a data range, of 1. More is better; 3 dB more is half the squared error.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    x_hat : array_like of float, shape of `x`
        Reconstructions in [0, 1].

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Ratios in dB, at least 0; infinity where the two are equal.

    Raises
    ------
    ValueError
        If the arrays are not images in [0, 1] of one shape, or are empty.
    """
    x, x_hat = check_images(x), check_images(x_hat, "x_hat")
    with np.errstate(divide="ignore"):
        # The addition turns the -0.0 of a reconstruction that is wrong everywhere into 0.
        return -10 * np.log10(mean_squared_error(x, x_hat)) + 0.0


def ssim(x, x_hat):
    r"""Return the structural similarity of each reconstruction.

    .. math:: \mathrm{SSIM}(x, \hat x) = \frac{1}{22^2} \sum_w
              \frac{(2 \mu_x \mu_{\hat x} + c_1) (2 \sigma_{x \hat x} + c_2)}
              {(\mu_x^2 + \mu_{\hat x}^2 + c_1) (\sigma_x^2 + \sigma_{\hat x}^2 + c_2)},
              \qquad c_1 = 0.01^2, \quad c_2 = 0.03^2

    with the means, the variances and the covariance (divided by 48) of the two images in a window w of 7 by 7 pixels.
    The sum is over the 22 by 22 windows that lie wholly inside the image. That is scikit-image's
    `structural_similarity` as it comes, for a data range of 1. The original definition weights an 11 by 11 window by a
    Gaussian, which would leave only 18 by 18 of them.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    x_hat : array_like of float, shape of `x`
        Reconstructions in [0, 1].

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Similarities in [-1, 1]; 1 where the two are equal.

    Raises
    ------
    ValueError
        If the arrays are not images in [0, 1] of one shape, or are empty.

    Notes
    -----
    Wang, Bovik, Sheikh and Simoncelli (2004), *Image quality assessment: from error visibility to structural
    similarity*. scikit-image takes one image at a time: a few seconds for 10,000.
    """
    from skimage.metrics import structural_similarity

    x, x_hat = check_images(x), check_images(x_hat, "x_hat")

    def each(x, x_hat):
        pairs = zip(x.reshape(-1, SIDE, SIDE), x_hat.reshape(-1, SIDE, SIDE), strict=True)
        return np.array([structural_similarity(image, image_hat, data_range=1.0) for image, image_hat in pairs])

    return _chunked(each, x, x_hat)


def mean_binary_crossentropy(x, x_hat):
    """Return the binary cross-entropy over all pixels of all images: the number that Keras reports as the loss.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    x_hat : array_like of float, shape of `x`
        Reconstructions in [0, 1], clipped as `aelib.losses.binary_crossentropy` says.

    Returns
    -------
    float
        Nats per pixel.

    Raises
    ------
    ValueError
        If the arrays are not images in [0, 1] of one shape, or are empty.
    """
    x, x_hat = check_images(x), check_images(x_hat, "x_hat")
    return float(_chunked(losses.binary_crossentropy, x, x_hat).mean() / PIXELS)


def neighbour_agreement(codes, labels, *, n_neighbors=10):
    """Return how often the nearest neighbours of a code have its own label.

    For each code, the share of its `n_neighbors` nearest other codes (Euclidean) that carry the same label; then the
    mean over all codes. With ten classes of equal size, codes that say nothing of the class score 0.1.

    Parameters
    ----------
    codes : array_like of float, shape (n, d)
        Codes, any finite numbers.
    labels : array_like of int, shape (n,)
        Their classes.
    n_neighbors : int
        Neighbours to look at, from 1 to n - 1.

    Returns
    -------
    float
        A share in [0, 1].

    Raises
    ------
    ValueError
        If `codes` are not finite floats of shape (n, d), `labels` are not n integers, or `n_neighbors` is out of range.
    """
    codes = check_vectors(codes, "codes")
    labels = np.asarray(labels)
    if labels.shape != (len(codes),) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels have shape {labels.shape} and dtype {labels.dtype}; "
            f"expected {len(codes)} integers, one for each of the codes"
        )
    if len(codes) < 2:
        raise ValueError("codes has a single row; expected at least two, since each is compared with the others")
    n_neighbors = check_integer(n_neighbors, "n_neighbors", low=1, high=len(codes) - 1)
    from sklearn.neighbors import NearestNeighbors

    # Without an argument, kneighbors leaves each point out of its own neighbours, duplicates or not.
    nearest = NearestNeighbors(n_neighbors=n_neighbors).fit(codes.astype(np.float64)).kneighbors(return_distance=False)
    return float((labels[nearest] == labels[:, None]).mean())


def _chunked(function, x, x_hat):
    """Apply a function of two float64 arrays of shape (n, 784) a chunk of rows at a time; return (n,)."""
    check_same_shape(x, x_hat)
    x, x_hat = x.reshape(-1, PIXELS), x_hat.reshape(-1, PIXELS)
    chunks = [slice(start, start + _CHUNK) for start in range(0, len(x), _CHUNK)]
    return np.concatenate([function(x[rows].astype(np.float64), x_hat[rows].astype(np.float64)) for rows in chunks])
