# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 13: Feature learning
#
# This sheet follows [chapter 13](../../../chapters/13_feature_learning.ipynb). There a comparison needed draws, probes
# and yardsticks, and the library had them ready. Here you write your own, for images of clothes: draws of labelled
# images, a probe with nothing to choose, and an account of what was luck. You turn a probe into ten pictures. At the
# end, unlabelled images have to help where labels are few.
#
# It takes about 100 minutes. There are twenty marks: fourteen for tasks that are checked automatically, six for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | ---: |
# | Task 1 | drawing images to be labelled | 2 |
# | Task 2 | a probe of class means, and its accuracy without test images | 3 |
# | Task 3 | two kinds of luck, and a lead measured in pairs | 3 |
# | Task 4 | a probe on PCA as weights of pixels, and what it cannot see | 3 |
# | Question 1 | what a linear probe on PCA can and cannot do | 3 |
# | Task 5 | learning from unlabelled images | 3 |
# | Question 2 | a comparison that is not fair | 3 |
#
# **How to work.** Write in the cells marked *Your code here* and *Your answer here*. Run the cell below a task to
# check it: a check that fails says what is wrong and where to look. No task needs another one's code, so you may
# leave one out. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that everything runs.
# Hidden checks grade the same requirements on other data, so do not write for the numbers that you see.
#
# **Notation.** [Features](../../../chapters/glossary.md#feature) are an array of shape `(n, d)`: a row for each image.
# Labels are an array of `n` integers, the images' classes.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import baselines, data, models, plots, probes, training
from aelib.exercises import started
from aelib.models import predict

import numpy as np
import pandas as pd

STARTS, DRAWS = 3, 5
clothes = data.load_fashion_mnist()
split = clothes.validation_split(10_000, seed=13)
x_train, y_train = split.x_train[:10_000], split.y_train[:10_000]  # enough for this sheet, and quick
x_validation, y_validation = split.x_validation[:4000], split.y_validation[:4000]
pca = baselines.PCACodec(16).fit(x_train)

# %% [markdown]
# In Tasks 1 to 4 the images are clothes: 10,000 training images `x_train` with their classes `y_train`, 4,000
# validation images `x_validation` with `y_validation`. `pca` holds the first 16 principal components of `x_train`.
#
# ## Task 1: Images to be labelled (2 marks)
#
# Labelling costs money, so only a few images get a label. Write `draw(labels, each, seed)`, a [stratified
# draw](../../../chapters/glossary.md#stratified-draw): it chooses `each` images of every class that occurs in `labels`,
# at random and none twice, and gives their *indices* in `labels`, an array of integers, in any order. The same `seed`
# has to give the same draw, another seed another one. Classes need not be the numbers from 0 to 9, and each has at
# least `each` images.
#
# <details><summary>Hint</summary>
#
# `np.random.default_rng(seed)` makes a generator whose `choice` and `permutation` depend on the seed alone. Go through
# the classes, `np.unique(labels)`. The images of one class are where `labels == label`; `np.flatnonzero` gives their
# indices. Choose among *these indices*, not among the numbers from 0 to their count.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def draw(labels, each, seed):
    """Indices of images chosen at random, `each` of every class, none twice."""
    ### BEGIN SOLUTION
    generator = np.random.default_rng(seed)
    chosen = [generator.choice(np.flatnonzero(labels == label), each, replace=False) for label in np.unique(labels)]
    return np.concatenate(chosen)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(draw(y_train[:1000], 5, 0), "Task 1"):
    some = y_train[:1000]
    found = np.asarray(draw(some, 5, 0))
    assert found.dtype != bool, "your draw is a mask of True and False; it has to be indices, integers"
    assert np.issubdtype(found.dtype, np.integer), f"your draw has dtype {found.dtype}; indices are integers"
    assert found.shape == (50,), f"5 images of each of ten classes: the draw needs shape (50,), yours has {found.shape}"
    assert 0 <= found.min() and found.max() < 1000, "an index points outside labels"
    assert len(np.unique(found)) > 10 or not np.array_equal(np.sort(found), np.repeat(np.arange(10), 5)), (
        "you gave the classes of the images; give their indices"
    )
    assert len(np.unique(found)) == 50, "an image is drawn twice: draw without replacement"
    counts = np.bincount(some[found], minlength=10)
    assert (counts == 5).all(), (
        f"of the classes 0 to 9 you drew {counts.tolist()} images; each has to be drawn 5 times. Did you choose among "
        "the indices of one class at a time?"
    )
    assert np.array_equal(np.sort(found), np.sort(draw(some, 5, 0))), "the same seed gives two different draws"
    assert set(found.tolist()) != set(np.asarray(draw(some, 5, 1)).tolist()), "seeds 0 and 1 give the same images"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert draw(y_train[:1000], 5, 0) is not None, "Task 1 is not done: draw returns None"
kinds = np.array([7, 3, 3, 7, 12, 3, 7, 12, 12, 3, 7, 12])
for each in (1, 3, 4):
    found = np.asarray(draw(kinds, each, 5))
    assert np.issubdtype(found.dtype, np.integer) and found.shape == (3 * each,), (
        f"for three classes, {each} images of each, the draw needs {3 * each} indices"
    )
    assert len(np.unique(found)) == 3 * each, "an image is drawn twice"
    assert [(kinds[found] == label).sum() for label in (3, 7, 12)] == [each] * 3, (
        "classes that are not the numbers from 0 to 9 are not drawn equally often"
    )
draws = [np.sort(draw(kinds, 2, seed)) for seed in range(60)]
assert len({tuple(found[kinds[found] == 7].tolist()) for found in draws}) == 6, (
    "a class of 4 images has 6 pairs; over 60 seeds not every pair was drawn: are the images chosen at random, each "
    "without regard to the others?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: A probe with nothing to choose (3 marks)
#
# The simplest [probe](../../../chapters/glossary.md#probe) keeps one point for each class: the mean of the features of
# its labelled images. A new image is given the class whose mean is nearest, by Euclidean distance. There is no penalty
# and no number of voters to choose. Write two functions in NumPy.
#
# - `nearest_mean(features, labels, new)` gives the classes of the `new` features, shape `(m, d)`, as an array of `m`
#   integers. `features` and `labels` are those of the labelled images. Again the classes may be any integers.
# - `held_out_accuracy(features, labels, folds)` says how well this probe does on images that it has not seen, though
#   only labelled ones are at hand. `folds` holds a number for each image. For every number that occurs there, the
#   images with this number are classified by the class means of *all others*. The accuracy is the share of all $n$
#   images that are classified correctly, one number. Folds may differ in size, and each class occurs in several.
#
# <details><summary>Hint</summary>
#
# `classes = np.unique(labels)` gives the classes in order. With an array of their means, shape `(classes, d)`,
# `new[:, None] - means[None]` holds all differences. `argmin` gives the *place* of the nearest mean; which class
# stands at that place? For the second function, keep an array for the predictions of all images, and fill in one fold
# at a time with `aside = folds == fold` and its opposite, `~aside`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nearest_mean(features, labels, new):
    """The class whose mean of the features is nearest, for each row of `new`, shape (m,)."""
    ### BEGIN SOLUTION
    classes = np.unique(labels)
    centres = np.stack([features[labels == label].mean(axis=0) for label in classes])
    distance = ((new[:, None] - centres[None]) ** 2).sum(axis=2)
    return classes[distance.argmin(axis=1)]
    ### END SOLUTION


def held_out_accuracy(features, labels, folds):
    """Share of the images classified correctly by the class means of the other folds."""
    ### BEGIN SOLUTION
    predicted = np.empty_like(labels)
    for fold in np.unique(folds):
        aside = folds == fold
        predicted[aside] = nearest_mean(features[~aside], labels[~aside], features[aside])
    return (predicted == labels).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(nearest_mean(x_train[:50], y_train[:50], x_train[:2]), "Task 2, nearest_mean") and started(
    held_out_accuracy(x_train[:50], y_train[:50], np.arange(50) % 2), "Task 2, held_out_accuracy"
):
    places = np.array([[0.0, 0.0], [8.0, 0.0], [5.0, 3.0], [13.0, 3.0]])  # class means at (4, 0) and (9, 3)
    kinds = np.array([4, 4, 9, 9])
    found = np.asarray(nearest_mean(places, kinds, np.array([[3.0, -1.0], [10.0, 4.0]])))
    assert found.shape == (2,), f"for two new images nearest_mean has shape {found.shape}; it needs (2,)"
    assert not np.array_equal(found, [0, 1]), "you gave the places of the classes, 0 and 1; the classes are 4 and 9"
    assert not np.array_equal(found, [9, 4]), "you gave the class whose mean is farthest"
    assert np.array_equal(found, [4, 9]), f"(3, -1) and (10, 4) lie near the means of 4 and of 9; you gave {found}"
    assert np.asarray(nearest_mean(places, kinds, np.array([[5.0, 2.0]])))[0] == 4, (
        "(5, 2) is next to an image of class 9, but nearer to the mean of class 4: the means count, not the images"
    )
    uneven = np.array([[1.0], [1.0], [1.0], [4.0]]), np.array([0, 0, 0, 1])
    assert np.asarray(nearest_mean(*uneven, np.array([[3.0]])))[0] == 1, (
        "with three images of class 0 and one of class 1, the wrong mean is nearest: did you divide by the images of "
        "the class?"
    )
    apart = np.array([[0.0, 0.0], [7.5, 3.0]]), np.array([1, 2])
    assert np.asarray(nearest_mean(*apart, np.array([[3.0, 3.0]])))[0] == 1, (
        "(3, 3) is nearer to (0, 0) than to (7.5, 3): take the squares of the differences, not the differences"
    )

    line = np.array([[0.0], [1.0], [5.0], [9.0], [10.0], [4.6], [4.7], [0.5], [9.5]])
    kinds, folds = np.array([0, 0, 0, 1, 1, 1, 1, 0, 1]), np.array([3, 3, 3, 3, 6, 6, 6, 6, 8])
    found = held_out_accuracy(line, kinds, folds)
    assert np.ndim(found) == 0, f"held_out_accuracy has shape {np.shape(found)}; it needs a single number"
    for mistake, why in {
        8 / 9: "an image must not take part in the means that classify it: leave its fold out",
        3
        / 4: "folds differ in size: take the share of all images, not the mean of the folds' accuracies, nor one fold",
        3 / 9: "you gave the share of mistakes",
        11 / 18: "you fitted to one fold and classified the others; it is the other way round",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, 6 / 9), f"for these nine images on a line the accuracy is {6 / 9:.4f}, not {found:.4f}"
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [
    nearest_mean(x_train[:50], y_train[:50], x_train[:2]),
    held_out_accuracy(x_train[:50], y_train[:50], np.arange(50) % 2),
]
assert all(value is not None for value in done), "Task 2 is not done: a function returns None"
rng = np.random.default_rng(132)
for n, d, classes in ((40, 3, (0, 1, 2)), (90, 7, (2, 5, 6, 30))):
    kinds = rng.permutation(np.resize(classes, n))
    places = rng.normal(size=(n, d)) + kinds[:, None] / 5
    new = rng.normal(size=(25, d)) + 1
    means = {label: places[kinds == label].mean(axis=0) for label in classes}
    expected = [min(classes, key=lambda label: np.linalg.norm(point - means[label])) for point in new]
    assert np.array_equal(nearest_mean(places, kinds, new), expected), f"nearest_mean is wrong for classes {classes}"
    folds = rng.choice([1, 4, 5], size=n, p=[0.6, 0.3, 0.1])
    right = 0
    for index in range(n):
        others = folds != folds[index]
        means = {label: places[others & (kinds == label)].mean(axis=0) for label in classes}
        right += kinds[index] == min(classes, key=lambda label: np.linalg.norm(places[index] - means[label]))
    assert np.isclose(held_out_accuracy(places, kinds, folds), right / n), (
        f"held_out_accuracy is wrong for {n} images in three folds that differ in size"
    )
### END HIDDEN TESTS

# %% [markdown]
# Your estimate beside the truth: `held_out_accuracy` of 200 labelled images in five folds, and the accuracy of
# `nearest_mean` on the 4,000 validation images, for PCA with 16 components and for the raw pixels, on three draws.


# %% nbgrader={"grade": false, "grade_id": "setup-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
def estimates():
    """A row for each kind of features and draw, None until Task 2 is done."""
    rows = {}
    for name, (of_train, of_validation) in {
        "pixels": (x_train, x_validation),
        "PCA 16": (pca.encode(x_train), pca.encode(x_validation)),
    }.items():
        for number in range(3):
            drawn = probes.stratified_draw(y_train, 200, seed=number)
            part, kinds = of_train[drawn], y_train[drawn]
            predicted = nearest_mean(part, kinds, of_validation)
            held_out = held_out_accuracy(part, kinds, np.arange(200) // 10 % 5)
            if predicted is None or held_out is None:
                return None
            rows[name, number] = {"held out": held_out, "4,000 other images": (predicted == y_validation).mean()}
    return pd.DataFrame(rows).T.rename_axis(["features", "draw"]).round(3)


estimates()

# %% [markdown]
# ## Task 3: Two kinds of luck (3 marks)
#
# The encoder starts at random, and the labelled images are drawn at random. So the accuracy of a probe on an
# autoencoder's codes is a table, `accuracy`, of shape `(starts, draws)`: a row for each random start of the encoder, a
# column for each draw of labelled images. PCA has no start; its accuracies on the same draws are an array of shape
# `(draws,)`. Standard deviations are those of a sample, with $n - 1$ in the denominator. Write two functions.
#
# - `luck(accuracy)` gives the pair `(of_draws, of_starts)`: the standard deviation of the draws' means over all starts,
#   and that of the starts' means over all draws.
# - `lead(accuracy, other)` compares with `other`, shape `(draws,)`, in pairs: each entry of `accuracy` with the other
#   method's on the *same draw*. It gives the three numbers `(mean, spread, share)`: the mean lead over all pairs; the
#   standard deviation, over the starts, of a start's mean lead; and the share of the pairs in which there is a lead.
#   Equal accuracies are no lead.
#
# <details><summary>Hint</summary>
#
# The mean over all starts of each draw is `accuracy.mean(axis=0)`: one number for each column. `np.std` divides by $n$
# unless you say `ddof=1`. For `lead`, what does `accuracy - other` do with shapes `(starts, draws)` and `(draws,)`?
# Which axis do you take the mean over, to have one number left for each start?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def luck(accuracy):
    """Standard deviations of the draws' means and of the starts' means, two numbers."""
    ### BEGIN SOLUTION
    return accuracy.mean(axis=0).std(ddof=1), accuracy.mean(axis=1).std(ddof=1)
    ### END SOLUTION


def lead(accuracy, other):
    """Mean lead over `other` on the same draws, its standard deviation over the starts, and the share of leads."""
    ### BEGIN SOLUTION
    difference = accuracy - other
    return difference.mean(), difference.mean(axis=1).std(ddof=1), (difference > 0).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(luck(np.eye(3)), "Task 3, luck") and started(lead(np.eye(3), np.ones(3)), "Task 3, lead"):
    table = np.array([[0.6, 0.7, 0.9], [0.7, 0.6, 0.8], [0.5, 0.5, 0.4]])
    of_draws, of_starts = np.std([0.6, 0.6, 0.7], ddof=1), np.std([2.2 / 3, 0.7, 1.4 / 3], ddof=1)
    found = np.asarray(luck(table), dtype=float)
    assert found.shape == (2,), f"luck has shape {found.shape}; it needs two numbers"
    assert not np.allclose(found, [of_starts, of_draws]), "the two numbers are swapped: that of the draws comes first"
    assert not np.allclose(found, np.sqrt(2 / 3) * np.array([of_draws, of_starts])), (
        "your standard deviations divide by n; those of a sample divide by n - 1: ddof=1"
    )
    assert not np.allclose(np.sort(found), np.sort([table.std(axis=axis, ddof=1).mean() for axis in (0, 1)])), (
        "you took standard deviations and then their mean; take the means first: of each draw, and of each start"
    )
    assert np.isclose(found[0], of_draws), (
        f"the draws' means are 0.6, 0.6 and 0.7, with standard deviation {of_draws:.4f}; luck gives {found[0]:.4f}"
    )
    assert np.isclose(found[1], of_starts), (
        f"the starts' means are 0.733, 0.7 and 0.467, with standard deviation {of_starts:.4f}; luck gives {found[1]:.4f}"
    )

    found = np.asarray(lead(table, np.array([0.5, 0.5, 0.8])), dtype=float)
    assert found.shape == (3,), f"lead has shape {found.shape}; it needs three numbers"
    mean, spread, share = found
    assert np.isclose(mean, 0.3 / 9), (
        f"the mean lead is {0.3 / 9:.4f}, not {mean:.4f}: what you compare with comes second"
    )
    assert not np.isclose(share, 6 / 9), (
        "the share is not right: compare within a column, the same draw; do not turn `other` into a column"
    )
    assert not np.isclose(share, 8 / 9), "equal accuracies are no lead"
    assert share <= 1, "you counted the leads; give their share of all pairs"
    assert np.isclose(share, 5 / 9), f"5 of the 9 pairs are leads; your share is {share:.4f}"
    assert not np.isclose(spread, np.std([0.1, 0.1, -0.1], ddof=1)), (
        "your spread is that over the draws; take the mean over the draws first, one number for each start"
    )
    assert not np.isclose(spread, np.sqrt(2 / 3) * of_starts), "your spread divides by n; use ddof=1"
    assert np.isclose(spread, of_starts), (
        f"the starts' mean leads are 0.133, 0.1 and -0.133, with standard deviation {of_starts:.4f}; yours is {spread:.4f}"
    )
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [luck(np.eye(3)), lead(np.eye(3), np.ones(3))]
assert all(value is not None for value in done), "Task 3 is not done: a function returns None"
rng = np.random.default_rng(133)
for starts, draws in ((2, 5), (6, 3), (4, 4)):
    table = rng.integers(60, 80, size=(starts, draws)) / 100
    other = rng.integers(60, 80, size=draws) / 100
    other[0] = table[0, 0]
    columns = [sum(table[:, draw]) / starts for draw in range(draws)]
    lines = [sum(table[start]) / draws for start in range(starts)]

    def deviation(values):
        centre = sum(values) / len(values)
        return (sum((value - centre) ** 2 for value in values) / (len(values) - 1)) ** 0.5

    shape = f"a table of shape ({starts}, {draws})"
    assert np.allclose(luck(table), [deviation(columns), deviation(lines)]), f"luck is wrong for {shape}"
    mean, spread, share = lead(table, other)
    wins = sum(table[start, draw] > other[draw] for start in range(starts) for draw in range(draws))
    assert np.isclose(mean, sum(lines) / starts - sum(other) / draws), f"lead: the mean is wrong for {shape}"
    assert np.isclose(spread, deviation(lines)), f"lead: the spread over the starts is wrong for {shape}"
    assert np.isclose(share, wins / (starts * draws)), f"lead: the share is wrong for {shape}"
### END HIDDEN TESTS

# %% [markdown]
# Real accuracies: two [ReLU](../../../chapters/glossary.md#relu) units, trained from three random starts, and two
# principal components; linear probes on the same five draws of 100 labels. First how many of a start's two units give 0
# for every image, and your numbers; then every run. What would you have concluded from one start alone?


# %% nbgrader={"grade": false, "grade_id": "setup-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
def accuracies(of_train, of_validation):
    """Validation accuracy of a linear probe on each draw of 100 labels, shape (DRAWS,)."""
    draws = [probes.stratified_draw(y_train, 100, seed=number) for number in range(DRAWS)]
    fitted = [probes.linear_probe(of_train[drawn], y_train[drawn], seed=0) for drawn in draws]
    return np.array([probe.score(of_validation, y_validation) for probe in fitted])


autoencoder, runs, dead = models.dense_autoencoder(2, seed=0), [], []
for start in range(STARTS):
    autoencoder.set_weights(models.dense_autoencoder(2, seed=start).get_weights())
    training.fit(autoencoder, x_train, epochs=6, batch_size=250, seed=start)
    codes = predict(autoencoder.encoder, x_train), predict(autoencoder.encoder, x_validation)
    runs.append(accuracies(*codes))
    dead.append((codes[1] == 0).all(axis=0).sum())
runs = np.array(runs)
of_pca = accuracies(pca.encode(x_train)[:, :2], pca.encode(x_validation)[:, :2])

print("dead units of the starts:", *dead)
if luck(runs) is not None and lead(runs, of_pca) is not None:
    print("standard deviation of the draws' means: {:.3f}, of the starts' means: {:.3f}".format(*luck(runs)))
    print("lead over PCA: {:+.3f} ± {:.3f} over the starts; ahead in {:.0%} of the runs".format(*lead(runs, of_pca)))

# %% mystnb={"image": {"alt": "Accuracy of the linear probe on five draws, four lines. Start 0 of the autoencoder is level at about 0.53. Start 1 and PCA cross each other between 0.44 and 0.50. Start 2 lies far below, at about 0.28. From draw to draw no line moves by much."}} nbgrader={"grade": false, "grade_id": "setup-3-figure", "locked": true, "schema_version": 3, "solution": false, "task": false}
figure = plots.curves(
    {f"autoencoder, start {start}": line for start, line in enumerate(runs)} | {"PCA": of_pca},
    x=np.arange(DRAWS),
    title="Two numbers per image, 100 labels",
    xlabel="draw of labelled images",
    ylabel="validation accuracy of the linear probe",
)
figure.axes[0].set_xticks(range(DRAWS))
figure

# %% [markdown]
# ## Task 4: What the probe does with pixels (3 marks)
#
# A linear probe on principal components is a linear function of the features, and these are a linear function of the
# pixels. With the mean image $\mu$, shape `(784,)`, and the components as the columns of $P$, shape `(784, m)`, the
# features of an image $x$ are $z = (x - \mu) P$. The probe moves and scales them, $u = (z - a) / s$, with a `centre`
# $a$, shape `(m,)`, and a number $s$, the `scale`. Its scores are
#
# $$ u K + b = x W + c \quad \text{for every image } x, \tag{Ex13.1} $$
#
# with the `kernel` $K$, shape `(m, classes)`, and the `bias` $b$, shape `(classes,)`. Write two functions.
#
# - `on_pixels(mean, components, centre, scale, kernel, bias)` gives the pair $(W, c)$ for which (Ex13.1) holds: weights
#   of the pixels, shape `(784, classes)`, and new biases, shape `(classes,)`. The arguments are $\mu, P, a, s, K, b$.
#   The checks use smaller images, too, so take the number of pixels from the arguments.
# - `unseen(change, components)` gives the part of a change of an image, shape `(784,)`, that such a probe cannot see:
#   the change minus its projection onto the components. Whatever $K$ is, it alters no score. The columns of $P$ have
#   length 1 and are orthogonal to one another.
#
# <details><summary>Hint</summary>
#
# Put $z$ into $u$, and $u$ into the scores. Every term that holds $x$ belongs to $W$; all others make $c$, and there
# are three of them. For `unseen`, the coordinates of a change along the components are `change @ components`; the
# projection is the sum of the components, each times its coordinate. Check yourself: the features of what is left
# have to be 0.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def on_pixels(mean, components, centre, scale, kernel, bias):
    """Weights of the pixels and biases that give the scores of a probe on components."""
    ### BEGIN SOLUTION
    weights = components @ kernel / scale
    return weights, bias - mean @ weights - centre @ kernel / scale
    ### END SOLUTION


def unseen(change, components):
    """The part of a change that is orthogonal to all components, shape (784,)."""
    ### BEGIN SOLUTION
    return change - components @ (change @ components)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
small = {
    "mean": np.array([1.0, 2.0, 0.0]),
    "components": np.array([[0.6, 0.0], [0.8, 0.0], [0.0, 1.0]]),
    "centre": np.array([0.5, -1.0]),
    "scale": 2.0,
    "kernel": np.array([[1.0, -1.0, 0.0, 3.0], [2.0, 0.0, 1.0, -2.0]]),
    "bias": np.array([0.1, 0.2, 0.3, 0.4]),
}
if started(on_pixels(**small), "Task 4, on_pixels") and started(
    unseen(np.array([1.0, 0.0, 1.0]), small["components"]), "Task 4, unseen"
):
    x = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [3.0, -1.0, 2.0]])
    features = (x - small["mean"]) @ small["components"]
    scores = (features - small["centre"]) / small["scale"] @ small["kernel"] + small["bias"]
    W, c = (np.asarray(part) for part in on_pixels(**small))
    assert W.shape == (3, 4), f"three pixels and four classes: W needs shape (3, 4), yours has {W.shape}"
    assert c.shape == (4,), f"with four classes c needs shape (4,), yours has {c.shape}"
    found, product = x @ W + c, small["components"] @ small["kernel"]
    assert not np.allclose(W, product), "W misses the scale: u is z - a, divided by s"
    assert not np.allclose(W, product * 2), "W is multiplied by the scale; it has to be divided"
    assert np.allclose(W, product / 2), "W is not right: what multiplies x, once z and u are put into the scores?"
    of_mean, of_centre = small["mean"] @ W, small["centre"] @ small["kernel"] / small["scale"]
    for mistake, why in (
        (small["bias"], "c is the old bias: the mean image and the centre have to go into it"),
        (small["bias"] - of_mean, "c misses the centre a"),
        (small["bias"] - of_centre, "c misses the mean image"),
        (small["bias"] + of_mean + of_centre, "mean and centre are taken away from the features: mind the sign in c"),
        (small["bias"] - of_mean - 2 * of_centre, "the centre is divided by the scale, too"),
    ):
        assert not np.allclose(c, mistake), why
    assert np.allclose(found, scores), "W is right, c is not: the scores of three small images differ"

    found = np.asarray(unseen(np.array([1.0, 0.0, 1.0]), small["components"]))
    assert found.shape == (3,), f"the unseen part has shape {found.shape}; it needs that of the change, (3,)"
    assert not np.allclose(found, [0.36, 0.48, 1]), "you gave the part that the probe does see"
    assert np.allclose(found @ small["components"], 0), (
        f"the features of the unseen part are {found @ small['components']}; they have to be 0"
    )
    assert np.allclose(found, [0.64, -0.48, 0]), f"the unseen part of (1, 0, 1) is (0.64, -0.48, 0), not {found}"
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [on_pixels(**small), unseen(np.array([1.0, 0.0, 1.0]), small["components"])]
assert all(value is not None for value in done), "Task 4 is not done: a function returns None"
rng = np.random.default_rng(134)
for pixels, m, classes in ((30, 4, 3), (784, 16, 10), (5, 5, 2)):
    P = np.linalg.qr(rng.normal(size=(pixels, m)))[0]
    mu, a, s = rng.normal(size=pixels), rng.normal(size=m), rng.uniform(0.2, 5)
    K, b = rng.normal(size=(m, classes)), rng.normal(size=classes)
    x = rng.normal(size=(20, pixels))
    W, c = on_pixels(mu, P, a, s, K, b)
    assert np.shape(W) == (pixels, classes) and np.shape(c) == (classes,), (
        f"on_pixels: shapes are wrong for {m} components"
    )
    assert np.allclose(x @ W + c, (((x - mu) @ P) - a) / s @ K + b), f"(Ex13.1) does not hold for {m} components"
    for change in x[:3]:
        part = np.asarray(unseen(change, P))
        assert part.shape == (pixels,), f"unseen: the shape is wrong for {m} components"
        assert np.allclose(part @ P, 0), f"the probe sees a part of what unseen gives, with {m} components"
        seen = change - part
        assert np.allclose(P @ (seen @ P), seen), f"unseen leaves out too much, with {m} components"
### END HIDDEN TESTS

# %% [markdown]
# The weights of a linear probe on 16 components with 500 labels, drawn by your `on_pixels`: one picture for each
# class, in which red pixels speak for it and blue ones against.

# %% mystnb={"image": {"alt": "Ten pictures of weights, five in a row. First, T-shirt: red where short sleeves lie, blue where the lower arms of long sleeves would. Second, trouser: red at the waist and along both legs, deep blue in the gap between them. Eighth, sneaker: red along the sole and the heel, blue above the toe. Last, ankle boot: red at the shaft and the sole, blue above the toe."}} nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
P, mean_image = pca.pca_.components_.T, pca.pca_.mean_
drawn = probes.stratified_draw(y_train, 500, seed=0)
probe = probes.linear_probe(pca.encode(x_train)[drawn], y_train[drawn], seed=0)
moved, linear = probe["scaler"].kw_args, probe["classifier"]


def draw_weights():
    found = on_pixels(mean_image, P, moved["mean"], moved["scale"], linear.coef_.T, linear.intercept_)
    if found is None:
        return None
    print("classes, in the order of the pictures:", ", ".join(clothes.class_names))
    return plots.weight_images(
        np.asarray(found[0]).T, title="A probe on 16 components, as weights of pixels", columns=5
    )


draw_weights()

# %% [markdown]
# Below, the lower row shows images that were made with your `unseen`: to each image of the upper row is added what the
# probe cannot see of the change to a handbag. The captions give the class that the probe sees.


# %% mystnb={"image": {"alt": "Two rows of five images: a T-shirt, trousers, a dress, a sandal that the probe takes for a sneaker, and an ankle boot. Below each the same caption, but blurred shapes of these five behind the sharp outline and handle of one handbag."}} nbgrader={"grade": false, "grade_id": "setup-4-images", "locked": true, "schema_version": 3, "solution": false, "task": false}
def draw_unseen():
    bag = x_validation[np.flatnonzero(y_validation == 8)[0]]
    images = np.stack([x_validation[np.flatnonzero(y_validation == number)[0]] for number in (0, 1, 3, 5, 9)])
    if unseen(bag - images[0], P) is None:
        return None
    changed = images + np.stack([unseen(bag - image, P) for image in images])
    rows = {"images": images, "changed": changed.astype("float32")}
    seen = {name: probe.predict((row - mean_image) @ P) for name, row in rows.items()}
    captions = {name: [clothes.class_names[number] for number in classes] for name, classes in seen.items()}
    return plots.image_rows(rows, title="Different images, the same scores", captions=captions)


draw_unseen()

# %% [markdown]
# ## Question 1: What a probe on components sees (3 marks)
#
# Look at the two figures of Task 4. If it is not done, answer by argument alone. Write five to eight sentences.
#
# 1. Choose one class and say, with its picture of weights, which parts of an image speak for it and which against. To
#    which other class do the parts against it belong?
# 2. Why are the classes in the two rows of the second figure the same, whatever labels the probe was fitted to? What
#    would a probe on all 784 components see?
# 3. Suppose a fellow student finds that with 100 labels a linear probe is better on 16 components than on pixels, and
#    concludes: "PCA has added information to the images." What do you reply, and what explains the finding? Could the
#    same reply be given about the codes of an autoencoder with ReLU units?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The picture of T-shirts is red where short sleeves lie and blue along the lower arms: light there
# speaks for long sleeves, that is, for pullovers, coats and shirts. (Or trousers: red at the waist and along the legs,
# deep blue in the gap between the legs, where a dress has cloth.) In the second figure each change lies in the
# directions that the components leave out. Features are coordinates along the components, so they stay the same but for
# rounding, and with them every score of every probe, whatever its labels. A probe on all 784 components would see every
# change, since nothing is left that is orthogonal to all of them; it can do whatever a probe on the pixels can. To the
# fellow student: by (Ex13.1) each probe on components is a linear classifier of pixels, one of those that a probe on
# pixels may choose, too. So components cannot hold more than the pixels, and for images like those in the second figure
# they hold less. What helps with 100 labels is that there is less to get wrong: 16 weights for each class in place of
# 784, along the directions in which images differ most. With many labels that advantage goes. The codes of an
# autoencoder hold no more than the pixels either, for they are computed from them. But with ReLU they are no linear
# function of the pixels, so a linear probe on codes is no linear classifier of pixels: it may have borders that no
# probe on pixels can have.
#
# **Rubric.**
#
# - 1 mark for a class with parts for and against it, and a class that has the parts against it. Half if only one side
#   is read.
# - 1 mark for features that do not change because the change is orthogonal to the components, for any labels, and for
#   784 components seeing everything. Half a mark for each.
# - 1 mark for the reply. Half for "nothing added", since the probe is a linear classifier of pixels; half for fewer
#   weights to fit from few labels, and for ReLU codes not being a linear function of pixels.
# ### END SOLUTION

# %% [markdown]
# ## Task 5: Unlabelled images help (3 marks)
#
# Pretraining uses unlabelled images before the labels come. They can help afterwards, too: an unlabelled image lies
# among others like it, and at the end of a chain of like images there is one with a label. Write one function, by any
# method you like.
#
# - `label_all(features, labels)` gives a class for every image. `features` has shape `(n, d)`; `labels`, shape `(n,)`,
#   holds the class of the few images that have one and **-1** for all others. Again the classes may be any integers
#   from 0 on. The result is an array of `n` integers; images that have a label keep it.
#
# The yardstick is the nearest labelled image: every image gets *its* class. Now the images are digits: 3,000 training
# images of MNIST, as their first 32 principal components, 50 of them with a label, five of each digit. Your accuracy on
# the images without a label has to be at least **8 points above** the yardstick's, as a mean over three draws. The
# hidden check demands 7 points, on other images and other draws. Your function should take no more than a
# few seconds. NumPy, SciPy and scikit-learn are at hand.
#
# <details><summary>Hint</summary>
#
# Join each image with its ten nearest neighbours among *all* images. Then let labels pass along these links: begin with
# a table with a row for each image and a column for each class in `np.unique(labels[labels >= 0])`, 1 where an image
# has a label of that class, 0 elsewhere. Replace each row by the mean of its neighbours' rows, put the rows of the
# labelled images back, and repeat. After many rounds, which column is largest in a row, and which class is that? Better
# not to write it yourself? `sklearn.semi_supervised` has methods that follow the same idea, with -1 for "no label";
# their kernel and its width or number of neighbours matter.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
mnist = data.load_mnist()
digit_split = mnist.validation_split(10_000, seed=13)
digits, digit_classes = digit_split.x_validation[:6000], digit_split.y_validation[:6000]
digit_features = baselines.PCACodec(32).fit(digit_split.x_train[:10_000]).encode(digits)


def few_labels(classes, number):
    """Labels of a draw of 50 images; -1 for all others."""
    known = np.full(len(classes), -1)
    drawn = probes.stratified_draw(classes, 50, seed=number)
    known[drawn] = classes[drawn]
    return known


def nearest_labelled(features, labels):
    """The yardstick: to each image the class of the nearest labelled one."""
    known = np.flatnonzero(labels >= 0)
    return labels[known[probes.retrieve(features[known], features, count=1)[:, 0]]]


def accuracy_without_label(found, labels, classes):
    return (np.asarray(found) == classes)[labels < 0].mean()


# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def label_all(features, labels):
    """A class for every image, from the few that have one and from where all of them lie."""
    ### BEGIN SOLUTION
    from sklearn.neighbors import kneighbors_graph

    classes, known = np.unique(labels[labels >= 0]), labels >= 0
    links = kneighbors_graph(features, 10)
    links = links.maximum(links.T)
    links = links.multiply(1 / links.sum(axis=1)).tocsr()
    given = (labels[:, None] == classes).astype(float)
    table = given
    for _ in range(200):
        table = links @ table
        table[known] = given[known]
    return np.where(known, labels, classes[table.argmax(axis=1)])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(label_all(digit_features[:500], few_labels(digit_classes[:500], 0)), "Task 5"):
    some, kinds = digit_features[:3000], digit_classes[:3000]
    gains = []
    for number in range(3):
        known = few_labels(kinds, number)
        found = np.asarray(label_all(some, known))
        assert found.shape == (3000,), f"label_all has shape {found.shape}; it needs (3000,): a class for every image"
        assert np.issubdtype(found.dtype, np.integer), (
            f"your classes have dtype {found.dtype}; they have to be integers"
        )
        assert not (found == -1).any(), f"{(found == -1).sum()} images are left without a class"
        assert np.array_equal(found[known >= 0], known[known >= 0]), "an image that had a label got another class"
        yours = accuracy_without_label(found, known, kinds)
        yardstick = accuracy_without_label(nearest_labelled(some, known), known, kinds)
        gains.append(100 * (yours - yardstick))
        print(f"draw {number}: yours {yours:.1%}, nearest labelled image {yardstick:.1%}")
    assert np.mean(gains) >= 8, (
        f"your mean lead over the nearest labelled image is {np.mean(gains):.1f} points; it has to be at least 8. Do "
        "the unlabelled images take part, or only the 50?"
    )
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
some, kinds = digit_features[3000:], digit_classes[3000:] + 20
gains = []
for number in (3, 4, 5):
    known = few_labels(kinds, number)
    found = label_all(some, known)
    assert found is not None, "Task 5 is not done: label_all returns None"
    found = np.asarray(found)
    assert found.shape == (3000,) and np.issubdtype(found.dtype, np.integer), "label_all has to give 3,000 integers"
    assert np.array_equal(found[known >= 0], known[known >= 0]), "an image that had a label got another class"
    yardstick = accuracy_without_label(nearest_labelled(some, known), known, kinds)
    gains.append(100 * (accuracy_without_label(found, known, kinds) - yardstick))
assert np.mean(gains) >= 7, (
    f"on other images, of classes with other numbers, your mean lead over the nearest labelled image is "
    f"{np.mean(gains):.1f} points; at least 7 are demanded"
)
### END HIDDEN TESTS

# %% [markdown]
# ## Question 2: Is it fair? (3 marks)
#
# A report reads:
#
# > An autoencoder with 64 units was trained on all 70,000 images of MNIST; as it sees no labels, this gives nothing
# > away. Then we drew 100 labelled training images and fitted a linear probe to its codes and to 64 principal
# > components. Every feature was divided by its standard deviation. For each kind of features we took the penalty with
# > the best test accuracy. The autoencoder was far ahead of PCA. Autoencoders therefore learn better features than PCA.
#
# Write six to nine sentences.
#
# 1. Name three faults in how the comparison was made. For each, say whether it favours one side, and which, or whether
#    that cannot be known.
# 2. Describe the comparison that you would make in its place: images, labels, scale, choices, and how you would tell a
#    lead from luck.
# 3. Suppose the autoencoder is ahead in your comparison as well. Name two things that "better features" would still
#    claim without support.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** First, the encoder was trained on the test images. Labels were not needed for it to fit them, and
# the accuracy is no longer one on images never seen; if PCA was fitted to the training images alone, this favours the
# autoencoder, though probably by little. Second, dividing every component by its standard deviation makes the last ones,
# which hardly vary and say little, as loud as the first. Chapter 13 found that this ruins PCA with 100 labels and
# hardly changes the codes, so it favours the autoencoder, by far. Third, the penalty was chosen on the test images.
# That makes both accuracies too high, by how much for each cannot be known. Fourth, there is one draw and one random
# start, so nobody knows how much of the lead is luck. I would train the encoder and PCA on the 60,000 training images,
# leave each kind of features on the scale that suits it (one factor for all features, or a choice between both scales
# made on labelled images held out), choose the penalty on held-out labelled images, and measure on the test images
# once. I would take at least five draws, the same for both, and several starts of the encoder, and look at the
# differences draw by draw: whether their mean is large beside their spread. Raw pixels and an untrained encoder belong
# in the table. If the autoencoder is still ahead, then for a linear probe, with 100 labels, at 64 numbers, on digits.
# "Better features" would claim it for other classifiers, such as nearest neighbours, for other numbers of labels, code
# sizes and data, too.
#
# **Rubric.**
#
# - 1 mark for three of the four faults (test images in training; scale; choice on test images; one draw, one start),
#   with the side that each favours, or "cannot be known". Half for two of them, or for three without sides.
# - 1 mark for a fair comparison: training images alone, a scale that suits each, choices on labelled images held out,
#   several draws and starts compared in pairs. Half for two or three of these.
# - 1 mark for two claims without support: other classifiers, numbers of labels, code sizes, data sets, tasks. Half for
#   each.
# ### END SOLUTION

# %% [markdown]
# Before you hand in: *Kernel → Restart Kernel and Run All Cells*, and see that every check passes.
