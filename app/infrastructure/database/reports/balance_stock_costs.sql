-- The quantity a product's cost row is for beside the sum of its levels in all warehouses.
-- Columns: what text, id key, told quantity, counted quantity.
SELECT 'product at cost' AS what, f.product_id AS id, f.told AS told, f.counted AS counted
FROM (
    SELECT c.product_id, c.quantity AS told, COALESCE(l.held, 0) AS counted
    FROM stock_costs c
    LEFT JOIN (
        SELECT product_id, SUM(quantity) AS held
        FROM stock_levels
        WHERE company_id = :company
        GROUP BY product_id
    ) l ON l.product_id = c.product_id
    WHERE c.company_id = :company
) f
WHERE f.told <> f.counted
ORDER BY f.product_id
LIMIT :most
