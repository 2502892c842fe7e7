"""What takes how long at the City's size: `make bench`."""
