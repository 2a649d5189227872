"""What was published, and a run's figures beside it."""
