# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Mathematics
#
# An autoencoder is a function with a few hundred thousand adjustable numbers. What exactly does training make small,
# and how does it know which way to turn each number? In this chapter you write both down, derive every gradient by
# hand, put it into NumPy, and compare it with finite differences, with Keras and, where the network is linear, with a
# solution that has been known since long before networks.

# %% [markdown]
# ## What you will learn
#
# - Write an autoencoder and its objective as formulas, and choose between squared error and binary cross-entropy for
#   given data.
# - Convert between summed and averaged losses, and state the lowest loss that any model can reach on given images.
# - Derive the gradient of every weight and bias, program it, and check it against central differences.
# - Program SGD and Adam, and show that your network takes the same steps as Keras.
# - Explain what a linear autoencoder has in common with principal component analysis, where the two differ, and what a
#   bottleneck is for.
#
# ## What you need
#
# - [Chapter 1](01_introduction.ipynb): what encoder, code and decoder are, how the data look, and the mean image as a
#   yardstick.
# - Mathematics: matrices and vectors, the chain rule for partial derivatives, mean, variance and the normal
#   distribution. Eigenvectors and covariance matrices for the last two sections.
#
# Running time: about 45 seconds on two quick cores. The first cell sets 10,000 training images aside; `split.x_train`
# holds the other 50,000.

# %%
from aelib import baselines, data, losses, metrics, models, plots

import keras
import numpy as np
import pandas as pd
from scipy.linalg import subspace_angles
from scipy.special import expit as sigmoid
from threadpoolctl import threadpool_limits

# The matrices of one batch are small: a second thread gains little, and loses much when other programs want the core.
threadpool_limits(limits=1, user_api="blas")

SEED = 0
mnist = data.load_mnist()
split = mnist.validation_split(10_000, seed=SEED)
mnist

# %% [markdown]
# ## The autoencoder as a formula
#
# An image is a vector $x \in \mathbb{R}^n$; here $n = 784$. The *encoder* $f_\theta$ turns it into a
# [latent code](glossary.md#latent-code) $z$ of $m$ numbers, with $m < n$. The *decoder* $g_\varphi$ turns the code into
# a [reconstruction](glossary.md#reconstruction) $\hat x$ of $n$ numbers. The smallest autoencoder has one layer in each
# half:
#
# $$ z = f_\theta(x) = \sigma(W x + b) \in \mathbb{R}^m, \qquad \theta = \{W, b\}, \tag{2.1} $$
#
# $$ \hat x = g_\varphi(z) = \sigma'(W' z + b') \in \mathbb{R}^n, \qquad \varphi = \{W', b'\}. \tag{2.2} $$
#
# $W$ is an $m \times n$ matrix, $W'$ an $n \times m$ matrix; $b$ and $b'$ are vectors called *biases*. $\sigma$ and
# $\sigma'$ are [activation functions](glossary.md#activation-function), applied to each number by itself. (The prime
# marks the decoder's own function. It does not mean a derivative here.) This course uses the
# [sigmoid](glossary.md#sigmoid) and [ReLU](glossary.md#relu), or leaves the activation out ("linear"):
#
# $$ \operatorname{sigmoid}(s) = \frac{1}{1 + e^{-s}}, \qquad \operatorname{ReLU}(s) = \max(0, s), \qquad \operatorname{linear}(s) = s. \tag{2.3} $$
#
# The sigmoid's values lie between 0 and 1, the range of the pixels, so it suits the output. (It comes as close to 0 and
# 1 as you like, but never reaches them.) A deeper autoencoder applies (2.1) several times in each half. Here is the
# smallest one, with ReLU in the encoder and a sigmoid at the output, a code of 64 numbers, and weights not yet trained.

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(SEED)
n, m = 784, 64
W, b = rng.normal(0, 0.05, (m, n)), np.zeros(m)
W_prime, b_prime = rng.normal(0, 0.05, (n, m)), np.zeros(n)

x = mnist.x_train[0]
z = np.maximum(0, W @ x + b)
x_hat = sigmoid(W_prime @ z + b_prime)
print(f"x {x.shape} -> z {z.shape} -> x_hat {x_hat.shape}")
print(f"weights and biases: {W.size + b.size + W_prime.size + b_prime.size:,}")

# %% [markdown]
# ## The objective
#
# A *loss* $L(x, \hat x)$ says how far one reconstruction is from its image. Training looks for the parameters that make
# the average loss over the $N$ images of the data set as small as possible:
#
# $$ J(\theta, \varphi) = \frac{1}{N} \sum_{i=1}^{N} L\big(x^{(i)},\, g_\varphi(f_\theta(x^{(i)}))\big). \tag{2.4} $$
#
# No label occurs in (2.4). The image is input and target at once, which is why autoencoders count as unsupervised.
#
# Two losses matter in this course. The [squared error](glossary.md#squared-error):
#
# $$ L_{\text{SE}}(x, \hat x) = \lVert \hat x - x \rVert^2 = \sum_{j=1}^{n} (\hat x_j - x_j)^2, \tag{2.5} $$
#
# and the [binary cross-entropy](glossary.md#binary-cross-entropy), BCE for short, which needs $x_j$ in $[0, 1]$ and
# $\hat x_j$ in $(0, 1)$:
#
# $$ L_{\text{BCE}}(x, \hat x) = -\sum_{j=1}^{n} \big[ x_j \ln \hat x_j + (1 - x_j) \ln (1 - \hat x_j) \big]. \tag{2.6} $$
#
# ### Where they come from, and when each suits
#
# Both are negative log-likelihoods: assume how the data scatter around the reconstruction, and take minus the logarithm
# of the probability (or density) that this gives to the image. The smaller it is, the more probable the image.
# Suppose that pixel $j$ is white with probability $\hat x_j$ and black otherwise, a *Bernoulli* variable with parameter
# $\hat x_j$, independently of the other pixels. Then
#
# $$ -\ln \prod_{j} \hat x_j^{\,x_j} (1 - \hat x_j)^{1 - x_j} = L_{\text{BCE}}(x, \hat x), \qquad x_j \in \{0, 1\}. \tag{2.7} $$
#
# Suppose instead that pixel $j$ is $\hat x_j$ plus Gaussian noise of variance $\tau^2$, again independent from pixel to
# pixel. Then
#
# $$ -\ln \prod_{j} \frac{1}{\sqrt{2 \pi \tau^2}} \, e^{-(x_j - \hat x_j)^2 / 2 \tau^2} = \frac{1}{2 \tau^2} L_{\text{SE}}(x, \hat x) + \text{constant}. \tag{2.8} $$
#
# | | binary cross-entropy | squared error |
# | --- | --- | --- |
# | assumes | black-or-white pixels; the output is a probability | real values; Gaussian noise of one variance |
# | data | in [0, 1], most near 0 or 1: MNIST | any real numbers: standardised features, sensor readings |
# | output layer | sigmoid | linear, or sigmoid if the data lie in [0, 1] |
# | a perfect reconstruction costs | the pixels' entropy | 0 |
#
# Nearly a fifth of MNIST's pixels are grey, so (2.7) is not their likelihood. BCE is still a sound loss for them,
# because for a pixel that the code leaves open it asks for the same value as squared error. To see why, take such a
# pixel: its value varies among images that share a code. The best the decoder can do is one number $c$ for all of them.
# Write $\mathbb{E}$ for the average over the images that share the code, and differentiate each loss with respect to
# $c$ (for BCE this is (2.10) below). Setting the averages to zero gives
#
# $$ \mathbb{E}\left[\frac{c - x_j}{c (1 - c)}\right] = 0 \quad\text{and}\quad \mathbb{E}[2 (c - x_j)] = 0 \quad\Longrightarrow\quad c = \mathbb{E}[x_j]. \tag{2.9} $$
#
# > **Predict first.** Take the pixel in row 14, column 14 (rows and columns count from 0) and give the same value $c$
# > for every training image. Which property of the pixel's values is the best $c$ for BCE, which for squared error,
# > which for the absolute error $|c - x_j|$?

# %%
pixel = split.x_train[:, [14 * 28 + 14]].astype(np.float64)
grid = np.linspace(0.01, 0.99, 99)
guesses = [np.full_like(pixel, c) for c in grid]
average_loss = {
    "binary cross-entropy": [losses.binary_crossentropy(pixel, guess).mean() for guess in guesses],
    "squared error": [losses.squared_error(pixel, guess).mean() for guess in guesses],
    "absolute error": [np.abs(guess - pixel).mean() for guess in guesses],
}
best = {name: grid[np.argmin(values)] for name, values in average_loss.items()}
known = {"(mean of the pixel)": pixel.mean(), "(median of the pixel)": np.median(pixel)}
pd.Series(best | known, name="best c").to_frame().round(3)

# %% [markdown]
# BCE and squared error agree on the mean, to the spacing of the grid. The absolute error wants the median, which is
# another number. So where a code leaves a pixel open, both of our losses ask for the average grey: this is why
# reconstructions are *blurred* rather than wrong in sharp detail.

# %% [markdown]
# ## Sums, means, and what Keras reports
#
# (2.5) and (2.6) are **sums** over pixels. Keras reports a **mean** over pixels, and over images: its number is ours
# divided by $n = 784$. Check it on a reconstruction that needs no network, the mean image.

# %%
mean_image = baselines.MeanImage().fit(split.x_train)
x_hat = mean_image.reconstruct(mnist.x_test)
ours = [losses.binary_crossentropy(mnist.x_test, x_hat).mean(), losses.squared_error(mnist.x_test, x_hat).mean()]
keras_losses = [keras.losses.BinaryCrossentropy(), keras.losses.MeanSquaredError()]
sums_and_means = pd.DataFrame(
    {
        "sum over pixels": ours,
        "sum / 784": np.array(ours) / 784,
        "Keras": [float(loss(mnist.x_test, x_hat)) for loss in keras_losses],
    },
    index=["binary cross-entropy", "squared error"],
)
sums_and_means.round(6)

# %% [markdown]
# The two right-hand columns agree. A factor of 784 does not move the minimum of (2.4), so you may train with either. It
# does scale every gradient, and you will see below that one optimiser minds and the other does not. It also matters as
# soon as a second term is added to the loss: a penalty that is balanced against a sum is 784 times too strong against a
# mean.
#
# From here on, a loss in a table or figure is Keras's mean per pixel. In formulas $L$ stays the sum over pixels, (2.5)
# or (2.6); to get Keras's gradient, divide by 784.

# %% [markdown]
# ## The floor of binary cross-entropy
#
# > **Predict first.** A model gives back a test image exactly, every pixel the same. Its squared error is 0. What is
# > its binary cross-entropy?
#
# Take one pixel with target $x$ and differentiate (2.6) with respect to the reconstruction:
#
# $$ \frac{\partial L_{\text{BCE}}}{\partial \hat x} = -\frac{x}{\hat x} + \frac{1 - x}{1 - \hat x} = \frac{\hat x - x}{\hat x (1 - \hat x)}. \tag{2.10} $$
#
# The denominator is positive, so the loss falls while $\hat x < x$, rises while $\hat x > x$, and is least at
# $\hat x = x$. There it equals
#
# $$ H(x) = -x \ln x - (1 - x) \ln (1 - x), \tag{2.11} $$
#
# the [entropy](glossary.md#pixel-entropy) of a coin that shows white with probability $x$, in [nats](glossary.md#nat),
# the natural logarithm's unit, with $0 \ln 0 = 0$. It is 0 for $x = 0$ and $x = 1$ and reaches $\ln 2 \approx 0.693$
# for $x = 0.5$. (Strictly, (2.6) forbids $\hat x = 0$ and $\hat x = 1$, which are the perfect reconstructions of black
# and white. The same convention admits them there.) What a reconstruction costs beyond $H(x)$ is a Kullback–Leibler
# divergence, which is 0 only for $\hat x = x$:
#
# $$ L_{\text{BCE}}(x, \hat x) - H(x) = x \ln \frac{x}{\hat x} + (1 - x) \ln \frac{1 - x}{1 - \hat x} \;\ge\; 0. \tag{2.12} $$
#
# Four targets, drawn over all reconstructions:

# %% mystnb={"image": {"alt": "Four curves of binary cross-entropy against the reconstruction. For target 0 the curve rises from zero, for target 1 it falls to zero. For targets 0.3 and 0.5 the curve is a shallow bowl; its lowest point is at the target, at a loss well above zero. All four cross at a reconstruction of 0.5."}}
grid = np.linspace(0.005, 0.995, 199)
targets = [0.0, 0.3, 0.5, 1.0]
bowls = {f"x = {x:g}": losses.binary_crossentropy(np.full((199, 1), x), grid[:, None]) for x in targets}
plots.curves(
    bowls,
    x=grid,
    title="Binary cross-entropy of one pixel",
    xlabel="reconstruction of the pixel",
    ylabel="loss in nats",
)

# %% [markdown]
# Each curve has its lowest point above its own target, but only black and white targets reach zero. A grey pixel costs
# something even when it is right. Now the same for whole images: the test images as reconstructions of themselves.

# %%
as_is = metrics.mean_binary_crossentropy(mnist.x_test, mnist.x_test)
floor = losses.pixel_entropy(mnist.x_test).mean() / 784
grey = ((mnist.x_test > 0) & (mnist.x_test < 1)).mean()
mean_image_loss = metrics.mean_binary_crossentropy(mnist.x_test, x_hat)
print(f"perfect reconstruction, by the loss    {as_is:.5f}")
print(f"entropy of the pixels, by (2.11)       {floor:.5f}   <- the floor")
print(f"mean image                             {mean_image_loss:.5f}")
print(f"share of pixels neither 0 nor 1        {grey:.3f}")

# %% [markdown]
# The perfect reconstruction costs exactly the entropy of its pixels: this is the [floor](glossary.md#floor) of BCE on
# MNIST's test images, and no model can go below it. Only a part of the pixels is grey, and those alone make it. Two
# lessons follow. A model whose BCE levels off far above zero need not be a poor one: subtract the floor before you
# judge it. And BCE values on different data sets cannot be compared, because their floors differ.
#
# ### The asymmetry
#
# Squared error does not care on which side a reconstruction errs. BCE does. Expand (2.12) around $\hat x = x$ with an
# error $e = \hat x - x$:
#
# $$ L_{\text{BCE}} - H(x) = \frac{e^2}{2 x (1 - x)} + \frac{e^3}{3} \left( \frac{1}{(1 - x)^2} - \frac{1}{x^2} \right) + \dots \tag{2.13} $$
#
# The first term says that the same error costs more near black and white than in the middle. The second is negative for
# $x < 0.5$ and positive $e$: for a dark pixel, erring towards white is cheaper than erring towards black.
#
# > **Predict first.** A pixel is 0.2. Which reconstruction costs more under BCE: 0.05 or 0.35? And by about what
# > factor?

# %%
x = np.array([[0.2], [0.2], [0.5], [0.5], [0.8], [0.8]])
x_hat = x + np.array([[-0.15], [0.15]] * 3)
asymmetry = pd.DataFrame(
    {
        "target": x[:, 0],
        "reconstruction": x_hat[:, 0],
        "squared error": losses.squared_error(x, x_hat),
        "BCE above the floor": losses.binary_crossentropy(x, x_hat) - losses.pixel_entropy(x),
    }
)
asymmetry.round(4)

# %% [markdown]
# All six errors have the same size, and squared error counts them the same. BCE charges the dark pixel more than twice
# as much for being too dark as for being too bright, and mirrors this for the bright one. Carried to the end: a grey
# pixel reconstructed as 0 or 1 would cost infinity. (Keras and `aelib` clip reconstructions at $10^{-7}$ to prevent
# that.) Under BCE, false certainty is the expensive mistake.
#
# > **Pitfall.** BCE is not symmetric in its arguments either. `binary_crossentropy(x_hat, x)` with target and
# > reconstruction exchanged takes logarithms of the *data*, whose black pixels are exactly 0. Keras's order is target
# > first.

# %% [markdown]
# ## Backpropagation by hand
#
# To make (2.4) small you need its derivative with respect to every weight and every bias.
# [Backpropagation](glossary.md#backpropagation) is the chain rule, evaluated from the output to the input so that
# nothing is computed twice.
#
# Number the layers $\ell = 1, \dots, K$ through encoder and decoder alike, call the image $a^{(0)} = x$, and write
# $h_\ell$ for layer $\ell$'s activation function:
#
# $$ s^{(\ell)} = W^{(\ell)} a^{(\ell-1)} + b^{(\ell)}, \qquad a^{(\ell)} = h_\ell(s^{(\ell)}), \qquad \hat x = a^{(K)}. \tag{2.14} $$
#
# The quantity that travels backwards is the derivative of one image's loss with respect to a layer's *pre-activation*
# $s^{(\ell)}$:
#
# $$ \delta^{(\ell)}_j = \frac{\partial L}{\partial s^{(\ell)}_j}. \tag{2.15} $$
#
# ### The output layer
#
# Each output depends on its own pre-activation only, so
# $\delta^{(K)}_j = \frac{\partial L}{\partial \hat x_j} \, h_K'(s^{(K)}_j)$, where $h'$ is a derivative. For the
# sigmoid,
#
# $$ h(s) = \frac{1}{1 + e^{-s}} \quad\Longrightarrow\quad h'(s) = \frac{e^{-s}}{(1 + e^{-s})^2} = h(s)\,\big(1 - h(s)\big). \tag{2.16} $$
#
# With binary cross-entropy, (2.10) times (2.16) cancels to the neatest formula of the chapter:
#
# $$ \delta^{(K)}_j = \frac{\hat x_j - x_j}{\hat x_j (1 - \hat x_j)} \cdot \hat x_j (1 - \hat x_j) = \hat x_j - x_j \qquad \text{(BCE, sigmoid).} \tag{2.17} $$
#
# You reach it faster by putting the sigmoid into (2.6) first. For one pixel,
#
# $$ L_{\text{BCE}} = x \ln (1 + e^{-s}) + (1 - x) \ln (1 + e^{s}) = \ln (1 + e^{s}) - x s, \qquad \frac{\partial L_{\text{BCE}}}{\partial s} = \frac{e^s}{1 + e^s} - x = \hat x - x. \tag{2.18} $$
#
# This form never takes the logarithm of 0, so it needs no clipping. Written as $\max(s, 0) - x s + \ln(1 + e^{-|s|})$,
# it does not overflow either; `np.logaddexp(0, s)` does that for you. Keras uses it on the TensorFlow backend when it
# finds a sigmoid in front of the loss.
#
# With squared error nothing cancels against a sigmoid, and a linear output has $h' = 1$:
#
# $$ \delta^{(K)}_j = 2 (\hat x_j - x_j)\, \hat x_j (1 - \hat x_j) \qquad \text{(squared error, sigmoid),} \tag{2.19} $$
#
# $$ \delta^{(K)}_j = 2 (\hat x_j - x_j) \qquad \text{(squared error, linear).} \tag{2.20} $$
#
# The difference between (2.17) and (2.19) shows most where an output is badly wrong. Draw both for a white pixel,
# $x = 1$, over the pre-activation $s$.
#
# > **Predict first.** The pre-activation is $-8$, so the output is almost black although the pixel is white. Which of
# > the two losses hardly corrects it?

# %% mystnb={"image": {"alt": "Two curves against the pre-activation for a white pixel. Under binary cross-entropy the gradient is about minus one on the far left and rises to zero on the right. Under squared error it is close to zero on both sides, with a shallow dip between minus four and two."}}
s = np.linspace(-10, 10, 201)
out = sigmoid(s)
plots.curves(
    {"binary cross-entropy (2.17)": out - 1, "squared error (2.19)": 2 * (out - 1) * out * (1 - out)},
    x=s, title="Gradient at the output for a white pixel", xlabel="pre-activation s", ylabel="dL/ds",
)  # fmt: skip

# %% [markdown]
# On the left the output is wrong and certain. BCE pulls at full strength there. Squared error through a sigmoid hardly
# pulls at all: the output is *saturated*, and (2.19) multiplies its error by a slope near zero. This is a practical
# reason to pair a sigmoid output with BCE.
#
# ### The hidden layers, decoder and encoder alike
#
# $s^{(\ell)}$ acts on the loss through every $s^{(\ell+1)}_i$, and
# $s^{(\ell+1)}_i = \sum_j W^{(\ell+1)}_{ij} h_\ell(s^{(\ell)}_j) + b^{(\ell+1)}_i$. The chain rule sums over these
# paths:
#
# $$ \delta^{(\ell)}_j = \sum_i \frac{\partial L}{\partial s^{(\ell+1)}_i} \frac{\partial s^{(\ell+1)}_i}{\partial s^{(\ell)}_j} = h_\ell'(s^{(\ell)}_j) \sum_i W^{(\ell+1)}_{ij} \delta^{(\ell+1)}_i, \qquad \delta^{(\ell)} = \big(W^{(\ell+1)\mathsf{T}} \delta^{(\ell+1)}\big) \odot h_\ell'(s^{(\ell)}). \tag{2.21} $$
#
# $\odot$ multiplies entry by entry. For ReLU,
#
# $$ h'(s) = 1 \ \text{ if } s > 0, \qquad h'(s) = 0 \ \text{ if } s < 0; \tag{2.22} $$
#
# at the kink $s = 0$ the derivative does not exist, and the usual choice is 0. A ReLU unit that is off for an image
# passes no gradient on for that image.
#
# ### Weights and biases
#
# $W^{(\ell)}_{jk}$ occurs only in $s^{(\ell)}_j = \sum_k W^{(\ell)}_{jk} a^{(\ell-1)}_k + b^{(\ell)}_j$, so
#
# $$ \frac{\partial L}{\partial W^{(\ell)}_{jk}} = \delta^{(\ell)}_j \, a^{(\ell-1)}_k, \qquad \frac{\partial L}{\partial W^{(\ell)}} = \delta^{(\ell)} a^{(\ell-1)\mathsf{T}}, \qquad \frac{\partial L}{\partial b^{(\ell)}} = \delta^{(\ell)}. \tag{2.23} $$
#
# Put together for the smallest autoencoder, (2.1) and (2.2), with $s = Wx + b$, sigmoid output and BCE, from the
# decoder to the encoder ($h$ is the encoder's activation, $\sigma$ in (2.1), and $h'$ its derivative; on all other
# letters the prime still means "decoder"):
#
# $$ \delta' = \hat x - x, \quad \frac{\partial L}{\partial W'} = \delta' z^{\mathsf{T}}, \quad \frac{\partial L}{\partial b'} = \delta', \quad \delta = (W'^{\mathsf{T}} \delta') \odot h'(s), \quad \frac{\partial L}{\partial W} = \delta x^{\mathsf{T}}, \quad \frac{\partial L}{\partial b} = \delta. \tag{2.24} $$
#
# ### In NumPy
#
# Code stores a batch of images as the *rows* of a matrix, and Keras stores a layer's weights as (inputs, outputs), the
# transpose of $W$. Row by row, (2.14) becomes $S = A W^{\mathsf{T}} + b$. Call the stored matrix a *kernel*; then a
# layer is `values @ kernel + bias`. The parameters are a list `[kernel, bias, kernel, bias, …]`, in Keras's order.
# Derivatives are written in terms of the activation's value, as in (2.16).

# %%
ACTIVATIONS = {"sigmoid": sigmoid, "relu": lambda s: np.maximum(s, 0), "linear": lambda s: s}
SLOPES = {"sigmoid": lambda a: a * (1 - a), "relu": lambda a: a > 0, "linear": np.ones_like}


def forward(parameters, activations, x):
    """The values of every layer for a batch of images (2.14): [x, ..., x_hat]."""
    values = [x]
    for kernel, bias, activation in zip(parameters[::2], parameters[1::2], activations, strict=True):
        values.append(ACTIVATIONS[activation](values[-1] @ kernel + bias))
    return values


def backward(parameters, activations, values, delta):
    """The gradient of every parameter, from the output layer's delta; summed over the batch."""
    gradients = []
    for layer in reversed(range(len(activations))):
        gradients = [values[layer].T @ delta, delta.sum(axis=0), *gradients]  # (2.23)
        if layer > 0:
            delta = (delta @ parameters[2 * layer].T) * SLOPES[activations[layer - 1]](values[layer])  # (2.21)
    return gradients


# %% [markdown]
# `values[layer].T @ delta` adds up (2.23) over the batch. To get the gradient of an average, divide `delta` by the
# number of terms before you hand it in; everything after it is linear in `delta`. The output layer's delta is (2.17),
# (2.19) or (2.20):

# %%
OUTPUT_DELTAS = {
    ("binary_crossentropy", "sigmoid"): lambda x, x_hat: x_hat - x,  # (2.17)
    ("squared_error", "sigmoid"): lambda x, x_hat: 2 * (x_hat - x) * x_hat * (1 - x_hat),  # (2.19)
    ("squared_error", "linear"): lambda x, x_hat: 2 * (x_hat - x),  # (2.20)
}


def gradients_of(parameters, activations, x, loss):
    """The gradient of the loss averaged over pixels and images, as Keras averages it."""
    values = forward(parameters, activations, x)
    delta = OUTPUT_DELTAS[loss, activations[-1]](x, values[-1])
    return backward(parameters, activations, values, delta / x.size)


# %% [markdown]
# ## Checked against central differences
#
# A network can train on a wrong gradient, only worse. So check the gradient. The *central difference*, a kind of
# [finite difference](glossary.md#finite-differences),
#
# $$ \frac{\partial J}{\partial w} \approx \frac{J(w + \Delta) - J(w - \Delta)}{2 \Delta} \tag{2.25} $$
#
# with a small step $\Delta$ knows nothing of the chain rule. Its error has two parts: the cubic term of the Taylor
# series, which after the division leaves an error proportional to $\Delta^2$, and the rounding of $J$, which the
# division magnifies to something proportional to $1/\Delta$. To keep the second small, the check runs in float64.
#
# A check on chapter 1's model would take two forward passes for each of its 218,192 parameters. The formulas do not
# depend on the sizes, so take a network of 100-12-4-12-100 and the middle 10 × 10 pixels of five digits, and check
# **every** parameter.


# %%
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


def start(sizes, rng, dtype=np.float64):
    """Glorot uniform kernels and zero biases, as Keras starts."""
    parameters = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True):
        limit = np.sqrt(6 / (n_in + n_out))
        parameters += [rng.uniform(-limit, limit, (n_in, n_out)).astype(dtype), np.zeros(n_out, dtype)]
    return parameters


# %% [markdown]
# Four networks cover every formula: ReLU and sigmoid hidden layers, both losses, and all three output deltas. Random
# numbers are added to all parameters, so that the biases are not zero and their part is tested at a general point. The
# error of an array is its largest deviation, relative to the largest gradient in the array: an entry that happens to be
# near zero has no accurate digits in a finite difference, so dividing by it would measure rounding.

# %%
small_digits = data.as_images(mnist.x_train[:5])[:, 9:19, 9:19].reshape(5, 100).astype(np.float64)


def check_network(hidden, output, loss, step=1e-4):
    """The largest relative error of each parameter array, and the distance of the ReLUs from their kink."""
    rng = np.random.default_rng(SEED)
    activations = (hidden, hidden, hidden, output)
    parameters = [array + rng.normal(0, 0.2, array.shape) for array in start((100, 12, 4, 12, 100), rng)]

    def objective():
        x_hat = forward(parameters, activations, small_digits)[-1]
        return getattr(losses, loss)(small_digits, x_hat).sum() / small_digits.size

    gradients = gradients_of(parameters, activations, small_digits, loss)
    numerical = [central_differences(objective, array, step) for array in parameters]
    errors = [np.abs(g - d).max() / np.abs(d).max() for g, d in zip(gradients, numerical, strict=True)]
    layer_inputs = forward(parameters, activations, small_digits)[:3]
    preactivations = [a @ k + b for a, k, b in zip(layer_inputs, parameters[:6:2], parameters[1:6:2], strict=True)]
    return errors, min(np.abs(s).min() for s in preactivations)


# %% [markdown]
# A central difference that steps across a ReLU's kink compares two different straight lines. So the function also
# returns how close any hidden pre-activation comes to zero: that distance must be large against the step
# $\Delta = 10^{-4}$.

# %%
networks = {
    "ReLU, sigmoid, BCE": ("relu", "sigmoid", "binary_crossentropy"),
    "sigmoid, sigmoid, BCE": ("sigmoid", "sigmoid", "binary_crossentropy"),
    "ReLU, sigmoid, squared error": ("relu", "sigmoid", "squared_error"),
    "ReLU, linear, squared error": ("relu", "linear", "squared_error"),
}
checked = {name: check_network(*network) for name, network in networks.items()}
arrays = [f"{kind} {layer}" for layer in (1, 2, 3, 4) for kind in ("kernel", "bias")]
gradient_errors = pd.DataFrame({name: errors for name, (errors, _) in checked.items()}, index=arrays)
kink_margin = min(margin for name, (_, margin) in checked.items() if name.startswith("ReLU"))
print(f"largest relative error of all: {gradient_errors.max().max():.1e}")
print(f"ReLU pre-activations stay away from their kink by {kink_margin:.1e}")
gradient_errors.map("{:.0e}".format)

# %% [markdown]
# Every array of every network agrees to better than one part in a million. What remains is the finite difference's own
# error, as you can see by changing the step.
#
# > **Predict first.** Make $\Delta$ a hundred times smaller. Does the agreement get better or worse?

# %% mystnb={"image": {"alt": "Largest relative error against the step, both axes logarithmic: a V. From large steps the error falls as the step shrinks, reaches its least value in the middle, and rises again as the step shrinks further."}}
steps = 10.0 ** np.arange(-9, -0.9)
by_step = [max(check_network("sigmoid", "sigmoid", "binary_crossentropy", step)[0]) for step in steps]
plots.curves(
    {"sigmoid, sigmoid, BCE": by_step}, x=steps, log_x=True, log_y=True,
    title="The check's own error", xlabel="step Δ", ylabel="largest relative error",
)  # fmt: skip

# %% [markdown]
# Worse. On the right branch the Taylor term dominates and a smaller step helps; on the left branch rounding dominates
# and a smaller step hurts. A wrong formula looks different: its error stays where it is whatever the step.

# %% [markdown]
# ## Two optimisers
#
# Computing the gradient over all $N$ images for a single step would be a waste: the gradient of a few hundred images
# points in nearly the same direction. Draw a random [batch](glossary.md#batch) $B_t$ at step $t$, and let $w$ stand for
# all parameters:
#
# $$ g_t = \frac{1}{|B_t|} \sum_{i \in B_t} \nabla_w L\big(x^{(i)}, \hat x^{(i)}\big). \tag{2.26} $$
#
# [Stochastic gradient descent](glossary.md#stochastic-gradient-descent), SGD, takes a step against it, scaled by a
# [learning rate](glossary.md#learning-rate) $\eta$:
#
# $$ w_{t} = w_{t-1} - \eta \, g_t. \tag{2.27} $$
#
# [Adam](glossary.md#adam) keeps running means of the gradient and of its square, and scales each parameter's step by
# them (this $m_t$ has nothing to do with the code size $m$):
#
# $$ m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2, \qquad m_0 = v_0 = 0, \tag{2.28} $$
#
# $$ \eta_t = \eta \, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}, \qquad w_{t} = w_{t-1} - \eta_t \, \frac{m_t}{\sqrt{v_t} + \epsilon}. \tag{2.29} $$
#
# All operations are entry by entry; usual values are $\eta = 0.001$, $\beta_1 = 0.9$, $\beta_2 = 0.999$. The fraction
# in $\eta_t$ undoes the start from zero. At the first step $m_1 = 0.1\, g_1$ and $v_1 = 0.001\, g_1^2$, so every
# parameter whose gradient is not zero moves by $\eta$, up or down, however large its gradient is, as long as $\epsilon$
# is small beside $\sqrt{v_1}$. $\epsilon$ prevents a division by zero; Keras takes $10^{-7}$.
#
# > **Note.** [Kingma and Ba (2015)](references.md#kingma-and-ba-2015) correct $m_t$ and $v_t$ first in their Algorithm
# > 1 and add $\epsilon$ afterwards. (2.29) is the form given just before their section 2.1, and the one Keras uses.
# > Only $\epsilon$ differs: the one here is theirs times $\sqrt{1 - \beta_2^t}$.


# %%
class SGD:
    """Stochastic gradient descent (2.27)."""

    def __init__(self, rate):
        self.rate = rate

    def step(self, parameters, gradients):
        for array, gradient in zip(parameters, gradients, strict=True):
            array -= self.rate * gradient


# %%
class Adam:
    """Adam (2.28), (2.29)."""

    def __init__(self, rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.rate, self.beta_1, self.beta_2, self.epsilon = rate, beta_1, beta_2, epsilon
        self.t = 0

    def step(self, parameters, gradients):
        if self.t == 0:
            self.m, self.v = ([np.zeros_like(array) for array in parameters] for _ in range(2))
        self.t += 1
        rate = self.rate * (1 - self.beta_2**self.t) ** 0.5 / (1 - self.beta_1**self.t)
        for array, gradient, m, v in zip(parameters, gradients, self.m, self.v, strict=True):
            m += (1 - self.beta_1) * (gradient - m)
            v += (1 - self.beta_2) * (gradient**2 - v)
            array -= rate * m / (np.sqrt(v) + self.epsilon)


# %% [markdown]
# Now the factor of 784 again. Train a small network for ten steps on the mean over pixels, and from the same start on
# the sum.
#
# > **Predict first.** How much further do the parameters move with the sum: under SGD, and under Adam?


# %%
def distance_moved(optimizer, factor, steps=10):
    """How far ten steps take the parameters, when every gradient is multiplied by a factor."""
    parameters = start((784, 32, 784), np.random.default_rng(SEED))
    before = [array.copy() for array in parameters]
    for step in range(steps):
        x = split.x_train[256 * step : 256 * (step + 1)].astype(np.float64)
        gradients = gradients_of(parameters, ("relu", "sigmoid"), x, "binary_crossentropy")
        optimizer.step(parameters, [factor * gradient for gradient in gradients])
    return np.sqrt(sum(np.square(a - b).sum() for a, b in zip(parameters, before, strict=True)))


# %%
factors = {"mean over pixels": 1, "sum over pixels": 784}
moved = pd.DataFrame(
    {
        name: {
            "SGD, rate 0.001": distance_moved(SGD(0.001), factor),
            "Adam, rate 0.001": distance_moved(Adam(), factor),
        }
        for name, factor in factors.items()
    }
)
moved["sum / mean"] = moved["sum over pixels"] / moved["mean over pixels"]
moved.map("{:.3g}".format)

# %% [markdown]
# SGD moves hundreds of times as far: its rate means nothing unless you say whether the loss is a sum or a mean. Adam
# moves nearly the same distance, because $m_t$ and $\sqrt{v_t}$ grow by the same factor and cancel. Only $\epsilon$
# does not scale.

# %% [markdown]
# ## Step for step with Keras
#
# Backpropagation checked against differences says that the gradient is right. Is it also what Keras does? Give NumPy
# and Keras the model drawn in chapter 1, 784-128-64-128-784 (`SEED_MODEL` lists its activations), with the same initial
# weights, the same batches and the same optimiser, and compare after every step. Keras calculates in float32 unless
# told otherwise; in float64 a disagreement cannot hide behind rounding.

# %%
SEED_MODEL = ("relu", "relu", "relu", "sigmoid")


def unclipped_loss(parameters, x):
    """Binary cross-entropy from the last pre-activation (2.18), averaged over pixels and images."""
    s = forward(parameters, (*SEED_MODEL[:3], "linear"), x)[-1]
    return (np.logaddexp(0, s) - x * s).mean()


# %%
def follow_keras(ours, theirs, steps=80):
    """Losses of both before each step, and the largest difference between their parameters after the last."""
    model = models.dense_autoencoder(latent_dim=64, hidden=(128,), seed=SEED)
    model.compile(optimizer=theirs, loss="binary_crossentropy", jit_compile=False)
    parameters = [np.array(array) for array in model.get_weights()]
    rng = np.random.default_rng(SEED)
    pairs = []
    for _ in range(steps):
        x = split.x_train[rng.choice(len(split.x_train), 256, replace=False)].astype(np.float64)
        our_loss = unclipped_loss(parameters, x)
        ours.step(parameters, gradients_of(parameters, SEED_MODEL, x, "binary_crossentropy"))
        pairs.append((our_loss, model.train_on_batch(x, x)))
    distance = max(np.abs(a - b).max() for a, b in zip(parameters, model.get_weights(), strict=True))
    return np.array(pairs), distance


# %%
keras.config.set_floatx("float64")
exact = {"beta_1": 1 - 2**-3, "beta_2": 1 - 2**-10}
followed = {
    "SGD": follow_keras(SGD(1.0), keras.optimizers.SGD(1.0)),
    "Adam, usual β": follow_keras(Adam(0.001), keras.optimizers.Adam(0.001)),
    "Adam, exact β": follow_keras(Adam(0.001, **exact), keras.optimizers.Adam(0.001, **exact)),
}
keras.config.set_floatx("float32")
columns = ["NumPy, first loss", "Keras, first loss", "NumPy, last loss", "Keras, last loss"]
agreement = pd.DataFrame({name: pairs[[0, -1]].ravel() for name, (pairs, _) in followed.items()}, index=columns).T
for name, (_, distance) in followed.items():
    print(f"{name:13}  largest difference of any weight or bias after the last step: {distance:.1e}")
agreement.round(7)

# %% mystnb={"image": {"alt": "Absolute difference between the NumPy and the Keras loss over 80 steps on a logarithmic axis. The lines of SGD and of Adam with exact betas stay near float64 rounding. The line of Adam with the usual betas jumps up at the second step and stays many orders of magnitude above them, though still far below the loss."}}
gaps = {name: np.maximum(np.abs(pairs[:, 0] - pairs[:, 1]), 1e-17) for name, (pairs, _) in followed.items()}
plots.curves(
    gaps, log_y=True, title="NumPy and Keras from the same start on the same batches", xlabel="step",
    ylabel="|difference of the losses|",
)  # fmt: skip

# %% [markdown]
# The loss falls to less than half of its first value, and meanwhile NumPy and Keras with SGD stay within $10^{-12}$ of
# each other, in the loss and in every single weight. (An exact zero is drawn at $10^{-17}$.)
#
# Adam with its usual $\beta$ agrees too, but only to a few digits of the loss (some weight ends several times the
# learning rate apart), and the gap is there after the first update. This is
# no error in (2.29). On the TensorFlow backend Keras passes $\beta_1$ and $\beta_2$ through float32 before it computes
# $1 - \beta^t$, even in a float64 model, and the float32 number nearest to 0.999 is off in the eighth digit. In
# $1 - \beta_2$, which is 0.001, that is the fifth digit. From there the gap grows, as small differences do along a path
# of many steps. The third run tests the cause: $\beta_1 = 1 - 2^{-3}$ and $\beta_2 = 1 - 2^{-10}$ are exact in float32,
# and the gap is gone.
#
# So every update that `model.fit` makes to this network is one you can now compute yourself; and a comparison in
# float64 finds even a rounded constant.

# %% [markdown]
# ## The NumPy autoencoder, trained
#
# Now train it properly: the same model, on the 50,000 training images that remain when 10,000 are set aside as
# [validation images](glossary.md#validation-images), by which settings are chosen. For speed this section calculates in
# float32. The loop is short.

# %%
curve_images = split.x_validation[:2000]


def train(optimizer, steps, batch_size=256):
    """Train the seed model from its usual start; return its parameters and validation losses every 20 steps."""
    rng = np.random.default_rng(SEED)
    parameters = start((784, 128, 64, 128, 784), rng, np.float32)
    x_train, curve = split.x_train, []
    for step in range(steps):
        if step % (len(x_train) // batch_size) == 0:  # a new epoch: a new order
            order, position = rng.permutation(len(x_train)), 0
        batch = x_train[order[position : position + batch_size]]
        position += batch_size
        optimizer.step(parameters, gradients_of(parameters, SEED_MODEL, batch, "binary_crossentropy"))
        if (step + 1) % 20 == 0:
            x_hat = forward(parameters, SEED_MODEL, curve_images)[-1]
            curve.append(metrics.mean_binary_crossentropy(curve_images, x_hat) if np.isfinite(x_hat).all() else np.nan)
    return parameters, curve


# %% [markdown]
# Each optimiser needs a learning rate, and a comparison is fair only if both get a good one. Choose it by a short run
# each, on the first 2,000 validation images, which the curves below use too. Keras's defaults are among the candidates:
# 0.01 for SGD, 0.001 for Adam.

# %%
rates = {SGD: (0.01, 0.1, 1.0, 10.0, 100.0), Adam: (0.0001, 0.001, 0.01, 0.1)}
with np.errstate(over="ignore", invalid="ignore"):  # a rate that is too high overflows
    rate_trials = pd.DataFrame(
        [(kind.__name__, rate, train(kind(rate), steps=100)[1][-1]) for kind in rates for rate in rates[kind]],
        columns=["optimiser", "rate", "validation loss after 100 steps"],
    )
chosen = rate_trials.loc[rate_trials.groupby("optimiser")["validation loss after 100 steps"].idxmin()]
chosen_rate = dict(zip(chosen["optimiser"], chosen["rate"], strict=True))
print("chosen:", chosen_rate)
rate_trials.round(4)

# %% [markdown]
# With Keras's default rate SGD has hardly left its start at $\ln 2$, the loss of an output that is 0.5 everywhere. The
# gradient of a mean over 784 pixels is small, so SGD needs a rate of a size that would look absurd elsewhere. A rate
# that is too high ruins either: NaN means that the weights overflowed. Now the long runs, about five epochs each.
#
# > **Predict first.** With the best rate of each, which optimiser is ahead at the end? Does the other one catch up?

# %% mystnb={"image": {"alt": "Validation loss against training step for SGD and Adam, with dashed and dotted horizontal lines for the mean image and the floor. Both curves fall steeply at first and drop below the mean image; Adam's lies below SGD's at the end, and both are still above the floor."}}
LONG = 1000
trained = {"SGD": train(SGD(chosen_rate["SGD"]), LONG), "Adam": train(Adam(chosen_rate["Adam"]), LONG)}
validation_floor = losses.pixel_entropy(curve_images).mean() / 784
validation_mean_image = metrics.mean_binary_crossentropy(curve_images, mean_image.reconstruct(curve_images))
plots.curves(
    {f"{name}, rate {chosen_rate[name]:g}": curve for name, (_, curve) in trained.items()},
    x=np.arange(20, LONG + 1, 20), references={"mean image": validation_mean_image, "floor": validation_floor},
    title="The NumPy autoencoder on validation images", xlabel="step (batch of 256)", ylabel="binary cross-entropy",
)  # fmt: skip

# %%
pca_64 = baselines.PCACodec(64).fit(split.x_train)
reconstructions = {name: forward(parameters, SEED_MODEL, mnist.x_test)[-1] for name, (parameters, _) in trained.items()}
rows = {"original": mnist.x_test, **reconstructions, "PCA, 64": pca_64.reconstruct(mnist.x_test)}
rows["mean image"] = mean_image.reconstruct(mnist.x_test)
test_table = pd.DataFrame(
    {
        "binary cross-entropy": [metrics.mean_binary_crossentropy(mnist.x_test, x_hat) for x_hat in rows.values()],
        "mean squared error": [metrics.mean_squared_error(mnist.x_test, x_hat).mean() for x_hat in rows.values()],
    },
    index=rows,
).rename(index={"original": "original (the floor)"})
test_table.round(4)

# %% mystnb={"image": {"alt": "Ten test digits in four rows: the originals, the reconstructions of the network trained with SGD, those of the network trained with Adam, and PCA with 64 components. All are recognisable; the SGD row is blurrier than the Adam row, and the PCA row has faint grey ripples around the strokes."}}
shown = {name: rows[name][:10] for name in ("original", "SGD", "Adam", "PCA, 64")}
plots.image_rows(shown, title="Test digits, rebuilt from 64 numbers")

# %% [markdown]
# Both networks leave the mean image far behind, and Adam leaves SGD behind. SGD does not stand still: its curve goes on
# falling and narrows the gap, but does not close it in these steps. A likely reason for the lead is that Adam sets the
# step size of each parameter by itself. One seed and a coarse grid of rates do not prove it. After these few epochs
# Adam's network does better than PCA with 64 components in BCE. (PCA's pixels are clipped to [0, 1], and BCE charges
# dearly where a 0 should have been grey.) In squared error PCA, which is made to minimise it, is still ahead; [chapter
# 3](03_dense_autoencoder.ipynb) trains on.

# %% [markdown]
# ## The linear autoencoder and PCA
#
# Take the activation functions away. What is left, the [linear autoencoder](glossary.md#linear-autoencoder), can be
# solved on paper, so you can see what training finds and compare it with the truth.
#
# Let $\bar x$ be the mean training image. Work with centred images $x - \bar x$; then no biases are needed, and the
# autoencoder is a product of two matrices, $W$ ($m \times n$) and $V$ ($n \times m$):
#
# $$ \hat x - \bar x = V W (x - \bar x). \tag{2.30} $$
#
# With the covariance matrix $C = \frac{1}{N} \sum_i (x^{(i)} - \bar x)(x^{(i)} - \bar x)^{\mathsf{T}}$, the summed
# squared error, averaged over images, becomes (tr, the *trace*, adds up a matrix's diagonal)
#
# $$ J(W, V) = \frac{1}{N} \sum_i \lVert (I - VW)(x^{(i)} - \bar x) \rVert^2 = \operatorname{tr}\big[ (I - VW)\, C\, (I - VW)^{\mathsf{T}} \big]. \tag{2.31} $$
#
# The images enter through $C$ alone. Fifty thousand of them cost no more than one 784 × 784 matrix, and every step can
# use them all. Multiplied out, $J = \operatorname{tr} C - 2 \operatorname{tr}(VWC) +
# \operatorname{tr}(VWCW^{\mathsf{T}}V^{\mathsf{T}})$, and its derivatives are
#
# $$ \frac{\partial J}{\partial V} = 2\, (VW - I)\, C\, W^{\mathsf{T}}, \qquad \frac{\partial J}{\partial W} = 2\, V^{\mathsf{T}} (VW - I)\, C. \tag{2.32} $$
#
# *Principal component analysis*, [PCA](glossary.md#pca), takes the orthonormal eigenvectors $u_1, u_2, \dots$ of $C$,
# in order of their eigenvalues $\lambda_1 \ge \lambda_2 \ge \dots$, and keeps the first $m$ as the columns of $U_m$.
# Its reconstruction is the orthogonal projection $U_m U_m^{\mathsf{T}}$, and its summed squared error is what the
# discarded eigenvalues add up to. [Baldi and Hornik (1989)](references.md#baldi-and-hornik-1989) proved that this is
# also the best that (2.30) can do,
#
# $$ \min_{W, V} J = \sum_{j > m} \lambda_j, \qquad \text{reached for } V W = U_m U_m^{\mathsf{T}} \text{ on the images,} \tag{2.33} $$
#
# and that, for a $C$ of full rank with distinct eigenvalues, $J$ has no other minima: every other point with zero
# gradient is a saddle. Our $C$ does not have full rank, because some pixels never vary; the statement then holds for
# the space of directions in which the images vary, and says nothing about $W$ outside it. [Bourlard and Kamp
# (1988)](references.md#bourlard-and-kamp-1988) had derived the optimum for a linear output from a singular value
# decomposition, and argued that nonlinear units in a single hidden layer gain nothing over it.
#
# But $V W$ fixes neither $V$ nor $W$. For every invertible $m \times m$ matrix $A$,
#
# $$ V W = (V A^{-1}) (A W), \tag{2.34} $$
#
# so the loss cannot tell a code from any mixture of its numbers.
#
# > **Predict first.** You train (2.30) with $m = 16$. Will the columns of $V$ be the first 16 principal components?
# > Will they span the same 16-dimensional space?

# %%
centred = split.x_train.astype(np.float64) - split.x_train.mean(axis=0, dtype=np.float64)
C = centred.T @ centred / len(centred)
eigenvalues, eigenvectors = np.linalg.eigh(C)
eigenvalues, U = eigenvalues[::-1], eigenvectors[:, ::-1]


def linear_gradients(W, V):
    """(2.32), without forming VW: two thin products are cheaper than a 784 × 784 one."""
    WC = W @ C
    return [2 * ((V.T @ V) @ WC - V.T @ C), 2 * (V @ (WC @ W.T) - WC.T)]


# %% [markdown]
# Are (2.32) and backpropagation the same gradient? Let `gradients_of` go through all the images, as a network with two
# linear layers, and compare. It works on kernels, which are transposes, and averages over pixels, hence the 784.

# %%
m = 16
rng = np.random.default_rng(SEED)
W, V = rng.normal(0, 784**-0.5, (m, 784)), rng.normal(0, 784**-0.5, (784, m))
network = [W.T.copy(), np.zeros(m), V.T.copy(), np.zeros(784)]
by_backpropagation = gradients_of(network, ("linear", "linear"), centred, "squared_error")
by_covariance = linear_gradients(W, V)
linear_gap = max(
    np.abs(784 * by_backpropagation[0].T - by_covariance[0]).max() / np.abs(by_covariance[0]).max(),
    np.abs(784 * by_backpropagation[2].T - by_covariance[1]).max() / np.abs(by_covariance[1]).max(),
)
print(f"relative difference of the two gradients: {linear_gap:.1e}")

# %% [markdown]
# Train with your own Adam, on all the images at every step, with a rate that falls to zero along a cosine.


# %%
def linear_error(W, V):
    """Summed squared error of the linear autoencoder, averaged over the training images (2.31)."""
    rest = np.eye(len(C)) - V @ W
    return np.sum((rest @ C) * rest)


W_start, V_start = W.copy(), V.copy()
optimizer, linear_steps = Adam(), 1000
for step in range(linear_steps):
    optimizer.rate = 0.01 * 0.5 * (1 + np.cos(np.pi * step / linear_steps))
    optimizer.step([W, V], linear_gradients(W, V))
error_ratio = linear_error(W, V) / eigenvalues[m:].sum()
print(f"summed squared error, linear autoencoder  {linear_error(W, V):.6f}")
print(f"discarded eigenvalues, (2.33)             {eigenvalues[m:].sum():.6f}")
print(f"ratio minus one                           {error_ratio - 1:.1e}")

# %% [markdown]
# The error is PCA's to better than one part in a hundred thousand. Now the geometry. The
# [principal angles](glossary.md#principal-angles) between two subspaces are all 0° if the subspaces are the same and
# reach 90° if one holds a direction that is perpendicular to all of the other. Take the largest of the 16.


# %%
def largest_angle(first, second):
    """The largest principal angle between the spaces that two matrices' columns span, in degrees."""
    return float(np.degrees(subspace_angles(first, second)).max())


axes = V / np.linalg.norm(V, axis=0)
cosines = np.abs(axes.T @ U[:, :m])
angles = pd.Series(
    {
        "decoder columns V, before training": largest_angle(V_start, U[:, :m]),
        "decoder columns V": largest_angle(V, U[:, :m]),
        "codes of the training images": largest_angle(centred @ W.T, centred @ U[:, :m]),
        "encoder rows W": largest_angle(W.T, U[:, :m]),
    },
    name="largest angle to PCA's, in degrees",
)
angles.to_frame().round(3)

# %% mystnb={"image": {"alt": "A 16 by 16 table of absolute cosines between decoder columns and principal components. The values are scattered over the whole table, with no bright diagonal: no decoder column coincides with a component."}}
names = range(1, m + 1)
plots.heatmap(
    cosines, row_labels=names, column_labels=names, number_format="{:.1f}", colour_label="|cosine|",
    title="Same space, other axes", xlabel="principal component", ylabel="decoder column",
)  # fmt: skip

# %% mystnb={"image": {"alt": "Two rows of eight red and blue pictures. Above, the first eight principal components: the first is a ring, and the patterns get finer to the right. Below, eight decoder columns: mixtures of such patterns, none of them equal to a picture above."}}
pictures = np.vstack([U[:, :8].T, axes[:, :8].T])
plots.weight_images(pictures, columns=8, title="Above: principal components. Below: decoder columns")

# %% [markdown]
# The decoder's columns span PCA's space to a small fraction of a degree. Each code unit, read over all images, is a
# vector of 50,000 numbers; the 16 of them span almost exactly the space of PCA's 16 codes $u_j^{\mathsf{T}} (x - \bar
# x)$, so either code can be computed linearly from the other. The axes are different: no column of $V$ is a principal
# component, each mixes many of them, as (2.34) allows. Which mixture you get depends on the start.
#
# The last row of the table may surprise you: the encoder's rows do *not* lie in PCA's space. (2.33) says "on the
# images". A pixel that is black in every training image stays at 0 after centring; the encoder's weights on it never
# receive a gradient and stay where they started. They do no harm there, since they are always multiplied by 0. (The
# decoder's weights for such a pixel do receive a gradient, and go to zero.) Count the pixels whose encoder weights
# never moved, and measure the angle once more without them; then without the pixels whose standard deviation is below
# 0.01, which carry hardly any ink in all the images together.

# %%
constant = C.diagonal() == 0
untouched = np.all(W_start == W, axis=0)
print(f"pixels that never vary in training images       {constant.sum()}")
print(f"pixels whose encoder weights never moved        {untouched.sum()}")
print(f"the same pixels?                                {bool((constant == untouched).all())}")
print(f"largest decoder weight for them                 {np.abs(V[constant]).max():.0e}")
varied = np.sqrt(C.diagonal()) >= 0.01
kept_pixels = {"that vary": ~constant, "that vary enough": varied}
encoder_angles = {name: largest_angle(W[:, kept].T, U[kept, :m]) for name, kept in kept_pixels.items()}
for name, angle in encoder_angles.items():
    print(f"angle of the encoder's rows, pixels {name:16}  {angle:4.1f}°")

# %% [markdown]
# So it is the pixels that say next to nothing about the images which turn the encoder's rows out of PCA's space: some
# never had a gradient, others a faint one. On the rest the rows lie close to it.

# %% [markdown]
# ## Is a bottleneck strictly needed?
#
# Make the code *larger* than the image, an [overcomplete](glossary.md#overcomplete) autoencoder. Take 1,000 code units,
# and for $W$ any matrix with orthonormal columns. Then $V = W^{\mathsf{T}}$ gives $V W = I$, the identity.
#
# > **Predict first.** Its reconstruction error on digits is 0. What is it on pure noise?
#
# Noise and digits differ in size. So divide each error by the mean image's: 1 means no better than the mean image.

# %%
W_wide, _ = np.linalg.qr(np.random.default_rng(SEED).normal(size=(1000, 784)))
noise_images = np.random.default_rng(SEED).random((100, 784))
error_left = {}
for name, images in {"digits": mnist.x_test[:100], "noise": noise_images}.items():
    from_mean = images - mean_image.mean_
    rest = {
        "1,000 code units": images @ W_wide.T @ W_wide - images,
        "16 code units (PCA)": from_mean @ U[:, :m] @ U[:, :m].T - from_mean,
    }
    error_left[name] = {code: np.square(part).sum() / np.square(from_mean).sum() for code, part in rest.items()}
pd.DataFrame(error_left)

# %% [markdown]
# Zero to rounding, on both. By (2.4) this network is perfect, and it was not even trained: it knows nothing about
# digits, its code is no summary, and noise passes through it like anything else. The code of 16 numbers leaves less
# than half of the mean image's error on digits, and most of it on noise. That difference is what it has learned.
#
# So *something* must forbid the identity. A bottleneck is one way. It is not the only one. Add noise $\nu$ to the
# input, of mean zero and variance $\tau^2$, independent for each pixel and of the image, and ask for the clean image.
# For a linear map $M$ of any rank, in place of $VW$, and $\mathbb{E}$ now the mean over images and noise:
#
# $$ J(M) = \mathbb{E} \lVert M (x - \bar x + \nu) - (x - \bar x) \rVert^2 = \operatorname{tr}\big[ (M - I)\, C\, (M - I)^{\mathsf{T}} \big] + \tau^2 \operatorname{tr}\big[ M M^{\mathsf{T}} \big]. \tag{2.35} $$
#
# Setting the derivative $2 (M - I) C + 2 \tau^2 M$ to zero gives
#
# $$ M = C\, (C + \tau^2 I)^{-1} = \sum_j \frac{\lambda_j}{\lambda_j + \tau^2}\, u_j u_j^{\mathsf{T}}. \tag{2.36} $$
#
# The identity is no longer the answer, although nothing is narrow. Along a component that varies much more than the
# noise, $M$ passes the image on; along one that varies much less, it suppresses it. Draw the factors beside those of a
# bottleneck, which are 1 or 0.

# %% mystnb={"image": {"alt": "Factor on each of the first 100 principal components. The bottleneck of 16 is a step from one to zero after component 16. The three denoising curves slope down gently from near one; the stronger the noise, the sooner they fall."}}
factors = {f"noise, τ = {tau:g}": eigenvalues[:100] / (eigenvalues[:100] + tau**2) for tau in (0.1, 0.3, 0.5)}
factors["bottleneck of 16"] = (np.arange(1, 101) <= 16).astype(float)
plots.curves(factors, title="What passes: noise as a soft bottleneck", xlabel="principal component", ylabel="factor")

# %%
tau = 0.5
x = mnist.x_test.astype(np.float64) - mean_image.mean_
noise = np.random.default_rng(SEED).normal(0, tau, x.shape)
soft = U * (eigenvalues / (eigenvalues + tau**2)) @ U.T
maps = {"identity": np.eye(784), "bottleneck of 16 (PCA)": U[:, :16] @ U[:, :16].T, "made for noise (2.36)": soft}
cleaned = pd.DataFrame(
    {
        "clean input": {name: np.square(x @ M.T - x).mean() for name, M in maps.items()},
        "noise alone": {name: np.square(noise @ M.T).mean() for name, M in maps.items()},
        "noisy input": {name: np.square((x + noise) @ M.T - x).mean() for name, M in maps.items()},
    }
)
cleaned.round(4)

# %% [markdown]
# The first column is what a map loses of the digit, the second what it lets through of the noise; the error on noisy
# images is the sum of both. On noisy test images the identity keeps all the noise. The map derived from noise comes
# closest to the clean images, with a code as large as the image: it lets through more noise than the bottleneck, but
# loses less than half as much of the digit. On clean images the identity wins, by copying; the map made for noise still
# does better than the bottleneck of 16, because it keeps something of every component. **The objective decides what is
# learned; a bottleneck is one way to change the objective.** [Chapter 4](04_denoising.ipynb) does this with the
# nonlinear network. Another way, that of [chapter 9](09_sparse.ipynb), is to allow many code units but to charge for
# each that is active: a *sparse* autoencoder.

# %% [markdown]
# ## Summary
#
# | idea | what you saw |
# | --- | --- |
# | Objective | the average loss of reconstructions, (2.4); no labels in it |
# | BCE or squared error | both ask for the mean of a pixel that the code leaves open; they differ in floor, asymmetry, and the gradient of a saturated output |
# | Sum or mean | Keras's number is the sum divided by 784; SGD's rate must change with it, Adam's hardly |
# | Floor | a perfect reconstruction costs the entropy of its grey pixels, not zero |
# | Backpropagation | $\delta = \hat x - x$ at the output, then (2.21) and (2.23); agrees with central differences to better than one part in a million |
# | SGD and Adam | a few lines of NumPy, step for step what Keras does, up to Keras's rounding of β |
# | Linear autoencoder | PCA's error and PCA's space, but not its axes; encoder weights on constant pixels stay arbitrary |
# | Bottleneck | forbids the identity; noise or sparsity can do so too |
#
# ## Pitfalls
#
# - **Comparing a summed loss with a mean.** The numbers differ by a factor of 784, and so does SGD's best rate. The
#   symptom: a loss "of about 70", or SGD that hardly moves from $\ln 2$.
# - **Waiting for BCE to reach zero.** It cannot on grey pixels. Report the floor beside it.
# - **Exchanging target and reconstruction** in BCE. The symptom: a first loss of several nats per pixel where
#   $\ln 2 \approx 0.69$ is expected; training lowers it, and the reconstructions lose their greys.
# - **A gradient check at the wrong place or in float32.** Near a ReLU's kink, or with rounding of $10^{-7}$, a right
#   formula looks wrong.
# - **Squared error behind a sigmoid, started badly.** Saturated outputs hardly learn, by (2.19).
# - **Reading code units as principal components.** Even a linear code is an arbitrary mixture of them.

# %% [markdown]
# ## Check your run
#
# Each line tests one conclusion against numbers, with room for another machine or another seed.

# %%
checks = {
    "BCE and squared error are least at the mean": abs(best["binary cross-entropy"] - pixel.mean()) < 0.0101
    and abs(best["squared error"] - pixel.mean()) < 0.0101,
    "the absolute error is least elsewhere": abs(best["absolute error"] - pixel.mean()) > 0.03,
    "Keras reports the sum / 784": np.allclose(sums_and_means["sum / 784"], sums_and_means["Keras"], rtol=1e-4),
    "a perfect reconstruction costs the floor": abs(as_is - floor) < 1e-5 and floor > 0.05,
    "only a part of the pixels is grey": 0.1 < grey < 0.3,
    "exchanged arguments cost several nats": 3
    < metrics.mean_binary_crossentropy(np.full((100, 784), 0.5), mnist.x_test[:100]),
    "too dark costs a dark pixel more than twice as much": 2 < asymmetry.iloc[0, 3] / asymmetry.iloc[1, 3] < 3,
    "the bright pixel mirrors the dark one": np.isclose(asymmetry.iloc[0, 3], asymmetry.iloc[5, 3]),
    "gradients agree with central differences": gradient_errors.max().max() < 1e-6,
    "no ReLU was near its kink": kink_margin > 1e-3,
    "the check's error is a V": min(by_step) < min(1e-6, by_step[0] / 10, by_step[-1] / 10),
    "SGD feels the factor of 784": 500 < moved.loc["SGD, rate 0.001", "sum / mean"] < 1200,
    "Adam hardly feels it": 0.8 < moved.loc["Adam, rate 0.001", "sum / mean"] < 1.25,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %%
gap = {name: np.abs(pairs[:, 0] - pairs[:, 1]).max() for name, (pairs, _) in followed.items()}
test_bce, test_mse = test_table["binary cross-entropy"], test_table["mean squared error"]
by_rate = rate_trials.set_index(["optimiser", "rate"])["validation loss after 100 steps"]
sgd_curve = trained["SGD"][1]
tolerance = 1e-12 if keras.backend.backend() == "tensorflow" else 1e-2  # others may not have float64 switched on
checks = {
    "NumPy and Keras agree with SGD": gap["SGD"] < tolerance and followed["SGD"][1] < tolerance,
    "and with Adam, if β is exact": gap["Adam, exact β"] < tolerance and followed["Adam, exact β"][1] < tolerance,
    "with the usual β to a few digits": gap["Adam, usual β"] < 1e-3,
    "the loss fell to less than half": all(pairs[-1, 0] < 0.5 * pairs[0, 0] for pairs, _ in followed.values()),
    "SGD at 0.01 hardly moves": abs(by_rate["SGD", 0.01] - np.log(2)) < 0.02,
    "both leave the mean image far behind": max(test_bce["SGD"], test_bce["Adam"]) < 0.6 * test_bce["mean image"],
    "Adam is ahead of SGD": test_bce["Adam"] < test_bce["SGD"] and test_mse["Adam"] < test_mse["SGD"],
    "SGD's loss is still falling": np.mean(sgd_curve[-5:]) < np.mean(sgd_curve[-15:-10]),
    "nothing is below the floor": test_bce.idxmin() == "original (the floor)",
    "Adam beats PCA in BCE only": test_bce["Adam"] < test_bce["PCA, 64"] and test_mse["Adam"] > test_mse["PCA, 64"],
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %%
checks = {
    "(2.32) is backpropagation": linear_gap < 1e-9,
    "the linear autoencoder reaches PCA's error": -1e-9 < error_ratio - 1 < 1e-5,
    "the decoder spans PCA's space": angles["decoder columns V"] < 0.1,
    "before training it did not": angles["decoder columns V, before training"] > 60,
    "and so do the codes": angles["codes of the training images"] < 0.5,
    "the encoder's rows do not": angles["encoder rows W"] > 10 > encoder_angles["that vary enough"],
    "the axes are others": cosines.max() < 0.97 and np.median(cosines.max(axis=1)) < 0.8,
    "weights on constant pixels never moved": constant.any() and (constant == untouched).all(),
    "the decoder's go to zero": np.abs(V[constant]).max() < 1e-6 * np.abs(V_start[constant]).max(),
    "faint pixels carry hardly any ink": split.x_train[:, ~varied].sum() < 1e-3 * split.x_train.sum(),
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %%
left, loss_of = pd.DataFrame(error_left), cleaned.T
noise_map, narrow_map = loss_of["made for noise (2.36)"], loss_of["bottleneck of 16 (PCA)"]
checks = {
    "the identity copies noise as well": left.loc["1,000 code units"].max() < 1e-20,
    "16 numbers serve digits": left.loc["16 code units (PCA)", "digits"] < 0.5,
    "but hardly serve noise": 0.75 < left.loc["16 code units (PCA)", "noise"] < 1,
    "clean: identity, then the map for noise": 0 == loss_of.loc["clean input", "identity"] < noise_map["clean input"],
    "which loses less than half as much": noise_map["clean input"] < 0.5 * narrow_map["clean input"],
    "and lets more noise through": narrow_map["noise alone"] < noise_map["noise alone"],
    "noisy: the map for noise, then the bottleneck": noise_map["noisy input"] < narrow_map["noisy input"],
    "the identity comes last": narrow_map["noisy input"] < loss_of.loc["noisy input", "identity"],
    "the two parts add up": np.allclose(
        cleaned["clean input"] + cleaned["noise alone"], cleaned["noisy input"], rtol=0.02
    ),
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ A model has a summed BCE of 70 on an image. What does Keras report? What is its excess over the floor if the
#    image's pixel entropy, summed, is 45?
# 2. ★ Derive $h'$ for $h(s) = \tanh(s)$ in terms of $h$, add it to `ACTIVATIONS` and `SLOPES`, and run `check_network`
#    with it.
# 3. ★★ Break `backward` on purpose: leave out the slope of the hidden layers. Does the check notice? Does the broken
#    network still learn in `train`, and how well?
# 4. ★★ Use `metrics.mean_binary_crossentropy`, which clips, in place of `unclipped_loss` in `follow_keras`. Where do
#    the curves part now, and which pixels are to blame?
# 5. ★★ Add momentum to `SGD`: a running sum $u_t = \mu u_{t-1} - \eta g_t$ and $w_t = w_{t-1} + u_t$. Check it against
#    Keras with `follow_keras`, then compare it with Adam in `train`.
# 6. ★★★ Add $\alpha (\lVert W \rVert^2 + \lVert V \rVert^2)$ to (2.31), with $\alpha$ small, and train again. Measure
#    $\lVert W - V^{\mathsf{T}} \rVert$ and the largest angle of the encoder's rows. Which part of the freedom in (2.34)
#    is gone, and which is left?
#
# ## Further reading
#
# - [Goodfellow, Bengio and Courville (2016)](references.md#goodfellow-bengio-and-courville-2016): chapter 6 for
#   backpropagation and output units, chapter 8 for optimisers, chapter 14 for autoencoders.
# - [Rumelhart, Hinton and Williams (1986)](references.md#rumelhart-hinton-and-williams-1986): backpropagation, in four
#   pages.
# - [Kingma and Ba (2015)](references.md#kingma-and-ba-2015): Adam; the form used here stands just before section 2.1.
# - [Glorot and Bengio (2010)](references.md#glorot-and-bengio-2010): why the weights start in the range that `start`
#   draws from.
# - [Bourlard and Kamp (1988)](references.md#bourlard-and-kamp-1988) and
#   [Baldi and Hornik (1989)](references.md#baldi-and-hornik-1989): autoencoders and PCA.
#   [Plaut (2018)](references.md#plaut-2018) shows how to get from the subspace back to the axes.
# - [Loaiza-Ganem and Cunningham (2019)](references.md#loaiza-ganem-and-cunningham-2019): what is wrong with (2.7) for
#   grey pixels, and a likelihood that is right for them.
#
# ## Next
#
# You can now compute every step that `fit` takes. [Chapter 3](03_dense_autoencoder.ipynb) lets Keras do it: the full
# model, twenty epochs, and a close look at what it rebuilds and what it does not.
