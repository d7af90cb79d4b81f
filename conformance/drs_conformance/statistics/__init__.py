"""The decision engine: sequential tests whose error rates hold at any stopping time.

A requirement has two *e-processes*: one against "conforms", one against "violates by the design's
effect". Each starts at 1 and, under its hypothesis, is not expected to grow, so it reaches 1/a with
probability at most a, whenever one stops (Ville 1939). The first gives FAIL at 1/alpha, the second
PASS at 1/beta; at the cap the verdict is INCONCLUSIVE. Nothing here sends, stores or prints.
"""
