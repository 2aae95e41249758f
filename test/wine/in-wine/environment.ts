// What the driver tells a program in Wine, and what the program answers: one line of JSON each, among whatever else it prints.
import { readFileSync } from 'node:fs';

export interface WineDomain {
  /** 'AD.TEST', 'ADTEST' */
  realm: string;
  domain: string;
  user: string;
  password: string;
  target: string;
  /** Text that leads to the KDC. */
  krb5Conf: string;
  /** Base64. */
  keytab: string;
  /** Path of the credential cache that is the default one of the machine below Wine. */
  ccache: string;
}

export type Line =
  | { type: 'started'; suite: string; title: string }
  | { type: 'skip'; suite: string; title: string; reason: string }
  | { type: 'suite'; name: string; passed: number; failed: number; skipped: number; errors: string | null }
  | { type: 'note'; text: string }
  | { type: 'figures'; name: string; values: Record<string, number> }
  | { type: 'facts'; facts: Record<string, string> }
  | { type: 'end' };

export function readDomain(): WineDomain {
  return JSON.parse(readFileSync(process.env['PORTABLE_SSPI_WINE_DOMAIN']!, 'utf8')) as WineDomain;
}

export function tell(line: Line): void {
  process.stdout.write(`\n${MARK}${JSON.stringify(line)}\n`);
}

/** The lines that `tell` wrote, and what else was printed. */
export function told(output: string): { lines: Line[]; rest: string } {
  const lines: Line[] = [];
  const rest: string[] = [];
  for (const text of output.split(/\r?\n/)) {
    if (text.startsWith(MARK)) lines.push(JSON.parse(text.slice(MARK.length)) as Line);
    else if (text.trim() !== '') rest.push(text);
  }
  return { lines, rest: rest.join('\n') };
}

const MARK = '@@ ';
