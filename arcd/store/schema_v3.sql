-- Version 3 of the embedded store: an era of refs is 4,096 entries, not 65,536. A commit of a busy centre then touches the
-- few dozen pages that are the current era's index, not one of several hundred for each entry: half the log, and two
-- thirds of the time.

DROP VIEW batch;  -- and its trigger, which names the table that is renamed, with it
CREATE TABLE entry_ref_3 (
    era INTEGER NOT NULL,
    ref TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (era, ref, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO entry_ref_3 SELECT seq >> 12, ref, seq FROM entry_ref ORDER BY 1, 2, 3;
DROP TABLE entry_ref;  -- and its triggers with it
ALTER TABLE entry_ref_3 RENAME TO entry_ref;
DELETE FROM era;
INSERT INTO era SELECT DISTINCT era FROM entry_ref;

CREATE TRIGGER ref_is_never_changed BEFORE UPDATE ON entry_ref BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER ref_is_never_deleted BEFORE DELETE ON entry_ref
WHEN OLD.seq > (SELECT pruned_through FROM meta) BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;

CREATE VIEW batch AS
SELECT
    NULL AS first_seq, NULL AS entries, NULL AS refs, NULL AS hashes, NULL AS seals, NULL AS outbox_added,
    NULL AS outbox_settled, NULL AS cases, NULL AS state_kept, NULL AS state_gone, NULL AS bodies, NULL AS head_seq,
    NULL AS checkpoint_seq, NULL AS peaks, NULL AS nodes, NULL AS node_hashes, NULL AS erased, NULL AS cases_gone,
    NULL AS pruned_through, NULL AS pruned_hash, NULL AS pruned_peaks;

CREATE TRIGGER batch_is_stored INSTEAD OF INSERT ON batch BEGIN
    SELECT RAISE(ABORT, 'the journal has been written by someone else')
    FROM meta WHERE head_seq <> NEW.first_seq - 1 OR head_hash <> substr(NEW.hashes, 1, 32);

    INSERT INTO entry (seq, at, kind, subject, commitment, previous_hash, hash, refs)
    SELECT
        NEW.first_seq + key, value ->> 0, value ->> 1, value ->> 2,
        substr(NEW.seals, key * 64 + 1, 32), substr(NEW.hashes, key * 32 + 1, 32),
        substr(NEW.hashes, key * 32 + 33, 32), value ->> 5
    FROM json_each(NEW.entries);

    INSERT INTO payload (seq, salt, body)
    SELECT
        NEW.first_seq + key, substr(NEW.seals, key * 64 + 33, 32), substr(NEW.bodies, (value ->> 3) + 1, value ->> 4)
    FROM json_each(NEW.entries);

    INSERT OR IGNORE INTO era (n)
    SELECT (NEW.first_seq + key) >> 12 FROM json_each(NEW.entries) WHERE key = 0 OR (NEW.first_seq + key) & 4095 = 0;
    INSERT INTO entry_ref (era, ref, seq)
    SELECT (NEW.first_seq + key) >> 12, value ->> 2, NEW.first_seq + key FROM json_each(NEW.entries);
    INSERT OR IGNORE INTO entry_ref (era, ref, seq)
    SELECT (value ->> 0) >> 12, value ->> 1, value ->> 0 FROM json_each(NEW.refs);

    INSERT OR IGNORE INTO tree_node (height, place, hash)
    SELECT value ->> 0, value ->> 1, substr(NEW.node_hashes, key * 32 + 1, 32) FROM json_each(NEW.nodes);

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
    DELETE FROM case_row WHERE case_id IN (SELECT value FROM json_each(NEW.cases_gone));

    DELETE FROM state WHERE (part, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(NEW.state_gone));
    INSERT INTO state (part, key, body)
    SELECT value ->> 0, value ->> 1, substr(NEW.bodies, (value ->> 2) + 1, value ->> 3)
    FROM json_each(NEW.state_kept) WHERE TRUE
    ON CONFLICT (part, key) DO UPDATE SET body = excluded.body;

    DELETE FROM payload WHERE seq IN (SELECT value FROM json_each(NEW.erased));

    UPDATE meta SET
        head_seq = NEW.head_seq, head_hash = substr(NEW.hashes, -32), checkpoint_seq = NEW.checkpoint_seq,
        peaks = NEW.peaks;
    SELECT RAISE(ABORT, 'what is given up is not what is stored')
    WHERE NEW.pruned_through IS NOT NULL
        AND NEW.pruned_hash IS NOT (SELECT hash FROM entry WHERE seq = NEW.pruned_through);
    UPDATE meta SET
        pruned_through = NEW.pruned_through, pruned_hash = NEW.pruned_hash, pruned_peaks = NEW.pruned_peaks
    WHERE NEW.pruned_through IS NOT NULL;
END;
