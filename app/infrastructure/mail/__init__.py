"""Mail: messages built, sent by SMTP, tried again, and held back while nothing goes through (ERP-11, ERP-12)."""
