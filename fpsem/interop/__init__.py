"""Files of others and our own: checkpoints (JSON and safetensors) and ONNX.

What is read is data, never code, and is checked before it is used: a file that is truncated, hostile or not what its
name says raises FileFormatError that names it.
"""
