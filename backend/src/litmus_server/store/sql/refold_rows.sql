-- The rows of these pairs, computed again from what the log holds and is folded, and the events that name no experiment
-- counted or no longer counted for them; answered are the pairs whose rows are not what stands. $7: false to look and write
-- nothing. `+ 0`: else the planner reads an empty partition by batch, in order to merge with
-- the queue, and keeps that plan when the week has come and the partition is full. $3 to $5: an exposure that this fold brings, or null. $6: where the minutes begin.
with pair as materialized (
    select g.*, x.unit_type, x.cohort_hours, s.first_at as stood_at, w.width
    from unnest($1::text[], $2::integer[], $3::smallint[], $4::integer[], $5::timestamptz[])
         g (unit, experiment, variant, epoch, exposed_at)
    cross join lateral (select unit_type, cohort_hours from experiments where no = g.experiment limit 1) x
    left join lateral (select first_at from unit_state where unit = g.unit and experiment = g.experiment limit 1) s on true
    cross join lateral (
        select coalesce(max(slot), 0)::integer as width from experiment_metric where experiment = g.experiment
    ) w
),
past as materialized (
    select p.unit, p.experiment, p.cohort_hours, p.width, p.stood_at,
           coalesce(p.variant, min(e.variant) over same) as variant, coalesce(p.epoch, min(e.epoch) over same) as epoch,
           least(p.exposed_at, min(e.occurred_at) filter (where e.kind = 1) over same) as first_at,
           e.metric, e.value, e.occurred_at, e.loose
    from pair p
    left join lateral (
        select v.variant, v.epoch, v.kind, v.metric, v.value, v.occurred_at, v.experiment is null as loose
        from event v
        where v.unit = p.unit
          and (v.experiment = p.experiment or (v.experiment is null and coalesce(v.unit_type, 'user') = p.unit_type))
          and not v.is_bot
          and not exists (select from fold_queue q where q.batch = v.batch + 0)
          and not exists (select from fold_fault f where f.event_id = v.event_id)
    ) e on true
    window same as (partition by p.unit, p.experiment)
),
slots as (
    select p.unit, p.experiment, p.variant, p.epoch, p.first_at, p.stood_at, p.cohort_hours, p.width, m.slot,
           count(*) filter (where p.occurred_at >= p.first_at and p.occurred_at < p.first_at + m.window_seconds * interval '1 second') as c,
           sum(p.value) filter (where p.occurred_at >= p.first_at and p.occurred_at < p.first_at + m.window_seconds * interval '1 second') as y,
           sum(p.value) filter (where p.occurred_at < p.first_at and p.occurred_at >= p.first_at - interval '720 hours') as x,
           min(p.occurred_at) filter (where p.occurred_at >= p.first_at and p.occurred_at < p.first_at + m.window_seconds * interval '1 second') as f
    from past p
    left join lateral (
        select slot, window_seconds from experiment_metric where experiment = p.experiment and metric = p.metric limit 1
    ) m on true
    group by p.unit, p.experiment, p.variant, p.epoch, p.first_at, p.stood_at, p.cohort_hours, p.width, m.slot
),
fresh as materialized (
    select s.unit, s.experiment, s.variant, s.epoch, s.first_at, s.stood_at,
           floor(extract(epoch from s.first_at) / 3600 / s.cohort_hours)::integer * s.cohort_hours as cohort,
           coalesce(a.counts, '{}') as counts, coalesce(a.totals, '{}') as totals, coalesce(a.before, '{}') as before,
           coalesce(a.firsts, '{}') as firsts
    from (
        select unit, experiment, variant, epoch, first_at, stood_at, cohort_hours, width, array_agg(slot::integer) as slots,
               array_agg(c) as c, array_agg(y) as y, array_agg(x) as x, array_agg(f) as f
        from slots
        group by unit, experiment, variant, epoch, first_at, stood_at, cohort_hours, width
    ) s
    cross join lateral (
        select array_agg(nullif(s.c[at], 0)::integer) as counts, array_agg(s.y[at]) as totals,
               array_agg(nullif(s.x[at], 0)) as before, array_agg(s.f[at]) as firsts
        from generate_series(1, s.width) k
        cross join lateral (select array_position(s.slots, k) as at) p
        where s.first_at is not null
    ) a
),
wrong as materialized (
    select r.*
    from fresh r
    left join lateral (select * from unit_state where unit = r.unit and experiment = r.experiment limit 1) s on true
    where case when r.variant is null then s.unit is not null
               else (s.variant, s.epoch, s.cohort, s.first_at, s.counts, s.totals, s.before, s.firsts)
                    is distinct from (r.variant, r.epoch, r.cohort, r.first_at, r.counts, r.totals, r.before, r.firsts) end
),
written as (
    insert into unit_state as s (unit, experiment, variant, epoch, cohort, first_at, counts, totals, before, firsts)
    select unit, experiment, variant, epoch, cohort, first_at, counts, totals, before, firsts
    from wrong
    where variant is not null and $7
    on conflict (unit, experiment) do update
    set variant = excluded.variant, epoch = excluded.epoch, cohort = excluded.cohort, first_at = excluded.first_at,
        counts = excluded.counts, totals = excluded.totals, before = excluded.before, firsts = excluded.firsts
),
removed as (
    delete from unit_state s
    using wrong r
    where r.variant is null and $7 and s.unit = r.unit and s.experiment = r.experiment
),
tallied as (
    insert into rollup as r (experiment, variant, metric, span, at, events, total, units)
    select t.experiment, t.variant, t.metric, s.span, s.at, sum(t.weight), sum(t.total), 0
    from (
        select experiment, variant, metric, date_bin('1 minute', occurred_at, '2000-01-01 00:00+00') as minute,
               sum(weight) as weight, sum(weight * value) as total
        from (
            select *, coalesce((occurred_at >= first_at)::integer, 0) - coalesce((occurred_at >= stood_at)::integer, 0) as weight
            from past
            where loose and $7
        ) l
        where weight <> 0
        group by 1, 2, 3, 4
    ) t
    cross join lateral rollup_spans(t.minute, $6) s
    group by t.experiment, s.span, s.at, t.variant, t.metric
    on conflict (experiment, span, at, variant, metric) do update
    set events = r.events + excluded.events, total = r.total + excluded.total
    returning events = 0 and total = 0 and units = 0 as empty
)
select array_agg(unit) as units, array_agg(experiment) as experiments,
       array_agg(experiment) filter (where first_at is not null and stood_at is null) as entered,
       array_agg(experiment) filter (where first_at is null and stood_at is not null) as withdrawn,
       exists (select from tallied where empty) as emptied
from wrong
