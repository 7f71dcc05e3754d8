"""What is measured: from one trajectory and its run.json to tidy tables and the report."""
