import type { Line } from './in-wine/environment.ts';

/** What passed, failed and was skipped, with the reasons, and figures; printed at the end, the totals last. */
export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** Suites by title by reason. */
  readonly #skips = new Map<string, Map<string, Set<string>>>();
  readonly #failures: string[] = [];

  suite(name: string, counts: { passed: number; failed: number; skipped: number }, errors: string | null): void {
    this.passed += counts.passed;
    this.failed += counts.failed;
    this.skipped += counts.skipped;
    console.log(`  ${name.padEnd(52)} ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    if (errors !== null) console.log(errors);
  }

  /** What a program told of its suites. Returns the test that it was in when it ended. */
  contract(version: string, lines: readonly Line[]): string {
    let at = '';
    for (const line of lines) {
      if (line.type === 'note') console.log(`\n${line.text}`);
      else if (line.type === 'started') at = `${line.suite}: ${line.title}`;
      else if (line.type === 'skip') this.skip(line.suite, line.title, line.reason, true);
      else if (line.type === 'suite') this.suite(`${version}  ${line.name}`, line, line.errors);
    }
    return at;
  }

  pass(what: string, details = ''): void {
    this.passed++;
    console.log(`  ${what.padEnd(52)} passed${details && `: ${details}`}`);
  }

  fail(what: string, why: string): void {
    this.failed++;
    this.#failures.push(`${what}: ${why}`);
    console.log(`  ${what.padEnd(52)} FAILED: ${why}`);
  }

  /** Also counts it, unless its suite has. */
  skip(suite: string, title: string, reason: string, counted = false): void {
    if (!counted) this.skipped++;
    const titles = this.#skips.get(reason) ?? new Map<string, Set<string>>();
    this.#skips.set(reason, titles.set(title, (titles.get(title) ?? new Set()).add(suite)));
  }

  print(): void {
    if (this.#skips.size > 0) console.log('\nSkipped, and why:');
    for (const [reason, titles] of this.#skips) {
      console.log(`  ${reason}`);
      for (const [title, suites] of titles) console.log(`      ${title}\n          ${[...suites].join('; ')}`);
    }
    for (const failure of this.#failures) console.log(`\nFAIL  ${failure}`);
    console.log(`\n${this.passed} passed, ${this.failed} failed${this.skipped > 0 ? `, ${this.skipped} skipped` : ''}`);
  }
}
