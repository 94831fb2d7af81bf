# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · The dense autoencoder
#
# [Chapter 1](01_introduction.ipynb) said what an autoencoder is, [chapter 2](02_mathematics.ipynb) worked out its
# losses and gradients. Here you build the course's first real model in Keras, train it on all 60,000 digits, and ask
# one question of it from many sides: how well does a network rebuild a digit it has never seen from 64 numbers, and
# what has it learned besides?

# %% [markdown]
# ## What you will learn
#
# - Build an autoencoder in Keras as an encoder and a decoder that can be used apart, and count its parameters by hand.
# - Train it, and read a [learning curve](glossary.md#learning-curve) for signs of
#   [overfitting](glossary.md#overfitting).
# - Judge its reconstructions against three yardsticks: the floor, the mean image and PCA with the same number of
#   components.
# - Find where it fails: by digit, by image, and on inputs that are no digits.
# - Save the model, load it, and check that both give the same output.

# %% [markdown]
# ## What you need
#
# - [Chapter 1](01_introduction.ipynb) for the data, and from [chapter 2](02_mathematics.ipynb) binary cross-entropy,
#   its floor, PCA, Adam, ReLU and the sigmoid.
# - Python functions and array indexing; the chain rule is not needed again.
#
# Running time: about 45 seconds on two quick cores.

# %%
import tempfile
from pathlib import Path

from aelib import baselines, data, losses, metrics, models, plots, training

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import layers

SEED = 0

# %%
mnist = data.load_mnist()
x_train, x_test, y_test = mnist.x_train, mnist.x_test, mnist.y_test
# The first test image of each digit, 0 to 9: the examples in this chapter's figures.
first = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
examples = x_test[first]

# %% [markdown]
# ## The model
#
# The encoder takes the 784 pixels of an image through a hidden layer of 128 units to the [latent
# code](glossary.md#latent-code), 64 numbers. The decoder goes the same way back. All layers are *dense*: every unit
# sees every number of the layer before it. They use [ReLU](glossary.md#relu), $\max(0, s)$, except for the last, whose
# [sigmoid](glossary.md#sigmoid) keeps every pixel between 0 and 1.
#
# Each half is a `keras.Model` of its own. That costs two lines and lets you call either half later.

# %%
keras.utils.set_random_seed(SEED)

image = keras.Input(shape=(784,), name="image")
hidden = layers.Dense(128, activation="relu", name="encoder_hidden")(image)
code = layers.Dense(64, activation="relu", name="code")(hidden)
encoder = keras.Model(image, code, name="encoder")

code_input = keras.Input(shape=(64,), name="code_input")
hidden = layers.Dense(128, activation="relu", name="decoder_hidden")(code_input)
pixels = layers.Dense(784, activation="sigmoid", name="reconstruction")(hidden)
decoder = keras.Model(code_input, pixels, name="decoder")

autoencoder = keras.Model(image, decoder(encoder(image)), name="autoencoder")

# %% [markdown]
# `autoencoder` has no weights of its own. It is the two halves, one after the other: training it trains them.
#
# > **Predict first.** A dense layer from $n$ inputs to $m$ units has $nm$ weights and $m$ biases. The code is the
# > narrowest layer. Are more of the parameters next to the code, or next to the images?

# %% tags=["nbval-check-output"]
sizes = [784, 128, 64, 128, 784]
by_hand = [(n + 1) * m for n, m in zip(sizes, sizes[1:])]
by_keras = [layer.count_params() for half in (encoder, decoder) for layer in half.layers[1:]]
steps = [f"{n} → {m}" for n, m in zip(sizes, sizes[1:])]
counts = {"by hand": [*by_hand, sum(by_hand)], "by Keras": [*by_keras, autoencoder.count_params()]}
pd.DataFrame(counts, index=[*steps, "all"])

# %% [markdown]
# Next to the images, by far: the first and the last layer hold more than nine tenths of all parameters. The bottleneck
# is narrow in what it lets through, and cheap. Halving the code would hardly make the model smaller.

# %% [markdown]
# ## Training
#
# `compile` names the loss and the optimiser: binary cross-entropy and Adam, both from chapter 2. `fit` gets the images
# twice, as input and as target. It goes through all 60,000 twenty times (20 [epochs](glossary.md#epoch)), 256 images at
# a time, which makes 235 gradient steps an epoch.
#
# The last two arguments of `compile` change the speed, not the model. `jit_compile=True` lets the XLA compiler fuse a
# training step into a few operations, and `steps_per_execution=235` hands over a whole epoch at once rather than batch
# by batch. Without them you get the same loss and wait longer; [Running times](running_times.md) has the measurement.
#
# Two things are noted on the way: the first layer's weights before training, and the reconstructions after epochs 1, 2,
# 5 and 20.

# %%
first_weights_before = encoder.get_layer("encoder_hidden").get_weights()[0]
over_the_epochs = {}


def remember(epoch, logs=None):
    if epoch + 1 in (1, 2, 5, 20):
        over_the_epochs[f"epoch {epoch + 1}"] = keras.ops.convert_to_numpy(autoencoder(examples))


# %%
autoencoder.compile(optimizer="adam", loss="binary_crossentropy", jit_compile=True, steps_per_execution=235)
history = autoencoder.fit(
    x_train,
    x_train,
    epochs=20,
    batch_size=256,
    verbose=0,
    callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=remember)],
)
training_loss = pd.DataFrame({"training loss": history.history["loss"]}, index=pd.RangeIndex(1, 21, name="epoch"))
training_loss["fall since the epoch before"] = -training_loss["training loss"].diff()
training_loss.loc[[1, 2, 3, 5, 10, 15, 20]].round(4)

# %% [markdown]
# Most of the fall comes in the first two epochs. After that an epoch earns less and less. What does that look like in
# images?

# %% mystnb={"image": {"alt": "Ten test digits in the top row; below them their reconstructions after 1, 2, 5 and 20 epochs. After one epoch 0, 1, 4 and 7 are legible, while 5, 8 and 9 are blurred mixtures of several digits; after 20 epochs all are close to the originals, a little smoother."}}
plots.image_rows({"original": examples, **over_the_epochs}, title="The same ten test digits, rebuilt during training")

# %% [markdown]
# After one epoch plain digits are legible, and intricate ones come out as a blur between several digits: cover the top
# row and try to name them. One epoch later most have become themselves. What separates epoch 5 from epoch 20 is detail:
# the ends of strokes, and the black inside small loops. The loss still falls there, but your eye has little left to
# object to.

# %% [markdown]
# ## Does it overfit?
#
# A model [overfits](glossary.md#overfitting) when it gets better on the images it learns from while getting worse on
# others. To see it you need others, and the test images are for reporting only. So set 10,000 training images aside as
# [validation images](glossary.md#validation-images), train a second model of the same build on the remaining 50,000,
# and measure it on both after every epoch. `aelib` builds and trains this model with the same settings as above.
#
# > **Predict first.** The model has some 200,000 parameters for 50,000 images. After 20 epochs, is the validation loss
# > rising, level, or still falling?

# %%
split = mnist.validation_split(10_000, seed=SEED)
second = models.dense_autoencoder(latent_dim=64, hidden=(128,), seed=SEED)
curves = training.fit(
    second,
    split.x_train,
    epochs=20,
    batch_size=256,
    seed=SEED,
    validation_data=(split.x_validation, split.x_validation),
).history
# The perfect reconstruction is the image itself: its loss is the floor.
floor_50_000 = metrics.mean_binary_crossentropy(split.x_train, split.x_train)
floor_validation = metrics.mean_binary_crossentropy(split.x_validation, split.x_validation)

# %% mystnb={"image": {"alt": "Training and validation loss over 20 epochs. Both fall steeply at first and then ever more slowly. The validation loss starts clearly lower; later the two lines can hardly be told apart. Both are still falling at the end, above the horizontal line of the floor."}}
plots.curves(
    {"training": curves["loss"], "validation": curves["val_loss"]},
    title="Learning curves, 50,000 training and 10,000 validation images",
    xlabel="epoch",
    ylabel="binary cross-entropy (nats per pixel)",
    references={"floor of the validation images": floor_validation},
)

# %%
pd.DataFrame({"validation loss": curves["val_loss"]}, index=pd.RangeIndex(1, 21, name="epoch")).loc[15:].round(5).T

# %% [markdown]
# Still falling. The two curves end almost on each other, and at first the validation loss is even the *lower* one. That
# is no sign of a model that does better on images it does not know. Keras averages the training loss over an epoch
# *while the weights improve*, and measures the validation loss at the end of it. To compare like with like, measure
# both with the final weights:

# %%
after_training = metrics.mean_binary_crossentropy(
    split.x_train, second.predict(split.x_train, batch_size=1000, verbose=0)
)
by_set = pd.DataFrame(
    {
        "training, as reported in the last epoch": [curves["loss"][-1], floor_50_000],
        "training, final weights": [after_training, floor_50_000],
        "validation, final weights": [curves["val_loss"][-1], floor_validation],
    },
    index=["binary cross-entropy", "floor of these images"],
).T
by_set["distance from floor"] = by_set["binary cross-entropy"] - by_set["floor of these images"]
by_set.loc["gap between the last two"] = by_set.iloc[2] - by_set.iloc[1]
by_set.round(5)

# %% [markdown]
# The two sets of images have slightly different floors, so compare distances from the floor. There is a gap, and it is
# small beside what still separates the validation loss from its floor. A gap is not yet overfitting: that would be a
# validation loss that *rises*, and this one falls to the last epoch. It is the other way round: the model has not
# finished learning. Exercise 2 trains longer.

# %% [markdown]
# ## Against the yardsticks
#
# Back to the model trained on all 60,000 images, and now to the test images. Three yardsticks from the earlier chapters
# stand beside it:
#
# - the *floor*, the entropy of the grey test pixels: no reconstruction, not even the image itself, gets below it;
# - the *mean image*, which uses no code at all;
# - *PCA* with 64 components, the best linear code of the same size, clipped to the range of pixels.
#
# > **Predict first.** Of all linear codes of its size, PCA has the least squared error on the images it is fitted to.
# > The autoencoder was not trained on squared error at all. Which of the two has the smaller *squared* error on the
# > test images?

# %%
reconstruction = autoencoder.predict(x_test, batch_size=1000, verbose=0)
mean_image = baselines.MeanImage().fit(x_train)
pca = baselines.PCACodec(64).fit(x_train)
rebuilt = {
    "mean image": mean_image.reconstruct(x_test),
    "PCA, 64 components": pca.reconstruct(x_test),
    "autoencoder": reconstruction,
}

# %%
table = pd.DataFrame(
    {
        name: {
            "binary cross-entropy": metrics.mean_binary_crossentropy(x_test, x_hat),
            "MSE": metrics.mean_squared_error(x_test, x_hat).mean(),
            "PSNR (dB)": metrics.psnr(x_test, x_hat).mean(),
        }
        for name, x_hat in rebuilt.items()
    }
).T
floor = losses.pixel_entropy(x_test).mean() / 784
table.loc["floor"] = [floor, 0, np.inf]
table.round(4)

# %% [markdown]
# The autoencoder has the smaller error on both losses. Of linear codes PCA is the best; but the autoencoder's layers
# are not linear, and it has about four times as many parameters, 218,192 against $64 \cdot 784 + 784 = 50{,}960$. On
# this data that is worth more than PCA's being fitted to squared error. The last column is the
# [PSNR](glossary.md#psnr), $10 \log_{10}(1/\text{MSE})$ averaged over images: more is better, and 3 dB more is half the
# squared error.
#
# Do not read binary cross-entropy from zero. What any method can still gain is its distance from the floor:

# %%
bce = table["binary cross-entropy"]
way = (bce["mean image"] - bce) / (bce["mean image"] - bce["floor"])
pd.DataFrame({"above the floor": bce - bce["floor"], "share of the way from mean image to floor": way}).round(4)

# %% [markdown]
# The autoencoder goes about nine tenths of the way.
#
# Is binary cross-entropy fair to PCA? Squared error and cross-entropy disagree on what a bad pixel is. For squared
# error, 0.00 in place of a grey 0.10 is a trifle. By the formula of cross-entropy it would cost infinitely much;
# clipping at $10^{-7}$ makes it $0.10 \cdot 16.1 = 1.6$, where the right grey costs 0.33. A sigmoid approaches 0
# without reaching it. PCA, clipped to $[0, 1]$, does give exactly 0. How often where there is ink?

# %%
pca_is_0, inked = rebuilt["PCA, 64 components"] == 0, x_test > 0
pca_zeros = {"PCA gives 0": pca_is_0.mean(), "PCA gives 0 where there is ink": (pca_is_0 & inked).mean()}
pd.DataFrame({"share of all pixels": pca_zeros}).round(5)

# %% [markdown]
# Rarely: in fewer than one pixel of a thousand. But each such pixel costs dearly, so give PCA some help: keep its
# pixels a little away from 0 and 1, by whatever distance is best on the validation images. For this choice PCA is
# fitted on the other 50,000, as it must not have seen the images that decide.

# %%
margins = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
validation_pca = baselines.PCACodec(64).fit(split.x_train).reconstruct(split.x_validation)
validation_bce = [
    metrics.mean_binary_crossentropy(split.x_validation, validation_pca.clip(margin, 1 - margin)) for margin in margins
]
best_margin = margins[int(np.argmin(validation_bce))]
helped = metrics.mean_binary_crossentropy(x_test, rebuilt["PCA, 64 components"].clip(best_margin, 1 - best_margin))
comparison = {
    "best distance": best_margin,
    "PCA": bce["PCA, 64 components"],
    "PCA, helped": helped,
    "autoencoder": bce["autoencoder"],
}
pd.DataFrame({"value": comparison}).round(4)

# %% [markdown]
# It helps a little and changes nothing in the order. Which loss suits when is the subject of
# [chapter 2](02_mathematics.ipynb). The practical rule: compare two methods on more than one measure, and give each the
# cheap help that a measure asks for.

# %% mystnb={"image": {"alt": "Ten test digits and three reconstructions of each. The autoencoder's look like the originals, slightly smoother. PCA's are recognisable but blurred, with grey ripples around the strokes. The mean image is the same grey blob for every digit."}}
rows = {name: rebuilt[name][first] for name in ("autoencoder", "PCA, 64 components", "mean image")}
plots.image_rows({"original": examples, **rows}, title="Rebuilt from 64 numbers, and from none")

# %% [markdown]
# The eye agrees with the numbers. PCA adds and subtracts fixed pictures, and where they do not cancel they leave
# ripples on the background. The autoencoder's sigmoid turns every strongly negative sum into nearly 0, so its
# background stays black.

# %% [markdown]
# ## Error by digit
#
# > **Predict first.** Which digit is rebuilt with the least squared error, and which with the most? Think of how much
# > ink each digit takes.

# %%
errors = metrics.mean_squared_error(x_test, reconstruction)
by_digit = pd.DataFrame(
    {
        "digit": y_test,
        "mean pixel (ink)": x_test.mean(axis=1),
        "MSE, autoencoder": errors,
        "MSE, PCA": metrics.mean_squared_error(x_test, rebuilt["PCA, 64 components"]),
    }
)
by_digit = by_digit.groupby("digit").mean()
by_digit.round(4)

# %% mystnb={"image": {"alt": "Horizontal bars of the autoencoder's mean squared error for each digit, sorted by length. The bar of 1 is by far the shortest, followed by those of 7 and 9; those of 2 and 8 are the longest."}}
plots.bars(
    {str(digit): value for digit, value in by_digit["MSE, autoencoder"].sort_values().items()},
    title="Test error by digit, least first",
    xlabel="mean squared error",
    number_format="{:.4f}",
)

# %% [markdown]
# The 1 is easiest: little ink, and little choice in how to draw it. The 8 and the 2 are the hardest. So ink is not the
# whole story: a 0 takes more of it than any other digit, yet several digits are rebuilt worse. A likely reason, which
# nothing here tests: a 0 is one loop, while an 8 has a crossing and small holes, and a 2 may or may not have a loop at
# its foot. Such details have to be paid for out of the same 64 numbers. The autoencoder beats PCA on every digit.

# %% [markdown]
# ## Best and worst cases
#
# A mean over 10,000 images hides the single ones. Sort the test images by their error and look at both ends.

# %% mystnb={"image": {"alt": "Four rows of eight images. The eight best cases are all plain upright 1s, and their reconstructions can hardly be told from them. The eight worst cases are large, wide or oddly drawn digits; in their reconstructions strokes are broken, smeared or misplaced."}}
order = np.argsort(errors)
best, worst = order[:8], order[-8:][::-1]
plots.image_rows(
    {
        "best": x_test[best],
        "rebuilt": reconstruction[best],
        "worst": x_test[worst],
        "rebuilt ": reconstruction[worst],
    },
    title="Least and greatest squared error among the test images",
    captions={
        "rebuilt": [f"MSE {errors[index]:.4f}" for index in best],
        "rebuilt ": [f"MSE {errors[index]:.4f}" for index in worst],
    },
)

# %%
pictures = x_test.reshape(-1, 28, 28)
steps_down, steps_across = (np.abs(np.diff(pictures, axis=axis)).sum(axis=(1, 2)) for axis in (1, 2))
groups = {"100 best": order[:100], "all": order, "100 worst": order[-100:]}
ends = pd.DataFrame(
    {
        name: {
            "MSE": errors[chosen].mean(),
            "share of 1s": (y_test[chosen] == 1).mean(),
            "mean pixel (ink)": x_test[chosen].mean(),
            "edges": (steps_down + steps_across)[chosen].mean(),
        }
        for name, chosen in groups.items()
    }
).T
ends.round(4)

# %% [markdown]
# The last column adds up all steps from a pixel to its neighbours below and to the right, so it grows with the length
# of the edges. The eight best are plain 1s: little ink, little choice. The eight worst have a lot of line, and most are
# drawn unusually: wide loops, gaps, a 0 drawn twice; the 2 looks ordinary. The 100 worst have hardly more
# ink than the average image, but longer edges. So an error measures both how unusual an image is and how much there is
# to draw. [Anomaly detection](glossary.md#anomaly-detection), the subject of [chapter
# 11](11_anomaly_detection.ipynb), uses the first and has to reckon with the second.

# %% [markdown]
# ## What the first layer looks for
#
# Each unit of the first layer has 784 weights, one for each pixel, so its weights can be drawn as an image. Ink on red
# raises the unit's value, ink on blue lowers it. Here are the first 32 of the 128 units, picked by nothing but their
# number.

# %% mystnb={"image": {"alt": "32 small pictures of weights. Most are speckled in red and blue without any visible shape. Some hold one or two compact blue blotches, and a few are pale all over. None looks like a digit."}}
weights = encoder.get_layer("encoder_hidden").get_weights()[0]
plots.weight_images(weights.T[:32], title="Weights of 32 units of the first layer", columns=8)

# %% [markdown]
# Textbooks like to show units that look like strokes. Few of these do. Most are speckle: 128 units share the work, and
# nothing in the loss asks any one of them to mean something by itself. Some have a compact blue blotch and are lowered
# by ink in that place. And some are nearly blank.
#
# Is all of the speckle learned? Two things can keep a weight as it was. A pixel without ink in any training image sends
# nothing through its weights, and the gradient there is exactly zero. And a [dead unit](glossary.md#dead-unit), whose
# ReLU gives 0 for every image, passes no gradient to any of its weights. Count both.

# %%
never_inked = x_train.max(axis=0) == 0
changed = weights != first_weights_before
first_layer = keras.Model(encoder.input, encoder.get_layer("encoder_hidden").output)
activity = first_layer.predict(x_test, batch_size=1000, verbose=0)
silent = activity.max(axis=0) == 0
dead_hidden = int(silent.sum())
size_before, size_after = (np.abs(values).mean(axis=0) for values in (first_weights_before, weights))
pd.Series(
    {
        "pixels without ink in all of training": never_inked.sum(),
        "of their weights, changed by training": changed[never_inked].sum(),
        "units without any weight changed": (~changed.any(axis=0)).sum(),
        "units that are 0 on every test image": dead_hidden,
        "of these, among the 32 drawn (counted from 0)": np.flatnonzero(silent[:32]).tolist(),
        "mean size of a weight, before training": f"{size_before.mean():.3f}",
        "after, units that are 0 on every test image": f"{size_after[silent].mean():.3f}",
        "after, other units": f"{size_after[~silent].mean():.3f}",
    },
    dtype=object,
).to_frame("value")

# %% [markdown]
# The weights of pixels without ink are the random numbers they started as: along the edges and in the corners of every
# picture you are looking at the initialisation. The nearly blank pictures belong to the dead units. They contribute
# nothing to any test image. They were not dead from the start, or none of their weights would have changed. But their
# weights are hardly larger than before training, while those of the other units have grown, which suggests that they
# died early. A unit that is 0 on every training image as well gets no gradient, and cannot recover.

# %% [markdown]
# ## Inputs that are no digits
#
# The model maps *any* 784 numbers to a reconstruction. What does it make of inputs it was not trained for? Take digits
# moved to the right, digits with black and white exchanged, articles of clothing from
# [Fashion-MNIST](references.md#xiao-rasul-and-vollgraf-2017), pure noise, and an empty image.
#
# > **Predict first.** Which of these has the least error? Is any of them rebuilt better than the digits themselves?


# %%
def moved(x, columns):
    """Move each image to the right; what leaves it is lost."""
    images = np.zeros((len(x), 28, 28), dtype=np.float32)
    images[:, :, columns:] = x.reshape(-1, 28, 28)[:, :, :-columns]
    return data.as_vectors(images)


digits = x_test[:1000]
inputs = {
    "digits": digits,
    "moved by 2": moved(digits, 2),
    "moved by 4": moved(digits, 4),
    "moved by 8": moved(digits, 8),
    "inverted": 1 - digits,
    "clothes": data.load_fashion_mnist().x_test[:1000],
    "noise": np.random.default_rng(SEED).random((1000, 784), dtype=np.float32),
    "empty": np.zeros((1000, 784), dtype=np.float32),
}

# %%
outputs = {
    "autoencoder": {name: autoencoder.predict(x, batch_size=1000, verbose=0) for name, x in inputs.items()},
    "PCA": {name: pca.reconstruct(x) for name, x in inputs.items()},
    "mean image": {name: mean_image.reconstruct(x) for name, x in inputs.items()},
}
strangers = pd.DataFrame(
    {
        method: {name: metrics.mean_squared_error(x, rebuilds[name]).mean() for name, x in inputs.items()}
        for method, rebuilds in outputs.items()
    }
)
strangers.round(5)

# %% mystnb={"image": {"alt": "Eight inputs and their reconstructions by the autoencoder and by PCA. The digit and the digit moved by two pixels come back well; moved by eight it falls apart. The inverted digit, the garment and the noise turn into scraps of strokes; PCA keeps at least the garment's outline. The empty image comes back empty."}}
plots.image_rows(
    {
        "input": np.stack([x[1] for x in inputs.values()]),
        "autoencoder": np.stack([x_hat[1] for x_hat in outputs["autoencoder"].values()]),
        "PCA": np.stack([x_hat[1] for x_hat in outputs["PCA"].values()]),
    },
    title="Inputs the model was not trained for",
    captions={"input": list(inputs)},
)

# %% [markdown]
# *digits* are the first 1,000 test images, so that row differs from the table of all 10,000. Read from the bottom.
#
# - The empty image is rebuilt almost perfectly, although training held none. Black is what most pixels of every digit
#   are, and the decoder gives it for nothing. **A small error does not mean that an image is familiar.**
# - On noise the autoencoder does worse than the mean image. It draws scraps of strokes on black, where an even grey
#   would have been safer.
# - Clothes come back as scribbles, and here PCA wins clearly, as it does on noise and on inverted digits. On the last
#   the autoencoder is about as bad as the mean image. PCA's 64 directions also serve, poorly, for images that are no
#   digits. What the autoencoder gained on digits, it gained by specialising.
# - Two pixels to the right cost more than half as much error again. Four multiply it by more than four, and PCA has
#   caught up. Eight make the digit a stranger, and PCA is ahead. A dense layer knows no neighbourhoods: a moved image
#   is, to it, other inputs to other weights.

# %% [markdown]
# ## Using the halves apart
#
# The encoder alone turns images into codes, the decoder alone turns codes into images.

# %%
codes = encoder.predict(x_test, batch_size=1000, verbose=0)
decoded = decoder.predict(codes, batch_size=1000, verbose=0)
share_on = (codes > 0).mean(axis=0)
dead_code = int((share_on == 0).sum())
pd.Series(
    {
        "shape of the codes": codes.shape,
        "decoder after encoder = autoencoder": np.allclose(decoded, reconstruction, atol=1e-5),
        "code units that are 0 on every test image": dead_code,
        "code units that are above 0 on more than 99 %": int((share_on > 0.99).sum()),
    }
).to_frame("value")

# %% mystnb={"image": {"alt": "A grid of ten rows, one for each digit, and 64 columns, one for each code unit, coloured by value. A few columns are dark from top to bottom; nearly all others are above zero for nearly every digit, with values that differ from row to row."}}
fig, ax = plt.subplots(figsize=(plots.WIDTH, 2.6), dpi=plots.DPI, layout="constrained")
plt.close(fig)
drawn = ax.imshow(codes[first], cmap="viridis", aspect="auto")
fig.colorbar(drawn, label="value of the unit")
ax.set(title="The codes of ten test digits", xlabel="code unit", ylabel="digit", yticks=range(10))
fig

# %% [markdown]
# Two things are to be seen. A few code units are dead, so the model works with fewer numbers than it was given. (A dark
# column with a lighter cell in it is not quite dead.) And nearly all others are on for almost every image: the ReLU at
# the code, which could switch units off for some, hardly ever does. So the code is dense in a second sense too: not
# *sparse*, which would mean that few units are on at a time. [Chapter 5](05_code_size.ipynb) compares ReLU codes with
# linear ones, and [chapter 9](09_sparse.ipynb) trains [sparse codes](glossary.md#sparse-code).
#
# Now do the same thing to images and to codes. Average two digits: once their pixels, once their codes.
#
# > **Predict first.** The average of two images shows both, one through the other. What will the decoder make of the
# > average of two codes?

# %% mystnb={"image": {"alt": "Nine pairs of digits, 0 and 1, 1 and 2, and so on. The average of the pixels shows both digits in grey, one through the other. The decoded average of the codes is mostly black and white: 7 and 8 give a clean 7, 2 and 3 pass for a 2, others are scraps of strokes, and none is a convincing mixture."}}
left, right = examples[:-1], examples[1:]
code_average = (codes[first[:-1]] + codes[first[1:]]) / 2
plots.image_rows(
    {
        "one": left,
        "other": right,
        "pixels averaged": (left + right) / 2,
        "codes averaged": decoder.predict(code_average, verbose=0),
    },
    title="Averaging two digits: their pixels, and their codes",
)

# %%
pairs = np.random.default_rng(SEED).permutation(len(x_test))[:2000].reshape(2, 1000)
middle = {
    "test images": x_test[pairs[0]],
    "pixels averaged": x_test[pairs].mean(axis=0),
    "codes averaged": decoder.predict(codes[pairs].mean(axis=0), batch_size=1000, verbose=0),
}
blends = pd.DataFrame(
    {
        "pixels between 0.25 and 0.75": {name: ((x > 0.25) & (x < 0.75)).mean() for name, x in middle.items()},
        "mean pixel (ink)": {name: x.mean() for name, x in middle.items()},
    }
)
blends.round(3)

# %% [markdown]
# Averaged pixels are grey wherever the two digits disagree. Averaged codes decode to something far less grey, with on
# average less ink than the images. The decoder draws strokes mostly where the two digits agree, and leaves out much of
# the rest. In the figure some results pass for one of the two digits, 7 and 8 for a clean 7; others, such as 0 and 1 or
# 8 and 9, are scraps. None is a convincing mixture.
# Training asked only that the codes of images be decodable. It never asked that the points between them mean anything.
# [Chapter 6](06_latent_plane.ipynb) follows such paths point by point, and [chapter 10](10_variational.ipynb), on
# variational autoencoders, changes the training so that the points between do mean something.

# %% [markdown]
# ## Saving and loading
#
# One file holds the layers, the weights and the state of the optimiser. Here it goes to a folder that is deleted at
# once; give a path of your own to keep it.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "autoencoder.keras"
    autoencoder.save(path)
    file_size = path.stat().st_size
    loaded = keras.saving.load_model(path)

loaded_reconstruction = loaded.predict(x_test, batch_size=1000, verbose=0)
difference = float(np.abs(loaded_reconstruction - reconstruction).max())
weight_bytes = 4 * autoencoder.count_params()
print(f"largest difference between the two reconstructions: {difference:.1e}")
print(f"file size over size of the weights: {file_size / weight_bytes:.1f}")
print(f"the halves are there too: {[layer.name for layer in loaded.layers[1:]]}")

# %% [markdown]
# The loaded model gives the same output, and `loaded.get_layer("decoder")` is the decoder. The file is about three
# times as large as the weights, since Adam keeps two running means for every weight, so that training could go on where
# it stopped.

# %% [markdown]
# ## Summary
#
# | idea | what you saw |
# | --- | --- |
# | Two halves, one model | The encoder and the decoder are Keras models of their own, trained together, used apart, saved in one file |
# | Parameters | More than nine tenths sit next to the images; the two layers at the code hold less than a tenth |
# | Learning curves | Training and validation lie together, and the validation loss falls to the last epoch: no overfitting yet, and unfinished learning |
# | Yardsticks | About nine tenths of the way from the mean image to the floor; ahead of PCA with 64 components on both losses |
# | Error by digit | 1 is easiest, 8 and 2 are hardest; 0, which has most ink, is in between |
# | Best and worst | Plain 1s, and digits with much line: an error measures what is unusual and what there is to draw |
# | First layer | Speckle rather than strokes, the untouched initialisation where there is never ink; the blank pictures are dead units |
# | Other inputs | Clothes, noise and inverted digits fail, a moved digit soon does; the empty image is rebuilt best of all |
# | Codes | Nearly all living units are on for almost every image; averaged codes decode to one of the digits or to scraps, not to a convincing mixture |

# %% [markdown]
# ## Pitfalls
#
# - **Pixels from 0 to 255.** Forget the division and the loss turns large and negative, for binary cross-entropy wants
#   targets in $[0, 1]$. It goes on falling all the same, so the curve looks like progress.
# - **No activation at the output.** A linear output with binary cross-entropy gives values outside $[0, 1]$; Keras
#   clips them before the logarithm, and where it clips, the gradient is zero.
# - **Reading the loss from zero.** The floor is well above it. What counts is the distance from the floor: the same
#   fall is a small part of that distance at the start of training, and a large part of it near the end.
# - **Comparing Keras's training loss with its validation loss.** The first is an average over an epoch of improving
#   weights, the second a measurement at its end. A validation loss below the training loss is mostly this.
# - **Validating on test images.** Whoever stops training where the test loss is least has chosen on the test images and
#   has nothing left to report.
# - **Taking a small error for familiarity.** The empty image has a smaller error than any test digit.

# %% [markdown]
# ## Check your run
#
# Each line tests one conclusion of this chapter against numbers, with room for another machine or another seed.

# %%
mse, earned = table["MSE"], training_loss["fall since the epoch before"]
gap_from_floor, distance = by_set["distance from floor"].iloc[[3, 2]]
checks = {
    "parameters by hand and by Keras agree": by_hand == by_keras,
    "over nine tenths of them sit next to the images": by_hand[0] + by_hand[3] > 0.9 * sum(by_hand),
    "most of the fall comes in two epochs": bce["mean image"] - training_loss.iloc[1, 0] > earned.loc[3:].sum(),
    "after that an epoch earns less and less": earned[[2, 3, 5, 10, 15]].is_monotonic_decreasing,
    "test binary cross-entropy at most 0.078": bce["floor"] < bce["autoencoder"] <= 0.078,
    "about nine tenths of the way to the floor": 0.87 < way["autoencoder"] < 0.95,
    "PCA has the greater cross-entropy, helped or not": bce["autoencoder"] < helped <= bce["PCA, 64 components"],
    "PCA has the greater squared error": mse["autoencoder"] < 0.85 * mse["PCA, 64 components"],
    "PCA is 0 on ink in some pixels, under one in a thousand": 0 < pca_zeros["PCA gives 0 where there is ink"] < 1e-3,
    "the validation loss starts below the reported training loss": curves["val_loss"][0] < curves["loss"][0],
    "the validation loss falls to the last epoch": curves["val_loss"][-1] == min(curves["val_loss"]),
    "training ends above the loss of the final weights": curves["loss"][-1] > after_training,
    "there is a gap, small beside the distance from the floor": 0 < gap_from_floor < 0.1 * distance,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %%
of_digit, ink, best_100 = by_digit["MSE, autoencoder"], by_digit["mean pixel (ink)"], y_test[order[:100]]
dead_size, other_size = size_after[silent].mean(), size_after[~silent].mean()
checks = {
    "1 is the easiest digit, under half the mean": of_digit.idxmin() == 1 and of_digit[1] < 0.5 * of_digit.mean(),
    "8 and 2 are the hardest": set(of_digit.nlargest(2).index) == {2, 8},
    "0 has most ink, yet several are harder": ink.idxmax() == 0 and (of_digit > of_digit[0]).sum() >= 3,
    "PCA is behind on every digit": (of_digit < by_digit["MSE, PCA"]).all(),
    "the best cases are 1s": (best_100 == 1).mean() > 0.9 and (best_100[:8] == 1).all(),
    "the best have little ink": ends.loc["100 best", "mean pixel (ink)"] < 0.7 * ends.loc["all", "mean pixel (ink)"],
    "the worst have hardly more ink": ends.loc["100 worst", "mean pixel (ink)"] < 1.15 * x_test.mean(),
    "no unit was dead from the start": changed.any(axis=0).all(),
    "the worst have much line": ends.loc["100 worst", "edges"] > 1.1 * ends.loc["all", "edges"],
    "weights of pixels without ink did not change": never_inked.any() and not changed[never_inked].any(),
    "weights grew, but not those of dead units": dead_size < 1.2 * size_before.mean() < 0.8 * other_size,
    "some first-layer and some code units are dead": 0 < dead_hidden < 64 and 0 < dead_code < 16,
    "nearly all code units are always on": (share_on > 0.99).sum() > 48,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %%
auto, linear, strange = strangers["autoencoder"], strangers["PCA"], ["clothes", "noise", "inverted"]
grey, amount = blends["pixels between 0.25 and 0.75"], blends["mean pixel (ink)"]
checks = {
    "empty: less error than any test digit": auto.idxmin() == "empty" and auto["empty"] < errors.min(),
    "noise: worse than the mean image": auto["noise"] > strangers["mean image"]["noise"],
    "clothes, noise, inverted: PCA is ahead": (linear < auto)[strange].all(),
    "inverted: about as bad as the mean image": 0.8 < auto["inverted"] / strangers["mean image"]["inverted"] < 1.25,
    "moved by 2: over half as much error again": 1.5 < auto["moved by 2"] / auto["digits"] < 2,
    "moved by 4, 8: over 4, 8 times as much": min(auto["moved by 4"] / 4, auto["moved by 8"] / 8) > auto["digits"],
    "moved by 4: PCA has caught up, by 8: it is ahead": (linear / auto)["moved by 4"] < 1.1
    and (linear < auto)["moved by 8"],
    "averaged codes: far less grey than averaged pixels": grey["codes averaged"] < 0.6 * grey["pixels averaged"],
    "averaged codes: less ink than the images on average": amount["codes averaged"] < 0.85 * amount["test images"],
    "the halves together are the whole": np.allclose(decoded, reconstruction, atol=1e-5),
    "loading gives the same model": difference < 1e-5,
    "the file holds Adam's two means as well": 2.5 < file_size / weight_bytes < 3.6,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ How many parameters has the model with a code of 2 instead of 64? Work it out by hand, then ask Keras. By how
#    many per cent does the model shrink, and by how many the code?
# 2. ★ Train the model on 50,000 images for 100 epochs, with validation images. Does it overfit now? Where would you
#    stop, and what does the gap tell you?
# 3. ★★ Train on the first 1,000 images only, for 300 epochs. Draw both curves, and describe in two sentences what
#    differs from this chapter's.
# 4. ★★ Compile the same model with `loss="mean_squared_error"`, and put it into the table beside the others, on both
#    losses. Which model would you choose, and for what?
# 5. ★★ Replace the ReLU at the code by no activation at all (`"linear"`). What happens to the dead code units, and to
#    the error?
# 6. ★★★ Train on digits that are moved by up to four pixels in each direction, differently in every epoch. How does the
#    error grow with the shift now, and what do the digits in the middle pay for it?

# %% [markdown]
# ## Further reading
#
# - [Goodfellow, Bengio and Courville (2016)](references.md#goodfellow-bengio-and-courville-2016), chapter 14:
#   autoencoders as a whole, with the theory.
# - [Bourlard and Kamp (1988)](references.md#bourlard-and-kamp-1988): why, with a linear output and squared error, an
#   autoencoder without hidden layers around its code gains nothing over PCA.
# - [Hinton and Salakhutdinov (2006)](references.md#hinton-and-salakhutdinov-2006): deep autoencoders against PCA at
#   equal code size, on the same digits.
# - [Chollet (2016)](references.md#chollet-2016): the Keras example of an autoencoder, the model of many tutorials.
# - [Kingma and Ba (2015)](references.md#kingma-and-ba-2015): Adam, and the two running means that made the saved file
#   so large.

# %% [markdown]
# ## Next
#
# The model gives back what it is given. [Chapter 4](04_denoising.ipynb) gives it something else than it wants back:
# noisy digits, to be returned clean.
