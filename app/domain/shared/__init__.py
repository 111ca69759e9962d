"""What every part of the business shares."""
