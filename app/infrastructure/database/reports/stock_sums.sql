-- What moved of each product in each warehouse until the end of a day (parameter until), read from one index alone.
-- Columns: product key, ref text, name text, warehouse key, quantity quantity, value amount.
SELECT s.product_id AS product, p.ref, p.name, s.warehouse_id AS warehouse, s.quantity, s.value
FROM (
    SELECT product_id, warehouse_id, SUM(quantity) AS quantity, SUM(value) AS value
    FROM stock_movements
    WHERE company_id = :company AND date <= :until
    GROUP BY product_id, warehouse_id
) s
JOIN products p ON p.company_id = :company AND p.id = s.product_id
ORDER BY s.product_id, s.warehouse_id
