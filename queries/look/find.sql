-- Grain: at most one row, the look already made of this cut under these definitions. If another
-- extract has been looked at since, the data went back to an older state: that is a new look.
select look.number, look.run_at, look.versions
from look join cut on cut.id = look.cut
where look.cut = $cut
    and look.definitions_sha256 = $definitions
    and look.version = $version
    and not exists (
        select 1
        from look as later join cut as later_cut on later_cut.id = later.cut
        where later.number > look.number and later_cut.extract <> cut.extract
    )
order by look.number desc
limit 1;
