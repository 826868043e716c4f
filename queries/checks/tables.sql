-- Grain: one row a table of the store.
select table_name as name from duckdb_tables() where database_name = current_database();
