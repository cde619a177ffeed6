-- The newest stay of each unit, and how old it is by the clock of the database.
select t.unit as stay_of, t.experiment, a.*, extract(epoch from now() - a.assigned_at)::float8 as age
from unnest($1::text[], $2::int[]) as t(unit, experiment)
cross join lateral (
    select unit, variant, epoch, propensity, bucket, revision, assigned_at
    from assignment
    where stay_of = t.unit and experiment = t.experiment
    order by assigned_at desc
    limit 1
) a
