-- The entries of one customer's account within both days, in order: invoices and credit notes, payments, differences of
-- exchange rates, and what was given up of invoices, as of the invoice's day. What is offset moves nothing.
-- Columns: date day, kind text, ref text, currency text, own_amount amount, amount amount.
SELECT e.date, e.kind, e.ref, e.currency, e.own_amount, e.amount
FROM (
    SELECT
        i.date, 1 AS place, i.id AS id,
        CASE WHEN i.kind = 'credit_note' THEN 'credit_note' ELSE 'invoice' END AS kind, i.ref, i.currency,
        i.total_gross AS own_amount, i.company_gross AS amount
    FROM invoices i
    WHERE i.company_id = :company AND i.party_id = :party AND i.status IN ('validated', 'paid', 'abandoned')
        AND i.kind <> 'pro_forma'
        AND i.date BETWEEN :date_from AND :date_to
    UNION ALL
    SELECT
        i.date, 2 AS place, i.id AS id, 'given_up' AS kind, i.ref, i.currency,
        i.paid - i.total_gross AS own_amount, i.company_paid - i.company_gross AS amount
    FROM invoices i
    WHERE i.company_id = :company AND i.party_id = :party
        AND (i.status = 'abandoned' OR i.close_reason IS NOT NULL) AND i.kind <> 'pro_forma'
        AND i.date BETWEEN :date_from AND :date_to
    UNION ALL
    SELECT
        p.date, 3 AS place, p.id AS id, 'payment' AS kind, p.ref, p.currency,
        -p.amount AS own_amount, -p.company_amount AS amount
    FROM payments p
    WHERE p.company_id = :company AND p.party_id = :party AND p.date BETWEEN :date_from AND :date_to
    UNION ALL
    SELECT
        p.date, 4 AS place, p.id AS id, 'exchange_difference' AS kind, p.ref, p.currency,
        -SUM(a.amount) AS own_amount, -SUM(a.company_amount) AS amount
    FROM payments p
    JOIN payment_allocations a ON a.company_id = p.company_id AND a.payment_id = p.id
    WHERE p.company_id = :company AND p.party_id = :party AND a.kind = 'exchange_difference'
        AND p.date BETWEEN :date_from AND :date_to
    GROUP BY p.date, p.id, p.ref, p.currency
    UNION ALL
    SELECT
        p.date, 4 AS place, p.id AS id, 'exchange_difference' AS kind, p.ref, p.currency,
        -SUM(u.amount) AS own_amount, -SUM(u.company_amount) AS amount
    FROM payments p
    JOIN payment_uses u ON u.company_id = p.company_id AND u.payment_id = p.id
    WHERE p.company_id = :company AND p.party_id = :party AND u.kind = 'exchange_difference'
        AND p.date BETWEEN :date_from AND :date_to
    GROUP BY p.date, p.id, p.ref, p.currency
) e
WHERE e.amount <> 0 OR e.own_amount <> 0
ORDER BY e.date, e.place, e.id
