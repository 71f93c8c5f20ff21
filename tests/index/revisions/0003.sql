-- What version 0003 wrote besides: words that processes leave for each other.
INSERT INTO state (name, value) VALUES ('pause', '{"since": "2026-11-28T12:00:00Z"}');
