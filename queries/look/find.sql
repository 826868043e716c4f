-- Grain: at most one row, the look already made of this cut under these definitions.
select number, run_at, versions from look
where cut = $cut and definitions_sha256 = $definitions and version = $version;
