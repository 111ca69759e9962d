-- Invoices and payments whose state and number, or state and amount paid, do not go together.
-- Columns: what text, id key, told text, counted text.
SELECT d.what, d.id, d.told, d.counted
FROM (
    SELECT 'draft invoice with a number' AS what, id, status AS told, ref AS counted
    FROM invoices
    WHERE company_id = :company AND status = 'draft' AND (number IS NOT NULL OR link IS NOT NULL)
    UNION ALL
    SELECT 'final invoice without its number', id, status, ref
    FROM invoices
    WHERE company_id = :company AND status <> 'draft' AND kind <> 'pro_forma'
        AND (number IS NULL OR period IS NULL OR link IS NULL)
    UNION ALL
    SELECT 'payment without its number', id, method, ref
    FROM payments
    WHERE company_id = :company AND (number IS NULL OR period IS NULL OR link IS NULL)
    UNION ALL
    SELECT 'paid invoice with something due', id, status, ref
    FROM invoices
    WHERE company_id = :company AND status = 'paid' AND paid <> total_gross AND close_reason IS NULL
    UNION ALL
    SELECT 'unpaid invoice with nothing due', id, status, ref
    FROM invoices
    WHERE company_id = :company AND status = 'validated' AND paid = total_gross AND kind <> 'pro_forma'
    UNION ALL
    SELECT 'invoice paid beyond its amount', id, status, ref
    FROM invoices
    WHERE company_id = :company
        AND ((total_gross >= 0 AND (paid < 0 OR paid > total_gross)) OR (total_gross < 0 AND (paid > 0 OR paid < total_gross)))
) d
ORDER BY d.id, d.what
LIMIT :most
