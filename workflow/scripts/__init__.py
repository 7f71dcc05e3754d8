"""One script per simulation rule, of the same name."""
