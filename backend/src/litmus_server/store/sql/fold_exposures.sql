-- Exposures of the batches $1 (of the events $2 only, unless null): units that are exposed for the first time get their
-- row; answered are the pairs whose past must be read again, because a metric came before its exposure, or a later
-- exposure before an earlier one. $3: where the minutes begin.
-- `limit 1` pins a look-up to its index, here and in the other statements of the fold.
with given as materialized (
    select unit, experiment, variant, epoch, occurred_at, received_at
    from event
    where batch = any($1::bigint[]) and kind = 1 and not is_bot and ($2::uuid[] is null or event_id = any($2))
),
met as materialized (
    select g.*, x.cohort_hours, s.unit is not null as known, s.first_at as stood_at, coalesce(z.marked, false) as marked
    from (
        select unit, experiment, min(variant) as variant, min(epoch) as epoch, min(occurred_at) as first_at
        from given
        group by unit, experiment
    ) g
    cross join lateral (select cohort_hours from experiments where no = g.experiment limit 1) x
    left join lateral (
        select unit, first_at from unit_state where unit = g.unit and experiment = g.experiment limit 1
    ) s on true
    left join lateral (
        select true as marked from unit_state where unit = g.unit and experiment = 0 and s.unit is null limit 1
    ) z on true
),
entered as (
    insert into unit_state (unit, experiment, variant, epoch, cohort, first_at, counts, totals, before, firsts)
    select m.unit, m.experiment, m.variant, m.epoch,
           floor(extract(epoch from m.first_at) / 3600 / m.cohort_hours)::integer * m.cohort_hours, m.first_at,
           array_fill(null::integer, array[w.width]), array_fill(null::numeric, array[w.width]),
           array_fill(null::numeric, array[w.width]), array_fill(null::timestamptz, array[w.width])
    from met m
    cross join lateral (
        select coalesce(max(slot), 0)::integer as width from experiment_metric where experiment = m.experiment
    ) w
    where not m.known and not m.marked
    returning experiment, variant, epoch, cohort, first_at
),
summed as (
    insert into moments as o (experiment, variant, epoch, cohort, metric, span, n, s1, s2, s3, x1, x2, xy)
    select e.experiment, e.variant, s.epoch_of, s.cohort_of, 0, s.span, sum(e.n), 0, 0, 0, 0, 0, 0
    from (
        select experiment, variant, epoch, cohort, count(*) as n
        from entered
        group by experiment, variant, epoch, cohort
    ) e
    cross join lateral moments_spans(e.epoch, e.cohort) s
    group by e.experiment, s.span, e.variant, s.epoch_of, s.cohort_of
    on conflict (experiment, span, metric, variant, epoch, cohort) do update set n = o.n + excluded.n
),
tallied as (
    insert into rollup as r (experiment, variant, metric, span, at, events, total, units)
    select t.experiment, t.variant, 0, s.span, s.at, sum(t.events), 0, sum(t.units)
    from (
        select experiment, variant, date_bin('1 minute', occurred_at, '2000-01-01 00:00+00') as minute, count(*) as events, 0 as units
        from given
        group by 1, 2, 3
        union all
        select experiment, variant, date_bin('1 minute', first_at, '2000-01-01 00:00+00'), 0, count(*)
        from entered
        group by 1, 2, 3
    ) t
    cross join lateral rollup_spans(t.minute, $3) s
    group by t.experiment, s.span, s.at, t.variant
    on conflict (experiment, span, at, variant, metric) do update set events = r.events + excluded.events, units = r.units + excluded.units
)
select (select count(*) from given) as events,
       (select max(received_at) from given) as newest,
       (select array_agg(distinct experiment) from given) as experiments,
       (select array_agg(experiment) from entered) as entered,
       exists (select from derived_metric where experiment > 0) as derived,
       p.units, p.pairs, p.variants, p.epochs, p.firsts
from (
    select array_agg(unit) as units, array_agg(experiment) as pairs, array_agg(variant) as variants,
           array_agg(epoch) as epochs, array_agg(first_at) as firsts
    from met
    where case when known then stood_at is null or stood_at > first_at else marked end
) p
