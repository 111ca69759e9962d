-- What each customer owed at the end of a day, by how long it was overdue: due before limit_1, limit_2 and limit_3 is a
-- class older each. Of an invoice given up counts what was paid of it after that day; what payments left to the
-- customer's credit is not due, nor what was paid before its invoice.
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
        END - COALESCE(s.settled, 0) AS owed
    FROM invoices i
    LEFT JOIN (
        SELECT a.invoice_id, SUM(a.company_amount) AS settled
        FROM payment_allocations a
        JOIN payments p ON p.company_id = a.company_id AND p.id = a.payment_id
        WHERE a.company_id = :company AND p.date <= :day
        GROUP BY a.invoice_id
    ) s ON s.invoice_id = i.id
    WHERE i.company_id = :company AND i.status IN ('validated', 'paid', 'abandoned') AND i.kind <> 'pro_forma'
        AND (i.date <= :day OR s.settled IS NOT NULL)
    UNION ALL
    SELECT p.party_id, :day AS due_date, -p.company_credit - COALESCE(u.used, 0) AS owed
    FROM payments p
    LEFT JOIN (
        SELECT x.credit_of, SUM(x.company_amount) AS used
        FROM payment_uses x
        JOIN payments y ON y.company_id = x.company_id AND y.id = x.payment_id
        WHERE x.company_id = :company AND y.date <= :day
        GROUP BY x.credit_of
    ) u ON u.credit_of = p.id
    WHERE p.company_id = :company AND p.company_credit <> 0 AND p.date <= :day
) o
JOIN third_parties t ON t.company_id = :company AND t.id = o.party_id
WHERE o.owed <> 0
GROUP BY o.party_id, t.customer_code, t.name
ORDER BY t.name, o.party_id
