"""The efficacy lab: what a mechanism does to students that are trained on harvested answers.

A teacher answers behind a real HTTP endpoint, a harvester asks, a student learns from the corpus
and is asked held-out questions. It needs torch: the extra ``training``.
"""
