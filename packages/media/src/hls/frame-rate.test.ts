import { expect, test } from '@jest/globals';
import { chooseFrameRate, parseFrameRate } from './frame-rate.ts';

const choose = (nominal: string, average: string, shortestUsualGapSec?: number): string => {
  const { numerator, denominator } = chooseFrameRate({
    nominal: parseFrameRate(nominal),
    average: parseFrameRate(average),
    shortestUsualGapSec,
  });
  return `${numerator}/${denominator}`;
};

test.each([
  { what: 'film', nominal: '24000/1001', average: '24000/1001', rate: '24000/1001' },
  { what: 'PAL', nominal: '25/1', average: '25/1', rate: '25/1' },
  { what: '50', nominal: '50/1', average: '50/1', rate: '50/1' },
  { what: '59.94', nominal: '60000/1001', average: '60000/1001', rate: '60000/1001' },
  { what: 'an odd rate of its own', nominal: '37/1', average: '37/1', rate: '37/1' },
])('$what is kept', ({ nominal, average, rate }) => {
  expect(choose(nominal, average)).toBe(rate);
});

test.each([
  { nominal: '120/1', rate: '120/2' },
  { nominal: '120000/1001', rate: '120000/2002' },
  { nominal: '240/1', rate: '240/4' },
  { nominal: '100/1', rate: '100/2' },
])('$nominal is shown every n-th time, at $rate', ({ nominal, rate }) => {
  expect(choose(nominal, nominal)).toBe(rate);
});

test.each([
  { nominal: '1/1', rate: '10/1' },
  { nominal: '4/1', rate: '12/1' },
  { nominal: '1/10', rate: '100/10' },
])('a time lapse of $nominal is repeated evenly, at $rate', ({ nominal, rate }) => {
  expect(choose(nominal, nominal)).toBe(rate);
});

test.each([
  { what: 'a phone that lost pictures', nominal: '30/1', average: '271/10', gapSec: 1 / 30, rate: '30/1' },
  { what: 'a browser’s recording', nominal: '1000/1', average: '2993/100', gapSec: 0.0333, rate: '30/1' },
  { what: 'a screen with bursts', nominal: '1000/1', average: '15/1', gapSec: 1 / 60, rate: '60/1' },
  { what: 'a slow screen', nominal: '90000/1', average: '7/1', gapSec: 0.11, rate: '10/1' },
  { what: 'NTSC with gaps', nominal: '90000/1', average: '25/1', gapSec: 1001 / 30_000, rate: '30000/1001' },
])('$what gets $rate', ({ nominal, average, gapSec, rate }) => {
  expect(choose(nominal, average, gapSec)).toBe(rate);
});

test('a file that says nothing gets 30', () => {
  expect(choose('0/0', '0/0')).toBe('30/1');
});
