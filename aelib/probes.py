"""What a code is worth to somebody who wants to classify: simple classifiers, called probes, on few labelled images.

A probe sees codes, pixels or any other features, and the labels of a small draw of training images. What it has to
choose, it chooses within that draw. Its accuracy is measured on images that it has never seen.
"""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from threadpoolctl import threadpool_limits

from aelib._checks import check_integer, check_seed, check_vectors

#: Inverse strengths of the linear probe's penalty among which it chooses, the strongest penalty first.
INVERSE_PENALTIES = (0.01, 0.1, 1.0, 10.0)
#: Numbers of voters among which the nearest-neighbour probe chooses.
NEIGHBOURS = (1, 3, 5, 9)
_FOLDS = 5
_HELD_OUT = 60  # images that a choice should rest on, where there are so many


def stratified_draw(labels, size, *, seed):
    """Choose images to be labelled: at random, as many of each class as of any other.

    Draws of one seed are nested: the first 100 of 1,000 images are the draw of size 100.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        The class of every image.
    size : int
        Images to draw, at least one of each class. Where the classes do not divide it, some get one image more.
    seed : int
        Seed of the draw.

    Returns
    -------
    numpy.ndarray of int, shape (size,)
        Indices into `labels`, none twice.

    Raises
    ------
    ValueError
        If `labels` are not integers of shape (n,), `size` asks for less than one image of each class or for more than
        the smallest class has, or `seed` is not a non-negative integer.
    """
    labels = _check_labels(labels, "labels")
    classes, counts = np.unique(labels, return_counts=True)
    size = check_integer(size, "size", low=len(classes), high=int(counts.min()) * len(classes))
    order = np.random.default_rng(check_seed(seed)).permutation(len(labels))
    turn = np.empty(len(labels), dtype=int)  # an image's place among those of its class, in the random order
    for label in classes:
        mine = labels[order] == label
        turn[mine] = np.arange(mine.sum())
    return order[np.argsort(turn, kind="stable")][:size]


def linear_probe(features, labels, *, seed):
    """Fit a linear classifier: multinomial logistic regression.

    The features are centred and divided by one number, the root of their mean variance, so that one range of penalties
    fits all kinds of features. To standardise each feature by itself would blow up those that hardly vary: the last
    components of PCA, and pixels that are lit in one image of a hundred.

    The strength of the penalty on the weights is chosen among `INVERSE_PENALTIES` by the log loss on labelled images
    held out: folds of a fifth, as many as it takes to hold out 60 images. It is weakened until that loss no longer
    falls. Then the probe is fitted to all labelled images.

    Parameters
    ----------
    features : array_like of float, shape (n, d)
        One row for each labelled image.
    labels : array_like of int, shape (n,)
        Their classes; at least five images of each.
    seed : int
        Seed of the folds.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Fitted; `predict` and `score` as in scikit-learn. Its step ``"classifier"`` knows the penalty chosen, as ``C``.

    Raises
    ------
    ValueError
        If `features` are not finite floats of shape (n, d), `labels` are not n integers of at least two classes with
        five images each, or `seed` is not a non-negative integer.
    """
    features, labels = _check_labelled(features, labels)
    features = features.astype(np.float64, copy=False)
    least = np.unique(labels, return_counts=True)[1].min()
    if least < _FOLDS:
        raise ValueError(f"a class has {least} labelled images; expected at least {_FOLDS} of each, to choose on")
    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=check_seed(seed)).split(features, labels))
    folds = folds[: max(1, -(-_HELD_OUT * _FOLDS // len(labels)))]
    # Matrices this small are multiplied faster without threads, above all where others use the same cores.
    with threadpool_limits(limits=1, user_api="blas"):
        best, least = None, np.inf
        for inverse in INVERSE_PENALTIES:
            loss = _held_out_loss(inverse, features, labels, folds)
            if loss >= least:
                break
            best, least = inverse, loss
        return _linear(features, best).fit(features, labels)


def _held_out_loss(inverse, features, labels, folds):
    losses = []
    for kept, aside in folds:
        probe = _linear(features[kept], inverse, tol=1e-3).fit(features[kept], labels[kept])
        losses.append(log_loss(labels[aside], probe.predict_proba(features[aside]), labels=probe.classes_))
    return np.mean(losses)


def _linear(features, inverse, tol=1e-4):
    mean, scale = features.mean(axis=0), np.sqrt(features.var(axis=0).mean())
    scaler = FunctionTransformer(_standardise, kw_args={"mean": mean, "scale": scale or 1.0})
    return Pipeline([("scaler", scaler), ("classifier", LogisticRegression(C=inverse, tol=tol, max_iter=2000))])


def _standardise(features, mean, scale):
    return (features - mean) / scale


def neighbour_probe(features, labels):
    """Fit a nearest-neighbour classifier: the nearest labelled images vote, nearer ones with more weight.

    Distances are Euclidean, between the features as they are; a vote counts one over its distance. How many vote is
    chosen among `NEIGHBOURS`, by leaving out each labelled image in turn: of equally good numbers, the smallest.

    Parameters
    ----------
    features : array_like of float, shape (n, d)
        One row for each labelled image.
    labels : array_like of int, shape (n,)
        Their classes.

    Returns
    -------
    sklearn.neighbors.KNeighborsClassifier
        Fitted; `predict` and `score` as in scikit-learn.

    Raises
    ------
    ValueError
        If `features` are not finite floats of shape (n, d), or `labels` are not n integers of at least two classes.
    """
    features, labels = _check_labelled(features, labels)
    classes = np.unique(labels)
    voters = [count for count in NEIGHBOURS if count < len(labels)]
    # Without an argument, kneighbors leaves each image out of its own neighbours.
    distance, nearest = NearestNeighbors(n_neighbors=max(voters)).fit(features).kneighbors()
    votes = (labels[nearest][..., np.newaxis] == classes) / np.maximum(distance, 1e-12)[..., np.newaxis]
    right = {count: np.mean(classes[votes[:, :count].sum(axis=1).argmax(axis=1)] == labels) for count in voters}
    return KNeighborsClassifier(max(right, key=right.get), weights="distance").fit(features, labels)


def probe_accuracy(features, labels, test_features, test_labels, *, sizes=(100, 500, 1000), draws=5):
    """Measure both probes on several draws of labelled images, of several sizes.

    Parameters
    ----------
    features : array_like of float, shape (n, d)
        Features of the training images, from which labelled ones are drawn.
    labels : array_like of int, shape (n,)
        Classes of the training images.
    test_features : array_like of float, shape (m, d)
        Features of the test images; all are classified.
    test_labels : array_like of int, shape (m,)
        Classes of the test images.
    sizes : sequence of int
        Labelled images in a draw: at least five of each class, and no more of each than the smallest class has.
    draws : int
        Draws of each size, at least 1. The draw's number is its seed, so that equal draws of different features can be
        paired.

    Returns
    -------
    pandas.DataFrame
        One row for each probe, size and draw: ``probe`` (``"linear"`` or ``"neighbours"``), ``labels``, ``draw`` and
        ``accuracy``, a share in [0, 1].

    Raises
    ------
    ValueError
        If features or labels do not fit together, or a number is out of range.
    """
    features, labels = _check_labelled(features, labels)
    test_features, test_labels = _check_labelled(test_features, test_labels, "test_")
    if features.shape[1] != test_features.shape[1]:
        raise ValueError(
            f"features have shape {features.shape} and test_features {test_features.shape}; "
            "expected as many columns in both"
        )
    rows = []
    for size in sizes:
        for draw in range(check_integer(draws, "draws", low=1)):
            chosen = stratified_draw(labels, size, seed=draw)
            x, y = features[chosen], labels[chosen]
            for name, probe in (("linear", linear_probe(x, y, seed=draw)), ("neighbours", neighbour_probe(x, y))):
                accuracy = np.mean(probe.predict(test_features) == test_labels)
                rows.append({"probe": name, "labels": size, "draw": draw, "accuracy": float(accuracy)})
    return pd.DataFrame(rows)


def retrieve(gallery, queries, *, count=10):
    """Find the images of a gallery that are most similar to each query: those at the least Euclidean distance.

    Parameters
    ----------
    gallery : array_like of float, shape (n, d)
        Features of the images to search in.
    queries : array_like of float, shape (m, d)
        Features of the images to search for; not themselves in the gallery.
    count : int
        Images to find, from 1 to n.

    Returns
    -------
    numpy.ndarray of int, shape (m, count)
        Indices into the gallery, nearest first.

    Raises
    ------
    ValueError
        If the features are not finite floats of shapes (n, d) and (m, d), or `count` is out of range.
    """
    gallery, queries = check_vectors(gallery, "gallery"), check_vectors(queries, "queries")
    if gallery.shape[1] != queries.shape[1]:
        raise ValueError(
            f"gallery has shape {gallery.shape} and queries {queries.shape}; expected as many columns in both"
        )
    count = check_integer(count, "count", low=1, high=len(gallery))
    return NearestNeighbors(n_neighbors=count).fit(gallery).kneighbors(queries, return_distance=False)


def precision_at(found, gallery_labels, query_labels):
    """Return the precision of a retrieval: the share of the images found that are of the query's class.

    Parameters
    ----------
    found : array_like of int, shape (m, count)
        Indices into the gallery, as `retrieve` gives them.
    gallery_labels : array_like of int, shape (n,)
        Classes of the gallery.
    query_labels : array_like of int, shape (m,)
        Classes of the queries.

    Returns
    -------
    numpy.ndarray of float64, shape (m,)
        A share in [0, 1] for each query. With ten classes of equal size, chance is 0.1.

    Raises
    ------
    ValueError
        If `found` is not an array of integers of shape (m, count) or points outside the gallery, or if labels are not
        integers of shapes (n,) and (m,).
    """
    found, gallery_labels = np.asarray(found), _check_labels(gallery_labels, "gallery_labels")
    query_labels = _check_labels(query_labels, "query_labels")
    if found.ndim != 2 or len(found) != len(query_labels) or not np.issubdtype(found.dtype, np.integer):
        raise ValueError(
            f"found has shape {found.shape} and dtype {found.dtype}; "
            f"expected integers of shape (m, count), a row for each of {len(query_labels)} queries"
        )
    if found.size == 0 or found.min() < 0 or found.max() >= len(gallery_labels):
        raise ValueError(f"found is empty or points outside the gallery of {len(gallery_labels)} images")
    return (gallery_labels[found] == query_labels[:, None]).mean(axis=1)


def _check_labels(labels, name):
    labels = np.asarray(labels)
    if labels.ndim != 1 or len(labels) == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{name} has shape {labels.shape} and dtype {labels.dtype}; expected integers of shape (n,)")
    return labels


def _check_labelled(features, labels, prefix=""):
    features = check_vectors(features, f"{prefix}features")
    labels = _check_labels(labels, f"{prefix}labels")
    if len(features) != len(labels):
        raise ValueError(
            f"got {len(features)} {prefix}features but {len(labels)} {prefix}labels; expected one for each"
        )
    if not prefix and len(np.unique(labels)) < 2:
        raise ValueError("labels are all of one class; expected at least two, or there is nothing to tell apart")
    return features, labels
