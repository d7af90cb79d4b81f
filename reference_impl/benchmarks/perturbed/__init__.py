"""What output perturbation costs: budgets, invariants and votes, mechanism by mechanism."""
