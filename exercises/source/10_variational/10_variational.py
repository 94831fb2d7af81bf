# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 10: Variational autoencoders
#
# This sheet follows [chapter 10](../../../chapters/10_variational.ipynb). There the prior was a standard normal, the noise
# was Gaussian, and the images were digits. Here you change all three: you compute a divergence between any two Gaussians,
# make another kind of noise differentiable, and measure on clothes what a code tells of its image. And you find out what
# four ways of writing the loss really train.
#
# It takes about 100 minutes. There are twenty marks: fourteen for tasks that are checked automatically, six for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | ---: |
# | Task 1 | the divergence between two Gaussians, in closed form | 3 |
# | Task 2 | sums, means, and the β that they make | 2 |
# | Question 1 | reading what a wrong β does | 3 |
# | Task 3 | noise that is not Gaussian, reparameterised, with its gradients | 3 |
# | Task 4 | a bound from many draws, without overflow | 3 |
# | Task 5 | the density of the aggregate posterior | 3 |
# | Question 2 | when two log-likelihoods may be compared | 3 |
#
# **How to work.** Write in the cells marked *Your code here* and *Your answer here*. Run the cell below a task to
# check it: a check that fails says what is wrong and where to look. No task needs another one's code, so you may
# leave one out. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that everything runs.
# Hidden checks grade the same requirements on other data, so do not write for the numbers that you see.
#
# **Notation.** A Gaussian with independent units is given by two arrays of shape `(n, m)`: `mean`, and `log_variance`,
# the natural logarithm of the *variance* $\sigma^2$. Each row is the Gaussian of one image, each column a code unit.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import data, losses, models, training, variational
from aelib.exercises import started

import numpy as np
import pandas as pd
from scipy import stats

PIXELS, UNITS = 784, 8

clothes = data.load_fashion_mnist()
split = clothes.validation_split(10_000, seed=10)
x_train = variational.binarise(split.x_train[:10_000], seed=10)  # enough for this sheet, and five times as fast
x_validation = variational.binarise(split.x_validation[:1000], seed=11)

# %% [markdown]
# ## Task 1: Between two Gaussians (3 marks)
#
# The prior need not be a standard normal. Write `divergence(mean, log_variance, other_mean, other_log_variance)`: for each
# row the divergence of the first Gaussian $q$ from the second, $p$, in nats, *summed* over code units,
#
# $$ \mathrm{KL}(q \,\Vert\, p) = \mathrm E_q \big[ \ln q(z) - \ln p(z) \big]. \tag{Ex10.1} $$
#
# All four arguments have the shape `(n, m)`; the result has the shape `(n,)`.
#
# <details><summary>Hint</summary>
#
# One unit is enough, since independent units add up. $\ln q(z) = -\tfrac12 \big[ \ln 2\pi + \ln \sigma_q^2 +
# (z - \mu_q)^2 / \sigma_q^2 \big]$, and the same for $p$. Under $q$, what is the expectation of $(z - \mu_q)^2$? For that of
# $(z - \mu_p)^2$, write $z - \mu_p = (z - \mu_q) + (\mu_q - \mu_p)$. With the standard normal as $p$ you must get chapter
# 10's formula back.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def divergence(mean, log_variance, other_mean, other_log_variance):
    """Divergence of the first Gaussian of each row from the second, summed over code units, shape (n,)."""
    ### BEGIN SOLUTION
    difference = other_log_variance - log_variance
    spread = (np.exp(log_variance) + (mean - other_mean) ** 2) / np.exp(other_log_variance)
    return (difference + spread - 1).sum(axis=1) / 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(divergence(*np.zeros((4, 3, 2))), "Task 1"):
    zero = np.zeros((3, 2))
    found = np.asarray(divergence(zero, zero, zero, zero))
    assert found.shape == (3,), f"divergence has shape {found.shape}; it needs (3,): one number for each row"
    assert np.allclose(found, 0), f"equal Gaussians have the divergence {found}, not 0: is there a -1 for each unit?"

    one = np.ones((1, 2))
    found = divergence(2 * one, 0 * one, 0 * one, 0 * one)[0]
    assert not np.isclose(found, 2), "you took the mean over code units; they have to be summed"
    assert not np.isclose(found, 8), "half of that: mind the factor in front of the sum"
    assert np.isclose(found, 4), f"two units of variance 1, means 2 apart: {found:.3f} in place of 4"

    wide = np.log(4.0) * one  # a variance of 4, a standard deviation of 2
    found = divergence(2 * one, 0 * one, 0 * one, wide)[0]
    right = np.log(4.0) + 1 / 4 + 1 - 1
    assert not np.isclose(found, divergence(0 * one, wide, 2 * one, 0 * one)[0]), (
        "both orders give the same: they must not"
    )
    for mistake, why in {
        7 - np.log(4.0): "you have q and p the wrong way round: the variance of p divides",
        np.log(4.0) + 1 / 4 + 4 - 1: "the distance of the means has to be divided by p's variance, too",
        2 * np.log(4.0)
        + 1 / 16
        + 4 / 16
        - 1: "log_variance is the logarithm of the variance, not of the standard deviation",
        np.log(2.0) + 1 / 2 + 2 - 1: "log_variance is the logarithm of the variance: do not halve it in the exponent",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, right), f"a variance of 4 in p, means 2 apart: {found:.3f} in place of {right:.3f}"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert divergence(*np.zeros((4, 3, 2))) is not None, "Task 1 is not done: divergence returns None"
rng = np.random.default_rng(101)
for n, m in ((5, 1), (2, 7)):
    mean, log_variance, other_mean, other_log_variance = rng.normal(size=(4, n, m))
    found = np.asarray(divergence(mean, log_variance, other_mean, other_log_variance))
    assert found.shape == (n,), f"divergence has the wrong shape for {n} rows of {m} units"
    zero = np.zeros((n, m))
    standard = divergence(mean, log_variance, zero, zero)
    assert np.allclose(standard, losses.gaussian_divergence(mean, log_variance)), (
        "with a standard normal as p, divergence is not chapter 10's formula"
    )
    unit = np.exp(-other_log_variance / 2)
    scaled = divergence((mean - other_mean) * unit, log_variance - other_log_variance, zero, zero)
    assert np.allclose(found, scaled), f"divergence is wrong for {n} rows of {m} units: look at how p's variance enters"
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: Which β is it? (2 marks)
#
# Four programs write the loss of the same network, with 784 pixels and $m$ code units. All average over the images of a
# batch. `cross_entropy` holds one number for each pixel, `kl` one for each code unit.
#
# | | reconstruction | added to it |
# | --- | --- | --- |
# | A | `cross_entropy.sum(axis=1)` | `kl.mean(axis=1)` |
# | B | `cross_entropy.mean(axis=1)` | `kl.sum(axis=1)` |
# | C | `cross_entropy.mean(axis=1)` | `kl.sum(axis=1) / 784` |
# | D | `cross_entropy.mean(axis=1)` | `kl.mean(axis=1)` |
#
# Up to a constant factor, each minimises $\text{cross-entropy} + \beta \cdot \mathrm{KL}$, *both summed*. Write two
# functions.
#
# - `beta_of(reconstruction, divergence, factor, pixels, units)` gives that $\beta$. The first two arguments are `"sum"` or
#   `"mean"`, as in the table; `factor` is what the second term is multiplied by, for instance 1/784 in program C.
# - `factor_for(beta, reconstruction, divergence, pixels, units)` gives the factor with which a program has the $\beta$
#   that you want.
#
# <details><summary>Hint</summary>
#
# A mean over pixels is the sum, divided by `pixels`. Write the loss as $a \cdot$ (summed cross-entropy) $+\ b \cdot$
# (summed KL), and take $a$ out of it.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def beta_of(reconstruction, divergence, factor, pixels, units):
    """The weight of the summed divergence against the summed cross-entropy, a number."""
    ### BEGIN SOLUTION
    first = 1 / pixels if reconstruction == "mean" else 1
    second = factor / units if divergence == "mean" else factor
    return second / first
    ### END SOLUTION


def factor_for(beta, reconstruction, divergence, pixels, units):
    """What the second term has to be multiplied by for this beta, a number."""
    ### BEGIN SOLUTION
    return beta / beta_of(reconstruction, divergence, 1, pixels, units)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
PROGRAMS = {
    "A": ("sum", "mean", 1),
    "B": ("mean", "sum", 1),
    "C": ("mean", "sum", 1 / PIXELS),
    "D": ("mean", "mean", 1),
}
if started(beta_of("sum", "sum", 1, PIXELS, UNITS), "Task 2, beta_of") and started(
    factor_for(1, "sum", "sum", PIXELS, UNITS), "Task 2, factor_for"
):
    found = {name: beta_of(*program, PIXELS, UNITS) for name, program in PROGRAMS.items()}
    assert not np.isclose(found["B"], 1 / PIXELS), "program B: upside down. Dividing the cross-entropy raises β"
    assert np.isclose(found["B"], PIXELS), f"program B: β is {found['B']:.6g}, not {PIXELS}"
    assert np.isclose(found["C"], 1), f"program C: β is {found['C']:.6g}, not 1: does your factor count?"
    assert not np.isclose(found["A"], UNITS), "program A: a mean over code units makes the divergence count less"
    assert np.isclose(found["A"], 1 / UNITS), f"program A: β is {found['A']:.6g}, not 1/{UNITS}"
    assert np.isclose(found["D"], PIXELS / UNITS), (
        f"program D: both are means; β is {found['D']:.6g}, not {PIXELS / UNITS}"
    )
    factor = factor_for(1, "mean", "sum", PIXELS, UNITS)
    assert np.isclose(factor, 1 / PIXELS), f"for β = 1 program B needs the factor 1/{PIXELS}, not {factor:.6g}"
    factor = factor_for(4, "mean", "sum", PIXELS, UNITS)
    assert np.isclose(factor, 4 / PIXELS), f"for β = 4 program B needs four times as much, 4/{PIXELS}, not {factor:.6g}"
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [beta_of("sum", "sum", 1, 5, 2), factor_for(1, "sum", "sum", 5, 2)]
assert all(value is not None for value in done), "Task 2 is not done: a function returns None"
for pixels, units in ((100, 20), (3072, 1)):
    for over_pixels, a in (("sum", 1), ("mean", 1 / pixels)):
        for over_units, b in (("sum", 1), ("mean", 1 / units)):
            where = f"{over_pixels} over {pixels} pixels, {over_units} over {units} code units"
            assert np.isclose(beta_of(over_pixels, over_units, 0.3, pixels, units), 0.3 * b / a), f"beta_of: {where}"
            factor = factor_for(2.5, over_pixels, over_units, pixels, units)
            assert np.isclose(factor, 2.5 * a / b), f"factor_for: {where}"
### END HIDDEN TESTS

# %% [markdown]
# The next cell trains the four programs on 10,000 binarised images of clothes, with eight code units. The table holds,
# for 1,000 binarised validation images, the two sums in nats, minus the evidence lower bound (both terms with weight
# 1), and how many of the eight code units are active. A unit counts as active if the variance of its mean over images
# exceeds 0.01. The last row is a decoder that ignores its code, and gives the mean training image for every image.

# %% nbgrader={"grade": false, "grade_id": "setup-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
network = models.variational_autoencoder(UNITS, seed=0)
start = network.get_weights()
rows, trained_weights = {}, {}
for program, beta in {"A": 1 / UNITS, "B": PIXELS, "C": 1, "D": PIXELS / UNITS}.items():
    network.set_weights(start)
    network.beta = beta
    training.fit(network, x_train, epochs=8, batch_size=100, seed=0)
    expected, kl = variational.bound_terms(network, x_validation, seed=0)
    active = int((variational.gaussians(network, x_validation)[0].var(axis=0) > 0.01).sum())
    rows[program] = [-expected.mean(), kl.mean(), (kl - expected).mean(), active]
    trained_weights[program] = network.get_weights()
mean_image = np.repeat(x_train.mean(axis=0, dtype=np.float64)[None], len(x_validation), axis=0)
alone = losses.binary_crossentropy(x_validation, mean_image).mean()
rows["mean image"] = [alone, 0, alone, 0]
columns = ["cross-entropy", "KL", "minus the bound", "active units"]
pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(1)

# %% [markdown]
# ## Question 1: Four programs, one network (3 marks)
#
# Read the table. Write four to eight sentences.
#
# 1. Programs B and D have rows that look much alike. Which row did you know before any training, and why do they end there?
#    Take B: what does its code tell of an image, what do its reconstructions look like, and why does training not get out of
#    this?
# 2. Which program has the smallest cross-entropy, and which the best bound? Why are these two not the same?
# 3. A fellow student has program A and draws codes from the standard normal to make clothes. What should worry them,
#    although all their reconstructions are good?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Both are near the row of the mean image: KL is 0 and no unit is active. With β = 784 a nat of
# divergence costs as much as 784 nats of cross-entropy, and no code unit saves nearly that much, so every Gaussian
# becomes the prior; β = 98, in D, is still too much. Then the code is noise that says nothing of the image, the decoder
# learns to ignore it, and the best single answer for all images is the mean image. It is a minimum of that loss, not a
# failure to train: any code that carries information would raise the loss. Program A has the smallest cross-entropy,
# since its divergence costs only an eighth and it may use its code freely. Program C has the best bound, for C alone
# was trained on the bound; A pays for its smaller cross-entropy with more divergence than it saves. With program A the
# Gaussians are narrow and far from the prior, so that the mixture of them need not fill the prior. Codes drawn from the
# standard normal then lie where the decoder was seldom or never trained, and may be decoded to things that are no
# clothes; good reconstructions use other codes and say nothing about this.
#
# **Rubric.**
#
# - 1 mark for the row of the mean image (half a mark) with the reason: a nat of information costs more than it saves, so
#   the code is the prior for all images (half a mark).
# - 1 mark for A and C (half a mark), and for the reason: C is trained on the bound, A on something that
#   counts the divergence less (half a mark).
# - 1 mark for the argument that the codes of images need not be where the prior draws, so that the decoder has not been
#   trained there.
# ### END SOLUTION

# %% [markdown]
# ## Task 3: Other noise (3 marks)
#
# A code unit may have a *logistic* distribution in place of a Gaussian, with a location $a$ and a scale $s > 0$. If $u$ is
# drawn evenly from (0, 1), then
#
# $$ z = a + s \ln \frac{u}{1 - u} \tag{Ex10.2} $$
#
# has that distribution. The encoder would give $a$ and $\ln s$. Write two functions; all arrays have the shape `(n, m)`.
#
# - `draw(location, log_scale, u)` gives $z$.
# - `pull_back(upstream, log_scale, u)` gives the pair of gradients of a loss $L$ with respect to `location` and
#   `log_scale`, where `upstream` is $\partial L / \partial z$.
#
# <details><summary>Hint</summary>
#
# The noise $u$ is fixed, so (Ex10.2) is an ordinary function of $a$ and $\ln s$, unit by unit. Mind that the second
# argument is $\ln s$, not $s$: what is the derivative of $s = e^{\ln s}$ with respect to $\ln s$? Then the chain rule.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def draw(location, log_scale, u):
    """Codes with a logistic distribution, from noise u in (0, 1), shape (n, m)."""
    ### BEGIN SOLUTION
    return location + np.exp(log_scale) * np.log(u / (1 - u))
    ### END SOLUTION


def pull_back(upstream, log_scale, u):
    """Gradients with respect to location and log_scale, a pair of arrays of shape (n, m)."""
    ### BEGIN SOLUTION
    return 1.0 * upstream, upstream * np.exp(log_scale) * np.log(u / (1 - u))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
u = np.full((2, 3), 0.75)  # the logarithm of 0.75 / 0.25 is ln 3
if started(draw(np.zeros((2, 3)), np.zeros((2, 3)), u), "Task 3, draw") and started(
    pull_back(np.ones((2, 3)), np.zeros((2, 3)), u), "Task 3, pull_back"
):
    location, log_scale = np.full((2, 3), 5.0), np.full((2, 3), np.log(2.0))
    found = np.asarray(draw(location, log_scale, u))
    assert found.shape == (2, 3), f"draw gives shape {found.shape}; it needs that of its arguments, (2, 3)"
    assert not np.allclose(found, 5 + np.log(2) * np.log(3)), "log_scale is the logarithm of the scale: take exp first"
    assert not np.allclose(found, 5 - 2 * np.log(3)), "upside down: u above one half has to move z upwards"
    assert not np.allclose(found, 5 + np.sqrt(2) * np.log(3)), "log_scale is ln s, not the logarithm of a variance"
    assert np.allclose(found, 5 + 2 * np.log(3)), f"draw gives {found[0, 0]:.4f}; it has to be 5 + 2 ln 3"
    pair = pull_back(3 * np.ones((2, 3)), log_scale, u)
    assert len(pair) == 2, f"pull_back gives {len(pair)} things; it needs two, for location and for log_scale"
    to_location, to_scale = (np.asarray(part) for part in pair)
    assert to_location.shape == to_scale.shape == (2, 3), "both gradients need the shape (2, 3): do not sum"
    assert not np.allclose(to_location, 1), "you left out upstream: the chain rule multiplies by it"
    assert np.allclose(to_location, 3), "moving the location moves z by as much: its gradient is upstream"
    assert not np.allclose(to_scale, 3 * np.log(3)), "that is the gradient for s; the argument is ln s"
    assert np.allclose(to_scale, 6 * np.log(3)), f"the second gradient is {to_scale[0, 0]:.4f}, not {6 * np.log(3):.4f}"
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
half = np.full((1, 1), 0.5)
assert draw(half, half, half) is not None and pull_back(half, half, half) is not None, "Task 3: a function returns None"
rng = np.random.default_rng(103)
location, log_scale, upstream = rng.normal(size=(3, 4, 2))
u = rng.uniform(0.01, 0.99, (4, 2))
z = draw(location, log_scale, u)
assert np.allclose(stats.logistic.cdf(z, location, np.exp(log_scale)), u), "draw: z has not the logistic distribution"
to_location, to_scale = pull_back(upstream, log_scale, u)
h = 1e-6
for found, step, name in ((to_location, (h, 0), "location"), (to_scale, (0, h), "log_scale")):
    up = draw(location + step[0], log_scale + step[1], u)
    down = draw(location - step[0], log_scale - step[1], u)
    numerical = upstream * (up - down) / (2 * h)
    assert np.allclose(found, numerical, atol=1e-6), f"the gradient for {name} does not agree with finite differences"
### END HIDDEN TESTS

# %% [markdown]
# ## Task 4: A bound from many draws (3 marks)
#
# You have `log_weights`, shape `(n, m)`: for each of $n$ images the logarithms of $m$ importance weights $w$. Write
# `grouped_bound(log_weights, k)`, which estimates the [importance-weighted
# bound](../../../chapters/glossary.md#importance-weighted-bound) of $k$ draws, for $k$ from 1 to $m$, in this way:
# divide the $m$ columns, in their order, into groups of $k$; in each group take the logarithm of the *mean* weight; for
# each image take the mean of that over its groups. The result has the shape `(n,)`. Columns that are left over at the
# end are not used.
#
# The weights themselves are as small as $e^{-800}$, which a computer rounds to 0. Your function has to be right for these,
# too.
#
# <details><summary>Hint</summary>
#
# How many groups are there? `log_weights[:, : groups * k].reshape(...)` can make them an axis of their own: which shape?
# For any number $c$, $\ln \sum_i w_i = c + \ln \sum_i e^{\ln w_i - c}$. A good $c$ is the largest $\ln w_i$ of the group;
# `keepdims=True` keeps the shapes in order. `scipy.special.logsumexp` does the same.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def grouped_bound(log_weights, k):
    """The bound of k draws for each image, averaged over groups of k columns, shape (n,)."""
    ### BEGIN SOLUTION
    n, m = log_weights.shape
    groups = log_weights[:, : m // k * k].reshape(n, m // k, k)
    largest = groups.max(axis=2, keepdims=True)
    each = largest[..., 0] + np.log(np.exp(groups - largest).mean(axis=2))
    return each.mean(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(grouped_bound(np.zeros((2, 4)), 2), "Task 4"):
    few = np.log([[1.0, 3.0, 5.0, 15.0, 99.0], [2.0, 2.0, 4.0, 4.0, 1.0]])
    found = np.asarray(grouped_bound(few, 2))
    assert found.shape == (2,), f"grouped_bound has shape {found.shape}; it needs (2,): one number for each image"
    right = np.array([(np.log(2) + np.log(10)) / 2, (np.log(2) + np.log(4)) / 2])
    for mistake, why in {
        np.log(4) + np.log(20): "you added the weights of a group; the bound has their mean",
        (np.log(4) + np.log(20)) / 2: "you added the weights of a group; the bound has their mean",
        np.log([1, 3, 5, 15]).sum()
        / 4: "you took the mean of the logarithms in a group; take the logarithm of the mean",
        np.log(2): "you used the first group only: take the mean over all groups",
        np.log(6): "you averaged the weights of all groups before the logarithm: that is the bound of 4 draws",
        (np.log(3) + np.log(9))
        / 2: "your groups mix the columns: columns 0 and 1 are the first group, 2 and 3 the second",
    }.items():
        assert not np.isclose(found[0], mistake), why
    assert np.allclose(found, right), (
        f"for this example grouped_bound gives {found.round(4)} in place of {right.round(4)}"
    )
    tiny = grouped_bound(few - 800, 2)
    assert np.isfinite(tiny).all(), (
        f"for weights near e^-800 you get {tiny}: never take exp of the log-weights as they are"
    )
    assert np.allclose(tiny, right - 800), "weights smaller by e^-800 have to give a bound smaller by 800"
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert grouped_bound(np.zeros((2, 4)), 2) is not None, "Task 4 is not done: grouped_bound returns None"
rng = np.random.default_rng(104)
weights = rng.normal(0, 3, (6, 13))
for k in (1, 3, 6, 13):
    parts = [weights[:, first : first + k] for first in range(0, 13 - k + 1, k)]
    expected = np.mean([np.log(np.exp(part).mean(axis=1)) for part in parts], axis=0)
    found = grouped_bound(weights, k)
    assert np.shape(found) == (6,), f"grouped_bound has the wrong shape for k = {k} of 13 draws"
    assert np.allclose(found, expected), f"grouped_bound is wrong for k = {k} of 13 draws"
    assert np.allclose(grouped_bound(weights + 900, k), expected + 900), (
        "grouped_bound: not right for very large weights"
    )
    assert np.allclose(grouped_bound(weights - 900, k), expected - 900), (
        "grouped_bound: not right for very small weights"
    )
### END HIDDEN TESTS

# %% [markdown]
# With your function, the bound of program C's network for 200 validation images, from the same 120 draws each:

# %% nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
network.set_weights(trained_weights["C"])
log_weights = variational.log_weights(network, x_validation[:200], samples=120, seed=4)
if grouped_bound(log_weights, 1) is not None:
    print(pd.Series({k: grouped_bound(log_weights, k).mean() for k in (1, 2, 10, 60, 120)}, name="nats").round(2))

# %% [markdown]
# ## Task 5: Where all the codes are (3 marks)
#
# The [aggregate posterior](../../../chapters/glossary.md#aggregate-posterior) of $n$ images is the mixture of their
# Gaussians. Write `log_mixture(z, mean, log_variance)`, the natural logarithm of its density
#
# $$ q(z) = \frac1n \sum_{i=1}^n \prod_{k=1}^m \frac{1}{\sqrt{2 \pi \sigma_{ik}^2}}
#    \exp\!\Big( -\frac{(z_k - \mu_{ik})^2}{2 \sigma_{ik}^2} \Big) \tag{Ex10.3} $$
#
# at each row of `z`, shape `(r, m)`. `mean` and `log_variance` have the shape `(n, m)`, the result `(r,)`. It has to be
# right, too, where the density is too small for a computer's numbers.
#
# <details><summary>Hint</summary>
#
# First the logarithm of each Gaussian's density at each row of `z`: an array of shape `(r, n)`. `z[:, None] - mean[None]`
# has shape `(r, n, m)`; over which axis do the units add up? Then the logarithm of a mean of exponentials over the images,
# as in Task 4.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def log_mixture(z, mean, log_variance):
    """Logarithm of the aggregate posterior's density at each row of z, shape (r,)."""
    ### BEGIN SOLUTION
    distance = (z[:, None] - mean[None]) ** 2 / np.exp(log_variance)[None]
    each = -(distance + log_variance[None] + np.log(2 * np.pi)).sum(axis=2) / 2
    largest = each.max(axis=1)
    return largest + np.log(np.exp(each - largest[:, None]).mean(axis=1))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(log_mixture(np.zeros((1, 2)), np.zeros((3, 2)), np.zeros((3, 2))), "Task 5"):
    spots = np.array([[0.0, 0.0], [1.0, -2.0]])
    found = np.asarray(log_mixture(spots, np.zeros((3, 2)), np.zeros((3, 2))))
    assert found.shape == (2,), f"log_mixture has shape {found.shape}; it needs (2,): one number for each row of z"
    right = stats.norm.logpdf(spots).sum(axis=1)
    assert not np.allclose(found, right + np.log(3)), "three equal Gaussians: you added them; the mixture is their mean"
    assert not np.allclose(found, right + np.log(2 * np.pi)), (
        "the factor with 2π is missing: it stands there for each unit"
    )
    assert np.allclose(found, right), f"three standard normals: {found.round(4)} in place of {right.round(4)}"
    two, log_variance = np.array([[0.0, 0.0], [4.0, 0.0]]), np.log([[1.0, 1.0], [4.0, 9.0]])
    found = log_mixture(np.array([[1.0, 1.0]]), two, log_variance)[0]
    each = stats.norm.logpdf(np.ones((2, 2)), two, np.exp(log_variance / 2)).sum(axis=1)
    assert not np.isclose(found, each.mean()), "you took the mean of the logarithms; take the logarithm of the mean"
    without = np.log(np.exp(each + log_variance.sum(axis=1) / 2).mean())
    assert not np.isclose(found, without), "each Gaussian has its own factor in front: 1 over the root of its variance"
    assert np.isclose(found, np.log(np.exp(each).mean())), (
        "for Gaussians of different variances the density is not right"
    )
    far = log_mixture(np.array([[90.0, 0.0]]), two[:1], 0 * two[:1])[0]
    assert np.isclose(far, -4050 - np.log(2 * np.pi)), f"far out you get {far}; take the largest exponent out first"
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert log_mixture(np.zeros((1, 2)), np.zeros((3, 2)), np.zeros((3, 2))) is not None, "Task 5: log_mixture returns None"
rng = np.random.default_rng(105)
for r, n, m in ((4, 7, 3), (6, 1, 1), (1, 5, 8)):
    z, mean, log_variance = rng.normal(size=(r, m)), rng.normal(size=(n, m)), rng.normal(size=(n, m))
    each = np.array([[stats.norm.logpdf(row, a, np.exp(v / 2)).sum() for a, v in zip(mean, log_variance)] for row in z])
    found = log_mixture(z, mean, log_variance)
    assert np.shape(found) == (r,), f"log_mixture has the wrong shape for {r} rows and {n} Gaussians of {m} units"
    assert np.allclose(found, np.log(np.exp(each).mean(axis=1))), f"log_mixture is wrong for {n} Gaussians of {m} units"
    shifted = log_mixture(z + 200, mean, log_variance)
    assert np.isfinite(shifted).all(), "log_mixture: not a finite number far from all Gaussians"
### END HIDDEN TESTS

# %% [markdown]
# With your function the next cell splits the average divergence of programs A and C, as chapter 10 does in equation
# (10.6): into what a code tells of its image, and what the mixture lacks of the prior. It does so for 10, 100 and 1,000
# images. Compare the information with the logarithm of their number. To know which of $n$ images it was is worth $\ln n$
# nats and no more; the rest of the divergence is lack, whatever the network.


# %% nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
def split_divergence(program, n):
    """The three numbers of chapter 10's equation (10.6) for the first n images, None until Task 5 is done."""
    network.set_weights(trained_weights[program])
    mean, log_variance = variational.gaussians(network, x_validation[:n])
    rng = np.random.default_rng(0)
    z = mean + np.exp(log_variance / 2) * rng.standard_normal(mean.shape)
    if log_mixture(z[:2], mean, log_variance) is None:
        return None
    own = stats.norm.logpdf(z, mean, np.exp(log_variance / 2)).sum(axis=1)
    information = (own - log_mixture(z, mean, log_variance)).mean()
    average = losses.gaussian_divergence(mean, log_variance).mean()
    return {"ln n": np.log(n), "divergence": average, "information": information, "lack": average - information}


found = {(f"program {program}", n): split_divergence(program, n) for program in ("A", "C") for n in (10, 100, 1000)}
if None not in found.values():
    print(pd.DataFrame.from_dict(found, orient="index").rename_axis(["program", "images"]).round(2))

# %% [markdown]
# ## Question 2: May these be compared? (3 marks)
#
# A fellow student trains a variational autoencoder with ten code units on grey Fashion-MNIST, with binary cross-entropy. At
# the end Keras prints a loss of 0.29 on test images. The student writes: "Summed over 784 pixels that is 227 nats, so the
# log-likelihood is −227. Published variational autoencoders reach about −87 on MNIST. So ours is worse, but when we use
# 20 code units and pick the best of ten epochs by the test loss, we get −225, so we are getting there."
#
# Name **three** different reasons why this is wrong or says nothing, with a sentence or two for each on what ought to be done
# in its place.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Any three of these. (a) The images are grey. With grey pixels, minus the cross-entropy is not the
# logarithm of anything that adds up to 1, so it is no log-likelihood of these images. (Minus the loss bounds only the
# average log-likelihood of black and white images tossed from them.) Binarise the images, or use a density for grey
# values such as the continuous Bernoulli. (b) The data differ: clothes have far more grey and white pixels than digits,
# so even a perfect model has another best value; compare on the same images, binarised in the same way. (c) A loss is
# minus a lower bound, averaged over pixels, and perhaps with a β that is not 1; the log-likelihood is at least the
# bound, not equal to it. Say how many draws, and that it is a bound; check β. (d) The number to compare with was
# estimated with 5,000 importance-weighted draws, which is a tighter bound than one draw. Use as many, or name both. (e)
# Epoch and code size were chosen by the test loss: that makes test images part of training. Choose on validation
# images, and report test images once. (f) A difference of 2 nats needs a standard error or several seeds.
#
# **Rubric.** 1 mark for each reason with a remedy, up to 3. Half a mark for a reason without one. Reasons must be
# different: "other data" and "grey data" are two, "one draw" and "a bound" are two only if tightness is explained.
# ### END SOLUTION

# %% [markdown]
# Before you hand in: *Kernel → Restart Kernel and Run All Cells*, and see that every check passes.
