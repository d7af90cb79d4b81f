"""The hub: a TAXII 2.1 server that keeps what members publish and proves what it keeps."""
