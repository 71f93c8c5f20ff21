"""Results into XMP sidecars, without touching what a human or another program wrote there."""
