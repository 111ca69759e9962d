"""Repositories by capability: entities in and out, statements prepared once."""
