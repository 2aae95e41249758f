// What no tracked file may hold, and what no lock file may name.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Paths that git tracks, or would track: neither ignored nor deleted. Without git, all but what a build leaves. */
export function trackedFiles(directory: string): string[] {
  const git = (...args: string[]) => execFileSync('git', ['-C', directory, 'ls-files', '-z', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .split('\0').filter(Boolean);
  try {
    const deleted = new Set(git('--deleted'));
    return git('--cached', '--others', '--exclude-standard').filter((file) => !deleted.has(file)).sort();
  } catch {
    return walk(directory, '').sort(); // no git here, or a copy without its history
  }
}

function walk(directory: string, below: string): string[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below + entry.name;
    if (entry.isDirectory()) return ['.git', 'node_modules', 'dist'].includes(entry.name) ? [] : walk(directory, `${path}/`);
    return entry.isFile() && !entry.name.endsWith('.tgz') ? [path] : [];
  });
}

/** One sentence for each line that speaks of one machine, is half merged, unfinished, or a secret. */
export async function findForbidden(directory: string, files: readonly string[]): Promise<string[]> {
  const sentences: string[] = [];
  for (const file of files) {
    const bytes = await readFile(`${directory}/${file}`);
    if (bytes.includes(0)) continue; // binary
    for (const [index, line] of bytes.toString('utf8').split('\n').entries()) {
      const found = FORBIDDEN.find(({ pattern }) => pattern.test(line));
      if (found !== undefined) sentences.push(`${file}:${index + 1} holds ${found.what}`);
    }
  }
  return sentences;
}

/** One sentence for each package that the lock file binds to an address. */
export function findResolved(lockFile: string): string[] {
  const { packages } = JSON.parse(lockFile) as { packages: Record<string, { resolved?: string; link?: boolean }> };
  return Object.entries(packages)
    .filter(([, entry]) => entry.resolved !== undefined && entry.link !== true)
    .map(([name, entry]) => `${name} is resolved to ${entry.resolved}`);
}

// Written so that no pattern matches its own line.
const FORBIDDEN: readonly { what: string; pattern: RegExp }[] = [
  { what: 'a path of one machine', pattern: /(?:^|[\s'"`(=:])\/(?:work|root|Users\/\w+)\/\w/ },
  { what: 'a path of one machine', pattern: /[A-Z]:\\Users\\\w/ },
  { what: 'a mark of an unfinished merge', pattern: /^(?:<{7}|={7}|>{7})(?: |$)/ },
  { what: 'unfinished work', pattern: /\b(?:TO[D]O|FIX[M]E)\b/ },
  { what: 'a private key', pattern: /-{5}BEGIN (?:[A-Z]+ )?PRIVATE [K]EY-{5}/ },
];
