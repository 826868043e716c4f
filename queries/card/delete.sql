-- Grain: one row a rule and harm; a new simulation replaces the one before under the same definitions.
delete from card where definitions_sha256 = $definitions;
