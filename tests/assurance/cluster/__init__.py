"""The published queries on engines that are really there: DuckDB, ClickHouse's, a Spark cluster."""
