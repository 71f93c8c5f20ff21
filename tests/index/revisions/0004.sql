-- What version 0004 wrote besides: the part that taste has in an overall score.
UPDATE assessment SET taste = '{"without": 3.7, "because": ["strong colour"]}' WHERE scorer = 'other';
