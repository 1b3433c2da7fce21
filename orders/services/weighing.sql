-- Whether a buyer may take units (or a place in the waitlist) without showing a code first.
--
-- Part of the order's transaction, right before its first row is written: what comes to nothing is
-- not counted. The count of a network is locked until then, which makes its strangers' orders wait
-- for each other as they do at a hot offer. Phones that are known touch no row at all. Others are
-- counted by network and session: 2 units, and 16 more for each known phone that ordered from the network
-- before. Networks in a block nobody known ever came from have nothing free, once the platform
-- knows enough phones to tell.
-- Returns 'known', 'free' or 'code'.
CREATE OR REPLACE FUNCTION orders_weigh_buyer(
    p_phone text,  -- keyed hashes, all of them
    p_network text,
    p_block text,
    p_counted text,  -- what is counted: this network in this session
    p_counted_in_all text,  -- all networks in this session
    p_units integer,
    p_at timestamptz  -- NULL: now
) RETURNS text
LANGUAGE plpgsql
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $weigh$
DECLARE
    v_now timestamptz := coalesce(p_at, clock_timestamp());
    v_window interval := interval '4 hours';
    v_pause interval;
    v_free integer;
    v_is_young boolean;
BEGIN
    PERFORM FROM orders_knownphone WHERE key = p_phone;
    IF FOUND THEN
        RETURN 'known';
    END IF;

    SELECT least(phones, 200) * 16 INTO v_free FROM orders_knownnetwork WHERE key = p_network;
    v_free := coalesce(v_free, 0);
    SELECT count(*) < 200 INTO v_is_young FROM (SELECT FROM orders_knownphone LIMIT 200) AS known;
    PERFORM FROM orders_knownnetwork WHERE key = p_block;
    IF FOUND OR v_is_young THEN
        v_free := v_free + 2;
    END IF;

    IF v_free >= p_units THEN
        v_pause := v_window / v_free;
        INSERT INTO core_allowance AS kept (key, free_at)
        VALUES (p_counted, v_now + v_pause * p_units)
        ON CONFLICT (key) DO UPDATE
        SET free_at = greatest(kept.free_at, v_now) + v_pause * p_units
        WHERE greatest(kept.free_at, v_now) + v_pause * p_units <= v_now + v_window;
        IF FOUND THEN
            RETURN 'free';
        END IF;
    END IF;

    IF v_is_young AND p_units <= 8 THEN
        v_pause := v_window / 8;
        INSERT INTO core_allowance AS kept (key, free_at)
        VALUES (p_counted_in_all, v_now + v_pause * p_units)
        ON CONFLICT (key) DO UPDATE
        SET free_at = greatest(kept.free_at, v_now) + v_pause * p_units
        WHERE greatest(kept.free_at, v_now) + v_pause * p_units <= v_now + v_window;
        IF FOUND THEN
            RETURN 'free';
        END IF;
    END IF;
    RETURN 'code';
END
$weigh$;
