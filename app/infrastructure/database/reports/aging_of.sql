-- What one customer owed at the end of a day, by how long it was overdue; as ``aging`` tells of all of them, read by the
-- customer's own invoices and payments. No row for one who owes nothing.
-- Columns: party_id key, code text, name text, not_due amount, days_1_30 amount, days_31_60 amount, days_61_90 amount, over_90 amount, owed amount.
SELECT
    o.party_id,
    t.customer_code AS code,
    t.name,
    SUM(CASE WHEN o.due_date >= :day THEN o.owed ELSE 0 END) AS not_due,
    SUM(CASE WHEN o.due_date < :day AND o.due_date >= :limit_1 THEN o.owed ELSE 0 END) AS days_1_30,
    SUM(CASE WHEN o.due_date < :limit_1 AND o.due_date >= :limit_2 THEN o.owed ELSE 0 END) AS days_31_60,
    SUM(CASE WHEN o.due_date < :limit_2 AND o.due_date >= :limit_3 THEN o.owed ELSE 0 END) AS days_61_90,
    SUM(CASE WHEN o.due_date < :limit_3 THEN o.owed ELSE 0 END) AS over_90,
    SUM(o.owed) AS owed
FROM (
    SELECT i.party_id, i.due_date,
        CASE
            WHEN i.date > :day THEN 0
            WHEN i.status = 'abandoned' OR i.close_reason IS NOT NULL THEN i.company_paid
            ELSE i.company_gross
        END - COALESCE((
            SELECT SUM(a.company_amount)
            FROM payment_allocations a
            JOIN payments p ON p.company_id = a.company_id AND p.id = a.payment_id
            WHERE a.company_id = :company AND a.invoice_id = i.id AND p.date <= :day
        ), 0) AS owed
    FROM invoices i
    WHERE i.company_id = :company AND i.party_id = :party AND i.status IN ('validated', 'paid', 'abandoned')
        AND i.kind <> 'pro_forma'
    UNION ALL
    SELECT p.party_id, :day AS due_date, -p.company_credit - COALESCE((
            SELECT SUM(x.company_amount)
            FROM payment_uses x
            JOIN payments y ON y.company_id = x.company_id AND y.id = x.payment_id
            WHERE x.company_id = :company AND x.credit_of = p.id AND y.date <= :day
        ), 0) AS owed
    FROM payments p
    WHERE p.company_id = :company AND p.party_id = :party AND p.company_credit <> 0 AND p.date <= :day
) o
JOIN third_parties t ON t.company_id = :company AND t.id = o.party_id
WHERE o.owed <> 0
GROUP BY o.party_id, t.customer_code, t.name
