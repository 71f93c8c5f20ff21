"""Files in, pixels and capture facts out. The one room that opens pictures and clips.

Importing this package stays light: numpy, Pillow and the decoders are imported by the modules that need them.
"""
