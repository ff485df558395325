"""The transformer and the arithmetic around it: arrays in, arrays out, neither text nor files.

Begin with gpt.py, then attention.py: both are written to be read from top to bottom.
"""
