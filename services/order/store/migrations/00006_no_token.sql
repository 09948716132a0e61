-- +goose Up
-- The payment token leaves every placement: only the input of an order's saga has it.
-- Go escapes quotes inside a JSON string and < everywhere, so the two keys occur once
-- each, and < can mark where the token begins and ends. trim with all other characters
-- is the one search that both databases have.
UPDATE orders SET placement =
    replace(rtrim(replace(placement, '"payment_token":"', '<'), replace(placement, '"payment_token":"', '')), '<', '')
    || '"fingerprint":"'
    || replace(ltrim(replace(placement, '","fingerprint":"', '<'), replace(placement, '","fingerprint":"', '')), '<', '')
WHERE replace(placement, '<', '') = placement
  AND replace(placement, '"payment_token":"', '') <> placement
  AND replace(placement, '","fingerprint":"', '') <> placement;

-- +goose Down
-- A token that is gone does not come back. Stop the order workers of v0.1.0 before: one
-- that repeats order.create would go on without it, see docs/upgrading.md.
SELECT 1;
