"""Arrays that no function of aelib may take for images, each with a part of the error that it must raise."""

import numpy as np
import pytest

GOOD = np.full((2, 784), 0.5, dtype=np.float32)


def _with(value):
    x = GOOD.copy()
    x[1, 300] = value
    return x


# What no function of real numbers takes, whatever their shape and range.
BAD_FLOATS = [
    pytest.param((GOOD * 255).astype(np.uint8), "dtype uint8; expected floats.* divide by 255", id="uint8"),
    pytest.param(GOOD > 0, "dtype bool; expected floats", id="bool"),
    pytest.param(GOOD.astype(np.complex64), "dtype complex64; expected floats", id="complex"),
    pytest.param(GOOD.astype(object), "dtype object; expected floats", id="object"),
    pytest.param([[0.5, 0.5], [0.5]], "cannot be made into an array", id="ragged"),
    pytest.param(None, "dtype object; expected floats", id="None"),
    pytest.param(_with(np.nan), r"holds NaN \(1 of 1568 values\)", id="NaN"),
    pytest.param(_with(np.inf), "holds infinity", id="infinity"),
    pytest.param(_with(-np.inf), "holds infinity", id="minus infinity"),
    pytest.param(GOOD[:0], r"is empty, with shape \(0, 784\)", id="no rows"),
    pytest.param(GOOD[:, :0], r"is empty, with shape \(2, 0\)", id="no columns"),
    pytest.param([], "is empty", id="empty list"),
]

BAD_SHAPES = [
    pytest.param(np.float32(0.5), r"shape \(\); expected", id="a number"),
    pytest.param(GOOD[0], r"shape \(784,\); expected", id="one vector"),
    pytest.param(GOOD.reshape(2, 28, 28, 1)[0], r"shape \(28, 28, 1\); expected", id="one image"),
    pytest.param(GOOD[:, :783], r"shape \(2, 783\); expected", id="783 pixels"),
    pytest.param(GOOD.reshape(2, 1, 28, 28), r"shape \(2, 1, 28, 28\); expected", id="channels first"),
    pytest.param(GOOD.T, r"shape \(784, 2\); expected", id="transposed"),
]

BAD_RANGES = [
    pytest.param(GOOD * 255, r"ranges from 127.5 to 127.5; expected values in \[0, 1\]: divide by 255", id="0 to 255"),
    pytest.param(_with(-1e-6), "ranges from -1e-06 to 0.5", id="just below 0"),
    pytest.param(_with(1.0001), "ranges from 0.5 to 1.0001", id="just above 1"),
]

BAD_IMAGES = BAD_FLOATS + BAD_SHAPES + BAD_RANGES

BAD_SEEDS = [None, -1, 1.0, True, "0", np.random.default_rng(0)]
