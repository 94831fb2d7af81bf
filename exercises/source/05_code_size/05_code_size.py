# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 5: How small can the code be?
#
# This sheet follows [chapter 5](../../../chapters/05_code_size.ipynb). You work out PCA's error at every code size
# without projecting an image, tell a difference between two sizes from chance, choose a size by rule, count a code in
# bits, and train a code of 8 numbers that beats PCA's 16.
#
# It takes about 80 minutes and carries twenty marks: fifteen for tasks that are checked automatically, five for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | --- |
# | 1 | PCA's error from eigenvalues alone | 2 |
# | 2 | Confidence intervals from a few seeds | 3 |
# | 3 | Choosing a size and a run on validation images | 3 |
# | 4 | Quantising codes; rate in bits; dead units | 4 |
# | Question 1 | Reading a rate–distortion figure | 3 |
# | 5 | Training a code of 8 numbers that beats PCA's 16 | 3 |
# | Question 2 | When a comparison of code sizes is unfair | 2 |
#
# **How to work.** Write only in the cells marked *Your code here* and *Your answer here*. Run the cell below each task:
# it checks your answer and says what to look at. Hidden checks on other data grade the same requirement, so do not
# write for the numbers that you see. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see
# that everything runs.

# %% [markdown]
# ## Set-up
#
# Of the 60,000 training images, 10,000 are held out as
# [validation images](../../../chapters/glossary.md#validation-images): what is chosen here is chosen on them. Of the
# rest, 20,000 are enough for this sheet, and quick; `x_train` holds those.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import baselines, data, metrics, models, plots, training
from aelib.exercises import started
from aelib.models import predict

import numpy as np
import pandas as pd
from scipy import stats

mnist = data.load_mnist()
split = mnist.validation_split(10_000, seed=0)
x_train, x_validation = split.x_train[:20_000], split.x_validation

# %% [markdown]
# ## Task 1: PCA's error without an image (2 marks)
#
# [Chapter 2](../../../chapters/02_mathematics.ipynb) states, in (2.33), that the squared error of PCA with $m$
# components, summed over pixels and averaged over the images it was fitted to, is the sum of the discarded eigenvalues
# of the covariance matrix. So the eigenvalues alone give PCA's
# [mean squared error](../../../chapters/glossary.md#mean-squared-error), the error of a *pixel*, for all sizes at once:
#
# $$ E_m = \frac{1}{d} \sum_{j > m} \lambda_j, \qquad m = 0, 1, \dots, d, \tag{Ex5.1} $$
#
# where $d$ is the number of pixels and $\lambda_1 \ge \lambda_2 \ge \dots \ge \lambda_d$ are the eigenvalues. With
# $m = 0$, nothing but the mean image is left.
#
# Write `pca_errors(eigenvalues)`.
#
# - `eigenvalues` is an array of shape `(d,)` in *ascending* order, as `np.linalg.eigvalsh` gives them. Do not take $d$
#   to be 784: it is the length of the array.
# - It returns an array of shape `(d + 1,)` whose entry $m$ is $E_m$.
#
# <details><summary>Hint</summary>
#
# What $m$ components leave is the total less the $m$ largest eigenvalues. `np.cumsum` gives running sums over one, two,
# three, … numbers. In which order must it see them, and for which $m$ does it give nothing?
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "setup-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
centred = x_train.astype(np.float64) - x_train.mean(axis=0, dtype=np.float64)
eigenvalues = np.linalg.eigvalsh(centred.T @ centred / len(centred))
del centred

# PCA itself, to check against. Its reconstructions are not clipped: (2.33) is about those that the linear map gives.
pca = baselines.PCACodec(64, clip=False).fit(x_train)


def pca_rebuild(x, size):
    """Reconstructions from the first components only; codes are nested, so the others are set to zero."""
    return pca.decode(np.where(np.arange(64) < size, pca.encode(x), 0))


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pca_errors(eigenvalues):
    """Mean squared error of PCA with 0, 1, …, d components, shape (d + 1,)."""
    ### BEGIN SOLUTION
    largest_first = eigenvalues[::-1]
    kept = np.concatenate([[0], np.cumsum(largest_first)])
    return (kept[-1] - kept) / len(eigenvalues)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(pca_errors(np.array([0.0, 1.0, 2.0, 5.0])), "Task 1"):
    four = np.asarray(pca_errors(np.array([0.0, 1.0, 2.0, 5.0])))
    assert four.shape == (5,), (
        f"for 4 eigenvalues you return shape {four.shape}; expected (5,): an error for 0, 1, 2, 3 and 4 components"
    )
    assert not np.allclose(four, [8, 3, 1, 0, 0]), "your errors are sums over the pixels; (Ex5.1) divides by d"
    assert not np.allclose(4 * four, [0, 5, 7, 8, 8]), "you add up what is kept; the error is what is discarded"
    assert not np.allclose(4 * four, [8, 8, 7, 5, 0]), (
        "you keep the smallest eigenvalues first; they come in ascending order, and PCA keeps the largest"
    )
    assert not np.allclose(four[:3], [2, 1, 0.5]), (
        "you average over the discarded eigenvalues; (Ex5.1) always divides by d, the number of pixels"
    )
    assert not np.allclose(784 * four, [8, 3, 1, 0, 0]), "you divide by 784; here there are only 4 pixels"
    assert np.allclose(four, [2, 0.75, 0.25, 0, 0]), (
        f"for eigenvalues 0, 1, 2, 5 you return {four}; work out by hand what 0, 1 and 2 components leave out"
    )
    errors = np.asarray(pca_errors(eigenvalues))
    measured = metrics.mean_squared_error(x_train, pca_rebuild(x_train, 16)).mean()
    assert np.isclose(errors[16], measured, rtol=1e-3), (
        f"for 16 components you get {errors[16]:.5f}, but projecting the images gives {measured:.5f}"
    )
    print("Task 1: the visible checks pass.")
    print(f"16 components, from eigenvalues {errors[16]:.6f}, by projecting 20,000 images {measured:.6f}")
    print(f"for half of the mean image's error PCA needs {np.argmax(errors <= errors[0] / 2)} components")
### BEGIN HIDDEN TESTS
hidden_1 = np.asarray(pca_errors(np.array([0.0, 0.0, 0.5, 1.0, 1.5, 3.0])))
assert hidden_1.shape == (7,), "for 6 eigenvalues there should be 7 errors"
assert np.allclose(hidden_1, [1, 0.5, 0.25, 1 / 12, 0, 0, 0]), "the errors for 6 other eigenvalues are not right"
assert np.allclose(pca_errors(np.array([7.0])), [7, 0]), "for a single pixel the errors are not right"
hidden_1 = np.sort(np.random.default_rng(5).exponential(size=40))
assert np.isclose(np.asarray(pca_errors(hidden_1))[17], hidden_1[:23].sum() / 40), (
    "for 40 random eigenvalues, the error of 17 components is not what the other 23 leave"
)
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: Size or chance? (3 marks)
#
# A sweep gives a few errors for each size, one from each [seed](../../../chapters/glossary.md#seed). Let
# $a_1, \dots, a_{n_a}$ be those of one size, with mean $\bar a$, and $b_1, \dots, b_{n_b}$ those of another, with mean
# $\bar b$. Other seeds would give other means. By how much would the two sizes differ if each were averaged over very
# many seeds? The estimate $D$ of that difference and its *standard error* $S$ are
#
# $$ D = \bar b - \bar a, \qquad S = \sqrt{\frac{s_a^2}{n_a} + \frac{s_b^2}{n_b}}, \qquad s_a^2 = \frac{1}{n_a - 1} \sum_{i=1}^{n_a} (a_i - \bar a)^2, \tag{Ex5.2} $$
#
# and $s_b^2$ likewise from the $b_i$. $S$ says how far $D$ would typically stray if the sweep were repeated with new
# seeds. From it comes a *95 % confidence interval*,
#
# $$ D - t S \quad \text{to} \quad D + t S, \tag{Ex5.3} $$
#
# made so that at least about 95 of 100 such intervals hold the difference that very many seeds would give. Here $t$ is
# the 97.5 % quantile of Student's distribution, which leaves 2.5 % out at each end. Its *degrees of freedom* are taken
# on the safe side, as one less than the *smaller* of $n_a$ and $n_b$. The locked cell below gives you $t$ as
# `t_factor(degrees)`. For many runs it comes near the familiar 2; for three runs of each size it is above 4, because
# three numbers say little about their own spread. If the interval holds 0, chance alone may have made the difference.
#
# Write `compare(errors_a, errors_b)`.
#
# - Both arguments are arrays of one dimension with at least two errors; their lengths may differ.
# - It returns a dictionary of four numbers: `"difference"` is $D$, `"standard_error"` is $S$, and `"low"` and `"high"`
#   are the ends of the interval.
#
# <details><summary>Hint</summary>
#
# Look up `ddof` in the documentation of `np.var`: with which value does it divide by $n - 1$? The two variances are
# added *before* the root is taken. Seed 0 of one size and seed 0 of another start from different weights, so runs are
# not to be subtracted in pairs.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "setup-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
# A real sweep, run beforehand because it takes minutes: `models.dense_autoencoder(size, seed=seed)` (ReLU code),
# trained on all 50,000 images of `split.x_train` by `training.fit(..., epochs=5, batch_size=250, seed=seed)`. Mean
# squared error on `x_validation` for the seeds 0 to 4. (With 2 units and seed 3, both died: that error is the mean
# image's.)
recorded = {
    64: np.array([0.01091, 0.01125, 0.01100, 0.01080, 0.01120]),
    32: np.array([0.01362, 0.01338, 0.01426, 0.01329, 0.01339]),
    16: np.array([0.01959, 0.01878, 0.02044, 0.02027, 0.02330]),
    8: np.array([0.02689, 0.03130, 0.02720, 0.02648, 0.03140]),
    4: np.array([0.05220, 0.04424, 0.03831, 0.03785, 0.03957]),
    2: np.array([0.05194, 0.06173, 0.05537, 0.06729, 0.05281]),
}
runs = pd.DataFrame(recorded).rename_axis("seed").melt(var_name="size", value_name="error", ignore_index=False)
runs = runs.reset_index()


def t_factor(degrees):
    """The 97.5 % quantile of Student's t distribution."""
    return float(stats.t.ppf(0.975, degrees))


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def compare(errors_a, errors_b):
    """Difference of two means over seeds, with its standard error and 95 % confidence interval."""
    ### BEGIN SOLUTION
    difference = np.mean(errors_b) - np.mean(errors_a)
    variance = np.var(errors_a, ddof=1) / len(errors_a) + np.var(errors_b, ddof=1) / len(errors_b)
    standard_error = np.sqrt(variance)
    margin = t_factor(min(len(errors_a), len(errors_b)) - 1) * standard_error
    return {
        "difference": difference,
        "standard_error": standard_error,
        "low": difference - margin,
        "high": difference + margin,
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(compare(np.array([1.0, 2.0, 3.0]), np.array([4.0, 4.0, 7.0])), "Task 2"):
    three = compare(np.array([1.0, 2.0, 3.0]), np.array([4.0, 4.0, 7.0]))
    assert isinstance(three, dict) and set(three) == {"difference", "standard_error", "low", "high"}, (
        "return a dictionary with the four keys 'difference', 'standard_error', 'low' and 'high'"
    )
    assert np.isclose(three["difference"], 3), (
        f"for the errors 1, 2, 3 and 4, 4, 7 your difference is {three['difference']:.4g}; "
        "the means are 2 and 5, and the first is to be subtracted from the second"
    )
    likely = {
        0.9428: "your variances divide by n; the sample variance divides by n - 1 (ddof)",
        2.0: "you add the variances of single runs; a mean varies less: divide each by its number of runs",
        1.5774: "you add two standard errors; (Ex5.2) adds the variances and takes one root of the sum",
        1.3333: "this is the sum before the root",
        0.5774: "you subtract the runs in pairs, but these are not pairs: see the hint",
    }
    for wrong, message in likely.items():
        assert not np.isclose(three["standard_error"], wrong, atol=1e-4), message
    assert np.isclose(three["standard_error"], np.sqrt(4 / 3)), (
        f"your standard error is {three['standard_error']:.4f}; the sample variances are 1 and 3, of three runs each"
    )
    factor = (three["high"] - three["difference"]) / three["standard_error"]
    assert np.isclose(three["difference"] - three["low"], three["high"] - three["difference"]), (
        "the interval should reach equally far to both sides of the difference"
    )
    assert not 1.9 < factor < 2.1, "you go 2 standard errors to each side, which is for many runs; use t_factor"
    assert not np.isclose(factor, t_factor(4)), "these are 4 degrees of freedom; the sheet asks for the safe number"
    assert not np.isclose(factor, t_factor(3)), "these are 3 degrees of freedom; it is one less than the number of runs"
    assert np.isclose(factor, t_factor(2)), f"you go {factor:.3f} standard errors to each side; expected t_factor(2)"
    print("Task 2: the visible checks pass. In the recorded sweep:")
    for small, large in zip([32, 16, 8, 4, 2], [64, 32, 16, 8, 4]):
        for count in (3, 5):
            found = compare(recorded[large][:count], recorded[small][:count])
            verdict = "may be chance" if found["low"] <= 0 <= found["high"] else "more than chance"
            print(
                f"{large:2d} → {small:2d} units, {count} seeds: {found['difference']:.4f} more error, "
                f"95 % interval {found['low']:7.4f} to {found['high']:.4f}, {verdict}"
            )
### BEGIN HIDDEN TESTS
for first, second, expected in [
    ([1.0, 3.0], [2.0, 4.0, 6.0, 8.0], [3.0, np.sqrt(1 + 20 / 12), 1]),
    ([2.0, 4.0, 6.0, 8.0], [1.0, 3.0], [-3.0, np.sqrt(1 + 20 / 12), 1]),
    ([0.03, 0.05, 0.04, 0.04, 0.04], [0.04, 0.06, 0.05, 0.05, 0.05], [0.01, np.sqrt(2e-5), 4]),
]:
    found = compare(np.array(first), np.array(second))
    assert isinstance(found, dict), "a dictionary is expected for any two arrays of errors"
    assert np.isclose(found["difference"], expected[0]), "the difference of the means is not right on other errors"
    assert np.isclose(found["standard_error"], expected[1]), "the standard error is not right on other numbers of runs"
    margin = t_factor(expected[2]) * expected[1]
    assert np.allclose([found["low"], found["high"]], [expected[0] - margin, expected[0] + margin]), (
        "the interval is not right on other numbers of runs"
    )
found = compare(np.array([0.5, 0.5, 0.5]), np.array([0.25, 0.25]))
assert np.allclose([found["difference"], found["low"], found["high"]], -0.25), (
    "for runs without any spread, the interval should shrink to the difference itself"
)
### END HIDDEN TESTS

# %% [markdown]
# ## Task 3: The smallest code that will do (3 marks)
#
# Somebody needs a mean squared error of at most `target` and wants the smallest code that meets it. They have a table
# of runs, each with its code size, its seed and its error on *validation* images. Two choices are to be made from it:
#
# 1. **The size.** A size meets the target if the *mean* of its errors over the seeds is at most `target`. Choose the
#    smallest size that meets it. Whether larger sizes meet it too does not matter.
# 2. **The run.** Of the runs of that size choose the one with the least error; if several share it, the one of them
#    with the smallest seed.
#
# Write `smallest_code(sizes, seeds, errors, target)`.
#
# - `sizes`, `seeds` and `errors` are arrays of equal length, one entry for each run. The runs come in any order, and
#   some sizes may have more runs than others.
# - It returns the tuple `(size, seed)` of whole numbers, or `None` if no size meets the target.
#
# <details><summary>Hint</summary>
#
# `np.unique(sizes)` gives each size once, smallest first. For one of them, `sizes == size` picks its runs out of all
# three arrays. The last step needs both a comparison with the least error and a minimum over seeds.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smallest_code(sizes, seeds, errors, target):
    """Size and seed of the run to use, or None if no size meets the target."""
    ### BEGIN SOLUTION
    for size in np.unique(sizes):
        of_size = sizes == size
        if errors[of_size].mean() <= target:
            least = errors[of_size].min()
            return int(size), int(seeds[of_size & (errors == least)].min())
    return None
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
small_table = {
    "sizes": np.array([16, 16, 8, 8, 4, 4, 2, 2]),
    "seeds": np.array([5, 9, 5, 9, 5, 9, 5, 9]),
    "errors": np.array([0.125, 0.0625, 0.5, 0.25, 0.25, 0.125, 0.75, 0.125]),
}
if started(smallest_code(**small_table, target=0.2), "Task 3"):
    pick = smallest_code(**small_table, target=0.2)
    assert isinstance(pick, tuple) and len(pick) == 2, f"you return {pick!r}; expected a tuple (size, seed)"
    assert pick[0] != 2, "you chose size 2, of which one run meets the target; its *mean* error has to"
    assert pick[0] != 16, (
        "you chose size 16, but size 4 meets the target, too. That size 8 does not (unlucky runs) makes no difference"
    )
    assert pick[0] == 4, f"you chose size {pick[0]}; expected one of the sizes in the table, here 4 (not an index)"
    assert pick[1] in (5, 9), f"your seed is {pick[1]}; expected one of the seeds in the table, 5 or 9 (not an index)"
    assert pick[1] == 9, "of the two runs of size 4, you chose the one with the larger error"
    exact = smallest_code(**small_table, target=0.1875)
    assert exact is not None and exact[0] == 4, "the mean error of size 4 is exactly 0.1875, and that meets this target"
    assert smallest_code(**small_table, target=0.01) is None, "no size meets a target of 0.01: return None"
    backwards = smallest_code(**{name: column[::-1] for name, column in small_table.items()}, target=0.3)
    assert backwards == (4, 9), "your answer depends on the order of the runs; the order means nothing"
    print("Task 3: the visible checks pass. In the recorded sweep:")
    for target in (0.03, 0.02, 0.01):
        chosen = smallest_code(runs["size"].to_numpy(), runs["seed"].to_numpy(), runs["error"].to_numpy(), target)
        print(
            f"error of at most {target}: " + (f"{chosen[0]} units, seed {chosen[1]}" if chosen else "no size will do")
        )
### BEGIN HIDDEN TESTS
hidden_3 = {
    "sizes": np.array([3, 12, 6, 3, 6, 12, 6, 3, 24]),
    "seeds": np.array([4, 7, 8, 0, 2, 0, 5, 1, 3]),
    "errors": np.array([0.5, 0.25, 0.25, 0.125, 0.25, 0.125, 0.625, 0.5, 0.0625]),
}
assert smallest_code(**hidden_3, target=0.375) == (3, 0), "the choice is not right on another table"
assert smallest_code(**hidden_3, target=0.1875) == (12, 0), "the size is not right on another table"
assert smallest_code(**hidden_3, target=0.0625) == (24, 3), "a size with a single run is a size, too"
assert smallest_code(**hidden_3, target=0.03125) is None, "where no size meets the target, None is expected"
hidden_3["errors"] = np.array([0.5, 0.25, 0.25, 0.125, 0.25, 0.125, 0.25, 0.5, 0.0625])
assert smallest_code(**hidden_3, target=0.25) == (6, 2), "with runs that tie, the choice is not right"
assert smallest_code(**{k: v[::-1] for k, v in hidden_3.items()}, target=0.25) == (6, 2), (
    "with runs that tie, the choice depends on the order of the runs"
)
hidden_3["errors"][[2, 4]] = 0.125, 0.25
assert smallest_code(**hidden_3, target=0.25) == (6, 8), "the run chosen does not have the least error"
### END HIDDEN TESTS

# %% [markdown]
# ## Task 4: Bits, not units (4 marks)
#
# A code is stored or sent as bits, and you decide how many each number gets: fewer bits make it coarser. Here each
# number gets $b$ bits, by *uniform quantisation*. Every code unit $j$ has an interval from $l_j$ to $h_j$, found on
# training images. Divide it into $2^b$ cells of equal width
#
# $$ \Delta_j = \frac{h_j - l_j}{2^b}, \tag{Ex5.4} $$
#
# numbered $k = 0, 1, \dots, 2^b - 1$ from $l_j$ upwards, send the number of the cell that the value lies in, and
# rebuild the value as the cell's *midpoint*. So a value $z$ of unit $j$ becomes
#
# $$ \hat z = l_j + \left( k + \tfrac{1}{2} \right) \Delta_j, \qquad k = \left\lfloor \frac{z - l_j}{\Delta_j} \right\rfloor, \tag{Ex5.5} $$
#
# where $\lfloor \cdot \rfloor$ rounds down, and inside the interval $|\hat z - z| \le \Delta_j / 2$. Three cases need
# care:
#
# - $z = h_j$ belongs to the last cell, number $2^b - 1$;
# - values below $l_j$ or above $h_j$, which images other than the training images may have, go to the nearest cell;
# - a unit with $h_j = l_j$ is constant on the training images; a
#   [dead unit](../../../chapters/glossary.md#dead-unit) of a ReLU code is one, with $l_j = h_j = 0$. Then nothing is
#   sent for it, and every value of it becomes $l_j$.
#
# Write two functions.
#
# - `quantise(codes, low, high, bits)`: `codes` has shape `(n, m)`, `low` and `high` have shape `(m,)` and hold $l_j$
#   and $h_j$, `bits` is $b$, a whole number from 1 to 16. It returns the array of the $\hat z$, shape `(n, m)`, and
#   leaves `codes` as it is.
# - `bits_per_image(low, high, bits)` returns how many bits are sent for one image, as a whole number.
#
# <details><summary>Hint</summary>
#
# `np.floor` and `np.clip` deal with all cells at once. Where the width is 0, divide by 1 instead (`np.where`) and see
# what the rest of your formula makes of it. Which units have to be sent at all?
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
# PCA's codes, whose units are the components, and the intervals of their values on the training images.
train_codes = pca.encode(x_train).astype(np.float64)
code_low, code_high = train_codes.min(axis=0), train_codes.max(axis=0)
validation_codes = pca.encode(x_validation).astype(np.float64)


def error_after(codes, size):
    """Mean squared error on the validation images, rebuilt from their first `size` components as given."""
    return metrics.mean_squared_error(x_validation, pca.decode(np.pad(codes, [(0, 0), (0, 64 - size)]))).mean()


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def quantise(codes, low, high, bits):
    """Codes of shape (n, m), each value replaced by the midpoint of its cell."""
    ### BEGIN SOLUTION
    width = (high - low) / 2**bits
    cells = np.floor((codes - low) / np.where(width > 0, width, 1))
    # Where the width is 0, the midpoint of any cell is `low`.
    return low + (np.clip(cells, 0, 2**bits - 1) + 0.5) * width
    ### END SOLUTION


def bits_per_image(low, high, bits):
    """Bits sent for one image."""
    ### BEGIN SOLUTION
    return int(bits * np.sum(high > low))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
three_codes = np.array([[0.1, -0.9, 0.0], [0.9, 0.3, 0.0], [1.0, 0.8, 0.0]])
three_low, three_high = np.array([0.0, -1.0, 0.0]), np.array([1.0, 1.0, 0.0])
three_given = three_codes.copy()
quantised = quantise(three_given, three_low, three_high, 2)
count = bits_per_image(three_low, three_high, 2)
if started(quantised, "Task 4, quantise"):
    rough = np.asarray(quantised)
    assert rough.shape == (3, 3), (
        f"for codes of shape (3, 3) you return shape {rough.shape}; expected that of the codes"
    )
    assert np.array_equal(three_given, three_codes), (
        "your function changes the codes that it is given; write the result into a new array"
    )
    assert np.isfinite(rough).all(), "the third unit is dead: its cells have no width, and you divide by that width"
    alone = np.asarray(quantise(three_codes[1:2], three_low, three_high, 2))
    assert np.allclose(alone, rough[1:2]), (
        "a code alone becomes something else than among others: take the interval from low and high, not from codes"
    )
    assert not np.allclose(rough[:2, 0], [0.25, 0.75]), (
        "you use one interval for all units; each unit has its own, from low[j] to high[j]"
    )
    assert not np.allclose(rough, np.floor(rough)), "these are the cells' numbers; return the cells' midpoints"
    assert np.allclose(rough[:, 2], 0), "the third unit has high = low = 0, so all of its values should become 0"
    assert rough[2, 0] <= 1, (
        f"1.0, the top of the first unit's interval, becomes {rough[2, 0]}, which lies outside: "
        "the highest cell has number 2**bits - 1"
    )
    assert not np.isclose((rough[:, 0] / 0.25) % 1, 0).any(), (
        "you return edges of cells; return their midpoints: see the ½ in (Ex5.5)"
    )
    assert np.allclose(rough[:, 0], [0.125, 0.875, 0.875]), (
        f"with 2 bits, 0.1, 0.9 and 1.0 in the interval from 0 to 1 become {rough[:, 0]}; "
        "there are 4 cells, and their midpoints are 0.125, 0.375, 0.625 and 0.875"
    )
    assert np.allclose(rough[:, 1], [-0.75, 0.25, 0.75]), (
        f"with 2 bits, -0.9, 0.3 and 0.8 in the interval from -1 to 1 become {rough[:, 1]}; "
        "the midpoints there are -0.75, -0.25, 0.25 and 0.75"
    )
    outside = np.asarray(quantise(np.array([[1.7, -1.2, 0.1]]), three_low, three_high, 2))
    assert np.allclose(outside[0, :2], [0.875, -0.75]), (
        f"the values 1.7 and -1.2 lie outside their intervals and become {outside[0, :2]}; they go to the nearest cell"
    )
    assert np.isclose(outside[0, 2], 0), "nothing is sent for the third unit, so 0.1 should become 0, its low"
    fine = np.asarray(quantise(three_codes, three_low, three_high, 10))
    assert np.abs(fine - three_codes).max() < 0.0011, "with 10 bits no error should exceed half a cell, 1/1024 here"
if started(count, "Task 4, bits_per_image"):
    assert count != 6, "you count three units; the third is dead, and nothing is sent for it"
    assert count not in (8, 16), "you count cells; to send the number of one cell takes `bits` bits"
    assert count == 4, f"two live units of 2 bits each are sent, which is 4 bits; you return {count}"
if quantised is not None and count is not None:
    sent = bits_per_image(code_low[:16], code_high[:16], 4)
    rebuilt = quantise(validation_codes[:, :16], code_low[:16], code_high[:16], 4)
    print("Task 4: the visible checks pass.")
    print(f"16 components as they are: mean squared error {error_after(validation_codes[:, :16], 16):.4f}")
    print(f"16 components of 4 bits, {sent} bits in all:       {error_after(rebuilt, 16):.4f}")
### BEGIN HIDDEN TESTS
hidden_4 = np.random.default_rng(4).normal(size=(50, 6))
hidden_low, hidden_high = np.array([-2.0, 0, -1, 0.5, -3, 0]), np.array([2.0, 0, 3, 0.5, -1, 1])
for bits in (1, 3, 12):
    found = np.asarray(quantise(hidden_4, hidden_low, hidden_high, bits))
    assert found.shape == (50, 6) and np.isfinite(found).all(), (
        "for six units, two of them constant: wrong shape or NaN"
    )
    assert np.allclose(found[:, [1, 3]], [0, 0.5]), "a constant unit should always be rebuilt as its constant"
    for unit in (0, 2, 4, 5):
        cell = (hidden_high[unit] - hidden_low[unit]) / 2**bits
        inside = np.clip(hidden_4[:, unit], hidden_low[unit], hidden_high[unit])
        assert np.abs(found[:, unit] - inside).max() < cell / 2 + 1e-9, f"an error exceeds half a cell with {bits} bits"
        assert np.allclose(((found[:, unit] - hidden_low[unit]) / cell) % 1, 0.5), f"no midpoints with {bits} bits"
assert np.allclose(quantise(hidden_low[None], hidden_low, hidden_high, 1)[0], [-1, 0, 0, 0.5, -2.5, 0.25]), (
    "the lower ends of the intervals should go to the first cells"
)
assert np.allclose(quantise(hidden_high[None], hidden_low, hidden_high, 1)[0], [1, 0, 2, 0.5, -1.5, 0.75]), (
    "the upper ends of the intervals should go to the last cells"
)
assert bits_per_image(hidden_low, hidden_high, 5) == 20, "the bits of six units, two of them constant, are not right"
assert bits_per_image(np.zeros(3), np.zeros(3), 8) == 0, "a code of dead units only needs no bits"
assert bits_per_image(np.zeros(7), np.ones(7), 1) == 7, "the bits of seven units are not right"
rebuilt = quantise(validation_codes[:, :32], code_low[:32], code_high[:32], 2)
assert np.isclose(error_after(rebuilt, 32), 0.03037, rtol=0.01), (
    "PCA codes of 32 numbers, quantised to 2 bits, do not give the error that they should"
)
### END HIDDEN TESTS

# %% [markdown]
# ## Question 1: Where should the bits go? (3 marks)
#
# The *rate* of a quantised code is its bits per image. The figure shows the error of PCA codes of 4 to 64 components
# against it. Each line has four points, from left to right for 1, 2, 4 and 8 bits a number. (The numbers were measured
# beforehand, as the last line of Task 4's check does it; the figure does not depend on your answer.)
#
# 1. In which four ways does the figure spend 64 bits? Put them in order, from the best to the worst.
# 2. The error of a quantised code has two sources. Name both. On which of them do the bits act, and what is left where
#    a line is flat?
# 3. Some points lie above the mean image's line, which needs no bits at all. Explain how a code can be worse than none.
#    (How far are the midpoints of two cells from the values that are most frequent?)

# %% mystnb={"image": {"alt": "Error against bits per image on a base-2 axis, a line of four points for each of 4, 8, 16, 32 and 64 components. Every line falls from 1 to 2 bits a number, the more steeply the more components it has, and is nearly flat from 4 to 8. Lines with more components begin higher and end lower, so they cross. The first points of 16, 32 and 64 components lie above the dashed line of the mean image."}} nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
BITS = (1, 2, 4, 8)
errors_by_size = {
    4: (0.06323, 0.05192, 0.04838, 0.04814),
    8: (0.06383, 0.04400, 0.03829, 0.03791),
    16: (0.07024, 0.03674, 0.02795, 0.02737),
    32: (0.08011, 0.03037, 0.01810, 0.01729),
    64: (0.09154, 0.02590, 0.01036, 0.00935),
}
points = [
    {"components": f"{size} components", "rate": size * bits, "error": error}
    for size, errors_of_size in errors_by_size.items()
    for bits, error in zip(BITS, errors_of_size, strict=True)
]
plots.error_bars(
    pd.DataFrame(points),
    x="rate",
    y="error",
    group="components",
    title="PCA codes of 1, 2, 4 and 8 bits a number (points from left to right)",
    xlabel="rate (bits per image)",
    ylabel="mean squared error, validation images",
    references={"mean image, 0 bits": 0.06726},
    log_x=True,
)

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.**
#
# 1. Best first: 16 components of 4 bits (error about 0.028), 32 of 2 bits (0.030), 8 of 8 bits (0.038), 64 of 1 bit
#    (0.092).
# 2. The discarded components, whose error Task 1 gives for the training images, and the rounding of the kept ones to
#    midpoints, by up to half a cell. Bits act on the rounding alone: each further bit halves the cells, and so takes
#    about three quarters off the rounding's squared error. Where a line is flat, hardly any rounding error is left,
#    only that of the discarded components; more bits are wasted there, and more components are what helps.
# 3. With 1 bit, the two midpoints lie at a quarter and three quarters of the interval. The interval reaches from the
#    least to the greatest of 20,000 values, so it is many standard deviations wide, while most values lie near its
#    middle. These are rebuilt far from where they are. The mean image amounts to rebuilding every value as 0, the mean
#    of the training codes, which is nearer for all but the first few components. Those still gain by their one bit, so
#    4 and 8 components stay below the line; each later component adds more error than leaving it out would.
#
# **Rubric.**
#
# - 1 mark for the four ways in the right order (half a mark if only the best and the worst are right).
# - 1 mark for both sources: half for naming them, half for saying that the bits act on the rounding only, so that
#   where a line is flat the discarded components' error is left.
# - 1 mark for wide cells whose midpoints are further from typical values than their mean is; half a mark for "the
#   cells are too coarse" without the comparison with the mean. A remark that ranges were
#   better chosen narrower, or with cells of unequal width, deserves praise, not marks.
# ### END SOLUTION

# %% [markdown]
# ## Task 5: Half the numbers, less error (3 marks)
#
# In the chapter, autoencoders of 8 to 32 units beat PCA of *equal* size. Beat it with half the numbers: train a dense
# autoencoder whose code has at most 8 units, so that its mean squared error on the validation images is less than that
# of PCA with 16 components. (PCA's reconstructions are clipped to [0, 1] for this, as in the chapter.)
#
# The chapter's recipe, a ReLU code and 128 hidden units on either side, does not get there in five epochs. What to
# change is your choice: everything that `models.dense_autoencoder` and `training.fit` take is allowed, and
# [the reference](../../../chapters/aelib_reference.md) lists it.
#
# - Assign the trained model to `small_model`.
# - Train on `x_train` only, the 20,000 images that PCA was fitted to.
# - Try several settings, choose on the validation images, and leave only the chosen one in the cell. It is run again
#   when your sheet is marked, so it should take half a minute at most.
#
# The hidden check compares your model with PCA on the test images, which chose nothing. A narrow win on validation
# images may be lost there, so aim for an error at least 2 % below PCA's.
#
# <details><summary>Hint</summary>
#
# Recall from the chapter which activation leaves no code unit dead, and what further epochs did to the model of 64
# units. There are two more things to try: smaller batches, which give more steps an epoch, and wider or more hidden
# layers, which let each half bend more. Change one thing at a time; `sweep` of `aelib.experiments` makes a table of it.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "setup-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
def pca_error(x, size):
    """Mean squared error of PCA, clipped."""
    return metrics.mean_squared_error(x, pca_rebuild(x, size).clip(0, 1)).mean()


print(f"PCA, clipped, on validation images: 8 components {pca_error(x_validation, 8):.5f}, ", end="")
print(f"16 components {pca_error(x_validation, 16):.5f}, which is to be beaten")

# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
small_model = None
### BEGIN SOLUTION
small_model = models.dense_autoencoder(8, hidden=(256,), code_activation="linear", seed=0)
history = training.fit(small_model, x_train, epochs=6, batch_size=100, seed=0)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(small_model, "Task 5"):
    assert isinstance(small_model, models.Autoencoder), (
        f"small_model is of type {type(small_model).__name__}; "
        "expected the whole model that models.dense_autoencoder returned, not its history or one of its halves"
    )
    assert small_model.latent_dim <= 8, f"your code has {small_model.latent_dim} units; 8 are allowed"
    small_error = metrics.mean_squared_error(x_validation, predict(small_model, x_validation)).mean()
    seen_error = metrics.mean_squared_error(x_train[:500], predict(small_model, x_train[:500])).mean()
    idle = int((predict(small_model.encoder, x_validation) == 0).all(axis=0).sum())
    to_beat, mean_image_error = pca_error(x_validation, 16), pca_error(x_validation, 0)
    small_result = f"error {small_error:.5f} on validation images, {seen_error:.5f} on the first 500 of x_train"
    assert small_error < to_beat or idle == 0, (
        f"{small_result}; PCA with 16 components has {to_beat:.5f}. {idle} of your units are 0 for every image: "
        "with which activation does that not happen?"
    )
    assert not 0.97 < small_error / mean_image_error < 1.03, (
        f"{small_result}: about as bad as the mean image ({mean_image_error:.5f}), so the code says nothing yet. "
        "Such a start may need many more epochs; another activation, another seed or fewer layers are quicker to try"
    )
    assert small_error < to_beat or small_error < 1.2 * seen_error, (
        f"{small_result}: much worse on images that were not trained on. Train on all of x_train"
    )
    assert small_error < to_beat, (
        f"{small_result}; PCA with 16 components has {to_beat:.5f}. See the hint for what to try"
    )
    print("Task 5: the visible checks pass.")
    print(f"{small_model.latent_dim} units, {idle} of them dead: {small_result}; PCA with 16: {to_beat:.5f}")
### BEGIN HIDDEN TESTS
assert isinstance(small_model, models.Autoencoder) and small_model.latent_dim <= 8, (
    "small_model should be an autoencoder with a code of at most 8 units"
)
hidden_error = metrics.mean_squared_error(mnist.x_test, predict(small_model, mnist.x_test)).mean()
assert hidden_error < pca_error(mnist.x_test, 16), "on the test images PCA with 16 components has less error"
### END HIDDEN TESTS

# %% [markdown]
# ## Question 2: An unfair comparison (2 marks)
#
# A report compares code sizes:
#
# > Dense autoencoders with ReLU codes of 16, 32, 64, 128 and 256 units and hidden layers of 128 units were trained on
# > 50,000 images of MNIST, each for three epochs from seed 0. The error on validation images fell from 16 to 64 units
# > and then stayed where it was. So digits need no more than 64 numbers.
#
# The measurements are right. Give *two different* reasons why the conclusion does not follow from them. For each, say
# in a sentence which further runs or counts would tell whether it matters.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Any two of these:
#
# - *Equal epochs are not equal training.* Larger codes may be further from the end of their training after three
#   epochs; then the curve is flat because of the budget, not the size. Train at least the largest sizes until their
#   validation error stops falling, and compare again.
# - *One seed.* A difference between two sizes, or its absence, may be luck. Repeat every size from several seeds and
#   look at the interval of the difference, as in Task 2.
# - *Units are not live units.* Some units of a ReLU code are dead, and the large codes may hardly be larger than 64 in
#   effect. Count the live units on the training images, or train linear codes.
# - *The hidden layers are narrower than the largest code.* Whatever is in the code of 256 was made from 128 numbers and
#   must pass through 128 again, so the bottleneck lies elsewhere. Widen the hidden layers.
#
# **Rubric.** For each of two different reasons 1 mark: half for the reason, half for runs or counts that would decide
# it. Other reasons count if they bear on this conclusion. (That a number has 32 bits, for instance, bears on
# compression, but not on how many numbers are needed: no mark. No mark either for "it should have been measured on test
# images": validation images are right for choosing a size.)
# ### END SOLUTION
