-- What fold_mark.units lacks.
select experiment, sum(units)::bigint as units
from (
    select experiment, count(*) as units from unit_state where first_at is not null group by experiment
    union all
    select experiment, -units from fold_mark
) d
group by experiment
having sum(units) <> 0
