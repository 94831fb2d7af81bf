"""Input validation shared by aelib's modules: every error says what was given and what was expected."""

import math
import operator

import numpy as np

SIDE = 28
PIXELS = SIDE * SIDE
_IMAGE_SHAPES = ((PIXELS,), (SIDE, SIDE), (SIDE, SIDE, 1))


def check_floats(x, name="x"):
    """Return `x` as an array after checking that it is floating-point, not empty and finite.

    Parameters
    ----------
    x : array_like
        Anything that `numpy.asarray` takes.
    name : str
        What to call it in an error.

    Returns
    -------
    numpy.ndarray
        `x` itself where it is an array already.

    Raises
    ------
    ValueError
        If `x` is not an array of floats, is empty, or holds NaN or infinity.
    """
    try:
        x = np.asarray(x)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be made into an array ({error}); expected an array of floats") from error
    if x.size == 0:
        raise ValueError(f"{name} is empty, with shape {x.shape}; expected at least one row and one column")
    if not np.issubdtype(x.dtype, np.floating):
        advice = "; of an image, divide by 255" if x.dtype == np.uint8 else ""
        raise ValueError(f"{name} has dtype {x.dtype}; expected floats{advice}")
    # Minimum and maximum carry every NaN and infinity, and unlike isfinite they need no array of their own.
    low, high = x.min(), x.max()
    if np.isnan(low):
        raise ValueError(f"{name} holds NaN ({int(np.isnan(x).sum())} of {x.size} values); expected finite numbers")
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"{name} holds infinity; expected finite numbers")
    return x


def check_range(x, name="x"):
    """Return the array `x` after checking that all of it lies in [0, 1].

    Raises
    ------
    ValueError
        If a value lies outside [0, 1].
    """
    low, high = x.min(), x.max()
    if low < 0 or high > 1:
        advice = "divide by 255" if low >= 0 and high > 2 else f"numpy.clip({name}, 0, 1) if it is meant to be an image"
        raise ValueError(f"{name} ranges from {low:.6g} to {high:.6g}; expected values in [0, 1]: {advice}")
    return x


def check_image_shape(x, name="x"):
    """Return `x` as an array of finite floats, of any range, after checking that it has the shape of images.

    Raises
    ------
    ValueError
        As `check_floats`; and if the shape is not (n, 784), (n, 28, 28) or (n, 28, 28, 1).
    """
    x = check_floats(x, name)
    if x.shape[1:] not in _IMAGE_SHAPES:
        raise ValueError(
            f"{name} has shape {x.shape}; expected images of shape (n, {PIXELS}), (n, {SIDE}, {SIDE}) "
            f"or (n, {SIDE}, {SIDE}, 1)"
        )
    return x


def check_images(x, name="x"):
    """Return `x` as an array after checking that it holds images in [0, 1].

    Parameters
    ----------
    x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
        Images.
    name : str
        What to call them in an error.

    Returns
    -------
    numpy.ndarray
        `x` itself where it is an array already.

    Raises
    ------
    ValueError
        If the dtype is not floating, the shape is none of those, or there is nothing in it, NaN, infinity or a value
        outside [0, 1].
    """
    return check_range(check_image_shape(x, name), name)


def check_vectors(x, name="x"):
    """Return `x` as an array after checking that it is one of finite floats with the shape (n, d).

    Raises
    ------
    ValueError
        As `check_floats`; and if `x` does not have two dimensions.
    """
    x = check_floats(x, name)
    if x.ndim != 2:
        raise ValueError(f"{name} has shape {x.shape}; expected (n, d): one row for each image")
    return x


def check_same_shape(x, x_hat, name="x", name_hat="x_hat"):
    """Check that two arrays have the same shape, which broadcasting would otherwise make up for in silence.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if x.shape != x_hat.shape:
        raise ValueError(f"{name} has shape {x.shape} but {name_hat} has shape {x_hat.shape}; expected the same shape")


def check_integer(value, name, *, low, high=None):
    """Return `value` as an `int` after checking that it is a whole number in [`low`, `high`].

    Raises
    ------
    ValueError
        If `value` is not an integer (a bool or a float is not) or lies outside the range.
    """
    expected = f"an integer of at least {low}" if high is None else f"an integer from {low} to {high}"
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, (bool, np.bool_)) or number < low or (high is not None and number > high):
        raise ValueError(f"{name} is {value!r}; expected {expected}")
    return number


def check_number(value, name, *, low, high=None):
    """Return `value` as a `float` after checking that it is a finite number in [`low`, `high`].

    Raises
    ------
    ValueError
        If `value` is not a real number, is not finite, or lies outside the range.
    """
    expected = f"a number of at least {low}" if high is None else f"a number from {low} to {high}"
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or value < low or (high is not None and value > high):
        raise ValueError(f"{name} is {value!r}; expected {expected}")
    return float(value)


def check_seed(seed):
    """Return `seed` as an `int`. None is refused: a result that nobody can repeat is no use in a course.

    Raises
    ------
    ValueError
        If `seed` is not a non-negative integer.
    """
    return check_integer(seed, "seed", low=0)
