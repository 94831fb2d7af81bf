"""Ways to damage images on purpose, each repeatable from its seed.

The same seed gives the same noise whichever of the accepted shapes the images have.
"""

import numpy as np

from aelib._checks import SIDE, check_images, check_integer, check_number, check_seed


def gaussian(x, std, *, seed):
    """Return `x` with independent normal noise added to every pixel, clipped to [0, 1].

    Clipping matters: most pixels of these data are exactly 0, and there half of the noise is cut off.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    std : float
        Standard deviation of the noise before clipping, at least 0, in units of the pixel range.
    seed : int
        Seed of the noise.

    Returns
    -------
    numpy.ndarray of float32
        A new array of the shape of `x`, in [0, 1].

    Raises
    ------
    ValueError
        If `x` is not an array of images, `std` is negative or not finite, or `seed` is not a non-negative integer.
    """
    x = check_images(x)
    std = check_number(std, "std", low=0)
    # One float32 array is all that this needs: 60,000 images in float64 would already be 380 MB.
    noisy = np.random.default_rng(check_seed(seed)).standard_normal(x.shape, dtype=np.float32)
    noisy *= std
    noisy += x
    return np.clip(noisy, 0, 1, out=noisy)


def salt_and_pepper(x, fraction, *, seed):
    """Return `x` with some pixels replaced by black (0) or white (1).

    Each pixel is replaced independently with probability `fraction`, and is then black or white with equal
    probability. The share replaced in any one image therefore varies a little around `fraction`.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    fraction : float
        Probability that a pixel is replaced, in [0, 1].
    seed : int
        Seed of the noise.

    Returns
    -------
    numpy.ndarray of float32
        A new array of the shape of `x`, in [0, 1].

    Raises
    ------
    ValueError
        If `x` is not an array of images, `fraction` lies outside [0, 1], or `seed` is not a non-negative integer.
    """
    x = check_images(x)
    fraction = check_number(fraction, "fraction", low=0, high=1)
    draw = np.random.default_rng(check_seed(seed)).random(x.shape, dtype=np.float32)
    noisy = x.astype(np.float32)
    noisy[draw < fraction] = 1
    noisy[draw < fraction / 2] = 0
    return noisy


def occlusion(x, size, *, seed):
    """Return `x` with a black square somewhere in each image.

    The place is drawn uniformly from all those where the square lies wholly inside the image.

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images in [0, 1].
    size : int
        Side of the square in pixels, from 0 (no square) to 28 (nothing left).
    seed : int
        Seed of the places.

    Returns
    -------
    numpy.ndarray of float32
        A new array of the shape of `x`, in [0, 1].

    Raises
    ------
    ValueError
        If `x` is not an array of images, `size` is not an integer from 0 to 28, or `seed` is not a non-negative
        integer.
    """
    x = check_images(x)
    size = check_integer(size, "size", low=0, high=SIDE)
    corners = np.random.default_rng(check_seed(seed)).integers(0, SIDE - size, size=(len(x), 2, 1), endpoint=True)
    inside = (np.arange(SIDE) >= corners) & (np.arange(SIDE) < corners + size)
    noisy = x.astype(np.float32)
    noisy.reshape(-1, SIDE, SIDE)[inside[:, 0, :, None] & inside[:, 1, None, :]] = 0
    return noisy
