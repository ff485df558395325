"""The commands besides the page's: generate.py writes in the terminal, and train.py trains and pushes.

A run is pushed here and not in training/, which lies below hub/.
"""
