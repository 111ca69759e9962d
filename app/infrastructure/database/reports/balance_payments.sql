-- The amount of a payment beside the sum of its allocations.
-- Columns: what text, id key, told amount, counted amount.
SELECT 'amount of payment' AS what, f.id AS id, f.told AS told, f.counted AS counted
FROM (
    SELECT p.id, p.amount AS told, COALESCE(a.amount, 0) AS counted
    FROM payments p
    LEFT JOIN (
        SELECT payment_id, SUM(amount) AS amount
        FROM payment_allocations
        WHERE company_id = :company
        GROUP BY payment_id
    ) a ON a.payment_id = p.id
    WHERE p.company_id = :company
) f
WHERE f.told <> f.counted
ORDER BY f.id
LIMIT :most
