-- The invoices that were open at the end of a day, with what was left to pay: of one given up what was paid after it.
-- Columns: invoice_id key, ref text, party_id key, name text, date day, due_date day, currency text, gross amount, due amount, company_due amount.
SELECT o.invoice_id, o.ref, o.party_id, t.name, o.date, o.due_date, o.currency, o.gross, o.due, o.company_due
FROM (
    SELECT
        i.id AS invoice_id,
        i.ref,
        i.party_id,
        i.date,
        i.due_date,
        i.currency,
        i.total_gross AS gross,
        CASE
            WHEN i.status = 'abandoned' OR i.close_reason IS NOT NULL THEN i.paid
            ELSE i.total_gross
        END - COALESCE(s.paid, 0) AS due,
        CASE
            WHEN i.status = 'abandoned' OR i.close_reason IS NOT NULL THEN i.company_paid
            ELSE i.company_gross
        END - COALESCE(s.company_paid, 0) AS company_due
    FROM invoices i
    LEFT JOIN (
        SELECT a.invoice_id, SUM(a.amount) AS paid, SUM(a.company_amount) AS company_paid
        FROM payment_allocations a
        JOIN payments p ON p.company_id = a.company_id AND p.id = a.payment_id
        WHERE a.company_id = :company AND p.date <= :day
        GROUP BY a.invoice_id
    ) s ON s.invoice_id = i.id
    WHERE i.company_id = :company AND i.status IN ('validated', 'paid', 'abandoned') AND i.kind <> 'pro_forma'
        AND i.date <= :day
) o
JOIN third_parties t ON t.company_id = :company AND t.id = o.party_id
WHERE o.due <> 0 OR o.company_due <> 0
ORDER BY o.due_date, o.invoice_id
