// Time stamps of Windows: local time, by the offset that holds when they are told.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dateOfTimeStamp } from '../../backends/secur32/timestamp.ts';

const test = suite('secur32: time stamps');
const zone = process.env['TZ'];

/** As the system makes a local time stamp: UTC's ticks with the bias of now (RtlSystemTimeToLocalTime). */
function local(utc: Date): bigint {
  return BigInt(utc.getTime() - new Date().getTimezoneOffset() * 60_000 + 11_644_473_600_000) * 10_000n;
}

test.after(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

test('the same moment, in whatever zone, in winter and in summer', () => {
  for (const TZ of ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Kiritimati', 'Australia/Lord_Howe']) {
    process.env['TZ'] = TZ;
    for (const text of ['2026-01-15T12:00:00.000Z', '2026-07-15T12:00:00.123Z', '2026-03-29T00:30:00.000Z', '2026-10-25T00:30:00.000Z']) {
      assert.is(dateOfTimeStamp(local(new Date(text)))!.toISOString(), text, TZ);
    }
  }
});

test('never, and none', () => {
  for (const ticks of [0n, -1n, 0x7fff_ffff_ffff_ffffn, 0x7fff_ff36_d596_9fffn, 0x7fff_ffff_ffff_ffffn - 36_000_000_000n]) assert.is(dateOfTimeStamp(ticks), null, String(ticks));
});

test.run();
