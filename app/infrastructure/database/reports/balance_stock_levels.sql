-- What a stock level says beside the sum of its movements; company gives the company, most the longest answer.
-- Columns: what text, id key, told quantity, counted quantity.
SELECT 'product in stock' AS what, f.product_id AS id, f.told AS told, f.counted AS counted
FROM (
    SELECT l.warehouse_id, l.product_id, l.quantity AS told, COALESCE(m.moved, 0) AS counted
    FROM stock_levels l
    LEFT JOIN (
        SELECT warehouse_id, product_id, SUM(quantity) AS moved
        FROM stock_movements
        WHERE company_id = :company
        GROUP BY warehouse_id, product_id
    ) m ON m.warehouse_id = l.warehouse_id AND m.product_id = l.product_id
    WHERE l.company_id = :company
) f
WHERE f.told <> f.counted
ORDER BY f.product_id, f.warehouse_id
LIMIT :most
