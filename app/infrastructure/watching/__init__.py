"""Adapters for those who watch: Prometheus reads figures, OpenTelemetry takes spans."""
