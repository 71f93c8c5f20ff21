-- What version 0001 wrote. /photos/2026: IMG_1.CR2 and IMG_1.JPG are one shot, scored; clip.mp4 is a clip; copy.jpg has
-- IMG_1.JPG's content; \xff'.jpg is no UTF-8 name; gone.jpg is missing; cut.jpg is refused; new.jpg waits to be scored.
INSERT INTO asset (asset_id, sha256, kind, bytes, width, height, duration_s, facts, first_seen) VALUES
  (1, '1111111111111111111111111111111111111111111111111111111111111111', 'photo', 25000000, 6000, 4000, NULL,
   '{"camera": "Canon EOS R5", "lens": "RF24-105mm F4", "taken_at": "2026-06-01T10:00:00", "shutter_s": 0.004, "aperture": 4.0, "iso": 200, "focal_length_mm": 50.0, "focus_regions": [{"left": 0.4, "top": 0.3, "width": 0.1, "height": 0.1}]}',
   '2026-06-01T12:00:00Z'),
  (2, '2222222222222222222222222222222222222222222222222222222222222222', 'photo', 8000000, 6000, 4000, NULL,
   '{"camera": "Canon EOS R5"}', '2026-06-01T12:00:01Z'),
  (3, '3333333333333333333333333333333333333333333333333333333333333333', 'clip', 90000000, 1920, 1080, 12.5,
   '{}', '2026-06-01T12:00:02Z');
INSERT INTO assessment (assessment_id, asset_id, scorer, version, quality, aesthetic, overall, attributes, measures,
    clip, uncertainty, elapsed_ms, scored_at) VALUES
  (1, 1, 'firstlook', '1', 6.5, 7.25, 7.0, '{"composition": {"value": "6", "score": 7.0, "reason": "composition is good"}, "eye_catching": {"value": "6", "score": 7.0, "reason": "eye catching is good"}, "subject_and_background": {"value": "good", "score": 7.0, "reason": "subject and background is good"}, "subject_integrity": {"value": "good", "score": 7.0, "reason": "subject integrity is good"}, "subject_clutter": {"value": "good", "score": 7.0, "reason": "subject clutter is good"}, "background_clutter": {"value": "good", "score": 7.0, "reason": "background clutter is good"}, "level_shot": {"value": "unknown", "score": null, "reason": "no straight line in sight"}, "image_clarity": {"value": "good", "score": 7.0, "reason": "image clarity is good"}, "exposure": {"value": "good", "score": 7.5, "reason": "nothing clipped"}, "saturation": {"value": "good", "score": 7.0, "reason": "saturation is good"}}',
   '{"sharpness": 0.25}', NULL, '{"quality": 0.6, "aesthetic": 1.1}', 87.5, '2026-06-01T12:00:00Z'),
  (2, 2, 'firstlook', '1', 2.0, 3.0, 2.5, '{"composition": {"value": "6", "score": 7.0, "reason": "composition is good"}, "eye_catching": {"value": "6", "score": 7.0, "reason": "eye catching is good"}, "subject_and_background": {"value": "good", "score": 7.0, "reason": "subject and background is good"}, "subject_integrity": {"value": "good", "score": 7.0, "reason": "subject integrity is good"}, "subject_clutter": {"value": "good", "score": 7.0, "reason": "subject clutter is good"}, "background_clutter": {"value": "good", "score": 7.0, "reason": "background clutter is good"}, "level_shot": {"value": "unknown", "score": null, "reason": "no straight line in sight"}, "image_clarity": {"value": "good", "score": 7.0, "reason": "image clarity is good"}, "exposure": {"value": "underexposed", "score": 2.0, "reason": "3 EV under"}, "saturation": {"value": "good", "score": 7.0, "reason": "saturation is good"}}',
   '{"sharpness": 0.5}', NULL, NULL, 80.0, '2026-06-01T12:00:01Z'),
  (3, 2, 'other', '7', 4.0, 4.0, 4.0, '{"composition": {"value": "6", "score": 7.0, "reason": "composition is good"}, "eye_catching": {"value": "6", "score": 7.0, "reason": "eye catching is good"}, "subject_and_background": {"value": "good", "score": 7.0, "reason": "subject and background is good"}, "subject_integrity": {"value": "good", "score": 7.0, "reason": "subject integrity is good"}, "subject_clutter": {"value": "good", "score": 7.0, "reason": "subject clutter is good"}, "background_clutter": {"value": "good", "score": 7.0, "reason": "background clutter is good"}, "level_shot": {"value": "unknown", "score": null, "reason": "no straight line in sight"}, "image_clarity": {"value": "good", "score": 7.0, "reason": "image clarity is good"}, "exposure": {"value": "good", "score": 7.0, "reason": "exposure is good"}, "saturation": {"value": "good", "score": 7.0, "reason": "saturation is good"}}', '{}', NULL, NULL, 10.0, '2026-06-02T12:00:00Z'),
  (4, 3, 'firstlook', '1', 5.0, 5.0, 5.0, '{"composition": {"value": "6", "score": 7.0, "reason": "composition is good"}, "eye_catching": {"value": "6", "score": 7.0, "reason": "eye catching is good"}, "subject_and_background": {"value": "good", "score": 7.0, "reason": "subject and background is good"}, "subject_integrity": {"value": "good", "score": 7.0, "reason": "subject integrity is good"}, "subject_clutter": {"value": "good", "score": 7.0, "reason": "subject clutter is good"}, "background_clutter": {"value": "good", "score": 7.0, "reason": "background clutter is good"}, "level_shot": {"value": "unknown", "score": null, "reason": "no straight line in sight"}, "image_clarity": {"value": "good", "score": 7.0, "reason": "image clarity is good"}, "exposure": {"value": "good", "score": 7.0, "reason": "exposure is good"}, "saturation": {"value": "good", "score": 7.0, "reason": "saturation is good"}}', '{}',
   '{"frames": 8, "mean": 5.0, "lowest": 3.0, "spread": 0.5, "best_at_s": 2.5}', NULL, 900.0, '2026-06-01T12:00:02Z');
INSERT INTO file (file_id, folder, name, shot, size, mtime_ns, inode, assessment_id, missing_since, refusal_kind,
    refusal_message, refused_at) VALUES
  (1, CAST('/photos/2026' AS BLOB), CAST('IMG_1.CR2' AS BLOB), CAST('img_1' AS BLOB), 25000000, 1780308000000000001, 101, 1, NULL, NULL, NULL, NULL),
  (2, CAST('/photos/2026' AS BLOB), CAST('IMG_1.JPG' AS BLOB), CAST('img_1' AS BLOB), 8000000, 1780308000000000002, 102, 2, NULL, NULL, NULL, NULL),
  (3, CAST('/photos/2026' AS BLOB), CAST('clip.mp4' AS BLOB), CAST('clip' AS BLOB), 90000000, 1780308000000000003, -2, 4, NULL, NULL, NULL, NULL),
  (4, CAST('/photos/2026' AS BLOB), CAST('copy.jpg' AS BLOB), CAST('copy' AS BLOB), 8000000, 1780308000000000004, 104, 2, NULL, NULL, NULL, NULL),
  (5, CAST('/photos/2026' AS BLOB), X'FF272E6A7067', X'FF27', 25000000, 1780308000000000005, 105, 1, NULL, NULL, NULL, NULL),
  (6, CAST('/photos/2026' AS BLOB), CAST('gone.jpg' AS BLOB), CAST('gone' AS BLOB), 8000000, 1780308000000000006, 106, 2, '2026-06-03T08:00:00Z', NULL, NULL, NULL),
  (7, CAST('/photos/2026' AS BLOB), CAST('cut.jpg' AS BLOB), CAST('cut' AS BLOB), 700, 1780308000000000007, 107, NULL, NULL, 'corrupt', '\udcff''.jpg ends early', '2026-06-01T12:00:03Z'),
  (8, CAST('/photos/2026' AS BLOB), CAST('new.jpg' AS BLOB), CAST('new' AS BLOB), 9000000, 1780308000000000008, 108, NULL, NULL, NULL, NULL, NULL),
  (9, CAST('/photos/2026' AS BLOB), CAST('busy.jpg' AS BLOB), CAST('busy' AS BLOB), 9000000, 1780308000000000009, 109, NULL, NULL, NULL, NULL, NULL),
  (10, CAST('/photos/2026' AS BLOB), CAST('later.jpg' AS BLOB), CAST('later' AS BLOB), 9000000, 1780308000000000010, 110, NULL, NULL, NULL, NULL, NULL);
INSERT INTO verdict (file_id, decision, reasons, judged_at) VALUES
  (1, 'keep', '["the better of the shot"]', '2026-06-01T12:00:04Z'),
  (2, 'reject', '["dark: 3 EV under", "soft"]', '2026-06-01T12:00:04Z'),
  (3, 'review', '[]', '2026-06-01T12:00:05Z');
INSERT INTO memory (file_id, field, owner, value) VALUES
  (1, 'rating', 'human', '4'), (1, 'keywords', 'agent', 'RealQA|exposure|dark'), (2, 'pick', 'agent', '1');
INSERT INTO history (history_id, file_id, at, event, detail) VALUES
  (1, 1, '2026-06-01T12:00:00Z', 'found', '/photos/2026/IMG_1.CR2'), (2, 1, '2026-06-01T12:00:00Z', 'scored', 'firstlook 1'),
  (3, 1, '2026-06-01T12:00:04Z', 'judged', 'keep: the better of the shot'), (4, 6, '2026-06-03T08:00:00Z', 'missing', '');
INSERT INTO job (job_id, file_id, state, priority, run_after, attempts, crashes, owner, lease_until, failure, error,
    failed_at, enqueued_at) VALUES
  (21, 8, 'queued', 0, 1780308000.0, 0, 0, NULL, NULL, NULL, NULL, NULL, 1780308000.0),
  (22, 9, 'running', 0, 1780308000.0, 1, 0, 'host:1', 1800000060.0, NULL, NULL, NULL, 1780308000.0),
  (23, 10, 'queued', 10, 1800000060.0, 2, 1, NULL, NULL, 'transient', 'the share is away', 1780308000.0, 1780308000.0),
  (24, 7, 'dead', 0, 1780308000.0, 5, 0, NULL, NULL, 'permanent', 'corrupt: it ends early', 1780308000.0, 1780308000.0);
