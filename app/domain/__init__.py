"""The business: entities, values, rules and life cycles; plain Python."""
