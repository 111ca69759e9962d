-- The amount of a payment beside the sum of its allocations, the credits it uses and the credit it left; what is left of
-- a credit beside what was used of it.
-- Columns: what text, id key, told amount, counted amount.
SELECT d.what, d.id, d.told, d.counted
FROM (
    SELECT 'amount of payment' AS what, p.id AS id, p.amount AS told,
        COALESCE(a.amount, 0) + COALESCE(u.amount, 0) + p.credit AS counted
    FROM payments p
    LEFT JOIN (
        SELECT payment_id, SUM(amount) AS amount
        FROM payment_allocations
        WHERE company_id = :company
        GROUP BY payment_id
    ) a ON a.payment_id = p.id
    LEFT JOIN (
        SELECT payment_id, SUM(amount) AS amount
        FROM payment_uses
        WHERE company_id = :company
        GROUP BY payment_id
    ) u ON u.payment_id = p.id
    WHERE p.company_id = :company
    UNION ALL
    SELECT 'credit left of payment', p.id, p.credit_left, p.credit + COALESCE(u.amount, 0)
    FROM payments p
    LEFT JOIN (
        SELECT credit_of, SUM(amount) AS amount
        FROM payment_uses
        WHERE company_id = :company
        GROUP BY credit_of
    ) u ON u.credit_of = p.id
    WHERE p.company_id = :company
    UNION ALL
    SELECT 'credit left of payment in company currency', p.id, p.company_credit_left,
        p.company_credit + COALESCE(u.amount, 0)
    FROM payments p
    LEFT JOIN (
        SELECT credit_of, SUM(company_amount) AS amount
        FROM payment_uses
        WHERE company_id = :company
        GROUP BY credit_of
    ) u ON u.credit_of = p.id
    WHERE p.company_id = :company
) d
WHERE d.told <> d.counted
ORDER BY d.id, d.what
LIMIT :most
