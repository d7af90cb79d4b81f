"""Recognising one's own perturbed answers offline, in a corpus or in a student."""
