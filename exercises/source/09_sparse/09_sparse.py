# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 9: Sparse autoencoders
#
# This sheet follows [chapter 9](../../../chapters/09_sparse.ipynb). There an encoder had to guess which units to turn
# on. Here there is none: you find the best sparse code of each image by yourself, let a decoder learn from your codes,
# undo what the penalty did to them, and number all sets of active units. The images are small ones, cut out of clothes.
#
# It takes about 110 minutes. There are twenty marks: fourteen for tasks that are checked automatically, six for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | ---: |
# | Task 1 | the largest values, whatever their sign, and ties | 2 |
# | Task 2 | the KL penalty's gradient, derived and checked | 3 |
# | Task 3 | the best sparse code for given atoms | 3 |
# | Question 1 | reading atoms that were learnt from sparse codes | 3 |
# | Task 4 | undoing shrinkage, by one factor and unit by unit | 3 |
# | Question 2 | what the objective says, and what it does not | 3 |
# | Task 5 | a number for every set of active units, and back | 3 |
#
# **How to work.** Write in the cells marked *Your code here* and *Your answer here*. Run the cell below a task to
# check it: a check that fails says what is wrong and where to look. No task needs another one's code, so you may
# leave one out. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that everything runs.
# Hidden checks grade the same requirements on other data, so do not write for the numbers that you see.
#
# **Notation.** `x` has shape `(n, p)`: $n$ images of $p$ pixels. `codes` has shape `(n, m)`: a row $z$ for each image,
# with $m$ units, whose values may be *negative* here. `atoms` has shape `(m, p)`: row $w_j$ is the
# [atom](../../../chapters/glossary.md#atom) of unit $j$, of length 1. There is no sigmoid: the reconstruction is
# $\hat x = \sum_j z_j w_j$, in NumPy `codes @ atoms`.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import itertools
import math

from aelib import data, plots
from aelib.exercises import started

import numpy as np
import pandas as pd

SIDE, UNITS = 7, 96


def patches(images, count, seed):
    """Squares of 7 by 7 pixels cut out of the images, less their mean, without those that show next to nothing."""
    cut = images.reshape(-1, 4, SIDE, 4, SIDE).swapaxes(2, 3).reshape(-1, SIDE * SIDE).astype(np.float64)
    cut -= cut.mean(axis=1, keepdims=True)
    cut = cut[cut.std(axis=1) > 0.1]
    return np.random.default_rng(seed).permutation(cut)[:count]


split = data.load_fashion_mnist().validation_split(10_000, seed=9)
x_train = patches(split.x_train[:2000], 4000, seed=9)
x_validation = patches(split.x_validation[:500], 500, seed=10)
first_atoms = x_train[:UNITS] / np.linalg.norm(x_train[:UNITS], axis=1, keepdims=True)
print(f"{len(x_train)} patches for learning, {len(x_validation)} for validation, {UNITS} atoms of {SIDE * SIDE} pixels")

# %% [markdown]
# ## Task 1: The largest, whatever their sign (2 marks)
#
# Chapter 9's top-k keeps the largest *values*, and where several tie for the last place it keeps all of them. Write
# `largest(codes, k)`, which differs in both: in each row it keeps the $k$ values that are largest in *absolute value*,
# with their signs, and sets all others to 0. It keeps exactly $k$: of values that tie, those of the units with the
# lower numbers. The result has the shape of `codes`; $k$ is at least 1 and at most the number of units.
#
# <details><summary>Hint</summary>
#
# A threshold cannot tell ties apart; an order can. `np.argsort(..., axis=1, kind="stable")` sorts upwards and leaves
# values that tie in the order in which they stood. What do you have to sort so that the largest come first?
# `np.take_along_axis` and `np.put_along_axis` read and write one set of columns for each row.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def largest(codes, k):
    """The codes with all but the k values of largest absolute value in each row at zero, shape (n, m)."""
    ### BEGIN SOLUTION
    order = np.argsort(-np.abs(codes), axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, order, np.take_along_axis(codes, order, axis=1), axis=1)
    return kept
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(largest(np.array([[1.0, 2.0]]), 1), "Task 1"):
    example = np.array([[0.5, -3.0, 1.0, 2.0], [0.1, 0.0, -0.3, 0.2]])
    found = np.asarray(largest(example, 2))
    assert found.shape == (2, 4), (
        f"largest gives shape {found.shape}; it needs that of the codes, (2, 4): zeros stay in"
    )
    assert found[1].any(), "row 1 has lost all its values: look for the largest in each row, not in the whole array"
    assert not np.isclose(found[0, 0], 0.5), "you kept the smallest values: the order is the wrong way round"
    assert not np.isclose(found[0, 2], 1.0), "you kept 1.0 in place of -3.0: compare absolute values"
    assert not np.isclose(found[0, 1], 3.0), "-3.0 became 3.0: compare absolute values, but keep the values as they are"
    right = np.array([[0, -3.0, 0, 2.0], [0, 0, -0.3, 0.2]])
    assert np.allclose(found, right), (
        f"of the values {example[0]} the two largest are -3 and 2, not those in {found[0]}"
    )

    ties = np.array([[1.0, -2.0, 2.0, 2.0, 0.0]])
    found = np.asarray(largest(ties, 2))
    assert (found != 0).sum() == 2, (
        f"of {ties[0]} you kept {(found != 0).sum()} values, not 2: a threshold cannot tell ties apart"
    )
    assert np.allclose(found, [[0, -2.0, 2.0, 0, 0]]), (
        f"of {ties[0]} you kept {found[0]}: of values that tie, the units with the lower numbers stay"
    )
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert largest(np.array([[1.0, 2.0]]), 1) is not None, "Task 1 is not done: largest returns None"
rng = np.random.default_rng(91)
for n, m, k in ((30, 12, 5), (4, 6, 6), (1, 9, 1)):
    several = rng.integers(-4, 5, (n, m)).astype(float)
    found = np.asarray(largest(several, k))
    assert found.shape == (n, m), f"largest gives the wrong shape for {n} rows of {m} units"
    for row, kept in zip(several, found):
        chosen = sorted(range(m), key=lambda unit: (-abs(row[unit]), unit))[:k]
        expected = np.where(np.isin(np.arange(m), chosen), row, 0)
        assert np.allclose(kept, expected), f"largest is wrong for k = {k}: of {row} it keeps {kept}"
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: The push on a sigmoid unit (3 marks)
#
# A layer of sigmoid units gets the inputs $a_{ij}$ (image $i$, unit $j$) and gives $z_{ij} = 1 / (1 + e^{-a_{ij}})$.
# Its KL penalty, with weight 1, is chapter 9's
#
# $$ P = \sum_{j=1}^{m} \Big[ \rho \ln \frac{\rho}{\hat\rho_j} + (1 - \rho) \ln \frac{1 - \rho}{1 - \hat\rho_j} \Big],
#    \qquad \hat\rho_j = \frac1n \sum_{i=1}^{n} z_{ij}. \tag{Ex9.1} $$
#
# Write two functions; `inputs` holds the $a_{ij}$, shape `(n, m)`, and `target` is $\rho$.
#
# - `kl_penalty(inputs, target)` gives $P$, one number.
# - `kl_gradient(inputs, target)` gives $\partial P / \partial a_{ij}$, shape `(n, m)`, by a formula that you derive,
#   not by differences.
#
# <details><summary>Hint</summary>
#
# A chain of three steps: how $P$ depends on $\hat\rho_j$, how $\hat\rho_j$ depends on one $z_{ij}$, how $z_{ij}$
# depends on $a_{ij}$. The first is the same for all images, the second the same for everything. Where is the first 0?
# For the third, the sigmoid's slope can be written with its own value.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kl_penalty(inputs, target):
    """The KL penalty of sigmoid units with these inputs, a number."""
    ### BEGIN SOLUTION
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return (target * np.log(target / mean) + (1 - target) * np.log((1 - target) / (1 - mean))).sum()
    ### END SOLUTION


def kl_gradient(inputs, target):
    """The penalty's gradient with respect to the inputs, shape (n, m)."""
    ### BEGIN SOLUTION
    z = 1 / (1 + np.exp(-inputs))
    mean = z.mean(axis=0)
    by_mean = -target / mean + (1 - target) / (1 - mean)
    return by_mean / len(inputs) * z * (1 - z)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
values = np.array([[0.1, 0.5], [0.3, 0.9]])  # what the sigmoid gives; the means of the units are 0.2 and 0.7
inputs = np.log(values / (1 - values))
if started(kl_penalty(inputs, 0.1), "Task 2, kl_penalty") and started(kl_gradient(inputs, 0.1), "Task 2, kl_gradient"):
    found = kl_penalty(inputs, 0.1)
    assert np.ndim(found) == 0, f"kl_penalty gives an array of shape {np.shape(found)}; it needs a single number"
    assert np.isfinite(found), "kl_penalty is not finite: did the inputs go through the sigmoid?"

    def coins(first, second):
        return first * np.log(first / second) + (1 - first) * np.log((1 - first) / (1 - second))

    means, right = np.array([0.2, 0.7]), coins(0.1, 0.2) + coins(0.1, 0.7)
    for mistake, why in {
        right / 2: "you took the mean over units; they have to be summed",
        coins(means, 0.1).sum(): "you have target and mean the wrong way round: the target comes first",
        coins(0.1, values).sum() / 2: "you compared each image with the target; first take the mean over images",
        coins(0.1, values).sum(): "you compared each image with the target; first take the mean over images",
        coins(0.1, values.mean()): "one mean for all; each unit has its own, over the images: axis=0",
        coins(
            0.1, values.mean(axis=1)
        ).sum(): "you took the mean over units; each unit has its mean over images: axis=0",
        (0.1 * np.log(0.1 / means)).sum(): "half of it is missing: units that are off count, too",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, right), f"kl_penalty gives {found:.4f} in place of {right:.4f}"

    found = np.asarray(kl_gradient(inputs, 0.1))
    assert found.shape == (2, 2), f"kl_gradient has shape {found.shape}; it needs that of the inputs, (2, 2)"
    h, numerical = 1e-5, np.zeros((2, 2))
    for place in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[place] = h
        numerical[place] = (kl_penalty(inputs + step, 0.1) - kl_penalty(inputs - step, 0.1)) / (2 * h)
    slope = values * (1 - values)
    for mistake, why in (
        (-numerical, "the signs are the wrong way round: a unit above its target has to be pushed down"),
        (2 * numerical, "each image has a share of 1/n in its unit's mean: that factor is missing"),
        (numerical / slope, "this is the gradient for z; go on through the sigmoid, to its inputs"),
        (numerical / slope * means * (1 - means), "the sigmoid's slope belongs to each image's own value"),
    ):
        assert not np.allclose(found, mistake), why
    assert np.allclose(found, numerical, atol=1e-6), (
        f"finite differences of your penalty give {numerical.round(4).tolist()}, kl_gradient {found.round(4).tolist()}"
    )
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [kl_penalty(inputs, 0.1), kl_gradient(inputs, 0.1)]
assert all(value is not None for value in done), "Task 2 is not done: a function returns None"
rng = np.random.default_rng(92)
for n, m, target in ((5, 3, 0.02), (1, 4, 0.5), (8, 1, 0.9)):
    others = rng.normal(size=(n, m))
    mean = (1 / (1 + np.exp(-others))).mean(axis=0)
    expected = sum(target * np.log(target / r) + (1 - target) * np.log((1 - target) / (1 - r)) for r in mean)
    assert np.isclose(kl_penalty(others, target), expected), f"kl_penalty is wrong for {n} images and target {target}"
    found, h = np.asarray(kl_gradient(others, target)), 1e-5
    assert found.shape == (n, m), f"kl_gradient has the wrong shape for {n} images and {m} units"
    for place in ((0, 0), (n - 1, m - 1)):
        step = np.zeros((n, m))
        step[place] = h
        numerical = (kl_penalty(others + step, target) - kl_penalty(others - step, target)) / (2 * h)
        assert np.isclose(found[place], numerical, atol=1e-6), (
            f"kl_gradient does not agree with finite differences for {n} images and target {target}"
        )
### END HIDDEN TESTS

# %% [markdown]
# ## Task 3: The best sparse code (3 marks)
#
# An encoder computes its codes in one step and pays for that. Do without. For given atoms, the best code of an image
# $x$ is the one with the least
#
# $$ F(z) = \tfrac12 \big\lVert x - \sum_j z_j w_j \big\rVert^2 + \lambda \sum_j |z_j|. \tag{Ex9.2} $$
#
# Mind that everything is a sum here, over pixels and over units. Write `sparse_codes(x, atoms, weight)`, which gives
# such codes, shape `(n, m)`, for all images in `x`, where `weight` is $\lambda$. Values may be negative. The values of
# units that are off have to be exactly 0, as they are in the best code.
#
# How good is good enough? $F$ has no formula for its minimum, but there is a bound: with the residual $r = x - \sum_j
# z_j w_j$ of *any* code $z$, and $s = \min(1, \lambda / \max_j |w_j \cdot r|)$, no code at all has an $F$ below
#
# $$ B = \tfrac12 \lVert x \rVert^2 - \tfrac12 \lVert x - s\, r \rVert^2. \tag{Ex9.3} $$
#
# The next cell has `excess`, which adds $F - B$ up over the images and divides by the sum of $F$. No other codes can
# have a sum that is lower by more than that share. Your codes have to bring it down to **0.02**. Your function should
# need no more than a few seconds for 500 patches.
#
# <details><summary>Hint</summary>
#
# The steps known as ISTA, from the exercises of chapter 9, are one way. Begin with $z = 0$. The gradient of the first
# term of (Ex9.2) is $(\hat x - x)$ times the atoms, transposed; subtract $t$ times the gradient. Then move each
# value by $t \lambda$ towards 0, from above or from below, and stop at 0. A step is safe if $t$ is at most one over the
# square of the atoms' largest singular value, `np.linalg.norm(atoms, 2)`. Work on all images at once; several hundred
# steps are needed, perhaps a thousand. Look at `excess` as you raise their number.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "setup-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
def objective(x, atoms, codes, weight):
    """F of (Ex9.2) for each image."""
    return ((x - codes @ atoms) ** 2).sum(axis=1) / 2 + weight * np.abs(codes).sum(axis=1)


def excess(x, atoms, codes, weight):
    """By which share of the summed F these codes may be above the minimum, at most."""
    residual = x - codes @ atoms
    scale = np.minimum(1, weight / np.abs(residual @ atoms.T).max(axis=1).clip(1e-12))[:, None]
    bound = ((x**2).sum(axis=1) - ((x - scale * residual) ** 2).sum(axis=1)) / 2
    F = objective(x, atoms, codes, weight)
    return (F - bound).sum() / F.sum()


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sparse_codes(x, atoms, weight):
    """Codes of least squared error plus weight times L1 norm, shape (n, m)."""
    ### BEGIN SOLUTION
    step = 1 / np.linalg.norm(atoms, 2) ** 2
    codes = ahead = np.zeros((len(x), len(atoms)))
    momentum = 1.0
    for _ in range(200):
        moved = ahead - step * (ahead @ atoms - x) @ atoms.T
        shrunk = np.sign(moved) * np.maximum(np.abs(moved) - step * weight, 0)
        # Steps that run ahead a little need far fewer of them (Beck and Teboulle 2009). Plain ISTA takes about 1,000.
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = shrunk + (momentum - 1) / following * (shrunk - codes)
        codes, momentum = shrunk, following
    return codes
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(sparse_codes(x_validation[:2], first_atoms, 0.2), "Task 3"):
    two_atoms, example = (
        np.eye(3)[:2],
        np.array([[1.0, -0.5, 9.0], [0.1, 0.3, 9.0]]),
    )  # atoms: pixel 0 alone, pixel 1 alone
    found = np.asarray(sparse_codes(example, two_atoms, 0.2))
    assert found.shape == (2, 2), f"sparse_codes gives shape {found.shape}; it needs (n, m), here (2, 2)"
    assert np.isfinite(found).all(), "your codes are not finite: are your steps too long?"
    for mistake, why in (
        ([[1, -0.5], [0.1, 0.3]], "these are the codes of least error, without any penalty: where does weight enter?"),
        (
            [[0.8, 0], [0, 0.1]],
            "you cut at 0 as a ReLU does; here values may be negative, so move both sides towards 0",
        ),
        ([[1, -0.5], [0, 0.3]], "you turned small values off, but the penalty makes the large ones smaller as well"),
        ([[0.9, -0.4], [0, 0.2]], "the penalty counts half as much as it should: mind the ½ in front of the error"),
        (
            [[0.6, -0.1], [0, 0]],
            "the penalty counts twice as much as it should: does the threshold hold the step, once?",
        ),
    ):
        assert not np.allclose(found, mistake, atol=1e-3), why
    assert abs(found[0, 1] + 0.3) < 0.01 and abs(found[0, 0] - 0.8) < 0.01, (
        f"for two atoms that do not overlap, the best code of {example[0]} is [0.8, -0.3], not {found[0].round(3)}"
    )
    assert found[1, 0] == 0, (
        f"a value that is off has to be exactly 0; it is {found[1, 0]:.2g}: stop at 0, never cross it"
    )
    assert np.allclose(found, [[0.8, -0.3], [0, 0.1]], atol=0.01), f"the codes are {found.round(3).tolist()}"

    twins = np.asarray(sparse_codes(np.array([[3.0, 0.0]]), np.array([[1.0, 0.0], [0.8, 0.6]]), 0.5))
    assert np.isfinite(twins).all(), (
        "for atoms that overlap your codes are not finite: make the steps shorter (see the hint)"
    )
    assert np.allclose(twins, [[2.5, 0]], atol=0.02), (
        f"of two atoms that overlap, the one that fits has to explain the other away: {twins[0].round(3)}, not [2.5, 0]"
    )
    found = np.asarray(sparse_codes(x_validation[:200], first_atoms, 0.2))
    assert np.isfinite(found).all(), "for the patches your codes are not finite: make the steps shorter (see the hint)"
    share = excess(x_validation[:200], first_atoms, found, 0.2)
    print(f"excess at most {share:.4f}; active units: {(found != 0).sum(axis=1).mean():.1f} of {UNITS}")
    assert share <= 0.02, (
        f"the excess is up to {share:.3f}, above 0.02: more steps, or longer ones, as far as they are safe"
    )
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert sparse_codes(x_validation[:2], first_atoms, 0.2) is not None, "Task 3 is not done: sparse_codes returns None"
rng = np.random.default_rng(93)
other_atoms = rng.normal(size=(30, 12)) + 0.5
other_atoms /= np.linalg.norm(other_atoms, axis=1, keepdims=True)
for images, chosen_atoms, weight in (
    (x_validation[200:300], first_atoms[::-1], 0.4),
    (x_validation[300:301], first_atoms[:60], 0.1),
    (rng.normal(size=(7, 12)), other_atoms, 0.3),
):
    found = np.asarray(sparse_codes(images, chosen_atoms, weight))
    assert found.shape == (len(images), len(chosen_atoms)), (
        f"wrong shape for {len(images)} images, {len(chosen_atoms)} atoms"
    )
    assert np.isfinite(found).all(), f"the codes are not finite for {len(chosen_atoms)} other atoms"
    share = excess(images, chosen_atoms, found, weight)
    assert share <= 0.03, f"for {len(images)} other images and weight {weight} the excess is up to {share:.3f}"
    on = (found != 0).mean()
    assert on < 0.8, f"{on:.0%} of the units are on for weight {weight}: are those that are off exactly 0?"
assert not np.any(sparse_codes(np.full((1, 12), 0.01), other_atoms, 0.3)), (
    "for a weight above |w . x| the code has to be 0"
)
### END HIDDEN TESTS

# %% [markdown]
# Now let atoms learn from your codes, as [Olshausen and Field
# (1996)](../../../chapters/references.md#olshausen-and-field-1996) did. The next cell begins with 96 training patches
# as atoms. Again and again it asks your function for the codes of 200 training patches, then changes one atom after the
# other to the one of least squared error for the codes found so far, and scales it to length 1. In the figure, the
# upper two rows are atoms at the start, the middle two the same atoms after learning. The lower two rows are the first
# [principal components](../../../chapters/glossary.md#pca) of the training patches.

# %% mystnb={"image": {"alt": "Six rows of 16 small pictures in red and blue. Rows one and two, atoms at the start, are pieces of clothes: bars, edges, corners, some of them noisy. Rows three and four, the same atoms after learning: the noisy ones are smoother, most show an edge, a thin line or a corner at one place. Rows five and six, principal components: broad waves first, then chequered patterns over the whole patch that become ever finer."}} nbgrader={"grade": false, "grade_id": "setup-atoms", "locked": true, "schema_version": 3, "solution": false, "task": false}
WEIGHT = 0.2


def learn(atoms, batches=12, size=200):
    """Atoms learnt from sparse codes, None until Task 3 is done."""
    if sparse_codes(x_train[:1], atoms, WEIGHT) is None:
        return None
    atoms, among_units, with_pixels = atoms.copy(), 0, 0
    for batch in x_train[: batches * size].reshape(batches, size, -1):
        codes = sparse_codes(batch, atoms, WEIGHT)
        among_units = 0.8 * among_units + codes.T @ codes  # what is long past counts less: it was coded by other atoms
        with_pixels = 0.8 * with_pixels + codes.T @ batch
        for unit in np.flatnonzero(among_units.diagonal() > 1e-6):
            atoms[unit] += (with_pixels[unit] - among_units[unit] @ atoms) / among_units[unit, unit]
            atoms[unit] /= np.linalg.norm(atoms[unit])
    return atoms


learnt_atoms = learn(first_atoms)
components = np.linalg.svd(x_train, full_matrices=False)[2]
shown = (
    [first_atoms[:32], components[:32]]
    if learnt_atoms is None
    else [first_atoms[:32], learnt_atoms[:32], components[:32]]
)
pictures = np.concatenate(shown)
pictures /= np.abs(pictures).max(axis=1, keepdims=True)
plots.weight_images(
    np.kron(pictures.reshape(-1, SIDE, SIDE), np.ones((4, 4))).reshape(-1, 784),
    title="Atoms at the start and after learning, principal components (each by its largest weight)",
)


# %% nbgrader={"grade": false, "grade_id": "setup-table", "locked": true, "schema_version": 3, "solution": false, "task": false}
def share_of_error(x, x_hat):
    """Squared error as a share of the patches' own squares: 1 for a reconstruction of 0."""
    return ((x - x_hat) ** 2).sum() / (x**2).sum()


def describe(atoms):
    codes = sparse_codes(x_validation, atoms, WEIGHT)
    return {
        "active units": (codes != 0).sum(axis=1).mean(),
        "error": share_of_error(x_validation, codes @ atoms),
        "F": objective(x_validation, atoms, codes, WEIGHT).mean(),
    }


if learnt_atoms is not None:
    print(pd.DataFrame({"at the start": describe(first_atoms), "after learning": describe(learnt_atoms)}).T.round(3))

# %% [markdown]
# ## Question 1: Atoms that were learnt (3 marks)
#
# Look at the figure and at the table, which is about 500 validation patches; its *error* is the squared error as a
# share of the patches' own squares. Write five to eight sentences. If Task 3 is not done, answer what can be answered
# by argument.
#
# 1. What do the learnt atoms show that the principal components do not, and what did learning do to the atoms of the
#    start? There are 96 atoms; could you have 96 principal components of these patches?
# 2. In the table, which number changed least by learning *in proportion*, and which most? The step that changes the
#    atoms is plain least squares, without a penalty. So why do atoms come out that are good for *sparse* codes?
# 3. A fellow student multiplies all patches by 2 and keeps atoms and weight. Will more units be active or fewer? With
#    which weight would every code be exactly twice what it was? What follows for a weight taken over from somebody's
#    paper?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Many learnt atoms show one thing in one place: an edge, a line or a corner, with the rest of the
# patch nearly even. Most of that was there from the start, since the atoms began as patches; learning changed most of
# them little, made noisy ones smoother and gave even ones a faint texture. Principal components cover the whole patch
# with waves, coarse ones first and then ever finer ones. Components stand at right angles to one another, so there can
# be no more than pixels, 49; here 48, because the mean of each patch was taken away. Atoms may overlap, so there can be
# as many as one likes. By learning, the number of active units hardly changed (from about 8.5 to about 8), while the
# error fell most, by some 30 %. The atoms are fitted to codes that are sparse: an atom is changed only by the patches
# for which its unit is on, and it becomes what these few patches have in common. The penalty acts through the codes.
# With patches twice as bright and the same weight, more units are active: doubling the patches and the weight doubles
# every code and multiplies all of $F$ by 4, so the old weight is now half of what it was. Twice the weight gives
# exactly twice the codes. A weight from a paper therefore means nothing without the scale of its images (and without
# knowing whether it adds or averages pixels); aim at a number of active units or at an error.
#
# **Rubric.**
#
# - 1 mark for edges or lines at one place against waves over the whole patch, and for 48 or 49 as the limit for
#   components, with the reason (right angles). Half a mark for each.
# - 1 mark for "active units hardly, error most" and for how sparsity comes in: through the codes that the atoms are
#   fitted to. Half a mark for each.
# - 1 mark for more units, twice the weight, and a conclusion: the weight depends on the data's scale. Half a mark if
#   one of the three is missing.
# ### END SOLUTION

# %% [markdown]
# ## Task 4: Undo the shrinkage (3 marks)
#
# The penalty made your values too small: [shrinkage](../../../chapters/glossary.md#shrinkage). Chapter 9 looked for the
# best factor by trying several. With squared error and without a sigmoid there is a formula. Write two functions.
#
# - `best_factor(x, atoms, codes)` gives the one number $s$, the same for all images and units, for which the squared
#   error of $s \hat x$, added up over all images and pixels, is least.
# - `refit(x, atoms, codes)` gives new codes, shape `(n, m)`. For each image, the same units are on, those with a value
#   that is not 0. Their values are free: they are the ones with the least squared error. All other values are 0; an
#   image for which no unit is on keeps a code of zeros.
#
# <details><summary>Hint</summary>
#
# For $s$: write down $\sum (x - s \hat x)^2$ and set its derivative with respect to $s$ to 0. For `refit`, take one
# image at a time: `atoms[codes[i] != 0]` are the atoms that it may use, and `np.linalg.lstsq` finds the values. Which
# way round does it want the atoms, as rows or as columns?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_factor(x, atoms, codes):
    """The factor on all values for which the squared error is least, a number."""
    ### BEGIN SOLUTION
    x_hat = codes @ atoms
    return (x * x_hat).sum() / (x_hat**2).sum()
    ### END SOLUTION


def refit(x, atoms, codes):
    """Codes of least squared error with the same units on, shape (n, m)."""
    ### BEGIN SOLUTION
    fitted = np.zeros(codes.shape)
    for image, code, new in zip(x, codes, fitted):
        on = code != 0
        if on.any():
            new[on] = np.linalg.lstsq(atoms[on].T, image, rcond=None)[0]
    return fitted
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
three = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
images = np.array([[4.0, 4.0, 1.0], [1.6, 0.8, 0.0], [0.0, 2.0, 0.0]])
before = np.array([[0.0, 4.0, 0.0], [0.5, 0.4, 0.0], [0.0, 0.0, 0.0]])
if started(best_factor(images, three, before), "Task 4, best_factor") and started(
    refit(images, three, before), "Task 4, refit"
):
    found = best_factor(images, three, before)
    assert np.ndim(found) == 0, f"best_factor gives shape {np.shape(found)}; it needs one number for all images"
    x_hat = before @ three
    right, norms = (images * x_hat).sum() / (x_hat**2).sum(), (x_hat**2).sum(axis=1)
    each = (images * x_hat).sum(axis=1)[:2] / norms[:2]
    for mistake, why in {
        1 / right: "upside down: values that are too small need a factor above 1",
        each.mean(): "that is the mean of the images' own best factors; weigh all images in one sum",
        np.linalg.norm(images) / np.linalg.norm(x_hat): "equal lengths are not least error: set the derivative to 0",
        images.sum() / x_hat.sum(): "equal sums are not least error: set the derivative to 0",
        (images**2).sum()
        / (images * x_hat).sum(): "you fitted the reconstructions by the images; it is the other way round",
    }.items():
        assert not np.isclose(found, mistake), why
    error = [((images - factor * x_hat) ** 2).sum() for factor in (found - 0.01, found, found + 0.01)]
    assert error[1] < min(error[0], error[2]), (
        f"the factor {found:.3f} is not the best: one 0.01 away has a smaller error"
    )

    found = np.asarray(refit(images, three, before))
    assert found.shape == (3, 3), f"refit gives shape {found.shape}; it needs that of the codes, (3, 3)"
    assert np.isfinite(found).all(), "refit is not finite: what becomes of the image for which no unit is on?"
    assert np.allclose(found[2], 0), f"no unit is on for the last image, so its code stays 0; it is {found[2].round(3)}"
    off = (before == 0) & (np.abs(found) > 1e-9)
    assert not off.any(), (
        f"for image {np.argwhere(off)[0][0]} you turned on a unit that was off: fit each image's own units"
    )
    assert not np.allclose(found, before * best_factor(images, three, before)), (
        "refit multiplied all values by one factor; each value has to be fitted by itself"
    )
    alone = np.linalg.lstsq(three.T, images.T, rcond=None)[0].T * (before != 0)
    assert not np.allclose(found, alone), (
        "you fitted all units and then dropped some; the units that are on have to be fitted without the others"
    )
    assert np.allclose(found[0], [0, 5.6, 0]), (
        f"image 0 uses its second atom alone, so the value is w . x = 5.6; your code is {found[0].round(3)}"
    )
    assert not np.allclose(found[1], [1.6, 1.6, 0]), (
        "image 1: you fitted each of its atoms by itself, but they overlap: fit them together"
    )
    assert np.allclose(found[1], [1, 1, 0]), f"image 1 is the sum of its two atoms; your code is {found[1].round(3)}"
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [best_factor(images, three, before), refit(images, three, before)]
assert all(value is not None for value in done), "Task 4 is not done: a function returns None"
rng = np.random.default_rng(94)
for n, m, p in ((20, 15, 10), (1, 3, 6), (9, 30, 12)):
    others, chosen = rng.normal(size=(n, p)), rng.normal(size=(m, p))
    chosen /= np.linalg.norm(chosen, axis=1, keepdims=True)
    given = np.where(rng.random((n, m)) < 0.2, rng.normal(size=(n, m)), 0)
    given[0, :2] = 0.3, -0.1
    factor = best_factor(others, chosen, given)
    slope = ((others - factor * given @ chosen) * (given @ chosen)).sum()
    assert abs(slope) < 1e-6, f"best_factor: the error's derivative is {slope:.3f}, not 0, for {n} images and {m} units"
    found = np.asarray(refit(others, chosen, given))
    assert found.shape == (n, m), f"refit gives the wrong shape for {n} images and {m} units"
    assert np.allclose(found[given == 0], 0), f"refit turns units on that were off, for {n} images and {m} units"
    left = (others - found @ chosen) @ chosen.T
    assert np.allclose(left[given != 0], 0, atol=1e-6), f"refit: other values have a smaller error, with {m} units"
### END HIDDEN TESTS

# %% [markdown]
# With your functions of Tasks 3 and 4, the next cell codes 500 validation patches with the learnt atoms, for four
# weights. *Error* is the squared error as a share of the patches' own squares: of the codes as they are, times your
# factor, refitted, and for PCA with as many components as units are active on average, rounded. $F$ is the mean of
# (Ex9.2), with the weight of its row.


# %% nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
def compare(weight):
    """A row of the table."""
    codes = sparse_codes(x_validation, learnt_atoms, weight)
    fitted, factor = refit(x_validation, learnt_atoms, codes), best_factor(x_validation, learnt_atoms, codes)
    active = (codes != 0).sum(axis=1).mean()
    first = components[: round(active)]
    return {
        "active units": active,
        "factor": factor,
        "error as it is": share_of_error(x_validation, codes @ learnt_atoms),
        "times factor": share_of_error(x_validation, factor * codes @ learnt_atoms),
        "refitted": share_of_error(x_validation, fitted @ learnt_atoms),
        "PCA": share_of_error(x_validation, x_validation @ first.T @ first),
        "F as it is": objective(x_validation, learnt_atoms, codes, weight).mean(),
        "F refitted": objective(x_validation, learnt_atoms, fitted, weight).mean(),
    }


one_patch = x_validation[:1], first_atoms, np.ones((1, UNITS))
if learnt_atoms is not None and refit(*one_patch) is not None and best_factor(*one_patch) is not None:
    table = pd.DataFrame({weight: compare(weight) for weight in (0.05, 0.1, 0.2, 0.4)}).T.rename_axis("weight")
    print(table.round(3).to_string())

# %% [markdown]
# ## Question 2: What the objective says (3 marks)
#
# Read the table. If Task 3 or Task 4 is not done, answer by argument alone. Write five to eight sentences.
#
# 1. How does the best factor depend on the weight, and why? Why does refitting gain more than the best factor?
# 2. Refitting lowers the error, and yet it *raises* $F$. Why is that no contradiction? Could it ever lower $F$?
# 3. A fellow student wants to choose the weight and takes the one with the smallest $F$ on validation patches. Which
#    one will it be, whatever the patches? Argue. By what would you compare two weights, or two sets of atoms, in its
#    place?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The factor grows with the weight, here from 1.05 to about 1.3. The penalty takes an amount off each
# value that is in proportion to the weight, and the larger it is, the more has to be given back. That amount does not
# grow with the value, so small values lose a larger share than large ones, and for atoms that overlap it differs from
# unit to unit. One factor cannot give back different shares; refitting can. It is no contradiction that $F$ rises: the
# error is only the first term of $F$, and refitting makes it small without a regard to the second, the L1 norm, which
# grows. The code that `sparse_codes` found has the smallest $F$ of *all* codes, and the refitted one is among them, so
# it cannot lower $F$, except by what the search left over (an excess of up to 0.02). By $F$ the student will always
# choose the smallest weight: for any fixed code $F$ falls as the weight falls, so the smallest $F$ falls, too; at
# weight 0 it is the least squared error alone, which is 0 here, since 96 atoms can rebuild any of these patches. $F$
# with two weights is like two prices in two currencies. Compare errors, after refitting, at equal numbers of active
# units (or bits), on validation patches; or set the number of active units that you can afford and choose the weight
# that gives it.
#
# **Rubric.**
#
# - 1 mark for a factor that grows with the weight because more is taken off, and for the reason why one factor is not
#   enough: units lose different shares. Half a mark for each.
# - 1 mark for "the error is only a part of $F$", and for "never lower, for the code was the minimum". Half a mark for
#   each.
# - 1 mark for the smallest weight with an argument, and for a comparison at equal active units, bits or error. Half a
#   mark for each.
# ### END SOLUTION

# %% [markdown]
# ## Task 5: A number for every set (3 marks)
#
# To store a sparse code you have to say which units are on. There are $\binom{m}{k}$ sets of $k$ of $m$ units, and
# chapter 9 counted the bits that it takes to name one of them. Now name them. Write two functions.
#
# - `name_of(units, m)` gives the name of a set: a whole number that is at least 0 and *below* $\binom{m}{k}$. `units`
#   is a list of $k$ different unit numbers from 0 to $m - 1$, in ascending order. No two sets of the same size may have
#   the same name.
# - `units_of(name, k, m)` gives the set back that has this name: a list of $k$ unit numbers in ascending order.
#
# In which order you number the sets is up to you. But your functions have to be quick for 32 of 1,024 units, so listing
# all sets will not do, and names may have two hundred bits, so they have to be Python's own whole numbers (`int`).
#
# <details><summary>Hint</summary>
#
# Number first all sets whose largest unit is small. How many sets of $k$ units have all their units *below* $u$? That
# many names are used up before the first set whose largest unit is $u$. Among the sets with that largest unit, what is
# left to tell apart is a set of $k - 1$ units below $u$: the same question again. Backwards: find the largest unit
# first. `math.comb(u, k)` gives $\binom{u}{k}$ exactly, and 0 if $u < k$.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def name_of(units, m):
    """The number of this set of units among all sets of as many of m units, an int."""
    ### BEGIN SOLUTION
    return sum(math.comb(int(unit), position) for position, unit in enumerate(units, start=1))
    ### END SOLUTION


def units_of(name, k, m):
    """The set of k of m units that has this name, a list in ascending order."""
    ### BEGIN SOLUTION
    found, unit = [], m
    for position in range(k, 0, -1):
        unit -= 1
        while math.comb(unit, position) > name:
            unit -= 1
        name -= math.comb(unit, position)
        found.append(unit)
    return found[::-1]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(name_of([0, 1], 4), "Task 5, name_of") and started(units_of(name_of([0, 1], 4), 2, 4), "Task 5, units_of"):
    sets = [list(units) for units in itertools.combinations(range(6), 3)]
    names = [name_of(units, 6) for units in sets]
    assert all(isinstance(name, int) for name in names), f"a name has to be an int, not a {type(names[0]).__name__}"
    assert min(names) >= 0, f"the set {sets[names.index(min(names))]} has the name {min(names)}; names begin at 0"
    assert max(names) < 20, (
        f"there are 20 sets of 3 of 6 units, so names go up to 19; yours go up to {max(names)}: some are never used"
    )
    for first, second in itertools.combinations(range(20), 2):
        assert names[first] != names[second], f"{sets[first]} and {sets[second]} have the same name, {names[first]}"
    for units, name in zip(sets, names):
        back = [int(unit) for unit in units_of(name, 3, 6)]
        assert back == sorted(back), f"units_of gives {back}: the units have to be in ascending order"
        assert back == units, f"the name of {units} is {name}, but units_of({name}, 3, 6) gives {back}"

    many = list(range(3, 1024, 32))
    name = name_of(many, 1024)
    assert isinstance(name, int) and 0 <= name < math.comb(1024, 32), (
        "for 32 of 1,024 units the name is no int below the number of sets: floats and NumPy's integers are too short"
    )
    assert list(units_of(name, 32, 1024)) == many, (
        "for 32 of 1,024 units the set that comes back is another one: are all numbers whole ones, without rounding?"
    )
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert name_of([0, 1], 4) is not None and units_of(0, 2, 4) is not None, "Task 5 is not done: a function returns None"
for m, k in ((7, 2), (5, 5), (8, 1), (9, 6)):
    every = [units_of(name, k, m) for name in range(math.comb(m, k))]
    assert sorted(map(list, every)) == [list(units) for units in itertools.combinations(range(m), k)], (
        f"units_of does not give every set of {k} of {m} units, once each and in ascending order"
    )
    assert [name_of(units, m) for units in every] == list(range(len(every))), f"name_of is wrong for {k} of {m} units"
rng = np.random.default_rng(95)
for m, k in ((1024, 32), (700, 40)):
    for _ in range(3):
        units = sorted(rng.choice(m, k, replace=False).tolist())
        name = name_of(units, m)
        assert 0 <= name < math.comb(m, k), f"a name is out of range for {k} of {m} units"
        assert list(units_of(name, k, m)) == units, f"another set comes back for {k} of {m} units"
    last = units_of(math.comb(m, k) - 1, k, m)
    assert len(set(last)) == k and min(last) >= 0 and max(last) < m, f"the last name of {k} of {m} units is not right"
### END HIDDEN TESTS

# %% [markdown]
# What the names save, for 1,024 units: bits for one number that names the set, bits for a list of unit numbers, and one
# bit for each unit. Below it the name of a set, from your function.

# %% nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
bits = {
    k: {"a name": (math.comb(1024, k) - 1).bit_length(), "a list": 10 * k, "a bit for each unit": 1024}
    for k in (1, 8, 32, 128, 512)
}
print(pd.DataFrame(bits).T.rename_axis("active units"))
if name_of([0, 1], 4) is not None:
    print(f"\nunits 3, 35, 67, ..., 995 of 1,024: {name_of(list(range(3, 1024, 32)), 1024)}")

# %% [markdown]
# Before you hand in: *Kernel → Restart Kernel and Run All Cells*, and see that every check passes.
