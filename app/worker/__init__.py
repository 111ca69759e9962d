"""Inbound jobs: what the program does without being asked."""
