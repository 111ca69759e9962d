-- What a stock level says beside the sum of its movements, and of what is reserved for orders beside their lines;
-- company gives the company, most the longest answer.
-- Columns: what text, id key, told quantity, counted quantity.
SELECT f.what AS what, f.product_id AS id, f.told AS told, f.counted AS counted
FROM (
    SELECT 'product in stock' AS what, l.warehouse_id, l.product_id, l.quantity AS told, COALESCE(m.moved, 0) AS counted
    FROM stock_levels l
    LEFT JOIN (
        SELECT warehouse_id, product_id, SUM(quantity) AS moved
        FROM stock_movements
        WHERE company_id = :company
        GROUP BY warehouse_id, product_id
    ) m ON m.warehouse_id = l.warehouse_id AND m.product_id = l.product_id
    WHERE l.company_id = :company
    UNION ALL
    SELECT 'product reserved' AS what, l.warehouse_id, l.product_id, l.reserved AS told, COALESCE(o.held, 0) AS counted
    FROM stock_levels l
    LEFT JOIN (
        SELECT warehouse_id, product_id, SUM(reserved) AS held
        FROM order_lines
        WHERE company_id = :company
        GROUP BY warehouse_id, product_id
    ) o ON o.warehouse_id = l.warehouse_id AND o.product_id = l.product_id
    WHERE l.company_id = :company
) f
WHERE f.told <> f.counted
ORDER BY f.product_id, f.warehouse_id, f.what
LIMIT :most
