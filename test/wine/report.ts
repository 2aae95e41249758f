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
