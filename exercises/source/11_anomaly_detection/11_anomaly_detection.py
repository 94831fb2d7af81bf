# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 11: Anomaly detection
#
# This sheet follows [chapter 11](../../../chapters/11_anomaly_detection.ipynb). There you looked for strange digits.
# Here you guard a clothes shop: photographs of Fashion-MNIST, 28 by 28 grey pixels each, in which wrong and damaged
# goods have to be found. You measure a detector, give each image a p-value, split an error into two, find *where* an
# image is damaged, and build a detector that beats the reconstruction error.
#
# It takes about 110 minutes. There are twenty marks: fourteen for tasks that are checked automatically, six for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | ---: |
# | Task 1 | the area under the ROC curve, with ties | 2 |
# | Task 2 | p-values from normal images alone | 3 |
# | Question 1 | what the promise promises | 3 |
# | Task 3 | how far off the plane, how far out in it | 3 |
# | Question 2 | what an alarm is worth | 3 |
# | Task 4 | where the damage is | 3 |
# | Task 5 | a detector of your own | 3 |
#
# **How to work.** Write in the cells marked *Your code here* and *Your answer here*. Run the cell below a task to
# check it: a check that fails says what is wrong and where to look. No task needs another one's code, so you may
# leave one out. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that everything runs.
# Hidden checks grade the same requirements on other data, so do not write for the numbers that you see.
#
# **Notation.** A *score* is a number for each image, larger for stranger ones, in an array of shape `(n,)`. Images are
# flat, shape `(n, 784)`.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import anomaly, baselines, data, metrics, models, plots, training
from aelib.exercises import started
from aelib.models import predict

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

clothes = data.load_fashion_mnist()
split = clothes.validation_split(10_000, seed=11)
DRESS, SNEAKER = 3, 7
NORMAL = [0, 1, 2, 4, 5, 6, 8, 9]  # all other classes


def normal_only(x, y):
    """The images of normal clothes among some images, and their classes."""
    kept = np.isin(y, NORMAL)
    return x[kept], y[kept]


x_train = normal_only(split.x_train, split.y_train)[0][:12_000]  # enough for this sheet
x_validation, y_validation = (part[:3999] for part in normal_only(split.x_validation, split.y_validation))
dresses = split.x_validation[split.y_validation == DRESS]

network = models.dense_autoencoder(latent_dim=64, code_activation="linear", seed=0)
training.fit(network, x_train, epochs=6, batch_size=250, seed=0)
error_validation = metrics.mean_squared_error(x_validation, predict(network, x_validation))
error_dresses = metrics.mean_squared_error(dresses, predict(network, dresses))
print("normal:", ", ".join(clothes.class_names[number] for number in NORMAL))

# %% [markdown]
# The shop sells eight kinds of clothes, the *normal* ones. `x_train` holds 12,000 photographs of them, and `network`, the
# dense autoencoder with a linear code of 64 units, was trained on these. `x_validation`, shape `(3999, 784)`, holds normal
# photographs that it was *not* trained on, and `y_validation` their classes. Two kinds do not belong here: dresses, of
# which you have some, the array `dresses`, and sneakers, of which you have none. Here are dresses, and what the network
# makes of them; below each stands its error. Which of the normal kinds does it draw?

# %% mystnb={"image": {"alt": "Two rows of ten images. Above, dresses, some plain, some striped or patterned. Below, reconstructions: soft upright shapes with sleeves where the dress has some, most of them with a dark line down the middle, as trousers have."}} nbgrader={"grade": false, "grade_id": "setup-dresses", "locked": true, "schema_version": 3, "solution": false, "task": false}
plots.image_rows(
    {"dresses": dresses[:10], "rebuilt": predict(network, dresses[:10])},
    title="Dresses, rebuilt by a network that has never seen one",
    captions={"rebuilt": [f"{value:.3f}" for value in error_dresses[:10]]},
)

# %% [markdown]
# ## Task 1: The area, with ties (2 marks)
#
# Write `auc(anomalous, normal)`. It takes the scores of anomalies, shape `(a,)`, and those of normal images, shape
# `(n,)`, and gives the area under the ROC curve, one number: of all $a \cdot n$ pairs of an anomaly and a normal image,
# the share in which the anomaly has the larger score. A pair of equal scores counts one half.
#
# Use NumPy; the functions of scikit-learn are for the check. Do not change the two arrays, and do not expect them to be
# equally long.
#
# <details><summary>Hint</summary>
#
# `anomalous[:, None] > normal[None, :]` compares every anomaly with every normal image: a table of shape `(a, n)` of True
# and False. What is its mean? And what is the mean of the table of equal pairs?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def auc(anomalous, normal):
    """Share of pairs in which the anomaly has the larger score, a number; ties count one half."""
    ### BEGIN SOLUTION
    larger = anomalous[:, None] > normal[None]
    equal = anomalous[:, None] == normal[None]
    return larger.mean() + equal.mean() / 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(auc(error_dresses[:5], error_validation[:7]), "Task 1"):
    found = auc(np.array([3.0, 1.0]), np.array([0.0, 1.0, 2.0]))
    assert np.ndim(found) == 0, f"auc gives an array of shape {np.shape(found)}; it needs a single number"
    for mistake, why in {
        4.5: "you gave the number of pairs; divide by how many pairs there are",
        4 / 6: "you left ties out; a pair of equal scores counts one half",
        5 / 6: "a tie counts as a whole pair in yours; it counts one half",
        1.5 / 6: "you counted the pairs in which the normal image has the larger score",
        1.0: "you compared one number for all anomalies with one for all normal images; compare every pair",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, 0.75), f"for the scores (3, 1) and (0, 1, 2) the area is 4.5 / 6 = 0.75, not {found:.4f}"
    is_dress = np.repeat([True, False], [len(error_dresses), len(error_validation)])
    expected = roc_auc_score(is_dress, np.concatenate([error_dresses, error_validation]))
    found = auc(error_dresses, error_validation)
    assert np.isclose(found, expected), f"for the dresses, scikit-learn finds {expected:.4f}, you {found:.4f}"
    print(f"The error tells dresses from normal clothes with an area of {found:.3f}.")
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert auc(error_dresses[:5], error_validation[:7]) is not None, "Task 1 is not done: auc returns None"
rng = np.random.default_rng(111)
for a, n, levels in ((1, 1, 1), (40, 25, 6), (7, 300, 1000), (200, 3, 2)):
    first, second = rng.integers(0, levels, a) / 7 + 0.1, rng.integers(0, levels, n) / 7
    for anomalous, normal in ((first, second), (second + 0.1, first), (first - 50, first - 50)):
        is_anomaly = np.repeat([1, 0], [len(anomalous), len(normal)])
        expected = roc_auc_score(is_anomaly, np.concatenate([anomalous, normal]))
        assert np.isclose(auc(anomalous, normal), expected), (
            f"auc is wrong for {len(anomalous)} anomalies and {len(normal)} normal images with few different scores"
        )
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: A p-value for each image (3 marks)
#
# A shop assistant who sees an alarm asks: how unusual is this image, really? A *p-value* answers. Let $s_1, \dots, s_n$
# be the scores of $n$ normal images that the network was not trained on. The p-value of an image with score $s$ is
#
# $$ p(s) = \frac{1 + \#\{i : s_i \geq s\}}{n + 1}, \tag{Ex11.1} $$
#
# where # counts. If the image is normal and comes from where those $n$ came from, its score takes each of the $n + 1$
# places among theirs with the same probability; so $P(p \leq \alpha) \leq \alpha$ for every rate $\alpha$. Write two functions.
#
# - `p_values(scores, normal_scores)` gives the p-value of each score, shape `(m,)` for `scores` of shape `(m,)`.
#   `normal_scores` has shape `(n,)` and is in no particular order.
# - `alarms(scores, normal_scores, rate)` gives an array of bool, shape `(m,)`: True where the p-value is at most
#   `rate`. It has to work for every rate between 0 and 1, also for one so small that no alarm is possible. A p-value
#   equal to the rate is an alarm, so compute the fraction as it stands in (Ex11.1): in floating point, `1 - 95 / 100`
#   is a little more than 0.05.
#
# <details><summary>Hint</summary>
#
# Work (Ex11.1) out on paper for the normal scores 1, 2, 2, 5 and the scores 0, 2 and 6. In NumPy, compare all scores with all
# normal scores in a table as in Task 1, and sum over the right axis. Write `alarms` with `p_values`: a quantile is not
# the same thing.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def p_values(scores, normal_scores):
    """How unusual each score is among normal ones, shape (m,), by (Ex11.1)."""
    ### BEGIN SOLUTION
    at_least = (normal_scores[None] >= scores[:, None]).sum(axis=1)
    return (1 + at_least) / (len(normal_scores) + 1)
    ### END SOLUTION


def alarms(scores, normal_scores, rate):
    """True where an image raises an alarm at this rate of false alarms, shape (m,)."""
    ### BEGIN SOLUTION
    return p_values(scores, normal_scores) <= rate
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(p_values(error_dresses[:3], error_validation), "Task 2, p_values") and started(
    alarms(error_dresses[:3], error_validation, 0.05), "Task 2, alarms"
):
    some, normal = np.array([0.0, 2.0, 5.0, 6.0]), np.array([5.0, 1.0, 2.0, 2.0])
    found = np.asarray(p_values(some, normal))
    assert found.shape == (4,), f"four scores give p-values of shape {found.shape}; there has to be one for each, (4,)"
    for mistake, why in (
        ([1, 0.75, 0.25, 0], "you took the share of normal scores; the image itself counts, too: 1 + ... and n + 1"),
        ([0.8, 0.6, 0.2, 0], "the 1 in the numerator is missing: a p-value is never 0"),
        ([1.25, 1, 0.5, 0.25], "your denominator is n; it is n + 1"),
        ([1, 0.4, 0.2, 0.2], "you counted larger normal scores only; equal ones count, too"),
        ([0.2, 0.8, 1, 1], "you counted smaller and equal normal scores; the p-value of a strange image is small"),
        ([0.2, 0.4, 0.8, 1], "you counted smaller normal scores; the p-value of a strange image is small"),
    ):
        assert not np.allclose(found, mistake), why
    assert np.allclose(found, [1, 0.8, 0.4, 0.2]), (
        f"for the scores 0, 2, 5, 6 the p-values are 1, 0.8, 0.4, 0.2, not {found.tolist()}"
    )
    for rate, expected in ((0.5, [0, 0, 1, 1]), (0.25, [0, 0, 0, 1]), (0.1, [0, 0, 0, 0])):
        found = np.asarray(alarms(some, normal, rate))
        assert found.dtype == bool, f"alarms gives {found.dtype}; it needs True and False"
        assert found.shape == (4,), (
            f"four scores give alarms of shape {found.shape}; there has to be one for each, (4,)"
        )
        assert not np.array_equal(found, np.logical_not(expected)), "you raise an alarm where the p-value is large"
        assert np.array_equal(found, np.array(expected, dtype=bool)), (
            f"at rate {rate} the scores 0, 2, 5, 6 give {np.array(expected, dtype=bool).tolist()}, not {found.tolist()}; "
            "their p-values are 1, 0.8, 0.4, 0.2. A quantile of the normal scores is not the same"
        )
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [p_values(error_dresses[:3], error_validation), alarms(error_dresses[:3], error_validation, 0.05)]
assert all(value is not None for value in done), "Task 2 is not done: a function returns None"
rng = np.random.default_rng(112)
for m, n, levels in ((5, 1, 3), (50, 19, 8), (30, 99, 10_000)):
    normal, some = rng.integers(0, levels, n) / 3, rng.integers(-1, levels + 1, m) / 3
    found = np.asarray(p_values(some, normal))
    assert found.shape == (m,), f"p_values: the shape is wrong for {m} scores and {n} normal ones"
    for score, value in zip(some, found, strict=True):
        expected = (1 + sum(1 for other in normal if other >= score)) / (n + 1)
        assert np.isclose(value, expected), f"p_values is wrong for {m} scores and {n} normal ones"
    for rate in (0.003, 0.26, 0.74):
        expected = np.zeros(m, dtype=bool) if rate < 1 / (n + 1) else some > anomaly.threshold(normal, rate)
        assert np.array_equal(alarms(some, normal, rate), expected), (
            f"alarms: at rate {rate} with {n} normal scores an image raises an alarm that should not, or the reverse"
        )
# (1 + 4) / (99 + 1) is 0.05
assert np.array_equal(alarms(np.array([95.5, 94.5]), np.arange(1.0, 100.0), 0.05), [True, False]), (
    "alarms: a p-value that equals the rate raises an alarm, and the next larger one does not"
)
### END HIDDEN TESTS

# %% [markdown]
# Here are your p-values of normal test images and of dresses, by the reconstruction error. The normal scores are those of
# the validation images. Below the figure stands what your alarms at a rate of 5 % do in each class.

# %% mystnb={"image": {"alt": "Two histograms of p-values. That of normal test images is level at 0.05 in all of twenty bars. That of the dresses is highest between 0.1 and 0.4 and falls to nearly nothing at 1; in the first bar, below 0.05, it is as low as that of the normal images."}} nbgrader={"grade": false, "grade_id": "setup-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
x_new, y_new = normal_only(clothes.x_test, clothes.y_test)
error_new = metrics.mean_squared_error(x_new, predict(network, x_new))


def draw_p_values():
    if p_values(error_new, error_validation) is None:
        return None
    return plots.histogram(
        {
            "normal test images": np.asarray(p_values(error_new, error_validation)),
            "dresses": np.asarray(p_values(error_dresses, error_validation)),
        },
        bins=np.linspace(0, 1, 21),
        title="p-values by reconstruction error",
        xlabel="p-value",
        ylabel="share of the images",
    )


draw_p_values()


# %% nbgrader={"grade": false, "grade_id": "setup-2-table", "locked": true, "schema_version": 3, "solution": false, "task": false}
def false_alarms(rate=0.05):
    raised = alarms(error_new, error_validation, rate)
    if raised is None:
        return None
    shares = pd.Series(np.asarray(raised)).groupby(y_new).mean()
    shares.index = [clothes.class_names[number] for number in shares.index]
    shares["all normal"] = np.mean(raised)
    shares["dresses (found)"] = np.mean(alarms(error_dresses, error_validation, rate))
    return shares.to_frame("share that raises an alarm").round(3)


false_alarms()

# %% [markdown]
# ## Question 1: What the promise promises (3 marks)
#
# Read the figure and the table above. (If Task 2 is not done, answer by argument alone.) Write four to eight sentences.
#
# 1. The p-values of normal test images are spread almost evenly. Why, whatever the score? And what shape would their
#    histogram have if the normal scores were those of the *training* images, on which the network has smaller errors?
# 2. What shape should the histogram of the dresses have for a good score, and what shape for one that knows nothing? By
#    the area of Task 1 the error does know something of dresses, and yet at 5 % it finds hardly any more of them than
#    it raises false alarms. Where in the figure do you see both?
# 3. One class raises far more false alarms than 5 %, others hardly any. Is the promise broken? Who pays in the shop, and
#    what could be done?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** A normal test image comes from where the validation images came from, and the network saw none of
# them, so its score takes each of the $n + 1$ places among theirs with the same probability. A p-value is such a place
# divided by $n + 1$: all values are equally likely, and nothing in the argument depends on what the score measures. With
# training images for comparison it fails, since the network was fitted to them and not to the new image. New errors
# would be too large among theirs, the histogram would be heaped up at small p-values, and more than the promised share
# of normal images would raise an alarm. For a good score all dresses have p-values near 0; a score that knows nothing
# gives them the even histogram of normal images. Here most dresses lie in the left half, so their errors are larger than
# a normal image's more often than not: that is what the area says. But they are heaped up between 0.1 and 0.4, and the
# first bar, the one that counts at 5 %, is no higher than that of normal images: there are normal clothes with still
# larger errors, and the threshold has to let those pass. The promise is about a normal image drawn from all classes,
# and about that it is kept: the last row but one is near 5 %. It says nothing of one class. Sandals, and after them bags,
# have large errors and raise most of the false alarms. Whoever sells them pays. And because of them the threshold lies
# so high that hardly any dress reaches it. One may compare each image with validation images of its own class, if the
# class is known, or use a score that is measured against similar normal images.
#
# **Rubric.**
#
# - 1 mark for part 1: equally likely places among scores that the network was not fitted to (half a mark); heaped up at
#   small p-values, with too many false alarms (half a mark).
# - 1 mark for part 2: near 0 for a good score, even for one that knows nothing (half a mark); shifted to the left, but
#   not in the first bar, since some normal clothes have larger errors (half a mark).
# - 1 mark for part 3: the promise is about all classes together and is kept (half a mark); a remedy: comparison within
#   a class, or a relative score (half a mark).
# ### END SOLUTION

# %% [markdown]
# ## Task 3: Off the plane, or far out in it (3 marks)
#
# PCA rebuilds an image as the nearest point of a plane through the mean image $\mu$. With $k$ orthonormal axes $u_1,
# \dots, u_k$, the *coordinates* of an image are $z_j = u_j \cdot (x - \mu)$. An image can be strange in two ways: it lies
# *off* the plane, or it lies in it, but farther *out* than normal images do. The reconstruction error sees the first way only. So
# measure both, as engineers do who watch over chemical plants:
#
# $$ Q(x) = \lVert x - \mu \rVert^2 - \sum_{j=1}^{k} z_j^2, \qquad T^2(x) = \sum_{j=1}^{k} \frac{z_j^2}{\lambda_j}, \tag{Ex11.2} $$
#
# with $\lambda_j$ the variance of the normal images along axis $j$. $Q$ is the squared distance to the plane, by
# Pythagoras, and so the squared reconstruction error.
#
# Write `off_and_out(x, mean, axes, variances)`, which gives the pair `(off, out)`: $Q$ and $T^2$ of each image, two arrays
# of shape `(n,)`. `x` has shape `(n, d)`, `mean` `(d,)`, `axes` `(k, d)` with one axis in each *row*, `variances` `(k,)`.
#
# <details><summary>Hint</summary>
#
# First take the mean away, then compute all coordinates in one matrix product: `(n, d)` times `(d, k)` gives `(n, k)`.
# Everything else is squares and sums over `axis=1`. Neither number is a root.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def off_and_out(x, mean, axes, variances):
    """Q and T² of each image by (Ex11.2), two arrays of shape (n,)."""
    ### BEGIN SOLUTION
    centred = x - mean
    coordinates = centred @ axes.T
    off = (centred**2).sum(axis=1) - (coordinates**2).sum(axis=1)
    out = (coordinates**2 / variances).sum(axis=1)
    return off, out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(off_and_out(x_train[:2], x_train[0], np.eye(784)[:3], np.ones(3)), "Task 3"):
    centre, axes, variances = np.ones(3), np.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8]]), np.array([4.0, 0.25])
    points = centre + np.array([[2.0, 0.0, 0.0], [0.0, 0.6, 0.8], [0.0, 1.6, -1.2], [4.0, 0.6, 0.8]])
    found = off_and_out(points, centre, axes, variances)
    assert len(found) == 2, f"off_and_out gives {len(found)} things; it needs a pair (off, out)"
    off, out = (np.asarray(part) for part in found)
    assert off.shape == out.shape == (4,), f"for 4 images the shapes are {off.shape} and {out.shape}; not (4,) and (4,)"
    assert not (np.allclose(off, [1, 4, 0, 8]) and np.allclose(out, [0, 0, 4, 0])), "the order is (off, out)"
    for mistake, why in (
        ([0, 0, 2, 0], "off is the distance; (Ex11.2) has its square"),
        ([0, 0, 4 / 3, 0], "off is a mean over the pixels; (Ex11.2) has a sum"),
        ([4, 1, 4, 17], "off is the distance to the mean image: take away what the plane explains"),
    ):
        assert not np.allclose(off, mistake), why
    for mistake, why in (
        ([4, 1, 0, 17], "out lacks the division by the variances: axes on which normal images vary little count more"),
        ([2, 2, 0, 10], "out divides by standard deviations; (Ex11.2) divides the squares by variances"),
        ([1, 2, 0, np.sqrt(8)], "out is a root; (Ex11.2) has none"),
        ([16, 0.25, 0, 64.25], "out multiplies by the variances; it has to divide"),
        ([0.5, 2, 0, 4], "out is a mean over the axes; (Ex11.2) has a sum"),
    ):
        assert not np.allclose(out, mistake), why
    assert np.allclose(off, [0, 0, 4, 0], atol=1e-9), (
        f"off is {off.round(3).tolist()} and has to be [0, 0, 4, 0]: did you take the mean away before multiplying?"
    )
    assert np.allclose(out, [1, 4, 0, 8]), (
        f"out is {out.round(3).tolist()} and has to be [1, 4, 0, 8]: did you take the mean away before multiplying?"
    )
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
found = off_and_out(x_train[:2], x_train[0], np.eye(784)[:3], np.ones(3))
assert found is not None, "Task 3 is not done: off_and_out returns None"
rng = np.random.default_rng(113)
for n, d, k in ((1, 5, 1), (30, 12, 4), (6, 4, 4)):
    axes = np.linalg.qr(rng.normal(size=(d, k)))[0].T
    points, centre, variances = rng.normal(size=(n, d)), rng.normal(size=d), rng.uniform(0.1, 9, k)
    off, out = (np.asarray(part) for part in off_and_out(points, centre, axes, variances))
    assert off.shape == out.shape == (n,), f"the shapes are wrong for {n} images and {k} axes"
    for index in range(n):
        rest, total = points[index] - centre, 0.0
        for axis, variance in zip(axes, variances, strict=True):
            along = float(axis @ (points[index] - centre))
            rest, total = rest - along * axis, total + along * along / variance
        assert np.isclose(off[index], rest @ rest, atol=1e-8), f"off is wrong for {k} axes in {d} dimensions"
        assert np.isclose(out[index], total), f"out is wrong for {k} axes in {d} dimensions"
### END HIDDEN TESTS

# %% [markdown]
# The next cell measures both on images of several kinds, with 64 components. It shows the area under the ROC curve
# against normal validation images, for each alone and for the sum of the two, each in standard deviations of normal
# images (`both`). In the images with *dots*, two pixels in a hundred have become their negatives.

# %% nbgrader={"grade": false, "grade_id": "setup-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
pca = baselines.PCACodec(64).fit(x_train).pca_
middle, axes, variances = pca.mean_, pca.components_, pca.explained_variance_
digits = data.load_mnist().x_test[:500]
part = x_validation[:500]
strange = {
    "dresses": dresses,
    "digits": digits,
    "upside down": part[:, ::-1],
    "upper half only": part * (np.arange(784) < 392),
    "pale (half as bright)": 0.5 * part,
    "negatives": 1 - part,
    "dots": np.where(np.random.default_rng(0).random(part.shape) < 0.02, 1 - part, part),
}


def areas():
    done = off_and_out(x_validation.astype(float), middle, axes, variances)
    if done is None:
        return None
    normal = np.stack(done, axis=1)
    rows = {}
    for kind, images in strange.items():
        both = np.stack(off_and_out(images.astype(float), middle, axes, variances), axis=1)
        scores = {"off": (both[:, 0], normal[:, 0]), "out": (both[:, 1], normal[:, 1])}
        scores["both"] = [anomaly.standardised_sum(table, normal) for table in (both, normal)]
        is_strange = np.repeat([1, 0], [len(images), len(normal)])
        rows[kind] = {name: roc_auc_score(is_strange, np.concatenate(pair)) for name, pair in scores.items()}
    return pd.DataFrame.from_dict(rows, orient="index").round(3)


areas()

# %% [markdown]
# ## Question 2: What an alarm is worth (3 marks)
#
# The shop photographs 20,000 pieces a day, and one in 1,000 does not belong there. Its detector finds half of those, at a
# false-alarm rate of 5 %. Answer in four to eight sentences, with your calculations.
#
# 1. How many alarms a day are there, and which share of them is right?
# 2. One person can look at about 50 alarms a day. Roughly which false-alarm rate can the shop afford, and how many
#    normal validation images does a p-value as small as that need at the least?
# 3. Look at the table above (if Task 3 is not done, argue from (Ex11.2)). Name a kind of image that only one of the two
#    scores finds, and say why. A fellow student says: "For each kind I take the score with the largest area in this
#    table, and that area is how good my detector is." What do you reply?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Of 20,000 pieces 20 do not belong there and 19,980 do. The detector finds 10 of the 20 and raises
# $0.05 \cdot 19{,}980 = 999$ false alarms: about 1,009 alarms, of which 10, or 1 %, are right. Of 50 alarms a day some
# 10 may be right ones, so about 40 may be false: a rate of $40 / 19{,}980 \approx 0.2$ %. (At the lower rate fewer are
# found, so there is a little more room.) The smallest p-value of $n$ normal images is $1 / (n + 1)$, and it must not be
# above 0.002, so $n \geq 499$; to set the rate with any precision, several times as many. Dots are found by `off` and not
# by `out`: single wrong pixels are no combination of the 64 axes, so they are left over and hardly move the coordinates.
# (Pale images are found by neither: at half the brightness there is only about half as much of everything to be left
# over or to lie far out.) To the fellow student: which kinds will come is not known in advance, so nobody can use one
# score for each kind, and an area that was chosen by looking at it is too good. Fix one score before, on kinds that you
# know (a rehearsal), and report it on others.
#
# **Rubric.**
#
# - 1 mark for about 1,009 alarms (half a mark) and 1 % right (half a mark).
# - 1 mark for a rate of about 0.2 % (0.1 % to 0.25 % with a reason; half a mark) and for $n \geq 1 / \alpha - 1$, some 500
#   images (half a mark).
# - 1 mark for a kind with a reason that uses on and off the plane (half a mark), and for a reply that says that the
#   anomalies of the future are not known, so that the score has to be fixed before, on kinds that are not reported (half a mark).
# ### END SOLUTION

# %% [markdown]
# ## Task 4: Where is the damage? (3 marks)
#
# A detector that points at the damage is worth more than one that says "strange". The difference between an image and
# its reconstruction shows where. Single pixels are noisy, so look for the square of pixels with the largest error in sum.
#
# Write `locate(x, x_hat, size)`. For each of n images `x`, shape `(n, 784)`, with reconstructions `x_hat` of the same shape,
# consider all squares of `size` by `size` pixels that lie *wholly inside* the image of 28 by 28. Find the square with
# the largest sum of *squared* differences. Give the row and the column of its *upper left* pixel, counted from 0, as an
# array of integers of shape `(n, 2)`.
#
# <details><summary>Hint</summary>
#
# There are $29 - $ `size` places in each direction. `np.lib.stride_tricks.sliding_window_view(images, (size, size),
# axis=(1, 2))` gives all squares of images of shape `(n, 28, 28)`; sum over its last two axes. For the largest entry of a
# table, flatten it, take `argmax`, and turn that one number into a row and a column with `np.unravel_index` or `divmod`:
# how many columns has the table of *places*?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def locate(x, x_hat, size):
    """Row and column of the upper left pixel of the square with the largest squared error, shape (n, 2)."""
    ### BEGIN SOLUTION
    squared = ((x - x_hat) ** 2).reshape(-1, 28, 28)
    windows = np.lib.stride_tricks.sliding_window_view(squared, (size, size), axis=(1, 2))
    totals = windows.sum(axis=(3, 4))
    best = totals.reshape(len(totals), -1).argmax(axis=1)
    return np.stack(np.divmod(best, 29 - size), axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(locate(x_train[:2], x_train[2:4], 5), "Task 4"):
    shown, rebuilt = np.zeros((4, 28, 28)), np.zeros((4, 28, 28))
    rebuilt[0, 5:8, 18:21] = 0.5  # the reconstruction is brighter, so differences are negative
    shown[0, 20:23, 2:5] = 0.1
    shown[1, 25:28, 25:28] = 0.4  # in the corner
    shown[2, 10:13, 3:6], shown[2, 2, 8] = 0.4, 0.9  # one wild pixel is not enough
    shown[3, 14:17, 14:17] = 0.3  # less than two strong pixels by squares, more by absolute values
    shown[3, 4, 20], shown[3, 6, 22] = 1.0, 1.0
    found = np.asarray(locate(shown.reshape(4, 784), rebuilt.reshape(4, 784), 3))
    assert found.shape == (4, 2), (
        f"for 4 images locate has shape {found.shape}; it needs (4, 2): a row and a column each"
    )
    assert np.issubdtype(found.dtype, np.integer), f"locate gives {found.dtype}; rows and columns are integers"
    for mistake, why in (
        ([18, 5], "row and column are swapped"),
        ([6, 19], "you gave the centre of the square; its upper left pixel is asked for"),
        (
            [20, 2],
            "you added up differences with their signs, so a dark place counts as less than nothing: square them",
        ),
    ):
        assert not np.array_equal(found[0], mistake), why
    assert np.array_equal(found[0], [5, 18]), f"the first damage begins at row 5, column 18, not {found[0].tolist()}"
    assert np.array_equal(found[1], [25, 25]), (
        f"a square in the lower right corner begins at row 25, column 25, not {found[1].tolist()}: "
        "which places lie wholly inside?"
    )
    assert np.array_equal(found[2], [10, 3]), (
        f"nine pixels of 0.4 outweigh a single one of 0.9: the square begins at [10, 3], not {found[2].tolist()}"
    )
    assert not np.array_equal(found[3], [14, 14]), "you added up absolute differences; add up their squares"
    assert np.array_equal(found[3], [4, 20]), (
        f"two strong pixels fit into the square at [4, 20], not {found[3].tolist()}"
    )
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert locate(x_train[:2], x_train[2:4], 5) is not None, "Task 4 is not done: locate returns None"
rng = np.random.default_rng(114)
for size in (1, 6, 11, 28):
    shown, rebuilt = rng.random((2, 3, 784))
    found = np.asarray(locate(shown, rebuilt, size))
    assert found.shape == (3, 2), f"locate: the shape is wrong for squares of {size} pixels"
    for index in range(3):
        difference = (shown[index] - rebuilt[index]).reshape(28, 28)
        sums = {
            (top, left): float((difference[top : top + size, left : left + size] ** 2).sum())
            for top in range(28 - size + 1)
            for left in range(28 - size + 1)
        }
        assert tuple(int(place) for place in found[index]) == max(sums, key=sums.get), (
            f"locate: the place is wrong for squares of {size} by {size} pixels"
        )
### END HIDDEN TESTS

# %% [markdown]
# Here your function looks for holes: in each validation image, a square of 5 by 5 pixels somewhere on the garment was
# replaced by its negative. In the lowest row a frame marks the square that you found.


# %% mystnb={"image": {"alt": "Three rows of ten tops. In the damaged ones a square of pixels is exchanged for its negative; the reconstructions below are soft and without the square. In the lowest row a white frame marks the square that was found, in most images the damage."}} nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
def with_holes(images, size=5):
    """Copies with the negative of a square of pixels somewhere on the garment, and where each begins."""
    rng = np.random.default_rng(0)
    holes = images.reshape(-1, 28, 28).copy()
    places = []
    for image in holes:
        bright = np.argwhere(image[2:26, 2:26] > 0.4)  # centres at which the square lies inside
        top, left = rng.choice(bright) if len(bright) else (11, 11)
        image[top : top + size, left : left + size] = 1 - image[top : top + size, left : left + size]
        places.append((top, left))
    return holes.reshape(-1, 784), np.array(places)


def draw_holes():
    holes, places = with_holes(x_validation[:1000])
    rebuilt = predict(network, holes)
    found = locate(holes, rebuilt, 5)
    if found is None:
        return None
    away = np.abs(np.asarray(found) - places).max(axis=1)
    print(f"found to within one pixel: {(away <= 1).mean():.1%} of {len(places)} holes")
    rows, columns = np.divmod(np.arange(784), 28)
    top, left = np.asarray(found)[:10].T[..., None]
    away_from_centre = np.maximum(abs(rows - top - 2), abs(columns - left - 2))
    framed = np.where(away_from_centre == 3, 1, 0.5 * holes[:10])
    pictures = {"damaged": holes[:10], "rebuilt": rebuilt[:10], "found": framed}
    return plots.image_rows(pictures, title="Where is the hole?")


draw_holes()

# %% [markdown]
# ## Task 5: A detector of your own (3 marks)
#
# Define `my_scores(x)`, which gives a score for each image of `x`, shape `(n, 784)`: an array of shape `(n,)`, larger for
# stranger images. Learn from `x_train` alone, in the same cell: as in life, nobody tells you what will come.
#
# - On validation images, its area against `dresses` has to be at least 0.05 larger than that of the reconstruction error.
#   The dresses are your rehearsal.
# - The hidden check uses test images: dresses, where 0.04 is enough, and *sneakers*, of which you have none. With these
#   it has to be about as good as the reconstruction error (0.02 less is allowed). So do not build a detector of dresses.
# - The score of an image must not depend on which other images are scored with it.
#
# The cell below prints what is to be beaten. `network`, `predict`, `pca` (scikit-learn's, with `transform`; 64
# components, fitted to `x_train`) and everything in `aelib.anomaly` are there for you. Your cell should take no more
# than half a minute, and `my_scores` a few seconds for 4,000 images.


# %% nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
def area(anomalous, normal):
    """Area under the ROC curve of two arrays of scores, by scikit-learn."""
    return roc_auc_score(np.repeat([1, 0], [len(anomalous), len(normal)]), np.concatenate([anomalous, normal]))


area_of_error = area(error_dresses, error_validation)
print(f"dresses, reconstruction error: {area_of_error:.3f}; your scores need {area_of_error + 0.05:.3f}")

# %% [markdown]
# <details><summary>Hint</summary>
#
# The error looks at the output. What does chapter 11 measure at the code? What you need to know of `x_train`, its codes for
# example, you may compute inside the function, or once above it in the same cell. `help(anomaly.nearest_normals)` and
# `help(anomaly.mahalanobis)` say what they take. Two scores of different kinds may be added if both are in the same units.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def my_scores(x):
    """Scores of images, shape (n,), larger for stranger ones; learned from x_train alone."""
    ### BEGIN SOLUTION
    known_codes = predict(network.encoder, x_train)
    distances, _ = anomaly.nearest_normals(predict(network.encoder, x), known_codes, n_neighbors=5)
    return distances.mean(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(my_scores(dresses[:5]), "Task 5"):
    of_dresses, of_normal = np.asarray(my_scores(dresses)), np.asarray(my_scores(x_validation))
    assert of_dresses.shape == (len(dresses),), (
        f"for {len(dresses)} images my_scores has shape {of_dresses.shape}; it needs ({len(dresses)},): one number for each"
    )
    assert np.isfinite(of_dresses).all() and np.isfinite(of_normal).all(), (
        "some of your scores are infinite or no numbers"
    )
    assert len(np.unique(of_normal)) > 1000, (
        "your scores take few different values: a score says how strange, True and False only whether"
    )
    alone = np.concatenate([my_scores(dresses[:1]), my_scores(dresses[1:3])])
    assert np.allclose(alone, of_dresses[:3], rtol=1e-3, atol=1e-6), (
        "the scores of the first dresses change when other images are scored with them: "
        "take means, standard deviations and neighbours from x_train, not from x"
    )
    found = area(of_dresses, of_normal)
    assert found > 0.5, f"your area is {found:.3f}, below 0.5: larger scores have to be stranger, so turn the sign"
    print(f"dresses: your area is {found:.3f}, that of the reconstruction error {area_of_error:.3f}")
    assert found >= area_of_error + 0.05, (
        f"your area is {found:.3f}; it has to be at least {area_of_error + 0.05:.3f}. The hint says where to look"
    )
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert my_scores(dresses[:5]) is not None, "Task 5 is not done: my_scores returns None"
of_normal = np.asarray(my_scores(x_new[:3000]))
for name, number, margin in (("dresses", DRESS, 0.04), ("sneakers", SNEAKER, -0.02)):
    foreign = clothes.x_test[clothes.y_test == number]
    by_error = area(metrics.mean_squared_error(foreign, predict(network, foreign)), error_new[:3000])
    found = area(np.asarray(my_scores(foreign)), of_normal)
    assert found >= by_error + margin, (
        f"test images of {name}: the area of your scores is {found:.3f}, that of the reconstruction error {by_error:.3f}"
    )
### END HIDDEN TESTS

# %% [markdown]
# Before you hand in: *Kernel → Restart Kernel and Run All Cells*, and see that every check passes.
