"""Whole lists as files: every list has an export beside it, streamed page by page."""

from app.api.export.route import ExportProvided, export_parameters, export_responses, exports

__all__ = ["ExportProvided", "export_parameters", "export_responses", "exports"]
