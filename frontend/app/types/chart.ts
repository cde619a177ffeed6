// What charts draw. Pages translate the server's documents into these. Times are milliseconds; what is not there is null.
import type { Effect, MetricReport } from './index'

/** A point of a line and its band; a null end is infinitely far, a null `y` is a gap. `once`: the band had this been the only look. */
export interface SeriesPoint { t: number, y: number | null, lo: number | null, hi: number | null, once?: [number, number] | null }
/** `banded` false: a line without a band. */
export interface Series { key: string, label: string, color: string, points: SeriesPoint[], banded?: boolean }
/** The density of what an arm's rate, or mean, could be; `ys` at `xs`. `fifty` is the middle half. */
export interface Density { key: string, label: string, color: string, mean: number, lo: number, hi: number, fifty: [number, number], pBest: number | null, xs: number[], ys: number[] }
export interface ShareSeries { key: string, label: string, color: string, values: number[] }
/** A metric, or a slice of units, with the effects of all treatments on it. */
export interface ForestGroup { key: string, title: string, note: string, metric: MetricReport['metric'], effects: readonly Effect[] }
/** What a chart shows, as a table: its alternative for those who read, and its CSV. */
export interface ChartTable { columns: string[], rows: (string | number | null)[][] }
