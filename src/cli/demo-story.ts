import type { KdcLine } from './demo-kdc.ts';
import type { Leg } from './demo-client.ts';
import { headerText } from './legs.ts';
import { paint, type Terminal } from './terminal.ts';

/** What the demo tells, in acts and numbered parts. */
export class Story {
  readonly terminal: Terminal;
  readonly #full: boolean;
  #part = 0;

  constructor(terminal: Terminal, full: boolean) {
    this.terminal = terminal;
    this.#full = full;
  }

  say(text: string): void {
    this.terminal.out(text);
  }

  act(text: string): void {
    this.say(`\n${paint(this.terminal, 'title', `── ${text} ${'─'.repeat(Math.max(0, this.terminal.width - text.length - 4))}`)}`);
  }

  title(text: string): void {
    const [first, ...more] = wrapWords(text, this.terminal.width - 3);
    this.say(`\n${paint(this.terminal, 'title', `${String(++this.#part).padEnd(2)} ${first}`)}`);
    for (const line of more) this.say(paint(this.terminal, 'title', `   ${line}`));
  }

  leg(leg: Leg): Leg {
    const narrow = { ...this.terminal, width: this.terminal.width - 3 };
    const lines = [paint(this.terminal, 'good', `> GET ${leg.path}`)];
    if (leg.authorization !== null) lines.push(...headerText(narrow, '>', 'Authorization', leg.authorization, this.#full));
    lines.push('', paint(this.terminal, 'good', `< ${leg.status} ${leg.statusText}`));
    for (const challenge of leg.challenges) lines.push(...headerText(narrow, '<', 'WWW-Authenticate', challenge, this.#full));
    this.say(lines.map((line) => (line === '' ? '' : `   ${line}`)).join('\n'));
    return leg;
  }

  kdc(lines: readonly KdcLine[]): void {
    const width = Math.max(...lines.map(({ name }) => name.length));
    for (const { direction, name, says } of lines) {
      const [first, ...more] = wrapWords(says, this.terminal.width - width - 7);
      this.say(`   ${paint(this.terminal, 'good', direction)} ${paint(this.terminal, 'name', name.padEnd(width))}  ${first}`);
      for (const line of more) this.say(`${' '.repeat(width + 7)}${line}`);
    }
  }

  rows(rows: readonly (readonly [name: string, value: string])[]): void {
    const width = Math.max(...rows.map(([name]) => name.length));
    for (const [name, value] of rows) {
      const [first, ...more] = wrapWords(value, this.terminal.width - width - 5);
      this.say(`   ${paint(this.terminal, 'name', name.padEnd(width))}  ${first}`.trimEnd());
      for (const line of more) this.say(`${' '.repeat(width + 5)}${line}`);
    }
  }
}

function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ (?! )/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
