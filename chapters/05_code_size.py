# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · How small can the code be?
#
# The first model turns an image's 784 numbers into 64. Nothing so far says that 64 is right. Here you train
# the same network with codes of 64, 32, 16, 8, 4 and 2 units, three times each, and measure what every halving costs,
# what goes first, and which part of the cost is the size's fault and which is the training's.

# %% [markdown]
# ## What you will learn
#
# - Run the same training over a grid of settings and several seeds, and report means with
#   [error bars](glossary.md#error-bar).
# - Draw and read a [rate–distortion curve](glossary.md#ratedistortion-curve), and say where returns diminish.
# - Compare an autoencoder with PCA at equal [code size](glossary.md#code-size), and judge whether the comparison is
#   fair.
# - Find [dead units](glossary.md#dead-unit), explain why they stay dead, and decide between ReLU and linear codes.
# - Hand a sweep to several processes, or to a cluster, without changing its result.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the model, and [chapter 2](02_mathematics.ipynb) for PCA and for the
#   floor of binary cross-entropy.
# - Means and standard deviations; that a sine wave has a frequency.
#
# Running time: about 3 minutes on two quick cores.

# %%
import functools
import os
import tempfile
import time
from pathlib import Path

from aelib import baselines, data, losses, metrics, models, plots, training
from aelib.experiments import sweep
from aelib.explorer import PathExplorer
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from joblib.externals.loky import get_reusable_executor
from sklearn.neighbors import KNeighborsClassifier

# %%
SEED = 0
SEEDS = (0, 1, 2)
SIZES = (64, 32, 16, 8, 4, 2)
EPOCHS = 5
BATCH_SIZE = 250

mnist = data.load_mnist()
x_train, x_test, y_test = mnist.x_train, mnist.x_test, mnist.y_test

# %% [markdown]
# All results are measured on the test images. That is allowed because they choose nothing here: every size is trained
# with the same settings, all sizes are reported, and where one run has to be picked, its training loss decides.
#
# ## Yardsticks first
#
# Three references need no network. The *mean image* is the [reconstruction](glossary.md#reconstruction) from no numbers
# at all. The [floor](glossary.md#floor) is the binary cross-entropy of a perfect reconstruction, which grey pixels keep
# above zero; it is needed only once the losses are compared. [PCA](glossary.md#pca) is the best linear code of each
# size; its reconstructions are clipped to the range of pixels, as in chapter 3.
#
# PCA's codes are *nested*: the best 2 numbers are the first 2 of the best 64. So one fit serves all sizes. Setting the
# other numbers to zero leaves them out.

# %%
pca = baselines.PCACodec(max(SIZES)).fit(x_train)
pca_codes = pca.encode(x_test)


def pca_rebuild(codes, latent_dim):
    return pca.decode(np.where(np.arange(max(SIZES)) < latent_dim, codes, 0))


def measure(x_hat):
    return {
        "mse": metrics.mean_squared_error(x_test, x_hat).mean(),
        "psnr": metrics.psnr(x_test, x_hat).mean(),
    }


# %%
mean_image = baselines.MeanImage().fit(x_train).reconstruct(x_test)
pca_rows = [{"latent_dim": size, **measure(pca_rebuild(pca_codes, size))} for size in SIZES]
yardsticks = pd.DataFrame([*pca_rows, {"latent_dim": 0, **measure(mean_image)}])
yardsticks.insert(0, "code", ["PCA"] * len(SIZES) + ["mean image"])
yardsticks.round(4)

# %% [markdown]
# `mse` is the [mean squared error](glossary.md#mean-squared-error) of a pixel, averaged over the 10,000 test images.
# `psnr` is the [PSNR](glossary.md#psnr) of each image, then averaged; more is better. A mean of logarithms is not the
# logarithm of the mean, so do not expect to get one column from the other.
# Two components take less than a fifth off the error of the mean image.
#
# ## One task, many runs
#
# A *sweep* calls one function, the *task*, at every point of a grid of settings and once for each seed. The task trains
# a model and returns what it measured; aelib's `sweep` puts these numbers into a table. The seed decides the initial
# weights and the order of the images, so the spread over seeds says how much of a difference is luck.
#
# Almost everything else is chapter 3's: 128 hidden units on either side, ReLU, sigmoid, binary cross-entropy, Adam, all
# 60,000 training images. Two things are changed, so that all runs fit into three minutes. The epochs are 5 in place of
# 20; you will check below what that costs. And a batch has 250 images, because 250 divides 60,000. With 256 the last
# batch of an epoch is smaller, and XLA, which compiles the training step for one shape, has to compile it twice: more
# than a second for every network.

# %%
saved = tempfile.TemporaryDirectory()


def run_file(latent_dim, code_activation, seed):
    return Path(saved.name) / f"{code_activation}_{latent_dim}_{seed}.keras"


def is_dead(encoder, x):
    """For each code unit, whether it is zero for every image."""
    return (predict(encoder, x) == 0).all(axis=0)


# %%
@functools.lru_cache(maxsize=1)
def network(latent_dim, code_activation):
    keras.backend.clear_session()
    return models.dense_autoencoder(latent_dim, code_activation=code_activation, seed=SEED)


def train_and_measure(latent_dim, code_activation, seed):
    model = network(latent_dim, code_activation)
    start = models.dense_autoencoder(latent_dim, code_activation=code_activation, seed=seed)
    model.set_weights(start.get_weights())
    history = training.fit(model, x_train, epochs=EPOCHS, batch_size=BATCH_SIZE, seed=seed)
    x_hat = predict(model, x_test)
    model.save(run_file(latent_dim, code_activation, seed))
    return {
        "training_loss": history.history["loss"][-1],
        **measure(x_hat),
        "bce": metrics.mean_binary_crossentropy(x_test, x_hat),
        "dead_units": int(is_dead(model.encoder, x_train).sum()),
    }


# %% [markdown]
# Three details matter in every sweep. The task returns numbers and writes the model to a file, rather than keeping
# models in a list: then it works just as well in another process. The runs of one size share a network, which `network`
# remembers: each seed sets its weights anew, and `fit`, which compiled it for the first seed, need not compile it for the
# others. And it remembers one network only. Keras keeps what belongs to a model until `clear_session`, so without that
# line memory grows with every size.
#
# > **Predict first.** From 64 units down to 2 you halve the code five times. Does each halving add about the same to
# > the error? Which will be the larger: the step from one size to the next, or the spread between seeds?

# %%
relu = sweep(train_and_measure, {"latent_dim": SIZES, "code_activation": ["relu"]}, seeds=SEEDS)
relu.drop(columns="code_activation").round(4)

# %% [markdown]
# One row is one run; `bce` and `dead_units` are for later. `training_loss` is averaged while the last epoch runs, so it
# may lie above `bce`, which is measured after it, and on the test images. Now the means, with one standard deviation
# over the three seeds as the error bar. PCA has none, for no seed enters it.

# %% mystnb={"image": {"alt": "Error against code size on a base-2 axis. The autoencoder's line lies below PCA's from 2 to 32 units and crosses it shortly before 64. Both rise towards small codes and stay below the dashed line of the mean image. Error bars differ in length from size to size."}}
both = pd.concat([relu.assign(code="autoencoder, ReLU code"), yardsticks[yardsticks["code"] == "PCA"]])
plots.error_bars(
    both,
    x="latent_dim",
    y="mse",
    group="code",
    title=f"Error against code size (mean ± standard deviation of {len(SEEDS)} seeds, {EPOCHS} epochs)",
    xlabel="code size (numbers per image)",
    ylabel="mean squared error, test images",
    references={"mean image": measure(mean_image)["mse"]},
    log_x=True,
)

# %%
by_size = relu.groupby("latent_dim", sort=False)["mse"]
compared = pd.DataFrame({"mean": by_size.mean(), "std": by_size.std()})
compared["step to next"] = np.diff([*compared["mean"], measure(mean_image)["mse"]])
compared["PCA"] = yardsticks.set_index("latent_dim")["mse"]
compared["mean / PCA"] = compared["mean"] / compared["PCA"]
compared.round(4)

# %% [markdown]
# - **Smaller is worse, at every step, but not by the same amount.** `step to next` is what the next halving adds (after
#   2 comes the mean image). The first halving adds least, and some later one several times as much.
# - **Most steps are larger than the luck**: more than twice the `std` in the same row. But where `std` comes close to
#   the step, one run of the three went wrong, and blurs the step before it as well. Find it in the table of runs, look
#   at its `dead_units`, and compare its error with the runs of half the size.
# - **On average the autoencoder beats PCA from 2 units to 32**, and in proportion (`mean / PCA`) by most from 8 to 32.
#   With 2 units neither has room for much. With 64, in this sweep, it does not win.
#
# The last point deserves suspicion. From 32 to 64 the autoencoder's error falls by less than a third, PCA's by about
# half. Before you blame the size, look at the training.

# %% [markdown]
# ## Were five epochs enough?
#
# > **Predict first.** In chapter 3 the model beat PCA after 20 epochs. Train this one for 20: by how much will its
# > error fall? Will more units be dead than after 5?
#
# On the way, count the dead units after every epoch, on the first 10,000 training images.

# %%
seed_model = models.dense_autoencoder(64, seed=SEED)
dead_by_epoch = []


def count_dead(epoch, logs=None):
    dead_by_epoch.append(int(is_dead(seed_model.encoder, x_train[:10_000]).sum()))


counter = keras.callbacks.LambdaCallback(on_epoch_end=count_dead)
history = training.fit(seed_model, x_train, epochs=20, batch_size=BATCH_SIZE, seed=SEED, callbacks=[counter])
epochs = pd.DataFrame({"training loss": history.history["loss"], "dead units": dead_by_epoch})
epochs.set_index(pd.RangeIndex(1, 21, name="epoch")).loc[[1, 2, 4, EPOCHS, 10, 20]].round(4)

# %%
short = relu[(relu["latent_dim"] == 64) & (relu["seed"] == SEED)].iloc[0]
long = measure(predict(seed_model, x_test))
pd.DataFrame(
    {"mse": [short["mse"], long["mse"], compared.loc[64, "PCA"]]},
    index=[f"autoencoder, {EPOCHS} epochs", "autoencoder, 20 epochs", "PCA"],
).round(4)

# %% [markdown]
# Given 20 epochs, the 64-unit model beats PCA clearly. This is one seed, but chapter 3's run, from another start, came
# to the same error. So the right end of the curve above shows unfinished training, not a limit of the code. Read every
# figure here as *what five epochs get*. What the other sizes would gain from 20, this run does not tell.
#
# > **Note.** Any sweep that gives every point the same budget has this bias. Say what the budget was, and check at
# > least one point with more.

# %% [markdown]
# ## Seeing it
#
# The same ten test digits at every size. Of the three runs at each size, take the one with the least *training* loss:
# the pictures should show the size, not an unlucky start. Go down a column and note where you would no longer bet on
# the digit.

# %%
first = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]

best = relu.loc[relu.groupby("latent_dim")["training_loss"].idxmin()].set_index("latent_dim")["seed"]
best_models = {size: keras.saving.load_model(run_file(size, "relu", best[size]), compile=False) for size in SIZES}

# %% mystnb={"image": {"alt": "Seven rows of the digits 0 to 9: originals, then autoencoder reconstructions from 64, 32, 16, 8, 4 and 2 units. Strokes grow softer down the rows; with 4 and 2 units several digits turn into blends of other digits."}}
rows = {"original": x_test[first], **{f"{size} units": predict(best_models[size], x_test[first]) for size in SIZES}}
plots.image_rows(rows, title="Autoencoder: the same digits from ever smaller codes")

# %% mystnb={"image": {"alt": "Seven rows of the digits 0 to 9: originals, then PCA reconstructions from 64, 32, 16, 8, 4 and 2 components. Grey clouds around the strokes appear early; from 8 components down more and more digits dissolve into grey shapes."}}
rows = {"original": x_test[first]}
rows |= {f"PCA, {size}": pca_rebuild(pca_codes, size)[first] for size in SIZES}
plots.image_rows(rows, title="PCA: the same digits from ever fewer components")

# %% [markdown]
# The two fail differently. PCA adds up a few fixed pictures; with few of them it leaves a grey cloud in which the digit
# gets lost. The autoencoder keeps closer to things that look like digits. As its code shrinks it first loses the
# writer's hand, then gives a soft average of the digit, then a blend of several digits, or a clean picture of another
# one. Look for one of those: a reconstruction that looks right need not be.
#
# A decoder takes any code, also one that belongs to no image. Mix the codes of two of these digits, and let the 16-unit
# decoder, which runs in the page, draw what lies between them. Beside it stands the cross-fade, the same mixture of the
# pixels.
#
# > **Predict first.** Half-way, the cross-fade shows both digits at once. Will the decoder show both, one of them, or
# > something else? Does your answer hold for every pair?

# %%
model = best_models[16]
PathExplorer(model.decoder, predict(model.encoder, x_test[first]), x_test[first], title="Between two codes of 16 units")

# %% [markdown]
# [Chapter 6](06_latent_plane.ipynb) follows such paths where you can see them as lines, and measures what lies on them.

# %% [markdown]
# ## Rate and distortion
#
# How much you send is the *rate*, how much you lose the *distortion*, and the curve of one against the other says what
# each further number buys. Here the rate is counted in numbers per image; true compression counts bits, for a number
# can be stored more or less finely. Distortion is told by PSNR, which grows as distortion shrinks, so this curve rises.
#
# > **Predict first.** Doubling the code adds some decibels. Is that gain larger from 2 to 4 numbers, or from 16 to 32?
# > And the gain for each *single* number added?

# %% mystnb={"image": {"alt": "PSNR against code size on a base-2 axis. The autoencoder's curve lies above PCA's up to 32 numbers, and PCA's steepens to the right until it crosses the other shortly before 64. Both start not far above the dashed line of the mean image."}}
plots.error_bars(
    both,
    x="latent_dim",
    y="psnr",
    group="code",
    title="Rate–distortion curve: what each doubling of the code buys",
    xlabel="rate (numbers per image)",
    ylabel="PSNR in dB, test images (more is better)",
    references={"mean image": measure(mean_image)["psnr"]},
    log_x=True,
)

# %%
psnr = pd.DataFrame(
    {
        "autoencoder": relu.groupby("latent_dim")["psnr"].mean(),
        "PCA": yardsticks[yardsticks["code"] == "PCA"].set_index("latent_dim")["psnr"].sort_index(),
    }
)
doubling = psnr.diff().dropna()
doubling.index = [f"{size // 2} → {size}" for size in doubling.index]
numbers_added = np.array(sorted(SIZES))[:-1]
per_number = doubling.div(numbers_added, axis=0)
pd.concat({"dB": doubling, "dB per number added": per_number}, axis=1).round(3)

# %% [markdown]
# The answer depends on how you count. Per doubling, PCA's returns *grow* all the way, and the autoencoder's are larger
# from 16 to 32 than from 2 to 4. (Its last doubling suffers from the unfinished training.) Per number, returns
# diminish: a number added to a code of 2 buys several times what one added to a code of 32 buys. On an axis with equal
# steps for equal numbers, both curves would rise steeply and then flatten; the base-2 axis shows the same data as a
# climb.
#
# Binary cross-entropy, which the models were trained on, has references of its own.

# %%
bce = relu.groupby("latent_dim", sort=False)["bce"].mean()
floor = losses.pixel_entropy(x_test).mean() / 784
mean_bce = metrics.mean_binary_crossentropy(x_test, mean_image)
loss_table = pd.DataFrame({"bce": bce, "above the floor": bce - floor})
loss_table["gap closed"] = (mean_bce - bce) / (mean_bce - floor)
print(f"floor {floor:.4f}, mean image {mean_bce:.4f}")
loss_table.round(4)

# %% [markdown]
# `gap closed` is the share of the way from the mean image to the floor. The loss of the 64-unit model is still about
# a third of the mean image's, which sounds like much to gain. But most of that is floor: more than four fifths
# of the way is done.

# %% [markdown]
# ## ReLU or linear, and units that die
#
# The first model's code layer is [ReLU](glossary.md#relu): $z = \max(0, a)$, where $a$ is the unit's weighted sum plus
# its bias. A unit whose $a$ is negative for *every* image gives zero for all of them. It carries nothing, and since the
# slope of ReLU is zero there, no gradient reaches its weights: it cannot pull itself back. Such a unit is *dead*. Only
# if the layer below shifts, for the other units' sake, may it be lifted over zero again.

# %%
relu.pivot(index="latent_dim", columns="seed", values="dead_units").loc[list(SIZES)]

# %% [markdown]
# A code of 8 with two dead units is a code of 6. Compare with the errors of the same runs: where seeds disagree most,
# the run with dead units is the bad one. At 64 units there are some to spare. A code of 4 that loses one has three left
# at best; here it does no better than two of the three codes of 2, so dead units are not the whole loss.
#
# The table of epochs above says when units died in one run of 64 units: by the end of the first epoch. Afterwards their
# number does not move.
#
# A linear code has no such trap: $z = a$ may take any sign, and the gradient always gets through the code. The decoder
# and everything else stay as they are.
#
# > **Predict first.** ReLU is what makes a network more than a matrix product. If you take it away from the code layer
# > alone, does the error rise or fall?
#
# Two of the sizes and two of the seeds again, so that each pair has the same initial weights and the same order of
# images. Only the code's activation differs.

# %%
linear = sweep(train_and_measure, {"latent_dim": [8, 2], "code_activation": ["linear"]}, seeds=SEEDS[:2])
pairs = relu.merge(linear, on=["latent_dim", "seed"], suffixes=(" ReLU", " linear")).set_index(["latent_dim", "seed"])
pairs[["mse ReLU", "mse linear", "dead_units ReLU", "dead_units linear"]].round(4)

# %% [markdown]
# It falls, in all four pairs. The hidden layers on both sides still bend, and that is enough. A ReLU on the code takes
# away half of every axis, and some axes altogether; the linear code loses none. Four pairs are few, but they agree: in
# a small code, use linear units. (What they gain in a large one, exercise 3 asks.)
#
# How bad can it get? With two units, the worst that can happen is that both die. Wait for an unlucky seed, or do it by
# hand: take a trained model, make both biases so negative that no image can lift a unit over zero, and train on.
#
# > **Predict first.** Will one more epoch of training bring the units back? What will the error be?

# %%
killed = keras.saving.load_model(run_file(2, "relu", SEED), compile=False)
code_layer = killed.encoder.get_layer("code")
weights, biases = code_layer.get_weights()
code_layer.set_weights([weights, biases - 1000])

encoder_before = [np.copy(values) for values in killed.encoder.get_weights()]
training.fit(killed, x_train, epochs=1, batch_size=BATCH_SIZE, seed=SEED)
unmoved = all(map(np.array_equal, encoder_before, killed.encoder.get_weights()))
killed_mse = measure(predict(killed, x_test))["mse"]
print(f"encoder unchanged by training: {unmoved}; dead units: {is_dead(killed.encoder, x_train).sum()} of 2")
print(f"mse {killed_mse:.4f}, mean image {measure(mean_image)['mse']:.4f}")

# %% [markdown]
# No, and the error is that of the mean image. The code is (0, 0) for every image: a *collapse*. The decoder sees a
# constant, and its best answer is the mean image. No gradient passes the code, neither to its own weights nor to the
# layer below, so there are no other units for whose sake that layer might shift: more training cannot mend it. Start
# again from another seed, or use a linear code.

# %% [markdown]
# ## What blurs first
#
# *Blur* can be measured. A Fourier transform splits an image into waves, from 0 cycles across the image (its
# brightness) through 2 or 3 (the rough shape) to 14 (pixel-fine detail). Compare the power of the error with the power
# of the images, frequency by frequency: 0 means that this detail is all there, 1 that it might as well be missing. The
# models are those of the pictures above, the best of three runs at each size.


# %%
def power_by_frequency(x):
    """Mean power of images at 0, 1, … 14 cycles across the image, all directions together."""
    power = np.mean(np.abs(np.fft.fft2(data.as_images(x)[..., 0])) ** 2, axis=0)
    cycles = np.fft.fftfreq(28, d=1 / 28)
    ring = np.rint(np.hypot(cycles[:, np.newaxis], cycles)).astype(int)
    return np.bincount(ring.ravel(), weights=power.ravel())[:15]


rebuilt = {size: predict(model, x_test) for size, model in best_models.items()}
image_power = power_by_frequency(x_test)
missing = {f"{size} units": power_by_frequency(rebuilt[size] - x_test) / image_power for size in SIZES}

# %% mystnb={"image": {"alt": "Share of power missing against spatial frequency, one line for each code size. All lines rise from near zero at low frequencies; the smaller the code, the earlier its line rises, and those of the smallest codes reach one."}}
plots.curves(
    missing,
    x=range(15),
    title="Fine detail goes first, and goes sooner from small codes",
    xlabel="spatial frequency (cycles across the image)",
    ylabel="power of the error / power of the images",
    references={"half": 0.5},
)

# %%
half_lost = {size: int(np.argmax(share > 0.5)) for size, share in zip(SIZES, missing.values(), strict=True)}
pd.DataFrame({"half of the power lost from (cycles)": half_lost}).rename_axis("code size")

# %% [markdown]
# Every size keeps low frequencies best, and the point where half of the power is gone moves down as the code shrinks.
# For scale: strokes 3 pixels wide with gaps as wide between them repeat every 6 pixels, which is 28 / 6, between 4 and
# 5 cycles. A code that has lost those frequencies cannot keep two such strokes apart: they melt into one.
#
# Which digits suffer? Errors are not comparable as they stand, since an 8 has more ink to get wrong than a 1. Divide
# each digit's error by the error of the mean image on the same digit.

# %% mystnb={"image": {"alt": "Heat map of ten digits by six code sizes, error as a share of the mean image's. Values grow from left to right in every row; the row of the 1 is darkest throughout, rows such as 5 and 8 are bright."}}
error = {size: metrics.mean_squared_error(x_test, rebuilt[size]) for size in SIZES}
by_digit = pd.DataFrame(error).groupby(y_test).mean()
by_digit = by_digit.div(pd.Series(metrics.mean_squared_error(x_test, mean_image)).groupby(y_test).mean(), axis=0)
plots.heatmap(
    by_digit,
    row_labels=range(10),
    column_labels=SIZES,
    title="What is left to explain, digit by digit",
    xlabel="code size",
    ylabel="digit",
    number_format="{:.2f}",
    colour_label="error / error of the mean image",
)

# %% [markdown]
# The 1 needs least: it is little more than a slant. The 5 and the 8 are among those that need most, and two numbers
# explain little more of them than the mean image does.
#
# Last: does the reconstruction still show the *same digit*? Ask a judge that has never seen a reconstruction: the five
# nearest neighbours among 5,000 training images vote on 2,000 test images. It misreads some originals too, so its score
# on those is the one to compare with.

# %%
judge = KNeighborsClassifier(n_neighbors=5).fit(x_train[:5_000], mnist.y_train[:5_000])
judged = slice(0, 2000)


def same_digit(x_hat):
    return (judge.predict(x_hat[judged]) == y_test[judged]).mean()


read = pd.DataFrame(
    {
        "autoencoder": [same_digit(rebuilt[size]) for size in SIZES],
        "PCA": [same_digit(pca_rebuild(pca_codes, size)) for size in SIZES],
    },
    index=pd.Index(SIZES, name="code size"),
)
print(f"originals: {same_digit(x_test):.3f}")
read.round(3)

# %% [markdown]
# Legibility holds out longer than sharpness. With 64 and 32 numbers the judge reads autoencoder and PCA nearly as well
# as the originals. At 8 the autoencoder's score is lower by an eighth of the images and PCA's by nearly a quarter;
# below that both fall fast. Which digits go?

# %% mystnb={"image": {"alt": "Confusion matrix of ten digits for reconstructions from 2 units, in percent of each true digit. 0 and 1 are mostly read as themselves; the 4 is mostly read as 9. Some columns are almost empty: hardly any image is read as that digit."}}
seen = judge.predict(rebuilt[2][judged])
confusion = pd.crosstab(y_test[judged], seen, normalize="index").reindex(columns=range(10), fill_value=0)
plots.heatmap(
    100 * confusion,
    row_labels=range(10),
    column_labels=range(10),
    title="Reconstructions from 2 units, as the judge reads them",
    xlabel="read as",
    ylabel="true digit",
    number_format="{:.0f}",
    colour_label="% of the true digit",
)

# %%
wrong = confusion.stack()
wrong = wrong[wrong.index.get_level_values(0) != wrong.index.get_level_values(1)].nlargest(6)
wrong.rename_axis(["true digit", "read as"]).rename("share of the true digit").round(3).to_frame()

# %% [markdown]
# In this run some digits swallow others: the 4 is read as a 9 far more often than the 9 as a 4. A plane has room for
# ten regions, but training never sees a label and has no reason to give each digit its own: where two look alike, one
# picture for both costs little error. [Chapter 6](06_latent_plane.ipynb) draws the plane, and asks what changes with
# the seed.

# %% [markdown]
# ## More cores, or a cluster
#
# The runs of a sweep do not need each other, so they can run at the same time. `sweep` takes an `executor`: any object
# with the interface of Python's `concurrent.futures.Executor`, whose `submit` accepts a function and runs it somewhere.
# Where, is the executor's business. The task and the table stay the same.
#
# To see it at work without a long wait, take a light task without a network: PCA on the 1,797 digits of 8 by 8 pixels
# from 0 to 16 that come with scikit-learn, fitted to 1,200 of them, drawn by the seed, and measured on the rest. A task
# for another process must bring everything it needs. This one imports its libraries and loads its data inside, so that
# nothing large is sent along and each process stays small.


# %%
def pca_error(latent_dim, seed):
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    images = load_digits().data / 16
    fitted, held_out = np.split(np.random.default_rng(seed).permutation(images), [1200])
    pca = PCA(latent_dim, svd_solver="full").fit(fitted)
    rebuilt = pca.inverse_transform(pca.transform(held_out))
    return {"mse": np.mean((rebuilt - held_out) ** 2)}


grid = {"latent_dim": [32, 8, 2]}
start = time.perf_counter()
one_by_one = sweep(pca_error, grid, seeds=(0, 1))
seconds = {"one after the other": time.perf_counter() - start}

# %% [markdown]
# Now the same with two processes. `loky`, which comes with scikit-learn's joblib, can run a function that was defined
# in a notebook; the standard library's `ProcessPoolExecutor` needs the task in a module of its own.

# %%
start = time.perf_counter()
with get_reusable_executor(max_workers=2) as executor:
    in_two_processes = sweep(pca_error, grid, seeds=(0, 1), executor=executor)
    workers = {executor.submit(os.getpid).result() for _ in range(20)}
seconds["two processes"] = time.perf_counter() - start

same = np.allclose(one_by_one, in_two_processes, rtol=1e-6)
elsewhere = os.getpid() not in workers
print(f"same table: {same}; run outside this process: {elsewhere}")
print(", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()))
in_two_processes.round(4)

# %% [markdown]
# The rows come back in the grid's order, whichever run finished first. Compare the two times: each process must first
# start and import its libraries, which can take longer than six runs as short as these. Processes pay when a run takes
# much longer than that, and when there are more cores than one run can use.
#
# On a cluster only the executor differs. These lines need packages that the course does not install:
#
# ```python
# # Dask: distributed over the machines that a scheduler knows
# from dask.distributed import Client
# table = sweep(task, grid, seeds=seeds, executor=Client("scheduler:8786").get_executor())
#
# # ipyparallel: the engines of a running cluster, for example under Slurm
# import ipyparallel
# table = sweep(task, grid, seeds=seeds, executor=ipyparallel.Client().executor())
# ```
#
# `train_and_measure` would need three changes to travel: load the images inside the task, save models in a folder that
# every machine sees, and build the network inside, since a function remembered by `lru_cache` does not leave its
# notebook. And aelib has to be installed there. Each process also imports TensorFlow and holds the images for itself,
# so memory decides how many fit on a laptop before cores do.

# %%
saved.cleanup()

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | Smaller codes | Error rises at every halving; most steps are more than twice the spread between seeds |
# | Against PCA | On average the autoencoder wins from 2 to 32 numbers in five epochs; at 64 it takes more, and 20 do |
# | Rate and distortion | A number added to a small code buys several times what one added to a large code buys |
# | Dead units | Where seeds disagree most, the worst run had lost units; if all die, the mean image is left |
# | Linear codes | No dead units, and less error than ReLU codes in each of four pairs of 8 and 2 units |
# | What goes first | Fine detail at every size; which digit it is, for an eighth of the images at 8 units, and fast below |
# | Executors | The same sweep on one core or many, with the same table |

# %% [markdown]
# ## Pitfalls
#
# - **One seed.** A size that happens to lose units looks worse than it is, and with one run you cannot tell.
# - **Equal epochs taken for equal training.** The largest code was cut short here; a curve that flattens may only be
#   unfinished.
# - **Code size taken for information.** A ReLU code of 64 with dead units is smaller than it says, and a number
#   stored in 32 bits need not carry 32 bits.
# - **Clean taken for right.** A small code may give a neat picture of another digit.
# - **A task that leans on the notebook.** In another process, changes to a list or dictionary of yours are lost, and
#   a large array that the task mentions is sent along. Return numbers, write files, load data inside.
# - **Models that pile up.** Memory that grows by the run: delete the model and clear the session.

# %% [markdown]
# ## Check your run
#
# The conclusions above, as checks.

# %%
ae_mse = relu.groupby("latent_dim")["mse"].mean()
pca_mse = compared["PCA"].sort_index()
lead, mean_image_mse = ae_mse / pca_mse, measure(mean_image)["mse"]
assert ae_mse.is_monotonic_decreasing, "error should fall with every doubling of the code"
assert ae_mse[2] < mean_image_mse, "even two units should beat the mean image"
assert (compared["step to next"] > 2 * compared["std"]).sum() >= 4, "most steps should be twice the spread of seeds"
assert (lead[[2, 4]] < 1).all() and (lead[[8, 16, 32]] < 0.87).all(), "from 2 to 32 the autoencoder should beat PCA"
halvings = compared["step to next"].iloc[:-1]
assert halvings.idxmin() == 64 and halvings.max() > 3 * halvings.min(), "the step from 64 to 32 should cost least"
assert ae_mse[64] > 2 / 3 * ae_mse[32], "from 32 to 64 units the error should fall by less than a third"
assert lead[64] > 1, f"after {EPOCHS} epochs the 64-unit models should not be ahead of PCA"
assert long["mse"] < 0.8 * pca_mse[64], "after 20 epochs one should be"
assert pca_mse[64] - long["mse"] > 3 * compared.loc[64, "std"], "and by more than luck"
assert doubling["PCA"].is_monotonic_increasing, "PCA's gain per doubling should grow"
assert doubling["autoencoder"]["16 → 32"] > doubling["autoencoder"]["2 → 4"], "16 → 32 should buy more than 2 → 4"
assert (per_number.iloc[0] > 3 * per_number.iloc[-1]).all(), "a number should buy much more in a small code"
assert bce[64] > mean_bce / 4 and floor > bce[64] / 2, "much of the loss should be floor"
assert loss_table.loc[64, "gap closed"] > 0.8, "64 units should close most of the gap to it"
assert 0.8 < pca_mse[2] / mean_image_mse < 1 and 0.45 < pca_mse[64] / pca_mse[32] < 0.55, "PCA should be as described"
print("All 15 checks passed.")

# %%
varied = relu[relu["latent_dim"] == (compared["std"] / compared["mean"]).idxmax()].sort_values("mse")
assert relu["dead_units"].sum() >= 3, "some ReLU code units should be dead"
assert varied["dead_units"].iloc[-1] > varied["dead_units"].iloc[0], "the bad run should be short of units"
assert abs(dead_by_epoch[-1] - dead_by_epoch[1]) <= 2, "units should die early"
assert linear["dead_units"].sum() == 0, "no linear code unit should be dead"
assert (pairs["mse linear"] < pairs["mse ReLU"]).all(), "linear codes should be better from the same start"
assert unmoved and is_dead(killed.encoder, x_train).all(), "a collapsed encoder should get no gradient"
assert 0.99 < killed_mse / mean_image_mse < 1.02, "a collapsed model should learn the mean image"
assert (np.diff(list(half_lost.values())) <= 0).all(), "smaller codes should lose detail sooner"
assert all(share[10] > 1.5 * share[2] for share in missing.values()), "fine detail should suffer more than coarse"
print("All 9 checks passed.")

# %%
legible = read["autoencoder"]
assert by_digit[2].idxmin() == 1, "two numbers should explain the 1 best"
assert {5, 8} <= set(by_digit[8].nlargest(5).index), "the 5 and the 8 should be among the hardest"
assert by_digit.loc[[5, 8], 2].min() > 0.7, "two numbers should explain little of them"
assert (read.loc[[64, 32]] > same_digit(x_test) - 0.08).all(axis=None), "large codes should read like the originals"
assert legible[8] > 0.7 and legible[8] > read["PCA"][8] + 0.05, "8 units should stay legible, 8 components less so"
assert legible[2] < legible[8] - 0.15, "2 units should not"
assert confusion.loc[4, 9] > 2 * confusion.loc[9, 4], "the 9 should swallow the 4"
assert same and elsewhere, "the executor should give the same table, from other processes"
print("All 8 checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Add a code of 1 unit to the sweep. Before you run it: can it beat PCA with 2 components?
# 2. ★ Plot `mse` against the *live* units, `latent_dim - dead_units`, for all ReLU runs. Do they lie closer to one
#    curve than against `latent_dim`?
# 3. ★★ Run the linear code at all six sizes with three seeds and add it to the first figure. Where does it gain most
#    over ReLU, in error and in spread?
# 4. ★★ Do thin strokes suffer first? Split the test images by their ink, the sum of the pixels, into quarters, and
#    compare each quarter's error with the mean image's on the same quarter, at 64 and at 8 units.
# 5. ★★ How often do units die by themselves? Train ReLU codes of 2 units from ten more seeds, for one epoch each, and
#    count dead units. Does any run lose both? Does Adam with a tenth of the learning rate keep them alive?
# 6. ★★★ Move `train_and_measure` into a module, load the data inside it, and run the sweep with two processes. Compare
#    time, memory and results with one process, and explain all three.

# %% [markdown]
# ## Further reading
#
# - [Hinton and Salakhutdinov (2006)](references.md#hinton-and-salakhutdinov-2006): codes of 30 and of 2 numbers beside
#   PCA, from deeper networks; the paper that made the comparison famous.
# - [Baldi and Hornik (1989)](references.md#baldi-and-hornik-1989): why no linear code can beat PCA.
# - [Goodfellow, Bengio and Courville (2016)](references.md#goodfellow-bengio-and-courville-2016), chapter 14: what
#   bottlenecks are for, and what they are not needed for.
# - [Lu et al. (2020)](references.md#lu-et-al-2020): why ReLU networks die, and how likely that is.
# - [Glorot and Bengio (2010)](references.md#glorot-and-bengio-2010): where the initial weights used here come from.

# %% [markdown]
# ## Next
#
# Two numbers are few, but they can be drawn. [Chapter 6](06_latent_plane.ipynb) plots codes of two units and decodes
# the plane they live in.
