"""In: from the portal's SODA datasets to the tables of `raw`."""
