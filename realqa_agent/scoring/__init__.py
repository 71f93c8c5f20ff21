"""Pictures in, assessments out. Knows no files, no index, no verdicts."""
