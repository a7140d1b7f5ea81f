"""The papers: their printed figures as data, the run table, tables, figures and the audit. Nothing below imports it."""
