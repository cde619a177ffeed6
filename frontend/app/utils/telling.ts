// The server's sentences for the reader: names where it has keys, numbers as the browser's language writes them, times in its zone.
import type { Effect, Report } from '~/types'

export interface Named { variants: readonly { key: string, name: string }[], metrics: readonly string[] }
/** What a report calls its variants and metrics. */
export const namesIn = (report: Pick<Report, 'variants' | 'metrics'>): Named => ({ variants: report.variants.map(v => ({ key: v.variant_key, name: v.variant_name })), metrics: report.metrics.map(m => m.metric.name) })

/** A name inside a sentence of another direction: neither turns the other around. */
const isolated = (name: string) => `\u2068${name}\u2069`
const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
// What could as well be a word of the sentence stays: keys of one or two letters, metrics that are plain words.
const isTelling = (key: string) => key.length > 2
const isCode = (name: string) => /[^A-Za-z]/.test(name)

/** A sentence of the server's. Keys that could be ordinary words stay as they are; where they matter, sentences are made here. */
export function told(sentence: string, { variants, metrics }: Named): string {
  const words = new Map<string, string>()
  for (const name of metrics) if (isCode(name)) words.set(name, isolated(nameWord(name)))
  for (const v of variants) if (isTelling(v.key)) words.set(v.key, v.key === v.name ? v.name : isolated(v.name))
  const known = [...words.keys()].sort((a, b) => b.length - a.length).map(literal)
  const parts = [
    String.raw`(?<date>\b\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC)`,
    String.raw`(?<share>[+\u2212-]?\d+(?:\.\d+)?%)`,
    String.raw`(?<count>\b\d{1,3}(?:,\d{3})+\b)`,
    ...(known.length ? [`(?<![\\w.-])(?<key>${known.join('|')})(?![\\w-])`] : [])
  ]
  return sentence.replace(new RegExp(parts.join('|'), 'gu'), (...found) => {
    const text = found[0] as string
    const { date, share, count: large, key } = found.at(-1) as Record<string, string | undefined>
    if (date) return dateTime(`${date.slice(0, 10)}T${date.slice(11, 16)}Z`)
    if (share) return pct(Number(share.replace('\u2212', '-').slice(0, -1)) / 100, (share.split('.')[1]?.length ?? 1) - 1, /^[+\u2212-]/.test(share))
    if (large) return count(Number(large.replace(/,/g, '')))
    return key ? words.get(key)! : text
  })
}

const listed = (names: string[]) => (names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : names[0] ?? '')
function by({ lift }: Effect): string {
  if (lift.estimate === null) return ''
  if (lift.lower === null || lift.upper === null) return ` by ${pct(Math.abs(lift.estimate), 1, false)}`
  const ends = ` (${interval(lift.lower, lift.upper)})`
  return lift.lower <= lift.estimate && lift.estimate <= lift.upper ? ` by ${pct(Math.abs(lift.estimate), 1, false)}${ends}` : ends
}

/** The verdict as a sentence, made from its values; what they do not say is the server's own, told for people. */
export function verdictSentence(report: Pick<Report, 'verdict' | 'variants' | 'metrics'>): string {
  const { verdict } = report
  const names = namesIn(report)
  const name = (key: string) => isolated(names.variants.find(v => v.key === key)?.name ?? key)
  const measured = report.metrics.find(m => m.metric.name === verdict.metric)
  const effect = measured?.effects.find(e => e.variant_key === verdict.subject)
  const metric = isolated(nameWord(verdict.metric ?? ''))
  if (effect && verdict.value === 'ship') {
    return `Ship ${name(effect.variant_key)}: it is better than ${name(effect.control_key)} on ${metric}${by(effect)}${verdict.proven ? ', which is proven at every look at once' : ''}.`
  }
  if (effect && verdict.value === 'stop_guardrail') {
    const margin = effect.guardrail?.margin ?? 0
    return `Stop: ${name(effect.variant_key)} harms ${metric}${margin ? ` by more than the ${pct(margin, 1, false)} that are borne` : ''}.`
  }
  if (verdict.value === 'no_difference' && measured?.effects.length && measured.effects.every(e => e.better === false)) {
    return `Keep ${name(measured.effects[0]!.control_key)}: ${listed(measured.effects.map(e => name(e.variant_key)))} ${measured.effects.length === 1 ? 'is' : 'are'} worse on ${metric}.`
  }
  return told(verdict.sentence, names)
}
