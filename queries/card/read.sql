-- Grain: one row a rule and harm, simulated under these definitions.
select * exclude (definitions_sha256) from card where definitions_sha256 = $definitions;
