"""What the views say: the one room that reads them for the gate, alerts, the report, metrics, why and mcp."""
