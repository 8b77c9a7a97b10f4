-- The retained state of the PostgreSQL channel layer. A crash of the server empties unlogged tables;
-- publishers notice the loss and open their channels again. In return, publishing does not wait for the
-- disk.
--
-- The parts of a history carry its nonce, which is never used again. A transaction that writes any part
-- holds the row lock of the channel.

-- Half of each page stays free, so that a new row version fits on the same page (a HOT update). A HOT
-- update needs no index entry, and a later visit of the page removes the old version. No indexed column
-- changes with a frame.
CREATE UNLOGGED TABLE liveops_channel (
    name text COLLATE "C" PRIMARY KEY,
    attempt bigint NOT NULL,
    nonce uuid NOT NULL,
    seq bigint NOT NULL,
    ended boolean NOT NULL,
    published_on timestamp with time zone NOT NULL,
    keep_until timestamp with time zone NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX liveops_channel_kept ON liveops_channel (keep_until);

-- The base of a region, and the number and size of the additions since.
CREATE UNLOGGED TABLE liveops_channel_region (
    history uuid NOT NULL,
    region text COLLATE "C" NOT NULL,
    base bytea NOT NULL,
    base_seq bigint NOT NULL,
    items bigint NOT NULL,
    bytes bigint NOT NULL,
    dropped_seq bigint NOT NULL,
    PRIMARY KEY (history, region)
) WITH (fillfactor = 50);

-- `items_through` and `bytes_through` count the additions to the region up to and including this one. The
-- difference to the counts of the region gives the additions after it.
CREATE UNLOGGED TABLE liveops_channel_addition (
    history uuid NOT NULL,
    region text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    part integer NOT NULL,
    items bigint NOT NULL,
    items_through bigint NOT NULL,
    bytes_through bigint NOT NULL,
    html bytea NOT NULL,
    PRIMARY KEY (history, region, seq, part)
);

CREATE UNLOGGED TABLE liveops_channel_signal (
    history uuid NOT NULL,
    seq bigint NOT NULL,
    signal text NOT NULL,
    PRIMARY KEY (history, seq)
);

-- Functions instead of single statements: each statement of a function sees the data committed while the
-- previous statement waited for the lock, and one call is one round trip.

-- Applies fragments. A fragment without a number of items replaces its region.
CREATE FUNCTION liveops_channel_apply(
    p_history uuid, p_seq bigint,
    p_regions text[], p_items bigint[], p_htmls bytea[],
    p_items_max bigint, p_bytes_max bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    content record;
    oldest record;
    dropped_part integer;
    dropped_from bigint;
BEGIN
    FOR n IN 1 .. cardinality(p_regions) LOOP
        IF p_items[n] IS NULL THEN
            DELETE FROM liveops_channel_addition
            WHERE history = p_history AND region = p_regions[n];
            UPDATE liveops_channel_region
            SET base = p_htmls[n], base_seq = p_seq, items = 0, bytes = 0, dropped_seq = 0
            WHERE history = p_history AND region = p_regions[n];
            IF NOT FOUND THEN
                INSERT INTO liveops_channel_region
                VALUES (p_history, p_regions[n], p_htmls[n], p_seq, 0, 0, 0);
            END IF;
            CONTINUE;
        END IF;

        -- Without `base`, which may be large.
        SELECT base_seq, items, bytes, dropped_seq INTO content FROM liveops_channel_region
        WHERE history = p_history AND region = p_regions[n];
        IF NOT FOUND THEN
            INSERT INTO liveops_channel_region
            VALUES (p_history, p_regions[n], '', p_seq, 0, 0, 0)
            RETURNING base_seq, items, bytes, dropped_seq INTO content;
        END IF;
        content.items := content.items + p_items[n];
        content.bytes := content.bytes + octet_length(p_htmls[n]);

        IF content.items >= p_items_max OR content.bytes >= p_bytes_max THEN
            -- The scan starts at the first live addition, so that it skips dead index entries.
            dropped_from := greatest(content.dropped_seq, content.base_seq);
            dropped_part := NULL;
            FOR oldest IN
                SELECT seq, part, items_through, bytes_through FROM liveops_channel_addition
                WHERE history = p_history AND region = p_regions[n] AND seq >= dropped_from
                ORDER BY seq, part
            LOOP
                EXIT WHEN content.items - oldest.items_through < p_items_max
                    AND content.bytes - oldest.bytes_through < p_bytes_max;
                content.dropped_seq := oldest.seq;
                dropped_part := oldest.part;
            END LOOP;
            IF dropped_part IS NOT NULL THEN
                DELETE FROM liveops_channel_addition
                WHERE history = p_history AND region = p_regions[n] AND seq >= dropped_from
                    AND (seq, part) <= (content.dropped_seq, dropped_part);
            END IF;
        END IF;

        INSERT INTO liveops_channel_addition VALUES (
            p_history, p_regions[n], p_seq, n, p_items[n], content.items, content.bytes, p_htmls[n]
        );
        UPDATE liveops_channel_region
        SET items = content.items, bytes = content.bytes, dropped_seq = content.dropped_seq
        WHERE history = p_history AND region = p_regions[n];
    END LOOP;
END
$$;

-- Notifies the listeners of the frame at a cursor, in one notification per part.
CREATE FUNCTION liveops_channel_notify(
    p_listened text, p_attempt bigint, p_nonce uuid, p_seq bigint, p_parts text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    head text := p_attempt || '.' || replace(p_nonce::text, '-', '') || ':' || p_seq || ' ';
BEGIN
    FOR n IN 1 .. cardinality(p_parts) LOOP
        PERFORM pg_notify(p_listened, head || p_parts[n]);
    END LOOP;
END
$$;

-- Deletes the data of these histories.
CREATE FUNCTION liveops_channel_forget(p_histories uuid[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM liveops_channel_region WHERE history = ANY (p_histories);
    DELETE FROM liveops_channel_addition WHERE history = ANY (p_histories);
    DELETE FROM liveops_channel_signal WHERE history = ANY (p_histories);
$$;

-- Begins a history. `held` is the attempt that prevents it, if any.
CREATE FUNCTION liveops_channel_open(
    p_name text, p_listened text, p_attempt bigint, p_nonce uuid, p_takes_own boolean,
    p_regions text[], p_items bigint[], p_htmls bytea[], p_parts text[],
    p_items_max bigint, p_bytes_max bigint, p_silence_max interval,
    OUT held bigint
) LANGUAGE plpgsql AS $$
DECLARE
    channel liveops_channel;
BEGIN
    LOOP
        SELECT * INTO channel FROM liveops_channel WHERE name = p_name FOR UPDATE;
        IF FOUND THEN
            IF channel.attempt > p_attempt OR channel.attempt = p_attempt AND NOT p_takes_own THEN
                held := channel.attempt;
                RETURN;
            END IF;
            UPDATE liveops_channel
            SET attempt = p_attempt, nonce = p_nonce, seq = 1, ended = false,
                published_on = now(), keep_until = now() + p_silence_max
            WHERE name = p_name;
            PERFORM liveops_channel_forget(ARRAY[channel.nonce]);
            EXIT;
        END IF;
        INSERT INTO liveops_channel
        VALUES (p_name, p_attempt, p_nonce, 1, false, now(), now() + p_silence_max)
        ON CONFLICT DO NOTHING;
        -- No row was inserted: another transaction inserted one first and has committed. Lock that row.
        EXIT WHEN FOUND;
    END LOOP;
    PERFORM liveops_channel_apply(
        p_nonce, 1, p_regions, p_items, p_htmls, p_items_max, p_bytes_max
    );
    PERFORM liveops_channel_notify(p_listened, p_attempt, p_nonce, 1, p_parts);
END
$$;

-- Continues a history, unless another attempt holds the channel; `held` is the attempt that holds it. A
-- signal with `p_retention` ends the operation.
CREATE FUNCTION liveops_channel_publish(
    p_name text, p_listened text, p_attempt bigint,
    p_regions text[], p_items bigint[], p_htmls bytea[],
    p_signal text, p_retention interval, p_parts text[],
    p_items_max bigint, p_bytes_max bigint,
    OUT held bigint, OUT nonce uuid, OUT seq bigint
) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE liveops_channel AS channel
    SET seq = channel.seq + 1, published_on = now()
    WHERE channel.name = p_name AND channel.attempt = p_attempt
    RETURNING channel.attempt, channel.nonce, channel.seq INTO held, nonce, seq;
    IF NOT FOUND THEN
        SELECT channel.attempt INTO held FROM liveops_channel AS channel WHERE channel.name = p_name;
        RETURN;
    END IF;
    PERFORM liveops_channel_apply(
        nonce, seq, p_regions, p_items, p_htmls, p_items_max, p_bytes_max
    );
    IF p_signal IS NOT NULL THEN
        INSERT INTO liveops_channel_signal VALUES (nonce, seq, p_signal);
    END IF;
    IF p_retention IS NOT NULL THEN
        UPDATE liveops_channel AS channel
        SET ended = true, keep_until = now() + p_retention
        WHERE channel.name = p_name;
    END IF;
    PERFORM liveops_channel_notify(p_listened, held, nonce, seq, p_parts);
END
$$;

-- Deletes some of the channels that ended and expired, and of those without a frame for `p_silence_max`.
-- Skips rows that another transaction has locked.
CREATE FUNCTION liveops_channel_sweep(p_channels_max integer, p_silence_max interval)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    histories uuid[];
BEGIN
    WITH gone AS (
        DELETE FROM liveops_channel WHERE name IN (
            SELECT name FROM liveops_channel
            WHERE keep_until <= now() AND (ended OR published_on <= now() - p_silence_max)
            ORDER BY keep_until LIMIT p_channels_max
            FOR UPDATE SKIP LOCKED
        ) RETURNING nonce
    )
    SELECT array_agg(nonce) INTO histories FROM gone;
    PERFORM liveops_channel_forget(histories);
    RETURN coalesce(cardinality(histories), 0);
END
$$;
