"""The endpoint: dialect routes, control plane, test mode, rate limits."""
