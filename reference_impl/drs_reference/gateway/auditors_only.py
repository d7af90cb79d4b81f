"""What is open to auditors and nobody else."""

from __future__ import annotations

__all__ = ["AuditorsOnly"]


class AuditorsOnly:
    """A part of the control plane for auditors."""

    def allowed(self, is_auditor: bool) -> bool:
        """Whether a caller may use it."""
        return is_auditor
