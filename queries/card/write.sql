-- Grain: one row a rule and harm.
insert into card by name select $definitions as definitions_sha256, * from rows;
