"""Training: the loop, optimizers, evaluation, distillation, and the state that a run resumes from.

cli.py is the body of train.py.
"""
