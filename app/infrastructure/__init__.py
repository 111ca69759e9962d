"""Adapters to the outside: databases, clock, passwords, tokens, texts."""
