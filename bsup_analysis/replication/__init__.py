"""The replication package: what git tracks, what was published, and a README for replicators."""
