"""Training: the loop, optimizers, evaluation, distillation, and the state that a run resumes from.

cli.py is its command line.
"""
