-- One order in one round trip: everything placing.place needs of the database, the hot rows last.
--
-- Nothing is locked before the claims but rows of this buyer's own, and the count of a network that
-- phones never seen order from; so a hot offer is held for one UPDATE and the commit. A refusal that is plain beforehand is returned and writes nothing; one
-- that shows only at a guard is raised, which rolls everything back:
--   CP001 too few units left, CP002 the key was used this moment, CP003 over the limit per buyer,
--   CP004 the lot's last good day is over (it never changes, so it is read, not locked);
--   DETAIL is the offer's id.
-- Returns {"outcome": "placed" | "kept" | "reused" | "refused" | "code", …}; see orders/services/placing.py.
CREATE OR REPLACE FUNCTION orders_place_order(
    p_session_id bigint,
    p_offer_ids bigint[],  -- in id order, each once
    p_quantities integer[],
    p_code text,
    p_token text,
    p_buyer_name text,
    p_buyer_phone text,  -- E.164
    p_commune_id text,
    p_address_line text,
    p_note text,
    p_payment_method text,
    p_language text,
    p_hold interval,  -- how long units wait for a transfer, or for the buyer's word
    p_is_standby boolean,  -- the first in line: goes past the line and is held
    p_scope text,
    p_key text,  -- NULL: nobody can ask again
    p_fingerprint text,
    p_seen_vnd bigint,  -- the sum the buyer saw, never exceeded; NULL: shown and agreed to later
    p_seen_fee_vnd bigint,  -- and what of it is still to be added for each parcel
    -- What a client is counted by (weighing.sql), keyed hashes; empty: a caller of our own
    p_client_network text,
    p_client_block text,
    p_client_phone text,
    p_counted text,
    p_counted_in_all text
) RETURNS jsonb
LANGUAGE plpgsql
-- Plans are made once for each connection: to make them costs as much as the order. They are kept
-- while tables grow from nothing, so none may be made that reads a table whole
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $place$
DECLARE
    v_now timestamptz := statement_timestamp();
    v_session record;
    v_asked record;
    v_kept record;
    v_problem text := '';
    v_standing text := 'known';
    v_short bigint[];
    v_goods_vnd bigint;
    v_shipping_vnd bigint;
    v_state text;
    v_pay_by timestamptz;
    v_order_id bigint;
    v_line record;
    v_parcel_id bigint;
    v_parcel_of bigint;  -- the co-op whose parcel is being filled
    v_parcels jsonb := '[]';
    v_news jsonb := '[]';
    v_answer jsonb;
BEGIN
    IF p_key IS NOT NULL THEN
        SELECT fingerprint, body INTO v_kept
        FROM core_idempotencyrecord WHERE scope = p_scope AND key = p_key;
        IF FOUND THEN
            IF v_kept.fingerprint <> p_fingerprint THEN
                RETURN jsonb_build_object('outcome', 'reused');
            END IF;
            RETURN jsonb_build_object('outcome', 'kept', 'answer', v_kept.body::jsonb);
        END IF;
    END IF;

    -- What cannot succeed is turned away before anything is written. No guard: the claims are that
    SELECT
        session.state, session.shipping_fee_vnd, session.is_simulated,
        holder.state = 'approved' AS is_public,
        -- Copied to what is paid by transfer: it is paid to the account that its buyer was shown
        CASE p_payment_method WHEN 'transfer' THEN holder.bank_bin ELSE '' END AS bank_bin,
        CASE p_payment_method WHEN 'transfer' THEN holder.bank_account_number ELSE '' END
            AS bank_account_number,
        CASE p_payment_method WHEN 'transfer'
            THEN coalesce(nullif(holder.bank_account_name, ''), holder.name) ELSE '' END
            AS bank_account_name
    INTO v_session
    FROM livestreams_livestreamsession AS session
    JOIN coops_cooperative AS holder ON holder.id = session.cooperative_id
    WHERE session.id = p_session_id;

    SELECT
        count(*) FILTER (WHERE offer.session_id = p_session_id) AS found,
        coalesce(sum(offer.unit_price_vnd * wanted.quantity), 0) AS goods_vnd,
        sum(wanted.quantity) AS units,
        -- Read once: a host may change a price before the lines are written
        array_agg(offer.unit_price_vnd ORDER BY offer.id) AS prices_vnd,
        array_agg(offer.limit_per_buyer ORDER BY offer.id) AS limits,
        count(DISTINCT offer.cooperative_id) AS parcels,
        array_agg(offer.id) FILTER (
            WHERE offer.state <> 'open'
                OR offer.quantity_claimed > offer.quantity_offered - wanted.quantity
                OR (offer.standby_waiting > 0 AND NOT p_is_standby)
        ) AS short,
        array_agg(offer.id) FILTER (WHERE wanted.quantity > offer.limit_per_buyer) AS over
    INTO v_asked
    FROM unnest(p_offer_ids, p_quantities) AS wanted (offer_id, quantity)
    JOIN livestreams_offer AS offer ON offer.id = wanted.offer_id;

    IF v_session.state IS DISTINCT FROM 'live' OR NOT v_session.is_public THEN
        v_problem := 'not_live';
    ELSIF v_asked.found < cardinality(p_offer_ids) THEN
        v_problem := 'gone';
    ELSIF p_payment_method = 'transfer'
        AND (v_session.bank_bin = '' OR v_session.bank_account_number = '') THEN
        v_problem := 'no_transfer';
    ELSIF v_asked.short IS NOT NULL THEN
        v_problem := 'sold_out';
        v_short := v_asked.short;
    ELSIF v_asked.over IS NOT NULL THEN
        v_problem := 'limit';
        v_short := v_asked.over;
    ELSIF v_asked.goods_vnd + v_session.shipping_fee_vnd * v_asked.parcels
        > p_seen_vnd + coalesce(p_seen_fee_vnd, 0) * v_asked.parcels THEN
        v_problem := 'dearer';
    END IF;
    IF v_problem <> '' THEN
        -- The same press may have taken the last units a moment ago
        SELECT fingerprint, body INTO v_kept
        FROM core_idempotencyrecord WHERE scope = p_scope AND key = p_key;
        IF FOUND AND v_kept.fingerprint = p_fingerprint THEN
            RETURN jsonb_build_object('outcome', 'kept', 'answer', v_kept.body::jsonb);
        END IF;
        RETURN jsonb_build_object(
            'outcome', 'refused', 'problem', v_problem, 'offer_ids', to_jsonb(v_short),
            'fee_vnd', v_session.shipping_fee_vnd, 'parcels', v_asked.parcels);
    END IF;

    -- Only what could be had is counted, and what is not had after all is taken back with the rest.
    -- A crowd that is played (a simulation) comes from one machine
    IF p_client_network <> '' AND NOT v_session.is_simulated THEN
        v_standing := orders_weigh_buyer(
            p_client_phone, p_client_network, p_client_block, p_counted, p_counted_in_all,
            v_asked.units::integer, NULL);
        IF v_standing = 'code' THEN
            -- The same press may have taken the network's last units while this one waited
            SELECT fingerprint, body INTO v_kept
            FROM core_idempotencyrecord WHERE scope = p_scope AND key = p_key;
            IF FOUND AND v_kept.fingerprint = p_fingerprint THEN
                RETURN jsonb_build_object('outcome', 'kept', 'answer', v_kept.body::jsonb);
            END IF;
            RETURN jsonb_build_object('outcome', 'code');
        END IF;
    END IF;

    v_goods_vnd := v_asked.goods_vnd;
    v_shipping_vnd := v_session.shipping_fee_vnd * v_asked.parcels;
    v_state := CASE
        WHEN p_is_standby THEN 'held'
        WHEN p_payment_method = 'transfer' THEN 'awaiting_payment'
        ELSE 'confirmed' END;
    IF v_state <> 'confirmed' THEN
        v_pay_by := v_now + p_hold;
    END IF;

    INSERT INTO orders_order (
        code, token, session_id, buyer_name, buyer_phone, commune_id, address_line, note,
        payment_method, state, goods_vnd, shipping_vnd, language, placed_at, pay_by, close_reason,
        is_simulated, payee_bank_bin, payee_account_number, payee_account_name,
        client_network, client_block, is_unseen
    ) VALUES (
        p_code, p_token, p_session_id, p_buyer_name, p_buyer_phone, p_commune_id, p_address_line,
        p_note, p_payment_method, v_state, v_goods_vnd, v_shipping_vnd, p_language, v_now, v_pay_by,
        '', v_session.is_simulated, v_session.bank_bin, v_session.bank_account_number,
        v_session.bank_account_name, p_client_network, p_client_block, v_standing = 'free'
    ) RETURNING id INTO v_order_id;

    -- One parcel for each co-op, and in it the lines with everything as it is now
    FOR v_line IN
        SELECT
            offer.id AS offer_id, offer.live_code, asked.unit_price_vnd, asked.quantity,
            asked.unit_price_vnd * asked.quantity AS total_vnd,
            sum(asked.unit_price_vnd * asked.quantity)
                OVER (PARTITION BY offer.cooperative_id) AS parcel_vnd,
            offer.cooperative_id, cooperative.name AS cooperative_name,
            lot.id AS lot_id, lot.code AS lot_code,
            lot.best_before_on < (v_now AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS is_past,
            variant.id AS variant_id, variant.name AS variant_name, variant.net_weight_g,
            product.name AS product_name
        FROM unnest(p_offer_ids, p_quantities, v_asked.prices_vnd)
            AS asked (offer_id, quantity, unit_price_vnd)
        JOIN livestreams_offer AS offer ON offer.id = asked.offer_id
        JOIN coops_cooperative AS cooperative ON cooperative.id = offer.cooperative_id
        JOIN products_lot AS lot ON lot.id = offer.lot_id
        JOIN products_variant AS variant ON variant.id = lot.variant_id
        JOIN products_product AS product ON product.id = variant.product_id
        ORDER BY offer.cooperative_id, offer.live_code
    LOOP
        IF v_line.is_past THEN  -- the sweeper has not closed the offer yet
            RAISE EXCEPTION 'past its best-before day'
                USING ERRCODE = 'CP004', DETAIL = v_line.offer_id::text;
        END IF;
        IF v_parcel_of IS DISTINCT FROM v_line.cooperative_id THEN
            INSERT INTO orders_parcel (
                order_id, cooperative_id, state, goods_vnd, shipping_vnd, changed_at
            ) VALUES (
                v_order_id, v_line.cooperative_id, 'new', v_line.parcel_vnd,
                v_session.shipping_fee_vnd, v_now
            ) RETURNING id INTO v_parcel_id;
            v_parcel_of := v_line.cooperative_id;
            v_parcels := v_parcels || jsonb_build_object(
                'cooperative', v_line.cooperative_name, 'state', 'new',
                'goods_vnd', v_line.parcel_vnd, 'shipping_vnd', v_session.shipping_fee_vnd,
                'lines', '[]'::jsonb);
        END IF;
        INSERT INTO orders_orderline (
            order_id, parcel_id, offer_id, lot_id, variant_id, cooperative_id, live_code,
            product_name, variant_name, cooperative_name, lot_code, net_weight_g, unit_price_vnd,
            quantity
        ) VALUES (
            v_order_id, v_parcel_id, v_line.offer_id, v_line.lot_id, v_line.variant_id,
            v_line.cooperative_id, v_line.live_code, v_line.product_name, v_line.variant_name,
            v_line.cooperative_name, v_line.lot_code, v_line.net_weight_g, v_line.unit_price_vnd,
            v_line.quantity
        );
        v_parcels := jsonb_insert(v_parcels, '{-1,lines,-1}', jsonb_build_object(
            'offer', v_line.offer_id, 'live_code', v_line.live_code,
            'product_name', v_line.product_name, 'variant_name', v_line.variant_name,
            'cooperative_name', v_line.cooperative_name, 'lot_code', v_line.lot_code,
            'unit_price_vnd', v_line.unit_price_vnd, 'quantity', v_line.quantity,
            'line_total_vnd', v_line.total_vnd
        ), true);
        v_news := v_news || jsonb_build_object(
            'offer_id', v_line.offer_id, 'live_code', v_line.live_code,
            'quantity', v_line.quantity);
    END LOOP;

    INSERT INTO core_outboxmessage (topic, feed, payload, created_at) VALUES (
        CASE v_state WHEN 'held' THEN 'orders.order.held' ELSE 'orders.order.placed' END,
        'session:' || p_session_id,
        jsonb_build_object(
            'session_id', p_session_id, 'order_id', v_order_id, 'code', p_code, 'lines', v_news,
            'total_vnd', v_goods_vnd + v_shipping_vnd,
            'province', (
                SELECT province.name FROM coops_commune AS commune
                JOIN coops_province AS province ON province.code = commune.province_id
                WHERE commune.code = p_commune_id
            )
        ),
        v_now
    );

    v_answer := jsonb_build_object(
        'order_id', v_order_id, 'code', p_code, 'token', p_token, 'session', p_session_id,
        'state', v_state, 'payment_method', p_payment_method, 'placed_at', v_now,
        'pay_by', v_pay_by, 'goods_vnd', v_goods_vnd, 'shipping_vnd', v_shipping_vnd,
        'is_simulated', v_session.is_simulated, 'parcels', v_parcels,
        'account', jsonb_build_object(
            'bank_bin', v_session.bank_bin, 'account_number', v_session.bank_account_number,
            'account_name', v_session.bank_account_name));

    IF p_key IS NOT NULL THEN
        INSERT INTO core_idempotencyrecord (
            scope, key, fingerprint, status, location, content_type, body, created_at
        ) VALUES (
            p_scope, p_key, p_fingerprint, 201, '', 'application/json', v_answer::text, v_now
        ) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the key was used this moment' USING ERRCODE = 'CP002';
        END IF;
    END IF;

    -- What this phone holds of each offer, in id order: a guarded upsert
    FOR i IN 1 .. cardinality(p_offer_ids) LOOP
        INSERT INTO orders_buyershare AS share (offer_id, buyer_phone, quantity)
        VALUES (p_offer_ids[i], p_buyer_phone, p_quantities[i])
        ON CONFLICT (offer_id, buyer_phone) DO UPDATE
            SET quantity = share.quantity + excluded.quantity
            WHERE share.quantity + excluded.quantity <= v_asked.limits[i];
        IF NOT FOUND THEN
            RAISE EXCEPTION 'over the limit per buyer'
                USING ERRCODE = 'CP003', DETAIL = p_offer_ids[i]::text;
        END IF;
    END LOOP;

    -- The guard: each offer's own row decides, in id order, and nearly nothing follows
    FOR i IN 1 .. cardinality(p_offer_ids) LOOP
        UPDATE livestreams_offer
        SET quantity_claimed = quantity_claimed + p_quantities[i]
        WHERE id = p_offer_ids[i]
            AND state = 'open'
            AND quantity_claimed <= quantity_offered - p_quantities[i]
            AND (standby_waiting = 0 OR p_is_standby);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'too few units left'
                USING ERRCODE = 'CP001', DETAIL = p_offer_ids[i]::text;
        END IF;
    END LOOP;

    -- References are checked by plans this function allows: left to the commit, by plans that a
    -- connection may have made when the tables were empty, which read them whole. After the claims,
    -- for to share a lock on the offer before would cost more than to hold it this much longer
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;  -- as they all are; the caller's own wait for its commit

    RETURN jsonb_build_object('outcome', 'placed', 'answer', v_answer);
END
$place$;
