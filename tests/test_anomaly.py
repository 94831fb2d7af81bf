"""Anomaly scores against hand-computed values, SciPy and invariances; thresholds against their promise."""

import re

import numpy as np
import pytest
from bad_input import BAD_FLOATS, BAD_IMAGES
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from aelib import anomaly

LINE = np.array([[0.0], [1.0], [3.0], [7.0]])


@pytest.fixture(scope="module")
def codes():
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 3)), rng.normal(size=(200, 3)) @ rng.normal(size=(3, 3))


def test_unexplained_share_by_hand():
    x = np.zeros((4, 784))
    x[0, :4], x[1, :4], x[2, :2] = 0.5, 0.5, 1.0
    x_hat = x.copy()
    x_hat[0, 0], x_hat[1, :4], x_hat[3, 5] = 0.0, 0.0, 0.25
    # A quarter is missing, all of it, nothing, and something where nothing was.
    np.testing.assert_allclose(anomaly.unexplained_share(x, x_hat), [0.25, 1, 0, np.inf])
    assert anomaly.unexplained_share(np.zeros((1, 784)), np.zeros((1, 784))) == 0


def test_unexplained_share_knows_no_ink_and_takes_any_image_shape():
    rng = np.random.default_rng(0)
    x, x_hat = rng.random((2, 3, 784), dtype=np.float32)
    share = anomaly.unexplained_share(x, x_hat)
    np.testing.assert_allclose(anomaly.unexplained_share(x / 2, x_hat / 2), share, rtol=1e-5)
    images = [array.reshape(-1, 28, 28, 1) for array in (x, x_hat)]
    np.testing.assert_array_equal(anomaly.unexplained_share(*images), share)


def test_nearest_normals_by_hand():
    distances, indices = anomaly.nearest_normals([[0.0], [4.0], [10.0]], LINE, n_neighbors=2)
    np.testing.assert_allclose(distances, [[0, 1], [1, 3], [3, 7]])
    np.testing.assert_array_equal(indices[[0, 2]], [[0, 1], [3, 2]])


def test_nearest_normals_against_all_distances(codes):
    test, normal = codes
    everything = cdist(test, normal)
    distances, indices = anomaly.nearest_normals(test, normal)
    np.testing.assert_allclose(distances, np.sort(everything, axis=1)[:, :10])
    np.testing.assert_allclose(np.take_along_axis(everything, indices, axis=1), distances)
    single, _ = anomaly.nearest_normals(test.astype(np.float32), normal.astype(np.float32))
    np.testing.assert_allclose(single, distances, rtol=1e-5)


def test_mahalanobis_by_hand():
    normal = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])  # variances 2 and 0.5
    found = anomaly.mahalanobis([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]], normal)
    np.testing.assert_allclose(found, [np.sqrt(2), np.sqrt(8), 0])


def test_mahalanobis_against_scipy_and_affine_maps(codes):
    test, normal = codes
    inverse = np.linalg.inv(np.cov(normal, rowvar=False, bias=True))
    expected = cdist(test, normal.mean(axis=0, keepdims=True), "mahalanobis", VI=inverse)[:, 0]
    found = anomaly.mahalanobis(test, normal)
    np.testing.assert_allclose(found, expected)
    matrix, shift = np.random.default_rng(1).normal(size=(3, 3)), np.array([5.0, -3.0, 100.0])
    np.testing.assert_allclose(anomaly.mahalanobis(test @ matrix + shift, normal @ matrix + shift), found)


def test_mahalanobis_leaves_a_dead_unit_out(codes):
    test, normal = (np.float32(part) for part in codes)
    found = anomaly.mahalanobis(np.c_[test, np.ones(30, "float32")], np.c_[normal, np.zeros(200, "float32")])
    np.testing.assert_allclose(found, anomaly.mahalanobis(test, normal), rtol=1e-4)
    with pytest.raises(ValueError, match="normal_codes are all the same"):
        anomaly.mahalanobis(test, np.ones((5, 3)))


def test_relative_score_by_hand():
    found = anomaly.relative_score([6.0, 6.0], [1.0, 3.0, 5.0, 15.0], [[0, 1], [2, 3]])
    np.testing.assert_allclose(found, [6 / 2, 6 / 10])


def test_relative_score_has_no_unit(codes):
    _, nearest = anomaly.nearest_normals(*codes)
    errors, normal_errors = np.random.default_rng(0).random(30), 0.1 + np.random.default_rng(1).random(200)
    found = anomaly.relative_score(errors, normal_errors, nearest)
    np.testing.assert_allclose(anomaly.relative_score(7 * errors, 7 * normal_errors, nearest), found)
    everywhere = anomaly.relative_score(errors, normal_errors, np.tile(np.arange(200), (30, 1)))
    np.testing.assert_allclose(everywhere, errors / normal_errors.mean())


def test_standardised_sum_by_hand():
    normal = np.array([[0.0, 10.0], [2.0, 30.0]])  # means 1 and 20, standard deviations 1 and 10
    np.testing.assert_allclose(anomaly.standardised_sum([[1.0, 20.0], [3.0, 0.0], [2.0, 40.0]], normal), [0, 0, 3])


def test_scores_that_are_the_same_up_to_rounding_do_not_vary():
    same = np.full((3, 1), 0.1)  # their mean is 0.10000000000000002
    with pytest.raises(ValueError, match="column 0 of normal_scores does not vary"):
        anomaly.standardised_sum([[0.2]], same)
    with pytest.raises(ValueError, match="normal_codes are all the same"):
        anomaly.mahalanobis([[0.2]], same)


def test_ratios_are_float64_whatever_the_scores_are():
    assert anomaly.relative_score(np.float32([1]), np.float32([1, 3]), [[0, 1]]).dtype == np.float64


def test_standardised_sum_of_normal_scores_is_centred(codes):
    _, normal = codes
    found = anomaly.standardised_sum(normal, normal)
    assert found.mean() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(anomaly.standardised_sum(normal * [1, 5, 0.1] + 3, normal * [1, 5, 0.1] + 3), found)
    with pytest.raises(ValueError, match="column 1 of normal_scores does not vary"):
        anomaly.standardised_sum(normal, np.c_[normal[:, 0], np.ones(200), normal[:, 1]])


@pytest.mark.parametrize(("rate", "expected"), [(0.05, 95), (0.01, 99), (0.5, 50), (0.99, 1), (0.059, 95), (0.06, 94)])
def test_threshold_by_hand(rate, expected):
    scores = np.random.default_rng(0).permutation(np.arange(1.0, 100.0))  # 99 of them: places of 1 % each
    assert anomaly.threshold(scores, rate) == expected


def test_threshold_says_when_there_are_too_few_scores():
    with pytest.raises(ValueError, match=re.escape("with 9 normal scores, expected 0.1 to 0.9: a smaller rate needs")):
        anomaly.threshold(np.arange(9.0), 0.05)
    with pytest.raises(ValueError, match="false_alarm_rate is 1; with 9 normal scores"):
        anomaly.threshold(np.arange(9.0), 1)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-100, 100), min_size=20, max_size=60), st.floats(0.06, 0.9))
def test_the_promise_holds_for_any_scores(scores, rate):
    """Leave each of n + 1 scores out in turn: at most the promised share of them lies above its threshold."""
    scores = np.array(scores)
    alarms = [one > anomaly.threshold(np.delete(scores, i), rate) for i, one in enumerate(scores)]
    assert np.mean(alarms) <= rate + 1e-9


def test_without_ties_the_promise_is_exact():
    scores = np.random.default_rng(0).normal(size=40)
    alarms = [one > anomaly.threshold(np.delete(scores, i), 0.1) for i, one in enumerate(scores)]
    assert sum(alarms) == 4


def test_false_alarm_range_holds_as_often_as_it_says():
    rng = np.random.default_rng(0)
    low, high = anomaly.false_alarm_range(200, 500, 0.05)
    rates = [(scores[200:] > anomaly.threshold(scores[:200], 0.05)).mean() for scores in rng.normal(size=(4000, 700))]
    assert np.mean(rates) == pytest.approx(10 / 201, abs=0.001)
    assert np.mean([(low <= rate <= high) for rate in rates]) == pytest.approx(0.95, abs=0.02)
    wide = anomaly.false_alarm_range(200, 500, 0.05, confidence=0.99)
    assert wide[0] < low < 0.05 < high < wide[1]


def test_false_alarm_range_shrinks_with_more_images():
    widths = [np.diff(anomaly.false_alarm_range(n, n, 0.05))[0] for n in (100, 1000, 10_000)]
    assert widths[0] > 2.5 * widths[1] > 2.5 * 2.5 * widths[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 10, 0.5), "n_normal is 0"),
        ((10, 1.5, 0.5), "n_test is 1.5"),
        ((10, 10, 0.05), "with 10 normal scores"),
        ((10, 10, np.nan), "false_alarm_rate is nan"),
    ],
)
def test_false_alarm_range_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        anomaly.false_alarm_range(*arguments)
    with pytest.raises(ValueError, match="confidence is 1"):
        anomaly.false_alarm_range(100, 100, 0.5, confidence=1)


@pytest.mark.parametrize(("bad", "message"), BAD_IMAGES)
def test_shares_of_bad_images(bad, message):
    good = np.full((2, 784), 0.5)
    for pair in ((bad, good), (good, bad)):
        with pytest.raises(ValueError, match=message):
            anomaly.unexplained_share(*pair)


@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS)
def test_bad_codes(bad, message):
    good = np.ones((20, 784)) * np.arange(20.0)[:, None]
    for function in (anomaly.nearest_normals, anomaly.mahalanobis, anomaly.standardised_sum):
        for pair in ((bad, good), (good, bad)):
            with pytest.raises(ValueError, match=message):
                function(*pair)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: anomaly.nearest_normals(LINE, np.ones((4, 2))), "codes have 1 columns but normal_codes have 2"),
        (lambda: anomaly.nearest_normals(LINE, LINE), "n_neighbors is 10; expected an integer from 1 to 4"),
        (lambda: anomaly.mahalanobis(LINE[0], LINE), r"codes has shape \(1,\); expected \(n, d\)"),
        (lambda: anomaly.relative_score([1.0], [1.0], [[0], [0]]), "got 1 scores and 2 rows of neighbours"),
        (lambda: anomaly.relative_score([1.0], [1.0, 0.0], [[0]]), "normal_scores go down to 0"),
        (lambda: anomaly.relative_score([1.0], [1.0, 1.0], [[2]]), "nearest ranges from 2 to 2, but there are 2"),
        (lambda: anomaly.relative_score([1.0], [1.0, 1.0], [0]), r"nearest has shape \(1,\) and dtype int64"),
        (lambda: anomaly.relative_score([1.0], [1.0, 1.0], [[0.0]]), "dtype float64; expected"),
        (lambda: anomaly.relative_score(LINE, [1.0] * 4, [[0]] * 4), r"scores have shape \(4, 1\)"),
        (lambda: anomaly.standardised_sum(LINE, np.ones((4, 2))), "scores have 1 columns but normal_scores have 2"),
        (lambda: anomaly.threshold(LINE, 0.5), r"normal_scores have shape \(4, 1\); expected \(n,\)"),
        (lambda: anomaly.threshold([1.0, np.nan], 0.5), "normal_scores holds NaN"),
        (lambda: anomaly.threshold(np.arange(9.0), 1.5), "false_alarm_rate is 1.5; expected a number from 0 to 1"),
    ],
)
def test_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()
