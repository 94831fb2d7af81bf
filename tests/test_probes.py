"""aelib.probes against hand-made cases, definitions and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from bad_input import BAD_FLOATS, BAD_SEEDS, GOOD
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression

from aelib import probes

BAD_LABELS = [[0.0, 1.0], ["a", "b"], [[0, 1]], [], None]


def blobs(n=300, classes=3, d=4, spread=0.3, seed=0):
    """Normal clouds round the unit vectors: easy to classify, but not free of mistakes if they are wide."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return np.eye(classes, d)[labels] + rng.normal(0, spread, (n, d)), labels


@given(st.integers(0, 1000), st.integers(3, 60), st.integers(2, 5))
@settings(deadline=None, max_examples=30)
def test_draws_are_balanced_nested_and_without_repeats(seed, size, classes):
    labels = np.random.default_rng(1).permutation(np.arange(40 * classes) % classes)
    size = max(size, classes)
    drawn = probes.stratified_draw(labels, size, seed=seed)
    counts = np.bincount(labels[drawn], minlength=classes)
    assert len(drawn) == len(set(drawn.tolist())) == size
    assert counts.max() - counts.min() <= 1
    assert_array_equal(drawn, probes.stratified_draw(labels, 40 * classes, seed=seed)[:size])


def test_draws_differ_by_seed_only():
    labels = np.arange(1000) % 10
    first, again, other = (probes.stratified_draw(labels, 100, seed=seed) for seed in (0, 0, 1))
    assert_array_equal(first, again)
    assert len(set(first) & set(other)) < 40


def test_every_image_of_a_class_is_drawn_equally_often():
    labels = np.array([0] * 10 + [1] * 5)
    drawn = np.concatenate([probes.stratified_draw(labels, 2, seed=seed) for seed in range(2000)])
    assert_allclose(np.bincount(drawn) / 2000, [0.1] * 10 + [0.2] * 5, atol=0.04)


@pytest.mark.parametrize("size", [1, 11, 2.0, "4", None])
def test_a_size_that_cannot_be_balanced_is_refused(size):
    with pytest.raises(ValueError, match="size is .* expected an integer from 2 to 10"):
        probes.stratified_draw([0] * 5 + [1] * 8, size, seed=0)


@pytest.mark.parametrize("seed", BAD_SEEDS, ids=str)
def test_bad_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="seed is"):
        probes.stratified_draw([0, 1], 2, seed=seed)


def test_the_linear_probe_is_logistic_regression_on_features_of_one_scale():
    x, y = blobs()
    x = x * [1.0, 2.0, 3.0, 0.1] + 5
    probe = probes.linear_probe(x, y, seed=0)
    chosen = probe["classifier"].C
    assert chosen in probes.INVERSE_PENALTIES
    scale = np.sqrt(((x - x.mean(axis=0)) ** 2).mean())
    expected = LogisticRegression(C=chosen, max_iter=2000).fit((x - x.mean(axis=0)) / scale, y)
    new = blobs(seed=1)[0] * [1.0, 2.0, 3.0, 0.1] + 5
    assert_allclose(probe.predict_proba(new), expected.predict_proba((new - x.mean(axis=0)) / scale), atol=0.02)


def test_the_linear_probe_penalises_more_where_features_say_nothing():
    x, y = blobs(spread=0.1)
    sure = probes.linear_probe(x, y, seed=0)["classifier"].C
    noise = np.random.default_rng(0).normal(size=(300, 50))
    assert sure > probes.linear_probe(noise, y, seed=0)["classifier"].C


def test_the_linear_probe_does_not_mind_the_unit_the_origin_or_a_rotation():
    x, y = blobs()
    new = blobs(seed=1)[0]
    plain = probes.linear_probe(x, y, seed=0).predict_proba(new)
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    other = probes.linear_probe(1e3 * x @ rotation + 7, y, seed=0)
    assert_allclose(other.predict_proba(1e3 * new @ rotation + 7), plain, atol=0.02)


def test_the_linear_probe_bears_features_that_never_vary():
    x, y = blobs()
    probe = probes.linear_probe(np.hstack([x, np.zeros((300, 1))]), y, seed=0)
    new = np.hstack([blobs(seed=1)[0], np.ones((300, 1))])
    assert_array_equal(probe.predict(new), probe.predict(np.hstack([new[:, :4], np.zeros((300, 1))])))
    assert probes.linear_probe(np.zeros((30, 2)), np.arange(30) % 3, seed=0).score(np.zeros((3, 2)), [0, 1, 2]) < 0.5


def test_the_linear_probe_needs_images_to_choose_on():
    x, y = blobs(n=12)
    with pytest.raises(ValueError, match="a class has 4 labelled images; expected at least 5"):
        probes.linear_probe(x, y, seed=0)


def test_the_nearest_neighbour_decides_by_hand():
    x, y = np.array([[0.0], [0.1], [10.0], [10.1]]), np.array([0, 0, 1, 1])
    # One voter and three are right about all four images (far votes count little); the fewer are taken.
    probe = probes.neighbour_probe(x, y)
    assert probe.n_neighbors == 1
    assert_array_equal(probe.predict([[1.0], [8.0]]), [0, 1])


def test_the_nearest_neighbour_probe_takes_more_voters_where_labels_are_noisy():
    x, y = blobs(n=600, spread=0.7)
    probe = probes.neighbour_probe(x, y)
    assert probe.n_neighbors == 9
    # The choice is the best by leaving one out, written out here.
    distance = np.linalg.norm(x[:, None] - x[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    order = np.argsort(distance, axis=1)
    accuracy = {}
    for count in probes.NEIGHBOURS:
        nearest = order[:, :count]
        votes = np.array([(y[nearest] == c) / np.take_along_axis(distance, nearest, 1) for c in range(3)]).sum(axis=2)
        accuracy[count] = (votes.argmax(axis=0) == y).mean()
    assert max(accuracy, key=accuracy.get) == 9


@pytest.mark.parametrize("fit", [lambda x, y: probes.linear_probe(x, y, seed=0), probes.neighbour_probe])
def test_probes_classify_clouds_and_refuse_bad_input(fit):
    x, y = blobs()
    new, truth = blobs(seed=1)
    assert fit(x, y).score(new, truth) > 0.9
    with pytest.raises(ValueError, match="got 300 features but 299 labels"):
        fit(x, y[:-1])
    with pytest.raises(ValueError, match="all of one class"):
        fit(x, np.zeros(300, int))
    for bad in BAD_LABELS:
        with pytest.raises(ValueError, match="labels has .* expected integers"):
            fit(GOOD, bad)


@pytest.mark.parametrize(("bad", "message"), BAD_FLOATS)
def test_bad_features_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        probes.neighbour_probe(bad, [0, 1])
    with pytest.raises(ValueError, match=message):
        probes.retrieve(GOOD, bad, count=1)
    with pytest.raises(ValueError, match=message):
        probes.retrieve(bad, GOOD, count=1)


def test_probe_accuracy_is_a_tidy_table_of_both_probes():
    x, y = blobs(spread=0.5)
    new, truth = blobs(spread=0.5, seed=1)
    table = probes.probe_accuracy(x, y, new, truth, sizes=(15, 150), draws=2)
    assert list(table.columns) == ["probe", "labels", "draw", "accuracy"]
    assert len(table) == 2 * 2 * 2
    row = table.query("probe == 'linear' and labels == 150 and draw == 1")["accuracy"].item()
    drawn = probes.stratified_draw(y, 150, seed=1)
    assert row == probes.linear_probe(x[drawn], y[drawn], seed=1).score(new, truth)
    row = table.query("probe == 'neighbours' and labels == 15 and draw == 0")["accuracy"].item()
    drawn = probes.stratified_draw(y, 15, seed=0)
    assert row == probes.neighbour_probe(x[drawn], y[drawn]).score(new, truth)
    assert table.groupby("labels")["accuracy"].mean().is_monotonic_increasing
    pd.testing.assert_frame_equal(table, probes.probe_accuracy(x, y, new, truth, sizes=(15, 150), draws=2))


def test_probe_accuracy_refuses_tables_that_do_not_fit():
    x, y = blobs()
    with pytest.raises(ValueError, match=r"features have shape \(300, 4\) and test_features \(300, 3\)"):
        probes.probe_accuracy(x, y, x[:, :3], y)
    with pytest.raises(ValueError, match="got 300 test_features but 2 test_labels"):
        probes.probe_accuracy(x, y, x, y[:2])
    with pytest.raises(ValueError, match="draws is 0"):
        probes.probe_accuracy(x, y, x, y, draws=0)


def test_retrieval_by_hand():
    gallery = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0], [9.0, 9.0]])
    found = probes.retrieve(gallery, np.array([[0.0, 0.2], [8.0, 8.0]]), count=2)
    assert_array_equal(found, [[0, 2], [3, 1]])
    assert_array_equal(probes.precision_at(found, np.array([5, 6, 5, 6]), np.array([5, 5])), [1.0, 0.0])
    assert_array_equal(probes.precision_at(found, np.array([5, 6, 6, 5]), np.array([5, 5])), [0.5, 0.5])


def test_retrieval_gives_the_nearest_first():
    rng = np.random.default_rng(0)
    gallery, queries = rng.random((200, 20)), rng.random((7, 20))
    distance = np.linalg.norm(queries[:, None] - gallery[None], axis=-1)
    assert_array_equal(probes.retrieve(gallery, queries), np.argsort(distance, axis=1)[:, :10])


def test_retrieval_without_knowledge_has_the_precision_of_chance():
    rng = np.random.default_rng(0)
    labels = np.arange(2000) % 10
    found = probes.retrieve(rng.random((2000, 3)), rng.random((500, 3)))
    assert_allclose(probes.precision_at(found, labels, labels[:500]).mean(), 0.1, atol=0.02)


def test_bad_retrievals_are_refused():
    with pytest.raises(ValueError, match="count is 3; expected an integer from 1 to 2"):
        probes.retrieve(GOOD, GOOD, count=3)
    with pytest.raises(ValueError, match="gallery has shape .* and queries"):
        probes.retrieve(GOOD, GOOD[:, :5], count=1)
    labels = np.array([0, 1])
    for found in ([0, 1], [[0.0], [1.0]], [[0]]):
        with pytest.raises(ValueError, match="expected integers of shape"):
            probes.precision_at(found, labels, labels)
    for found in ([[0], [2]], [[-1], [0]], np.zeros((2, 0), int)):
        with pytest.raises(ValueError, match="empty or points outside the gallery of 2"):
            probes.precision_at(found, labels, labels)
    for bad in BAD_LABELS:
        with pytest.raises(ValueError, match="labels has .* expected integers"):
            probes.precision_at([[0], [1]], bad, labels)
