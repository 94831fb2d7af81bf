# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · Deeper and convolutional
#
# The course's first model has one hidden layer on each side of its code. Two things are said to improve on it: more
# layers, and layers that know that pixels have neighbours. Here you train the network that made deep autoencoders
# known, from a random start, and put its error beside the printed one; then you build a convolutional autoencoder with
# the same code as the dense one, and ask what it costs.

# %% [markdown]
# ## What you will learn
#
# - Convert between the error that papers print and the one that Keras reports, and reproduce a printed yardstick.
# - Work out what a layer does to the spread of its input, and choose [initial weights](glossary.md#initialisation) that
#   keep a deep network trainable.
# - Find out which parts of a training recipe help: one change at a time, several seeds, validation images.
# - Count the parameters and the multiplications of a convolutional layer, and say why they differ so much.
# - Tell [transposed convolution](glossary.md#transposed-convolution) from upsampling by how often they touch a pixel.
# - Compare models at equal code size by error, parameters and seconds.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the dense model, [chapter 2](02_mathematics.ipynb) for gradients and for
#   PCA.
# - Variances of sums; that a convolution slides a small window over an image.
#
# Running time: about 8 minutes on two quick cores, half of it for one network. The seconds printed below were measured
# on a slower machine.

# %%
import time

from aelib import baselines, data, losses, metrics, models, plots, training
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from scipy import ndimage

SEED = 0
SEEDS = (0, 1, 2)

mnist = data.load_mnist()
split = mnist.validation_split(5_000, seed=SEED)
x_train, x_validation = split.x_train, split.x_validation
x_test, y_test = mnist.x_test, mnist.y_test
one_of_each = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]

# %% [markdown]
# Everything that is chosen in this chapter is chosen on 5,000 validation images, which are set aside from the training
# images. The test images only serve to measure, and decide nothing.
#
# ## An error to compare with
#
# [Hinton and Salakhutdinov (2006)](references.md#hinton-and-salakhutdinov-2006) trained a network of seven hidden
# layers, 784-1000-500-250-30-250-500-1000-784, on these digits. They report the
# [squared error](glossary.md#squared-error) *summed* over the pixels of an image, averaged over the 10,000 test images:
# 3.00 for their network, and 13.87 for [PCA](glossary.md#pca) with 30 components. Keras's mean squared error is the
# mean over the pixels too, so
#
# $$ \text{squared error per image} = 784 \cdot \text{MSE}. \tag{8.1} $$
#
# Before you trust a comparison with a printed number, reproduce its yardstick. PCA has no seeds and no settings, so it
# has to come out to the last digit, unless something is measured differently.
#
# > **Predict first.** `PCACodec` clips its reconstructions to the range of pixels, 0 to 1. Will that make its error
# > smaller or larger? By much?


# %%
def squared_error(x, x_hat):
    """Summed over the pixels, mean over the images."""
    return losses.squared_error(x, x_hat.clip(0, 1)).mean()


pca = baselines.PCACodec(30, clip=False).fit(mnist.x_train)
linear = pca.reconstruct(x_test)
yardsticks = {
    "mean image": squared_error(x_test, baselines.MeanImage().fit(mnist.x_train).reconstruct(x_test)),
    "PCA, 30 components": ((linear - x_test.astype(np.float64)) ** 2).sum(axis=1).mean(),
    "PCA, clipped to 0 and 1": squared_error(x_test, linear),
}
pd.Series(yardsticks, name="squared error per image").round(3).to_frame()

# %% [markdown]
# 13.87 it is, for the linear map as it stands. Clipping can only bring a reconstruction nearer to pixels that lie
# between 0 and 1, and it takes away almost a tenth of the error, for nothing. The network's output is a
# [sigmoid](glossary.md#sigmoid) and stays within the range anyway, so clipped PCA is the fairer yardstick; the printed
# one is the unclipped.

# %% [markdown]
# ## Why deep networks did not train
#
# The paper did not start from random weights. It trained the layers one after the other first, each to model what the
# one before gave (*pretraining*), because a deep network that starts at random tends to settle on giving the average of
# the training images, whatever it is shown. You can see why before any training: send images through, and look at what
# arrives.
#
# Take one unit, $a = \sum_j w_j x_j$ with $n$ inputs, whose weights are drawn independently with mean 0 and variance
# $\sigma_w^2$. Its variance over the images, averaged over the draws of the weights, is
#
# $$ \mathbb E_w \big[ \operatorname{Var} a \big] = \sigma_w^2 \sum_{j=1}^{n} \operatorname{Var} x_j
#   = n \, \sigma_w^2 \; \overline{\operatorname{Var} x}, \tag{8.2} $$
#
# where the bar is the mean over the inputs: covariances between inputs drop out, since $\mathbb E[w_j w_k] = 0$ for $j
# \neq k$. So a layer multiplies the variance by $n \sigma_w^2$, and then the [activation
# function](glossary.md#activation-function) takes its share: the logistic sigmoid has a slope of at most $1/4$ and
# leaves at most $1/16$ of the variance; [ReLU](glossary.md#relu) cuts one half of the values off, which leaves half of
# their mean square and, if they are roughly normal, between a third and a half of their variance. Keras's default,
# *Glorot*, draws weights with $\sigma_w^2 = 2 / (n + m)$, where $m$ is the number of the layer's units; *He* draws them
# with $\sigma_w^2 = 2 / n$, twice what would preserve the variance of a linear layer, for what ReLU cuts off ([He et
# al., 2015](references.md#he-et-al-2015)).
#
# > **Predict first.** Six hidden layers of sigmoids, Glorot's weights. By what factor is the spread (the standard
# > deviation over images) smaller at the last hidden layer than in the images?

# %%
HIDDEN = (1000, 500, 250)


def spread(values):
    """Standard deviation over images: root of the mean variance of the units."""
    return np.sqrt(values.var(axis=0, dtype=np.float64).mean())


def spreads(activation, initializer):
    model = models.dense_autoencoder(
        30, hidden=HIDDEN, hidden_activation=activation, code_activation="linear", initializer=initializer, seed=SEED
    )
    values, result = x_validation, {"image": spread(x_validation)}
    for layer in [*model.encoder.layers, *model.decoder.layers[:-1]]:
        values = keras.ops.convert_to_numpy(layer(values))
        result[layer.name.replace("_hidden_", " ")] = spread(values)
    return result


# %%
starts = {
    "sigmoid units, Glorot": spreads("sigmoid", "glorot_uniform"),
    "ReLU, Glorot": spreads("relu", "glorot_uniform"),
    "ReLU, He": spreads("relu", "he_uniform"),
}
starts = pd.DataFrame(starts)
starts.map("{:.2g}".format)

# %% mystnb={"image": {"alt": "Three lines over the image and seven layers, on a logarithmic axis. With sigmoid units the spread falls from 0.26 in the image to a few hundred-thousandths in the last hidden layer, but for a small rise at the code. With ReLU and Glorot's weights it falls slowly through the encoder and, after such a rise, faster through the decoder, to about 0.01. With He's weights it stays between 0.2 and 0.3."}}
plots.curves(
    dict(starts),
    title="Spread over images, before any training",
    xlabel="layer (1 the image, 5 the code, 8 the last hidden layer)",
    ylabel="standard deviation over images",
    log_y=True,
)

# %% [markdown]
# With sigmoids the spread falls to about a quarter at every hidden layer of the encoder, and to a fifth or less in the
# decoder. From the image to the last hidden layer it falls ten-thousandfold. Whatever image goes in, the same comes
# out, to four digits. On the way back it is no better: by the chain rule the gradient is multiplied by the same weights
# and slopes. Next to nothing of the error can reach the first layers.
#
# ReLU with Glorot's weights loses a factor of nearly thirty, most of it in the decoder. There the layers grow, from 30
# to 250, 500 and 1,000 units, and a variance of $2 / (n + m)$ is far below $2 / n$ when $m$ is large. He's weights
# nearly keep the spread: it falls by about a tenth at a hidden layer, and rises at the linear code, which cuts nothing
# off. Pretraining was one answer to the vanishing signal; a factor in the initial weights is a much cheaper one.

# %% [markdown]
# ## What helps, one change at a time
#
# A training recipe has many parts, and each has its advocates. To find out which of them matter, change one at a time.
# On the whole network that would take six times as long, so here a narrow one stands in, 784-256-128-64-30, for two
# epochs. That is a bet: what helps a small network in a short run may not help a large one in a long run.
#
# The parts, each added to the ones before:
#
# 1. sigmoid units and plain [stochastic gradient descent](glossary.md#stochastic-gradient-descent) with momentum, as
#    anyone would have tried first in 2006;
# 2. [Adam](glossary.md#adam) in its place;
# 3. ReLU and He's initial weights;
# 4. GELU in place of ReLU, $\operatorname{gelu}(a) = a \, \Phi(a)$ with $\Phi$ the normal distribution function:
#    smooth, and without a flat half ([Hendrycks and Gimpel, 2016](references.md#hendrycks-and-gimpel-2016));
# 5. twice the [learning rate](glossary.md#learning-rate), 0.004 in place of 0.002;
# 6. a [schedule](glossary.md#learning-rate-schedule): up to that rate in a short warm-up, then down along half a cosine
#    to zero.
#
# And one that asks another question: as many parameters in *one* hidden layer, 784-300-30, with recipe 6.
#
# > **Predict first.** Which single change brings most? Does any of them make things worse?

# %%
BATCH_SIZE = 125


def schedule(peak, steps):
    """From a twentieth of the peak up to it in a tenth of the steps, then down to zero along half a cosine."""
    warm_up = steps // 10
    return keras.optimizers.schedules.CosineDecay(peak / 20, steps - warm_up, warmup_target=peak, warmup_steps=warm_up)


# %%
def constant(rate):
    return lambda steps: keras.optimizers.Adam(rate)


def scheduled(peak):
    return lambda steps: keras.optimizers.Adam(schedule(peak, steps))


NARROW = {"hidden": (256, 128, 64), "hidden_activation": "gelu", "initializer": "he_uniform"}
SIGMOID = NARROW | {"hidden_activation": "sigmoid", "initializer": "glorot_uniform"}
recipes = {
    "1 sigmoid units, SGD": (SIGMOID, lambda steps: keras.optimizers.SGD(0.1, momentum=0.9)),
    "2 Adam": (SIGMOID, constant(0.002)),
    "3 ReLU, He": (NARROW | {"hidden_activation": "relu"}, constant(0.002)),
    "4 GELU": (NARROW, constant(0.002)),
    "5 twice the rate": (NARROW, constant(0.004)),
    "6 schedule": (NARROW, scheduled(0.004)),
    "one hidden layer, as 6": (NARROW | {"hidden": (300,)}, scheduled(0.004)),
}

# %%
networks = {}


def train(network, optimizer, x, *, epochs, seed):
    """Train a network with a code of 30 numbers from a random start. One object for all seeds: compiled only once."""
    start = models.dense_autoencoder(30, code_activation="linear", seed=seed, **network)
    model = networks.setdefault(str(network), start)
    model.set_weights(start.get_weights())
    settings = {"epochs": epochs, "batch_size": BATCH_SIZE, "seed": seed, "loss": "mse"}
    training.fit(model, x, optimizer=optimizer(epochs * len(x) // BATCH_SIZE), **settings)
    return model


# %% tags=["long"]
runs = []
for name, (network, optimizer) in recipes.items():
    for seed in SEEDS:
        model = train(network, optimizer, x_train, epochs=2, seed=seed)
        error = squared_error(x_validation, predict(model, x_validation))
        runs.append({"recipe": name, "seed": seed, "parameters": model.count_params(), "error": error})
runs = pd.DataFrame(runs)
ablation = runs.groupby("recipe").agg(parameters=("parameters", "first"), error=("error", "mean"), std=("error", "std"))
ablation.round(2)

# %% [markdown]
# - **Sigmoids and gradient descent** end at the mean image's error, which is what the paper says of a random start. A
#   larger rate might have moved them: 0.1 is a small step where the loss is a mean over 784 pixels. Adam does not
#   depend on that scale, since it divides every gradient by its usual size. It gets the same network moving; still far
#   from PCA, and how far depends on the seed.
# - **ReLU with He's weights** is the greatest step by far. It is two changes in one, since they belong together; the
#   table cannot tell which of them did it. Nothing that follows matters as much.
# - **GELU** is ahead of ReLU by more than the seeds' spread.
# - **Twice the rate** on its own changes little. With a **schedule** the same rate is clearly better: large steps
#   early, small ones late. No change makes things worse.
# - **One hidden layer** of as many parameters is better than three. In two epochs, depth does not pay. So do not put
#   the printed error down to depth yet: that network has nearly six times as many parameters as these, and had many
#   more epochs. Whether more layers are worth it is a question about long training, and exercise 6 asks it.
#
# The order of these results belongs to short runs. A schedule that ends after two epochs says nothing about twenty.
#
# ## More images than there are
#
# A short run meets every image twice. In a long one a large network begins to learn the training images by heart, and
# the error on other images no longer falls with theirs: it [overfits](glossary.md#overfitting).
# [Data augmentation](glossary.md#data-augmentation) offers it images that are not in the set but could be: here every
# digit turned, sheared, stretched and moved a little, at random. The warped image is input and target, both.


# %%
def warped(x, seed):
    """A copy of each image, turned by up to 7 degrees, sheared, stretched by up to 8 %, moved by up to 0.7 pixels."""
    rng = np.random.default_rng(seed)
    result = np.empty_like(x)
    for image, out in zip(x.reshape(-1, 28, 28), result.reshape(-1, 28, 28), strict=True):
        angle, shear = rng.uniform(-0.12, 0.12, 2)
        stretch = np.diag(rng.uniform(0.92, 1.08, 2))
        matrix = stretch * np.cos(angle) + np.array([[0, -np.sin(angle)], [np.sin(angle) + shear, 0]])
        centre = np.full(2, 13.5)
        offset = centre - matrix @ centre + rng.uniform(-0.7, 0.7, 2)
        ndimage.affine_transform(image, matrix, offset, output=out)
    return result.clip(0, 1)


def with_copies(x, copies):
    result = np.empty((1 + copies, *x.shape), x.dtype)
    result[0] = x
    for seed in range(copies):
        result[1 + seed] = warped(x, seed)
    return result.reshape(-1, x.shape[1])


# %% mystnb={"image": {"alt": "Three rows of ten digits. Below the originals two warped copies of each: turned by a few degrees, a little slanted, wider or narrower, moved by less than a pixel; all still easy to read."}}
originals = x_train[:10]
plots.image_rows(
    {"original": originals, "warped": warped(originals, SEED), "once more": warped(originals, SEED + 1)},
    title="Training digits, and what augmentation makes of them",
)

# %% [markdown]
# To see what it does without waiting long, make images scarce: 5,000 for training, and the narrow network with recipe
# 6. Twenty epochs on them are as many steps as four epochs on them with four warped copies of each.
#
# > **Predict first.** Which of the two has the smaller error on its training images? And on validation images?

# %% tags=["long"]
few = x_train[:5_000]
many = with_copies(few, 4)
rows = []
for name, (x, epochs) in {"5,000 images": (few, 20), "and four warped copies": (many, 4)}.items():
    for seed in SEEDS:
        model = train(NARROW, scheduled(0.004), x, epochs=epochs, seed=seed)
        errors = [squared_error(images, predict(model, images)) for images in (few, x_validation)]
        rows.append([name, *errors])
augmentation = pd.DataFrame(rows, columns=["trained on", "the 5,000", "validation images"])
augmentation = augmentation.groupby("trained on", sort=False).agg(["mean", "std"])
augmentation.round(2)

# %% [markdown]
# Both rebuild the 5,000 about equally well. Without copies the error on validation images is clearly larger than on
# these, and with copies about half of that gap is gone. Warped copies do not make a model better at what it has seen,
# but more like itself on what it has not.

# %% [markdown]
# ## The whole network
#
# Now the paper's network, with recipe 6, three warped copies of every image, and as much training as fits into about
# four minutes on two quick cores. At this size little was tried, on validation images: other peaks of the learning rate
# and other sizes of batches in runs of two epochs, where smaller batches and a higher peak were better; and a run of as
# many steps without copies, whose validation error was clearly larger. (Those runs are not shown.)
#
# > **Predict first.** The paper needed pretraining and got 3.00. Does a random start get there?

# %% tags=["long"]
COPIES, EPOCHS = 3, 4
full = models.dense_autoencoder(
    30, hidden=HIDDEN, hidden_activation="gelu", code_activation="linear", initializer="he_uniform", seed=SEED
)
steps = EPOCHS * (1 + COPIES) * len(x_train) // BATCH_SIZE
start = time.perf_counter()
history = training.fit(
    full,
    with_copies(x_train, COPIES),
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
    seed=SEED,
    loss="mse",
    optimizer=scheduled(0.004)(steps),
    validation_data=(x_validation, x_validation),
).history
seconds = time.perf_counter() - start

# %% tags=["long"]
multiplications = sum(np.prod(weights.shape) for weights in full.trainable_weights if len(weights.shape) == 2)
print(f"{full.count_params():,} parameters, {multiplications:,} multiplications an image")
print(f"{steps:,} steps of {BATCH_SIZE} images in {seconds:.0f} s, warping included")
# 6: three products with each matrix, one forwards and two backwards, each of a multiplication and an addition.
print(f"about {6 * multiplications * steps * BATCH_SIZE / seconds / 1e9:.0f} billion operations a second")

# %% mystnb={"image": {"alt": "Squared error per image over four epochs, logarithmic. Training error falls from ten to 2.7, validation error from six to three; they cross before the last epoch. Dashed: the paper's 3.00. Dotted, far above: PCA's 13.87."}} tags=["long"]
plots.curves(
    {"training": 784 * np.array(history["loss"]), "validation": 784 * np.array(history["val_loss"])},
    title="The paper's network from a random start",
    xlabel="epoch",
    ylabel="squared error per image",
    references={"the paper's test error": 3.0, "PCA, 30 components": yardsticks["PCA, 30 components"]},
    log_y=True,
)

# %% tags=["long"]
rebuilt = predict(full, x_test)
test_error = squared_error(x_test, rebuilt)
results = pd.Series(
    {
        **yardsticks,
        "printed, pretrained (Hinton and Salakhutdinov, 2006)": 3.00,
        "here: training images": squared_error(x_train[:10_000], predict(full, x_train[:10_000])),
        "here: validation images": squared_error(x_validation, predict(full, x_validation)),
        "here: test images": test_error,
    },
    name="squared error per image",
)
results.round(2).to_frame()

# %% [markdown]
# A random start gets there (one start; others were not tried): with an activation that passes the signal on, weights
# that keep the spread, Adam, a schedule and augmentation, in as many steps as sixteen passes over the images take. (The
# training error in the figure is averaged while the epoch runs, and over warped copies; so it starts above the
# validation error.) The test error is close to the printed one, a little below it; the validation error tells how far
# one set of images can differ from another. Clipped PCA's error is more than four times as large. Pretraining is not
# needed.
#
# That is no fair race, and does not need to be: the paper had none of these five, and ours was stopped after minutes,
# by a schedule that could have been longer. [Martens (2010)](references.md#martens-2010) was the first to train this
# network well from a random start, with a second-order method, one that uses the error's curvature as well as its
# slope. Two things are left to gain: the gap between training and validation images and, the larger of the two, the
# training error itself, which a longer schedule would probably bring down.

# %% mystnb={"image": {"alt": "Two groups of three rows of ten test digits: originals, the network's reconstructions, PCA's. In the first, one of each kind, the network's are clean and nearly like the originals, PCA's blurred with grey shadows. In the second, the ten worst, the originals are thick, crossed or ornate, or have stray marks beside them; the network draws plainer, smoother shapes."}} tags=["long"]
worst = np.argsort(losses.squared_error(x_test, rebuilt))[-10:]
plots.image_rows(
    {
        "one of each": x_test[one_of_each],
        "network": rebuilt[one_of_each],
        "PCA": linear.clip(0, 1)[one_of_each],
        "ten worst": x_test[worst],
        "network's": rebuilt[worst],
        "PCA's": linear.clip(0, 1)[worst],
    },
    title="Test digits from 30 numbers",
)

# %% [markdown]
# Thirty numbers are nearly enough for these ten digits (look at the 3 and the 5); PCA smears. The worst are unusual:
# loops and strokes that few others share, or stray marks beside the digit. There the network draws a more usual digit,
# and it is not what was there. Reconstructions that look right are not evidence that they *are* right.

# %% [markdown]
# ## A layer that knows its neighbours
#
# A dense layer has a weight for every pair of an input and a unit. Shuffle the pixels of all images in the same way,
# and it learns as well as before: it does not know which pixels are neighbours. A [convolutional
# layer](glossary.md#convolutional-layer) does. Each of its units sees a window of $k \times k$ pixels, in all
# *channels* (a grey image has one, a layer's output one for each kernel), and all units of an output *channel* use the
# same weights, the *kernel*, wherever their window lies. In row $u$ and column $v$ of output channel $c'$, all places
# counted from 0,
#
# $$ a_{uvc'} = b_{c'} + \sum_{i=0}^{k-1} \sum_{j=0}^{k-1} \sum_{c=1}^{C} w_{ijcc'} \; x_{su+i,\,sv+j,\,c} , \tag{8.3} $$
#
# with $C$ channels coming in, and the *stride* $s$ from one window to the next. Windows that reach over the frame find
# zeros there (*padding*; the indices then shift by the zeros before the image), so that with $s = 2$ the *feature map*
# that comes out has half as many rows and columns. From $C$ to $C'$ channels a layer has
#
# $$ k^2 C C' + C' \quad \text{parameters, but takes} \quad k^2 C C' \cdot h w \quad \text{multiplications} \tag{8.4} $$
#
# for an output of $h \times w$ (for the transposed convolution below, an input of that size). In a dense layer both
# numbers are the same, up to the biases. Here is the course's convolutional autoencoder. Its code has 64 numbers, as
# the first model's.
#
# > **Predict first.** It has about as many parameters as the dense model, 784-128-64-128-784. Which of its layers have
# > most of them? Which take most multiplications?


# %%
def layer_table(model):
    rows = []
    for half in (model.encoder, model.decoder):
        for layer in half.layers:
            places = int(np.prod(layer.output.shape[1:-1]))  # 1 for a dense layer
            multiplications = int(np.prod(layer.weights[0].shape)) if layer.weights else 0
            rows.append([layer.name, str(layer.output.shape[1:]), layer.count_params(), multiplications * places])
    return pd.DataFrame(rows, columns=["layer", "output", "parameters", "multiplications"]).set_index("layer")


convolutional = models.convolutional_autoencoder(64, seed=SEED)
dense = models.dense_autoencoder(64, seed=SEED)
layer_table(convolutional)

# %%
sizes = {}
for name, model in (("dense", dense), ("convolutional", convolutional)):
    table = layer_table(model)
    sizes[name] = {"parameters": model.count_params(), "multiplications an image": table["multiplications"].sum()}
pd.DataFrame(sizes).T

# %% [markdown]
# Nearly all parameters are in the two dense layers, to the code and from it; the four convolutions have a few per cent.
# With multiplications it is the other way round: one convolution of the decoder, `decoder_hidden_2`, takes more than
# half of them, since its 4,608 weights are used at 196 places each. The model has fewer parameters than the dense one,
# and takes nearly seven times as many multiplications. Parameters say what must be stored and learned; they do not say
# what it costs to run.

# %% [markdown]
# ## Back to full size
#
# The decoder has to double the side of its images, 7 to 14 to 28. There are two common ways. *Upsampling* repeats every
# pixel, or interpolates between pixels, and an ordinary convolution follows.
# [Transposed convolution](glossary.md#transposed-convolution) goes the way of a strided convolution backwards: every
# value of the small image is multiplied by the whole kernel, and these windows are added up in the large image, $s$
# pixels apart. Where windows overlap, a pixel gets several terms. Count them: let all weights and all inputs be 1.


# %%
def coverage(kernel_size):
    """How many terms each pixel of a transposed convolution of stride 2 is the sum of, shape (14, 14)."""
    layer = keras.layers.Conv2DTranspose(1, kernel_size, strides=2, padding="same", kernel_initializer="ones")
    return keras.ops.convert_to_numpy(layer(np.ones((1, 7, 7, 1), "float32")))[0, :, :, 0]


counts = {kernel_size: coverage(kernel_size) for kernel_size in (2, 3, 4)}
print("values of an inner row:", {size: count[6, 4:10].astype(int).tolist() for size, count in counts.items()})

# %% mystnb={"image": {"alt": "A 14 by 14 grid of whole numbers in colours, chequered: rows of ones and twos alternate with rows of twos and fours, except at one edge."}}
plots.heatmap(
    counts[3],
    row_labels=range(14),
    column_labels=range(14),
    title="Terms in each pixel: transposed convolution, 3 × 3, stride 2",
    xlabel="column",
    ylabel="row",
    number_format="{:.0f}",
    colour_label="terms",
)

# %% [markdown]
# With a kernel of 3 and a stride of 2, pixels get one, two or four terms, in a chequered pattern. Equal weights would
# draw that pattern into every image ([Odena, Dumoulin and Olah, 2016](references.md#odena-dumoulin-and-olah-2016)).
# Kernels whose side is a multiple of the stride cover all inner pixels equally often. Training can make up for the
# pattern, if it pays: the weights are free.
#
# So measure whether it did. The finest pattern that an image can hold changes sign from pixel to pixel. Multiply the
# error $\hat x - x$ by such a pattern, along the rows, the columns, or both, and square the mean: that is the pattern's
# power in the error. Divide it by the power of waves that are nearly as fine and stand for nothing in particular, of 13
# periods in 28 pixels in place of 14. Without a preference for the pattern the ratio is near 1, or a little below,
# since the spectrum falls smoothly. (The measure sees a pattern that is spread over the image, not one on some strokes
# only, and only that of the last doubling: the first one's would be twice as coarse.)


# %%
def chequered(x, x_hat):
    """Power of the three patterns that change sign from pixel to pixel, against that of their neighbours."""
    power = np.abs(np.fft.fft2((x_hat - x).reshape(-1, 28, 28))) ** 2
    power = power.mean(axis=0)
    pattern = power[[0, 14, 14], [14, 0, 14]]
    neighbours = power[[0, 13, 13], [13, 0, 13]]
    return pattern.mean() / neighbours.mean()


# %% [markdown]
# Now train the dense model and the convolutional one with both ways of doubling, all with 3 × 3 kernels and all in
# batches of 50. An epoch of a convolutional network takes long, so these two get one, and the dense model four; its
# error after the first is kept too. As in chapter 3 the code is ReLU and the loss binary cross-entropy; the error is a
# mean over pixels now. While training goes on, the first 1,000 validation images measure it.
#
# > **Predict first.** Put the three in order of their error after one epoch. Then give each as many *seconds*: does the
# > order change? Which will have a chequered error?

# %%
builders = {
    "dense": lambda seed: models.dense_autoencoder(64, seed=seed),
    "convolutional, upsampling": lambda seed: models.convolutional_autoencoder(64, seed=seed),
    "convolutional, transposed": lambda seed: models.convolutional_autoencoder(64, upsampling="transposed", seed=seed),
}


def shape_for(model, x):
    return x if len(model.input_shape) == 2 else data.as_images(x)


def rebuild(model, x):
    return data.as_vectors(predict(model, shape_for(model, x)))


# %%
def train_with_code_of_64(name, seed, epochs):
    """Train from a fresh start as chapter 3 does; give the model and the seconds after each epoch."""
    model, seconds, errors = builders[name](seed), [], []
    start = time.perf_counter()

    def measure(epoch, logs):
        seconds.append(time.perf_counter() - start)
        errors.append(metrics.mean_squared_error(x_validation[:1000], rebuild(model, x_validation[:1000])).mean())

    clock = keras.callbacks.LambdaCallback(on_epoch_end=measure)
    x = shape_for(model, x_train)
    training.fit(model, x, epochs=epochs, batch_size=50, seed=seed, callbacks=[clock])
    return model, seconds, errors


# %%
trained, progress = {}, []
for name in builders:
    for seed in SEEDS:
        trained[name, seed], seconds, errors = train_with_code_of_64(name, seed, 4 if name == "dense" else 1)
        for epoch, (at, error) in enumerate(zip(seconds, errors, strict=True), 1):
            progress.append({"model": name, "seed": seed, "epoch": epoch, "seconds": at, "validation MSE": error})
progress = pd.DataFrame(progress)
by_epoch = progress.groupby(["model", "epoch"], sort=False)[["seconds", "validation MSE"]].mean()

# %% mystnb={"image": {"alt": "Mean squared error on validation images against seconds, logarithmic. The dense model's line falls over four marks; the two convolutional models have a mark each, to the right, the one with upsampling farthest. The dense line ends lowest, at about half of the seconds of upsampling."}}
plots.curves(
    {name: by_epoch.loc[name, "validation MSE"] for name in builders},
    x={name: by_epoch.loc[name, "seconds"] for name in builders},
    title="Error against training time, a mark for each epoch (means of three seeds)",
    xlabel="seconds, compiling included",
    ylabel="mean squared error, validation images",
    log_y=True,
)

# %%
early = progress[progress["epoch"] == 1].set_index(["model", "seed"])["validation MSE"]
rows = {}
for key, model in trained.items():
    x_hat = rebuild(model, x_test)
    rows[key] = {
        "validation MSE, one epoch": early[key],
        "test MSE, all epochs": metrics.mean_squared_error(x_test, x_hat).mean(),
        "chequered": chequered(x_test, x_hat),
    }
scores = pd.DataFrame(rows).T.groupby(level=0, sort=False)
comparison = scores.agg(["mean", "std"])
comparison.round(4)

# %%
pca_64 = baselines.PCACodec(64).fit(mnist.x_train).reconstruct(x_test)
pca_error = metrics.mean_squared_error(x_test, pca_64).mean()
print(f"PCA, 64 components: test MSE {pca_error:.4f}")

# %% [markdown]
# - **An epoch of convolutions teaches more.** After one pass over the images both convolutional models are well ahead
#   of the dense one, at as many parameters. They need not learn anew, at every place, what a stroke looks like.
# - **A second of convolutions does not.** The figure puts the same errors against time: in about half of the seconds
#   that the model with upsampling takes for one epoch, the dense model has its four, and is ahead of both. On another
#   machine, above all on one with a graphics processor, the marks lie elsewhere; the dense network's few large matrix
#   products are what a CPU does best.
# - **Upsampling or transposed.** A transposed convolution multiplies the values of the *small* image, so that it takes
#   a quarter of the multiplications of a convolution after upsampling, with as many weights; hence its seconds. After one
#   epoch it is behind upsampling, at a fraction of the seconds.
# - **Hardly any chequers.** The ratio is below 1 for all three: the pattern is no stronger than waves nearly as fine.
#   It is highest for transposed convolution, by more than the seeds' spread; a trace, and nothing that you would see.
# - **PCA**, with its 0.0078, is behind the dense model and ahead of transposed convolution; upsampling's lead over PCA
#   is hardly more than the seeds' spread.
#
# One epoch is a short training for either convolutional model. What they could reach with more, this run does not tell.

# %% mystnb={"image": {"alt": "Four rows of ten test digits: originals and the reconstructions of the dense model, of the convolutional one with upsampling, and with transposed convolution. All are legible and a little blurred, and hard to tell apart."}}
shown = {name.replace("convolutional, ", ""): rebuild(trained[name, SEED], x_test[one_of_each]) for name in builders}
plots.image_rows({"original": x_test[one_of_each], **shown}, title="Test digits from 64 numbers")

# %% [markdown]
# By eye the three differ little. Look for thin strokes and small loops, which a code drops first.

# %% [markdown]
# ## Moved digits
#
# The weights of a convolution do not depend on the place. Move a digit, and the feature maps move with it: exactly for
# stride 1, and with two strides of 2 only for moves by multiples of four pixels, roughly for others. Is the
# convolutional autoencoder therefore good at digits that do not stand in the middle?
#
# > **Predict first.** The test digits that have four empty columns on the right are moved to the right by 1, 2, 3 or 4
# > pixels. By what factor does the error grow, for the dense model and for the convolutional one?

# %%
inside = (x_test.reshape(-1, 28, 28)[:, :, -4:] == 0).all(axis=(1, 2))
moved = {}
for pixels in range(5):
    x = np.roll(x_test[inside].reshape(-1, 28, 28), pixels, axis=2).reshape(-1, 784)
    for (name, seed), model in trained.items():
        moved[pixels, name, seed] = metrics.mean_squared_error(x, rebuild(model, x)).mean()
moved = pd.Series(moved).rename_axis(["pixels", "model", "seed"]).rename("MSE").reset_index()
moved_table = moved.pivot_table(index="pixels", columns="model", values="MSE", sort=False)
moved_table.round(4)

# %% [markdown]
# All get much worse, and the dense model by the greatest factor. Its first layer has learned at each place what occurs
# *there*, and at the frame hardly anything does. The convolutional models' feature maps move more or less with the
# digit, but the dense layer after them has a weight for every place again, and the code has to say where everything is.
# Convolutions make a model less sensitive to position, not insensitive. (Mind that the three began at different errors,
# after different training.) If your images may lie anywhere, train on images that do.

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | Printed errors | Summed over pixels; PCA with 30 components comes out at the printed 13.87, clipped almost a tenth lower. |
# | Signals | Sigmoids and Glorot's weights lose the image on its way through seven layers, ten-thousandfold; ReLU with He's weights nearly keeps it. |
# | What helps | ReLU with He's weights by far the most, then Adam; GELU and a schedule for a high learning rate add a little. |
# | Depth | In two epochs one hidden layer is better than three with as many parameters. |
# | Augmentation | Nothing gained on images seen; about half of the gap to unseen ones closed. |
# | The paper's network | From a random start it gets to the printed 3.00 within minutes. |
# | Convolutions | A few per cent of the parameters and most of the multiplications; more learned in an epoch, not in a second on a CPU. |
# | Doubling | 3 × 3 transposed convolutions of stride 2 cover pixels unevenly; trained, they leave hardly a trace of it. |
# | Moved digits | Convolutions suffer less than dense layers, and still suffer. |

# %% [markdown]
# ## Pitfalls
#
# - **Sums and means mixed up.** 3.00 is summed over 784 pixels, 0.0038 is the mean. Reproduce a printed yardstick
#   before you compare with the number beside it.
# - **A deeper network, and a larger one.** If layers are added, parameters are added too. Compare with a shallow
#   network of as many parameters, or you will not know which of the two helped.
# - **A recipe judged whole.** If five things were changed at once, you know that the five together helped. One of them
#   may have done harm.
# - **A schedule cut short.** A learning rate that falls to zero has to fall within the epochs you have. The error
#   halfway through a long schedule says little about a short one.
# - **Epochs taken for effort.** An epoch of a convolutional network may take many times as long. Give seconds, and on
#   which machine.
# - **`(n, 784)` into a convolution.** It wants `(n, 28, 28, 1)`: `data.as_images` and `data.as_vectors` convert.
# - **Augmentation with a target that stays.** The moved image is input *and* target. With the unmoved one as a target
#   the network learns to centre digits.

# %% [markdown]
# ## Check your run
#
# The conclusions above, as checks.

# %%
printed, clipped = (yardsticks[name] for name in ("PCA, 30 components", "PCA, clipped to 0 and 1"))
lost = starts.iloc[0] / starts.iloc[-1]
in_decoder = starts.loc["code"] / starts.iloc[-1]
checks = {
    "PCA comes out as printed": abs(printed - 13.87) < 0.005,
    "clipping takes almost a tenth away": 0.07 < 1 - clipped / printed < 0.1,
    "sigmoids: ten-thousandfold": lost["sigmoid units, Glorot"] > 3000,
    "Glorot's weights and ReLU fade, in the decoder most": 10 < lost["ReLU, Glorot"] < 100
    and in_decoder["ReLU, Glorot"] > 2 * lost["ReLU, Glorot"] / in_decoder["ReLU, Glorot"],
    "He's keep the spread": starts["ReLU, He"].min() > 0.6 * starts["ReLU, He"].max(),
}

# %% tags=["long"]
error, std = ablation["error"], ablation["std"]
seen, unseen = (augmentation[name, "mean"] for name in ("the 5,000", "validation images"))
gap = unseen - seen
checks |= {
    "SGD with sigmoids: no better than the mean image": error.iloc[0] > 0.95 * yardsticks["mean image"],
    "ReLU with He's weights: the greatest change, then Adam": (-error.iloc[:6].diff()).nlargest(2).index.tolist()
    == ["3 ReLU, He", "2 Adam"],
    "GELU helps": error["4 GELU"] + std["4 GELU"] < error["3 ReLU, He"] - std["3 ReLU, He"],
    "twice the rate changes little": abs(error["5 twice the rate"] / error["4 GELU"] - 1) < 0.1,
    "with a schedule it helps": error["6 schedule"] + std["6 schedule"] < error["5 twice the rate"],
    "one hidden layer is ahead": error["one hidden layer, as 6"] < 0.95 * error.iloc[:6].min(),
    "copies change little on images seen": abs(seen.iloc[1] / seen.iloc[0] - 1) < 0.1,
    "and halve the gap": 0.35 < gap.iloc[1] / gap.iloc[0] < 0.65,
}

# %% tags=["long"]
checks |= {
    "the network reaches the printed error": test_error < 3.0,
    "clipped PCA's is more than four times as large": yardsticks["PCA, clipped to 0 and 1"] > 4 * test_error,
    "with a gap that is left": 0.1 < results["here: validation images"] - results["here: training images"] < 1,
}

# %%
layers = layer_table(convolutional)
of_convolutions = layers["parameters"].drop(["code", "decoder_hidden_1"]).sum()
checks |= {
    "convolutions: a few per cent of the parameters": of_convolutions < 0.06 * layers["parameters"].sum(),
    "one of them has most multiplications": layers["multiplications"].max() > 0.5 * layers["multiplications"].sum()
    and layers["multiplications"].idxmax() == "decoder_hidden_2",
    "fewer parameters, many more multiplications": convolutional.count_params() < dense.count_params()
    and 6 < layers["multiplications"].sum() / layer_table(dense)["multiplications"].sum() < 7,
    "3 × 3 covers unevenly, 2 × 2 and 4 × 4 evenly inside": np.unique(counts[3][2:-2, 2:-2]).tolist() == [1, 2, 4]
    and all(np.ptp(counts[size][2:-2, 2:-2]) == 0 for size in (2, 4)),
}

# %%
one_epoch, tested = (comparison[column, "mean"] for column in ("validation MSE, one epoch", "test MSE, all epochs"))
growth, ratio = moved_table.loc[4] / moved_table.loc[0], comparison["chequered", "mean"]
checks |= {
    "an epoch of convolutions teaches more": one_epoch["dense"] > 1.1 * one_epoch.drop("dense").max(),
    "transposed convolution is behind upsampling": one_epoch.idxmin() == "convolutional, upsampling",
    "given more epochs, the dense model catches up": tested["dense"] < 1.1 * tested.drop("dense").min(),
    "PCA is behind dense, ahead of transposed": tested["dense"] < pca_error < tested["convolutional, transposed"],
    "nobody's error is chequered": ratio.max() < 1,
    "transposed convolution's most": ratio.nlargest(2).diff().iloc[1] < -0.01
    and ratio.idxmax() == "convolutional, transposed",
    "every model suffers when digits move": growth.min() > 1.5,
    "convolutions suffer less": growth["dense"] > 1.15 * growth.drop("dense").max(),
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ What would 3.00 be as a mean squared error, and as a [PSNR](glossary.md#psnr) of the mean error? Why is the mean
#    of the images' PSNRs another number?
# 2. ★ Work out from (8.4) how many parameters and multiplications the convolutional model has with `filters=(32, 64)`,
#    then check with `layer_table`.
# 3. ★★ Draw the spreads at the start for GELU and for tanh, each with Glorot's and with He's weights. Which of the two
#    initial weights does each want?
# 4. ★★ Move the digits of the training images by up to two pixels, train the convolutional and the dense model on them,
#    and repeat the table of moved digits. What does it cost on digits that stand in the middle?
# 5. ★★ `filters=(16,)` halves the image only once. How many parameters has the dense layer before the code now, and
#    what do error and seconds say?
# 6. ★★★ Train the narrow network and the one with one hidden layer for 2, 8 and 32 epochs, with and without warped
#    copies. Is there a length from which depth pays? From which do the copies?
# 7. ★★★ Pretrain: train 784-1000-784 first, then 1000-500-1000 on its codes, and so on; put the layers together and
#    train the whole. Count all epochs. Is it worth it with He's weights, and with sigmoid units?

# %% [markdown]
# ## Further reading
#
# - [Hinton and Salakhutdinov (2006)](references.md#hinton-and-salakhutdinov-2006): the network, its pretraining, and
#   what it was for.
# - [Glorot and Bengio (2010)](references.md#glorot-and-bengio-2010) and [He et al.
#   (2015)](references.md#he-et-al-2015): how signals travel through deep networks at the start, for sigmoid-like units
#   and for ReLU.
# - [Martens (2010)](references.md#martens-2010): the first to train this network well from a random start.
# - [Dumoulin and Visin (2016)](references.md#dumoulin-and-visin-2016): strides, padding and transposed convolutions,
#   drawn.
# - [Odena, Dumoulin and Olah (2016)](references.md#odena-dumoulin-and-olah-2016): chequered patterns and what helps.

# %% [markdown]
# ## Next
#
# All codes so far were small, and nothing asked an image to leave part of its code unused. [Chapter 9](09_sparse.ipynb)
# turns that round: a code with more numbers than the image has pixels, of which an image may use only a few.
