"""From tables to a published report: graph, execution, pages, publication, package."""
