"""Scorers that ask a multimodal language model, after the RealQA paper (arXiv 2503.06141)."""
