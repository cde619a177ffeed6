/**
 * Regular expressions that cannot explode: whether a text holds a match, in time linear in the text.
 *
 * It knows code points; it must not know what a condition is. The syntax is what RE2, ECMAScript (flag `u`) and Python
 * have in common, and what differs between them is settled:
 *
 *     literals, and \ before one of ^ $ \ . * + ? ( ) [ ] { } | /    .  any code point but \n
 *     [abc] [^a-z]: `-` first, last, or escaped; `[` and `]` escaped   |  alternatives, also empty ones
 *     \d \w \s and \D \W \S: ASCII; \s is \t \n \v \f \r and space     (…) and (?:…) group, nothing is captured
 *     \t \n \r \f \v                                                   ? * + {m} {m,} {m,n}, one an item
 *     ^ and $: the ends of the text, never those of a line             (?i) in front: A–Z as a–z, no other letter
 *
 * The engine's own RegExp backtracks, and would take for ever on texts that strangers send. The simulation is Thompson's
 * ("Regular Expression Search Algorithm", CACM 11(6), 1968), over sets of states that are bits of 32-bit words.
 */

import { isAtMost } from "./text.js";

/** Characters of a pattern. */
export const MAX_PATTERN = 1_000;
/** Of one condition: what its patterns may cost is this times the length of the text. */
export const MAX_STATES = 200;
/** What each pattern counts besides its characters, since it has to read the text, however few they are. */
const OWN_STATES = 20;
/** Code points of a text that is searched; a longer one does not match. */
const MAX_TEXT = 2_048;
/** How deep groups nest. */
const MAX_GROUPS = 50;

/** Not a regular expression of this syntax; the message says at which character, and what is meant. */
export class InvalidPattern extends Error {
  override name = "InvalidPattern";
}

/** A set of code points: where membership changes, ascending. The first number is the first member. */
type Bounds = readonly number[];
type Range = readonly [low: number, high: number];
/** A set of waiting threads, as bits. Bit 0 is the match. */
type Threads = Uint32Array;

type One = { readonly kind: "set" | "start" | "end"; readonly bounds: Bounds };
type Node =
  | One
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Node[] }
  | { readonly kind: "repeat"; readonly part: Node; readonly least: number; readonly most: number | null };

/** A compiled regular expression. */
export class Pattern {
  /** What it counts: `OWN_STATES`, and one a character, choice, `?`, `*` or `+`, as often as they may be repeated. */
  readonly states: number;
  readonly #entry: Threads;
  readonly #ends: Threads;
  readonly #opening: Threads;
  readonly #matchesNothing: boolean;
  readonly #edges: readonly number[];
  readonly #readers: readonly Threads[];
  readonly #follow: readonly Threads[];

  /** Throws InvalidPattern, quickly, for what is not of the syntax or too large. */
  constructor(text: string) {
    if (text === "" || !isAtMost(text, MAX_PATTERN)) {
      throw new InvalidPattern(`it has 1 to ${MAX_PATTERN} characters`);
    }
    const node = new Parser(text).whole();
    this.states = OWN_STATES + size(node);
    if (this.states > MAX_STATES) {
      throw new InvalidPattern(
        `it has at most ${MAX_STATES} states: ${OWN_STATES} of its own, and its characters, repetitions counted out`,
      );
    }
    const automaton = new Automaton(node);
    this.#entry = automaton.reach([automaton.entry]); // a match may begin at every place
    this.#ends = automaton.ends();
    this.#opening = automaton.reach([automaton.entry], { start: true });
    this.#matchesNothing = has(automaton.reach([automaton.entry], { start: true, end: true }), 0);
    [this.#edges, this.#readers] = automaton.readers();
    this.#follow = automaton.follow();
  }

  /** Whether the value is a text of at most MAX_TEXT code points that holds a match somewhere. */
  matches(value: unknown): boolean {
    return typeof value === "string" && isAtMost(value, MAX_TEXT) && this.#search(value);
  }

  #search(text: string): boolean {
    if (text === "") return this.#matchesNothing;
    let threads = this.#opening.slice();
    let after = new Uint32Array(threads.length);
    for (const character of text) {
      if (has(threads, 0)) return true;
      if (threads.every((word) => word === 0)) return false;
      after.set(this.#entry);
      this.#read(threads, character.codePointAt(0)!, after);
      [threads, after] = [after, threads];
    }
    return threads.some((word, place) => (word & this.#ends[place]!) !== 0);
  }

  /** Add to `after` where those threads go that read this code point. */
  #read(threads: Threads, point: number, after: Threads): void {
    const readers = this.#readers[rank(this.#edges, point)]!;
    for (let place = 0; place < threads.length; place++) {
      for (let bits = threads[place]! & readers[place]!; bits !== 0; bits &= bits - 1) {
        const follow = this.#follow[32 * place + 31 - Math.clz32(bits & -bits)]!;
        for (let word = 0; word < after.length; word++) after[word]! |= follow[word]!;
      }
    }
  }
}

function has(threads: Threads, bit: number): boolean {
  return ((threads[bit >> 5]! >>> (bit & 31)) & 1) === 1;
}

/** How many of the ascending edges are at most this number. */
function rank(edges: readonly number[], point: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= point) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many instructions `emit` makes; one for nothing, so that it bounds the work of repeating nothing. */
function size(node: Node): number {
  switch (node.kind) {
    case "sequence":
      return Math.max(1, node.parts.reduce((sum, part) => sum + size(part), 0));
    case "choice":
      return 1 + node.parts.reduce((sum, part) => sum + size(part), 0);
    case "repeat": {
      const optional = node.most === null ? 1 : node.most - node.least;
      return Math.max(1, node.least * size(node.part) + optional * (size(node.part) + 1));
    }
    default:
      return 1;
  }
}

interface Instruction {
  readonly kind: "match" | "set" | "start" | "end" | "split";
  readonly bounds: Bounds;
  to: readonly number[];
}

/** The instructions of a pattern, and sets of those at which threads wait. The match is emitted first: it is bit 0. */
class Automaton {
  readonly entry: number;
  readonly #program: Instruction[] = [{ kind: "match", bounds: [], to: [] }];
  readonly #waiting: readonly number[];
  readonly #bits = new Map<number, number>();

  constructor(node: Node) {
    this.entry = this.#emit(node, 0);
    this.#waiting = [...this.#program.keys()].filter((place) =>
      ["match", "set", "end"].includes(this.#program[place]!.kind),
    );
    this.#waiting.forEach((place, bit) => this.#bits.set(place, bit));
  }

  /** Where the threads wait that begin here and read nothing. `start`, `end`: of the text, is it here? */
  reach(entries: readonly number[], { start = false, end = false } = {}): Threads {
    const met = new Set<number>();
    const stack = [...entries];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (met.has(place)) continue;
      met.add(place);
      const { kind, to } = this.#program[place]!;
      if (kind === "split" || (kind === "start" && start) || (kind === "end" && end)) stack.push(...to);
    }
    return this.#threads([...met].flatMap((place) => this.#bits.get(place) ?? []));
  }

  /** Those that find a match when the text ends, after something was read. */
  ends(): Threads {
    const bits = [...this.#waiting.keys()];
    return this.#threads(bits.filter((bit) => has(this.reach([this.#waiting[bit]!], { end: true }), 0)));
  }

  /** Where membership in any set changes, ascending; and those that read a code point before, between, beyond. */
  readers(): [number[], Threads[]] {
    const sets = this.#waiting.map((place) => this.#program[place]!.bounds);
    const edges = [...new Set(sets.flat())].sort((one, other) => one - other);
    const bits = [...sets.keys()];
    const reading = (point: number): Threads => this.#threads(bits.filter((bit) => rank(sets[bit]!, point) % 2 === 1));
    return [edges, [this.#threads([]), ...edges.map(reading)]];
  }

  /** What follows each waiting thread that has read. */
  follow(): Threads[] {
    return this.#waiting.map((place) => this.reach(this.#program[place]!.to));
  }

  #threads(bits: readonly number[]): Threads {
    const threads = new Uint32Array((this.#waiting.length + 31) >> 5);
    for (const bit of bits) threads[bit >> 5]! |= 1 << (bit & 31);
    return threads;
  }

  /** Append the node's instructions, which go on at `after`; where they begin. */
  #emit(node: Node, after: number): number {
    switch (node.kind) {
      case "sequence":
        return node.parts.reduceRight((next, part) => this.#emit(part, next), after);
      case "choice":
        return this.#split(...node.parts.map((part) => this.#emit(part, after)));
      case "repeat": {
        const { part, least, most } = node;
        let next = after;
        if (most === null) {
          next = this.#split(after);
          this.#program[next]!.to = [this.#emit(part, next), after];
        }
        for (let count = (most ?? least) - least; count > 0; count--) next = this.#split(this.#emit(part, next), after);
        for (let count = least; count > 0; count--) next = this.#emit(part, next);
        return next;
      }
      default:
        return this.#add({ kind: node.kind, bounds: node.bounds, to: [after] });
    }
  }

  #split(...to: number[]): number {
    return this.#add({ kind: "split", bounds: [], to });
  }

  #add(instruction: Instruction): number {
    return this.#program.push(instruction) - 1;
  }
}

const CLASSES: Readonly<Record<string, readonly Range[]>> = {
  d: [[48, 57]],
  w: [[48, 57], [65, 90], [95, 95], [97, 122]],
  s: [[9, 13], [32, 32]],
};
const CONTROLS: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f", v: "\v" };
const SYNTAX = "^$\\.*+?()[]{}|/";
const QUANTIFIERS = "*+?{";

/** Recursive descent over one pattern. */
class Parser {
  readonly #text: readonly string[];
  readonly #folds: boolean;
  #at: number;
  #depth = 0;

  constructor(text: string) {
    this.#text = [...text];
    this.#folds = text.startsWith("(?i)");
    this.#at = this.#folds ? 4 : 0;
  }

  /** The tree of the whole pattern. Throws InvalidPattern. */
  whole(): Node {
    const node = this.#choice();
    if (this.#at < this.#text.length) throw this.#wrong("this ) closes nothing; a literal one is \\)");
    return node;
  }

  #choice(): Node {
    const parts = [this.#sequence()];
    while (this.#took("|")) parts.push(this.#sequence());
    return parts.length > 1 ? { kind: "choice", parts } : parts[0]!;
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (!["", "|", ")"].includes(this.#peek())) parts.push(this.#quantified(this.#item()));
    return { kind: "sequence", parts };
  }

  #item(): Node {
    const character = this.#next();
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case "^":
        return { kind: "start", bounds: [] };
      case "$":
        return { kind: "end", bounds: [] };
      case ".":
        return { kind: "set", bounds: complement([10, 11]) };
      case "\\":
        return this.#set(this.#escape(""));
      default:
        if ("*+?{}]".includes(character)) throw this.#wrong(`a literal ${character} is \\${character}`, 1);
        return this.#set(single(character));
    }
  }

  #group(): Node {
    if (this.#took("?") && !this.#took(":")) {
      throw this.#wrong("groups are (…) and (?:…): no look-around, no names, and (?i) only in front");
    }
    this.#depth++;
    if (this.#depth > MAX_GROUPS) throw this.#wrong(`groups nest at most ${MAX_GROUPS} deep`);
    const node = this.#choice();
    if (!this.#took(")")) throw this.#wrong("a ) is missing");
    this.#depth--;
    return node;
  }

  #quantified(item: Node): Node {
    if (!this.#quantifierFollows()) return item;
    if (item.kind === "start" || item.kind === "end") throw this.#wrong("^ and $ cannot be repeated");
    const character = this.#next();
    const node: Node =
      character === "{"
        ? this.#counted(item)
        : { kind: "repeat", part: item, least: character === "+" ? 1 : 0, most: character === "?" ? 1 : null };
    if (this.#quantifierFollows()) {
      throw this.#wrong("one quantifier an item: greedy or lazy is the same where only a match is asked for");
    }
    return node;
  }

  #quantifierFollows(): boolean {
    return this.#peek() !== "" && QUANTIFIERS.includes(this.#peek());
  }

  #counted(item: Node): Node {
    const least = this.#number();
    let most: number | null = least;
    if (this.#took(",")) most = this.#peek() === "}" ? null : this.#number();
    if (!this.#took("}")) throw this.#wrong("a repetition is {m}, {m,} or {m,n}; a literal { is \\{");
    if (most !== null && most < least) throw this.#wrong("a repetition {m,n} has m of at most n", 1);
    return { kind: "repeat", part: item, least, most };
  }

  #number(): number {
    let digits = "";
    while (this.#peek() !== "" && "0123456789".includes(this.#peek())) digits += this.#next();
    if (digits === "" || digits.length > 4) {
      throw this.#wrong("a repetition is {m}, {m,} or {m,n}, of at most 4 digits; a literal { is \\{");
    }
    return Number(digits);
  }

  #class(): Node {
    const negated = this.#took("^");
    const ranges: Range[] = [];
    let first = true;
    while (!this.#took("]")) {
      const low = this.#member(first);
      first = false;
      if (this.#peek() === "-" && !["]", ""].includes(this.#peek(1))) {
        this.#next();
        ranges.push(this.#range(low, this.#member(false)));
      } else {
        ranges.push(...low);
      }
    }
    if (ranges.length === 0) throw this.#wrong("a class has at least one member; a literal ] is \\]", 1);
    const node = this.#set(ranges);
    return negated ? { kind: "set", bounds: complement(node.bounds) } : node;
  }

  #range(low: readonly Range[], high: readonly Range[]): Range {
    const [[from, fromEnd], [to, toEnd]] = [low[0]!, high[0]!];
    if (low.length > 1 || high.length > 1 || from !== fromEnd || to !== toEnd) {
      throw this.#wrong("a range goes from one character to another");
    }
    if (to < from) throw this.#wrong("a range goes upwards");
    return [from, to];
  }

  #member(first: boolean): readonly Range[] {
    const character = this.#next();
    if (character === "") throw this.#wrong("a ] is missing");
    if (character === "\\") return this.#escape("-");
    if (character === "[") throw this.#wrong("a literal [ in a class is \\[", 1);
    if (character === "-" && (first ? this.#peek() === "-" : this.#peek() !== "]")) {
      throw this.#wrong("a literal - in a class is first, last, or \\-", 1);
    }
    return single(character);
  }

  #escape(also: string): readonly Range[] {
    const character = this.#next();
    const lower = character.toLowerCase();
    if (Object.hasOwn(CLASSES, lower)) {
      return character === lower ? CLASSES[lower]! : rangesOf(complement(boundsOf(CLASSES[lower]!)));
    }
    if (Object.hasOwn(CONTROLS, character)) return single(CONTROLS[character]!);
    if (character !== "" && (SYNTAX + also).includes(character)) return single(character);
    throw this.#wrong(
      "\\ stands before d D w W s S t n r f v or a character of the syntax: " +
        "no back-references, no word boundaries, no code points",
      1,
    );
  }

  #set(ranges: readonly Range[]): One {
    return { kind: "set", bounds: boundsOf(this.#folds ? folded(ranges) : ranges) };
  }

  #peek(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? "";
  }

  #next(): string {
    const character = this.#peek();
    if (character !== "") this.#at++;
    return character;
  }

  #took(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #wrong(message: string, back = 0): InvalidPattern {
    return new InvalidPattern(`at character ${this.#at - back + 1}: ${message}`);
  }
}

function single(character: string): readonly Range[] {
  const point = character.codePointAt(0)!;
  return [[point, point]];
}

/** With the other case of each ASCII letter. */
function folded(ranges: readonly Range[]): readonly Range[] {
  const more: Range[] = [];
  for (const [low, high] of ranges) {
    for (const [first, last, shift] of [[65, 90, 32], [97, 122, -32]] as const) {
      const [from, to] = [Math.max(low, first), Math.min(high, last)];
      if (from <= to) more.push([from + shift, to + shift]);
    }
  }
  return [...ranges, ...more];
}

function boundsOf(ranges: readonly Range[]): Bounds {
  const bounds: number[] = [];
  for (const [low, high] of [...ranges].sort((one, other) => one[0] - other[0] || one[1] - other[1])) {
    const last = bounds.length - 1;
    if (last >= 0 && low <= bounds[last]!) bounds[last] = Math.max(bounds[last]!, high + 1);
    else bounds.push(low, high + 1);
  }
  return bounds;
}

function complement(bounds: Bounds): Bounds {
  return bounds[0] === 0 ? bounds.slice(1) : [0, ...bounds];
}

function rangesOf(bounds: Bounds): readonly Range[] {
  const ends = bounds.length % 2 === 0 ? bounds : [...bounds, 0x110000];
  return ends.flatMap((low, place) => (place % 2 === 0 ? [[low, ends[place + 1]! - 1] as const] : []));
}
