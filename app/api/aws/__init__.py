"""The Step Functions protocol: AWS's own clients, unchanged (x-amz-json-1.0, Signature Version 4)."""
