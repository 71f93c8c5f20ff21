-- What version 0002 wrote besides: who did it in a file's history, and the journal of writes, here that of IMG_1.CR2's
-- sidecar: made by the agent, changed by `cull`, and the latter taken back by `undo`. middle is zlib's for 'first'.
INSERT INTO history (history_id, file_id, at, event, detail, who, run) VALUES
  (11, 1, '2026-07-01T12:00:00Z', 'wrote', 'IMG_1.CR2.xmp: rating none > 3', 'cull', '20260701-120000-abcd');
INSERT INTO journal (write_id, run, who, at, file_id, path, before_sha256, after_sha256, head, tail, middle, changes,
    memory, taken_back_by) VALUES
  (31, '20260701-110000-aaaa', 'agent', 1782903600.0, 1, CAST('/photos/2026/IMG_1.CR2.xmp' AS BLOB), NULL,
   'a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e', 0, 0, NULL, '[]', '{}', NULL),
  (32, '20260701-120000-abcd', 'cull', 1782907200.0, 1, CAST('/photos/2026/IMG_1.CR2.xmp' AS BLOB),
   'a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e',
   '16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4', 0, 0, X'789C4BCB2C2A2E010006570229',
   '[["rating", null, "3"]]', '{"rating": ["human", "4"]}', NULL),
  (33, '20260701-110000-aaaa', 'agent', 1782907300.0, 5, X'2F70686F746F732F323032362FFF272E6A70672E786D70', NULL,
   'a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e', 0, 0, NULL, '[]', '{}', 34),
  (34, '20260701-130000-bbbb', 'undo', 1782910800.0, 5, X'2F70686F746F732F323032362FFF272E6A70672E786D70',
   'a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e', NULL, 0, 0, X'789C4BCB2C2A2E010006570229', '[]', '{}', NULL);
