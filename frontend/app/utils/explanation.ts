// Why a unit gets its variant: the steps of a decision (the server's `explain`) in words.
import type { Explanation } from '~/types'

type Step = Explanation['steps'][number]
type Finding = NonNullable<Step['finding']>

const NAMES: Record<Step['name'], string> = { status: 'Status', forced: 'Chosen for it', stored: 'Assigned before', holdout: 'Holdout', layer: 'Layer', audience: 'Audience', traffic: 'Traffic', variant: 'Draw' }
export const stepWord = (name: string) => NAMES[name as Step['name']] ?? nameWord(name)

const SETTLED: Record<string, string> = {
  not_started: 'it has not started, so everybody gets the control',
  paused: 'it is paused, so everybody gets the control',
  shipped: 'a winner was named, and everybody gets it',
  completed: 'it is over, so everybody gets the control',
  forced: 'its variant was chosen, and it is not counted',
  stored: 'it was assigned, and keeps what it got',
  holdout: 'it is kept out of every experiment',
  layer: 'its place in the layer is another experiment’s, or nobody’s',
  audience: 'it is not in the audience',
  traffic: 'it is not in the share of traffic that takes part',
  assigned: 'it was drawn',
  flag: 'it was drawn; nothing is measured',
  needs_server: 'it has shares of its own'
}
const PASSED: Partial<Record<Step['name'], string>> = { status: 'the experiment runs', holdout: 'it is not held out', layer: 'its place in the layer is this experiment’s', audience: 'it is in the audience', traffic: 'it takes part' }

/** What a step came to, as the rest of a sentence about the unit. */
export const stepSentence = (step: Step) => (step.outcome === 'settled' ? SETTLED[step.reason ?? ''] ?? nameWord(step.reason ?? '') : PASSED[step.name] ?? 'passed')
/** Where the unit fell in a step that draws, and which places pass; null in another. */
export const stepPlaces = (step: Step) => (step.bucket === null ? null : `Bucket ${count(step.bucket)}${step.start === null || step.stop === null ? '' : step.stop > step.start ? `; ${count(step.start)} to ${count(step.stop - 1)} ${step.name === 'variant' ? 'are the variant’s' : 'pass'}` : '; none passes'}`)

export interface FindingLine { depth: number, text: string, matched: boolean }
const JOINED: Record<string, string> = { all: 'all of', any: 'any of', not: 'not' }
/** What each condition of an audience wanted and found, one line each. */
export const findingLines = (f: Finding, depth = 0): FindingLine[] => [
  { depth, matched: f.matched, text: f.attribute ? `${f.attribute} ${OPERATORS.find(o => o.value === f.word)?.label ?? f.word}${f.wanted === undefined || f.wanted === null ? '' : ` ${JSON.stringify(f.wanted)}`}: ${f.found === undefined || f.found === null ? 'it is missing' : `it is ${JSON.stringify(f.found)}`}` : JOINED[f.word] ?? f.word },
  ...f.parts.flatMap(part => findingLines(part, depth + 1))
]

const VERDICTS: Record<string, string> = {
  same: 'Made again from the archive, it comes out the same.',
  differs: 'Made again from the archive, it comes out differently.',
  attributes: 'The draw is the same; the log does not keep all attributes that the audience asks for.',
  audience: 'The draw is the same; the audience was not judged again.',
  configuration: 'It cannot be made again: its configuration is not in the archive.',
  policy: 'It cannot be made again: its policy is not in the archive.',
  unreadable: 'It cannot be made again: this server cannot read its configuration.'
}
/** Whether the log's own decision holds when it is made again. */
export const replayWord = (verdict: string) => VERDICTS[verdict] ?? nameWord(verdict)

const NO_EXPECTATION: Record<string, string> = {
  no_model: 'Nothing was learned yet: all variants have equal shares.',
  not_drawn: 'It was not drawn now: an earlier step settled it.',
  not_archived: 'What the model expected is not in the archive.'
}
export const noExpectationWord = (why: string | null) => NO_EXPECTATION[why ?? ''] ?? nameWord(why ?? 'not known')
