# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 14 · Which autoencoder?
#
# The chapters so far looked at one model or one use at a time. This one turns that round: seven models side by side,
# the same images, the same size of code, the same five uses. At the end stands a guide to choosing. Two of the seven
# are no networks at all, and one of these will do well.

# %% [markdown]
# ## What you will learn
#
# - Compare models at equal [code size](glossary.md#code-size) and say what else was equal, and what was not.
# - Put error beside its price: parameters, seconds of training, spread over [seeds](glossary.md#seed).
# - Measure a model on five uses: rebuilding, removing noise, raising alarms, features, new images.
# - Choose a model by the use you have for it, with the number that the choice rests on.

# %% [markdown]
# ## What you need
#
# - Chapters [3](03_dense_autoencoder.ipynb), [8](08_deeper_and_convolutional.ipynb), [9](09_sparse.ipynb) and
#   [10](10_variational.ipynb) for the models; [4](04_denoising.ipynb), [11](11_anomaly_detection.ipynb) and
#   [13](13_feature_learning.ipynb) for the uses. Mean and standard deviation.
#
# Running time: about three minutes on two quick cores. The seconds printed below were measured on a slow virtual
# machine, where the whole took more than seven minutes.

# %%
import time
from functools import partial

from aelib import baselines, code_layers, data, metrics, models, noise, plots, probes, training
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

# %%
SEEDS, CODE = (0, 1, 2), 64
BATCH_SIZE = 100  # small, so that a few epochs hold many steps; divides 55,000 (chapter 5)

mnist = data.load_mnist()
split = mnist.validation_split(5_000, seed=0)
x_train, y_train, x_validation = split.x_train, split.y_train, split.x_validation
x_test, y_test = mnist.x_test, mnist.y_test
mean_image = x_train.mean(axis=0).clip(0.001, 0.999)

# %% [markdown]
# ## Seven models
#
# | model | what it is | chapter |
# | --- | --- | --- |
# | mean image | every image is rebuilt as the mean training image; a code of no numbers | [1](01_introduction.ipynb) |
# | PCA | [PCA](glossary.md#pca), 64 components: the best linear code for squared error | [2](02_mathematics.ipynb) |
# | dense | 784-128-64-128-784, the course's first model | [3](03_dense_autoencoder.ipynb) |
# | convolutional | two convolutions of 16 and 32 filters and a dense code, and the same way back | [8](08_deeper_and_convolutional.ipynb) |
# | top-k | 1,024 code units, of which the 32 largest are kept | [9](09_sparse.ipynb) |
# | variational | the dense network, each image coded as a Gaussian; β = 1 | [10](10_variational.ipynb) |
# | denoising | the dense network, trained to turn noisy images into clean ones | [4](04_denoising.ipynb) |
#
# All codes but the mean image's take 64 numbers to store. The [top-k](glossary.md#top-k) code has 32 values that are
# not zero, and to store it you must also say *which* of the 1,024 units they belong to: 32 values and 32 places make 64
# numbers. (A place needs fewer bits than a value; chapter 9 counts them.) Outside training the
# [variational](glossary.md#variational-autoencoder) code is the 64 means. The top-k network starts as in chapter 9,
# with training images for its [atoms](glossary.md#atom), the others at random.


# %%
def top_k(seed):
    """1,024 units of which the largest `CODE // 2` are kept, begun with training images as in chapter 9."""
    model = models.sparse_autoencoder(1024, sparsity=code_layers.TopK(CODE // 2), seed=seed)
    code, output = model.encoder.get_layer("code"), model.decoder.get_layer("reconstruction")
    drawn = np.random.default_rng(seed).choice(len(x_train), 1024, replace=False)
    atoms = x_train[drawn] - mean_image
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    output.set_weights([atoms, np.log(mean_image / (1 - mean_image))])
    code.set_weights([atoms.T, -atoms @ mean_image])
    return model


BUILD = {
    "dense": lambda seed: models.dense_autoencoder(CODE, seed=seed),
    "convolutional": lambda seed: models.convolutional_autoencoder(CODE, seed=seed),
    "top-k": top_k,
    "variational": lambda seed: models.variational_autoencoder(CODE, seed=seed),
    "denoising": lambda seed: models.dense_autoencoder(CODE, seed=seed),
}

# %% [markdown]
# ## The same conditions
#
# All learn from the same 55,000 training images. The five networks do so in batches of 100, with Adam and binary
# cross-entropy, to which the variational one adds its divergence from the prior, and from three seeds each. The first
# table judges by squared error, which only PCA and the mean image minimise directly.
#
# Some things cannot be equal. With the same number of [epochs](glossary.md#epoch) some models would get many times the
# seconds of others. So the convolutional and the top-k network get one epoch and the others five. Equal are the images,
# the batches, the optimiser and the numbers to store. Not equal are parameters, steps (550 or 2,750) and, even so,
# seconds. And a [learning rate](glossary.md#learning-rate) that is set once an epoch can fall only for those that have
# several: from 0.003 along a cosine, as in chapter 10, to 0.0003 in the fifth. The other two keep 0.003 to the end.
#
# After each epoch a callback notes the seconds so far and the error on 5,000 validation images. Test images are used
# when training is over, and no training was changed because of them.

# %%
EPOCHS = dict.fromkeys(BUILD, 5) | {"convolutional": 1, "top-k": 1}
STD = 0.5  # of the noise, as in chapter 4
noisy_train = noise.gaussian(x_train, STD, seed=0)


def encode(model, x):
    """Codes of flat images, whether from a network or from a yardstick."""
    if not hasattr(model, "encoder"):
        return model.encode(x)
    return predict(model.encoder, x.reshape(-1, *model.input_shape[1:]))


def decode(model, codes):
    return data.as_vectors(predict(model.decoder, codes)) if hasattr(model, "decoder") else model.decode(codes)


def rebuild(model, x):
    return decode(model, encode(model, x))


# %%
class Watch(keras.callbacks.Callback):
    """Note after each epoch the seconds so far and the mean squared error on validation images."""

    def __init__(self, name, seed):
        super().__init__()
        self.run, self.seconds = {"model": name, "seed": seed}, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self.start
        error = metrics.mean_squared_error(x_validation, rebuild(self.model, x_validation)).mean()
        progress.append(self.run | {"epoch": epoch + 1, "seconds": self.seconds, "validation MSE": error})


# %% tags=["long"]
progress, networks, weights = [], {}, {}
for name, build in BUILD.items():
    networks[name] = build(0)
    inputs, target = (noisy_train, x_train) if name == "denoising" else (x_train, None)
    inputs = inputs.reshape(-1, *networks[name].input_shape[1:])
    for seed in SEEDS:
        slowing = keras.callbacks.LearningRateScheduler(
            lambda epoch, last=EPOCHS[name]: 0.0015 * (1 + np.cos(np.pi * epoch / last))
        )
        networks[name].set_weights(build(seed).get_weights())  # one network for all seeds: compiled once
        settings = {"epochs": EPOCHS[name], "batch_size": BATCH_SIZE, "seed": seed}
        training.fit(networks[name], inputs, target, callbacks=[slowing, Watch(name, seed)], **settings)
        weights[name, seed] = networks[name].get_weights()

# %% tags=["long"]
yardsticks = {"mean image": baselines.MeanImage(), "PCA": baselines.PCACodec(CODE)}
for name, codec in yardsticks.items():
    start = time.perf_counter()
    codec.fit(x_train)
    seconds = time.perf_counter() - start
    error = metrics.mean_squared_error(x_validation, rebuild(codec, x_validation)).mean()
    progress.append({"model": name, "seed": 0, "epoch": 0, "seconds": seconds, "validation MSE": error})


# %% tags=["long"]
def trained(name, seed):
    """The model of this name as its training from this seed left it."""
    if name in yardsticks:
        return yardsticks[name]
    networks[name].set_weights(weights[name, seed])
    return networks[name]


def tested(name, seed):
    """Mean squared error on test images, and the number of units that are 0 for every one of them."""
    codes = encode(trained(name, seed), x_test)
    error = metrics.mean_squared_error(x_test, decode(trained(name, seed), codes)).mean()
    return {"model": name, "seed": seed, "test MSE": error, "dead units": (codes == 0).all(axis=0).sum()}


NAMES = [*yardsticks, *networks]

# %% [markdown]
# ## Error and its price
#
# > **Predict first.** Order the seven by their error on test images. Which networks will be behind PCA, and why?

# %% tags=["long"]
watched = pd.DataFrame(progress)
last = watched.groupby(["model", "seed"], sort=False).last()
compiled = last["seconds"].drop(index=0, level="seed").groupby("model").mean()  # seed 0 had to wait for the compiler
tests = pd.DataFrame([tested(name, seed) for name in NAMES for seed in (SEEDS if name in networks else (0,))])
by_model = tests.groupby("model")["test MSE"].agg(["mean", "std"])
table = pd.DataFrame(
    {
        "parameters": {"mean image": 784, "PCA": 784 * (CODE + 1)} | {n: m.count_params() for n, m in networks.items()},
        "epochs": {"mean image": 0, "PCA": 0} | EPOCHS,
        "seconds": compiled.reindex(NAMES).fillna(last["seconds"].xs(0, level="seed")),
        "dead units": tests.groupby("model")["dead units"].mean(),
        "test MSE": by_model["mean"],
        "std": by_model["std"],
        "share left": by_model["mean"] / by_model.loc["mean image", "mean"],
    },
    index=NAMES,
)
table.round({"seconds": 1, "dead units": 0, "test MSE": 5, "std": 5, "share left": 3})

# %% [markdown]
# Seconds are the mean of seeds 1 and 2, for which nothing had to be compiled; for PCA and the mean image, of one fit.
# They vary with the machine and with what else it does. *Dead units* are those that are exactly 0 for every test image;
# PCA's codes and variational means never are, which does not say that each of them is of use. *Share left* is the error
# divided by that of the mean image. A single fit has no spread, hence NaN.
#
# - **PCA** is behind the dense network only, and not by much. It leads top-k and, on average, the convolutional network,
#   with a quarter of the dense network's parameters and no seed to depend on.
# - **The dense network** has just passed it after five epochs (chapter 5's, with larger batches and a lower rate, had
#   not), though a fifth of its 64 units are [dead](glossary.md#dead-unit). With 20 epochs it leaves PCA far behind
#   ([chapter 5](05_code_size.ipynb)).
# - **Convolutions** have about as many parameters as the dense network, but an epoch takes many times as long. After a
#   single one the error is near PCA's; the seeds differ widely, and nearly a third of its units are dead. In chapter 8,
#   with a third of the rate and batches of 50, the error was 0.0072: the rate, which never fell here, may be part of
#   the reason. [Chapter 8](08_deeper_and_convolutional.ipynb) looks closer at how much they learn in an epoch and in a
#   second.
# - **Top-k** has 1.6 million parameters and one epoch to fit them. Nearly half of its units are never on.
# - **The variational and the denoising network** have other aims than this error. How much of their lag is the aim, and
#   how much the few epochs, this table cannot say.

# %% mystnb={"image": {"alt": "Mean squared error against seconds of training, both logarithmic. Lines for three networks fall from epoch to epoch: the dense one is lowest and ends below the single point of PCA, above it the variational, and the denoising one far above all. Single points: PCA; top-k, higher; and the convolutional network, farthest to the right, between PCA and top-k, its long error bar reaching below PCA."}} tags=["long"]
drawn_lines = watched[(watched["seed"] > 0) | (watched["model"] == "PCA")].assign(
    seconds=lambda rows: rows.groupby(["model", "epoch"])["seconds"].transform("mean").round(2)
)
plots.error_bars(
    drawn_lines,
    x="seconds",
    y="validation MSE",
    group="model",
    title="Error after each epoch (two seeds that need no compiling, mean ± standard deviation)",
    xlabel="seconds of training on this machine (logarithmic)",
    ylabel="mean squared error on validation images (logarithmic)",
    log_x=True,
    ticks=(1, 4, 16, 64),
    log_y=True,
)

# %% [markdown]
# The dense line passes PCA in its fifth epoch only, after several times PCA's seconds. All lines still fall at their
# ends: with more epochs the order may change. (The figure shows validation images and two seeds, so that its values
# differ a little from the table's.)
#
# ## Five uses
#
# | use | measure | chapter |
# | --- | --- | --- |
# | rebuild | mean squared error of test images | [3](03_dense_autoencoder.ipynb) |
# | remove noise | [PSNR](glossary.md#psnr) of the output for test images with noise of standard deviation 0.5, in dB | [4](04_denoising.ipynb) |
# | raise an alarm | [AUC](glossary.md#auc) of the error: test digits against clothes, and against digits upside down | [11](11_anomaly_detection.ipynb) |
# | features | accuracy of a [linear probe](glossary.md#linear-probe) and of nearest neighbours with 1,000 labels, in per cent | [13](13_feature_learning.ipynb) |
# | new images | strangeness of decoded draws: one minus the cosine to the nearest of 5,000 training images, median | [10](10_variational.ipynb) |
#
# Three more rows are [yardsticks](glossary.md#yardstick). *The image itself* means noisy images left as they are,
# probes on pixels, test images in place of new ones. *Linear map* is ridge regression from noisy to clean images,
# fitted to 20,000 of them. *Top-k, untrained* is that network at its start, with training images for atoms.
#
# Each seed has one draw of labelled images, the same for all models; ± is the standard deviation over the three. PCA,
# the mean image and pixels have no training that depends on a seed: theirs comes from the drawn labels and codes alone,
# and is 0 where nothing is drawn.
#
# Codes for new images are drawn from the [prior](glossary.md#prior) for the variational model. The others have none and
# get a second model, one Gaussian with mean and covariance of training codes; its draws are clipped to each unit's
# range. Top-k is left out: a draw with all units on is no code of its kind.

# %%
clothes = data.load_fashion_mnist().x_test[:5000]
upside_down = x_test[:5000, ::-1]
noisy_test = noise.gaussian(x_test, STD, seed=1)


def strangeness(images):
    return 1 - np.median(cosine_similarity(images, x_train[:5000]).max(axis=1))


def draw_codes(name, model, count, seed):
    rng = np.random.default_rng(seed)
    if name == "variational":
        return rng.standard_normal((count, CODE))
    codes = encode(model, x_train[:10_000]).astype(float)
    drawn = rng.multivariate_normal(codes.mean(axis=0), np.cov(codes.T), count)
    return drawn.clip(codes.min(axis=0), codes.max(axis=0))


# %%
def probe(features, test_features, seed):
    """Accuracy in per cent of both probes, on the seed's draw of 1,000 labelled images."""
    labelled = probes.stratified_draw(y_train, 1000, seed=seed)
    features, labels = features(x_train[labelled]), y_train[labelled]
    linear, neighbours = probes.linear_probe(features, labels, seed=seed), probes.neighbour_probe(features, labels)
    return {
        "linear probe": 100 * linear.score(test_features, y_test),
        "neighbours": 100 * neighbours.score(test_features, y_test),
    }


def auc(usual, model, images):
    """How well the error tells images of another kind from usual ones, whose errors are given."""
    strange = metrics.mean_squared_error(images, rebuild(model, images))
    return roc_auc_score(np.repeat([0, 1], [len(usual), len(strange)]), np.concatenate([usual, strange]))


# %%
def measure(name, seed):
    model = trained(name, seed)
    error = metrics.mean_squared_error(x_test, rebuild(model, x_test))
    result = {
        "rebuild: MSE": error.mean(),
        "noise: PSNR": metrics.psnr(x_test, rebuild(model, noisy_test)).mean(),
        "clothes: AUC": auc(error, model, clothes),
        "upside down: AUC": auc(error, model, upside_down),
    }
    if name != "mean image":
        result |= probe(partial(encode, model), encode(model, x_test), seed)
    if name not in ("mean image", "top-k"):
        new[name, seed] = decode(model, draw_codes(name, model, 1000, seed))
        result["draws: strangeness"] = strangeness(new[name, seed])
    return {"model": name, "seed": seed} | result


# %% [markdown]
# > **Predict first.** Which model will be first in each column? Will any be first in two?

# %% tags=["long"]
new = {}
rows = [measure(name, seed) for name in NAMES for seed in SEEDS]
itself = {"noise: PSNR": metrics.psnr(x_test, noisy_test).mean(), "draws: strangeness": strangeness(x_test[:1000])}
linear_map = Ridge(alpha=1.0, solver="cholesky").fit(noisy_train[:20_000], x_train[:20_000])
cleaned = linear_map.predict(noisy_test).clip(0, 1)
for seed in SEEDS:
    start = top_k(seed)
    rows += [
        {"model": "the image itself", "seed": seed} | itself | probe(lambda x: x, x_test, seed),
        {"model": "linear map", "seed": seed, "noise: PSNR": metrics.psnr(x_test, cleaned).mean()},
        {"model": "top-k, untrained", "seed": seed} | probe(partial(encode, start), encode(start, x_test), seed),
    ]

# %% tags=["long"]
uses = pd.DataFrame(rows).set_index(["model", "seed"])
mean, std = (uses.groupby("model", sort=False).agg(kind) for kind in ("mean", "std"))
DIGITS = dict(zip(uses.columns, (4, 1, 3, 3, 1, 1, 3)))  # shown of each column
shown = {
    use: mean[use].map(f"{{:.{n}f}}".format) + "\u00a0±\u00a0" + std[use].map(f"{{:.{n}f}}".format)
    for use, n in DIGITS.items()
}
pd.DataFrame(shown).where(mean.notna(), "–")

# %% [markdown]
# No model is first in every column. The dense network is first in two, rebuilding and clothes (there level with the
# convolutional one); the denoising network in two, draws and, but for the linear map, noise.
#
# - **Noise.** What was trained on pairs of noisy and clean images is two decibels ahead of all else, at the very noise
#   of its training. Of the two that were, the linear map leads the network, which has had five epochs; after the 20 of
#   [chapter 4](04_denoising.ipynb) the network is ahead, unless the map's contrast is stretched. All outputs are above
#   the noisy images, but so is the mean image, which ignores its input. Of the models that never saw noise only PCA and
#   top-k are clearly above that.
# - **Alarms.** All trained models find clothes, the dense and the convolutional network most surely, the denoising one
#   least. Digits upside down (half a turn) are much harder: they are made of the usual strokes ([chapter
#   11](11_anomaly_detection.ipynb)), and a turned 0, 1 or 8, or a 6 that becomes a 9, is hardly an anomaly. A model
#   that rebuilds worse need not detect worse: for turned digits the variational and the top-k network are ahead of the
#   dense one.
# - **Features.** For the linear probe the dense code, PCA and pixels are alike, the convolutional code is somewhat
#   ahead and top-k clearly. That comparison is not equal: on top-k the probe weighs 1,024 features, on pixels 784, on
#   the other codes 64. Most of its lead is there before any training, when its atoms are images. What training adds to
#   it is a point or so for the linear probe, and more for neighbours. For neighbours the convolutional and the
#   variational code are ahead of PCA, and PCA of pixels and of the dense code.
# - **New images.** The dense network's draws are the strangest. The prior's are less strange than those and PCA's, but
#   stranger than real digits. The denoising network's are the least strange of all, even less than real digits. Look at
#   the images before you trust this number.

# %% mystnb={"image": {"alt": "Six rows of twelve images. Test images; PCA: grey overlaid strokes that are no digits; dense: broken bright pieces; convolutional: some readable digits among broken ones; variational: soft joined strokes, about half of them digits; denoising: soft shapes, some digits, some blots."}} tags=["long"]
plots.image_rows(
    {"test images": x_test[:12]} | {name: images[:12] for (name, seed), images in new.items() if seed == 0},
    title="Drawn codes, decoded: the prior for the variational model, one Gaussian for the others",
)

# %% [markdown]
# The denoising row has the least strangeness, but its images are thick and blurred, and several are no digit; [chapter
# 6](06_latent_plane.ipynb) met the same. No row of draws is made of digits throughout. And the measure says nothing of
# variety: a model that repeated one training image would score 0.
#
# ## Which one to take
#
# The numbers are test results, of this chapter unless another is named, and a little kind to the models that they speak
# for. The last three rows rest on earlier chapters alone.
#
# | If you want | take | because |
# | --- | --- | --- |
# | images rebuilt, soon and on a small budget | PCA | 0.0078, where the best network has 0.0072; no seed; it loses less on images of another kind ([chapter 7](07_fashion_mnist.ipynb)) |
# | images rebuilt as well as possible | a network trained for long, the dense one first | far ahead of PCA after 20 epochs ([chapter 5](05_code_size.ipynb)); the convolutional one had a single epoch here; [chapter 8](08_deeper_and_convolutional.ipynb) has a recipe for deeper ones |
# | noise removed | a model *trained to do it*: the linear map first, then a network, for long | 17.6 dB for the linear map and 17.3 for the network after five epochs; in [chapter 4](04_denoising.ipynb) 18.2 after 20, and 18.4 for the map with its contrast stretched; PCA, which never saw noise, 15.2 |
# | alarms for images such as clothes | the dense network or PCA | AUC 0.998, the highest here, and 0.992; PCA is by far the cheaper; but empty and faint images raise no alarm by their error ([chapter 11](11_anomaly_detection.ipynb)) |
# | alarms for subtle anomalies | none by its error alone | 0.80 at best for digits upside down; better scores are in [chapter 11](11_anomaly_detection.ipynb) |
# | a linear classifier with 1,000 labels | top-k, if 1,024 features are no burden, even untrained; else the convolutional code, or pixels if nothing is to be trained | 91.9 per cent, untrained 91.1, convolutional 89.6, pixels 88.0; dense codes and PCA are no better than pixels, here and in [chapter 13](13_feature_learning.ipynb) |
# | nearest neighbours | PCA, with half as many components; of the codes here the convolutional or the variational | 91.3 per cent with 32 components in [chapter 13](13_feature_learning.ipynb); 91.6 and 91.1 here, PCA with 64 components 89.9, pixels 88.8 |
# | new images | the variational network, or a dense one and a mixture of Gaussians on its codes | the first draws without a second model; the second made better digits in [chapter 10](10_variational.ipynb), with linear codes of 16 units; a single Gaussian on the dense code here gave the strangest |
# | units that stand for something | top-k with very few on | with 8 on, a unit keeps to one digit in about four cases of five ([chapter 9](09_sparse.ipynb)); half are never on |
# | few bytes | for very many images of one kind, at low quality, a dense network; else an image format | [chapter 12](12_compression.ipynb) |
# | a map of the images | two linear units | [chapter 6](06_latent_plane.ipynb) |
#
# The guide is about small centred digits and short training. For other images, take it as a list of what to try first.

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | PCA | Near the best error with far fewer parameters; level with top-k against noise; ahead of pixels for neighbours |
# | Dense | Just ahead of PCA after five epochs, with a fifth of its units dead |
# | Uses | No model is first in all: trained on pairs, best against noise; sparse, best for a linear probe |
# | Yardsticks | One linear map beat the denoising network of five epochs; untrained top-k features had most of the lead |
# | A measure can mislead | The least strange draws, below real digits, are blurred and often no digits |

# %% [markdown]
# ## Pitfalls
#
# - **Leaving out PCA.** Beside the mean image alone, every network here looks good.
# - **Comparing codes of unequal size**, or features of unequal number. The larger has the advantage in error, and may
#   have it as features; say so at least.
# - **One number for all uses**, or a lead without its spread. Measure the use that you have, from several seeds.
# - **Choosing by a table of test errors**, as the guide does. That makes the winner look slightly better than it is. For
#   your own images choose on validation images, and measure the model chosen, once, on test images.

# %% [markdown]
# ## Check your run

# %% tags=["long"]
mse, an_epoch = mean["rebuild: MSE"], table["seconds"] / table["epochs"]
mse_std = std["rebuild: MSE"]
checks = {
    "PCA leaves little": mse["PCA"] < 0.15 * mse["mean image"],
    "after five epochs the dense network is ahead of it": mse["dense"] + mse_std["dense"] < mse["PCA"],
    "but only just": mse["dense"] > 0.85 * mse["PCA"],
    "an epoch of convolutions is dear": an_epoch["convolutional"] > 4 * an_epoch["dense"],
    "one epoch of them ends near PCA, behind it on average": 1 < mse["convolutional"] / mse["PCA"] < 1.5,
    "their seeds differ more": mse_std["convolutional"] > mse_std["dense"],
    "the variational code costs error": mse["variational"] > 1.3 * mse[["dense", "convolutional"]].max(),
    "so does training on noise": mse["denoising"] > 1.3 * mse["dense"],
    "PCA ahead of top-k": mse["PCA"] < mse["top-k"] < 2 * mse["PCA"],
    "a fifth of the dense network's units are dead": 8 <= table.loc["dense", "dead units"] <= 18,
    "and nearly half of top-k's": 0.35 < table.loc["top-k", "dead units"] / 1024 < 0.5,
}

# %% tags=["long"]
psnr, clothed, turned = (mean[use].dropna() for use in ("noise: PSNR", "clothes: AUC", "upside down: AUC"))
others = psnr[["dense", "convolutional", "variational"]].max()
on_pairs = ["denoising", "linear map"]
checks |= {
    "noise: two decibels ahead if trained on pairs": psnr[on_pairs].min() > psnr.drop(on_pairs).max() + 1.5,
    "noise: the linear map ahead of the network": 0 < psnr["linear map"] - psnr["denoising"] < 1,
    "noise: top-k level with PCA": abs(psnr["top-k"] - psnr["PCA"]) < 0.5,
    "noise: the others near the mean image": others < min(psnr["mean image"] + 2, psnr["PCA"] - 1),
    "clothes are easy": clothed.drop("mean image").min() > 0.9,
    "for the denoising network least": clothed.drop("mean image").idxmin() == "denoising",
    "for the dense and the convolutional most": set(clothed.nlargest(2).index) == {"dense", "convolutional"},
    "turned digits are not": (clothed - turned).min() > 0.05,
    "turned digits: two worse rebuilders ahead": turned[["variational", "top-k"]].min() > turned["dense"] + 0.02,
}

# %% tags=["long"]
linear, near, strange = (mean[use].dropna() for use in ("linear probe", "neighbours", "draws: strangeness"))
gain = mean.loc["top-k"] - mean.loc["top-k, untrained"]
less_is_better = mean.columns.isin(["rebuild: MSE", "draws: strangeness"])
first = (mean.loc[NAMES] * np.where(less_is_better, -1, 1)).idxmax()
checks |= {
    "linear probe: dense, PCA and pixels alike": np.ptp(linear[["dense", "PCA", "the image itself"]]) < 3,
    "top-k first": linear["top-k"] > linear.drop(["top-k", "top-k, untrained"]).max() + 0.5,
    "most of its lead is there untrained": 0 < 2 * gain["linear probe"] < linear["top-k"] - linear["the image itself"],
    "neighbours gain more from training": gain["linear probe"] < gain["neighbours"],
    "the convolutional code next": linear["convolutional"] > linear[["dense", "PCA", "the image itself"]].max(),
    "neighbours: two codes ahead of PCA": near[["convolutional", "variational"]].min() > near["PCA"] + 0.5,
    "PCA ahead of pixels and of the dense code": near["PCA"] > near[["dense", "the image itself"]].max(),
    "the prior's draws are stranger than digits": strange["the image itself"] < strange["variational"] < strange["PCA"],
    "the dense network's are the strangest": strange.idxmax() == "dense",
    "and the denoising network's the least strange": strange.idxmin() == "denoising",
    "no model is first in more than two columns": first.value_counts().max() <= 2,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Add a dense network with `code_activation="linear"`, which cannot lose units, to `BUILD`. Where is it ahead?
# 2. ★★ Give every network the seconds of the convolutional one: set `EPOCHS` from your table. Which lines cross?
# 3. ★★★ Choose a model for each use on 10,000 training images set aside, by a rule written down beforehand. Do you agree
#    with the guide?

# %% [markdown]
# ## Further reading
#
# - [Goodfellow, Bengio and Courville (2016)](references.md#goodfellow-bengio-and-courville-2016), chapter 14: all
#   kinds, with the mathematics.
# - [Géron (2022)](references.md#géron-2022), chapter 17: most of these models in Keras, on clothes.

# %% [markdown]
# ## Next
#
# This is the end of the course. Read chapter 14 of Goodfellow, Bengio and Courville, and do the exercises that you left
# out. Then take images of your own: with 28 by 28 pixels between 0 and 1 they fit the functions of the [aelib
# reference](aelib_reference.md). Begin with the mean image and PCA, write down what you expect, train a network from
# three seeds, and ask what every chapter asked: *compared with what?*
