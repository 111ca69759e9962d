-- What one customer owed before a day, in the company's currency.
-- Columns: amount amount.
SELECT COALESCE(SUM(e.amount), 0) AS amount
FROM (
    SELECT SUM(CASE WHEN i.status = 'abandoned' OR i.close_reason IS NOT NULL THEN i.company_paid ELSE i.company_gross END) AS amount
    FROM invoices i
    WHERE i.company_id = :company AND i.party_id = :party AND i.status IN ('validated', 'paid', 'abandoned')
        AND i.kind <> 'pro_forma'
        AND i.date < :day
    UNION ALL
    SELECT -SUM(p.company_amount) AS amount
    FROM payments p
    WHERE p.company_id = :company AND p.party_id = :party AND p.date < :day
    UNION ALL
    SELECT -SUM(a.company_amount) AS amount
    FROM payments p
    JOIN payment_allocations a ON a.company_id = p.company_id AND a.payment_id = p.id
    WHERE p.company_id = :company AND p.party_id = :party AND a.kind = 'exchange_difference' AND p.date < :day
    UNION ALL
    SELECT -SUM(u.company_amount) AS amount
    FROM payments p
    JOIN payment_uses u ON u.company_id = p.company_id AND u.payment_id = p.id
    WHERE p.company_id = :company AND p.party_id = :party AND u.kind = 'exchange_difference' AND p.date < :day
) e
