"""Checkpoints in the formats of other tools: a folder for the transformers library, a file for ONNX Runtime.

Run as a command: python -m tinygpt.export transformers weights OUT.
"""
