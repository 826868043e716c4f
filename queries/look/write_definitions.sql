-- Grain: one row a set of definitions, kept once.
insert or ignore into definitions (sha256, study) values ($sha256, $study);
