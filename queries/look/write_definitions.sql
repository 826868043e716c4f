-- Grain: one row a set of definitions.
insert into definitions (sha256, study) values ($sha256, $study);
