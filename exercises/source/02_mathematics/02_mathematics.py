# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 2: Mathematics
#
# This sheet follows [chapter 2](../../../chapters/02_mathematics.ipynb). You take its tools to places where the chapter
# has not been: another loss with its gradient and its floor, a network whose two halves share their weights, another
# optimiser, and a linear autoencoder whose axes you put in order. Derive on paper first; each answer is a few lines of
# NumPy.
#
# Time: about two and a half hours. Marks: twenty, of which fifteen are for tasks that are checked automatically and
# five for two questions that are marked by hand.
#
# | task | what you practise | minutes | marks |
# | --- | --- | --- | --- |
# | Task 1: What a log says | sums and means, learning rates | 10 | 2 |
# | Task 2: A loss that minds the ink | deriving and programming a loss and its gradient | 25 | 3 |
# | Task 3: Where is the floor now? | the least value of a loss | 15 | 2 |
# | Question 1: Better than perfect? | reading losses | 20 | 3 |
# | Task 4: One kernel for both halves | backpropagation | 25 | 3 |
# | Question 2: Three gradient checks | reading finite differences | 15 | 2 |
# | Task 5: A step that forgets | programming an optimiser from its formula | 15 | 2 |
# | Task 6: Back to the axes | the freedom of a linear autoencoder | 25 | 3 |
#
# ## How to work
#
# - Write in the cells that say "Your code here" and "Your answer here", and nowhere else. In your functions, use only
#   their arguments, what the imports and the given cells define, and your other functions of the same task.
# - Run the cell below each task's code: it checks your work and says what to look at. When your work is marked, hidden
#   checks test the same requirements on other data.
# - Before you hand in, choose *Kernel → Restart Kernel and Run All Cells*, and see that nothing fails.
#
# Formula numbers such as (2.4) refer to the chapter, numbers such as (Ex2.1) to this sheet. The letters are the
# chapter's: $n$ pixels, $N$ images, a code of $m$ numbers, a target $x$, its reconstruction $\hat x$, a pre-activation
# $s$. A batch of images is an array of shape $(N, n)$, one image a row. All arrays are float64.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import data, losses, plots
from aelib.exercises import started

import numpy as np
import pandas as pd
from scipy.special import expit as sigmoid
from scipy.special import xlogy

SEED = 0
split = data.load_mnist().validation_split(10_000, seed=SEED)
digits = split.x_validation[:1000].astype(np.float64)  # 1,000 validation images
mean_digit = split.x_train.mean(axis=0, dtype=np.float64)

# %% [markdown]
# ## Task 1: What a log says (2 marks)
#
# Keras computes a loss batch by batch: for each [batch](../../../chapters/glossary.md#batch) the *mean* over the
# batch's images and their pixels. A log lists these means, here for a model whose weights stay fixed. The last batch is
# smaller than the others if the batch size does not divide the number of images.
#
# Define two functions.
#
# 1. `nats_per_image(batch_means, batch_sizes, pixels)` takes the means of all batches and the numbers of images in
#    them, two arrays of shape (number of batches,), and the number of pixels in an image. It returns one number: the
#    loss in nats (the unit that belongs to the natural logarithm), *summed over pixels* and *averaged over all images*,
#    which is $J$ of (2.4).
# 2. `rate_for_keras(rate, pixels, batch_size)`: a paper trains with SGD, (2.27), at the learning rate `rate`, on
#    batches of `batch_size` images with `pixels` pixels each. Its loss is *summed* over pixels and *summed* over the
#    images of a batch; Keras averages over both. Return the rate with which Keras's SGD takes the same steps from the
#    same start.
#
# <details><summary>Hint</summary>
#
# For the first, ask what each batch's mean must be multiplied by to become that batch's sum over images and pixels;
# then divide the total by the right count. For the second: a factor on the loss is the same factor on its gradient, and
# a step is rate times gradient.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nats_per_image(batch_means, batch_sizes, pixels):
    """The loss summed over pixels and averaged over all images, from the means of batches."""
    ### BEGIN SOLUTION
    return pixels * np.average(batch_means, weights=batch_sizes)
    ### END SOLUTION


def rate_for_keras(rate, pixels, batch_size):
    """The learning rate for a loss averaged over pixels and images that equals `rate` for their sum."""
    ### BEGIN SOLUTION
    return rate * pixels * batch_size
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(nats_per_image(np.array([0.25]), np.array([10]), 784), "Task 1, nats_per_image"):
    # The mean image stands in for every reconstruction. Faint digits come first, so that the three batches differ.
    each_loss = losses.binary_crossentropy(digits, np.tile(mean_digit, (len(digits), 1)))
    parts = np.split(each_loss[np.argsort(digits.sum(axis=1))], [400, 800])
    means, sizes = np.array([part.mean() / 784 for part in parts]), np.array([400, 400, 200])
    given, wanted = nats_per_image(means, sizes, 784), each_loss.mean()
    assert np.shape(given) == (), f"nats_per_image returns an array of shape {np.shape(given)}; it needs one number."
    assert not np.isclose(given, wanted / 784), (
        "Your number is a mean per pixel; the task asks for the sum over pixels."
    )
    assert not np.isclose(given, wanted * 1000), "Your number is a sum over images; the task asks for their average."
    assert not np.isclose(given, 784 * means.mean()), (
        "In your average every batch counts the same. The last has half as many images as the others: each *image* "
        "must count the same."
    )
    assert not np.isclose(given, wanted / 784**2), (
        "You divide a mean per pixel by the pixels once more. What turns a mean back into a sum?"
    )
    assert np.isclose(given, wanted), f"You return {given:.4f}; the images cost {wanted:.4f} nats each, on average."

if started(rate_for_keras(0.01, 784, 256), "Task 1, rate_for_keras"):
    given = rate_for_keras(0.01, 784, 256)
    assert np.shape(given) == (), f"rate_for_keras returns an array of shape {np.shape(given)}; it needs one number."
    assert given > 0.01, (
        f"You return {given:.3g}, a smaller rate than the paper's. Which of the two gradients is the smaller one: that "
        "of the sum, or that of the mean? What does the rate have to do about it?"
    )
    assert not np.isclose(given, 0.01 * 784), "You took care of the pixels. The paper sums over a batch's images, too."
    assert not np.isclose(given, 0.01 * 256), "You took care of the images. The paper sums over the pixels, too."
    paper_gradient = -123.0
    paper_step, keras_step = -0.01 * paper_gradient, -given * paper_gradient / 784 / 256
    assert np.isclose(paper_step, keras_step), f"The paper's step is {paper_step:.4g}, yours in Keras {keras_step:.4g}."
    print("Task 1: what is done passes the visible checks.")

### BEGIN HIDDEN TESTS
hidden = nats_per_image(np.array([0.4, 0.1, 0.8]), np.array([5, 5, 1]), 10)
assert hidden is not None and np.shape(hidden) == (), "nats_per_image has to return one number, for any images."
assert np.isclose(hidden, 3.0), (
    "nats_per_image is wrong for batches of 5, 5 and 1 images of 10 pixels. Does it use all its arguments?"
)
assert np.isclose(nats_per_image(np.array([0.5]), np.array([3]), 4), 2.0), "nats_per_image is wrong for a single batch."
hidden = rate_for_keras(2.0, 100, 8)
assert hidden is not None and np.shape(hidden) == (), "rate_for_keras has to return one number, for any batch size."
assert np.isclose(hidden, 1600.0), "rate_for_keras is wrong for 100 pixels and batches of 8 images."
assert np.isclose(rate_for_keras(0.5, 784, 1), 392.0), "rate_for_keras is wrong for batches of a single image."
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: A loss that minds the ink (3 marks)
#
# Most of a digit's pixels are black. [Binary cross-entropy](../../../chapters/glossary.md#binary-cross-entropy) can be
# made to mind the white ones more, by a *weight* $\omega > 1$ on their term:
#
# $$ L_\omega(x, \hat x) = -\sum_{j=1}^{n} \big[ \omega \, x_j \ln \hat x_j + (1 - x_j) \ln (1 - \hat x_j) \big]. \tag{Ex2.1} $$
#
# With $\omega = 1$ this is (2.6), and $\omega < 1$ minds the white pixels less. Targets may be grey, $0 \le x_j \le 1$.
# The output layer is a sigmoid, $\hat x_j = \operatorname{sigmoid}(s_j)$. Define two functions. `x` and `s` have the
# shape $(N, n)$; `weight` is $\omega$, any number above 0. Both results must be right for pre-activations as large as
# ±1,000: no clipping, no overflow.
#
# 1. `weighted_bce(x, s, weight)` returns $L_\omega$ of each image, *summed* over its pixels: shape $(N,)$. Put the
#    sigmoid into (Ex2.1) first, as (2.18) does for $\omega = 1$.
# 2. `weighted_bce_delta(x, s, weight)` returns the derivative of each image's $L_\omega$ with respect to its
#    *pre-activations*, $\delta_j = \partial L_\omega / \partial s_j$: shape $(N, n)$, divided by nothing.
#
# <details><summary>Hint</summary>
#
# Both logarithms in (Ex2.1) become functions of $s$ of the kind $\ln(1 + e^{\pm s})$, for which NumPy has
# `np.logaddexp`. For the derivative you need no more than that of $\ln(1 + e^s)$, which (2.18) uses. Two checks on
# paper: with $\omega = 1$ your $\delta$ must turn into (2.17), and with $x_j = 0$ it must not contain $\omega$.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def weighted_bce(x, s, weight):
    """The weighted binary cross-entropy (Ex2.1) of each image, from pre-activations; summed over pixels."""
    ### BEGIN SOLUTION
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum(axis=1)
    ### END SOLUTION


def weighted_bce_delta(x, s, weight):
    """The derivative of each image's weighted binary cross-entropy with respect to its pre-activations."""
    ### BEGIN SOLUTION
    return (1 - x) * sigmoid(s) - weight * x * sigmoid(-s)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
def plain_weighted_bce(x, x_hat, weight):
    """(Ex2.1) as it stands; good enough where no reconstruction is near 0 or 1."""
    return -(weight * x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(axis=1)


check_rng = np.random.default_rng(1)
check_x = np.clip(check_rng.uniform(-0.3, 1.3, (5, 7)), 0, 1)  # black, white and grey
check_s = check_rng.normal(0, 2, (5, 7))
if started(weighted_bce(check_x, check_s, 3.0), "Task 2, weighted_bce"):
    given, wanted = np.asarray(weighted_bce(check_x, check_s, 3.0)), plain_weighted_bce(check_x, sigmoid(check_s), 3.0)
    assert given.shape == (5,), (
        f"weighted_bce returns the shape {given.shape} for 5 images of 7 pixels; it needs one number for each image, "
        "(5,). Sum over the pixels only."
    )
    assert not np.allclose(given, wanted / 7), "Your loss is averaged over pixels; (Ex2.1) sums over them."
    assert not np.allclose(given, -wanted), "Your loss has the wrong sign: (Ex2.1) begins with a minus."
    black_and_white = np.asarray(weighted_bce(np.array([[0.0], [1.0]]), np.zeros((2, 1)), 3.0)) / np.log(2)
    assert np.allclose(black_and_white, [1, 3]), (
        "With weight 3 and an output of 0.5, a black pixel costs ln 2 and a white one 3 ln 2. In multiples of ln 2 "
        f"yours cost {black_and_white[0]:.3g} and {black_and_white[1]:.3g}: which term of (Ex2.1) has the weight?"
    )
    lit = np.asarray(weighted_bce(np.array([[0.0], [1.0]]), np.full((2, 1), 2.0), 3.0))
    assert lit[1] < lit[0], (
        "At s = 2 the output is bright, so a white pixel must cost less than a black one. With you it costs more: "
        "which sign has s in each of the two logarithms?"
    )
    assert np.allclose(lit, [np.logaddexp(0, 2), 3 * np.logaddexp(0, -2)]), (
        f"Your loss is right at s = 0 and wrong at s = 2: a black pixel costs {lit[0]:.4f}, a white one {lit[1]:.4f}, "
        "at weight 3. Compare with (Ex2.1) at the reconstruction 0.881."
    )
    assert np.allclose(given, wanted), (
        "Black and white pixels are right, grey ones are not. (Ex2.1) weights a *term*, not a whole pixel: a grey "
        "pixel has a part in both terms."
    )
    far = np.asarray(weighted_bce(np.array([[0.0, 1.0]]), np.array([[800.0, -800.0]]), 3.0))
    assert np.isfinite(far).all(), (
        f"For pre-activations of ±800 you return {far[0]}: an exponential overflows, or a logarithm is taken of 0."
    )
    assert np.allclose(far, 800 + 3 * 800), (
        f"A black pixel with s = 800 and a white one with s = -800 cost 3200 together; you return {far[0]:.6g}. Do not "
        "go through a clipped reconstruction: put the sigmoid into (Ex2.1) on paper, and simplify."
    )

if started(weighted_bce_delta(check_x, check_s, 3.0), "Task 2, weighted_bce_delta"):
    given = np.asarray(weighted_bce_delta(check_x, check_s, 3.0))
    assert given.shape == (5, 7), f"Your delta has the shape {given.shape}; it needs the shape of s, (5, 7)."
    differences, step = np.empty((5, 7)), 1e-5  # central differences (2.25), one pixel of all images at a time
    for pixel in range(7):
        shift = step * np.eye(7)[pixel]
        above = plain_weighted_bce(check_x, sigmoid(check_s + shift), 3.0)
        differences[:, pixel] = (above - plain_weighted_bce(check_x, sigmoid(check_s - shift), 3.0)) / (2 * step)
    slope = sigmoid(check_s) * sigmoid(-check_s)
    assert not np.allclose(given, -differences, atol=1e-7), "Your delta has the wrong sign: a step against it goes up."
    assert not np.allclose(given * slope, differences, atol=1e-7), (
        "This is the derivative with respect to the reconstruction. Delta is the one with respect to s: the sigmoid's "
        "slope (2.16) is missing."
    )
    assert not any(np.allclose(given * count, differences, atol=1e-7) for count in (5, 7, 35)), (
        "Your delta is divided by a number of pixels or images. The task asks for the derivative of each image's own "
        "sum."
    )
    worst = np.unravel_index(np.abs(given - differences).argmax(), (5, 7))
    assert np.allclose(given, differences, atol=1e-7), (
        f"For target {check_x[worst]:.3f}, pre-activation {check_s[worst]:.3f} and weight 3 your delta is "
        f"{given[worst]:.4f}; a central difference gives {differences[worst]:.4f}. Set x to 0, to 1, and ω to 1 in "
        "your formula: is one of the three not what it should be? If all are right, try a grey x: (Ex2.1) weights a "
        "term, not a whole pixel."
    )
    far = np.asarray(weighted_bce_delta(np.array([[0.0, 1.0]]), np.array([[800.0, -800.0]]), 3.0))
    assert np.allclose(far, [[1, -3]]), (
        "At weight 3, delta is 1 for a black pixel with s = 800 and -3 for a white one with s = -800, to rounding; you "
        f"return {far[0]}. NaN comes from an exponential that overflows; the imported `sigmoid` does not."
    )
    print("Task 2: what is done passes the visible checks.")

### BEGIN HIDDEN TESTS
hidden_rng = np.random.default_rng(202)
hidden_x = np.clip(hidden_rng.uniform(-0.5, 1.5, (4, 9)), 0, 1)
hidden_s = hidden_rng.normal(0, 3, (4, 9))
for hidden_weight in (0.25, 1.0, 12.0):
    hidden = weighted_bce(hidden_x, hidden_s, hidden_weight)
    assert np.shape(hidden) == (4,), "weighted_bce has to return one number for each image, for any number of pixels."
    hidden_wanted = hidden_weight * hidden_x * np.logaddexp(0, -hidden_s) + (1 - hidden_x) * np.logaddexp(0, hidden_s)
    assert np.allclose(hidden, hidden_wanted.sum(axis=1), rtol=1e-8), (
        f"On other data, with weight {hidden_weight}, weighted_bce differs from (Ex2.1)."
    )
    hidden = weighted_bce_delta(hidden_x, hidden_s, hidden_weight)
    assert np.shape(hidden) == (4, 9), "weighted_bce_delta has to return the shape of s."
    hidden_wanted = (1 + (hidden_weight - 1) * hidden_x) * sigmoid(hidden_s) - hidden_weight * hidden_x
    assert np.allclose(hidden, hidden_wanted, rtol=0, atol=1e-9), (
        f"On other data, with weight {hidden_weight}, weighted_bce_delta is not the derivative of (Ex2.1)."
    )
hidden = weighted_bce(np.array([[1.0, 0.0, 0.5]]), np.array([[-1000.0, 1000.0, -1000.0]]), 2.0)
assert np.allclose(hidden, 4000.0), "weighted_bce is wrong for pre-activations of ±1000."
hidden = weighted_bce_delta(np.array([[1.0, 0.0, 0.5]]), np.array([[-1000.0, 1000.0, -1000.0]]), 2.0)
assert np.allclose(hidden, [[-2.0, 1.0, -1.0]]), "weighted_bce_delta is wrong for pre-activations of ±1000."
### END HIDDEN TESTS

# %% [markdown]
# ## Task 3: Where is the floor now? (2 marks)
#
# With $\omega = 1$ a pixel's term of the loss is least at $\hat x = x$, and its least value is the entropy (2.11). For
# other weights find both anew: differentiate one pixel's term of (Ex2.1) with respect to $\hat x$, as (2.10) does, and
# set the derivative to zero. Define two functions; `x` has the shape $(N, n)$.
#
# 1. `best_reconstruction(x, weight)` returns for each pixel the $\hat x$ in $[0, 1]$ at which its term is least: shape
#    $(N, n)$. Give it by a formula; trying many values is too coarse for the checks.
# 2. `weighted_floor(x, weight)` returns the [floor](../../../chapters/glossary.md#floor) of each image, the least
#    $L_\omega$ that any reconstruction of it can reach, *summed* over its pixels: shape $(N,)$. As in (2.11),
#    $0 \ln 0 = 0$, so an image of only black and white pixels has the floor 0. Clip nothing.
#
# <details><summary>Hint</summary>
#
# One point to check your formula at: for $x = 0.5$ and $\omega = 3$ the best reconstruction is 0.75. The floor is what
# the best reconstruction costs. `xlogy(a, b)`, imported above, is $a \ln b$ with $0 \ln 0 = 0$. With $\omega = 1$ your
# floor must be the entropy.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_reconstruction(x, weight):
    """For each pixel, the reconstruction at which its term of (Ex2.1) is least."""
    ### BEGIN SOLUTION
    return weight * x / (1 - x + weight * x)
    ### END SOLUTION


def weighted_floor(x, weight):
    """The least weighted binary cross-entropy of each image; summed over pixels."""
    ### BEGIN SOLUTION
    x_hat = best_reconstruction(x, weight)
    return -(xlogy(weight * x, x_hat) + xlogy(1 - x, 1 - x_hat)).sum(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
greys = np.linspace(0, 1, 11)[:, None]  # eleven images of a single pixel
trials = np.arange(1, 2000) / 2000  # the checks try each of these as its reconstruction
trial_losses = -(xlogy(4.0 * greys, trials) + xlogy(1 - greys, 1 - trials))  # (11, 1999), with weight 4
if started(best_reconstruction(greys, 4.0), "Task 3, best_reconstruction"):
    given = np.asarray(best_reconstruction(greys, 4.0))
    assert given.shape == (11, 1), f"best_reconstruction returns the shape {given.shape}; it needs that of x, (11, 1)."
    assert np.isfinite(given).all(), "best_reconstruction returns NaN or infinity for some grey level between 0 and 1."
    assert given.min() >= -1e-12 and given.max() <= 1 + 1e-12, (
        f"Your reconstructions range from {given.min():.4g} to {given.max():.4g}; a pixel lies between 0 and 1."
    )
    assert np.allclose(given[[0, 10], 0], [0, 1], rtol=0, atol=1e-9), (
        f"Black is best rebuilt as 0 and white as 1; you return {given[0, 0]:.8g} and {given[10, 0]:.8g}. Nothing need "
        "be clipped here."
    )
    assert not np.allclose(given, greys), (
        "You return x itself, the best reconstruction for weight 1. With weight 4 the derivative is not zero there."
    )
    assert (given[1:-1] > greys[1:-1]).all(), (
        "A weight above 1 makes it dear to be too dark, so the best reconstruction of a grey pixel is brighter than "
        "the pixel. Some of yours are darker: did the weight get to the wrong term?"
    )
    assert np.allclose(best_reconstruction(greys, 1.0), greys), (
        "With weight 1 the best reconstruction must be x, (2.10)."
    )
    gap = np.abs(given[:, 0] - trials[trial_losses.argmin(axis=1)])
    assert gap.max() < 1e-3, (
        f"For x = {greys[gap.argmax(), 0]:.1f} and weight 4 you return {given[gap.argmax(), 0]:.4f}; of 1,999 "
        f"reconstructions that were tried, {trials[trial_losses[gap.argmax()].argmin()]:.4f} costs least."
    )

if started(weighted_floor(greys, 4.0), "Task 3, weighted_floor"):
    given = np.asarray(weighted_floor(greys, 4.0))
    assert given.shape == (11,), (
        f"weighted_floor returns the shape {given.shape}; it needs a number for each row, (11,)."
    )
    assert np.isfinite(given).all(), "Your floor is not finite for black or white pixels: 0 ln 0 has to be 0."
    assert np.allclose(given[[0, 10]], 0, atol=1e-6), (
        f"A black pixel has the floor 0, and so has a white one; yours have {given[0]:.3g} and {given[10]:.3g}."
    )
    inked = np.asarray(weighted_floor(np.round(digits[:1]), 4.0))
    assert np.allclose(inked, 0, atol=1e-6), (
        f"A digit of only black and white pixels has the floor 0; yours has {inked[0]:.3g}. A clipped reconstruction "
        "costs a little at each of 784 pixels; `xlogy` needs no clipping."
    )
    as_they_are = -(xlogy(4.0 * greys, greys) + xlogy(1 - greys, 1 - greys))[:, 0]
    assert not np.allclose(given, as_they_are), (
        "This is what the image itself costs as a reconstruction. With weight 4 another reconstruction costs less."
    )
    assert (given < trial_losses.min(axis=1) + 1e-9).all(), (
        "A reconstruction was found that costs less than your floor."
    )
    assert np.allclose(given, trial_losses.min(axis=1), atol=4e-3), (
        "Your floor is too low: of 1,999 reconstructions that were tried for each grey level, none comes near it."
    )
    given, wanted = np.asarray(weighted_floor(digits[:20], 1.0)), losses.pixel_entropy(digits[:20])
    assert not np.allclose(given, wanted / 784), "Your floor is averaged over pixels; the task asks for the sum."
    assert np.allclose(given, wanted, rtol=0, atol=1e-6), (
        "With weight 1 the floor of an image must be its entropy, (2.11)."
    )
    print("Task 3: what is done passes the visible checks.")

### BEGIN HIDDEN TESTS
hidden_x = np.clip(np.random.default_rng(303).uniform(-0.2, 1.2, (6, 8)), 0, 1)
for hidden_weight in (0.2, 1.0, 2.5, 30.0):
    hidden = best_reconstruction(hidden_x, hidden_weight)
    assert np.shape(hidden) == (6, 8), "best_reconstruction has to return the shape of x."
    hidden_best = hidden_weight * hidden_x / (1 - hidden_x + hidden_weight * hidden_x)
    assert np.allclose(hidden, hidden_best, rtol=0, atol=1e-7), (
        f"On other data, with weight {hidden_weight}, best_reconstruction is wrong or too coarse. Does it hold for any "
        "weight?"
    )
    hidden = weighted_floor(hidden_x, hidden_weight)
    assert np.shape(hidden) == (6,), "weighted_floor has to return one number for each image."
    hidden_wanted = -(xlogy(hidden_weight * hidden_x, hidden_best) + xlogy(1 - hidden_x, 1 - hidden_best)).sum(axis=1)
    assert np.allclose(hidden, hidden_wanted, rtol=0, atol=1e-6), (
        f"On other data, with weight {hidden_weight}, weighted_floor is wrong or too coarse."
    )
hidden = weighted_floor(np.round(digits[100:110]), 5.0)
assert np.allclose(hidden, 0, atol=1e-6), "weighted_floor is not 0 for images of black and white pixels."
### END HIDDEN TESTS

# %% [markdown]
# ## Question 1: Better than perfect? (3 marks)
#
# The next cell takes 1,000 validation images and three "reconstructions" of each, for which no network is needed: the
# image itself, the image brightened, $\hat x_j = x_j^{0.6}$, and the image darkened, $\hat x_j = x_j^{1.4}$. (Black and
# white stay as they are.) It prints what they cost, averaged over pixels and images: $L_\omega$ of (Ex2.1) with
# $\omega = 1$ and with $\omega = 4$, and the squared error.

# %% nbgrader={"grade": false, "grade_id": "setup-q1", "locked": true, "schema_version": 3, "solution": false, "task": false}
shown = {"the image itself": digits, "brightened": digits**0.6, "darkened": digits**1.4}
costs = {
    f"weighted cross-entropy, ω = {weight}": {
        name: -(xlogy(weight * digits, x_hat) + xlogy(1 - digits, 1 - x_hat)).mean() for name, x_hat in shown.items()
    }
    for weight in (1, 4)
}
costs["squared error"] = {name: np.square(x_hat - digits).mean() for name, x_hat in shown.items()}
pd.DataFrame(costs).round(4)

# %% [markdown]
# Answer in a few sentences each.
#
# 1. With $\omega = 4$ the brightened images cost less than the images themselves. A fellow student says: "Nothing can
#    be better than a perfect reconstruction. There is a bug in the loss." Is there? Give the reason.
# 2. The same student then trains an autoencoder with $\omega = 4$ and judges it by its loss *minus the loss of the
#    image itself*. What is wrong with this yardstick, and what should be subtracted instead? Each of two networks, one
#    trained with $\omega = 4$ and one with $\omega = 1$, is now judged by its own loss, corrected in your way. Does the
#    comparison tell which network is better? If not, what would?
# 3. Weight the *squared error* in a similar way, $\sum_j \big(1 + (\omega - 1) x_j\big) (\hat x_j - x_j)^2$. Which
#    reconstruction does this loss ask for (a) where the decoder knows the grey pixel $x_j$ exactly; (b) where the code
#    leaves the pixel open, and it is black in half of the images that share the code and white in the other half? Take
#    $\omega = 4$ in (b).

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.**
#
# 1. There is no bug. A grey pixel's term of (Ex2.1) is least at $\hat x = \omega x / (1 + (\omega - 1) x)$, which is
#    brighter than $x$ for $\omega > 1$: the term that punishes a dark reconstruction weighs four times as much as
#    before, the one that punishes a bright one as much as before. So $\hat x = x$ is "perfect" as an image, but it is
#    not where this loss is least, and brightening moves the grey pixels towards that place. With $\omega = 1$ and with
#    the squared error the image itself is the best, as the table shows.
# 2. The loss of the image itself is not the least possible loss, so the difference can be negative, and zero says
#    nothing special. Subtract the floor of Task 3, which no reconstruction can go below; then 0 is the best possible.
#    It does not decide between the two networks: losses with different $\omega$ are different quantities, and their
#    excesses over their own floors are, too. Judge both networks by one measure, for example the squared error on
#    validation images.
# 3. (a) $\hat x_j = x_j$, with cost 0: the weight multiplies a term that is never negative and is zero there. Unlike
#    (Ex2.1), this loss leaves a known grey pixel alone. (b) The average is $\frac12 c^2 + \frac12 \omega (c - 1)^2$;
#    its derivative $c + \omega (c - 1)$ is zero at $c = \omega / (1 + \omega) = 0.8$, in place of the mean 0.5. An open
#    pixel comes out brighter with this loss as well (and (Ex2.1) asks for the same 0.8).
#
# **Rubric.**
#
# - 1 mark: no bug, *because* with $\omega = 4$ the loss of a grey pixel is least at a brighter value than $x$. (Half a
#   mark for "brighter is cheaper because white has more weight" without a word on where the loss is least.)
# - 1 mark: subtract the floor (Task 3), since the difference from the image's own loss can be negative (half a mark);
#   losses, or excesses, with different $\omega$ cannot be compared, so use one common measure (half a mark).
# - 1 mark: (a) $x_j$ itself (half a mark); (b) 0.8, with the average set up or the weighted mean named (half a mark).
# ### END SOLUTION

# %% [markdown]
# ## Task 4: One kernel for both halves (3 marks)
#
# Some autoencoders use the encoder's weights a second time, transposed, in the decoder: *tied weights*, half as many to
# store. Take the smallest such network. Its code has the activation *softplus*, a smooth relative of
# [ReLU](../../../chapters/glossary.md#relu). In the layout of the chapter's `forward`, with a batch $x$ of shape
# $(N, n)$, a kernel $K$ of shape $(n, m)$, and biases $b$ of shape $(m,)$ and $b'$ of shape $(n,)$,
#
# $$ s = x K + b, \qquad z = \operatorname{softplus}(s) = \ln (1 + e^{s}), \qquad \hat x = \operatorname{sigmoid}\big(z K^{\mathsf{T}} + b'\big). \tag{Ex2.2} $$
#
# In this task $J$ is the binary cross-entropy *averaged* over pixels and over images, as Keras computes it.
#
# Define `tied_gradients(kernel, bias, output_bias, x)`, where the arguments are $K$, $b$, $b'$ and $x$. It returns
# three arrays in this order: $\partial J / \partial K$ of shape $(n, m)$, $\partial J / \partial b$ of shape $(m,)$ and
# $\partial J / \partial b'$ of shape $(n,)$. Use backpropagation. (Finite differences are too coarse to pass all
# checks.)
#
# The cell below defines `softplus`, $J$ as `tied_loss`, and the chapter's `central_differences`, with which the checks
# compare your gradients.
#
# <details><summary>Hint</summary>
#
# Pretend for a moment that the decoder has a kernel $K'$ of its own, and write down (2.24) for the two kernels in this
# layout. $K$ acts on $J$ through the encoder and through the decoder: what does the chain rule say about a number that
# acts along two paths? Mind which part must be transposed, to have the shape of $K$. The slope of softplus is a
# function that you know, at $s$; (2.18) has it.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
def softplus(s):
    """ln(1 + exp(s)), without overflow."""
    return np.logaddexp(0, s)


def two_kernel_loss(encoder_kernel, bias, decoder_kernel, output_bias, x):
    """The binary cross-entropy (2.18), averaged over pixels and images, of a network with two kernels."""
    s_out = softplus(x @ encoder_kernel + bias) @ decoder_kernel + output_bias
    return (np.logaddexp(0, s_out) - x * s_out).mean()


def tied_loss(kernel, bias, output_bias, x):
    """J of the network (Ex2.2)."""
    return two_kernel_loss(kernel, bias, kernel.T, output_bias, x)


def central_differences(objective, array, step=1e-4):
    """The gradient of objective() with respect to every entry of array, which it reads; (2.25)."""
    gradient = np.empty_like(array)
    for place in np.ndindex(array.shape):
        value = array[place]
        array[place] = value + step
        above = objective()
        array[place] = value - step
        gradient[place] = (above - objective()) / (2 * step)
        array[place] = value
    return gradient


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tied_gradients(kernel, bias, output_bias, x):
    """The gradients of J of (Ex2.2) with respect to the kernel, the code's bias and the output's bias."""
    ### BEGIN SOLUTION
    s = x @ kernel + bias
    z = softplus(s)
    x_hat = sigmoid(z @ kernel.T + output_bias)
    delta_out = (x_hat - x) / x.size
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return x.T @ delta_code + delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check_rng = np.random.default_rng(4)
check_images = digits[:6].reshape(6, 28, 28)[:, 8:20:3, 10:19:2].reshape(6, 20)  # 6 images of 20 pixels
check_kernel, check_bias, check_output_bias = (check_rng.normal(0, 0.6, shape) for shape in ((20, 3), 3, 20))
given = tied_gradients(check_kernel, check_bias, check_output_bias, check_images)
if started(given, "Task 4"):
    assert len(given) == 3, f"tied_gradients returns {len(given)} things; it needs three arrays."
    shapes = [np.shape(gradient) for gradient in given]
    assert shapes == [(20, 3), (3,), (20,)], (
        f"Your gradients have the shapes {shapes}; for 20 pixels and a code of 3 they need (20, 3), (3,) and (20,), "
        "those of the kernel, the code's bias and the output's bias."
    )

    def check_objective():
        return tied_loss(check_kernel, check_bias, check_output_bias, check_images)

    def agree(first, second):
        return np.abs(first - second).max() < 1e-6 * np.abs(second).max()

    wanted = [central_differences(check_objective, a) for a in (check_kernel, check_bias, check_output_bias)]
    # The same with two kernels tells which part of the kernel's gradient is there.
    loose = check_kernel.copy(), check_kernel.T.copy()
    parts = [
        central_differences(
            lambda: two_kernel_loss(loose[0], check_bias, loose[1], check_output_bias, check_images), kernel
        )
        for kernel in loose
    ]
    assert not agree(given[2], wanted[2] * 20 * 6), (
        "Your gradients are those of a sum; J is a mean over pixels and images."
    )
    assert not agree(given[2], wanted[2] * 20), (
        "J is averaged over pixels as well as over images: divide by both numbers."
    )
    assert not agree(given[2], wanted[2] * 6), (
        "J is averaged over images as well as over pixels: divide by both numbers."
    )
    assert not agree(given[2], wanted[2] / 6), (
        "A bias gets the *sum* of its deltas over the images: the division that makes J a mean is done twice."
    )
    assert agree(given[2], wanted[2]), (
        "The gradient of the output's bias is wrong. Start there: it is delta, (2.17), summed over the images and "
        "divided by the numbers of pixels and of images."
    )
    assert agree(given[1], wanted[1]), (
        "The output's bias is right, the code's is not. Look at the step back through the kernel, (2.21), and at the "
        "slope of softplus: is it the right function, and is it taken at s, not at z?"
    )
    assert not agree(given[0], parts[0]) and not agree(given[0], parts[1].T), (
        "Your gradient of the kernel has one path only. K occurs in the encoder *and* in the decoder, (Ex2.2)."
    )
    assert not agree(given[0], wanted[0] / 2), "The two paths of the kernel's gradient add up; they are not averaged."
    assert agree(given[0], wanted[0]), (
        "The biases are right, the kernel is not. Write down its two parts, one for each place where K occurs, and "
        "check each: which delta, and which layer's input, belong to it? What has to be transposed?"
    )
    print("Task 4: the visible checks pass.")

### BEGIN HIDDEN TESTS
hidden_rng = np.random.default_rng(404)
hidden_x = hidden_rng.random((7, 30))
hidden_kernel, hidden_b, hidden_b_out = (hidden_rng.normal(0, 0.5, shape) for shape in ((30, 5), 5, 30))
hidden = tied_gradients(hidden_kernel, hidden_b, hidden_b_out, hidden_x)
assert hidden is not None and len(hidden) == 3, "tied_gradients has to return three arrays."
assert [np.shape(part) for part in hidden] == [(30, 5), (5,), (30,)], "The gradients need the shapes of the parameters."
hidden_z = np.logaddexp(0, hidden_x @ hidden_kernel + hidden_b)
hidden_out = (sigmoid(hidden_z @ hidden_kernel.T + hidden_b_out) - hidden_x) / hidden_x.size
hidden_code = (hidden_out @ hidden_kernel) * -np.expm1(-hidden_z)
hidden_wanted = hidden_x.T @ hidden_code + hidden_out.T @ hidden_z, hidden_code.sum(axis=0), hidden_out.sum(axis=0)
for hidden_name, part, right in zip(("kernel", "code's bias", "output's bias"), hidden, hidden_wanted, strict=True):
    hidden_gap = np.abs(part - right).max() / np.abs(right).max()
    assert hidden_gap < 1e-4, f"The gradient of the {hidden_name} is wrong for 7 images of 30 pixels and a code of 5."
    assert hidden_gap < 1e-10, (
        f"The gradient of the {hidden_name} is right to a few digits only. Backpropagation is exact to rounding."
    )
### END HIDDEN TESTS

# %% [markdown]
# ## Question 2: Three gradient checks (2 marks)
#
# Three students have each programmed the gradient of a network with smooth activations, and have checked it against
# central differences (2.25) of the loss with nine steps $\Delta$. The next cell draws what they measured: the largest
# deviation, relative to the largest gradient.

# %% mystnb={"image": {"alt": "Three curves against the step, both axes logarithmic. A is a V with its lowest point, below one in a thousand million, at a step of 1e-5. B is level at 0.006 over all steps. C is level at 1 for the smallest steps, then falls to about 0.0002 at a step of 0.01, and meets A at 0.1."}} nbgrader={"grade": false, "grade_id": "setup-q2", "locked": true, "schema_version": 3, "solution": false, "task": false}
deviations = {
    "A": [4.0e-06, 3.4e-07, 4.2e-08, 3.2e-09, 3.4e-10, 1.2e-09, 1.2e-07, 1.2e-05, 1.2e-03],
    "B": [6.0e-03] * 9,
    "C": [1.0, 1.0, 1.0, 0.62, 0.13, 2.1e-02, 1.8e-03, 1.7e-04, 1.2e-03],
}
plots.curves(
    deviations, x=10.0 ** np.arange(-9, 0), log_x=True, log_y=True,
    title="Three gradient checks", xlabel="step Δ", ylabel="largest relative deviation",
)  # fmt: skip

# %% [markdown]
# Answer in a few sentences each.
#
# 1. One of the three gradients has a wrong formula. Which, and what in its curve tells you so? Explain the two branches
#    of curve A as well.
# 2. The other two check the same right formula, and neither program has an error. What is likely to differ between
#    them, so that C's lowest point is so much higher than A's, and at a larger step? A fellow student checks gradients
#    with the single step $\Delta = 10^{-4}$ and accepts deviations below $10^{-2}$. Which of the three does this rule
#    judge wrongly? Give a better rule.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** (All three are the network of Task 4 on ten digits. In B a penalty of $10^{-4} \lVert K \rVert^2$ is
# part of the loss and was forgotten in the gradient; in C parameters and loss are float32.)
#
# 1. B is wrong. Its curve is level: the difference between a wrong formula and the truth does not depend on $\Delta$. A
#    right formula shows a V, because only the finite difference's own errors are left. On the right branch of A the
#    cubic term of the Taylor series dominates: a step ten times smaller makes it a hundred times smaller. On the left
#    branch the rounding of $J$ dominates, which the division by $2 \Delta$ magnifies as $1 / \Delta$.
# 2. C is computed in float32, A in float64. The Taylor term is the same for both; the rounding is many powers of ten
#    larger in C, so its left branch lies higher and meets the right one higher up and at a larger step. (Where C is
#    level at 1, the step is lost in the rounding and the difference is 0.) The rule accepts B, whose formula is wrong,
#    and rejects C, whose formula is right; it judges A rightly. Better: compute in float64, try several steps, look for
#    the V, and accept only if its lowest point is very small, say below $10^{-6}$.
#
# **Rubric.**
#
# - 1 mark: B, because its deviation does not fall with the step (half a mark); Taylor term to the right and rounding to
#   the left (half a mark).
# - 1 mark: float32 or coarser rounding in C (half a mark); the rule accepts B and rejects C, and a better rule uses
#   several steps or float64 with a far smaller bound (half a mark).
# ### END SOLUTION

# %% [markdown]
# ## Task 5: A step that forgets (2 marks)
#
# In the chapter's linear autoencoder, the encoder's weights on pixels that never vary stayed where they had started,
# because their gradient is zero. *Weight decay* lets such weights fade: every step also takes away a small share of
# each weight. Loshchilov and Hutter (2019), *Decoupled weight decay regularization*, add it to
# [Adam](../../../chapters/glossary.md#adam) and call the result AdamW. In the form that Keras uses, with $m_t$ and
# $v_t$ from (2.28) and $\eta_t$ from (2.29),
#
# $$ w_t = w_{t-1} - \eta_t \, \frac{m_t}{\sqrt{v_t} + \epsilon} - \eta \, \lambda \, w_{t-1}. \tag{Ex2.3} $$
#
# $\lambda \ge 0$ is called the decay. All operations are entry by entry.
#
# Define `adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7)`. The arrays `w`, `g`, `m`, `v`
# have one shape and hold $w_{t-1}$, $g_t$, $m_{t-1}$ and $v_{t-1}$; `t` is the number of the step and begins with 1;
# `rate` is $\eta$ and `decay` is $\lambda$. Return the tuple $(w_t, m_t, v_t)$ of new arrays; leave the arguments as
# they are.
#
# <details><summary>Hint</summary>
#
# Four lines, in the order of the formulas: the new `m`, the new `v`, $\eta_t$, and (Ex2.3). Compare with the chapter's
# class `Adam`, which changes its arrays in place; here `m = beta_1 * m + ...` makes a new one. Two numbers to check:
# where the gradient is zero and has always been, a weight must become $(1 - \eta \lambda)$ times itself. And without
# decay the first step moves every weight whose gradient is not zero by $\eta$, to a few digits.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """One step of AdamW (Ex2.3): the new parameters and the new running means."""
    ### BEGIN SOLUTION
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - corrected_rate * m / (np.sqrt(v) + epsilon) - rate * decay * w, m, v
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check_w, check_g, zeros = np.array([2.0, -3.0]), np.array([5.0, -0.02]), np.zeros(2)
given = adamw_step(check_w.copy(), check_g.copy(), zeros.copy(), zeros.copy(), 1, 0.1, 0.0, epsilon=0.0)
if started(given, "Task 5"):
    assert len(given) == 3, f"adamw_step returns {len(given)} things; it needs three arrays: the new w, m and v."
    shapes = [np.shape(part) for part in given]
    assert shapes == [(2,)] * 3, f"The new w, m and v have the shapes {shapes}; each needs the shape of w, (2,)."
    new_w, new_m, new_v = given
    assert np.allclose(new_m, 0.1 * check_g), f"From zero, m must become (1 - β₁) g, [0.5, -0.002]; yours is {new_m}."
    assert np.allclose(new_v, 0.001 * check_g**2), f"From zero, v must become (1 - β₂) g²; yours is {new_v}."
    moved = new_w - check_w
    assert not np.allclose(moved, [0.1, -0.1]), "Your step goes up the gradient; it has to go against it."
    assert np.allclose(moved, [-0.1, 0.1]), (
        "Without decay and with ε = 0, the first step moves every parameter by the rate, 0.1, however large its "
        f"gradient. Yours move by {moved}. Your m and v are right, so look at (2.29): at η_t, which undoes the start "
        "from zero (t is 1 at the first step), and at the root of v."
    )
    new_w, _, _ = adamw_step(check_w.copy(), zeros.copy(), zeros.copy(), zeros.copy(), 1, 0.1, 0.25)
    assert np.isfinite(new_w).all(), "With a gradient of zero your step divides 0 by 0: where does ε belong?"
    assert not np.allclose(np.abs(new_w - check_w), 0.1, rtol=1e-3), (
        "With a gradient of zero, weights of 2 and -3 move equally far. λw has got into the gradient, whose size "
        "(2.29) divides out again; in (Ex2.3) the decay stands apart."
    )
    assert np.allclose(new_w, 0.975 * check_w), (
        "With a gradient of zero, rate 0.1 and decay 0.25, a weight of 2 must lose the share 0.1 · 0.25 and become "
        f"1.95. Yours becomes {new_w[0]:.4g}. Which rate, and which sign, has the last term of (Ex2.3)?"
    )
    new_w, _, _ = adamw_step(check_w.copy(), check_g.copy(), zeros.copy(), zeros.copy(), 1, 0.1, 0.25, epsilon=0.0)
    assert np.allclose(new_w, [2 - 0.1 - 0.05, -3 + 0.1 + 0.075]), (
        "The last term of (Ex2.3) has the weight from *before* the step. Gradient 5, rate 0.1 and decay 0.25 bring a "
        f"weight from 2 to 1.85; yours comes to {new_w[0]:.5g}."
    )
    ones = np.ones(2)
    new_w, _, _ = adamw_step(zeros.copy(), ones, zeros.copy(), zeros.copy(), 1, 1.0, 0.0, epsilon=1.0)
    assert np.allclose(new_w, -(0.001**0.5) / (0.001**0.5 + 1)), (
        "ε is in the wrong place: (2.29) adds it to √v_t: not inside the root, nor to the root of a corrected v_t."
    )
    state = check_w.copy(), zeros.copy(), zeros.copy()
    for t in (1, 2, 3):
        state = adamw_step(state[0], check_g.copy(), state[1], state[2], t, 0.1, 0.0, epsilon=0.0)
    assert np.allclose(state[0], check_w - [0.3, -0.3]), (
        "With a gradient that stays the same, every step moves by the rate, so three steps move by 0.3. Yours moved by "
        f"{state[0] - check_w}: look at how t enters, and at the old m and v in (2.28)."
    )
    print("Task 5: the visible checks pass.")

### BEGIN HIDDEN TESTS
hidden_rng = np.random.default_rng(505)
hidden_w = hidden_rng.normal(size=(4, 3))
hidden_m, hidden_v = np.zeros((4, 3)), np.zeros((4, 3))
hidden_state = hidden_w.copy(), hidden_m.copy(), hidden_v.copy()
for t in range(1, 6):
    hidden_g = hidden_rng.normal(size=(4, 3))
    old_w, old_m, old_v = hidden_state
    hidden_before = old_w.copy(), old_m.copy(), old_v.copy()
    hidden_state = adamw_step(old_w, hidden_g.copy(), old_m, old_v, t, 0.05, 0.3, 0.8, 0.95, 0.01)
    assert hidden_state is not None and len(hidden_state) == 3, "adamw_step has to return three arrays."
    assert all(map(np.array_equal, (old_w, old_m, old_v), hidden_before)), (
        "adamw_step changes the arrays that it is given; return new ones."
    )
    hidden_m = 0.8 * hidden_m + 0.2 * hidden_g
    hidden_v = 0.95 * hidden_v + 0.05 * hidden_g * hidden_g
    hidden_rate = 0.05 * (1 - 0.95**t) ** 0.5 / (1 - 0.8**t)
    hidden_w = hidden_w * (1 - 0.05 * 0.3) - hidden_rate * hidden_m / (hidden_v**0.5 + 0.01)
    assert [np.shape(part) for part in hidden_state] == [(4, 3)] * 3, "adamw_step has to keep the shape of a matrix."
    assert np.allclose(hidden_state[1], hidden_m), (
        f"m is wrong at step {t}, with other betas and gradients that change. Does your step use all its arguments?"
    )
    assert np.allclose(hidden_state[2], hidden_v), (
        f"v is wrong at step {t}, with other betas and gradients that change."
    )
    assert np.allclose(hidden_state[0], hidden_w, rtol=1e-9, atol=1e-12), (
        f"w is wrong at step {t}, with every term at work."
    )
### END HIDDEN TESTS

# %% [markdown]
# ## Task 6: Back to the axes (3 marks)
#
# By (2.34), the loss of a [linear autoencoder](../../../chapters/glossary.md#linear-autoencoder) cannot tell its code
# from a mixture of the code's numbers. So among all the pairs with the same product $V W$ you are free to choose the
# one that is easiest to read. Define `canonical(W, V, C)`. $W$ has the shape $(m, n)$; $V$ has the shape $(n, m)$, and
# its columns are linearly independent; $C$ is the covariance matrix of the centred images, of shape $(n, n)$. Return
# the tuple $(\tilde W, \tilde V)$, of the same shapes as $W$ and $V$, with three properties:
#
# 1. $\tilde V \tilde W = V W$: every reconstruction stays as it is.
# 2. $\tilde V^{\mathsf{T}} \tilde V = I$: the decoder's columns are perpendicular and have length 1.
# 3. $\tilde W C \tilde W^{\mathsf{T}}$, the covariance matrix of the code, is diagonal, and its entries fall from the
#    first to the last: the code's numbers are uncorrelated, and the one that varies most comes first.
#
# $W$ and $V$ can be *any* such pair, trained or not. Columns may have either sign: whatever has the three properties is
# right.
#
# The cell below trains a linear autoencoder with $m = 6$ on digits shrunk to 14 × 14 pixels, and compares its decoder
# with the [principal components](../../../chapters/glossary.md#pca), as the chapter did: same space, other axes.
#
# <details><summary>Hint</summary>
#
# Look for the matrix $A$ of (2.34) in two steps. First make the decoder's columns orthonormal: `np.linalg.qr(V)` writes
# $V$ as a matrix with orthonormal columns times a square one; where must the square one go? Then ask what you may still
# do to both matrices without losing properties 1 and 2, and let an eigendecomposition of an $m \times m$ matrix choose
# it. `np.linalg.eigh` sorts its eigenvalues from the least to the greatest; the eigenvectors are *columns*.
#
# </details>

# %% mystnb={"image": {"alt": "A 6 by 6 table of absolute cosines between decoder columns and principal components. Larger and smaller values are scattered over the table, with no diagonal."}} nbgrader={"grade": false, "grade_id": "setup-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
blocks = split.x_train[:10_000].astype(np.float64).reshape(-1, 14, 2, 14, 2)
small = blocks.mean(axis=4).mean(axis=2).reshape(-1, 196)  # 14 × 14 pixels
small -= small.mean(axis=0)
C = small.T @ small / len(small)
U = np.linalg.eigh(C)[1][:, :-7:-1]  # the first six principal components, as columns

W_trained = np.random.default_rng(SEED).normal(size=(6, 196))
for _ in range(60):  # each line makes one of the two gradients (2.32) zero
    V_trained = C @ W_trained.T @ np.linalg.inv(W_trained @ C @ W_trained.T)
    W_trained = np.linalg.pinv(V_trained)


def draw_cosines(V, title):
    """The absolute cosines between a decoder's columns and the first six principal components."""
    return plots.heatmap(
        np.abs(V.T @ U) / np.linalg.norm(V, axis=0)[:, None], row_labels=range(1, 7), column_labels=range(1, 7),
        number_format="{:.2f}", colour_label="|cosine|", title=title, xlabel="principal component",
        ylabel="decoder column",
    )  # fmt: skip


draw_cosines(V_trained, "The decoder's columns after training")


# %% nbgrader={"grade": false, "grade_id": "task-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
def canonical(W, V, C):
    """The pair with the same product, orthonormal decoder columns, and an ordered, uncorrelated code."""
    ### BEGIN SOLUTION
    Q, R = np.linalg.qr(V)
    W = R @ W
    _, E = np.linalg.eigh(W @ C @ W.T)
    E = E[:, ::-1]
    return E.T @ W, Q @ E
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-6-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check_rng = np.random.default_rng(6)
W_raw, V_raw = check_rng.normal(size=(6, 196)), check_rng.normal(size=(196, 6))
given = canonical(W_trained.copy(), V_trained.copy(), C.copy())
if started(given, "Task 6"):
    for name, W_old, V_old in (("trained", W_trained, V_trained), ("untrained", W_raw, V_raw)):
        given = canonical(W_old.copy(), V_old.copy(), C.copy())
        assert len(given) == 2, f"canonical returns {len(given)} things; it needs two: the new W, then the new V."
        shapes = [np.shape(matrix) for matrix in given]
        assert shapes == [(6, 196), (196, 6)], (
            f"The new W and V have the shapes {shapes}; they need (6, 196) and (196, 6), in this order."
        )
        W_new, V_new = given
        product = V_old @ W_old
        assert np.abs(V_new @ W_new - product).max() < 1e-8 * np.abs(product).max(), (
            f"For the {name} pair, VW has changed, and with it every reconstruction. Whatever you multiply V by from "
            "the right, its inverse must multiply W from the left. And V must come from V and W: C alone cannot tell "
            "it."
        )
        assert np.abs(V_new.T @ V_new - np.eye(6)).max() < 1e-8, (
            f"For the {name} pair, the columns of the new V are not orthonormal: the transpose of V times V is not the "
            "identity. Unit length alone is not enough."
        )
        code_covariance = W_new @ C @ W_new.T
        variances = code_covariance.diagonal()
        assert np.abs(code_covariance - np.diag(variances)).max() < 1e-8 * variances.max(), (
            f"For the {name} pair, the code's numbers are still correlated. You may still turn both matrices by a "
            "rotation: let the covariance matrix of the *code*, which is 6 × 6, choose it."
        )
        assert (np.diff(variances) <= 1e-9 * variances.max()).all(), (
            f"For the {name} pair, the code's variances must fall; yours are {np.round(variances, 3)}."
        )
    print("Task 6: the visible checks pass.")

### BEGIN HIDDEN TESTS
hidden_rng = np.random.default_rng(606)
for hidden_n, hidden_size in ((12, 5), (9, 1), (7, 7)):
    hidden_data = hidden_rng.normal(size=(40, hidden_n)) * np.arange(1, hidden_n + 1)
    hidden_C = hidden_data.T @ hidden_data / 40
    hidden_W, hidden_V = (
        hidden_rng.normal(size=(hidden_size, hidden_n)),
        hidden_rng.normal(size=(hidden_n, hidden_size)),
    )
    hidden = canonical(hidden_W.copy(), hidden_V.copy(), hidden_C.copy())
    assert hidden is not None and len(hidden) == 2, "canonical has to return two matrices."
    assert [np.shape(part) for part in hidden] == [hidden_W.shape, hidden_V.shape], "The shapes of W and V must stay."
    hidden_product = hidden_V @ hidden_W
    assert np.allclose(hidden[1] @ hidden[0], hidden_product, rtol=0, atol=1e-8 * np.abs(hidden_product).max()), (
        f"The product VW changes for {hidden_n} pixels and a code of {hidden_size}."
    )
    assert np.allclose(hidden[1].T @ hidden[1], np.eye(hidden_size), rtol=0, atol=1e-8), (
        f"The new V's columns are not orthonormal for {hidden_n} pixels and a code of {hidden_size}."
    )
    hidden_covariance = hidden[0] @ hidden_C @ hidden[0].T
    hidden_variances = hidden_covariance.diagonal()
    hidden_scale = hidden_variances.max()
    assert np.allclose(hidden_covariance, np.diag(hidden_variances), rtol=0, atol=1e-8 * hidden_scale), (
        f"The code is correlated for {hidden_n} pixels and a code of {hidden_size}."
    )
    assert (np.diff(hidden_variances) <= 1e-9 * hidden_scale).all(), "The code's variances are not in falling order."
### END HIDDEN TESTS

# %% [markdown]
# Once your function works, the next cell draws the same table for your $\tilde V$. What has become of the axes? How can
# a rule find them that never mentions principal components? (Nothing to hand in. Put (2.33) into property 3, or read
# [Plaut (2018)](../../../chapters/references.md#plaut-2018).)

# %% mystnb={"image": {"alt": "The same 6 by 6 table for the new decoder columns. The diagonal is 1.00, everything else is 0.00: each column is a principal component."}} nbgrader={"grade": false, "grade_id": "setup-6-picture", "locked": true, "schema_version": 3, "solution": false, "task": false}
found = canonical(W_trained, V_trained, C)
picture = None if found is None else draw_cosines(np.asarray(found[1]), "The decoder's columns, put in order")
picture
