# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · Denoising
#
# [Chapter 3](03_dense_autoencoder.ipynb) trained a network to give back what it was given. Here it gets a noisy digit
# and has to give back the clean one. Two questions run through the chapter: does a network trained on clean images
# already do this, and does one trained for it do better than filters that are older than the network?

# %% [markdown]
# ## What you will learn
#
# - Corrupt images in a repeatable way, and measure the damage and the repair by PSNR and SSIM.
# - Train a [denoising autoencoder](glossary.md#denoising-autoencoder), and show that the training pairs, noisy in and
#   clean out, are what makes it clean.
# - Choose a noise level for training from a matrix of training levels against test levels.
# - Tune classical denoisers on validation images, and judge a network beside them fairly.
# - Explain why a denoiser cannot succeed by copying, and recognise four experiments that look like denoising and are
#   not.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the model, and from [chapter 2](02_mathematics.ipynb) squared error,
#   binary cross-entropy and PCA.
# - Mean and variance of a random variable; the normal distribution; conditional means.
#
# Running time: about 80 seconds on two cores.

# %%
from aelib import baselines, data, metrics, models, noise, plots, training

import keras
import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.linear_model import Ridge

SEED = 0
STD = 0.5  # of the noise, unless a section says otherwise
mnist = data.load_mnist()
x_train, x_test = mnist.x_train, mnist.x_test
examples = [np.flatnonzero(mnist.y_test == digit)[0] for digit in range(10)]

# %% [markdown]
# ## A corruption you can measure
#
# A [corruption](glossary.md#corruption) is damage done on purpose. The usual one is *Gaussian noise*: to every pixel
# its own normal random number is added, and the sum is clipped so that it is a pixel again,
#
# $$\tilde x_j = \min(1, \max(0, x_j + \sigma \varepsilon_j)), \qquad \varepsilon_j \sim \mathcal N(0, 1). \tag{4.1}$$
#
# `noise.gaussian` does this, with the randomness fixed by a seed.

# %% mystnb={"image": {"alt": "Six rows of the digits 0 to 9 with more noise from row to row. At standard deviation 0.25 every digit is plain; at 0.5 they are legible among black and white specks; at 1.0 most can only be guessed."}}
levels = (0, 0.1, 0.25, 0.5, 0.75, 1.0)
rows = {f"std {level:g}": noise.gaussian(x_test[examples], level, seed=SEED + 1) for level in levels}
plots.image_rows(rows, title="The same digits with more and more Gaussian noise")

# %% [markdown]
# Two numbers say how far an image $\hat x$ is from the clean one. [PSNR](glossary.md#psnr), the peak signal-to-noise
# ratio, is the mean squared error on a logarithmic scale,
#
# $$\mathrm{PSNR}(x, \hat x) = 10 \log_{10} \frac{1}{\mathrm{MSE}(x, \hat x)}\ \text{dB}. \tag{4.2}$$
#
# It looks at each pixel alone. [SSIM](glossary.md#ssim), structural similarity, compares small windows: do they have
# the same mean $\mu$, the same variance $\sigma^2$, and do the pixels rise and fall together (covariance
# $\sigma_{x \hat x}$)? With $c_1 = 0.01^2$ and $c_2 = 0.03^2$, which only keep the quotients finite,
#
# $$\mathrm{SSIM}(x, \hat x) = \frac{(2 \mu_x \mu_{\hat x} + c_1)(2 \sigma_{x \hat x} + c_2)}
# {(\mu_x^2 + \mu_{\hat x}^2 + c_1)(\sigma_x^2 + \sigma_{\hat x}^2 + c_2)}, \tag{4.3}$$
#
# averaged over all windows of 7 by 7 pixels. Both are computed image by image and then averaged: PSNR over all 10,000
# test images, SSIM, which is slow, over the first 1,000.

# %%
SSIM_IMAGES = 1_000


def score(x_hat):
    """Mean PSNR over the test images, and mean SSIM over the first of them."""
    return {
        "PSNR": metrics.psnr(x_test, x_hat).mean(),
        "SSIM": metrics.ssim(x_test[:SSIM_IMAGES], x_hat[:SSIM_IMAGES]).mean(),
    }


damage = {level: score(noise.gaussian(x_test, level, seed=SEED + 1)) for level in levels[1:]}
pd.DataFrame(damage).T.rename_axis("std").round(3)

# %% [markdown]
# From here on the noise has a standard deviation of 0.5 unless the text says otherwise. Training and test images get
# noise from different seeds.
#
# ## What a clean-trained model does with noise
#
# The source material adds noise to the test images and has "the same model" clean them. Taken literally, that is the
# model of chapter 3, which has never seen noise. So train exactly that model, 784-128-64-128-784 for 20 epochs on clean
# images, and show it noisy ones.
#
# > **Predict first.** Its code has 64 numbers, and noise is hard to say in 64 numbers. Will its output be closer to the
# > clean digit than the noisy input is? Will it be closer than the [mean image](glossary.md#mean-image), which ignores
# > the input altogether?

# %%
noisy_test = noise.gaussian(x_test, STD, seed=SEED + 1)
EARLY = 6
early_weights = {}  # after that many epochs, for the comparison of noise levels below


class KeepEarly(keras.callbacks.Callback):
    """Remember a model's weights after its first epochs, under a name."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == EARLY:
            early_weights[self.name] = self.model.get_weights()


# %%
clean_trained = models.dense_autoencoder(seed=SEED)
history = training.fit(clean_trained, x_train, epochs=20, seed=SEED, callbacks=[KeepEarly("0")])
print(f"{len(history.history['loss'])} epochs on {len(x_train):,} clean images")


# %%
def apply(model, x):
    """What a model makes of images. (Unlike `predict`, calling a model compiles nothing.)"""
    return keras.ops.convert_to_numpy(model(x))


mean_image = baselines.MeanImage().fit(x_train)
outputs = {
    "noisy input": noisy_test,
    "mean image": mean_image.reconstruct(noisy_test),
    "clean-trained network": apply(clean_trained, noisy_test),
}
pd.DataFrame({name: score(x_hat) for name, x_hat in outputs.items()}).T.round(3)

# %% mystnb={"image": {"alt": "Three rows: clean digits 0 to 9, the same with noise, and what the clean-trained network makes of the noisy ones: broken strokes, holes and stray patches, most of them hard to read."}}
rows = {
    "clean": x_test[examples],
    "noisy": noisy_test[examples],
    "clean-trained": outputs["clean-trained network"][examples],
}
plots.image_rows(rows, title="A model that never saw noise, shown noise")

# %% [markdown]
# Closer than the noisy input, yes, for the narrow code lets little noise through. But by PSNR it is hardly ahead of one
# grey blur that is the same for every digit, and the pictures are wreckage. A narrow code learnt on clean
# images is no filter: the network reads noise as if it were strokes, and draws them.
#
# ## Training on noisy → clean
#
# Nothing about the model changes. Only what is fed in does: the input is the noisy image, the *target* is the clean
# one,
#
# $$\min_{\theta, \phi} \; \sum_{i} L\big(x^{(i)},\, g_\phi(f_\theta(\tilde x^{(i)}))\big). \tag{4.4}$$
#
# In stock Keras this is `model.fit(noisy_train, x_train, …)` in place of `model.fit(x_train, x_train, …)`: one word.

# %%
noisy_train = noise.gaussian(x_train, STD, seed=SEED)
denoiser = models.dense_autoencoder(seed=SEED)
training.fit(denoiser, noisy_train, x_train, epochs=20, seed=SEED, callbacks=[KeepEarly("0.5")])
noisy_train = noisy_train[:20_000].copy()  # as much as is needed below
outputs["noise-trained network"] = apply(denoiser, noisy_test)
pd.DataFrame({name: score(x_hat) for name, x_hat in outputs.items()}).T.round(3)

# %% mystnb={"image": {"alt": "Noisy digits 0 to 9 above the noise-trained network's output: clean black background and whole, slightly soft strokes. Nearly all can be read; the clean originals stand below for comparison."}}
rows = {
    "noisy": noisy_test[examples],
    "denoised": outputs["noise-trained network"][examples],
    "clean": x_test[examples],
}
plots.image_rows(rows, title="The same model, trained on noisy → clean")

# %% [markdown]
# Same architecture, same start, same number of steps; the difference is the pairs it was shown. The strokes are whole
# and the background is black. What remains is softness, and now and then a confident mistake: where the noise has
# swallowed a stroke the network draws the likelier digit.
#
# ## Noise level in training, noise level in testing
#
# You seldom know how noisy the images will be. So train at four levels, test at four levels, and add a fifth model
# whose training images are a mixture: a quarter of them at each level. To save time all five are compared after 6
# epochs; for the two models above, the weights of that epoch were kept.
#
# > **Predict first.** Read down one column of the matrix below, that is, fix the noise in testing. Is the best model
# > always the one trained at that level? And what does the model trained on the strongest noise do to clean images?


# %%
def train_on(name, corrupted):
    """Train a fresh model for a few epochs to turn corrupted training images into clean ones."""
    model = models.dense_autoencoder(seed=SEED)
    training.fit(model, corrupted, x_train, epochs=EARLY, seed=SEED, callbacks=[KeepEarly(name)])


test_levels = (0, 0.25, 0.5, 0.75)
for level in (0.25, 0.75):
    train_on(str(level), noise.gaussian(x_train, level, seed=SEED))
quarters = enumerate(zip(np.split(x_train, 4), test_levels, strict=True), start=SEED + 10)
train_on("mixed", np.concatenate([noise.gaussian(part, level, seed=seed) for seed, (part, level) in quarters]))

# %%
train_levels = ["0", "0.25", "0.5", "0.75", "mixed"]
matrix = np.zeros((len(train_levels), len(test_levels)))
model = models.dense_autoencoder(seed=SEED)
for column, level in enumerate(test_levels):
    corrupted = noise.gaussian(x_test, level, seed=SEED + 1)
    for row, name in enumerate(train_levels):
        model.set_weights(early_weights[name])
        matrix[row, column] = metrics.psnr(x_test, apply(model, corrupted)).mean()

# %% mystnb={"image": {"alt": "A table of PSNR as coloured cells: rows are training levels 0, 0.25, 0.5, 0.75 and mixed, columns the same test levels. The clean-trained row falls off steeply from left to right, the row trained at 0.75 is nearly level, and the mixed row is close to the best of every noisy column."}}
plots.heatmap(
    matrix,
    row_labels=train_levels,
    column_labels=test_levels,
    title="PSNR of test images after 6 epochs: training level against test level",
    xlabel="noise in testing (std)",
    ylabel="noise in training (std)",
    number_format="{:.1f}",
    colour_label="PSNR (dB)",
)

# %% [markdown]
# Read the columns. Among the four specialists the one trained at the test level wins in each. A mismatch costs decibels
# in both directions, for different reasons. With too *little* noise in training (top right) the model takes noise for
# strokes. With too *much* (bottom left) it distrusts even a clean image, and smooths away what it should have kept.
# Part of this second loss is a matter of time: the noisier the images, the more slowly they are learnt. After 20 epochs
# the model trained at 0.5 does better on clean images than it does here, as you will see below.
#
# The mixed model holds its own against the specialist at every noisy level, although each level was only a quarter of
# its training. Only on clean images does it stay behind. If you do not know the level, train on several. And if you
# have to choose one, choose on validation images: this matrix is a report, not a selection.
#
# ## Other corruptions
#
# Does a model trained on Gaussian noise remove *noise*, or only Gaussian noise? Try two other corruptions on the
# noise-trained network: *salt-and-pepper noise*, which replaces 30 % of the pixels by black or white, and *occlusion*,
# which covers a square of 10 by 10 pixels with black. The median filter stands beside it, the textbook remedy against
# wild pixels.

# %%
others = {
    "Gaussian": noisy_test,
    "salt and pepper": noise.salt_and_pepper(x_test, 0.3, seed=SEED + 1),
    "occlusion": noise.occlusion(x_test, 10, seed=SEED + 1),
}
median = baselines.MedianFilter(3)


def median_psnr(x_hat):
    """Of all images; a median, since a square on black ground changes nothing, and the PSNR there is infinite."""
    return np.median(metrics.psnr(x_test, x_hat))


by_corruption = {
    name: [median_psnr(x) for x in (damaged, median.denoise(damaged), apply(denoiser, damaged))]
    for name, damaged in others.items()
}
other_psnr = pd.DataFrame(by_corruption, index=["input", "median filter 3 × 3", "noise-trained network"])
other_psnr.round(2)

# %% mystnb={"image": {"alt": "Four rows of digits: with salt-and-pepper noise, cleaned by the network almost completely; with a black square over part of the digit, and the network's output, in which the covered strokes stay missing and the rest often fades."}}
salted, occluded = (others[name][:10] for name in ("salt and pepper", "occlusion"))
rows = {
    "salt, pepper": salted,
    "output": apply(denoiser, salted),
    "occluded": occluded,
    "its output": apply(denoiser, occluded),
}
plots.image_rows(rows, title="Other corruptions, through the network trained on Gaussian noise")

# %% [markdown]
# Salt and pepper is no obstacle: the network repairs it almost as well as its own noise, and beats the median filter on
# that filter's own ground. Clipped noise of standard deviation 0.5 looks much like salt and pepper, since many pixels
# end at exactly 0 or 1.
#
# Occlusion is another matter: the network's output is further from the truth than the damaged input. Noise leaves some
# evidence of every stroke; a square takes all of it. The network has never had to guess what is *missing*, and nothing
# in its training said that black may mean "unknown".
#
# ## Classical denoisers, given their best chance
#
# A network deserves praise only beside good alternatives. Four that know nothing of networks:
#
# - the **Gaussian filter** replaces each pixel by a weighted mean of its surroundings;
# - the **median filter** replaces it by their median;
# - **total variation** ([Chambolle (2004)](references.md#chambolle-2004)) looks for the image that changes least from
#   pixel to pixel while staying near the noisy one;
# - **PCA** projects the image on the leading components of clean training images, and drops the rest.
#
# All of them assume that noise averages to nothing. Ours does not. At a black pixel equation (4.1) cuts off the
# negative half, so that what is left has a mean well above 0; at a white pixel, the reverse. Averaging clipped noise
# therefore leaves a grey veil. The mean of a pixel of true value $v$ is, with $a = -v/\sigma$, $b = (1 - v)/\sigma$ and
# the normal density $\varphi$ and distribution function $\Phi$,
#
# $$m(v) = v\,[\Phi(b) - \Phi(a)] + \sigma\,[\varphi(a) - \varphi(b)] + 1 - \Phi(b). \tag{4.5}$$
#
# The curve rises with $v$, so it can be undone: where a filter gives $m(v)$, write $v$.


# %%
def mean_after_clipping(v, std):
    """Equation (4.5): the mean of a pixel with true value v after Gaussian noise and clipping."""
    a, b = -v / std, (1 - v) / std
    return v * (norm.cdf(b) - norm.cdf(a)) + std * (norm.pdf(a) - norm.pdf(b)) + norm.sf(b)


grey = np.linspace(0, 1, 101)
veiled = mean_after_clipping(grey, STD)


def lift_veil(x):
    """Undo equation (4.5) pixel by pixel."""
    return np.interp(x, veiled, grey).astype(np.float32)


patches = np.repeat([[0.0], [0.5], [1.0]], 784, axis=1).repeat(100, axis=0)
sampled = noise.gaussian(patches, STD, seed=SEED).reshape(3, -1).mean(axis=1)
pd.DataFrame({"true value": [0, 0.5, 1], "mean by (4.5)": veiled[[0, 50, 100]], "mean, sampled": sampled}).round(3)

# %% [markdown]
# A black background comes out at about a fifth of full white. A filter that is not told so is beaten before it starts,
# and a comparison that does not tell it is unfair. So each denoiser is tuned with the veil lifted from its output, on
# 1,000 *validation* images. They come from the training images, and the test images stay unseen.

# %%
split = mnist.validation_split(10_000, seed=SEED)
x_validation, x_fit = split.x_validation[:1_000].copy(), split.x_train[:10_000].copy()
del split  # the copies are all that is needed
noisy_validation = noise.gaussian(x_validation, STD, seed=SEED + 3)
candidates = {
    "Gaussian filter": {sigma: baselines.GaussianFilter(sigma) for sigma in (0.5, 0.75, 1.0, 1.25, 1.5)},
    "median filter": {size: baselines.MedianFilter(size) for size in (3, 5, 7)},
    "total variation": {weight: baselines.TotalVariation(weight) for weight in (0.1, 0.2, 0.3, 0.5)},
    "PCA": {k: baselines.PCACodec(k).fit(x_fit) for k in (16, 32, 64, 128)},
}

# %%
tuning = []
for name, settings in candidates.items():
    for setting, candidate in settings.items():
        cleaned = candidate.denoise(noisy_validation)
        as_it_comes = metrics.psnr(x_validation, cleaned).mean()
        lifted = metrics.psnr(x_validation, lift_veil(cleaned)).mean()
        tuning.append({"method": name, "setting": setting, "as it comes": as_it_comes, "veil lifted": lifted})
tuning = pd.DataFrame(tuning).set_index(["method", "setting"])
best = tuning["veil lifted"].groupby("method", sort=False).idxmax()
tuning.loc[best].round(2)

# %% [markdown]
# Lifting the veil helps every one of them, and three of the four by more than a decibel. One more competitor is
# instructive: a *linear* map trained on the very pairs that the network was trained on. Each clean pixel is a weighted
# sum of all 784 noisy ones plus a constant, by least squares, with no hidden layer and no
# [bottleneck](glossary.md#bottleneck); the minimum is found by solving one system of equations, here for the first
# 20,000 pairs.
#
# > **Predict first.** The network has two hidden layers, 20 epochs and three times the images. By how many decibels
# > will it beat the linear map?


# %%
def least_squares(inputs, targets):
    """The linear map from inputs to targets with least squared error, by the normal equations."""
    # A penalty of 1, tiny beside thousands of squared pixels, keeps them solvable where a pixel is black in every image.
    return Ridge(alpha=1.0, solver="cholesky").fit(inputs, targets)


linear = least_squares(noisy_train, x_train[:20_000])
for name, setting in best:
    outputs[name] = candidates[name][setting].denoise(noisy_test)
outputs["linear map"] = linear.predict(noisy_test).clip(0, 1)

# %%
order = ["noisy input", "mean image", "clean-trained network", *candidates, "linear map", "noise-trained network"]
results = pd.concat(
    {
        "as it comes": pd.DataFrame({name: score(outputs[name]) for name in order}).T,
        "veil lifted": pd.DataFrame({name: score(lift_veil(outputs[name])) for name in order}).T,
    },
    axis=1,
)
results.round(3)

# %% mystnb={"image": {"alt": "Seven rows of ten test digits: noisy; Gaussian filter, blurred on mottled ground; median filter, blotchy; total variation, patchy; PCA, smeared with ghosts around the strokes; linear map, soft digits on a nearly black ground; noise-trained network, the cleanest."}}
rows = {"noisy": noisy_test[examples]}
for name in ("Gaussian filter", "median filter", "total variation", "PCA", "linear map"):
    rows[name] = lift_veil(outputs[name][examples])
rows["network"] = outputs["noise-trained network"][examples]
plots.image_rows(rows, title="Denoised: classical methods with the veil lifted, and the network")

# %% [markdown]
# As they come, the classical filters are far behind. With the veil lifted a good part of that distance is gone: it came
# from the clipping, not from the noise. The network is still ahead of all four. (Lifting does not suit the network. It
# was trained on clean targets, so there is no veil on its output.)
#
# The linear map is the surprise. As it comes it is within a decibel of the network. Apply the same curve to its output,
# where it stretches the contrast and sets faint greys to black, and the linear map has *caught up*: in this run it
# passes the network in PSNR. The usual story, that depth makes the denoiser, does not hold here. What the linear map
# shares with the network, and the filters lack, is the training on pairs. It also has what the network lacks, a weight
# from every pixel to every pixel: the network has to press each digit through 64 numbers, which costs it detail even
# where there is no noise.
#
# ## Where PSNR and SSIM disagree
#
# The two measures do not order the methods alike. The pairs on which they differ, in the column "as it comes":

# %%
as_it_comes = results["as it comes"].sort_values("PSNR")
disagreements = [
    {"better by SSIM": lower, "better by PSNR": higher}
    for i, lower in enumerate(as_it_comes.index)
    for higher in as_it_comes.index[i + 1 :]
    if as_it_comes.SSIM[lower] > as_it_comes.SSIM[higher]
]
pd.DataFrame(disagreements)

# %% mystnb={"image": {"alt": "One digit six times with its PSNR and SSIM written below: noisy, as the mean image, and after Gaussian filter, median filter, PCA and network. The mean image is a grey blur without a digit; the noisy image shows the digit among specks."}}
shown = ["noisy input", "mean image", "Gaussian filter", "median filter", "PCA", "noise-trained network"]
one = examples[3]
images = np.stack([outputs[name][one] for name in shown])
truth = np.repeat(x_test[[one]], len(shown), axis=0)
values = zip(shown, metrics.psnr(truth, images), metrics.ssim(truth, images), strict=True)
captions = [
    f"{name.replace('noise-trained ', '')}\n{decibels:.1f} dB, {similarity:.2f}"
    for name, decibels, similarity in values
]
plots.image_rows({"as it comes": images}, title="One digit: PSNR and SSIM", captions={"as it comes": captions})

# %% [markdown]
# The starkest pair is the noisy input against the mean image. PSNR prefers the mean image, because a grey guess is
# never very wrong at any pixel. SSIM prefers the noisy image, because its strokes rise and fall with the true ones, and
# the mean image holds no stroke of *this* digit at all. You would choose as SSIM does.
#
# SSIM has its own oddity: where the clean image is black, its windows have no variance, and any faint texture there
# brings the quotient in (4.3) from 1 down to nearly 0. Many windows of a digit are wholly black, so SSIM is in part a
# measure of how black the background is. Report both, and look at the pictures.
#
# ## Why denoising teaches more than copying
#
# An autoencoder trained on clean → clean has a trivial best answer: copy. Only the bottleneck keeps it from copying.
# Train on noisy → clean, and copying is no longer an answer: the copy of $\tilde x$ is wrong by exactly the noise,
# however large the code. The corruption is a constraint that needs no bottleneck. The linear map shows both sides, for
# it has none.

# %%
copier = least_squares(x_train[:20_000], x_train[:20_000])
copies = {}
for name, linear_map in {"clean → clean": copier, "noisy → clean": linear}.items():
    copies[name] = {
        "clean input": metrics.psnr(x_test, linear_map.predict(x_test).clip(0, 1)).mean(),
        "noisy input": metrics.psnr(x_test, linear_map.predict(noisy_test).clip(0, 1)).mean(),
        "a pixel's weight on itself": np.diag(linear_map.coef_).mean(),
    }
copies = pd.DataFrame(copies).T
copies.round(2)

# %% [markdown]
# Trained on clean → clean it copies: near-perfect on clean images, useless on noisy ones. (The weight of a pixel on
# itself is below 1 on average only because pixels that are black in every training image, or nearly every one, need no
# weight.) Trained on noisy → clean it may not trust a pixel, so it must ask the others: it has to know which pixels go
# together in digits.
#
# What exactly is learnt? With squared error, the best possible denoiser is the conditional mean,
#
# $$r^*(\tilde x) = \mathbb E[x \mid \tilde x]. \tag{4.6}$$
#
# For Gaussian noise without clipping it has a second form
# ([Alain and Bengio (2014)](references.md#alain-and-bengio-2014)):
#
# $$r^*(\tilde x) - \tilde x = \sigma^2 \, \nabla \log p_\sigma(\tilde x), \tag{4.7}$$
#
# with $p_\sigma$ the density of noisy images. The correction points uphill, to where images are more probable. Digits
# fill only a thin sheet in the space of all images (a *manifold*); noise pushes a digit off the sheet, and a denoiser
# learns, at every point nearby, which way leads back. A copier's correction is zero everywhere.
#
# You can measure the direction: the cosine between the correction made, $r(\tilde x) - \tilde x$, and the one needed,
# $x - \tilde x$, beside the distance to the clean image.


# %%
def correction(x_hat):
    """How a denoiser moves noisy test images: its direction, and where it ends."""
    made, needed = x_hat - noisy_test, x_test - noisy_test
    cosine = (made * needed).sum(axis=1) / np.linalg.norm(made, axis=1) / np.linalg.norm(needed, axis=1)
    left = np.linalg.norm(x_test - x_hat, axis=1) / np.linalg.norm(needed, axis=1)
    return {"cosine": cosine.mean(), "distance left": left.mean()}


movers = ["mean image", "clean-trained network", "PCA", "linear map", "noise-trained network"]
corrections = pd.DataFrame({name: correction(outputs[name]) for name in movers}).T
corrections.round(3)

# %% [markdown]
# The clean-trained network points hardly better than a step to the mean image does. PCA, the linear map and the
# noise-trained network find the way back better and better, and the last leaves well under half of the distance.
#
# > **Predict first.** If the correction leads towards digits from everywhere, then even pure noise should be led to
# > one. Feed the network noise without any digit under it, feed its output back in, and go on. Which digit will it end
# > at?

# %% mystnb={"image": {"alt": "Rows for the start and after 1, 2, 4, 8 and 16 passes, ten columns. Pure noise becomes a tangle of strokes after one pass, pieces of digits after two to four, and more and more columns turn into a slanted stroke like a 1."}}
current = noise.gaussian(np.full((10, 784), 0.5, dtype=np.float32), STD, seed=SEED + 4)
rows = {"pure noise": current}
for count in range(1, 17):
    current = apply(denoiser, current)
    if count in (1, 2, 4, 8, 16):
        rows[f"{count} ×"] = current
plots.image_rows(rows, title="Pure noise, denoised again and again")

# %% [markdown]
# One pass finds strokes where there are none. A few passes give pieces of digits, and in the end most columns come to
# rest at a 1. Ones are all much alike, so that is where the data are densest, and (4.7) leads uphill. The network has learnt where digits are. But nothing makes it visit *all* of
# them, so this is no way to sample digits; chapter 10 builds a model for that.
#
# ## Four experiments that are no test of denoising
#
# **Judging on clean images.** How do the models rank if someone forgets the noise in testing?

# %%
clean_input = {
    "clean-trained network": score(apply(clean_trained, x_test)),
    "noise-trained network": score(apply(denoiser, x_test)),
    "copying": {"PSNR": np.inf, "SSIM": 1.0},
}
pd.DataFrame(clean_input).T.round(3)

# %% [markdown]
# In exactly the wrong order. The noise-trained model pays for its robustness with detail, and copying, which removes no
# noise whatever, is perfect.
#
# **Noisy targets.** `fit(noisy, noisy)` appears in print as a denoiser. Its target holds the noise, so its best answer
# is to keep it. A target with *other* noise is a different case: with squared error a model learns the mean of its
# target, and if the noise has mean zero, that is the clean image. This is Noise2Noise
# ([Lehtinen et al. (2018)](references.md#lehtinen-et-al-2018)): you can learn to denoise without ever seeing a clean
# image. Binary cross-entropy keeps this property, since it is linear in the target,
# $\mathbb E[L(y, \hat x)] = L(\mathbb E[y], \hat x)$. Clipping does not keep it: the mean of clipped noise is the veil (4.5). The linear map finds the exact minimum,
# so it can show all four cases without the accidents of training.
#
# > **Predict first.** Which of the four targets in the next cell gives a copier, and which a grey veil?


# %%
def psnr_by_target(n):
    """PSNR of test images, denoised by linear maps learnt from n pairs that differ in their targets only."""
    clean, noisy = x_train[:n], noisy_train[:n]
    other_noise = STD * np.random.default_rng(SEED + 2).standard_normal(clean.shape, dtype=np.float32)
    targets = {
        "clean": clean,
        "the same noisy image": noisy,
        "other noise, clipped": (clean + other_noise).clip(0, 1),
        "other noise, unclipped": clean + other_noise,
    }
    one_map = least_squares(noisy, np.concatenate(list(targets.values()), axis=1))  # all four in one solution
    x_hats = np.split(one_map.predict(noisy_test).clip(0, 1), len(targets), axis=1)
    treatments = {f"{n:,} pairs": lambda x: x, f"{n:,}, veil lifted": lift_veil}
    psnrs = {name: [metrics.psnr(x_test, f(x)).mean() for x in x_hats] for name, f in treatments.items()}
    return pd.DataFrame(psnrs, index=pd.Index(targets, name="target"))


# %%
by_target = psnr_by_target(4_000).iloc[:, :1].join(psnr_by_target(16_000))
by_target.round(2)

# %% [markdown]
# The same noise as the target gives a copy: the PSNR of the noisy input. Other noise, clipped, gives the veil, and
# lifting it brings most of the loss back. Other noise, unclipped, comes near the clean target, and nearer the more
# pairs there are: noisy targets cost data, clipped ones cost correctness.
#
# Now the mistake as it is made, with the network: noisy → the same noisy, with binary cross-entropy, on the 20,000
# images, for 10 epochs.

# %%
mistaken = models.dense_autoencoder(seed=SEED)
training.fit(mistaken, noisy_train, epochs=10, seed=SEED)
mistaken_output = apply(mistaken, noisy_test)
mistaken_scores = {"as it comes": score(mistaken_output), "veil lifted": score(lift_veil(mistaken_output))}
pd.DataFrame(mistaken_scores).T.round(3)

# %% mystnb={"image": {"alt": "Noisy digits above the output of the network trained on noisy targets: recognisable but dim digits behind an even grey veil, and below the same with the veil lifted: darker ground, strokes brighter and blurred."}}
rows = {
    "noisy": noisy_test[examples],
    "output": mistaken_output[examples],
    "veil lifted": lift_veil(mistaken_output[examples]),
}
plots.image_rows(rows, title="Trained on noisy → the same noisy: a grey veil")

# %% [markdown]
# Here the bottleneck acts as it did for PCA: the noise does not fit into 64 numbers, so the network cannot copy it and
# gives its mean, veil included. The digits are recognisable, which is why the mistake survives. Look at the grey: it is
# the sign.
#
# **Forgetting to clip**, and **one copy of the noise.** A network trained on clipped noise is shown unclipped noise;
# and a network that saw the same noisy copy of each image in all 20 epochs is tested on training images with that very
# noise, then with new noise.

# %%
same_noise = np.random.default_rng(SEED + 1).standard_normal(x_test.shape, dtype=np.float32)
unclipped_test = x_test + STD * same_noise  # the noise of noisy_test, as it was before clipping
seen, n = x_train[:10_000], 10_000
habits = {
    "test images, clipped noise": metrics.psnr(x_test, apply(denoiser, noisy_test)).mean(),
    "test images, unclipped noise": metrics.psnr(x_test, apply(denoiser, unclipped_test)).mean(),
    "training images, the noise of training": metrics.psnr(seen, apply(denoiser, noisy_train[:n])).mean(),
    "training images, new noise": metrics.psnr(seen, apply(denoiser, noise.gaussian(seen, STD, seed=SEED + 5))).mean(),
}
pd.Series(habits, name="PSNR").to_frame().round(2)

# %% [markdown]
# Values below 0 and above 1 are inputs that the network never met, and they cost more than a decibel. The single noisy
# copy costs little here: the network does better on the noise it has seen, so it has begun to learn it by heart, but
# 60,000 images are many. With few images or many epochs, draw fresh noise for every epoch.
#
# ## Summary
#
# | idea | what you saw |
# | --- | --- |
# | A clean-trained model | shown noise, draws noise; by PSNR hardly better than the mean image |
# | Training on noisy → clean | the same model, the same steps, and whole digits on black |
# | Noise levels | the specialist wins at its own level; a mixture is as good wherever there is noise |
# | Other corruptions | salt and pepper are removed as well; a covered square is not filled in |
# | Classical denoisers | hampered by the veil of clipped noise; with it lifted, much better, and still behind |
# | A linear map on the same pairs | close to the network, and level with it in PSNR once its contrast is stretched: the pairs matter most |
# | PSNR and SSIM | prefer different methods: PSNR a harmless grey, SSIM structure and a black ground |
# | Denoising against copying | a copy is wrong by the whole noise, so a denoiser must learn which pixels go together |
#
# ## Pitfalls
#
# - **Clean images in testing.** The "denoised" pictures look splendid, and the worst denoiser wins. Always show the
#   noisy input beside the output.
# - **Noisy targets.** A grey veil over the output, and a loss that stops falling far above the usual. Check what the
#   second argument of `fit` is.
# - **No clipping**, or clipping on one side only. Minimum and maximum of the input tell; `aelib.metrics` refuses such
#   images.
# - **A filter as a straw man**: untuned, or not told about the clipping. Tune it on validation images.
# - **The same seed for training and test noise.** Test image $i$ then carries the very noise of training image $i$.
# - **One number.** A grey guess has a respectable PSNR. Look at SSIM and at the pictures as well.
#
# ## Check your run

# %%
plain, lifted = results["as it comes"], results["veil lifted"]
network, filters, tuned = plain.loc["noise-trained network"], lifted.loc[list(candidates)], tuning.loc[best]
clean_trained_psnr = plain.PSNR["clean-trained network"]
assert clean_trained_psnr > plain.PSNR["noisy input"] + 1, "A clean-trained model should improve on its noisy input"
assert abs(clean_trained_psnr - plain.PSNR["mean image"]) < 1.5, "... but stay near the mean image"
assert network.PSNR > clean_trained_psnr + 4, "Training on noisy → clean should gain decibels"
assert network.PSNR > filters.PSNR.max() + 0.5, "The network should beat the four classical denoisers, veil lifted"
assert network.SSIM > filters.SSIM.max() + 0.05, "... in SSIM too"
assert np.allclose(sampled, veiled[[0, 50, 100]], atol=0.01), "Equation (4.5) should give the mean of clipped noise"
assert (tuned["veil lifted"] > tuned["as it comes"] + 0.3).all(), "Lifting the veil should help all four"
assert (tuned["veil lifted"] > tuned["as it comes"] + 1).sum() >= 3, "... and three of them by a decibel"
assert 0 < network.PSNR - plain.PSNR["linear map"] < 1, "The linear map should stay within a decibel of the network"
assert lifted.PSNR["linear map"] > network.PSNR - 0.3, "... and catch up once its contrast is stretched"
assert lifted.PSNR["noise-trained network"] < network.PSNR, "Lifting should not help the network"
assert plain.PSNR["mean image"] > plain.PSNR["noisy input"] + 1, "PSNR should prefer the mean image to the noisy input"
assert plain.SSIM["mean image"] < plain.SSIM["noisy input"] - 0.1, "SSIM should prefer the noisy input"
print("All 13 checks passed.")

# %%
specialists, mixed = matrix[:4], matrix[4]
assert (specialists.argmax(axis=0) == [0, 1, 2, 3]).all(), "Each specialist should win at its own level"
assert matrix[0, 3] < matrix[3, 3] - 2, "Too little noise in training should cost decibels"
assert matrix[3, 0] < matrix[0, 0] - 2, "... and so should too much"
assert (mixed[1:] > specialists[:, 1:].max(axis=0) - 0.6).all(), (
    "Mixed training should hold its own where there is noise"
)
assert mixed[0] < matrix[0, 0] - 0.5, "... and stay behind on clean images"
salt, square = other_psnr["salt and pepper"], other_psnr["occlusion"]
assert abs(salt.iloc[2] - other_psnr["Gaussian"].iloc[2]) < 1, "Salt and pepper should be repaired almost as well"
assert salt.iloc[2] > salt.iloc[1] + 0.5, "... and better than by the median filter"
assert square.iloc[2] < square.iloc[0], "On occluded images the network should do harm"
print("All 8 checks passed.")

# %%
cosine = corrections.cosine
assert copies.loc["clean → clean", "clean input"] > 50, "A linear map trained on clean → clean should copy"
assert copies.loc["clean → clean", "noisy input"] < 12, "... noise as well"
assert cosine.diff().dropna().gt(0).all(), "Each of the five should point better than the one before"
assert cosine.diff()["clean-trained network"] < 0.06, "... the clean-trained network hardly better than the mean image"
assert corrections["distance left"].iloc[-1] < 0.45, "The denoiser should leave under half the distance"
digit_means = np.stack([x_train[mnist.y_train == digit].mean(axis=0) for digit in range(10)])
distances = np.linalg.norm(current[:, None] - digit_means, axis=2)
assert (distances.argmin(axis=1) == 1).sum() >= 5, "Pure noise, denoised 16 times, should mostly end as a 1"
print("All 6 checks passed.")

# %%
pairs = by_target["16,000 pairs"]
assert clean_input["clean-trained network"]["PSNR"] > clean_input["noise-trained network"]["PSNR"] + 3, "Wrong winner"
assert abs(pairs["the same noisy image"] - plain.PSNR["noisy input"]) < 0.1, (
    "The same noise as target should give a copy"
)
assert by_target.loc["other noise, clipped", "16,000, veil lifted"] > pairs["other noise, clipped"] + 2, "No veil?"
gap = by_target.loc["clean"] - by_target.loc["other noise, unclipped"]
assert gap["16,000 pairs"] < 2.5 < gap["4,000 pairs"], (
    "With more pairs, unclipped noisy targets should come near clean ones"
)
assert mistaken_scores["veil lifted"]["PSNR"] > mistaken_scores["as it comes"]["PSNR"] + 2, (
    "The network too gives a veil"
)
clipped, unclipped, seen_noise, new_noise = habits.values()
assert clipped - unclipped > 1, "Noise that was not clipped should cost a decibel"
assert 0 < seen_noise - new_noise < 1, "The noise of training should be a little easier than new noise"
print("All 7 checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Denoise at standard deviation 1.0 with the network of this chapter. At what level can you no longer read the
#    digits before, and at what level after?
# 2. ★ Give `lift_veil` a standard deviation of 0.25, and noise of that level. Does the veil matter as much?
# 3. ★★ Train on occluded images → clean ones. Does the network now fill in what is hidden? What does it draw where the
#    evidence allows two digits?
# 4. ★★ Train the network on 3,000 images for 20 epochs, once with one noisy copy, once with a new copy in every epoch
#    (20 copies of each image, noised together, are 20 epochs of fresh noise). Compare both on test images.
# 5. ★★★ The linear map with its contrast stretched holds its own against the network. Choose a code size and a number
#    of epochs on validation images, so that the network beats it clearly. Which of the two changes matters more?
# 6. ★★★ Average the output of the denoiser over several noisy copies of one image. By how much does it improve, and why
#    does the improvement level off?
#
# ## Further reading
#
# - [Vincent et al. (2008)](references.md#vincent-et-al-2008) introduced the denoising autoencoder; short, and good on
#   the manifold picture. [Vincent et al. (2010)](references.md#vincent-et-al-2010) is the long version, with the
#   features that different corruptions teach.
# - [Alain and Bengio (2014)](references.md#alain-and-bengio-2014) prove equation (4.7) and what the correction says
#   about the data's density.
# - [Lehtinen et al. (2018)](references.md#lehtinen-et-al-2018) for learning from noisy targets, and when it works.
# - [Wang et al. (2004)](references.md#wang-et-al-2004) define SSIM and say what is wrong with squared error.
# - [Chambolle (2004)](references.md#chambolle-2004) for the algorithm behind the total-variation denoiser.
#
# ## Next
#
# The 64 numbers of the code held back the denoiser. [Chapter 5](05_code_size.ipynb) asks how many numbers a digit
# needs.
