"""Shared helpers of the course book *Autoencoders, Measured*: one small module for each concept.

From the ground up: ``data``, ``noise``, ``losses`` and ``metrics`` (NumPy only at import), then ``models``,
``training`` and ``baselines``, then ``experiments`` and ``plots``. No module imports one further up, and importing
``aelib`` itself imports none of them.
"""

import os

__version__ = "0.1.0"

# TensorFlow reads these two once, when it is first imported, and would otherwise write about its start-up and about
# oneDNN's rounding to stderr, which a notebook records as output. Import something from aelib before keras.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
