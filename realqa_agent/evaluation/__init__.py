"""How well a scorer agrees with people. Pure: labels and scores in, figures with intervals out."""
