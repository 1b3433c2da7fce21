\set buyer random(1, 1000000)
\set offer random(1, 50)
BEGIN;
INSERT INTO reference.ord (session_id, buyer_id, total) VALUES (1, :buyer, 50000) RETURNING id \gset
INSERT INTO reference.ord_line (order_id, offer_id, qty, price) VALUES (:id, :offer, 1, 50000);
INSERT INTO reference.outbox (topic, payload) VALUES ('order.placed', jsonb_build_object('order', :id::bigint, 'offer', :offer::int, 'qty', 1));
UPDATE reference.offer SET reserved = reserved + 1 WHERE id = :offer AND reserved + 1 <= stock;
END;
