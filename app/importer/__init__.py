"""The inbound side of files: CSV and XLSX, a mapping to our fields, and one use case for each document."""
