"""What runs a model: the Engine interface, torch on any device, and numba's machine code on the CPU.

All engines write the same text; selection.py picks the fastest one.
"""
