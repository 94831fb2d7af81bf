"""Values and calls, by value, between the grader and a student's kernel.

The grader imports this file; a kernel gets a copy of it, for it needs nothing but NumPy (and Keras, where a Keras model
is meant). Nothing that comes from a kernel is ever unpickled or evaluated: values are JSON and bare bytes, of the kinds
listed under :func:`pack`, and a Keras model is built anew from a description in which every class is looked up in
``LAYERS`` and ``OTHERS`` first. So a student's code can hand over any *value*, right or wrong, but no behaviour.

A frame is two lengths, a JSON header and bytes::

    8 bytes: length of the header | 8 bytes: length of the bytes | header | bytes
"""

from __future__ import annotations

import builtins
import contextlib
import json
import math
import re
import socket
import struct
import sys
import traceback

import numpy as np

HEADER_LIMIT = 16 << 20  # bytes of JSON in one frame
VALUE_LIMIT = 256 << 20  # bytes of arrays in one value: the 60,000 training images are 188 MB as float32
DEPTH_LIMIT = 30
_LENGTHS = struct.Struct(">QQ")
# Booleans, integers, floats, complex numbers and text of fixed width: dtypes whose bytes are their values.
_DTYPE = re.compile(r"[<>|][biufcSU]\d{1,6}")

# Keras classes that a model may consist of: none of them runs code that comes with the model.
LAYERS = {
    *("Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "AveragePooling1D", "AveragePooling2D"),
    *("BatchNormalization", "CategoryEncoding", "CenterCrop", "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D"),
    *("Conv2DTranspose", "Cropping1D", "Cropping2D", "Dense", "DepthwiseConv2D", "Dot", "Dropout", "ELU", "Embedding"),
    *("Flatten", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GroupNormalization", "Identity", "InputLayer", "LayerNormalization"),
    *("LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "Maximum", "Minimum", "Multiply", "Normalization"),
    *("PReLU", "Permute", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Resizing", "SeparableConv2D", "Softmax"),
    *("SpatialDropout1D", "SpatialDropout2D", "SpectralNormalization", "Subtract", "UnitNormalization"),
    *("UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D"),
}
# Module, as Keras writes it, to the classes allowed from it; None for every class of the module.
OTHERS = {
    "keras": {"DTypePolicy", "Functional", "Model", "Sequential"},
    "keras.models": {"Functional", "Model", "Sequential"},
    "keras.src.models.functional": {"Functional"},
    "keras.src.ops.nn": None,
    "keras.src.ops.numpy": None,
    "keras.initializers": None,
    "keras.regularizers": None,
    "keras.constraints": None,
    "keras.activations": None,
    "aelib.models": {"Autoencoder"},
    "builtins": {"function"},
}
# A layer larger than this is a trap for the grader's memory, not an exercise.
LARGEST_INTEGER = 1_000_000


class Refused(TypeError):
    """A value of a kind that cannot be handed over; the message is meant for a student."""


# --- frames --------------------------------------------------------------------------------------------------------


def frame(header: dict, data: bytes = b"") -> bytes:
    """Give the bytes of one frame."""
    text = json.dumps(header).encode("utf-8")
    return _LENGTHS.pack(len(text), len(data)) + text + data


def take_frame(buffer: bytearray, limit: int = VALUE_LIMIT) -> tuple[dict, bytes] | None:
    """Take one frame from the start of ``buffer``; None if it is not complete yet.

    Raises
    ------
    ValueError
        If the frame is longer than allowed, or its header is not a JSON object.
    """
    if len(buffer) < _LENGTHS.size:
        return None
    head, body = _LENGTHS.unpack_from(buffer)
    if head > HEADER_LIMIT or body > limit:
        raise ValueError(f"a message of {(head + body) / 1e6:.0f} MB; at most {limit / 1e6:.0f} MB are taken")
    end = _LENGTHS.size + head + body
    if len(buffer) < end:
        return None
    try:
        header = json.loads(bytes(buffer[_LENGTHS.size : _LENGTHS.size + head]))
    except RecursionError:
        raise ValueError("a message that is nested too deeply") from None
    if not isinstance(header, dict):
        raise ValueError("a message that is not an object")
    data = bytes(buffer[_LENGTHS.size + head : end])
    del buffer[:end]
    return header, data


# --- values --------------------------------------------------------------------------------------------------------


def pack(value) -> tuple[object, bytes]:
    """Turn a value into JSON and bytes.

    Parameters
    ----------
    value : object
        None, a bool, int, float, complex number or str; a NumPy scalar or array without objects in it, or a tensor
        (which arrives as an array); a tuple, a list, or a dict with str, int or float keys, of these; a Keras model of
        ordinary layers.

    Returns
    -------
    node : object
        What ``json`` can write.
    data : bytes
        The contents of all arrays, one behind the other.

    Raises
    ------
    Refused
        If the value, or a part of it, is of another kind, nested too deeply, or too large.
    """
    parts: list[bytes] = []
    node = _pack(value, parts, 0)
    if sum(map(len, parts)) > VALUE_LIMIT:
        raise Refused(f"it is larger than {VALUE_LIMIT >> 20} MB")
    return node, b"".join(parts)


def _pack(value, parts: list[bytes], depth: int):
    if depth > DEPTH_LIMIT:
        raise Refused(f"it is nested more than {DEPTH_LIMIT} deep")
    if isinstance(value, np.generic):  # before float: np.float64 is one
        return {"kind": "scalar", **_pack_array(np.asarray(value), parts)}
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):  # subclasses arrive as the plain kind
            return kind(value)
    if isinstance(value, complex):
        return {"kind": "complex", "parts": [value.real, value.imag]}
    if isinstance(value, np.ndarray):
        return {"kind": "array", **_pack_array(np.asarray(value), parts)}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {"kind": kind, "items": [_pack(item, parts, depth + 1) for item in value]}
    if isinstance(value, dict):
        if not all(type(key) in (str, int, float) for key in value):
            raise Refused("it is a dictionary whose keys are not all text or numbers")
        return {"kind": "dict", "items": [[key, _pack(item, parts, depth + 1)] for key, item in value.items()]}
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(value, getattr(keras, "Model", ())):
        return _pack_model(value, parts, keras)
    if type(value).__module__.partition(".")[0] in ("tensorflow", "keras", "jax", "jaxlib", "torch") and hasattr(
        value, "__array__"
    ):
        return {"kind": "array", **_pack_array(np.asarray(value), parts)}
    raise Refused(
        f"it is a {type(value).__name__}; expected None, a number, text, a NumPy array, a Keras model, or a tuple, "
        "list or dictionary of these"
    )


def _pack_array(array: np.ndarray, parts: list[bytes]) -> dict:
    if not _DTYPE.fullmatch(array.dtype.str):
        raise Refused(f"it is an array of dtype {array.dtype}; expected numbers, booleans or text")
    parts.append(array.tobytes())
    return {"dtype": array.dtype.str, "shape": array.shape}


def _pack_model(model, parts: list[bytes], keras) -> dict:
    try:
        config = _without_compilation(json.loads(json.dumps(keras.saving.serialize_keras_object(model))))
        check_config(config)
    except Refused:
        raise
    except Exception as error:  # whatever a student's own layer does
        raise Refused(f"it is a Keras model that cannot be described ({type(error).__name__}: {error})") from None
    return {
        "kind": "model",
        "config": config,
        "weights": [_pack_array(np.asarray(w), parts) for w in model.get_weights()],
    }


def _without_compilation(config):
    """Leave out optimisers and losses, which no check needs, at every depth."""
    if isinstance(config, dict):
        return {key: _without_compilation(item) for key, item in config.items() if key != "compile_config"}
    return [_without_compilation(item) for item in config] if isinstance(config, list) else config


def unpack(node, data: bytes):
    """Turn JSON and bytes back into the value; believes nothing.

    Raises
    ------
    ValueError
        If they are not what :func:`pack` could have made.
    Refused
        If a Keras model has a part that is not allowed, or cannot be built.
    """
    source = _Source(data)
    try:
        value = _unpack(node, source, 0)
    except (KeyError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, Refused):
            raise
        raise ValueError(f"not a value: {type(error).__name__}") from None
    return value


class _Source:
    """The bytes of all arrays; each is given out once, so that a small message cannot become a large value."""

    def __init__(self, data: bytes):
        self.data, self.position = data, 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.position:
            raise ValueError("arrays that are larger than the bytes they came with")
        self.position += size
        return self.data[self.position - size : self.position]


def _unpack(node, source: _Source, depth: int):
    if depth > DEPTH_LIMIT:
        raise ValueError("a value that is nested too deeply")
    if node is None or type(node) in (bool, int, float, str):
        return node
    kind = node["kind"]
    if kind in ("array", "scalar"):
        array = _unpack_array(node, source)
        if kind == "scalar" and array.shape:
            raise ValueError("a scalar with a shape")
        return array[()] if kind == "scalar" else array
    if kind == "complex":
        real, imaginary = node["parts"]
        return complex(real, imaginary)
    if kind in ("list", "tuple"):
        items = [_unpack(item, source, depth + 1) for item in node["items"]]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return {key: _unpack(item, source, depth + 1) for key, item in node["items"]}
    if kind == "model":
        return _unpack_model(node, source)
    raise ValueError("a value of no known kind")


def _unpack_array(node: dict, source: _Source) -> np.ndarray:
    dtype, shape = node["dtype"], node["shape"]
    if not _DTYPE.fullmatch(dtype) or not isinstance(shape, list) or len(shape) > 32:
        raise ValueError("an array of no known kind")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError("an array of no possible shape")
    dtype = np.dtype(dtype)
    raw = source.take(math.prod(shape) * dtype.itemsize)
    # A copy, because the bytes cannot be written to and a check may do so.
    return np.frombuffer(raw, dtype, count=math.prod(shape)).reshape(shape).copy() if raw else np.empty(shape, dtype)


def _unpack_model(node: dict, source: _Source):
    weights = [_unpack_array(part, source) for part in node["weights"]]
    check_config(node["config"])
    import keras  # slow, and most sheets' values are arrays

    import aelib.models  # noqa: F401 (registers its class with Keras)

    try:
        model = keras.saving.deserialize_keras_object(node["config"], safe_mode=True)
        if not isinstance(model, keras.Model):
            raise TypeError("not a model")
        model.set_weights(weights)
    except Exception as error:
        raise Refused(
            f"it is a Keras model that cannot be built ({type(error).__name__}: {str(error)[:300]})"
        ) from None
    return model


def check_config(config, key: str = "") -> None:
    """Check that a model's description names no class but the allowed ones, and nothing gigantic.

    Raises
    ------
    Refused
        If it does; the message names the class.
    """
    if isinstance(config, list):
        for item in config:
            check_config(item, key)
    elif isinstance(config, dict):
        # The first is how a layer of a functional model names its inputs.
        if config.get("class_name") != "__keras_tensor__" and "class_name" in config:
            _check_class(config)
        for name, item in config.items():
            if not isinstance(name, str):
                raise Refused("it is a Keras model with a description of no known form")
            check_config(item, name)
    elif isinstance(config, int) and abs(config) > LARGEST_INTEGER and key != "seed":
        raise Refused(f"it is a Keras model with the size {config:,} in it; at most {LARGEST_INTEGER:,} is taken")


def _check_class(config: dict) -> None:
    module, name, registered = config.get("module"), config.get("class_name"), config.get("registered_name")
    # A description without a module is looked up in Keras, but there are layers among its own that run code.
    allowed = isinstance(module, str) and isinstance(name, str)
    known = {None, name if allowed else None}
    if allowed and module == "keras.layers":
        allowed = name in LAYERS
    elif allowed and module in OTHERS:
        allowed = name in OTHERS[module] if OTHERS[module] is not None else re.fullmatch(r"[A-Z]\w*", name) is not None
    else:
        allowed = False
    if allowed and module == "aelib.models":
        known = {"aelib>Autoencoder"}
    if allowed and name == "function":  # an activation, by its name in Keras
        allowed = isinstance(config.get("config"), str)
        known.add(config.get("config") if allowed else None)
    if not allowed or registered not in known:
        raise Refused(f"it is a Keras model with a {name!s:.60} ({module!s:.60}) in it, which cannot be handed over")


# --- inside the kernel ---------------------------------------------------------------------------------------------


def serve(path: str) -> None:
    """Answer the grader's requests about the notebook's names until it says that this was all.

    Parameters
    ----------
    path : str
        The Unix socket that the requests come through.
    """
    from IPython import get_ipython

    namespace = get_ipython().user_ns
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        buffer = bytearray()
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # meant for a call that was just over
                received = take_frame(buffer)
                if received is None:
                    piece = connection.recv(1 << 20)
                    if not piece:
                        return
                    buffer += piece
                    continue
                if received[0].get("op") == "end":
                    return
                connection.sendall(_answer(namespace, *received))


def _answer(namespace: dict, request: dict, data: bytes) -> bytes:
    """Do what one request asks, and give the frame to answer with."""
    name = request["name"]
    if name not in namespace:
        return frame({"is": "missing"})
    value = namespace[name]
    try:
        if request["op"] == "call":
            arguments, keywords = unpack(request["arguments"], data)
            value = value(*arguments, **keywords)
        elif callable(value) and not _is_model(value):
            return frame({"is": "function"})
        node, data = pack(value)
        return frame({"is": "value", "value": node}, data)
    except Refused as error:
        return frame({"is": "refused", "message": str(error)})
    except BaseException as error:  # SystemExit and KeyboardInterrupt, too
        return frame(_described(error))


def _is_model(value) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, getattr(keras, "Model", ()))


def _described(error: BaseException) -> dict:
    """Describe an exception: its class and those above it, by name, its message, and the student's part of its path."""
    steps = [step for step in traceback.extract_tb(error.__traceback__) if step.filename != __file__]
    try:
        message = str(error)
    except BaseException:
        message = ""
    return {
        "is": "error",
        "classes": [kind.__name__ for kind in type(error).__mro__],
        "message": message[:4000],
        "path": [f"{step.name}: {step.line}" for step in steps][-10:],
    }


# --- on the grader's side ------------------------------------------------------------------------------------------


class Function:
    """Stands for a function of a student's: calling it calls theirs, with arguments and result by value.

    Parameters
    ----------
    ask : callable
        Takes a request and its bytes, gives the answer and its bytes.
    name : str
        The function's name in the notebook.
    """

    def __init__(self, ask, name: str):
        self._ask, self.__name__ = ask, name

    def __call__(self, *arguments, **keywords):
        try:
            node, data = pack((arguments, keywords))
        except Refused as error:
            raise TypeError(f"an argument of {self.__name__} cannot be handed over: {error}") from None
        request = {"op": "call", "name": self.__name__, "arguments": node}
        return receive(*self._ask(request, data), f"what {self.__name__} returns", self._ask, self.__name__)

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"


def fetch(ask, name: str):
    """Fetch what a name in the notebook stands for.

    Raises
    ------
    NameError
        If the notebook does not define it.
    TypeError
        If it is of a kind that cannot be handed over.
    """
    return receive(*ask({"op": "fetch", "name": name}, b""), name, ask, name)


def receive(answer: dict, data: bytes, what: str, ask, name: str):
    """Turn an answer into a value, or raise what it tells of.

    Parameters
    ----------
    answer, data : dict, bytes
        The frame that came.
    what : str
        What was asked for, in words, for messages.
    ask : callable
        As for :class:`Function`.
    name : str
        The name in the notebook.
    """
    kind = answer.get("is")
    try:
        if kind == "value":
            return unpack(answer.get("value"), data)
        message = answer.get("message")
        if kind == "refused":
            raise Refused(str(message)[:1000])
    except Refused as error:
        raise TypeError(f"{what} cannot be marked: {error}") from None
    except ValueError as error:
        raise TypeError(f"{what} cannot be marked: it arrived as {error}") from None
    if kind == "function":
        return Function(ask, name)
    if kind == "error":
        raise _as_exception(answer)
    raise NameError(f"name '{name}' is not defined")


def _as_exception(answer: dict) -> Exception:
    """Make the exception that a student's code ended with: of its built-in class, else RuntimeError with its name."""
    classes = [str(name) for name in answer.get("classes") or [] if isinstance(name, str)][:20]
    message = str(answer.get("message") or "")[:4000]
    if classes[:1] == ["KeyboardInterrupt"]:
        error: Exception = TimeoutError("your code took too long and was stopped")
    else:
        known = [getattr(builtins, name, None) for name in classes]
        known = [kind for kind in known if isinstance(kind, type) and issubclass(kind, Exception)]
        named = next((kind for kind in known if kind is not Exception), RuntimeError)
        if classes[:1] != [named.__name__]:
            message = f"{(classes or ['error'])[0]:.80}: {message}"
        try:
            error = named(message)
        except TypeError:  # UnicodeDecodeError and the like take more than a message
            error = RuntimeError(f"{named.__name__}: {message}")
    path = answer.get("path")
    error.student_path = [str(step)[:300] for step in path][:10] if isinstance(path, list) else []
    return error
