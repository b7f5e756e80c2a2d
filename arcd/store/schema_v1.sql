-- Version 1 of the embedded store. Never edited once released: the next version is a script of its own.
-- Integers are ns since 1970 UTC where a column is called at or …_at.

PRAGMA application_id = 0x61726364;  -- "arcd": another program's database is refused, not filled

CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    commitment BLOB NOT NULL,
    previous_hash BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX entry_kind ON entry (kind);

-- Beside the chain, so that it can be erased. Deleted, never changed.
CREATE TABLE payload (
    seq INTEGER PRIMARY KEY REFERENCES entry (seq),
    salt BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Subjects and refs, by era of 65,536 entries. Every record of a busy centre is about another site; one index over all
-- time would touch one far-off page per ref, 4 KiB written for 20 bytes. An era's part stays small and then rests.
CREATE TABLE era (n INTEGER PRIMARY KEY) STRICT;
CREATE TABLE entry_ref (
    era INTEGER NOT NULL,
    ref TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (era, ref, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    place INTEGER PRIMARY KEY,
    effect_id TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE case_row (
    case_id TEXT PRIMARY KEY,
    case_type TEXT NOT NULL,
    site_id TEXT NOT NULL,
    state TEXT NOT NULL,
    priority TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX case_open ON case_row (opened_at, case_id) WHERE is_open;
CREATE INDEX case_age ON case_row (opened_at, case_id);
CREATE INDEX case_site ON case_row (site_id, opened_at, case_id);

CREATE TABLE state (
    part TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (part, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    created_at INTEGER NOT NULL,
    head_seq INTEGER NOT NULL,
    head_hash BLOB NOT NULL,
    checkpoint_seq INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, unixepoch() * 1000000000, 0, zeroblob(32), 0);

CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER payload_is_never_changed BEFORE UPDATE ON payload BEGIN
    SELECT RAISE(ABORT, 'a payload is erased or kept, never changed');
END;
CREATE TRIGGER ref_is_never_changed BEFORE UPDATE ON entry_ref BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER ref_is_never_deleted BEFORE DELETE ON entry_ref BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;

-- A whole batch as one row and so as one statement: packing.py says why, and what stands in each column.
CREATE VIEW batch AS
SELECT
    NULL AS first_seq, NULL AS entries, NULL AS refs, NULL AS hashes, NULL AS seals, NULL AS outbox_added,
    NULL AS outbox_settled, NULL AS cases, NULL AS state_kept, NULL AS state_gone, NULL AS bodies, NULL AS head_seq,
    NULL AS checkpoint_seq;

CREATE TRIGGER batch_is_stored INSTEAD OF INSERT ON batch BEGIN
    SELECT RAISE(ABORT, 'the journal has been written by someone else')
    FROM meta WHERE head_seq <> NEW.first_seq - 1 OR head_hash <> substr(NEW.hashes, 1, 32);

    INSERT INTO entry (seq, at, kind, subject, commitment, previous_hash, hash)
    SELECT
        NEW.first_seq + key, value ->> 0, value ->> 1, value ->> 2,
        substr(NEW.seals, key * 64 + 1, 32), substr(NEW.hashes, key * 32 + 1, 32), substr(NEW.hashes, key * 32 + 33, 32)
    FROM json_each(NEW.entries);

    INSERT INTO payload (seq, salt, body)
    SELECT
        NEW.first_seq + key, substr(NEW.seals, key * 64 + 33, 32), substr(NEW.bodies, (value ->> 3) + 1, value ->> 4)
    FROM json_each(NEW.entries);

    INSERT OR IGNORE INTO era (n) VALUES (NEW.first_seq >> 16), (NEW.head_seq >> 16);
    INSERT INTO entry_ref (era, ref, seq)
    SELECT (NEW.first_seq + key) >> 16, value ->> 2, NEW.first_seq + key FROM json_each(NEW.entries);
    INSERT OR IGNORE INTO entry_ref (era, ref, seq)
    SELECT (value ->> 0) >> 16, value ->> 1, value ->> 0 FROM json_each(NEW.refs);

    INSERT INTO outbox (effect_id, seq, body)
    SELECT value ->> 0, value ->> 1, substr(NEW.bodies, (value ->> 2) + 1, value ->> 3)
    FROM json_each(NEW.outbox_added);
    DELETE FROM outbox WHERE effect_id IN (SELECT value FROM json_each(NEW.outbox_settled));

    INSERT INTO case_row (case_id, case_type, site_id, state, priority, is_open, opened_at, closed_at, body)
    SELECT
        value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
        substr(NEW.bodies, (value ->> 8) + 1, value ->> 9)
    FROM json_each(NEW.cases) WHERE TRUE
    ON CONFLICT (case_id) DO UPDATE SET
        case_type = excluded.case_type, site_id = excluded.site_id, state = excluded.state,
        priority = excluded.priority, is_open = excluded.is_open, opened_at = excluded.opened_at,
        closed_at = excluded.closed_at, body = excluded.body;

    DELETE FROM state WHERE (part, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(NEW.state_gone));
    INSERT INTO state (part, key, body)
    SELECT value ->> 0, value ->> 1, substr(NEW.bodies, (value ->> 2) + 1, value ->> 3)
    FROM json_each(NEW.state_kept) WHERE TRUE
    ON CONFLICT (part, key) DO UPDATE SET body = excluded.body;

    UPDATE meta SET
        head_seq = NEW.head_seq, head_hash = substr(NEW.hashes, -32), checkpoint_seq = NEW.checkpoint_seq;
END;
