-- The value of a product's stock beside the sum of its movements' values.
-- Columns: what text, id key, told amount, counted amount.
SELECT 'value of product' AS what, f.product_id AS id, f.told AS told, f.counted AS counted
FROM (
    SELECT c.product_id, c.value AS told, COALESCE(m.moved, 0) AS counted
    FROM stock_costs c
    LEFT JOIN (
        SELECT product_id, SUM(value) AS moved
        FROM stock_movements
        WHERE company_id = :company
        GROUP BY product_id
    ) m ON m.product_id = c.product_id
    WHERE c.company_id = :company
) f
WHERE f.told <> f.counted
ORDER BY f.product_id
LIMIT :most
