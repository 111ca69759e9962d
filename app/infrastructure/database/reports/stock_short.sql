-- Products of which less is available in a warehouse than the minimum that their rule asks for.
-- Columns: warehouse key, product key, ref text, name text, available quantity, minimum quantity, desired quantity.
SELECT r.warehouse_id AS warehouse, r.product_id AS product, p.ref, p.name, l.quantity - l.reserved AS available, r.minimum, r.desired
FROM stock_rules r
JOIN stock_levels l
    ON l.company_id = r.company_id AND l.warehouse_id = r.warehouse_id AND l.product_id = r.product_id
JOIN products p ON p.company_id = r.company_id AND p.id = r.product_id
WHERE r.company_id = :company AND l.quantity - l.reserved < r.minimum
ORDER BY r.product_id, r.warehouse_id
