"""Who may do what to which persona, and when: leases on test personas."""
