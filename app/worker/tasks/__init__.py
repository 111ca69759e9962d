"""What is done for jobs, one module a capability."""
