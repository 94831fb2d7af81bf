# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · Variational autoencoders
#
# An autoencoder gives every image a point in its latent space, and nothing says where the next point may lie. A
# *variational autoencoder* gives every image a distribution, and trains all of these to fit one that you can draw from.
# With that it becomes a model of the data: it makes new digits, and it can be asked how probable an image is. The price
# is a loss whose two terms must be weighed exactly right, and a common mistake in that weighing ruins it.

# %% [markdown]
# ## What you will learn
#
# - Derive the [evidence lower bound](glossary.md#evidence-lower-bound), and check its gradient numerically.
# - Explain the [reparameterisation](glossary.md#reparameterisation), and measure what it is worth.
# - Weigh the two terms of the loss correctly where a library averages one of them, and recognise
#   [posterior collapse](glossary.md#posterior-collapse) when you did not.
# - Draw new images, and judge them against the best that a plain autoencoder can do.
# - Report a bound on the log-likelihood in nats, so that it can be put beside published ones.

# %% [markdown]
# ## What you need
#
# - [Chapter 6](06_latent_plane.ipynb) for the plane of a plain autoencoder; [chapter 2](02_mathematics.ipynb) for sums
#   and means of a loss, and for gradients checked by differences.
# - Gaussian densities, expectations, and that the logarithm is concave.
#
# Running time: about two minutes on two quick cores.

# %%
from aelib import data, losses, metrics, models, plots, training, variational
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from scipy.integrate import quad
from scipy.special import expit, logsumexp
from sklearn.mixture import GaussianMixture

SEED = 0
SEEDS = (0, 1, 2)
BATCH_SIZE = 100  # small, so that a few epochs hold many steps; divides 60,000 (chapter 5)
PIXELS = 784

# %%
mnist = data.load_mnist()
x_train, x_test, y_test = mnist.x_train, mnist.x_test, mnist.y_test

# %% [markdown]
# ## A distribution in place of a point
#
# Start from the end that makes images. Draw a code $z$ of $m$ numbers from a fixed [prior](glossary.md#prior), here the
# standard normal distribution $p(z) = \mathcal N(0, I)$. The decoder turns it into one number $\hat x_j(z)$ for every
# pixel $j$, read as the probability that the pixel is white; given the code, pixels are independent. That is a model of
# black and white images $x$, with $x_j = 1$ for a white pixel and 0 for a black one; $\ln p(x)$ is an image's
# *log-likelihood*:
#
# $$ p(x) = \int p(x \mid z)\, p(z)\, dz, \qquad
#    \ln p(x \mid z) = \sum_{j=1}^{784} \big[ x_j \ln \hat x_j(z) + (1 - x_j) \ln (1 - \hat x_j(z)) \big]. \tag{10.1} $$
#
# The second formula is minus the [binary cross-entropy](glossary.md#binary-cross-entropy), *summed* over pixels. To
# train the decoder you would make $\ln p(x)$ large for the training images. But the integral runs over all codes, and
# nearly all of them have nothing to do with $x$. You need the codes that belong to an image. Bayes' rule says which
# they are: their distribution is the [posterior](glossary.md#posterior) $p(z \mid x) = p(x \mid z)\, p(z) / p(x)$.
# Alas, it contains the integral.
#
# So let an encoder approximate it. It gives a Gaussian for each image, $q(z \mid x) = \mathcal N(\mu,
# \mathrm{diag}(\sigma^2))$: for every code unit $l$ a mean $\mu_l$ and, since that may be any number, the logarithm of
# a variance, $\ln \sigma_l^2$. Write $\mathrm E_q$ for the expectation over codes $z$ drawn from $q(z \mid x)$.
# Multiply and divide the integrand of (10.1) by $q(z \mid x)$, and it becomes such an expectation. The logarithm is
# concave, so the logarithm of a mean is at least the mean of the logarithms (Jensen's inequality):
#
# $$ \ln p(x) = \ln \mathrm E_q \left[ \frac{p(x \mid z)\, p(z)}{q(z \mid x)} \right]
#    \;\ge\; \mathrm E_q \left[ \ln \frac{p(x \mid z)\, p(z)}{q(z \mid x)} \right]
#    = \mathrm E_q \big[ \ln p(x \mid z) \big] - \mathrm{KL}\big( q(z \mid x) \,\Vert\, p(z) \big)
#    =: \mathcal L(x). \tag{10.2} $$
#
# $\mathcal L$ is the *evidence lower bound*. Its first term says how well codes drawn from the Gaussian rebuild the
# image. The second is the [Kullback–Leibler divergence](glossary.md#kullbackleibler-divergence),
# $\mathrm{KL}(q \,\Vert\, p) = \mathrm E_q [\ln q - \ln p]$, which is 0 if the two distributions are the same and more
# than 0 otherwise. For one code unit $\ln q - \ln p = \tfrac12 \big[ z^2 - (z - \mu)^2 / \sigma^2 - \ln \sigma^2
# \big]$, and under $q$ the expectation of $z^2$ is $\mu^2 + \sigma^2$, that of $(z - \mu)^2$ is $\sigma^2$. Independent
# units add up:
#
# $$ \mathrm{KL}\big( q(z \mid x) \,\Vert\, p(z) \big)
#    = \tfrac12 \sum_{l=1}^{m} \big[ \mu_l^2 + \sigma_l^2 - 1 - \ln \sigma_l^2 \big]. \tag{10.3} $$
#
# How much is lost by the inequality? By Bayes' rule $p(x \mid z)\, p(z) = p(z \mid x)\, p(x)$. Put that into the second
# expectation of (10.2), and note that $\ln p(x)$ does not depend on $z$. What remains is exactly
#
# $$ \ln p(x) - \mathcal L(x) = \mathrm{KL}\big( q(z \mid x) \,\Vert\, p(z \mid x) \big) \ge 0. \tag{10.4} $$
#
# Further down you will compute all three of these numbers. For training, read (10.4) as
# $\mathcal L = \ln p(x) - \mathrm{KL}$ and ask what a larger $\mathcal L$ does. The encoder's weights occur in the
# divergence only: for them it means Gaussians closer to the true posteriors. The decoder's occur in both terms: for
# them it means a larger probability of the images, or posteriors that such a Gaussian follows better, at times one at
# the cost of the other. Both are trained together on one number, the mean of $\mathcal L$ over the training images.

# %% [markdown]
# ## The reparameterisation
#
# One obstacle is left. The first term of (10.2) is an expectation over codes that are *drawn*, and you cannot
# differentiate a draw. So draw something that does not depend on the network, and compute the code from it:
#
# $$ z = \mu + \sigma \epsilon, \qquad \epsilon \sim \mathcal N(0, I). \tag{10.5} $$
#
# For fixed noise $\epsilon$ this is an ordinary layer, with $\partial z / \partial \mu = 1$ and
# $\partial z / \partial \ln \sigma^2 = \sigma \epsilon / 2$, unit by unit. The loss of an image is minus (10.2), with
# one draw in place of the expectation, and (10.3) for the divergence, with the derivatives
# $\partial\, \mathrm{KL} / \partial \mu = \mu$ and $\partial\, \mathrm{KL} / \partial \ln \sigma^2 = (\sigma^2 - 1) /
# 2$. Test it on a model small enough to write every derivative by hand: 36 black and white pixels, two code units, one
# layer on either side.

# %%
rng = np.random.default_rng(SEED)
small = variational.binarise(x_train[:20], seed=SEED).reshape(-1, 28, 28)[:, 4:25:4, 4:25:4].reshape(20, 36)
shapes = [(36, 2), (2,), (36, 2), (2,), (2, 36), (36,)]
weights = [rng.normal(0, 0.3, shape) for shape in shapes]
noise = rng.standard_normal((20, 2))


def minus_bound(weights):
    """Minus the bound, summed over images, and its gradient."""
    to_mean, mean_bias, to_log_variance, log_variance_bias, kernel, bias = weights
    mean, log_variance = small @ to_mean + mean_bias, small @ to_log_variance + log_variance_bias
    code = mean + np.exp(log_variance / 2) * noise
    x_hat = expit(code @ kernel + bias)
    value = losses.binary_crossentropy(small, x_hat) + losses.gaussian_divergence(mean, log_variance)
    d_out = x_hat - small
    d_code = d_out @ kernel.T
    d_mean, d_log_variance = losses.gaussian_divergence_gradient(mean, log_variance)
    d_mean, d_log_variance = d_mean + d_code, d_log_variance + d_code * np.exp(log_variance / 2) * noise / 2
    inwards = [part for d in (d_mean, d_log_variance) for part in (small.T @ d, d.sum(axis=0))]
    return value.sum(), [*inwards, code.T @ d_out, d_out.sum(axis=0)]


# %% [markdown]
# The gradient is [backpropagation](glossary.md#backpropagation) as in chapter 2, and the divergence adds its own
# gradient to that of mean and log-variance. Compare all of its numbers with [finite
# differences](glossary.md#finite-differences).

# %%
value, gradient = minus_bound(weights)
step, largest = 1e-5, 0.0
for layer, part in enumerate(gradient):
    for place in np.ndindex(part.shape):
        values = []
        for sign in (1, -1):
            moved = [weight.copy() for weight in weights]
            moved[layer][place] += sign * step
            values.append(minus_bound(moved)[0])
        largest = max(largest, abs(part[place] - (values[0] - values[1]) / (2 * step)))
count = sum(weight.size for weight in weights)
scale = max(np.abs(part).max() for part in gradient)
print(f"{count} derivatives; largest disagreement {largest:.0e}, largest derivative {scale:.0f}")

# %% [markdown]
# The gradient is right to many digits. (aelib's tests show that Keras takes the same step.) Could you do without the
# trick? There is another unbiased estimate of the gradient, which needs no derivative of the decoder at all. For any
# function $f$, $\partial\, \mathrm E_q[f(z)] / \partial \mu = \int f\, \partial q / \partial \mu \, dz = \mathrm
# E_q[f(z)\, \partial \ln q / \partial \mu]$, since $\partial q = q\, \partial \ln q$. Here $f$ is the cross-entropy,
# and $\partial \ln q / \partial \mu = \epsilon / \sigma$ is the *score function*. Since its average is 0, you may take
# any constant off the cross-entropy first; its own mean is a good choice. The table is for the derivative with respect
# to $\mu_1$, for one image.
#
# > **Predict first.** All of these estimates of the cross-entropy's gradient are right on average. By what factor will
# > the
# > standard deviations of single draws differ?

# %%
to_mean, mean_bias, to_log_variance, log_variance_bias, kernel, bias = weights
draws = rng.standard_normal((20_000, 2))
one = small[:1]
deviation = np.exp((one @ to_log_variance + log_variance_bias) / 2)
x_hat = expit((one @ to_mean + mean_bias + deviation * draws) @ kernel + bias)
target = np.repeat(one, len(draws), axis=0)
loss, score = losses.binary_crossentropy(target, x_hat), (draws / deviation)[:, 0]
estimates = {
    "reparameterisation": ((x_hat - target) @ kernel.T)[:, 0],
    "score function": loss * score,
    "score function, mean loss taken off": (loss - loss.mean()) * score,
}
rows = {name: [values.mean(), values.std() / np.sqrt(len(draws)), values.std()] for name, values in estimates.items()}
columns = ["mean of 20,000 draws", "its standard error", "standard deviation of one draw"]
estimators = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
factor = estimators[columns[2]] / estimators[columns[2]].iloc[0]
estimators.assign(**{"factor to the first": factor, "squared": factor**2}).round(3)

# %% [markdown]
# The means agree as well as their standard errors promise, and the first estimate is the least noisy. The mean loss
# taken off helps the score function much, and does not close the gap. The error of an average falls with the square
# root of the number of draws, so the *square* of a factor is the number of draws that one reparameterised draw
# replaces. One draw for each image and step is then enough, the more so as a batch averages over its images.

# %% [markdown]
# ## A plane with a prior
#
# The network is chapter 6's, 784-128-2-128-784 with a linear code, except that the encoder ends in two layers of two
# units, means and log-variances. The layer that follows them, `code_layers.GaussianCode`, is in essence
#
# ```python
# divergence = ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance, axis=-1) / 2
# self.add_loss(beta * ops.mean(divergence) / pixels)
# if not training:
#     return mean
# return mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=self.seed_generator)
# ```
#
# The sum over code units is (10.3). Why it is divided by `pixels`, which is 784, and what β is for, gets a section of
# its own; until then β is 1. (In aelib β is a weight that is not trained, so copying a network's weights copies it.)
# Outside training the code is the mean, so `encoder` and `decoder` work as in any other chapter. Train three seeds, and
# three plain autoencoders to compare them with. A few epochs have to do, so batches are small and the learning rate
# starts at three times Adam's usual 0.001 and falls along a cosine, for both kinds. The images are the grey ones, as
# before; what that means comes later, too.

# %%
networks, runs = {}, {}  # a compiled network for each kind and code size; what each training ended in


def train(kind, size, seed, *, epochs, beta=1.0):
    """Train from a fresh start; a network of this kind and size that is compiled already takes its weights, β among them."""
    if kind == "plain":
        start = models.dense_autoencoder(size, code_activation="linear", seed=seed)
    else:
        start = models.variational_autoencoder(size, beta=beta, seed=seed)
    network = networks.setdefault((kind, size), start)
    network.set_weights(start.get_weights())
    slowing = keras.callbacks.LearningRateScheduler(lambda epoch: 0.0015 * (1 + np.cos(np.pi * epoch / epochs)))
    history = training.fit(network, x_train, epochs=epochs, batch_size=BATCH_SIZE, seed=seed, callbacks=[slowing])
    runs[kind, size, seed, beta] = network.get_weights(), history.history


def trained(kind, size, seed, beta=1.0):
    """The network of one run, as its training left it."""
    networks[kind, size].set_weights(runs[kind, size, seed, beta][0])
    return networks[kind, size]


# %%
EPOCHS = 5
for kind in ("plain", "variational"):
    for seed in SEEDS:
        train(kind, 2, seed, epochs=EPOCHS)

# %% [markdown]
# `fit` reports the two terms apart: `reconstruction` is the loss that Keras averages over pixels, `penalty` what layers
# added to it. Times 784, they are minus the terms of the bound, in [nats](glossary.md#nat) for each image.

# %% mystnb={"image": {"alt": "Three lines over the epochs. The loss and the reconstruction term fall together, steeply at first and then ever less, with a few nats between them. The divergence is a nearly flat line close to the bottom."}}
log = runs["variational", 2, SEED, 1.0][1]
terms = {name: PIXELS * np.array(log[name]) for name in ("loss", "reconstruction", "penalty")}
plots.curves(
    {"loss: minus the bound": terms["loss"], "reconstruction": terms["reconstruction"], "divergence": terms["penalty"]},
    title="The two terms of the bound, two code units",
    xlabel="epoch",
    ylabel="nats per image, training images",
)

# %% [markdown]
# Nearly all of the loss is reconstruction. The divergence is the small part: a few nats are what a code of two numbers
# is worth. It settles early, while the reconstruction term goes on falling: the network learns to spend the same nats
# better.
#
# > **Predict first.** Before you see the plane: what will the divergence have done to the arms, holes and crowd of
# > chapter 6's planes? How far from $(0, 0)$ will codes lie?


# %% mystnb={"image": {"alt": "Two panels for the plain autoencoder. Left: codes of test images as coloured digits; long arms of 1s, of 6s and of 4s, 7s and 9s run tens of units out from a crowd near the origin, with wide empty stretches between them. Right: the decoded grid, mostly crisp 1s, 7s, 9s, 6s and 0s, with blurred shapes where the crowd is."}}
def show_plane(kind, title):
    network = trained(kind, 2, SEED)
    codes = predict(network.encoder, x_test)
    return plots.plane_and_grid(
        lambda z: predict(network.decoder, z), codes, y_test, title=title, steps=15, points=1200
    )


show_plane("plain", "Plain autoencoder")

# %% mystnb={"image": {"alt": "Two panels for the variational autoencoder. Left: the codes form one cloud about the origin, a few units wide: 0s at one side, 1s at another, 7s at a third, and the other digits mixed in the middle. Right: the decoded grid changes gradually from 0s to 1s and to 7s and 9s, and is most blurred in the middle."}}
show_plane("variational", "Variational autoencoder")

# %% [markdown]
# The plain plane has arms that reach tens of units out, with wide stretches between them where no code lies; where they
# point is this run's accident. The variational plane is a cloud about the origin, a few units wide, for a code far out
# costs $\mu^2 / 2$ nats. Noise of the encoder's own making blurs every code, so that neighbouring codes have to be
# decoded alike: the grid changes gradually everywhere. Digits still sort themselves, and the 3s, 5s and 8s are still a
# crowd. The panel shows the means; each stands for a small Gaussian. Even so there are gaps, above all between the 1s
# and the rest.
#
# Now count, over seeds.

# %%
sample = rng.choice(len(x_test), 5000, replace=False)
rows = []
for kind in ("plain", "variational"):
    for seed in SEEDS:
        network = trained(kind, 2, seed)
        codes = predict(network.encoder, x_test)
        rows.append(
            {
                "model": kind,
                "seed": seed,
                "test MSE": metrics.mean_squared_error(x_test, predict(network, x_test)).mean(),
                "neighbour agreement": metrics.neighbour_agreement(codes[sample], y_test[sample]),
                "least std of a unit": codes.std(axis=0).min(),
                "largest std": codes.std(axis=0).max(),
                "farthest code": np.linalg.norm(codes, axis=1).max(),
            }
        )
compared = pd.DataFrame(rows).set_index(["model", "seed"])
compared.round(4)

# %% [markdown]
# The price shows in the first two columns: a little more error, since codes are noisy and may not spread, and on
# average fewer neighbours that share a digit. What it bought is in the others. Both units have a spread of the prior's
# order in every run, though a larger one, where those of the plain plane are large and differ from seed to seed. Longer
# training should shrink it: stretch or shrink a unit, let the decoder undo that, and only (10.3) changes. Its average
# is least where the average $\mu^2 + \sigma^2$ is 1; here that of $\mu^2$ alone is more.
#
# The axes still stand for nothing in the digits ([chapter 6](06_latent_plane.ipynb)). Turn all codes, and turn them
# back in the decoder: prior and $\ln p(x)$ stay the same. (The bound may change, since a Gaussian with independent
# units is no longer one when it is turned, unless its $\sigma$ are equal.) But stretching a unit, which costs a
# plain autoencoder nothing, now changes the divergence.
#
# ## Do all the Gaussians together make the prior?
#
# The divergence pulls every single Gaussian towards the prior. What you will draw from is something else: the mixture
# of all of them, the [aggregate posterior](glossary.md#aggregate-posterior) $q(z) = \frac1N \sum_n q(z \mid x_n)$. If
# it is the prior, codes drawn from the prior are codes that the decoder knows. The average divergence splits in two,
# the first part being the *mutual information* of image and code ([Hoffman and Johnson,
# 2016](references.md#hoffman-and-johnson-2016)):
#
# $$ \frac1N \sum_n \mathrm{KL}\big( q(z \mid x_n) \,\Vert\, p(z) \big)
#    = \underbrace{\mathrm{I}(x; z)}_{\text{what a code tells of its image}}
#    + \underbrace{\mathrm{KL}\big( q(z) \,\Vert\, p(z) \big)}_{\text{what the mixture lacks of the prior}}. \tag{10.6} $$


# %%
def split_divergence(model, count=2000):
    """The terms of (10.6) for the test images, the last estimated with codes drawn from the mixture."""
    mean, log_variance = variational.gaussians(model, x_test)
    draw = np.random.default_rng(SEED)
    chosen = draw.integers(len(mean), size=count)
    z = mean[chosen] + np.exp(log_variance[chosen] / 2) * draw.standard_normal((count, 2))
    distance = sum((z[:, [k]] - mean[:, k]) ** 2 / np.exp(log_variance[:, k]) for k in range(2))
    log_mixture = logsumexp(-(distance + log_variance.sum(axis=1)) / 2, axis=1) - np.log(len(mean))
    from_prior = (log_mixture + (z**2).sum(axis=1) / 2).mean()
    average = losses.gaussian_divergence(mean, log_variance).mean()
    return {"average divergence": average, "information": average - from_prior, "mixture from prior": from_prior}


# %%
rows = {}
for seed in SEEDS:
    rows[f"seed {seed}"] = split_divergence(trained("variational", 2, seed))
split = pd.DataFrame(rows).T
split.round(2)

# %% [markdown]
# Most of the divergence buys information about the image, which could be at most $\ln 10{,}000 \approx 9.2$ nats, the
# knowledge of which of the test images it was. The rest is lack: in every run the mixture is *not* the prior. Part of
# it is width, since the cloud is wider than the prior after so few epochs. The remainder is shape: each Gaussian was
# pulled towards the prior, and none was told to fill a gap.

# %% [markdown]
# ## New digits
#
# The recipe is short: draw a code from the prior, decode it. [Chapter 6](06_latent_plane.ipynb) could not make digits
# from a plain autoencoder's plane because nothing said where to draw. To be fair to it, offer it every help: codes
# thrown evenly into the rectangle of its codes, as in chapter 6; codes from a Gaussian fitted to its training codes;
# and codes from a *mixture* of 20 Gaussians fitted to 5,000 of them, which is a second model trained after the first
# ([Ghosh et al., 2020](references.md#ghosh-et-al-2020)). For the variational autoencoder draw from the prior, and, to
# see what the decoder can do, from the Gaussians of training images too. Look at codes of 16 units as well
# as of two.

# %%
WIDE, WIDE_SEEDS, WIDE_EPOCHS = 16, SEEDS[:2], 3
for kind in ("plain", "variational"):
    for seed in WIDE_SEEDS:
        train(kind, WIDE, seed, epochs=WIDE_EPOCHS)


# %%
def draw_codes(kind, network, count, rng):
    """Codes to decode, by every way of drawing them; all but the prior need the training images."""
    if kind == "variational":
        mean, log_variance = variational.gaussians(network, x_train[-count:])
        prior, noise = rng.standard_normal((2, *mean.shape))
        return {"variational: prior": prior, "variational: mixture": mean + np.exp(log_variance / 2) * noise}
    codes = predict(network.encoder, x_train).astype(float)
    low, high = np.percentile(codes, [1, 99], axis=0)
    gaussians = GaussianMixture(20, tol=0.01, max_iter=300, random_state=SEED).fit(codes[5000:10_000])
    return {
        "plain: thrown evenly": rng.uniform(low, high, (count, codes.shape[1])),
        "plain: one Gaussian": rng.multivariate_normal(codes.mean(axis=0), np.cov(codes.T), count),
        "plain: 20 Gaussians": rng.permutation(gaussians.sample(count)[0]),
    }


# %%
drawn = {}
for kind, size, seed, _ in list(runs):
    network = trained(kind, size, seed)
    for way, codes in draw_codes(kind, network, 1000, np.random.default_rng(seed)).items():
        drawn[size, way, seed] = predict(network.decoder, codes)

# %% mystnb={"image": {"alt": "Five rows of twelve images from codes of two units. All are blurred. Plain autoencoder, thrown evenly: readable digits, mostly 7s, 9s and 6s. One Gaussian: the same, with a few broken black and white shapes. 20 Gaussians: readable but softer digits. Variational, prior: the most blurred row, many shapes between 8, 3 and 9. Variational, mixture: hardly clearer."}}
plots.image_rows(
    {way: images[:12] for (size, way, seed), images in drawn.items() if (size, seed) == (2, SEED)},
    title="Drawn codes, decoded: two code units",
)

# %% mystnb={"image": {"alt": "Five rows of twelve images from codes of 16 units. Plain autoencoder, thrown evenly: broken strokes that are no digits. One Gaussian: about half are digits. 20 Gaussians: all can be read as digits. Variational, prior: strokes that join as in writing, and about half are digits. Variational, mixture: nearly all are clear digits."}}
plots.image_rows(
    {way: images[:12] for (size, way, seed), images in drawn.items() if (size, seed) == (16, SEED)},
    title="Drawn codes, decoded: 16 code units",
)

# %% [markdown]
# In the plane, codes thrown evenly give some crisp digits, always of the same few kinds: they come from the empty
# regions beside the arms, as in chapter 6. The scrawls in the second row probably come from codes far from every
# image's code. The prior's draws are the softest, since most of them fall into the crowd. With 16 units, codes thrown
# evenly are lost: nearly all of that box is empty, and the plain decoder gives broken strokes there. The prior's draws
# are softer and more often joined, but some break too, and by no means all are digits.
#
# Measure it with chapter 6's two numbers: *strangeness*, how far an image is from the nearest of 5,000 training images
# (one minus the cosine; the mixture was fitted to others; chapter 6 took 20,000), and the share of *grey pixels*, for
# blur. And count the digits that come out, by the digit of that nearest image: the share of the *three rarest*
# together.


# %%
def unit_length(images):
    return images / np.linalg.norm(images, axis=1, keepdims=True)


references = unit_length(x_train[:5000])


def describe(images):
    cosine = unit_length(images) @ references.T
    shares = np.bincount(mnist.y_train[cosine.argmax(axis=1)], minlength=10) / len(images)
    lit = images > 0.1
    return {
        "strangeness": 1 - np.median(cosine.max(axis=1)),
        "grey pixels": (lit & (images < 0.9)).sum() / lit.sum(),
        "three rarest": np.sort(shares)[:3].sum(),
    }


# %%
rows = [{"code units": "–", "drawn": "real test images", **describe(x_test[sample[:1000]])}]
rows += [{"code units": size, "drawn": way, **describe(images)} for (size, way, seed), images in drawn.items()]
quality = pd.DataFrame(rows).groupby(["code units", "drawn"], sort=False).agg(["mean", "std"])
quality.round(3)

# %% [markdown]
# Read the rows for two units first. All are *less* strange than real digits, as in chapter 6: blur resembles much. And
# some digits hardly come out, even from the Gaussians of images of all ten; only the 20 Gaussians give the three rarest
# a tenth, where real images have a quarter. Where digits share a place, the decoder draws a blur, and the training
# image nearest to it is of the same few digits each time.
#
# With 16 units all ten digits come out. The order is worth remembering:
#
# 1. *Thrown evenly* is the strangest of all. Without a distribution, a plain autoencoder cannot make digits.
# 2. The *prior* is better, and it needed nothing else: neither training images nor a second model. That is what a plain
#    autoencoder cannot do.
# 3. But give a plain autoencoder *a second model* of its codes. One Gaussian, no more than a mean and a covariance,
#    comes close to the prior; 20 Gaussians make images that are more like digits than the prior's are. The usual tale,
#    that only the variational autoencoder can be drawn from, is not true
#    ([Ghosh et al., 2020](references.md#ghosh-et-al-2020)).
# 4. And codes from the variational autoencoder's own *Gaussians* give images much more like digits. But with 16 units
#    the divergence is about twice the $\ln 60{,}000 \approx 11$ nats that would tell all training images apart (its
#    column is in the table of β, below). So each Gaussian is narrow, and what it gives is nearly the reconstruction of
#    its training image, not a new digit. The row shows that the decoder is not the weak part. By (10.6) at least the
#    other half of the divergence is what the mixture lacks of the prior, so the prior's draws fall between the codes
#    that it was trained on.

# %% [markdown]
# ## Sums, means, and what they do to β
#
# The bound has *sums*: over 784 pixels in (10.1), over code units in (10.3). Keras's cross-entropy is a *mean* over
# pixels ([chapter 2](02_mathematics.ipynb)). For training, a common factor does not matter: minus the bound divided by
# 784 has its least value in the same place. But it must be common. In general you minimise
#
# $$ \frac{1}{784} \Big( \text{cross-entropy} + \beta \cdot \mathrm{KL} \Big), \tag{10.7} $$
#
# and $\beta$ says what you did to the balance:
#
# | You add to Keras's mean cross-entropy | β | |
# | --- | --- | --- |
# | the KL summed over code units, divided by 784 | 1 | the bound |
# | the KL summed over code units, as it is | 784 | the classic mistake |
# | the KL averaged over 16 code units, divided by 784 | 1/16 | the opposite mistake |
#
# Values of $\beta$ other than 1 can be chosen on purpose ([Higgins et al., 2017](references.md#higgins-et-al-2017));
# then the model is called a β-VAE. (With β above 1, minus the bracket of (10.7) is still a bound, but a looser one;
# with β below 1 nothing makes it one.) Here they are made by accident. Train each with 16 code units. Whatever the
# network was trained with, its *bound* is (10.2), both terms with weight 1. A unit counts as
# [active](glossary.md#active-unit) if the variance of its mean over test images exceeds 0.01.
#
# > **Predict first.** A code that is worth less than it costs is not used. What will the network with β = 784 put into
# > its 16 units, and what will its reconstructions look like? And which β gives the best *bound*?

# %%
BETAS = {"1/16 (KL averaged)": 1 / 16, "1 (the bound)": 1.0, "784 (mean plus sum)": 784.0}
for beta in BETAS.values():
    for seed in WIDE_SEEDS:
        if ("variational", WIDE, seed, beta) not in runs:
            train("variational", WIDE, seed, epochs=WIDE_EPOCHS, beta=beta)


# %%
def weigh(network):
    """What one value of β leads to, on test images and in images drawn from the prior."""
    expected, divergence = variational.bound_terms(network, x_test, seed=SEED)
    mean, _ = variational.gaussians(network, x_test)
    new = predict(network.decoder, np.random.default_rng(SEED).standard_normal((1000, WIDE)))
    return {
        "cross-entropy": -expected.mean(),
        "KL": divergence.mean(),
        "minus the bound": (divergence - expected).mean(),
        "active units": (mean.var(axis=0) > 0.01).sum(),
        "strangeness of new images": describe(new)["strangeness"],
    }


# %%
rows, rebuilt = {}, {"original": x_test[:10]}
for label, beta in BETAS.items():
    for seed in WIDE_SEEDS:
        network = trained("variational", WIDE, seed, beta)
        rows[label, seed] = weigh(network)
    rebuilt[f"β = {label.split()[0]}"] = predict(network, x_test[:10])
mean_image = np.repeat(x_train.mean(axis=0, dtype=float)[None], len(x_test), axis=0)
alone = losses.binary_crossentropy(x_test, mean_image).mean()
rows["mean image, no code", "–"] = {"cross-entropy": alone, "KL": 0, "minus the bound": alone, "active units": 0}
weighing = pd.DataFrame.from_dict(rows, orient="index").rename_axis(["β", "seed"])
weighing.round(3)

# %% mystnb={"image": {"alt": "Four rows of ten images. Original test digits; below them reconstructions with \u03b2 = 1/16, which are close to the originals; with \u03b2 = 1, nearly as close and a little smoother; and with \u03b2 = 784, ten times the same grey blur."}}
plots.image_rows(rebuilt, title="Reconstructions at three values of β")

# %% [markdown]
# β = 784: the divergence is 0, no unit is active, and every image is rebuilt as the same grey blur. The cross-entropy
# is that of the mean image, the best single answer for all. This is [posterior
# collapse](glossary.md#posterior-collapse), here of the whole code, and it is no accident of training: a nat of
# divergence would have to save 784 nats of cross-entropy, and none does. The loss still falls at first, and Keras
# reports nothing odd. Two numbers tell you: a divergence of 0, and a reconstruction term that stops at the mean
# image's. Strangeness does not: it is least here, because every new image is the mean image, and blur resembles much.
#
# β = 1/16 rebuilds best, and its bound is far worse: it pays many nats of divergence to save a few of cross-entropy.
# Its new images are the stranger ones too, since its narrow Gaussians leave more of the prior empty. β = 1 has the best
# bound because the bound is what it was trained on. None of this says that the bound is what you want; it says that you
# should know which β you have.

# %% [markdown]
# ## Why grey pixels have no likelihood
#
# So far the images were grey, and (10.1) was used all the same. For a grey pixel it is not the logarithm of a
# probability, for there are more values than two. Nor is it that of a density: a density integrates to 1 over $x$ from
# 0 to 1. Write $\lambda$ for the decoder's number $\hat x_j$:
#
# $$ \int_0^1 \lambda^x (1 - \lambda)^{1 - x} dx = \frac{2 \lambda - 1}{\ln \lambda - \ln (1 - \lambda)} \le \tfrac12. \tag{10.8} $$
#
# Divided by this integral it becomes a density, the
# [continuous Bernoulli distribution](glossary.md#continuous-bernoulli-distribution)
# ([Loaiza-Ganem and Cunningham, 2019](references.md#loaiza-ganem-and-cunningham-2019)). How much is missing?


# %%
def total(brightness):
    """Equation (10.8), with its limit 1/2 in the middle."""
    odds = np.log(brightness) - np.log1p(-brightness)
    near_half = np.abs(odds) < 1e-3
    return np.where(near_half, 0.5, (2 * brightness - 1) / np.where(near_half, 1, odds))


for brightness in (0.5, 0.9, 0.999):
    integral, _ = quad(lambda x, b=brightness: b**x * (1 - b) ** (1 - x), 0, 1)
    print(f"λ = {brightness}: integral {integral:.4f}, formula {total(brightness):.4f}")

# %%
x_hat = np.clip(predict(trained("variational", WIDE, SEED), x_test).astype(float), losses.EPSILON, 1 - losses.EPSILON)
missing = -np.log(total(x_hat)).sum(axis=1).mean()
reported = weighing.loc[("1 (the bound)", SEED), "minus the bound"]
print(f"reported as minus the bound: {reported:.0f} nats; missing from the log-density: {missing:.0f} nats")

# %% [markdown]
# What is missing is many times what was reported, and it is *added*: with it the logarithm of the density is positive,
# as it may be where a density is crowded into a small space. By (10.8) the more is missing, the nearer $\hat x$ comes
# to 0 or 1, as it does on black pixels; only the clip that keeps it away from 0 sets a limit.
#
# So minus the loss is no log-likelihood of the grey image. It does bound something else. The cross-entropy is linear in
# $x$: on a grey image it is the average over the black and white images that you get by tossing each pixel with the
# probability of its grey value. Minus the loss therefore bounds the average log-probability of those tossed images.
# Below they are tossed in earnest, as in published work.

# %% [markdown]
# ## A bound that can be compared
#
# Most published numbers are for *binarised* MNIST: every pixel is tossed like a coin that shows white with the
# probability of its grey value ([Salakhutdinov and Murray, 2008](references.md#salakhutdinov-and-murray-2008)). Then
# (10.1) is the probability of an image, and a bound on its logarithm means something. Say exactly what was done, or
# nobody can compare:
#
# - *[binarisation](glossary.md#binarisation)*: training images are tossed afresh for every epoch, test images once,
#   with `variational.binarise(x_test, seed=0)`;
# - *network*: 784-200-200-50-200-200-784, so 50 code units, as in
#   [Burda, Grosse and Salakhutdinov (2015)](references.md#burda-grosse-and-salakhutdinov-2015), with ReLU in place of
#   their tanh; one training run, seed 0;
# - *number*: the mean over all 10,000 test images, in nats, with the number of draws it was made with.
#
# One call of Keras's own `fit` for each epoch keeps the optimiser going while the images change; the learning rate
# falls to zero along a cosine.

# %%
BINARY_EPOCHS = 12
keras.utils.set_random_seed(SEED)
deep = models.variational_autoencoder(50, hidden=(200, 200), seed=SEED)
steps = len(x_train) // 200
slowing = keras.optimizers.schedules.CosineDecay(2e-3, BINARY_EPOCHS * steps)
deep.compile(keras.optimizers.Adam(slowing), "binary_crossentropy", jit_compile=True, steps_per_execution=steps)
by_epoch = []
for epoch in range(BINARY_EPOCHS):
    tossed = variational.binarise(x_train, seed=1000 + epoch)
    record = deep.fit(tossed, tossed, batch_size=200, verbose=0)
    by_epoch.append(-PIXELS * record.history["loss"][0])

# %% [markdown]
# The bound (10.2) can be tightened without more training. Call $p(x \mid z)\, p(z) / q(z \mid x)$ the *importance
# weight* of a code $z$; its expectation under $q$ is $p(x)$. Draw $k$ codes $z_1, \dots, z_k$ from $q(z \mid x)$, and
# take the mean of their weights *inside* the logarithm. This is the
# [importance-weighted bound](glossary.md#importance-weighted-bound)
# ([Burda, Grosse and Salakhutdinov, 2015](references.md#burda-grosse-and-salakhutdinov-2015)),
#
# $$ \mathcal L_k(x) = \mathrm E \left[ \ln \frac1k \sum_{i=1}^k \frac{p(x \mid z_i)\, p(z_i)}{q(z_i \mid x)} \right],
#    \qquad \mathcal L = \mathcal L_1 \le \mathcal L_k \le \mathcal L_{k+1} \le \ln p(x). \tag{10.9} $$
#
# The last step is Jensen's inequality again: the mean of the weights is right on average, its logarithm is too small on
# average. Each further draw makes the mean less noisy, and so loses less in the logarithm; Burda and his colleagues
# prove the steps between. Is that so? With two code units the integral (10.1) can be done on a grid. Take the plane's
# network of seed 0 and 200 binarised test images.

# %%
binary_test = variational.binarise(x_test, seed=SEED)
few, plane = binary_test[:200], trained("variational", 2, SEED)
side = np.linspace(-6, 6, 240)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
cell = np.log((side[1] - side[0]) ** 2)


def log_given_code(x, probabilities):
    """The second part of (10.1): for each image a row, for each set of pixel probabilities a column."""
    p = np.clip(probabilities.astype(float), losses.EPSILON, 1 - losses.EPSILON)
    return x @ np.log(p / (1 - p)).T + np.log1p(-p).sum(axis=1)


decoded = (predict(plane.decoder, part) for part in np.array_split(grid, 20))
log_joint = np.concatenate([log_given_code(few, part) for part in decoded], axis=1)
log_joint += -(grid**2).sum(axis=1) / 2 - np.log(2 * np.pi)
exact = logsumexp(log_joint, axis=1) + cell

# %% [markdown]
# On the same grid, the divergence of each image's Gaussian from its true posterior tells whether (10.4) holds.

# %%
mean, log_variance = variational.gaussians(plane, few)
gaps = []
for row, centre, spread in zip(log_joint - exact[:, None], mean, log_variance):
    log_q = -((grid - centre) ** 2 / np.exp(spread) + spread + np.log(2 * np.pi)).sum(axis=1) / 2
    gaps.append((np.exp(log_q + cell) * (log_q - row)).sum())
weights_of_few = variational.log_weights(plane, few, samples=1000, seed=SEED)
by_grid, bound = exact.mean(), weights_of_few.mean()
print(f"log-likelihood {by_grid:.2f}, bound {bound:.2f}: difference {by_grid - bound:.2f} nats")
print(f"divergence of the Gaussians from the true posteriors: {np.mean(gaps):.2f} nats")

# %%
tightened = {
    f"k = {k}": variational.importance_weighted_bound(weights_of_few[:, :k]).mean() for k in (1, 10, 100, 1000)
}
pd.Series(tightened | {"log-likelihood": by_grid}, name="nats").round(2).to_frame().T

# %% [markdown]
# Difference and divergence agree to the digits shown, as (10.4) says. (With $k = 1$ the table takes one draw for each
# image, not the average over 1,000.) And the bound with more draws climbs towards the log-likelihood and never passes
# it. A little of the gap is left even with a thousand draws: where a Gaussian lies beside the true posterior, few of
# its draws fall where it matters. (The encoder was trained on grey images. See exercise 4.)
#
# Now the deep network on all 10,000 test images.

# %%
deep_weights = variational.log_weights(deep, binary_test, samples=50, seed=SEED)
bounds = {k: variational.importance_weighted_bound(deep_weights[:, :k]) for k in (1, 5, 50)}
own = pd.DataFrame(
    {f"k = {k}": [values.mean(), values.std() / np.sqrt(len(values))] for k, values in bounds.items()},
    index=["bound, nats", "standard error"],
)
own.round(2)

# %% [markdown]
# Two more things belong to such a number: how much tighter it would be with the 5,000 draws that others take, and how
# much hangs on the one toss of the test images. Estimate the first on 50 test images, and the second with another toss.

# %%
subset = sample[:50]
tighter = variational.log_weights(deep, binary_test[subset], samples=5000, seed=SEED)
gain = variational.importance_weighted_bound(tighter) - bounds[50][subset]
other_toss = variational.log_weights(deep, variational.binarise(x_test, seed=1), samples=1, seed=SEED)
shift = other_toss.mean() - bounds[1].mean()
print(f"5,000 draws in place of 50: {gain.mean():+.2f} ± {gain.std() / np.sqrt(len(gain)):.2f} nats")
print(f"another toss, k = 1: {shift:+.2f} nats")

# %% [markdown]
# What is a number like this worth? The yardsticks are independent pixels with the probabilities of the mean image, and
# ten sets of independent pixels, one for each digit, made with the help of the labels. Beside them stand the published
# figures for the same network size and the same kind of binarisation. A code unit counts as active as above, by Burda's
# own rule.

# %%
by_digit = np.array([x_train[mnist.y_train == digit].mean(axis=0) for digit in range(10)])
one_set, ten_sets = (np.clip(means, 1e-4, 1) for means in (mean_image[:1], by_digit))  # no pixel is impossible
ten = logsumexp(log_given_code(binary_test, ten_sets), axis=1) - np.log(10)
mean, log_variance = variational.gaussians(deep, binary_test)
active = int((mean.var(axis=0) > 0.01).sum())
rows = {
    "independent pixels": (log_given_code(binary_test, one_set).mean(), "exact", "–"),
    "independent pixels for each digit": (ten.mean(), "exact", "–"),
    "this chapter": (bounds[1].mean(), 1, active),
    "this chapter, tightened": (bounds[50].mean(), 50, active),
    "Burda et al. (2015), VAE": (-86.76, 5000, 19),
    "Burda et al. (2015), trained on the bound with k = 50": (-84.78, 5000, 25),
}
comparable = pd.DataFrame.from_dict(rows, orient="index", columns=["nats", "draws", "active units of 50"])
comparable.round(2)

# %% [markdown]
# The digit alone is worth some tens of nats, the learnt code many more: compare the first three rows. (The first is
# minus the mean image's cross-entropy in the table of β, up to the luck of the toss: that is the identity of the
# section before.) The last two rows are the same kind of number, for a network of the same size, and clearly better.
# The draws explain a small part of that, as the gain printed before shows. The most likely reason for the rest is
# training: Burda and his colleagues went through the training images 3,280 times, this chapter a dozen times. Do not
# read much into the last column: a unit whose mean has a variance just above 0.01 counts as active and is worth next to
# nothing, and the last figure shows how many are worth something. Report the fourth row with all that belongs to it:
# how and from which seed the test images were tossed, draws, code units, runs, epochs. Then it can be compared. It
# loses, and fairly.

# %% mystnb={"image": {"alt": "A line that rises over the epochs, steeply at first and then ever more slowly, to end a few nats below a dashed line for the test images with 50 draws. A dotted line for the published figure lies clearly above both."}}
plots.curves(
    {"training images, one draw, tossed afresh": by_epoch},
    references={
        "test images, k = 1": bounds[1].mean(),
        "test images, k = 50": bounds[50].mean(),
        "Burda et al. (2015), VAE, k = 5000": -86.76,
    },
    title="The bound while the network with 50 code units trains",
    xlabel="epoch",
    ylabel="bound, nats per image",
)

# %% [markdown]
# With one draw each, test images do as well as the training images of the last epoch: in so few epochs, with fresh
# tosses in each, nothing is learnt by heart. Now look at what the network draws.

# %% mystnb={"image": {"alt": "Three rows of twelve images. Binarised test digits; pixel probabilities of images drawn from the network, soft strokes of which most can be read as digits and some cannot; and the same images tossed to black and white, with ragged edges and stray dots."}}
prior_codes = np.random.default_rng(SEED).standard_normal((24, 50))
shown = predict(deep.decoder, prior_codes)
plots.image_rows(
    {
        "test images": binary_test[:12],
        "drawn:\nprobabilities": shown[:12],
        "the same,\ntossed": variational.binarise(shown[:12], seed=SEED),
    },
    title="Binarised digits, and images drawn from the network with 50 code units",
)

# %% [markdown]
# The middle row is what is usually shown as "samples", but it shows probabilities. The model's images are
# those of the last row, and their ragged edges are its own doing. Given the code it takes pixels for independent, and
# tosses each one without a look at its neighbour.
#
# Where are the nats of the code? The divergence is a sum over units, so ask each one.

# %% mystnb={"image": {"alt": "A falling line over 50 code units. The first dozen fall from about two and a half nats to about 0.7; then the line drops nearly to zero and stays there for all the others."}}
per_unit = [losses.gaussian_divergence(mean[:, [k]], log_variance[:, [k]]).mean() for k in range(50)]
plots.curves(
    {"divergence": np.sort(per_unit)[::-1]},
    title="Average divergence of each of the 50 code units, largest first",
    xlabel="rank of the unit",
    ylabel="nats per image",
)

# %% [markdown]
# About a quarter of the units hold nearly everything. The others are close to the prior on average, including many that
# the threshold above still counts as active: collapsed, one by one, at the right β. That is no fault in itself. The
# bound takes as many units as it finds worth their nats, and a collapsed unit costs nothing. But a unit that collapses
# early, while the decoder is still poor, seldom comes back: see exercise 3.

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | The bound | The expected log-probability of the image given its code, less the divergence of the code's Gaussian from the prior; at most $\ln p(x)$. |
# | Reparameterisation | A code is computed from noise, so gradients pass; far less noisy than by the score function. |
# | The plane | One cloud on the prior's scale, for a little more error. It has gaps all the same: the mixture of all Gaussians is not the prior. |
# | New digits | The prior's draws need no second model, and with 16 units beat codes thrown evenly. A plain autoencoder with 20 Gaussians fitted to its codes beats them. In two units some digits hardly come out. |
# | Sums and means | A mean over 784 pixels beside a sum over code units makes β = 784: the code says nothing, every image is rebuilt as the mean image. |
# | Grey pixels | Cross-entropy on them is no likelihood: more than a thousand nats are missing. It is that of tossed images, on average. |
# | A comparable number | Binarised images, all of the test set, draws and network named. Far above independent pixels, clearly below the published figure for this size and much longer training. |
# | Unused units | In a code of 50, most units end close to the prior: the bound takes what pays. |

# %% [markdown]
# ## Pitfalls
#
# - **A mean beside a sum.** With Keras's mean cross-entropy, divide the summed divergence by the number of pixels. If
#   the divergence goes to 0 within an epoch, look here first.
# - **Taking log-variance for log-deviation.** Then $\sigma = e^{\ln \sigma^2}$ is wrong everywhere, and training hides
#   it: the network learns around it, but (10.3) is no longer the divergence.
# - **Judging by reconstructions alone.** With β = 1/16 they were better than with 1, and new images worse.
# - **Reporting the loss on grey images as a likelihood of grey images.** Binarise, or use a density for grey values.
# - **Comparing bounds that were made differently.** Say how the images were binarised, how many codes were drawn, and
#   on how many test images.
# - **Noise at test time.** A model that draws its code gives another reconstruction at each call. Use the mean, unless
#   it is the bound you are after.

# %% [markdown]
# ## Check your run

# %%
means, standard_errors, deviations = (estimators[column].to_numpy() for column in estimators)
plain, varied = compared.loc["plain"], compared.loc["variational"]
checks = {
    "the gradient agrees with differences": largest < 1e-5 < 1 < scale,
    "three estimates of one gradient": (np.abs(means[1:] - means[0]) < 4 * standard_errors[1:]).all(),
    "reparameterised: far less noise": 4 * deviations[0] < 2 * deviations[2] < deviations[1] / 5,
    "the bound rises": (np.diff(terms["loss"]) < 0).all(),
    "the divergence is its small part": terms["penalty"].max() < 0.1 * terms["loss"].min(),
    "the plane rebuilds a little worse": 1 < varied["test MSE"].mean() / plain["test MSE"].mean() < 1.12,
    "its neighbours agree less on average": varied["neighbour agreement"].mean() < plain["neighbour agreement"].mean(),
    "codes on the prior's scale": varied["least std of a unit"].min() > 0.8 and varied["largest std"].max() < 2,
    "plain codes are anywhere": plain["least std of a unit"].min() > 3,
    "a gap between mixture and prior": split["mixture from prior"].between(0.2, 1.5).all(),
    "most of the divergence is information": (split["information"] > 2 * split["mixture from prior"]).all(),
}

# %%
strange, grey, rare = (quality[name]["mean"] for name in ("strangeness", "grey pixels", "three rarest"))
real, two, wide = strange["–", "real test images"], strange[2], strange[WIDE]
three_betas = weighing.groupby(level=0, sort=False).mean()
small_beta, bound_beta, large_beta = (three_betas.loc[label] for label in BETAS)
column = "minus the bound"
checks |= {
    "two units: some digits hardly come out, however drawn": rare[2].max() < 0.15 < rare[WIDE].min(),
    "two units: blur resembles much": two.max() < real and grey[2].min() > 0.75,
    "16 units: codes thrown evenly give strange images": wide["plain: thrown evenly"] > 1.3 * real,
    "one Gaussian is not enough": wide["plain: one Gaussian"] > 1.2 * wide["plain: 20 Gaussians"],
    "the prior beats codes thrown evenly": wide["variational: prior"] < wide["plain: thrown evenly"],
    "one Gaussian comes close to it": abs(wide["plain: one Gaussian"] / wide["variational: prior"] - 1) < 0.25,
    "a plain autoencoder with 20 Gaussians beats it": wide["plain: 20 Gaussians"] < wide["variational: prior"],
    "the variational mixture beats it, too": wide["variational: mixture"] < wide["variational: prior"],
}

# %%
checks |= {
    "β = 784: no code, the mean image": large_beta["active units"] == 0 and abs(large_beta[column] - alone) < 3,
    "β = 1/16: least cross-entropy": small_beta["cross-entropy"] + 5 < bound_beta["cross-entropy"],
    "β = 1: best bound": bound_beta[column] + 15 < small_beta[column] < large_beta[column],
    "β = 784: the least strange of all": large_beta.iloc[-1] < min(small_beta.iloc[-1], bound_beta.iloc[-1]),
    "β = 1/16: stranger new images": small_beta.iloc[-1] > 1.05 * bound_beta.iloc[-1],
    "grey pixels: over a thousand nats are missing": missing > 1000,
    "the cross-entropy on grey images is that of tossed ones": abs(alone + comparable["nats"].iloc[0]) < 1,
}

# %%
rising, steps_up = list(tightened.values()), np.diff([bounds[k].mean() for k in bounds])
values = comparable["nats"].to_numpy()
checks |= {
    "(10.4) holds": abs(by_grid - bound - np.mean(gaps)) < 0.1 < np.mean(gaps),
    "more draws, tighter, and never above": rising == sorted(rising) and rising[-1] < by_grid + 0.02,
    "a thousand draws close most of the gap": by_grid - rising[-1] < 0.4 * np.mean(gaps),
    "the deep network's bounds rise with the draws": (steps_up > 0.5).all(),
    "5,000 draws add a small part of the difference": 0 < gain.mean() < 0.3 * (values[4] - values[3]),
    "another toss changes little": abs(shift) < 0.5,
    "test images do as well as training images": abs(by_epoch[-1] - bounds[1].mean()) < 3,
    "far above independent pixels": values[2] > values[1] + 40 > values[0] + 60,
    "below the published": -108 < values[3] < values[4],
    "most units carry nothing": sum(np.array(per_unit) < 0.05) > 25,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Draw the decoded plane for codes at equal steps of *probability*: use `scipy.stats.norm.ppf` on an even grid in
#    (0, 1) for each unit. Which digits gain room over the figure above, and why is this the fairer picture of what
#    comes out when you draw?
# 2. ★ Take one test image and decode 12 draws from its own Gaussian. In which pixels do they differ? Do the same with
#    the network of β = 1/16.
# 3. ★★ Warm-up: set `network.beta` to 0 and raise it to 1 over the first five epochs with a callback (it is a weight,
#    so nothing is compiled anew). With 50 code units, does it change how many are active, or the bound?
# 4. ★★ The plane's network was trained on grey images and measured on binarised ones. Train it on binarised images.
#    How much of the difference between bound and log-likelihood goes away?
# 5. ★★ Vary β from 1/64 to 64 by factors of four. Plot cross-entropy against KL, a rate–distortion curve. Where on it
#    is the best bound?
# 6. ★★★ Make the bound of $k = 5$ draws the *training* loss: a layer that gives five codes for each image, a decoder
#    that is called on all of them, and (10.9) written with `keras.ops.logsumexp`. Compare $\mathcal L_{50}$ and active
#    units with this chapter's.
# 7. ★★★ Train with the continuous Bernoulli's density in place of the cross-entropy. Do the samples look better? Mind
#    the limit at $\lambda = 1/2$ in the gradient.

# %% [markdown]
# ## Further reading
#
# - [Kingma and Welling (2013)](references.md#kingma-and-welling-2013) and
#   [Rezende, Mohamed and Wierstra (2014)](references.md#rezende-mohamed-and-wierstra-2014): the two papers that began
#   it; [Kingma and Welling (2019)](references.md#kingma-and-welling-2019): a long introduction by the former.
# - [Burda, Grosse and Salakhutdinov (2015)](references.md#burda-grosse-and-salakhutdinov-2015): the importance-weighted
#   bound, for measuring and for training; active units.
# - [Loaiza-Ganem and Cunningham (2019)](references.md#loaiza-ganem-and-cunningham-2019): grey pixels, and the error
#   that is often made with them.
# - [Hoffman and Johnson (2016)](references.md#hoffman-and-johnson-2016): the divergence taken apart.
# - [Lucas et al. (2019)](references.md#lucas-et-al-2019): posterior collapse, in a linear model that can be solved.
# - [Ghosh et al. (2020)](references.md#ghosh-et-al-2020): plain autoencoders with a density fitted to their codes.

# %% [markdown]
# ## Next
#
# This is the end of Part III. Part IV puts autoencoders to use, first for finding what does not belong:
# [chapter 11](11_anomaly_detection.ipynb).
