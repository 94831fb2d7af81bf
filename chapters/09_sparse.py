# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 9 · Sparse autoencoders
#
# So far the code was kept small by having few units. It can be kept small in another way: give it more units than the
# image has pixels, and let only a few of them be on at a time. Then *which* units are on says something, and each unit
# can stand for something. This chapter keeps codes of 1,024 units sparse in three ways, counts what is on, and measures
# what it costs.

# %% [markdown]
# ## What you will learn
#
# - Keep an [overcomplete](glossary.md#overcomplete) code sparse in three ways: by an L1 penalty, by a KL penalty, and
#   by keeping the $k$ largest values.
# - Report the reconstruction error apart from the [penalty](glossary.md#sparsity-penalty), and say how a network dodges
#   an L1 penalty and what the penalty does to the values it leaves.
# - Count [active units](glossary.md#active-unit) by one rule for all three, also where no value is ever exactly zero.
# - Draw the frontier of active units against error, beside PCA and small dense codes, and say what "32 of 1,024" costs
#   in bits.
# - Find out what a unit responds to: its [atom](glossary.md#atom), the images that turn it on, its digits; and which
#   units respond to nothing.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for training, [chapter 5](05_code_size.ipynb) for codes of few units and
#   PCA.
# - Binomial coefficients, logarithms.
#
# Running time: about 3 minutes on two quick cores.

# %%
import math

from aelib import baselines, code_layers, data, metrics, models, plots, training
from aelib.experiments import sweep
from aelib.models import predict

import keras
import numpy as np
import pandas as pd

SEED = 0
SEEDS = (0, 1, 2)
UNITS = 1024
EPOCHS = 1
BATCH_SIZE = 250  # divides 50,000: no smaller last batch, for which XLA would compile once more (chapter 5)

# %% [markdown]
# A threshold will be chosen by its results. So 10,000 of the training images are set aside as [validation
# images](glossary.md#validation-images), and every model of this chapter learns from the other 50,000. Test images are
# for reporting, all 10,000 of them.

# %%
mnist = data.load_mnist()
split = mnist.validation_split(10_000, seed=SEED)
x_train, x_validation = split.x_train, split.x_validation
x_test, y_test = mnist.x_test, mnist.y_test


def mse(x, x_hat):
    return metrics.mean_squared_error(x, x_hat).mean()


# %% [markdown]
# ## A code larger than the image
#
# The model has one layer each way, 784-1024-784: every code unit looks at the pixels directly and adds a fixed picture
# to the reconstruction. That picture, its row of the decoder's weights, is the unit's *atom*. What the decoder computes
# is
#
# $$ \hat x = \sigma \Big( b + \sum_{j=1}^{1024} z_j \, w_j \Big), \tag{9.1} $$
#
# with atoms $w_j$ of 784 weights. They add up before the [sigmoid](glossary.md#sigmoid), so a positive weight makes a
# pixel whiter and a negative one blacker. In most networks of this chapter each atom is kept at length 1, $\lVert w_j
# \rVert = 1$; why, and where not, you will see below.
#
# Where should training begin? With Keras's random start most units of a top-k code never become useful, as you will see
# below. A better start comes from the data:
#
# - the decoder's bias is chosen so that $\sigma(b)$ is the [mean image](glossary.md#mean-image). Then no unit has to be
#   spent on what all digits share: with all values at 0 the reconstruction is the mean image, the first yardstick;
# - the atoms are 1,024 training images, drawn at random, less the mean image $\mu$, scaled to length 1;
# - the encoder asks how much of its atom is in the image: before its activation function, unit $j$ starts with $w_j
#   \cdot (x - \mu)$ (for KL with a constant added).

# %%
mean_image = x_train.mean(axis=0).clip(0.001, 0.999)
SPARSITY = {"free": lambda setting: None}  # for each way to keep a code sparse, the layer that does it


def untrained(method, setting, seed):
    free_atoms = {"unit_atoms": False} if "free atoms" in method else {}
    model = models.sparse_autoencoder(UNITS, sparsity=SPARSITY[method](setting), seed=seed, **free_atoms)
    code, output = model.encoder.get_layer("code"), model.decoder.get_layer("reconstruction")
    output.bias.assign(np.log(mean_image / (1 - mean_image)))
    if "random start" not in method:
        drawn = np.random.default_rng(seed).choice(len(x_train), UNITS, replace=False)
        atoms = x_train[drawn] - mean_image
        atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
        output.kernel.assign(atoms)
        code.kernel.assign(atoms.T)
        code.bias.assign(-atoms @ mean_image + (np.log(setting / (1 - setting)) if method == "KL" else 0))
    return model


# %% [markdown]
# Loss and optimiser are those of the first model, [binary cross-entropy](glossary.md#binary-cross-entropy) and Adam.
# This network has seven times as many weights and you are going to train about thirty, so each gets one epoch, 200
# steps, in place of 20 epochs, at a [learning rate](glossary.md#learning-rate) above Adam's usual 0.001. That is short,
# and every result below is one of short training. The function trains a network once and keeps its weights; asked for
# the same network again, it only puts them back.

# %%
RATE = keras.callbacks.LearningRateScheduler(lambda epoch: 0.003)
networks, runs = {}, {}


def trained(method, setting=None, seed=SEED):
    """The network of this method, setting and seed, and the history of its training."""
    # Networks that differ in numbers only share one, which `fit` need not compile again.
    kind = method.removesuffix(", random start"), setting if "top-k" in method else None
    if (method, setting, seed) not in runs:
        start = untrained(method, setting, seed)
        network = networks.setdefault(kind, start)
        network.set_weights(start.get_weights())
        history = training.fit(network, x_train, epochs=EPOCHS, batch_size=BATCH_SIZE, seed=seed, callbacks=[RATE])
        runs[method, setting, seed] = network.get_weights(), history.history
    weights, history = runs[method, setting, seed]
    networks[kind].set_weights(weights)
    return networks[kind], history


# %% [markdown]
# First, the code free, without anything to keep it sparse: its units are [ReLU](glossary.md#relu) units, which give 0
# or more. Beside it stand PCA's codes. Its components are nested ([chapter 5](05_code_size.ipynb)), so one fit serves
# every size.
#
# > **Predict first.** The free code has more numbers than the image has pixels. Will its error be zero? How many of its
# > 1,024 units will be above zero for an image?

# %%
free, _ = trained("free")
free_codes = predict(free.encoder, x_test)
pca = baselines.PCACodec(256).fit(x_train)
pca_codes = pca.encode(x_test)


def pca_first(count):
    """PCA's reconstructions from the first components, the same for every image."""
    return pca.decode(np.where(np.arange(256) < count, pca_codes, 0))


# %%
errors = pd.Series(
    {
        "mean image": mse(x_test, baselines.MeanImage().fit(x_train).reconstruct(x_test)),
        "PCA, 64 components": mse(x_test, pca_first(64)),
        "PCA, 256 components": mse(x_test, pca_first(256)),
        "free code of 1,024 units": mse(x_test, predict(free.decoder, free_codes)),
    }
)
free_active = (free_codes > 0).sum(axis=1).mean()
print(f"units above 0 in the free code: {free_active:.0f} of {UNITS} on average")
errors.to_frame("test MSE").round(4)

# %% [markdown]
# A code that is larger than the image is no [bottleneck](glossary.md#bottleneck). Nothing keeps this model from passing
# pixels on, one unit for each, nearly unchanged (the last sigmoid bends the greys). It is far from that after one
# epoch, but already ahead of PCA with 64 components. It uses more than half of its units for an image, on average; what
# a single one of them means, nothing makes clear.
#
# ## Three ways to keep a code sparse
#
# **A price on every value.** Add the [L1 norm](glossary.md#l1-norm) of the codes $z_i$, averaged over the $n$ images of
# a batch and times a weight $\lambda$, to the loss:
#
# $$ P_{\mathrm{L1}} = \lambda \, \frac{1}{n} \sum_{i=1}^{n} \lVert z_i \rVert_1 = \lambda \, \frac{1}{n} \sum_{i=1}^{n} \sum_{j=1}^{1024} |z_{ij}|. \tag{9.2} $$
#
# For one image, the slope is $\lambda$ for every value above zero, however small. A unit has to earn that, or it is
# pushed to zero, where a [ReLU](glossary.md#relu) lets it rest exactly. This is the
# [lasso](references.md#tibshirani-1996)'s penalty, and one of several that [Olshausen and Field
# (1996)](references.md#olshausen-and-field-1996) tried in *sparse coding*. They had no encoder: they searched for the
# best code of each image.
#
# **A target for every unit's mean.** Take sigmoid units, whose values lie in (0, 1), and let $\hat\rho_j$ be the mean
# of unit $j$ over the images of a batch. Then pull it to a small $\rho$ by a
# [Kullback–Leibler divergence](glossary.md#kullbackleibler-divergence), as between two coins:
#
# $$ P_{\mathrm{KL}} = \lambda \sum_{j=1}^{1024} \Big[ \rho \ln \frac{\rho}{\hat\rho_j} + (1 - \rho) \ln \frac{1 - \rho}{1 - \hat\rho_j} \Big]. \tag{9.3} $$
#
# This is the penalty of [Ng's lecture notes (2011)](references.md#ng-2011); [Lee, Ekanadham and Ng
# (2007)](references.md#lee-ekanadham-and-ng-2007) pulled the mean by a squared difference.
#
# **A fixed number.** Keep the $k$ largest values of each code and set the others to zero:
# the [*top-k*](glossary.md#top-k) of [Makhzani and Frey (2013)](references.md#makhzani-and-frey-2013). Nothing is added
# to the loss, and no slope passes through the values that are set to zero.
#
# | | what is fixed | what follows from it |
# | --- | --- | --- |
# | L1 | the price of a unit of value | how many units are on, and that may differ from image to image |
# | KL | how much a unit is on, over all images | how many are on for one image |
# | top-k | how many units are on for each image | how often a unit is on, perhaps never |
#
# Each is a layer of a few lines. Two of them, written out:


# %%
class PriceOnValues(keras.layers.Layer):
    """Gives the code unchanged and adds (9.2) to the loss."""

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def call(self, codes):
        self.add_loss(self.weight * keras.ops.mean(keras.ops.sum(keras.ops.abs(codes), axis=1)))
        return codes


def keep_largest(codes, k):
    smallest_kept = keras.ops.top_k(codes, k)[0][:, -1:]
    return keras.ops.where(codes >= smallest_kept, codes, 0)


# %% [markdown]
# [aelib](aelib_reference.md) has all three, `L1Sparsity`, `KLSparsity` and `TopK`, and `models.sparse_autoencoder` puts
# one of them behind the code layer. It gives the code a ReLU with L1, a sigmoid with KL and no activation with top-k. A
# sigmoid of 0 is 1/2, so the KL network's units get a bias with which their values start near their target.
# Check that they agree with these lines on the free model's codes.

# %%
KL_WEIGHT = 0.003
SETTINGS = {"L1": (2e-4, 6e-4, 1.5e-3), "L1, free atoms": (6e-4,), "KL": (0.005, 0.02), "top-k": (8, 32, 128)}
SPARSITY["L1"] = SPARSITY["L1, free atoms"] = code_layers.L1Sparsity
SPARSITY["KL"] = lambda target: code_layers.KLSparsity(KL_WEIGHT, target=target)
SPARSITY["top-k"] = SPARSITY["top-k, random start"] = code_layers.TopK
SYMBOLS = {"L1": "L1, λ =", "KL": "KL, ρ ="}

mine, theirs = PriceOnValues(0.001), code_layers.L1Sparsity(0.001)
mine(free_codes), theirs(free_codes)
penalties = [float(layer.losses[0]) for layer in (mine, theirs)]
same_top = np.array_equal(keep_largest(free_codes, 16), code_layers.TopK(16)(free_codes))
print(f"penalty: {penalties[0]:.6f} and {penalties[1]:.6f}; largest 16 the same: {same_top}")

# %% [markdown]
# `SETTINGS` are the settings that you will compare: weights $\lambda$ of the L1 penalty, targets $\rho$ of the KL
# penalty (its weight stays the same), numbers $k$ for top-k. All of them will be reported, none is picked by its
# result. *Free atoms*, which need not have length 1, are explained below.
#
# ## The penalty is not the error
#
# What training makes small is now a sum,
#
# $$ L = R + P, \tag{9.4} $$
#
# the reconstruction loss $R$, here binary cross-entropy, and the penalty $P$. Keras reports only $L$ as `loss`. aelib's
# `fit` keeps the two apart for any model whose layers add to the loss: its history has `reconstruction` and `penalty`
# as well. Ask two L1 networks, of the least and of the largest weight, and measure their reconstruction of test images.

# %%
histories = {}
for weight in SETTINGS["L1"][::2]:
    network, history = trained("L1", weight)
    last = {name: values[-1] for name, values in history.items() if name != "learning_rate"}
    x_hat = predict(network, x_test)
    histories[f"λ = {weight:g}"] = last | {
        "test cross-entropy": metrics.mean_binary_crossentropy(x_test, x_hat),
        "test MSE": mse(x_test, x_hat),
    }
histories["free code"] = {
    "test cross-entropy": metrics.mean_binary_crossentropy(x_test, predict(free, x_test)),
    "test MSE": errors["free code of 1,024 units"],
}
pd.DataFrame(histories).T.round(4)

# %% [markdown]
# `loss` is `reconstruction` plus `penalty` (not taken for the free code: NaN). They are means over the last epoch,
# while the network was still learning; the columns with *test* were measured after it. Most of the difference in `loss`
# is no penalty: the larger weight makes the network rebuild worse. But whoever compares `loss` compares prices as well.
# The same network, not trained further, would have another `loss` if $\lambda$ were doubled. From here on, *error*
# means the mean squared error on test images, without any penalty.
#
# ### A penalty can be dodged
#
# The L1 penalty looks at values only. Multiply every atom by some $a > 1$ and divide every value by it:
#
# $$ \sum_j \frac{z_j}{a} \; (a \, w_j) = \sum_j z_j \, w_j, \qquad \lVert z / a \rVert_1 = \lVert z \rVert_1 / a. \tag{9.5} $$
#
# The reconstruction is the same, the same units are on, and the penalty is smaller. A network whose atoms may have any
# length is therefore paid for growing them. The loss has no least value at all: for any weights there are better ones
# with longer atoms.
#
# > **Predict first.** Train the same model with free atoms, same penalty weight, same start. Which of these numbers
# > will differ, and in which direction: length of the atoms, mean value of units above 0, penalty, error, units above
# > 0?


# %%
def describe(method):
    model, history = trained(method, SETTINGS["L1"][1])
    codes = predict(model.encoder, x_test)
    lengths = np.linalg.norm(model.decoder.get_weights()[0], axis=1)
    return {
        "length of an atom, weighted by use": np.average(lengths, weights=codes.sum(axis=0)),
        "value of a unit above 0": codes[codes > 0].mean(),
        "value times length": (codes * lengths)[codes > 0].mean(),
        "penalty, last epoch": history["penalty"][-1],
        "units above 0": (codes > 0).sum(axis=1).mean(),
        "test MSE": mse(x_test, predict(model.decoder, codes)),
    }


dodging = pd.DataFrame({"atoms of length 1": describe("L1"), "atoms free": describe("L1, free atoms")}).T
dodging.round(4)

# %% [markdown]
# The atoms in use grow to about three times their length, values shrink, and the penalty falls although the code says
# *more*: value times length is what a unit adds to the image, and it has more than doubled. The price per unit of that,
# which is what $\lambda$ was meant to be, has gone to about a third. It is not fixed by you any more, and nothing stops
# it from falling further. So the other networks have atoms of length 1, except those with KL. Sigmoid values end at 1,
# so an atom of length 1 could add little to the image; KL's atoms stay free. That leaves KL a dodge of the same kind:
# small values with long atoms bring a unit's mean down to its target as well.
#
# The error, though, is much smaller with free atoms, and even fewer units are on. A dodge that makes a better code?
# Length 1 must have cost something. The next section finds out what.
#
# ### What the penalty does to the values it leaves
#
# The encoder can multiply all its values by some $s$, by multiplying its weights and biases: ReLU lets a positive
# factor through. That changes the penalty from $P$ to $s P$. Let $R(s)$ be the reconstruction loss when the codes are
# multiplied by $s$ on their way to the decoder. At the end of training no small change helps, this one included:
#
# $$ \frac{d}{ds} \big[ R(s) + s P \big]_{s = 1} = 0 \quad \Longrightarrow \quad R'(1) = -P. \tag{9.6} $$
#
# So $R$ still falls where training stopped: with *larger* values the images would be rebuilt better. The penalty not
# only turns units off, it also makes the others quieter. That is called [shrinkage](glossary.md#shrinkage).
#
# > **Predict first.** Multiply the codes of a trained network by a factor from 0.8 to 2.4 and decode them. At which
# > factor will the error be least for L1 networks? For a top-k network? Does it depend on $\lambda$?

# %%
FACTORS = np.array([0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2, 2.4])


def errors_by_factor(method, setting):
    model, _ = trained(method, setting)
    codes = predict(model.encoder, x_validation[:2000])
    return [mse(x_validation[:2000], predict(model.decoder, factor * codes)) for factor in FACTORS]


shrunk = {f"L1, λ = {weight:g}": errors_by_factor("L1", weight) for weight in SETTINGS["L1"]}
shrunk["top-k, k = 32"] = errors_by_factor("top-k", 32)

# %% mystnb={"image": {"alt": "Four curves that meet at factor 1. Top-k has its lowest point there and rises on both sides. The L1 curves go on falling to the right of 1: for the least weight to about 1.2, for the middle one to about 1.4, for the largest to about 2, where it is about a quarter lower."}}
plots.curves(
    {label: np.divide(values, values[2]) for label, values in shrunk.items()},
    x=FACTORS,
    title="Codes made louder before they are decoded (validation images)",
    xlabel="factor on all values of the code",
    ylabel="error / error at factor 1",
    references={"unchanged": 1},
)

# %%
best_factor = pd.Series({label: FACTORS[np.argmin(values)] for label, values in shrunk.items()})
best_factor.to_frame("factor of least error").round(1)

# %% [markdown]
# The L1 networks rebuild better when their codes are made louder, and the larger $\lambda$, the louder. Top-k has its
# least error at or near 1, for nothing presses on the values it keeps (in (9.6), $P = 0$). (Equation (9.6) is about the
# cross-entropy at the end of training; the figure shows the MSE after one epoch. The direction is the same.) Shrinkage
# is what free atoms escape: longer atoms make the same codes louder, and nothing is charged for that.
#
# A remedy that leaves $\lambda$ its meaning: once the penalty has chosen the units, train the decoder again without it
# (exercise 3), or fit each image's values again (Task 4 of the exercise sheet that follows this chapter).
#
# ## What is "on"?
#
# A ReLU that is off gives exactly 0. A sigmoid never does.

# %%
kl, _ = trained("KL", SETTINGS["KL"][1])
kl_codes = predict(kl.encoder, x_test)
print(f"mean value of a unit: {kl_codes.mean():.4f} (target {SETTINGS['KL'][1]})")
counts = {f"above {level}": (kl_codes > level).sum(axis=1).mean() for level in (0, 0.001, 0.01, 0.1, 0.5)}
pd.Series(counts).to_frame("units on, mean per image").round(1)

# %% [markdown]
# "How many are on?" has whatever answer the threshold gives. The penalty pulls the *means* of the units towards their
# target; the reconstruction pulls the other way, and they settle somewhat above it. But a mean of 0.02 may be fully on
# for 2 % of the images or a little for all of them, and the penalty does not mind which.
#
# So ask for something that can be tested: *which values may be forgotten?* Pick a threshold, and replace each value up
# to it by a constant of its unit, the mean of such values. The decoder can know these 1,024 constants once and for all;
# they say nothing about the image. If the error stays, the values above the threshold carried all. Take the highest
# threshold for which the error on 1,000 validation images rises by at most 2 %, and call *active* what is above it. The
# same rule for all three methods: an L1 network may have values above zero that no reconstruction needs.


# %%
def forget(codes, threshold, levels=None):
    """Codes with every value up to the threshold replaced by its unit's constant, and these constants."""
    off = codes <= threshold
    if levels is None:
        levels = ((codes * off).sum(axis=0) / np.maximum(off.sum(axis=0), 1)).astype(codes.dtype)
    return np.where(off, levels, codes), levels


# %%
TOLERANCE = 0.02
chosen_on = x_validation[:1000]


def find_threshold(model, steps=12):
    """The highest threshold that costs at most `TOLERANCE`, by bisection, and each unit's constant below it."""
    codes = predict(model.encoder, chosen_on)
    values = np.sort(codes, axis=None)
    most = (1 + TOLERANCE) * mse(chosen_on, predict(model.decoder, codes))
    low, high = 0, values.size - 1  # how many values are forgotten
    for _ in range(steps):
        middle = (low + high) // 2
        kept, _ = forget(codes, values[middle])
        low, high = (middle, high) if mse(chosen_on, predict(model.decoder, kept)) <= most else (low, middle)
    threshold = max(values[low], 0)
    return threshold, forget(codes, threshold)[1]


# %%
threshold, levels = find_threshold(kl)
kl_active = (kl_codes > threshold).sum(axis=1).mean()
kept = forget(kl_codes, threshold, levels)[0]
by_codes = {"all values": kl_codes, "only those above the threshold": kept}
print(f"threshold {threshold:.3f}: {kl_active:.0f} active units per test image")
told = {name: mse(x_test, predict(kl.decoder, codes)) for name, codes in by_codes.items()}
pd.Series(told).to_frame("test MSE").round(4)

# %% [markdown]
# Hundreds of units are active, many more than are above 0.1, let alone 0.5. The network keeps its means low by values
# that are small but matter. On test images forgetting costs about as much as on the validation images by which the
# threshold was chosen.
#
# ## The frontier
#
# A method's *frontier* is the least error that it reaches for each number of active units. Measure all settings of all
# three methods, three seeds each. For each run: the values above 0, the active units by the rule above, the error *with
# the rest forgotten*, so that the error belongs to the units that are counted, and the units that are not active for
# any of the 10,000 test images.

# %%
thresholds, usage = {}, {}


def measure(method, setting, seed):
    model, _ = trained(method, setting, seed)
    threshold, levels = thresholds[method, setting, seed] = find_threshold(model)
    codes = predict(model.encoder, x_test)
    active = codes > threshold
    usage[method, setting, seed] = active.mean(axis=0)
    return {
        "above 0": (codes > 0).sum(axis=1).mean(),
        "active units": active.sum(axis=1).mean(),
        "test MSE": mse(x_test, predict(model.decoder, forget(codes, threshold, levels)[0])),
        "silent units": int((~active.any(axis=0)).sum()),
    }


# %% [markdown]
# > **Predict first.** Which of the three needs the fewest active units for the same error? Where will PCA lie, with as
# > many components as units are active? And a dense autoencoder with as many code units?

# %%
sparse = pd.concat(
    [sweep(measure, {"method": [method], "setting": settings}, seeds=SEEDS) for method, settings in SETTINGS.items()],
    ignore_index=True,
)
by_setting = sparse.groupby(["method", "setting"], sort=False)
means = by_setting.mean().drop(columns="seed")
table = means.assign(**{"std of MSE": by_setting["test MSE"].std()})
table.round({"above 0": 1, "active units": 1, "test MSE": 4, "silent units": 0, "std of MSE": 5})

# %% [markdown]
# The yardsticks are PCA, and the first model's shape with a linear code of as many units, 784-128-$k$-128-784. A sparse
# network has about seven times its weights, so an epoch of the dense one is cheaper and it gets more of them: its
# training takes a little more than half of the multiplications, but several times as many steps.

# %%
DENSE_SIZES, DENSE_EPOCHS = (32, 64), 4
ratio = free.count_params() / models.dense_autoencoder(64).count_params()
dense_networks = {size: models.dense_autoencoder(size, code_activation="linear") for size in DENSE_SIZES}


def train_dense(size, seed):
    model = dense_networks[size]
    model.set_weights(models.dense_autoencoder(size, code_activation="linear", seed=seed).get_weights())
    training.fit(model, x_train, epochs=DENSE_EPOCHS, batch_size=BATCH_SIZE, seed=seed, callbacks=[RATE])
    return {"active units": size, "test MSE": mse(x_test, predict(model, x_test))}


# %%
dense = sweep(train_dense, {"size": DENSE_SIZES}, seeds=SEEDS)
arithmetic = DENSE_EPOCHS / (ratio * EPOCHS)
print(f"parameters, sparse to dense: {ratio:.1f}; multiplications in training, dense to sparse: {arithmetic:.2f}")
dense.groupby("size")["test MSE"].agg(["mean", "std"]).round(5)

# %%
pca_errors = pd.Series({count: mse(x_test, pca_first(count)) for count in (8, 16, 32, 64, 128)}, name="test MSE")
everything = pd.concat(
    [
        sparse.assign(units=by_setting["active units"].transform("mean")),
        dense.assign(method="dense autoencoder", units=dense["active units"]),
        pca_errors.rename_axis("units").reset_index().assign(method="PCA", seed=SEED),
    ],
    ignore_index=True,
)
pca_errors.to_frame().rename_axis("PCA components").round(4)

# %% mystnb={"image": {"alt": "Error against active units, both axes logarithmic, all lines falling. Top-k is lowest of the sparse methods from 8 to 128 units, with one point of L1 with free atoms near its line. The line of L1 lies well above it, that of KL far to the right, beyond 100 units. PCA starts above top-k, crosses its line near 64 and ends below it. The dense autoencoder at 32 and 64 lies a little below top-k. Error bars are hardly visible."}}
plots.error_bars(
    everything,
    x="units",
    y="test MSE",
    group="method",
    title=f"Active units against error (mean ± standard deviation of {len(SEEDS)} seeds)",
    xlabel="active units, or numbers in the code",
    ylabel="mean squared error, test images",
    references={"mean image": errors["mean image"], "free code": errors["free code of 1,024 units"]},
    log_x=True,
    log_y=True,
    ticks=(8, 16, 32, 64, 128, 256),
)

# %% [markdown]
# Top-k has by far the best frontier of the three: with 32 units it rebuilds better than L1 with twice as many, and KL
# needs hundreds of units for the same error. The error bars hardly show. Much of L1's lag seems to be its price: the
# one point with free atoms, whose price was high at first and fell as they grew, lies close to the line of top-k.
# (Louder codes would make good a part of it only.) KL's lag is of another kind: a target for means asks nowhere that a
# *single code* be sparse.
#
# PCA crosses the line of top-k near 64. With fewer numbers top-k is ahead, with more PCA is. And the plain dense
# autoencoder, whose every number is used for every image, lies below the line of top-k, with fewer weights and less
# arithmetic. It has a second layer each way and took more steps; which of these helped, this comparison does not tell.
# But few active units do not by themselves make a good code. What sparsity buys has to be looked for elsewhere.
#
# Why is top-k ahead of PCA where units are few? With 8 numbers PCA uses the same 8 pictures for every image. Top-k
# picks 8 of 1,024 for each image: pictures that fit it.
#
# ## Which, and how much
#
# That choice is itself information. "32 active units" are not 32 numbers: you must also say which ones they are. There
# are $\binom{1024}{k}$ sets of $k$ units, so naming one, if every set is as likely as any other, takes
#
# $$ \log_2 \binom{1024}{k} \text{ bits}. \tag{9.7} $$

# %% tags=["nbval-check-output"]
VALUE_BITS = 8
naming = pd.DataFrame({"bits to name them": {k: math.log2(math.comb(UNITS, k)) for k in SETTINGS["top-k"]}})
naming["bits per active unit"] = naming["bits to name them"] / naming.index
naming["bits in all, values of 8"] = np.ceil(naming["bits to name them"]) + VALUE_BITS * naming.index
naming["PCA components for these bits"] = naming["bits in all, values of 8"] // VALUE_BITS
naming.rename_axis("k").round(1)

# %% [markdown]
# Each active unit costs several bits just to be named, as much as a coarse value. So compare at equal bits: top-k with
# values rounded to 8 bits, against PCA with so many components, rounded alike. And ask what the names say by
# themselves: replace every active value by its unit's mean value when active.
#
# > **Predict first.** Which of the two is ahead at equal bits, for which $k$? And how much worse is a code that keeps
# > only its names?


# %%
def rounded(codes, ranges):
    """Values rounded to 2**VALUE_BITS equal steps over each unit's range on validation images."""
    low, step = ranges.min(axis=0), np.ptp(ranges, axis=0).clip(1e-9) / (2**VALUE_BITS - 1)
    return low + step * np.round((codes - low) / step).clip(0, 2**VALUE_BITS - 1)


pca_rounded = rounded(pca_codes, pca.encode(x_validation[:2000]))


def pca_at_bits_of(k):
    count = int(naming.loc[k, "PCA components for these bits"])
    return mse(x_test, pca.decode(np.where(np.arange(256) < count, pca_rounded, 0)))


# %%
def at_equal_bits(k, seed):
    model, _ = trained("top-k", k, seed)
    codes, ranges = predict(model.encoder, x_test), predict(model.encoder, x_validation[:2000])
    usual = (ranges * (ranges > 0)).sum(axis=0) / np.maximum((ranges > 0).sum(axis=0), 1)
    by_code = {
        "top-k": codes,
        "top-k, values of 8 bits": np.where(codes > 0, rounded(codes, ranges), 0),
        "top-k, names only": np.where(codes > 0, usual, 0),
    }
    return {name: mse(x_test, predict(model.decoder, code)) for name, code in by_code.items()}


equal_bits = sweep(at_equal_bits, {"k": SETTINGS["top-k"]}, seeds=SEEDS).drop(columns="seed").groupby("k").mean()
equal_bits.insert(2, "PCA, as many bits", [pca_at_bits_of(k) for k in SETTINGS["top-k"]])
equal_bits.round(4)

# %% [markdown]
# Rounding costs next to nothing. At equal bits top-k is ahead for $k = 8$ only, and then PCA, by more and more: names
# are dear. They also say much. For $k = 8$ the names alone, half of the bits, are not much worse than names and values,
# and still better than PCA with all of these bits; for $k = 128$ the error nearly doubles without the values. "Few
# active units" is not "few bits". If sparse codes are worth having, it is for what single units mean rather than for
# storage.
#
# ## Units that are never on
#
# > **Predict first.** With $k = 8$, at most 80,000 of the 10,000 × 1,024 values on the test images are on. Will every
# > unit get its share? Which of the three methods wastes most units?

# %% mystnb={"image": {"alt": "Share of test images for which a unit is active, units sorted, logarithmic height. KL is nearly flat between a tenth and a half. L1 is flat near a twentieth and drops at the very end. The three lines of top-k fall steeply: those of k = 8 and k = 32 reach the bottom at about half of the units, that of k = 128 near the end."}}
shown = {f"{name} {SETTINGS[method][1]:g}": (method, SETTINGS[method][1], SEED) for method, name in SYMBOLS.items()}
shown |= {f"top-k, k = {k}": ("top-k", k, SEED) for k in SETTINGS["top-k"]}
plots.curves(
    {label: np.sort(usage[run])[::-1].clip(1e-4) for label, run in shown.items()},
    title="How often units are active (at the bottom: for none or one of 10,000 test images)",
    xlabel="rank of the unit",
    ylabel="share of test images",
    log_y=True,
)

# %% [markdown]
# With $k = 8$ and $k = 32$ about half of the units are silent: for none of 10,000 images are they active. A unit that
# is not among the largest gets no gradient, so it stays as it is while the chosen ones learn. With $k = 128$ few are
# silent, and with L1 hardly any. KL, which asks every unit to be on for its share, has none, and no favourites either.
# So (9.7) is an upper limit: silent units need no names, and common ones can get short ones.
#
# And the start? Train top-k with $k = 32$ once more, from Keras's random start: Glorot's weights in both layers, and
# only the decoder's bias from the mean image.

# %%
both_starts = sweep(measure, {"method": ["top-k, random start", "top-k"], "setting": [32]}, seeds=[SEED])
starts = both_starts.set_index("method")[["silent units", "test MSE"]]
both_starts[["method", "active units", "test MSE", "silent units"]].round(4)

# %% [markdown]
# From random atoms many more units are silent, and the error is much larger. Most random atoms are never among the 32
# largest, and those that are learn and win all the more. An atom that begins as an image is, at that moment, the best
# there is for one image at least: its own.
#
# A silent unit can return only if the others' values fall below its own; nothing makes that likely. So a good start
# matters, and there are other remedies. [Makhzani and Frey (2013)](references.md#makhzani-and-frey-2013) begin with a
# larger $k$ and lower it, which exercise 4 tries; [Gao et al. (2024)](references.md#gao-et-al-2024) let silent units
# rebuild what the others left over. A [dead](glossary.md#dead-unit) ReLU unit of an L1 network has it worse: its input
# is the pixels, which do not change, and no gradient reaches its own weights.
#
# ## What units respond to
#
# An atom is a picture: what the unit adds where it is on, red for whiter and blue for blacker. Every atom began as a
# digit, less the mean image. So do not be surprised by digits; look at what training made of them.
#
# > **Predict first.** Draw atoms of units that are in use, at random. Which method will have left the digits most
# > whole?

# %%
rng = np.random.default_rng(SEED)
LEAST = 0.002  # of the test images, that is 20: units that are on for fewer are not looked at


def some_units(run, count):
    """Units drawn from those that are active for enough test images."""
    return rng.choice(np.flatnonzero(usage[run] >= LEAST), count, replace=False)


def atoms_of(run, units):
    """The units' atoms, brought to length 1 where they have another (KL)."""
    atoms = trained(*run)[0].decoder.get_weights()[0][units]
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


# %% mystnb={"image": {"alt": "Six rows of 16 small pictures, red on pale blue. Nearly all can be read as a digit, with blue around and inside it. The rows of top-k have uneven strokes and a grainy ground, and a few pictures for k = 32 and k = 128 are no more than pieces of a digit. Those of L1 and KL are smooth, whole digits. The free code's have short, dark red pieces in their strokes."}}
shown_runs = list(shown.values())
drawn = [atoms_of(run, some_units(run, 16)) for run in shown_runs[2:] + shown_runs[:2]]
drawn.append(atoms_of(("free", None), rng.choice(UNITS, 16, replace=False)))
plots.weight_images(np.concatenate(drawn), title="Atoms: a row each for k = 8, k = 32, k = 128, L1, KL, free")

# %% [markdown]
# They are digits still, in every row, for all began as digits. L1 and KL keep them whole and smooth. Top-k has made
# their strokes uneven and added detail around them, and the free code has sharpened pieces of strokes.
#
# Count, so that the eye does not choose. How [*selective*](glossary.md#selectivity) is a unit? Of the test images that
# it is active for, take the share of their commonest digit. A unit that is on for few images has a high share by luck,
# so shuffle the labels for comparison. And how far did training carry an atom from the digit that it began as? Take the
# cosine between the two.


# %%
def selectivity(active, labels):
    """For each unit, the share of the commonest digit among the images it is active for."""
    digits = active.T.astype(np.float32) @ np.eye(10, dtype=np.float32)[labels]
    return digits.max(axis=1) / digits.sum(axis=1)


# %%
shuffled = rng.permutation(y_test)


def what_units_are(method, setting, seed):
    live = usage[method, setting, seed] >= LEAST
    model, _ = trained(method, setting, seed)
    atoms, began = (m.decoder.get_weights()[0][live] for m in (model, untrained(method, setting, seed)))
    active = predict(model.encoder, x_test)[:, live] > thresholds[method, setting, seed][0]
    return {
        "units looked at": int(live.sum()),
        "cosine with its start": np.median((atoms * began).sum(axis=1) / np.linalg.norm(atoms, axis=1)),
        "selectivity": selectivity(active, y_test).mean(),
        "labels shuffled": selectivity(active, shuffled).mean(),
    }


# %%
looked_at = pd.concat(
    [sweep(what_units_are, {"method": [name], "setting": values}, seeds=[SEED]) for name, values in SETTINGS.items()]
)
looked_at = looked_at.drop(columns="seed").set_index(["method", "setting"])
looked_at.round(2)

# %% [markdown]
# The cosines say why to be careful. Atoms still resemble the digits that they began as, for L1 and KL strongly. Those
# of top-k moved farthest, and farther the fewer are on. What you look at is one epoch of training upon a good start,
# and nothing here tells what atoms become in the long run.
#
# The fewer units are active, the more a unit keeps to one digit: for L1 and KL step by step; for top-k, $k = 8$ stands
# out. All are above the shuffled labels, most of them far. Even so, a unit of $k = 8$ is, on average over units, on for
# other digits in about a fifth of the cases.
#
# Last, the images that turn a unit on most. For six units of the top-k network with $k = 32$: the atom, then the nine
# test images with the largest values.

# %% mystnb={"image": {"alt": "Six rows, each an atom in grey and nine test digits. Three rows hold one digit only or nearly so: 8s, 5s with a long flat roof, 9s. In the others the digits differ but share a form: 2s and 3s, slanted 9s with a 4 and a 6, thick 6s and 4s that are open at the top."}}
run = ("top-k", 32, SEED)
model, _ = trained(*run)
codes = predict(model.encoder, x_test)
units = some_units(run, 6)
rows = {}
for unit, atom in zip(units, atoms_of(run, units), strict=True):
    grey = 0.5 + 0.5 * atom / np.abs(atom).max()  # middle grey for 0
    rows[f"unit {unit}"] = np.vstack([grey, x_test[np.argsort(codes[:, unit])[::-1][:9]]])
plots.image_rows(rows, title="Atoms, and the test images with the largest values (k = 32)")

# %% [markdown]
# The images in a row share the form of the atom: where it is white, they are. In some rows that makes them one digit in
# one way of writing; in others, several digits that have a part in common. A unit's name, if you give it one, should
# fit the images with *middling* values as well: exercise 2.
#
# And the other way round: how do atoms make a digit? Start from $\sigma(b)$ and add the active units of one image, the
# largest value first.

# %% mystnb={"image": {"alt": "Four digits, a 2, a 4, a 5 and an 8, each from the mean image, a grey blur, over its 1, 2, 4, 8, 16 and 32 largest units to the original. With one unit none can be read for sure, with 16 all can, with 32 strokes are crisp but for small faults."}}
STEPS = (0, 1, 2, 4, 8, 16, 32)
rows = {}
for digit in (2, 4, 5, 8):
    index = np.flatnonzero(y_test == digit)[0]
    partial = np.zeros((len(STEPS), UNITS))
    for row, count in zip(partial, STEPS, strict=True):
        largest = np.argsort(codes[index])[::-1][:count]
        row[largest] = codes[index, largest]
    rows[f"a {digit}"] = np.vstack([predict(model.decoder, partial), x_test[index]])
captions = {"a 8": [f"{count} largest" for count in STEPS] + ["original"]}
plots.image_rows(rows, title="A digit put together from its atoms (k = 32)", captions=captions)

# %% [markdown]
# For none of these four is the first atom the whole digit. It takes from four to sixteen to read them; the others
# sharpen the digit and clear the ground around it.
#
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | A code larger than the image | No bottleneck: on average more than half of the units are on for an image |
# | L1, KL, top-k | They fix the price of a value, the mean of a unit, the number of units; the rest follows |
# | Penalty and error | The loss is their sum; only the error without penalty compares networks |
# | Dodging | Free atoms grow, so that the penalty falls though the code says more; $\lambda$ loses its meaning |
# | Shrinkage | L1 codes rebuild better when made larger, top-k codes do not |
# | Active units | Those whose values cannot be forgotten, by one rule for all methods |
# | The frontier | Top-k before L1 before KL; PCA ahead from 64 on, a dense autoencoder already at 32 |
# | Which and how much | Naming 32 of 1,024 units takes about 6 bits for each; at equal bits PCA wins but for $k = 8$ |
# | Silent units | About half with $k = 8$ and 32, hardly any with L1, none with KL; more from a random start |
# | What units respond to | Forms; the fewer are active, the more a unit keeps to one digit |

# %% [markdown]
# ## Pitfalls
#
# - **Reporting the loss.** With a penalty in it, it is no error: it changes with $\lambda$.
# - **Free atoms under an L1 penalty.** $\lambda$ means something else after every epoch. Hold the atoms' lengths, or
#   penalise them too, and undo the shrinkage afterwards.
# - **Counting sigmoid units above 0.** All of them are. Say what threshold you used and what forgetting the rest costs.
# - **A penalty's weight taken from elsewhere.** It depends on whether the loss is a sum or a mean over pixels, and the
#   penalty a sum or a mean over units. Report active units instead.
# - **A random start.** Most units of a wide top-k code may never be on. Count them before you call a code overcomplete.
# - **Showing the prettiest atoms.** Draw them at random, say how many units are silent, and count.
# - **A sparse code taken for an explanation.** A unit that is on for 7s is on for other digits too. Count, and shuffle
#   the labels to see how much is luck.

# %% [markdown]
# ## Check your run
#
# The conclusions above, as checks.

# %%
weakest, strongest = (histories[f"λ = {weight:g}"] for weight in SETTINGS["L1"][::2])
free_atoms, unit_atoms = dodging.loc["atoms free"], dodging.loc["atoms of length 1"]
checks = {
    "free code: ahead of PCA with 64, most units on": errors.iloc[3] < errors.iloc[1] and free_active > UNITS / 2,
    "mine and aelib's layers agree": np.isclose(*penalties, rtol=1e-5) and same_top,
    "most of the loss's difference is no penalty": strongest["reconstruction"] - weakest["reconstruction"]
    > 0.5 * (strongest["loss"] - weakest["loss"]),
    "a larger weight costs error": strongest["test MSE"] > 2 * weakest["test MSE"],
    "free atoms: longer, values smaller": free_atoms.iloc[0] > 2 and free_atoms.iloc[1] < unit_atoms.iloc[1],
    "they say more": free_atoms["value times length"] > 2 * unit_atoms["value times length"],
    "for less penalty, with fewer units on, at less error": (free_atoms.iloc[3:] < unit_atoms.iloc[3:]).all(),
    "L1 codes are too low, more so for larger weights": 1 < best_factor.iloc[0] < best_factor.iloc[2],
    "top-k codes are not": best_factor.iloc[-1] <= 1.1,
    "the KL means settle above their target": 1 < kl_codes.mean() / SETTINGS["KL"][1] < 2,
    "all sigmoid units are above 0, hundreds active": (kl_codes > 0).mean() > 0.99 and 100 < kl_active < UNITS / 2,
    "a random start, more silent units, more error": (starts.iloc[0] > 1.3 * starts.iloc[1]).all(),
}

# %%
error, units, silent = (means[column] for column in ("test MSE", "active units", "silent units"))
topk, l1_middle = error["top-k"].to_numpy(), ("L1", SETTINGS["L1"][1])
checks |= {
    "larger weight, fewer units, more error": units["L1"].is_monotonic_decreasing
    and error["L1"].is_monotonic_increasing,
    "larger target, more units, less error": units["KL"].is_monotonic_increasing
    and error["KL"].is_monotonic_decreasing,
    "larger k, more units, less error": units["top-k"].is_monotonic_increasing
    and error["top-k"].is_monotonic_decreasing,
    "top-k before L1 with many more units": topk[1] < 0.9 * error[l1_middle] and units[l1_middle] > 48,
    "top-k before KL with hundreds of units": topk[1] < 1.15 * error["KL"].min() and units["KL"].max() > 200,
    "free atoms are between L1 and top-k": topk[2] < error["L1, free atoms"].iloc[0] < 0.8 * error[l1_middle],
    "PCA crosses top-k": (topk < pca_errors[[8, 32, 128]].to_numpy()).tolist() == [True, True, False],
    "the dense autoencoder is ahead": dense.loc[dense["size"] == 32, "test MSE"].mean() < topk[1],
    "top-k: many silent units for small k": silent["top-k"].iloc[:2].min() > 0.3 * UNITS > 2 * silent["top-k"].iloc[2],
    "L1 and KL: few or none": silent[["L1", "KL"]].max() < 0.05 * UNITS,
}

# %%
exact, coarse, as_pca, names_only = equal_bits.to_numpy().T
selective = looked_at["selectivity"]
checks |= {
    "rounding to 8 bits costs little": (coarse < 1.02 * exact).all(),
    "at equal bits top-k is ahead for k = 8 only": (coarse < as_pca).tolist() == [True, False, False],
    "names alone: good for k = 8": names_only[0] < min(as_pca[0], 1.2 * exact[0]),
    "bad for k = 128": names_only[2] > 1.6 * exact[2],
    "atoms are still like their start": looked_at["cosine with its start"].min() > 0.4,
    "fewer active, more selective": selective["L1"].is_monotonic_increasing and selective["KL"].is_monotonic_decreasing,
    "k = 8 stands out": selective["top-k"].iloc[0] > 0.1 + selective["top-k"].iloc[1:].max(),
    "selectivity is more than luck": (selective > looked_at["labels shuffled"] + 0.05).all(),
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Two networks are reported with a loss of 0.12 and of 0.14. The second has half the penalty weight of the first.
#    Which rebuilds better? What would you ask for?
#
#    <details><summary>Solution</summary>
#
#    It cannot be told: both parts of $R + P$ may differ. (One thing the numbers do tell: with half the penalty weight,
#    the first network would have a loss below 0.12. So, on the same images, the second is another model or not trained
#    to its end.) Ask for the reconstruction error without penalty on the same images, and for the number of active
#    units with the rule by which they were counted.
#
#    </details>
#
# 2. ★ For one unit of the top-k network, draw nine test images with values about its median *active* value, below the
#    nine with the largest. Do they still show what the atom shows? Is your name for the unit still right?
#
#    <details><summary>Solution</summary>
#
#    `order = np.argsort(codes[:, unit])[::-1]`, `on = (codes[:, unit] > 0).sum()`; the middle ones are
#    `order[on // 2 - 4 : on // 2 + 5]`. Images with the largest values are the extreme cases, and agree more than the
#    rest.
#
#    </details>
#
# 3. ★★ Undo the shrinkage of the L1 network with the largest weight: keep its encoder as it is, and train its decoder
#    for one more epoch without a penalty and with free atoms. How much of the error goes away? Compare with the best
#    single factor of the figure.
#
#    <details><summary>Solution</summary>
#
#    Build `models.sparse_autoencoder(UNITS, unit_atoms=False)`, which has no penalty. Give `encoder.get_layer("code")`
#    and `decoder` the trained weights, set `encoder.trainable = False` and call `training.fit` for one epoch, with the
#    chapter's `batch_size` and `callbacks=[RATE]`. The units above 0 are the same as before, so whatever is gained was
#    lost to low values, or to atoms that had not finished learning: train the top-k network's decoder in the same way
#    to tell the two apart.
#
#    </details>
#
# 4. ★★ Fewer silent units: train top-k in steps, with $k$ = 64, then 32, 16 and 8, a quarter of the images each. Give
#    each network the weights of the one before. Compare error and silent units with $k = 8$ from the start.
#
#    <details><summary>Solution</summary>
#
#    `for k, part in zip((64, 32, 16, 8), np.split(x_train, 4))`: a network `models.sparse_autoencoder(UNITS,
#    sparsity=code_layers.TopK(k))`, `set_weights` of the one before (of `untrained("top-k", 64, SEED)` for the first),
#    then `training.fit(network, part, epochs=1, batch_size=BATCH_SIZE, seed=SEED, callbacks=[RATE])`. The top-k layer
#    has no weights, so the lists fit. While $k$ is large, most units are on for something and learn an atom of their
#    own.
#
#    </details>
#
# 5. ★★★ There is no encoder in sparse coding: each image's code is found by minimising the error plus $\lambda \lVert z
#    \rVert_1$ for fixed atoms. For atoms of a trained L1 network and 100 test images, improve the encoder's codes by
#    200 steps of ISTA (iterative shrinkage-thresholding): a gradient step on $R$, then subtract $\lambda$ times the
#    step size from each value and cut at zero. How much do error and active units gain at the same penalty? What does
#    the gain say of the encoder?
#
#    <details><summary>Solution</summary>
#
#    For the cross-entropy, averaged over 784 pixels, the gradient in the logits is $(\hat x - x) / 784$, so the
#    gradient in the code is `(x_hat - x) / 784 @ atoms.T`. It changes by at most $\lVert W \rVert^2 / (4 \cdot 784)$
#    times the change of the code, where $\lVert W \rVert$ is the largest singular value of the matrix of atoms; take
#    one over that as the step. `z = np.maximum(z - step * (gradient + weight), 0)`. $R + P$ falls at every step. What
#    it falls by is what a single layer cannot compute, or has not learnt yet.
#
#    </details>

# %% [markdown]
# ## Further reading
#
# - [Olshausen and Field (1996)](references.md#olshausen-and-field-1996): sparse codes of natural images, whose atoms
#   resemble what cells of the visual cortex respond to.
# - [Ng (2011)](references.md#ng-2011): the lecture notes from which most tutorials on the KL penalty descend.
# - [Makhzani and Frey (2013)](references.md#makhzani-and-frey-2013): top-k, with atoms for several $k$ and accuracies
#   of classifiers on the codes.
# - [Gao et al. (2024)](references.md#gao-et-al-2024): top-k codes of millions of units, to find out what a language
#   model represents.

# %% [markdown]
# ## Next
#
# Sparsity keeps a code small without making it narrow. [Chapter 10](10_variational.ipynb) does something else to codes:
# it gives each image a whole distribution of them, so that new images can be drawn.
