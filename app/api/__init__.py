"""The inbound HTTP side: parse, map, run, map."""
