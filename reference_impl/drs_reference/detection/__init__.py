"""Detection of campaigns: what a window of traffic shows of clusters of accounts."""
