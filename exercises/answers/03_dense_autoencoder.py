# Wrong answers that the checks of sheet 3 have to catch, and unusual right ones that they have to pass.


# %% task-1 wrong: weights without biases
def count_parameters(encoder_sizes, decoder_sizes):
    def half(sizes):
        return sum(n * m for n, m in zip(sizes, sizes[1:]))

    return half(encoder_sizes), half(decoder_sizes)


# %% task-1 wrong: a bias for each input in place of each unit
def count_parameters(encoder_sizes, decoder_sizes):
    def half(sizes):
        return sum(n * (m + 1) for n, m in zip(sizes, sizes[1:]))

    return half(encoder_sizes), half(decoder_sizes)


# %% task-1 wrong: takes the decoder for a mirror image with as many parameters
def count_parameters(encoder_sizes, decoder_sizes):
    encoder = sum((n + 1) * m for n, m in zip(encoder_sizes, encoder_sizes[1:]))
    return encoder, encoder


# %% task-1 wrong: one sum over both halves
def count_parameters(encoder_sizes, decoder_sizes):
    sizes = encoder_sizes + decoder_sizes[1:]
    return sum((n + 1) * m for n, m in zip(sizes, sizes[1:]))


# %% task-1 wrong: written for the chapter's one hidden layer in each half
def count_parameters(encoder_sizes, decoder_sizes):
    def half(sizes):
        return (sizes[0] + 1) * sizes[1] + (sizes[1] + 1) * sizes[-1] * (len(sizes) > 2)

    return half(encoder_sizes), half(decoder_sizes)


# %% task-1 wrong: forgets the last layer of each half
def count_parameters(encoder_sizes, decoder_sizes):
    def half(sizes):
        total = 0
        for k in range(len(sizes) - 2):
            total += sizes[k] * sizes[k + 1] + sizes[k + 1]
        return total

    return half(encoder_sizes), half(decoder_sizes)


# %% task-1 right: a scalar product for the weights and a sum for the biases, as NumPy integers
def count_parameters(encoder_sizes, decoder_sizes):
    result = []
    for sizes in map(np.asarray, (encoder_sizes, decoder_sizes)):
        result.append(sizes[:-1] @ sizes[1:] + sizes[1:].sum())
    return np.array(result)


# %% task-1 right: lets Keras count
def count_parameters(encoder_sizes, decoder_sizes):
    def half(sizes):
        stack = [keras.Input((sizes[0],)), *(layers.Dense(units) for units in sizes[1:])]
        return keras.Sequential(stack).count_params()

    return half(encoder_sizes), half(decoder_sizes)


# %% task-2 wrong: ReLU at the code, as in the chapter
def build_autoencoder(encoder_sizes, decoder_sizes):
    def half(sizes, last):
        stack = [keras.Input((sizes[0],)), *(layers.Dense(units, activation="relu") for units in sizes[1:-1])]
        return keras.Sequential([*stack, layers.Dense(sizes[-1], activation=last)])

    return models.Autoencoder(half(encoder_sizes, "relu"), half(decoder_sizes, "sigmoid"))


# %% task-2 wrong: no activation at the output
def build_autoencoder(encoder_sizes, decoder_sizes):
    def half(sizes):
        stack = [keras.Input((sizes[0],)), *(layers.Dense(units, activation="relu") for units in sizes[1:-1])]
        return keras.Sequential([*stack, layers.Dense(sizes[-1])])

    return models.Autoencoder(half(encoder_sizes), half(decoder_sizes))


# %% task-2 wrong: the decoder mirrors the encoder in place of following its own list
def build_autoencoder(encoder_sizes, decoder_sizes):
    def half(sizes, last):
        stack = [keras.Input((sizes[0],)), *(layers.Dense(units, activation="relu") for units in sizes[1:-1])]
        return keras.Sequential([*stack, layers.Dense(sizes[-1], activation=last)])

    return models.Autoencoder(half(encoder_sizes, None), half(encoder_sizes[::-1], "sigmoid"))


# %% task-2 wrong: hidden layers without an activation
def build_autoencoder(encoder_sizes, decoder_sizes):
    def half(sizes, last):
        stack = [keras.Input((sizes[0],)), *(layers.Dense(units) for units in sizes[1:-1])]
        return keras.Sequential([*stack, layers.Dense(sizes[-1], activation=last)])

    return models.Autoencoder(half(encoder_sizes, None), half(decoder_sizes, "sigmoid"))


# %% task-2 wrong: a keras.Model through both halves, as in the chapter, which has no .encoder
def build_autoencoder(encoder_sizes, decoder_sizes):
    def half(sizes, last, name):
        stack = [keras.Input((sizes[0],)), *(layers.Dense(units, activation="relu") for units in sizes[1:-1])]
        return keras.Sequential([*stack, layers.Dense(sizes[-1], activation=last)], name=name)

    image = keras.Input((encoder_sizes[0],))
    encoder, decoder = half(encoder_sizes, None, "encoder"), half(decoder_sizes, "sigmoid", "decoder")
    return keras.Model(image, decoder(encoder(image)))


# %% task-2 wrong: the decoder begins at the image, so that it cannot be used apart
def build_autoencoder(encoder_sizes, decoder_sizes):
    image = values = keras.Input((encoder_sizes[0],))
    for units in encoder_sizes[1:-1]:
        values = layers.Dense(units, activation="relu")(values)
    values = code = layers.Dense(encoder_sizes[-1])(values)
    for units in decoder_sizes[1:-1]:
        values = layers.Dense(units, activation="relu")(values)
    pixels = layers.Dense(decoder_sizes[-1], activation="sigmoid")(values)
    return models.Autoencoder(keras.Model(image, code), keras.Model(image, pixels))


# %% task-2 wrong: one hidden layer in each half, whatever the order
def build_autoencoder(encoder_sizes, decoder_sizes):
    encoder = keras.Sequential(
        [
            keras.Input((encoder_sizes[0],)),
            layers.Dense(encoder_sizes[1], activation="relu"),
            layers.Dense(encoder_sizes[-1]),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input((decoder_sizes[0],)),
            layers.Dense(decoder_sizes[1], activation="relu"),
            layers.Dense(decoder_sizes[-1], activation="sigmoid"),
        ]
    )
    return models.Autoencoder(encoder, decoder)


# %% task-2 right: activations as layers of their own, in functional form
def build_autoencoder(encoder_sizes, decoder_sizes):
    def half(sizes, *after_last):
        first = values = keras.Input(batch_shape=(None, sizes[0]))
        for index, units in enumerate(sizes[1:], 1):
            if index > 1:
                values = layers.ReLU()(values)
            values = layers.Dense(units)(values)
        for layer in after_last:
            values = layer(values)
        return keras.Model(first, values)

    return models.Autoencoder(half(encoder_sizes), half(decoder_sizes, layers.Activation("sigmoid")))


# %% task-3 wrong: the least of all losses, as if every epoch were run
def stop_early(validation_losses, patience):
    return int(np.argmin(validation_losses)) + 1, len(validation_losses)


# %% task-3 wrong: counts epochs from 0
def stop_early(validation_losses, patience):
    best = 0
    for epoch, loss in enumerate(validation_losses):
        if loss < validation_losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return best, epoch
    return best, len(validation_losses)


# %% task-3 wrong: compares each loss with the one before
def stop_early(validation_losses, patience):
    failed, trained = 0, len(validation_losses)
    for epoch in range(1, len(validation_losses)):
        failed = 0 if validation_losses[epoch] < validation_losses[epoch - 1] else failed + 1
        if failed == patience:
            trained = epoch + 1
            break
    return int(np.argmin(validation_losses[:trained])) + 1, trained


# %% task-3 wrong: waits one epoch too long
def stop_early(validation_losses, patience):
    least, kept = np.inf, 0
    for epoch, loss in enumerate(validation_losses, 1):
        if loss < least:
            least, kept = loss, epoch
        elif epoch - kept > patience:
            return kept, epoch
    return kept, len(validation_losses)


# %% task-3 wrong: does not begin to count again after an improvement
def stop_early(validation_losses, patience):
    least, kept, failed = np.inf, 0, 0
    for epoch, loss in enumerate(validation_losses, 1):
        if loss < least:
            least, kept = loss, epoch
        else:
            failed += 1
            if failed == patience:
                return kept, epoch
    return kept, len(validation_losses)


# %% task-3 wrong: keeps the last epoch
def stop_early(validation_losses, patience):
    least, kept = np.inf, 0
    for epoch, loss in enumerate(validation_losses, 1):
        if loss < least:
            least, kept = loss, epoch
        elif epoch - kept >= patience:
            return epoch, epoch
    return len(validation_losses), len(validation_losses)


# %% task-3 wrong: takes an equal loss for an improvement
def stop_early(validation_losses, patience):
    least, kept = np.inf, 0
    for epoch, loss in enumerate(validation_losses, 1):
        if loss <= least:
            least, kept = loss, epoch
        elif epoch - kept >= patience:
            return kept, epoch
    return kept, len(validation_losses)


# %% task-3 wrong: begins with a least loss of 1
def stop_early(validation_losses, patience):
    least, kept = 1.0, 0
    for epoch, loss in enumerate(validation_losses, 1):
        if loss < least:
            least, kept = loss, epoch
        elif epoch - kept >= patience:
            return kept, epoch
    return kept, len(validation_losses)


# %% task-3 right: without a loop, from running minima
def stop_early(validation_losses, patience):
    losses = np.asarray(validation_losses, dtype=float)
    improved = np.concatenate([[True], losses[1:] < np.minimum.accumulate(losses)[:-1]])
    last_best = np.maximum.accumulate(np.where(improved, np.arange(len(losses)), 0))
    stops = np.flatnonzero(np.arange(len(losses)) - last_best >= patience)
    trained = stops[0] + 1 if len(stops) else len(losses)
    return losses[:trained].argmin() + 1, trained


# %% task-4 wrong: untrained
my_autoencoder = models.dense_autoencoder(16, hidden=(128,), code_activation="linear", seed=SEED)

# %% task-4 wrong: a code of 32
my_autoencoder = models.dense_autoencoder(32, hidden=(128,), code_activation="linear", seed=SEED)

# %% task-4 wrong: more parameters than allowed
my_autoencoder = models.dense_autoencoder(16, hidden=(256,), code_activation="linear", seed=SEED)

# %% task-4 wrong: the chapter's recipe with ReLU at the code, and 5 epochs
my_autoencoder = models.dense_autoencoder(16, hidden=(128,), seed=SEED)
training.fit(my_autoencoder, x_train, epochs=5, seed=SEED)

# %% task-4 wrong: without hidden layers
my_autoencoder = models.dense_autoencoder(16, hidden=(), code_activation="linear", seed=SEED)
training.fit(my_autoencoder, x_train, epochs=8, batch_size=64, seed=SEED, loss="mean_squared_error")

# %% task-4 wrong: keeps the history in place of the model
my_autoencoder = history

# %% task-4 right: halves that differ, stock Keras, squared error and a greater learning rate
my_autoencoder = build_autoencoder([784, 120, 48, 16], [16, 48, 120, 784])
keras.utils.set_random_seed(1)
for layer in my_autoencoder.encoder.layers + my_autoencoder.decoder.layers:
    if hasattr(layer, "kernel"):
        layer.kernel.assign(keras.initializers.GlorotUniform()(layer.kernel.shape))
rate = keras.optimizers.Adam(2e-3)
my_autoencoder.compile(optimizer=rate, loss="mean_squared_error", jit_compile=True, steps_per_execution=100)
history = my_autoencoder.fit(x_train, x_train, epochs=12, batch_size=64, verbose=0)


# %% task-5 wrong: the mean squared error, which an empty image has least
def strangeness(x, x_hat):
    return ((x_hat - x) ** 2).mean(axis=1)


def choose_threshold(scores, false_alarms):
    return np.quantile(scores, 1 - false_alarms)


# %% task-5 wrong: in proportion to the mean image's error, which does not help with empty images
def strangeness(x, x_hat):
    return ((x_hat - x) ** 2).sum(axis=1) / ((x - x_train.mean(axis=0)) ** 2).sum(axis=1)


def choose_threshold(scores, false_alarms):
    return np.quantile(scores, 1 - false_alarms)


# %% task-5 wrong: the distance from a usual amount of ink, without the reconstruction
def strangeness(x, x_hat):
    return np.abs(x.mean(axis=1) - 0.13)


def choose_threshold(scores, false_alarms):
    return np.quantile(scores, 1 - false_alarms)


# %% task-5 wrong: how far the error is from that of the other images passed
def strangeness(x, x_hat):
    errors = ((x_hat - x) ** 2).mean(axis=1)
    return np.abs(np.log(errors / errors.mean()))


def choose_threshold(scores, false_alarms):
    return np.quantile(scores, 1 - false_alarms)


# %% task-5 wrong: a ratio of 0/0 for empty images
def strangeness(x, x_hat):
    top = (x * x_hat).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return 1 - top / np.sqrt((x**2).sum(axis=1) * (x_hat**2).sum(axis=1))


def choose_threshold(scores, false_alarms):
    return np.quantile(scores, 1 - false_alarms)


# %% task-5 wrong: PSNR, which is greater for better images
def strangeness(x, x_hat):
    return -10 * np.log10(((x_hat - x) ** 2).mean(axis=1))


def choose_threshold(scores, false_alarms):
    return np.quantile(scores, 1 - false_alarms)


# %% task-5 wrong: averages over images in place of pixels
def strangeness(x, x_hat):
    return ((x_hat - x) ** 2).sum(axis=0) / ((x**2).sum(axis=0) + 1e-6)


def choose_threshold(scores, false_alarms):
    return np.quantile(scores, 1 - false_alarms)


# %% task-5 wrong: the threshold's share taken from the wrong end
def strangeness(x, x_hat):
    return ((x_hat - x) ** 2).sum(axis=1) / ((x**2).sum(axis=1) + 1e-6)


def choose_threshold(scores, false_alarms):
    return np.quantile(scores, false_alarms)


# %% task-5 wrong: a share taken for per cent
def strangeness(x, x_hat):
    return ((x_hat - x) ** 2).sum(axis=1) / ((x**2).sum(axis=1) + 1e-6)


def choose_threshold(scores, false_alarms):
    return np.percentile(scores, 100 - false_alarms)


# %% task-5 wrong: two standard deviations above the mean, whatever share is asked for
def strangeness(x, x_hat):
    return ((x_hat - x) ** 2).sum(axis=1) / ((x**2).sum(axis=1) + 1e-6)


def choose_threshold(scores, false_alarms):
    return scores.mean() + 2 * scores.std()


# %% task-5 right: one less the cosine of the angle between image and reconstruction, and a sorted list
def strangeness(x, x_hat):
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(x_hat, axis=1)
    return 1 - np.einsum("ij,ij->i", x, x_hat) / np.maximum(lengths, 1e-9)


def choose_threshold(scores, false_alarms):
    ranked = sorted(scores.tolist(), reverse=True)
    return ranked[round(len(ranked) * false_alarms)]


# %% task-5 right: infinity for an image without ink
def strangeness(x, x_hat):
    errors, ink = np.square(x - x_hat).mean(axis=-1), np.square(x).mean(axis=-1)
    return np.divide(errors, ink, out=np.full(len(x), np.inf, dtype=x.dtype), where=ink > 0)


def choose_threshold(scores, false_alarms):
    return float(np.quantile(scores, 1 - false_alarms, method="higher"))
