-- Net sales, their cost and margin by customer, product, representative or period (parameter by) over the lines of
-- validated and paid invoices of one company.
-- Columns: code text, name text, invoices counter, net amount, cost amount, margin amount.
-- Only sums: amounts are scaled whole numbers on SQLite, so nothing is multiplied, divided or averaged here.
SELECT
    s.code,
    s.name,
    COUNT(DISTINCT s.invoice_id) AS invoices,
    SUM(s.net) AS net,
    SUM(s.cost) AS cost,
    SUM(s.net) - SUM(s.cost) AS margin
FROM (
    SELECT
        CASE :by
            WHEN 'customer' THEN COALESCE(t.customer_code, '')
            WHEN 'product' THEN COALESCE(p.ref, '')
            WHEN 'representative' THEN COALESCE(u.email, '')
            WHEN 'day' THEN SUBSTR(CAST(i.date AS CHAR(10)), 1, 10)
            WHEN 'year' THEN SUBSTR(CAST(i.date AS CHAR(10)), 1, 4)
            ELSE SUBSTR(CAST(i.date AS CHAR(10)), 1, 7)
        END AS code,
        CASE :by
            WHEN 'customer' THEN t.name
            WHEN 'product' THEN COALESCE(p.name, l.kind)
            WHEN 'representative' THEN COALESCE(u.name, '')
            WHEN 'day' THEN SUBSTR(CAST(i.date AS CHAR(10)), 1, 10)
            WHEN 'year' THEN SUBSTR(CAST(i.date AS CHAR(10)), 1, 4)
            ELSE SUBSTR(CAST(i.date AS CHAR(10)), 1, 7)
        END AS name,
        i.id AS invoice_id,
        l.company_net AS net,
        l.company_cost AS cost
    FROM invoices i
    JOIN third_parties t ON t.company_id = i.company_id AND t.id = i.party_id
    JOIN invoice_lines l ON l.company_id = i.company_id AND l.invoice_id = i.id
    LEFT JOIN products p ON p.company_id = l.company_id AND p.id = l.product_id
    LEFT JOIN users u ON u.id = i.representative_id
    WHERE i.company_id = :company
        AND i.status IN ('validated', 'paid')
        AND i.kind <> 'pro_forma'
        AND i.date BETWEEN :date_from AND :date_to
) s
GROUP BY s.code, s.name
ORDER BY s.code, s.name
