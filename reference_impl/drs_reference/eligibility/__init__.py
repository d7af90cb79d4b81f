"""Whom the endpoint serves: the policy, what is established of an account, and what follows."""
