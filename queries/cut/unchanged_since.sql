-- Grain: one row, when files with this content were first read (null: never before).
with files as (
    select extract, string_agg(role || ' ' || sha256, '; ' order by role) as content
    from input group by extract
)
select min(extract.read_at) as since
from extract join files on files.extract = extract.id
where files.content = $content;
