"""The one loop: load, decide, append, dispatch."""
