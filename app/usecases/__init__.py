"""What the system does: one frozen dataclass per use case, plain Python."""
