"""The questions of the course report, answered from runs over seeds."""
