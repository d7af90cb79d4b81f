"""The transparency log: a Merkle tree, its proofs, and signed checkpoints."""
