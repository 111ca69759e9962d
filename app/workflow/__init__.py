"""The workflow engine: a library of its own that knows nothing of the business."""

__version__ = "0.1.0"
