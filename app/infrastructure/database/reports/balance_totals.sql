-- The totals of invoices, orders and proposals beside the sums of their lines, and of their VAT by rate once they are final.
-- Columns: what text, id key, told amount, counted amount.
WITH i AS (
    SELECT d.id, d.status, d.kind, d.total_net, d.total_vat, d.total_gross, d.company_net, l.net, l.company, t.vat
    FROM invoices d
    LEFT JOIN (
        SELECT invoice_id, SUM(net) AS net, SUM(company_net) AS company
        FROM invoice_lines
        WHERE company_id = :company
        GROUP BY invoice_id
    ) l ON l.invoice_id = d.id
    LEFT JOIN (
        SELECT invoice_id, SUM(vat) AS vat FROM invoice_taxes WHERE company_id = :company GROUP BY invoice_id
    ) t ON t.invoice_id = d.id
    WHERE d.company_id = :company
),
o AS (
    SELECT d.id, d.total_net, d.total_vat, d.total_gross, l.net
    FROM orders d
    LEFT JOIN (
        SELECT order_id, SUM(net) AS net FROM order_lines WHERE company_id = :company GROUP BY order_id
    ) l ON l.order_id = d.id
    WHERE d.company_id = :company
),
p AS (
    SELECT d.id, d.total_net, d.total_vat, d.total_gross, l.net
    FROM proposals d
    LEFT JOIN (
        SELECT proposal_id, SUM(net) AS net
        FROM proposal_lines
        WHERE company_id = :company AND (chosen OR NOT optional)
        GROUP BY proposal_id
    ) l ON l.proposal_id = d.id
    WHERE d.company_id = :company
)
SELECT d.what, d.id, d.told, d.counted
FROM (
    SELECT 'net of invoice' AS what, id, total_net AS told, net AS counted FROM i WHERE total_net <> COALESCE(net, 0)
    UNION ALL
    SELECT 'net of invoice in company currency', id, company_net, company FROM i WHERE company_net <> COALESCE(company, 0)
    UNION ALL
    SELECT 'VAT of invoice', id, total_vat, vat FROM i
    WHERE status <> 'draft' AND kind <> 'pro_forma' AND total_vat <> COALESCE(vat, 0)
    UNION ALL
    SELECT 'gross of invoice', id, total_gross, total_net + total_vat FROM i WHERE total_gross <> total_net + total_vat
    UNION ALL
    SELECT 'net of order', id, total_net, net FROM o WHERE total_net <> COALESCE(net, 0)
    UNION ALL
    SELECT 'gross of order', id, total_gross, total_net + total_vat FROM o WHERE total_gross <> total_net + total_vat
    UNION ALL
    SELECT 'net of proposal', id, total_net, net FROM p WHERE total_net <> COALESCE(net, 0)
    UNION ALL
    SELECT 'gross of proposal', id, total_gross, total_net + total_vat FROM p WHERE total_gross <> total_net + total_vat
) d
ORDER BY d.id, d.what
LIMIT :most
