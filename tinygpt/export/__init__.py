"""Checkpoints in the formats of other tools, for the transformers library and ONNX Runtime; the page without a server.

Run as a command: python -m tinygpt.export transformers weights OUT.
"""
