export interface Row {
  name: string;
  version: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
}

export function printTable(title: string, rows: readonly Row[]): void {
  const lines = [
    ['runtime', 'version', 'passed', 'failed', 'skipped', 'time'],
    ...rows.map(({ name, version, passed, failed, skipped, seconds }) => [name, version, ...[passed, failed, skipped].map(String), `${seconds.toFixed(1)} s`]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  console.log(`\n${title}\n`);
  for (const line of lines) console.log(line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '));
}
