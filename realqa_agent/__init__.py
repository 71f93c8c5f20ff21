"""RealQA Agent: scores and explains photos and clips, locally, and leaves human decisions alone."""

__version__ = "0.1.0"
