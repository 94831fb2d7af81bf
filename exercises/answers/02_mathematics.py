# Answers that students might give on sheet 2, one a cell: wrong ones that the checks must catch, right ones they must
# not. Each cell stands in place of the task's solution cell.


# %% task-1 wrong: lets every batch count the same
def nats_per_image(batch_means, batch_sizes, pixels):
    return pixels * np.mean(batch_means)


def rate_for_keras(rate, pixels, batch_size):
    return rate * pixels * batch_size


# %% task-1 wrong: leaves the mean per pixel
def nats_per_image(batch_means, batch_sizes, pixels):
    return np.sum(batch_means * batch_sizes) / np.sum(batch_sizes)


def rate_for_keras(rate, pixels, batch_size):
    return rate * pixels * batch_size


# %% task-1 wrong: sums over all images in place of averaging
def nats_per_image(batch_means, batch_sizes, pixels):
    return pixels * np.sum(batch_means * batch_sizes)


def rate_for_keras(rate, pixels, batch_size):
    return rate * pixels * batch_size


# %% task-1 wrong: divides where it should multiply
def nats_per_image(batch_means, batch_sizes, pixels):
    return np.average(batch_means, weights=batch_sizes) / pixels


def rate_for_keras(rate, pixels, batch_size):
    return rate * pixels * batch_size


# %% task-1 wrong: gives a number for each batch
def nats_per_image(batch_means, batch_sizes, pixels):
    return batch_means * pixels


def rate_for_keras(rate, pixels, batch_size):
    return rate * pixels * batch_size


# %% task-1 wrong: takes the rate down with the gradient
def nats_per_image(batch_means, batch_sizes, pixels):
    return pixels * np.average(batch_means, weights=batch_sizes)


def rate_for_keras(rate, pixels, batch_size):
    return rate / (pixels * batch_size)


# %% task-1 wrong: corrects the rate for the pixels only
def nats_per_image(batch_means, batch_sizes, pixels):
    return pixels * np.average(batch_means, weights=batch_sizes)


def rate_for_keras(rate, pixels, batch_size):
    return rate * pixels


# %% task-1 wrong: has the sheet's 784 pixels built in
def nats_per_image(batch_means, batch_sizes, pixels):
    return 784 * np.average(batch_means, weights=batch_sizes)


def rate_for_keras(rate, pixels, batch_size):
    return rate * pixels * batch_size


# %% task-1 wrong: has only done the first half
def nats_per_image(batch_means, batch_sizes, pixels):
    return pixels * np.average(batch_means, weights=batch_sizes)


def rate_for_keras(rate, pixels, batch_size): ...


# %% task-1 right: adds up in a loop
def nats_per_image(batch_means, batch_sizes, pixels):
    total = images = 0
    for mean, size in zip(batch_means, batch_sizes, strict=True):
        total += mean * size * pixels
        images += size
    return float(total / images)


def rate_for_keras(rate, pixels, batch_size):
    return rate / (1 / pixels) / (1 / batch_size)


# %% task-2 wrong: averages over pixels in place of summing
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).mean(axis=1)


def weighted_bce_delta(x, s, weight):
    return (1 - x) * sigmoid(s) - weight * x * sigmoid(-s)


# %% task-2 wrong: one number for the whole batch
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum()


def weighted_bce_delta(x, s, weight):
    return (1 - x) * sigmoid(s) - weight * x * sigmoid(-s)


# %% task-2 wrong: weights the black term
def weighted_bce(x, s, weight):
    return (x * np.logaddexp(0, -s) + weight * (1 - x) * np.logaddexp(0, s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return weight * (1 - x) * sigmoid(s) - x * sigmoid(-s)


# %% task-2 wrong: exchanges the signs of s
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, s) + (1 - x) * np.logaddexp(0, -s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return weight * x * sigmoid(s) - (1 - x) * sigmoid(-s)


# %% task-2 wrong: weights both terms
def weighted_bce(x, s, weight):
    return weight * (x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return weight * (sigmoid(s) - x)


# %% task-2 wrong: weights whole pixels, which grey ones notice
def weighted_bce(x, s, weight):
    return ((1 + (weight - 1) * x) * (np.logaddexp(0, s) - x * s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return (1 + (weight - 1) * x) * (sigmoid(s) - x)


# %% task-2 wrong: takes logarithms of clipped reconstructions
def weighted_bce(x, s, weight):
    x_hat = np.clip(sigmoid(s), 1e-7, 1 - 1e-7)
    return -(weight * x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return (1 - x) * sigmoid(s) - weight * x * sigmoid(-s)


# %% task-2 wrong: lets the exponential overflow
def weighted_bce(x, s, weight):
    with np.errstate(over="ignore"):
        return (weight * x * np.log(1 + np.exp(-s)) + (1 - x) * np.log(1 + np.exp(s))).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return (1 - x) * sigmoid(s) - weight * x * sigmoid(-s)


# %% task-2 wrong: the derivative with respect to the reconstruction
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    x_hat = sigmoid(s)
    return (1 - x) / (1 - x_hat) - weight * x / x_hat


# %% task-2 wrong: the chapter's delta, times the weight on white
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return sigmoid(s) - weight * x


# %% task-2 wrong: a delta that goes up the loss
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return weight * x * sigmoid(-s) - (1 - x) * sigmoid(s)


# %% task-2 wrong: a delta divided by the number of images
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    return ((1 - x) * sigmoid(s) - weight * x * sigmoid(-s)) / len(x)


# %% task-2 wrong: lets the exponential overflow in the delta
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum(axis=1)


def weighted_bce_delta(x, s, weight):
    with np.errstate(over="ignore", invalid="ignore"):
        x_hat = np.exp(s) / (1 + np.exp(s))
    return (1 - x) * x_hat - weight * x * (1 - x_hat)


# %% task-2 wrong: has only done the first half
def weighted_bce(x, s, weight):
    return (weight * x * np.logaddexp(0, -s) + (1 - x) * np.logaddexp(0, s)).sum(axis=1)


def weighted_bce_delta(x, s, weight): ...


# %% task-2 right: one softplus and a linear term, as TensorFlow writes it
def weighted_bce(x, s, weight):
    per_pixel = (1 - x) * s + (1 + (weight - 1) * x) * (np.maximum(-s, 0) + np.log1p(np.exp(-np.abs(s))))
    return np.array([row.sum() for row in per_pixel])


def weighted_bce_delta(x, s, weight):
    return (1 + (weight - 1) * x) * (1 + np.tanh(s / 2)) / 2 - weight * x


# %% task-3 wrong: keeps the image as its own best reconstruction
def best_reconstruction(x, weight):
    return x.copy()


def weighted_floor(x, weight):
    return -(xlogy(weight * x, x) + xlogy(1 - x, 1 - x)).sum(axis=1)


# %% task-3 wrong: right best, but the floor is still the image's own loss
def best_reconstruction(x, weight):
    return weight * x / (1 + (weight - 1) * x)


def weighted_floor(x, weight):
    return -(xlogy(weight * x, x) + xlogy(1 - x, 1 - x)).sum(axis=1)


# %% task-3 wrong: puts the weight on black
def best_reconstruction(x, weight):
    return x / (x + weight * (1 - x))


def weighted_floor(x, weight):
    x_hat = best_reconstruction(x, weight)
    return -(xlogy(x, x_hat) + xlogy(weight * (1 - x), 1 - x_hat)).sum(axis=1)


# %% task-3 wrong: multiplies by the weight and clips
def best_reconstruction(x, weight):
    return np.minimum(weight * x, 1)


def weighted_floor(x, weight):
    x_hat = np.clip(best_reconstruction(x, weight), 1e-9, 1 - 1e-9)
    return -(weight * x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(axis=1)


# %% task-3 wrong: NaN for black and white pixels
def best_reconstruction(x, weight):
    return weight * x / (1 + (weight - 1) * x)


def weighted_floor(x, weight):
    x_hat = best_reconstruction(x, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(weight * x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(axis=1)


# %% task-3 wrong: clips as Keras does, so that black and white cost a little
def best_reconstruction(x, weight):
    return np.clip(weight * x / (1 + (weight - 1) * x), 1e-7, 1 - 1e-7)


def weighted_floor(x, weight):
    x_hat = best_reconstruction(x, weight)
    return -(weight * x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(axis=1)


# %% task-3 wrong: clips in the floor only
def best_reconstruction(x, weight):
    return weight * x / (1 + (weight - 1) * x)


def weighted_floor(x, weight):
    x_hat = np.clip(best_reconstruction(x, weight), 1e-7, 1 - 1e-7)
    return -(weight * x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(axis=1)


# %% task-3 wrong: averages the floor over pixels
def best_reconstruction(x, weight):
    return weight * x / (1 + (weight - 1) * x)


def weighted_floor(x, weight):
    x_hat = best_reconstruction(x, weight)
    return -(xlogy(weight * x, x_hat) + xlogy(1 - x, 1 - x_hat)).mean(axis=1)


# %% task-3 wrong: the entropy of the best reconstruction
def best_reconstruction(x, weight):
    return weight * x / (1 + (weight - 1) * x)


def weighted_floor(x, weight):
    x_hat = best_reconstruction(x, weight)
    return -(xlogy(x_hat, x_hat) + xlogy(1 - x_hat, 1 - x_hat)).sum(axis=1)


# %% task-3 wrong: the weight of the checks built in
def best_reconstruction(x, weight):
    return 4 * x / (1 + 3 * x) if weight > 1 else x


def weighted_floor(x, weight):
    x_hat = best_reconstruction(x, weight)
    return -(xlogy(weight * x, x_hat) + xlogy(1 - x, 1 - x_hat)).sum(axis=1)


# %% task-3 wrong: searches a coarse grid
def best_reconstruction(x, weight):
    grid = np.arange(1, 1000) / 1000
    costs = -(xlogy(weight * x[..., None], grid) + xlogy(1 - x[..., None], 1 - grid))
    return np.where((x == 0) | (x == 1), x, grid[costs.argmin(axis=-1)])


def weighted_floor(x, weight):
    x_hat = best_reconstruction(x, weight)
    return -(xlogy(weight * x, x_hat) + xlogy(1 - x, 1 - x_hat)).sum(axis=1)


# %% task-3 right: halves the interval in which the derivative changes its sign
def best_reconstruction(x, weight):
    low, high = np.zeros_like(x), np.ones_like(x)
    for _ in range(60):
        middle = (low + high) / 2
        falls = (1 - x) * middle < weight * x * (1 - middle)
        low, high = np.where(falls, middle, low), np.where(falls, high, middle)
    return (low + high) / 2


def weighted_floor(x, weight):
    total = 1 - x + weight * x
    return (xlogy(total, total) - xlogy(weight * x, weight * x) - xlogy(1 - x, 1 - x)).sum(axis=1)


# %% task-4 wrong: the encoder's path only
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return x.T @ delta_code, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: the decoder's path only
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: averages the two paths
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return (x.T @ delta_code + delta_out.T @ z) / 2, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: the slope of a sigmoid, from the code's value
def tied_gradients(kernel, bias, output_bias, x):
    z = softplus(x @ kernel + bias)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = (delta_out @ kernel) * z * (1 - z)
    return x.T @ delta_code + delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: the right slope in the wrong place, at z
def tied_gradients(kernel, bias, output_bias, x):
    z = softplus(x @ kernel + bias)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = (delta_out @ kernel) * sigmoid(z)
    return x.T @ delta_code + delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: ReLU's slope
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = (delta_out @ kernel) * (s > 0)
    return x.T @ delta_code + delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: no slope at all in the hidden layer
def tied_gradients(kernel, bias, output_bias, x):
    z = softplus(x @ kernel + bias)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = delta_out @ kernel
    return x.T @ delta_code + delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: a sum over pixels and images
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    delta_out = sigmoid(z @ kernel.T + output_bias) - x
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return x.T @ delta_code + delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: averages over images only
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / len(x)
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return x.T @ delta_code + delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: averages the biases' deltas once more
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return x.T @ delta_code + delta_out.T @ z, delta_code.mean(axis=0), delta_out.mean(axis=0)


# %% task-4 wrong: multiplies by the sigmoid's slope at the output as well
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    x_hat = sigmoid(z @ kernel.T + output_bias)
    delta_out = (x_hat - x) * x_hat * (1 - x_hat) / x.size
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return x.T @ delta_code + delta_out.T @ z, delta_code.sum(axis=0), delta_out.sum(axis=0)


# %% task-4 wrong: central differences in place of backpropagation
def tied_gradients(kernel, bias, output_bias, x):
    arrays = [kernel.copy(), bias.copy(), output_bias.copy()]
    return [central_differences(lambda: tied_loss(*arrays, x), array) for array in arrays]


# %% task-4 wrong: the biases in the other order
def tied_gradients(kernel, bias, output_bias, x):
    s = x @ kernel + bias
    z = softplus(s)
    delta_out = (sigmoid(z @ kernel.T + output_bias) - x) / x.size
    delta_code = (delta_out @ kernel) * sigmoid(s)
    return x.T @ delta_code + delta_out.T @ z, delta_out.sum(axis=0), delta_code.sum(axis=0)


# %% task-4 right: image by image with outer products, the slope from the code's value
def tied_gradients(kernel, bias, output_bias, x):
    by_kernel, by_bias, by_output_bias = np.zeros_like(kernel), np.zeros_like(bias), np.zeros_like(output_bias)
    for image in x:
        z = np.log1p(np.exp(image @ kernel + bias))
        delta_out = 1 / (1 + np.exp(-(kernel @ z + output_bias))) - image
        delta_code = (kernel.T @ delta_out) * (1 - np.exp(-z))
        by_kernel += np.outer(image, delta_code) + np.outer(delta_out, z)
        by_bias += delta_code
        by_output_bias += delta_out
    return [gradient / len(x) / x.shape[1] for gradient in (by_kernel, by_bias, by_output_bias)]


# %% task-5 wrong: changes the arrays that it is given
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m *= beta_1
    m += (1 - beta_1) * g
    v *= beta_2
    v += (1 - beta_2) * g**2
    w *= 1 - rate * decay
    w -= rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (np.sqrt(v) + epsilon)
    return w, m, v


# %% task-5 wrong: adds the decay to the gradient
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    g = g + decay * w
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - corrected_rate * m / (np.sqrt(v) + epsilon), m, v


# %% task-5 wrong: decays with the corrected rate
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - corrected_rate * (m / (np.sqrt(v) + epsilon) + decay * w), m, v


# %% task-5 wrong: decays without the rate
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - corrected_rate * m / (np.sqrt(v) + epsilon) - decay * w, m, v


# %% task-5 wrong: decays the weight after the step
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return (w - corrected_rate * m / (np.sqrt(v) + epsilon)) * (1 - rate * decay), m, v


# %% task-5 wrong: does not undo the start from zero
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    return w - rate * m / (np.sqrt(v) + epsilon) - rate * decay * w, m, v


# %% task-5 wrong: divides by the mean square, not by its root
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - corrected_rate * m / (v + epsilon) - rate * decay * w, m, v


# %% task-5 wrong: puts epsilon inside the root
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - corrected_rate * m / np.sqrt(v + epsilon) - rate * decay * w, m, v


# %% task-5 wrong: adds epsilon to the corrected root, as Algorithm 1 of the paper does
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    step = (m / (1 - beta_1**t)) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    return w - rate * step - rate * decay * w, m, v


# %% task-5 wrong: forgets the square of the gradient
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * np.abs(g)
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - corrected_rate * m / (np.sqrt(v) + epsilon) - rate * decay * w, m, v


# %% task-5 wrong: hands back the corrected means as the state
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = (beta_1 * m + (1 - beta_1) * g) / (1 - beta_1**t)
    v = (beta_2 * v + (1 - beta_2) * g**2) / (1 - beta_2**t)
    return w - rate * m / (np.sqrt(v) + epsilon) - rate * decay * w, m, v


# %% task-5 wrong: corrects as if every step were the first
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2) / (1 - beta_1)
    return w - corrected_rate * m / (np.sqrt(v) + epsilon) - rate * decay * w, m, v


# %% task-5 wrong: has the usual betas built in
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    corrected_rate = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - corrected_rate * m / (np.sqrt(v) + epsilon) - rate * decay * w, m, v


# %% task-5 wrong: returns the parameters alone
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - corrected_rate * m / (np.sqrt(v) + epsilon) - rate * decay * w


# %% task-5 right: decays first, moves the means by differences, in place on copies
def adamw_step(w, g, m, v, t, rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    w, m, v = (np.array(array, copy=True) for array in (w, m, v))
    w *= 1 - rate * decay
    m += (1 - beta_1) * (g - m)
    v += (1 - beta_2) * (np.square(g) - v)
    correction = (1 - beta_2**t) ** 0.5
    w -= rate * (m / (1 - beta_1**t)) / ((np.sqrt(v) + epsilon) / correction)
    return [w, m, v]


# %% task-6 wrong: gives the principal components of C, whatever W and V are
def canonical(W, V, C):
    U = np.linalg.eigh(C)[1][:, ::-1][:, : len(W)]
    return U.T, U


# %% task-6 wrong: stops after the QR factorisation
def canonical(W, V, C):
    Q, R = np.linalg.qr(V)
    return R @ W, Q


# %% task-6 wrong: changes V and forgets to change W
def canonical(W, V, C):
    Q, _ = np.linalg.qr(V)
    return W, Q


# %% task-6 wrong: the code's variances rise
def canonical(W, V, C):
    Q, R = np.linalg.qr(V)
    _, E = np.linalg.eigh(R @ W @ C @ W.T @ R.T)
    return E.T @ R @ W, Q @ E


# %% task-6 wrong: makes the columns of V long 1, but not perpendicular
def canonical(W, V, C):
    lengths = np.linalg.norm(V, axis=0)
    return W * lengths[:, None], V / lengths


# %% task-6 wrong: the singular vectors of VW, which know nothing of the images
def canonical(W, V, C):
    P, singular_values, Qt = np.linalg.svd(V @ W)
    m = len(W)
    return singular_values[:m, None] * Qt[:m], P[:, :m]


# %% task-6 wrong: whitens the code in place of the decoder
def canonical(W, V, C):
    _, E = np.linalg.eigh(W @ C @ W.T)
    E = E[:, ::-1]
    scale = np.sqrt(np.diag(E.T @ W @ C @ W.T @ E))
    return (E.T @ W) / scale[:, None], V @ E * scale


# %% task-6 wrong: turns W by the rotation in place of its transpose
def canonical(W, V, C):
    Q, R = np.linalg.qr(V)
    _, E = np.linalg.eigh(R @ W @ C @ W.T @ R.T)
    E = E[:, ::-1]
    return E @ R @ W, Q @ E


# %% task-6 wrong: diagonalises the code that W gave before V was changed
def canonical(W, V, C):
    Q, R = np.linalg.qr(V)
    _, E = np.linalg.eigh(W @ C @ W.T)
    E = E[:, ::-1]
    return E.T @ R @ W, Q @ E


# %% task-6 wrong: the two matrices in the other order
def canonical(W, V, C):
    Q, R = np.linalg.qr(V)
    _, E = np.linalg.eigh(R @ W @ C @ W.T @ R.T)
    E = E[:, ::-1]
    return Q @ E, E.T @ R @ W


# %% task-6 right: the principal components of the reconstructions
def canonical(W, V, C):
    M = V @ W
    _, vectors = np.linalg.eigh(M @ C @ M.T)
    V_new = vectors[:, ::-1][:, : len(W)]
    return V_new.T @ M, V_new
