-- Grain: one row a look.
insert into look (number, cut, definitions_sha256, version, versions, run_at)
values ($number, $cut, $definitions, $version, $versions, $run_at);
