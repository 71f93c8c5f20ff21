"""The built-in scorer: small networks that were fitted to human ratings judge, measures explain."""
