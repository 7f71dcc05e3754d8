"""Anybody's trajectory: from a topology and a trajectory to the run.json that the workflow writes."""
