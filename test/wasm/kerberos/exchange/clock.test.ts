import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticatorTime, type KerberosClock } from '../../../../backends/wasm/kerberos/exchange/clock.ts';

const test = suite('the clock of authenticators');

test('no two of one millisecond are the same, and a clock that is set back is followed', () => {
  let now = 1_700_000_000_999;
  const clock: KerberosClock = { now: () => new Date(now), offset: 0 };
  assert.equal([authenticatorTime(clock), authenticatorTime(clock)], [
    { seconds: 1_700_000_000, microseconds: 999_000 }, { seconds: 1_700_000_000, microseconds: 999_001 },
  ]);
  for (let count = 0; count < 998; count++) authenticatorTime(clock);
  assert.equal(authenticatorTime(clock), { seconds: 1_700_000_001, microseconds: 0 });
  now -= 3_600_000;
  assert.equal(authenticatorTime(clock), { seconds: 1_699_996_400, microseconds: 999_000 });
});

test.run();
