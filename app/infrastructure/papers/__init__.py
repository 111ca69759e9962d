"""Papers as PDF files, drawn with reportlab."""
