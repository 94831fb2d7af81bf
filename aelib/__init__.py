"""Shared helpers of the course book *Autoencoders, Measured*: one small module for each concept.

From the ground up: ``data``, ``noise``, ``losses`` and ``metrics`` (NumPy only at import), then ``code_layers``,
``training``, ``models``, ``variational``, ``baselines``, ``anomaly``, ``probes`` and ``compression``, then
``experiments``, ``plots`` and ``explorer``; ``exercises`` stands by itself. No module imports one further up, and
importing ``aelib`` itself imports none of them.
"""

import logging
import os
from importlib.util import find_spec

__version__ = "0.1.0"

# Keras itself would report a mistyped backend as a failed import deep inside it.
_BACKENDS = ("tensorflow", "jax", "torch")
_backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
if _backend not in _BACKENDS:
    raise ValueError(
        f"the environment variable KERAS_BACKEND is {_backend!r}; expected one of {', '.join(_BACKENDS)}: "
        "correct it, or unset it for TensorFlow"
    )
if find_spec(_backend) is None:
    raise ModuleNotFoundError(
        f"Keras is to run on {_backend}, which is not installed here: install it with `pip install {_backend}`, "
        "or set the environment variable KERAS_BACKEND to another of " + ", ".join(_BACKENDS)
    )

# TensorFlow reads these two once, when it is first imported, and would otherwise write about its start-up and about
# oneDNN's rounding to stderr, which a notebook records as output. Import something from aelib before keras.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# What TensorFlow's Python side logs below errors is advice on its tracing, which no reader of a chapter can act on.
logging.getLogger("tensorflow").setLevel(logging.ERROR)
