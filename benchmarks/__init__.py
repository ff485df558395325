"""One command for every published figure: `python -m benchmarks.NAME`. The figures are in docs/benchmarks.md.

baselines, onnx_baseline, command, machine, serving and visiting hold what several of them share.
"""
