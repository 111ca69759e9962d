-- The VAT of final invoices dated within both days, by rate, in the company's currency; less that of credit notes. What
-- another invoice replaced is charged by that one.
-- Columns: rate rate, invoices counter, base amount, vat amount.
SELECT x.rate, COUNT(*) AS invoices, SUM(x.company_base) AS base, SUM(x.company_vat) AS vat
FROM invoices i
JOIN invoice_taxes x ON x.company_id = i.company_id AND x.invoice_id = i.id
WHERE i.company_id = :company
    AND i.status IN ('validated', 'paid', 'abandoned')
    AND (i.abandon_reason IS NULL OR i.abandon_reason <> 'replaced')
    AND i.date BETWEEN :date_from AND :date_to
GROUP BY x.rate
ORDER BY x.rate
