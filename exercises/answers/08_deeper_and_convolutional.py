# Wrong answers that the checks of sheet 8 have to catch, and unusual right ones that they have to pass.


# %% task-1 wrong: weights without biases
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size**2, 49 * b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array([a, b, latent_dim, flat, a, 1])
    places = np.array([196, 49, 1, 1, 196, 784])
    return np.column_stack([weights, weights * places])


# %% task-1 wrong: parameters alone, twice
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size**2, 49 * b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array([a, b, latent_dim, flat, a, 1])
    places = np.array([196, 49, 1, 1, 196, 784])
    return np.column_stack([weights + biases, weights + biases])


# %% task-1 wrong: multiplications where the input is, not where output is made
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size**2, 49 * b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array([a, b, latent_dim, flat, a, 1])
    places = np.array([784, 196, 1, 1, 49, 196])
    return np.column_stack([weights + biases, weights * places])


# %% task-1 wrong: the decoder's convolutions before doubling
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size**2, 49 * b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array([a, b, latent_dim, flat, a, 1])
    places = np.array([196, 49, 1, 1, 49, 196])
    return np.column_stack([weights + biases, weights * places])


# %% task-1 wrong: multiplications for the biases, too
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size**2, 49 * b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array([a, b, latent_dim, flat, a, 1])
    places = np.array([196, 49, 1, 1, 196, 784])
    return np.column_stack([weights + biases, (weights + biases) * places])


# %% task-1 wrong: the code after a mean over places
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size**2, b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array([a, b, latent_dim, flat, a, 1])
    places = np.array([196, 49, 1, 1, 196, 784])
    return np.column_stack([weights + biases, weights * places])


# %% task-1 wrong: the side of the kernel, not its square
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size, 49 * b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array([a, b, latent_dim, flat, a, 1])
    places = np.array([196, 49, 1, 1, 196, 784])
    return np.column_stack([weights + biases, weights * places])


# %% task-1 wrong: one bias for a layer
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size**2, 49 * b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array(1)
    places = np.array([196, 49, 1, 1, 196, 784])
    return np.column_stack([weights + biases, weights * places])


# %% task-1 wrong: the decoder as a mirror image, biases included
def layer_costs(filters, kernel_size, latent_dim):
    a, b = filters
    k, flat = kernel_size**2, 49 * b
    weights = np.array([k * a, k * a * b, flat * latent_dim, flat * latent_dim, k * a * b, k * a])
    biases = np.array([a, b, latent_dim, latent_dim, b, a])
    places = np.array([196, 49, 1, 1, 196, 784])
    return np.column_stack([weights + biases, weights * places])


# %% task-1 right: asks Keras for shapes and parameters
def layer_costs(filters, kernel_size, latent_dim):
    model = models.convolutional_autoencoder(latent_dim, filters=filters, kernel_size=kernel_size)
    rows = []
    for layer in model.encoder.layers + model.decoder.layers:
        if layer.count_params():
            kernel, bias = layer.get_weights()
            places = np.prod(layer.output.shape[1:-1], dtype=int)
            rows.append([kernel.size + bias.size, int(kernel.size * places)])
    return rows


# %% task-2 wrong: half a kernel of zeros on each side, as for stride 1
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in x.shape[1:]]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(k // 2, k // 2)] * 2)
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel).sum(axis=(1, 2))
    return y


# %% task-2 wrong: the kernel turned over
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in x.shape[1:]]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(p // 2, p - p // 2) for p in margins])
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel[::-1, ::-1]).sum(axis=(1, 2))
    return y


# %% task-2 wrong: the odd zero before the image
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in x.shape[1:]]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(p - p // 2, p // 2) for p in margins])
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel).sum(axis=(1, 2))
    return y


# %% task-2 wrong: all zeros behind the image
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in x.shape[1:]]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(0, p) for p in margins])
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel).sum(axis=(1, 2))
    return y


# %% task-2 wrong: no padding
def convolve(x, kernel, stride):
    patches = np.lib.stride_tricks.sliding_window_view(x, kernel.shape, axis=(1, 2))[:, ::stride, ::stride]
    return (patches * kernel).sum(axis=(3, 4))


# %% task-2 wrong: rounds the number of places down
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [side // stride for side in x.shape[1:]]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(p // 2, p - p // 2) for p in margins])
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel).sum(axis=(1, 2))
    return y


# %% task-2 wrong: neighbouring places
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in x.shape[1:]]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(p // 2, p - p // 2) for p in margins])
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i : i + k, j : j + k]
        y[:, i, j] = (patch * kernel).sum(axis=(1, 2))
    return y


# %% task-2 wrong: padded as for stride 1, then every second place
def convolve(x, kernel, stride):
    p = len(kernel) - 1
    padded = np.pad(x, [(0, 0), (p // 2, p - p // 2), (p // 2, p - p // 2)])
    patches = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape, axis=(1, 2))
    return np.einsum("nijuv,uv->nij", patches[:, ::stride, ::stride], kernel)


# %% task-2 wrong: repeats the edge in place of zeros
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in x.shape[1:]]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(p // 2, p - p // 2) for p in margins], mode="edge")
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel).sum(axis=(1, 2))
    return y


# %% task-2 wrong: rows and columns of the kernel swapped
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in x.shape[1:]]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(p // 2, p - p // 2) for p in margins])
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel.T).sum(axis=(1, 2))
    return y


# %% task-2 wrong: takes the width to be the height
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in (x.shape[1], x.shape[1])]
    margins = [max((out - 1) * stride + k - side, 0) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(p // 2, p - p // 2) for p in margins])
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel).sum(axis=(1, 2))
    return y


# %% task-2 wrong: forgets that nothing may be added where the stride is larger than the kernel
def convolve(x, kernel, stride):
    k = len(kernel)
    lengths = [int(np.ceil(side / stride)) for side in x.shape[1:]]
    margins = [abs((out - 1) * stride + k - side) for out, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(p // 2, p - p // 2) for p in margins])
    y = np.zeros((len(x), *lengths))
    for i, j in np.ndindex(*lengths):
        patch = padded[:, i * stride : i * stride + k, j * stride : j * stride + k]
        y[:, i, j] = (patch * kernel).sum(axis=(1, 2))
    return y


# %% task-2 right: as a product with one matrix for each axis and pair of weights
def convolve(x, kernel, stride):
    def chooser(side, offset):
        """A matrix that picks, for each output place, the pixel under one row of the kernel."""
        count = (side + stride - 1) // stride
        before = max((count - 1) * stride + len(kernel) - side, 0) // 2
        return np.array([np.arange(side) == place * stride + offset - before for place in range(count)], dtype=float)

    rows = np.array([chooser(x.shape[1], u) for u in range(len(kernel))])
    columns = np.array([chooser(x.shape[2], v) for v in range(len(kernel))])
    return np.einsum("uv,uih,nhw,vjw->nij", kernel, rows, x, columns, optimize=True)


# %% task-3 wrong: nothing cut off at the left
def coverage(n, kernel_size, stride):
    counts = np.zeros(n * stride, dtype=int)
    for place in range(n):
        for pixel in range(kernel_size):
            target = place * stride + pixel
            if 0 <= target < n * stride:
                counts[target] += 1
    return counts


# %% task-3 wrong: half a kernel cut off at the left
def coverage(n, kernel_size, stride):
    counts = np.zeros(n * stride, dtype=int)
    for place in range(n):
        for pixel in range(kernel_size):
            target = place * stride + pixel - kernel_size // 2
            if 0 <= target < n * stride:
                counts[target] += 1
    return counts


# %% task-3 wrong: rounds the cut upwards
def coverage(n, kernel_size, stride):
    counts = np.zeros(n * stride, dtype=int)
    for place in range(n):
        for pixel in range(kernel_size):
            target = place * stride + pixel - -(-max(kernel_size - stride, 0) // 2)
            if 0 <= target < n * stride:
                counts[target] += 1
    return counts


# %% task-3 wrong: as if the axis had no ends
def coverage(n, kernel_size, stride):
    first = max(kernel_size - stride, 0) // 2
    return np.array([len(range((q + first) % stride, kernel_size, stride)) for q in range(n * stride)])


# %% task-3 wrong: what leaves one end comes in at the other
def coverage(n, kernel_size, stride):
    counts = np.zeros(n * stride, dtype=int)
    for place in range(n):
        for pixel in range(kernel_size):
            target = place * stride + pixel - max(kernel_size - stride, 0) // 2
            counts[target % (n * stride)] += 1
    return counts


# %% task-3 wrong: nothing cut off at the right
def coverage(n, kernel_size, stride):
    counts = np.zeros(n * stride + max(kernel_size - stride, 0), dtype=int)
    for place in range(n):
        for pixel in range(kernel_size):
            target = place * stride + pixel - max(kernel_size - stride, 0) // 2
            if 0 <= target:
                counts[target] += 1
    return counts


# %% task-3 wrong: even where no pixel is left out
def even_kernels(stride, largest):
    return [side for side in range(1, largest + 1) if side >= stride]


# %% task-3 wrong: odd kernels, which have a middle
def even_kernels(stride, largest):
    return [side for side in range(1, largest + 1) if side % 2 == 1]


# %% task-3 wrong: even numbers, whatever the stride
def even_kernels(stride, largest):
    return [side for side in range(1, largest + 1) if side % 2 == 0]


# %% task-3 wrong: a kernel of side 1 as well
def even_kernels(stride, largest):
    return [side for side in range(1, largest + 1) if side == 1 or side % stride == 0]


# %% task-3 wrong: leaves out the largest
def even_kernels(stride, largest):
    return [side for side in range(1, largest) if side % stride == 0]


# %% task-3 right: convolution of a comb, and a look at the middle of a long axis
def coverage(n, kernel_size, stride):
    comb = np.zeros(n * stride)
    comb[::stride] = 1
    whole = np.convolve(comb, np.ones(kernel_size))
    first = int(max(kernel_size - stride, 0) / 2)
    return whole[first : first + n * stride].astype(int)


def even_kernels(stride, largest):
    even = []
    for side in np.arange(1, largest + 1):
        inner = coverage(4 * largest, side, stride)[stride * largest : 2 * stride * largest]
        if inner.min() == inner.max():
            even.append(int(side))
    return even


# %% task-4 wrong: Glorot's standard deviation
def start_std(kernel_shape, slope):
    return np.sqrt(2 / (kernel_shape[-2] + kernel_shape[-1]))


# %% task-4 wrong: as if there were no ReLU
def start_std(kernel_shape, slope):
    return 1 / np.sqrt(np.prod(kernel_shape[:-1]))


# %% task-4 wrong: the variance of the weights
def start_std(kernel_shape, slope):
    return 2 / (1 + slope**2) / np.prod(kernel_shape[:-1])


# %% task-4 wrong: the slope without its square
def start_std(kernel_shape, slope):
    return (2 / (1 + slope) / np.prod(kernel_shape[:-1])) ** 0.5


# %% task-4 wrong: ignores the slope
def start_std(kernel_shape, slope):
    return (2 / 1 / np.prod(kernel_shape[:-1])) ** 0.5


# %% task-4 wrong: counts a convolution's channels, not its places
def start_std(kernel_shape, slope):
    return (2 / (1 + slope**2) / kernel_shape[-2]) ** 0.5


# %% task-4 wrong: takes the first number of the shape for the inputs
def start_std(kernel_shape, slope):
    return (2 / (1 + slope**2) / kernel_shape[0]) ** 0.5


# %% task-4 wrong: counts outputs
def start_std(kernel_shape, slope):
    return (2 / (1 + slope**2) / kernel_shape[-1]) ** 0.5


# %% task-4 wrong: the bound of a uniform distribution
def start_std(kernel_shape, slope):
    return (6 / (1 + slope**2) / np.prod(kernel_shape[:-1])) ** 0.5


# %% task-4 wrong: variances in place of mean squares
def mean_squares(x, kernels, slope):
    squares = [x.var()]
    for kernel in kernels:
        x = x @ kernel
        x = np.where(x > 0, x, slope * x)
        squares.append(x.var())
    return np.array(squares)


# %% task-4 wrong: the last layer without its ReLU
def mean_squares(x, kernels, slope):
    squares = [(x**2).mean()]
    for number, kernel in enumerate(kernels, 1):
        x = x @ kernel
        x = np.where((x > 0) | (number == len(kernels)), x, slope * x)
        squares.append((x**2).mean())
    return np.array(squares)


# %% task-4 wrong: mean square before the ReLU
def mean_squares(x, kernels, slope):
    squares = [(x**2).mean()]
    for kernel in kernels:
        z = x @ kernel
        squares.append((z**2).mean())
        x = np.where(z > 0, z, slope * z)
    return np.array(squares)


# %% task-4 wrong: sums over the units
def mean_squares(x, kernels, slope):
    squares = [(x**2).sum(axis=1).mean()]
    for kernel in kernels:
        x = x @ kernel
        x = np.where(x > 0, x, slope * x)
        squares.append((x**2).sum(axis=1).mean())
    return np.array(squares)


# %% task-4 wrong: leaves out the images themselves
def mean_squares(x, kernels, slope):
    squares = []
    for kernel in kernels:
        x = x @ kernel
        x = np.where(x > 0, x, slope * x)
        squares.append((x**2).mean())
    return np.array(squares)


# %% task-4 right: by He's gain, and norms of the signals
def start_std(kernel_shape, slope):
    *window, _ = kernel_shape
    gain = np.sqrt(2) / np.hypot(1, slope)
    fan_in = 1
    for size in window:
        fan_in *= size
    return float(gain * fan_in**-0.5)


def mean_squares(x, kernels, slope):
    signals = [np.asarray(x, dtype="float64")]
    for kernel in kernels:
        z = signals[-1] @ kernel
        signals.append((1 + slope) / 2 * z + (1 - slope) / 2 * np.abs(z))
    return np.array([np.linalg.norm(signal) ** 2 / signal.size for signal in signals])


# %% task-5 wrong: np.roll, which wraps round
def shifted(x, down, right):
    return np.roll(x.reshape(-1, 28, 28), (down, right), axis=(1, 2)).reshape(-1, 784)


# %% task-5 wrong: rolls, then blackens rows and columns, of which a shift by 0 leaves none
def shifted(x, down, right):
    moved = np.roll(x.reshape(-1, 28, 28), (down, right), axis=(1, 2))
    if down >= 0:
        moved[:, :down] = 0
    else:
        moved[:, down:] = 0
    moved[:, :, :right] = 0
    return moved.reshape(-1, 784)


# %% task-5 wrong: slices that are empty for a shift by 0
def shifted(x, down, right):
    images, result = x.reshape(-1, 28, 28), np.zeros((len(x), 28, 28), dtype=x.dtype)
    target = result[:, down:, right:] if down > 0 and right > 0 else result[:, :down, :right]
    source = images[:, :-down, :-right] if down > 0 and right > 0 else images[:, -down:, -right:]
    if target.shape == source.shape:
        target[:] = source
    return result.reshape(-1, 784)


# %% task-5 wrong: moves the other way
def shifted(x, down, right):
    down, right = -down, -right
    images, result = x.reshape(-1, 28, 28), np.zeros((len(x), 28, 28), dtype=x.dtype)
    if abs(down) < 28 and abs(right) < 28:
        rows, columns = slice(max(down, 0), 28 + min(down, 0)), slice(max(right, 0), 28 + min(right, 0))
        from_rows, from_columns = slice(max(-down, 0), 28 - max(down, 0)), slice(max(-right, 0), 28 - max(right, 0))
        result[:, rows, columns] = images[:, from_rows, from_columns]
    return result.reshape(-1, 784)


# %% task-5 wrong: down and right swapped
def shifted(x, down, right):
    down, right = right, down
    images, result = x.reshape(-1, 28, 28), np.zeros((len(x), 28, 28), dtype=x.dtype)
    if abs(down) < 28 and abs(right) < 28:
        rows, columns = slice(max(down, 0), 28 + min(down, 0)), slice(max(right, 0), 28 + min(right, 0))
        from_rows, from_columns = slice(max(-down, 0), 28 - max(down, 0)), slice(max(-right, 0), 28 - max(right, 0))
        result[:, rows, columns] = images[:, from_rows, from_columns]
    return result.reshape(-1, 784)


# %% task-5 wrong: repeats the edge
def shifted(x, down, right):
    margin = max(abs(down), abs(right))
    padded = np.pad(x.reshape(-1, 28, 28), [(0, 0), (margin, margin), (margin, margin)], mode="edge")
    return padded[:, margin - down : margin - down + 28, margin - right : margin - right + 28].reshape(-1, 784)


# %% task-5 wrong: one move for all images
def draw_shifted(x, distance, seed):
    down, right = np.random.default_rng(seed).integers(-distance, distance + 1, size=2)
    return shifted(x, down, right)


# %% task-5 wrong: the upper end left out
def draw_shifted(x, distance, seed):
    rng = np.random.default_rng(seed)
    result = np.empty_like(x)
    for index in range(len(x)):
        down, right = rng.integers(-distance, distance, size=2)
        result[index] = shifted(x[index : index + 1], down, right)[0]
    return result


# %% task-5 wrong: the same number down and right
def draw_shifted(x, distance, seed):
    rng = np.random.default_rng(seed)
    result = np.empty_like(x)
    for index in range(len(x)):
        down = right = rng.integers(-distance, distance + 1)
        result[index] = shifted(x[index : index + 1], down, right)[0]
    return result


# %% task-5 wrong: no use of the seed
def draw_shifted(x, distance, seed):
    rng = np.random.default_rng()
    result = np.empty_like(x)
    for index in range(len(x)):
        down, right = rng.integers(-distance, distance + 1, size=2)
        result[index] = shifted(x[index : index + 1], down, right)[0]
    return result


# %% task-5 wrong: always the same seed
def draw_shifted(x, distance, seed):
    rng = np.random.default_rng(0)
    result = np.empty_like(x)
    for index in range(len(x)):
        down, right = rng.integers(-distance, distance + 1, size=2)
        result[index] = shifted(x[index : index + 1], down, right)[0]
    return result


# %% task-5 wrong: rounded normal numbers
def draw_shifted(x, distance, seed):
    rng = np.random.default_rng(seed)
    result = np.empty_like(x)
    for index in range(len(x)):
        down, right = np.clip(np.round(rng.normal(0, 1, size=2)), -distance, distance).astype(int)
        result[index] = shifted(x[index : index + 1], down, right)[0]
    return result


# %% task-5 wrong: never leaves an image where it is
def draw_shifted(x, distance, seed):
    rng = np.random.default_rng(seed)
    result = np.empty_like(x)
    for index in range(len(x)):
        down, right = rng.choice([-distance, distance], size=2)
        result[index] = shifted(x[index : index + 1], down, right)[0]
    return result


# %% task-5 wrong: images sorted by their moves
def draw_shifted(x, distance, seed):
    moves = np.random.default_rng(seed).integers(-distance, distance + 1, size=(len(x), 2))
    groups = [shifted(x[(moves == move).all(axis=1)], *move) for move in np.unique(moves, axis=0)]
    return np.concatenate(groups)


# %% task-5 wrong: blackens the images that are given
def shifted(x, down, right):
    images = x.reshape(-1, 28, 28)
    moved = np.zeros_like(images)
    for row in range(28):
        for column in range(28):
            if 0 <= row + down < 28 and 0 <= column + right < 28:
                moved[:, row + down, column + right] = images[:, row, column]
    x[:] = moved.reshape(-1, 784)
    return x


# %% task-5 right: matrices of ones off the diagonal, and places looked up for all images at once
def shifted(x, down, right):
    images = x.reshape(-1, 28, 28)
    return (np.eye(28, k=-int(down)) @ images @ np.eye(28, k=int(right))).reshape(-1, 784)


def draw_shifted(x, distance, seed):
    rng = np.random.default_rng([seed, 1])
    down, right = (rng.permuted(rng.integers(2 * distance + 1, size=len(x))) for _ in range(2))
    wide = np.pad(x.reshape(-1, 28, 28), [(0, 0), (distance, distance), (distance, distance)])
    rows, columns = (move[:, None] + np.arange(28) for move in (down, right))
    return wide[np.arange(len(x))[:, None, None], rows[:, :, None], columns[:, None, :]].reshape(-1, 784)


# %% task-6 wrong: the chapter's network: too many parameters, a code of 64
my_model = models.convolutional_autoencoder(code_activation="linear", seed=0)


# %% task-6 wrong: a code of 32, but too many channels before it
my_model = models.convolutional_autoencoder(32, filters=(8, 24), code_activation="linear", seed=0)


# %% task-6 wrong: few parameters, but a code of 49
import keras

encoder = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
        keras.layers.Conv2D(1, 3, strides=2, padding="same"),
    ]
)
decoder = keras.Sequential(
    [
        keras.Input((7, 7, 1)),
        keras.layers.Conv2DTranspose(8, 4, strides=2, padding="same", activation="relu"),
        keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid"),
    ]
)
my_model = models.Autoencoder(encoder, decoder)


# %% task-6 wrong: not trained
my_model = models.convolutional_autoencoder(32, filters=(8, 16), code_activation="linear", seed=0)


# %% task-6 wrong: trained on a tenth of the images for one epoch
my_model = models.convolutional_autoencoder(32, filters=(8, 16), code_activation="linear", seed=0)
training.fit(my_model, data.as_images(x_train[:1000]), epochs=1, batch_size=50, seed=0)


# %% task-6 wrong: a thin dense network
my_model = models.dense_autoencoder(32, hidden=(36,), code_activation="linear", seed=0)
training.fit(my_model, x_train, epochs=3, batch_size=100, seed=0)


# %% task-6 wrong: the history in place of the model
my_model = history


# %% task-6 wrong: the dense network of the cell above
my_model = dense


# %% task-6 right: halves of its own, with another activation, that take flat images
import keras

keras.utils.set_random_seed(8)
encoder = keras.Sequential(
    [
        keras.Input((784,)),
        keras.layers.Reshape((28, 28, 1)),
        keras.layers.Conv2D(12, 4, strides=2, padding="same", activation="elu"),
        keras.layers.Conv2D(12, 4, strides=2, padding="same", activation="elu"),
        keras.layers.Flatten(),
        keras.layers.Dense(30),
    ]
)
decoder = keras.Sequential(
    [
        keras.Input((30,)),
        keras.layers.Dense(49 * 12, activation="elu"),
        keras.layers.Reshape((7, 7, 12)),
        keras.layers.Conv2DTranspose(12, 4, strides=2, padding="same", activation="elu"),
        keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid"),
        keras.layers.Flatten(),
    ]
)
my_model = models.Autoencoder(encoder, decoder)
training.fit(my_model, x_train, epochs=3, batch_size=32, seed=1, optimizer=keras.optimizers.Adam(0.002))
