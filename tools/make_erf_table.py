#!/usr/bin/env python3
"""Writes src/kernels/erf_table.inc: Taylor coefficients of erf at the middles of twelve half-unit intervals of [0, 6).

The table is part of arithmetic version 1: change it only with the version. Needs mpmath.
"""
import mpmath as mp
import sys

mp.mp.dps = 60
DEGREE = 15
rows = []
for i in range(12):
    coefficients = mp.taylor(mp.erf, mp.mpf(i) / 2 + mp.mpf(1) / 4, DEGREE)
    rows.append("    {" + ", ".join(float(c).hex() for c in coefficients) + "},")
text = "// Written by tools/make_erf_table.py: erf(i / 2 + 1 / 4 + t) = sum of row i's coefficients times t^j, |t| <= 1 / 4.\n"
text += "\n".join(rows) + "\n"
(open(sys.argv[1], "w") if len(sys.argv) > 1 else sys.stdout).write(text)
