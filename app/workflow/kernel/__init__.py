"""The pure core: no clock, no chance, no input or output."""
