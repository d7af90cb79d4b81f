"""Output perturbation, one module a mechanism of the registry."""
