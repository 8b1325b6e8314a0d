"""Numerical kernels: NumPy and SciPy arrays in, arrays out (floor F0).

Equations and references stand next to the code; labels, units and regions are unknown here.
"""
