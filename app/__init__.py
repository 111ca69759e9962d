"""Tramita: an ERP/CRM service whose business processes are durable workflows."""

__version__ = "0.1.0"
