-- Grain: one row an extract.
insert into extract (id, reading, read_at) values ($extract, $reading, $read_at);
