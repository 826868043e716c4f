-- Grain: one row, the most event records any earlier extract held (0: there was none).
select coalesce(max(accepted), 0) as n from input where role = $role and extract <> $extract;
