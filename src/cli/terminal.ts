import { ReadStream } from 'node:tty';
import { UsageError } from './usage-error.ts';

/** Where a command writes and reads. */
export interface Terminal {
  /** To standard output. */
  out(text: string | Uint8Array): void;
  /** To standard error. */
  err(text: string): void;
  color: boolean;
  /** Columns to write within, 80 to 120. */
  width: number;
  /** Someone is at the keyboard. */
  interactive: boolean;
  /** All of standard input. */
  read(): Promise<Uint8Array>;
  /** Asks for a password without echoing it. */
  askPassword(question: string): Promise<string>;
}

export function createTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  // a reader that has had enough (`| head`) is no failure
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => void stdout.write(typeof text === 'string' && !text.endsWith('\n') ? `${text}\n` : text),
    err: (text) => void stderr.write(text),
    color: !env['NO_COLOR'] && env['TERM'] !== 'dumb' && stdout.isTTY === true,
    width: Math.min(120, Math.max(80, stdout.columns ?? 100)),
    interactive: stdin.isTTY === true,
    async read() {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stdin) chunks.push(chunk as Uint8Array);
      return Buffer.concat(chunks);
    },
    askPassword,
  };
}

export type Style = 'title' | 'name' | 'dim' | 'good' | 'error';

export function paint(terminal: Pick<Terminal, 'color'>, style: Style, text: string): string {
  return terminal.color && text !== '' ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

function askPassword(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!(stdin instanceof ReadStream)) throw new UsageError('no password: give --password-file, or PORTABLE_SSPI_PASSWORD');
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  return new Promise((resolve) => {
    let typed: string[] = [];
    const done = () => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    };
    const onData = (data: string | Buffer) => {
      for (const key of String(data)) {
        if (key === '\r' || key === '\n' || key === CTRL_D) {
          done();
          resolve(typed.join(''));
          return;
        }
        if (key === CTRL_C) {
          done();
          process.exit(130); // 128 + SIGINT, as a shell counts it
        }
        if (key === CTRL_U) typed = [];
        else if (key === '\x7f' || key === '\b') typed.pop();
        else if (key >= ' ') typed.push(key);
      }
    };
    stdin.on('data', onData);
  });
}

const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_U = '\x15';
const CODES: Readonly<Record<Style, string>> = { title: '1', name: '36', dim: '2', good: '32', error: '31' };
