"""Files of others and our own: checkpoints (JSON beside safetensors or npz), ONNX in and out, PyTorch's state_dicts; families
of networks that two programs can agree on, and a check of what came back from a trip.

What is read is data, never code, and is checked before it is used: a file that is truncated, hostile or not what its
name says raises FileFormatError that names it.
"""
