-- What an invoice counts as paid, in its own and the company's currency, beside the payments allocated to it.
-- Columns: what text, id key, told amount, counted amount.
WITH f AS (
    SELECT i.id, i.paid, i.company_paid, COALESCE(a.amount, 0) AS allocated, COALESCE(a.company_amount, 0) AS company
    FROM invoices i
    LEFT JOIN (
        SELECT invoice_id, SUM(amount) AS amount, SUM(company_amount) AS company_amount
        FROM payment_allocations
        WHERE company_id = :company
        GROUP BY invoice_id
    ) a ON a.invoice_id = i.id
    WHERE i.company_id = :company
)
SELECT d.what, d.id, d.told, d.counted
FROM (
    SELECT 'paid of invoice' AS what, id, paid AS told, allocated AS counted FROM f WHERE paid <> allocated
    UNION ALL
    SELECT 'paid of invoice in company currency', id, company_paid, company FROM f WHERE company_paid <> company
) d
ORDER BY d.id, d.what
LIMIT :most
