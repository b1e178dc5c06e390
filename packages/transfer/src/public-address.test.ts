import { expect, test } from '@jest/globals';
import { BlockList } from 'node:net';
import fc from 'fast-check';
import { assertUrlAllowed, isPublicAddress } from './url-policy.ts';

/**
 * IANA's special-purpose and multicast registries, written down a second time and read by Node's own BlockList: what
 * the code under test says of an address is compared with what this says.
 */
const SPECIAL_IPV4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['255.255.255.255', 32],
];
/** Some anycast services below 2001::/23 are global; no source and no receiver is one of them. */
const SPECIAL_IPV6: [string, number][] = [
  ['::', 128],
  ['::1', 128],
  ['::', 96],
  ['::ffff:0:0', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['100:0:0:1::', 64],
  ['2001::', 23],
  ['2001::', 32],
  ['2001:2::', 48],
  ['2001:10::', 28],
  ['2001:20::', 28],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];
/** One for each family: to a BlockList that has `::ffff:0:0/96`, every IPv4 address is in it. */
function createOracle(nets: [string, number][], family: 'ipv4' | 'ipv6'): (text: string) => boolean {
  const blocked = new BlockList();
  for (const [net, prefix] of nets) blocked.addSubnet(net, prefix, family);
  return (text) => blocked.check(text, family);
}

const isSpecialIpv4 = createOracle(SPECIAL_IPV4, 'ipv4');
const isSpecialIpv6 = createOracle(SPECIAL_IPV6, 'ipv6');
const isHandedOut = createOracle([['2000::', 3]], 'ipv6');
const isWorldIpv6 = (text: string): boolean => isHandedOut(text) && !isSpecialIpv6(text);

const isAllowed = (host: string): boolean => {
  try {
    assertUrlAllowed(`https://${host}/`, { allowPrivateNetwork: false, allowedPorts: [443] }, 'SOURCE_URL_REFUSED');
    return true;
  } catch {
    return false;
  }
};

// --- addresses as numbers ---------------------------------------------------------------------------------------

const IPV4_BITS = 32;
const IPV6_BITS = 128;
const octetsOf = (value: bigint): number[] => [24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 0xffn));
const groupsOf = (value: bigint): number[] =>
  [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => Number((value >> shift) & 0xffffn));
const toIpv4 = (value: bigint): string => octetsOf(value).join('.');
const toIpv6 = (value: bigint): string =>
  groupsOf(value)
    .map((group) => group.toString(16))
    .join(':');

const parseIpv4 = (text: string): bigint => text.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
const parseIpv6 = (text: string): bigint => {
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
};

/** Any address of the net, its first and its last more often than chance would have them. */
function inNet(first: bigint, prefix: number, bits: number): fc.Arbitrary<bigint> {
  const last = (1n << BigInt(bits - prefix)) - 1n;
  return fc.oneof(fc.constantFrom(0n, last), fc.bigInt({ min: 0n, max: last })).map((offset) => first + offset);
}

const specialIpv4 = fc.oneof(...SPECIAL_IPV4.map(([net, prefix]) => inNet(parseIpv4(net), prefix, IPV4_BITS)));
const specialIpv6 = fc.oneof(...SPECIAL_IPV6.map(([net, prefix]) => inNet(parseIpv6(net), prefix, IPV6_BITS)));
const anyIpv4 = inNet(0n, 0, IPV4_BITS);
const anyIpv6 = inNet(0n, 0, IPV6_BITS);

// --- and in every notation --------------------------------------------------------------------------------------

interface Notation {
  count: number;
  radixes: number[];
}

const notation: fc.Arbitrary<Notation> = fc.record({
  count: fc.integer({ min: 1, max: 4 }),
  radixes: fc.array(fc.constantFrom(10, 8, 16), { minLength: 4, maxLength: 4 }),
});
const RADIX_PREFIX = new Map([
  [8, '0'],
  [16, '0x'],
]);

/** As inet_aton reads it: one to four numbers, the last of which fills the rest; each decimal, octal or hex. */
function writeIpv4(value: bigint, { count, radixes }: Notation): string {
  const octets = octetsOf(value);
  const rest = value & ((1n << BigInt(8 * (5 - count))) - 1n);
  const numbers = [...octets.slice(0, count - 1), rest];
  return numbers.map((number, i) => (RADIX_PREFIX.get(radixes[i]!) ?? '') + number.toString(radixes[i])).join('.');
}

const WIDE_DIGIT_ZERO = 0xff10;
/** The same to IDNA: full-width digits, ideographic full stops, a dot at the end, percent signs. */
const disguise = (dotted: string): string[] => [
  dotted.replace(/\d/g, (digit) => String.fromCodePoint(WIDE_DIGIT_ZERO + Number(digit))),
  dotted.replaceAll('.', '。'),
  dotted.replaceAll('.', '．'),
  `${dotted}.`,
  dotted.replace(/\d/g, (digit) => `%3${digit}`),
  dotted.replaceAll('.', '%2E'),
];

/** What carries an IPv4 address inside, and where. */
const carriers = (value: bigint): string[] => {
  const dotted = toIpv4(value);
  const hex = value.toString(16).padStart(8, '0');
  const [high, low] = [hex.slice(0, 4), hex.slice(4)];
  const inverted = (0xffffffffn ^ value).toString(16).padStart(8, '0');
  return [
    ...[`::ffff:${dotted}`, `::ffff:${high}:${low}`, `0:0:0:0:0:ffff:${dotted}`, `::${dotted}`, `::${high}:${low}`],
    ...[`::ffff:0:${dotted}`, `64:ff9b::${dotted}`, `64:ff9b::${high}:${low}`, `64:ff9b:1::${dotted}`],
    ...[`2002:${high}:${low}::1`, `2002:${high}:${low}::`],
    `2001:0:4136:e378:8000:63bf:${inverted.slice(0, 4)}:${inverted.slice(4)}`,
  ];
};

const ipv6Notations = (value: bigint): string[] => {
  const groups = groupsOf(value).map((group) => group.toString(16));
  const padded = groups.map((group) => group.padStart(4, '0')).join(':');
  const withQuad = `${groups.slice(0, 6).join(':')}:${toIpv4(value & 0xffffffffn)}`;
  const compressed = groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
  return [padded, padded.toUpperCase(), withQuad, compressed, groups.join(':')];
};

// --- what holds --------------------------------------------------------------------------------------------------

const RUNS = { numRuns: 1_000 };
const inBrackets = (text: string): string => `[${text}]`;

test('no IPv4 address of a special range is allowed, in any notation', () => {
  fc.assert(
    fc.property(specialIpv4, notation, (value, how) => {
      const dotted = toIpv4(value);
      expect(isPublicAddress(dotted)).toBe(false);
      expect([writeIpv4(value, how), dotted, ...disguise(dotted)].filter(isAllowed)).toEqual([]);
    }),
    RUNS,
  );
});

test('no IPv6 address that carries an IPv4 address is allowed, whichever it carries', () => {
  fc.assert(
    fc.property(fc.oneof(specialIpv4, anyIpv4), (value) => {
      expect(carriers(value).filter(isPublicAddress)).toEqual([]);
      expect(carriers(value).map(inBrackets).filter(isAllowed)).toEqual([]);
    }),
    RUNS,
  );
});

test('no IPv6 address of a special range is allowed, in any notation or zone', () => {
  fc.assert(
    fc.property(specialIpv6, (value) => {
      const texts = ipv6Notations(value);
      expect([...texts, ...texts.map((text) => `${text}%eth0`)].filter(isPublicAddress)).toEqual([]);
      expect([...texts, ...texts.map((text) => `${text}%25eth0`)].map(inBrackets).filter(isAllowed)).toEqual([]);
    }),
    RUNS,
  );
});

test('every other IPv4 address is allowed, in any notation', () => {
  const ordinaryIpv4 = anyIpv4.filter((value) => !isSpecialIpv4(toIpv4(value)));
  fc.assert(
    fc.property(ordinaryIpv4, notation, (value, how) => {
      expect(isPublicAddress(toIpv4(value))).toBe(true);
      const hosts = [writeIpv4(value, how), toIpv4(value)];
      expect(hosts.filter(isAllowed)).toEqual(hosts);
    }),
    RUNS,
  );
});

test('of IPv6, what IANA has handed out and nothing else is allowed', () => {
  fc.assert(
    fc.property(fc.oneof(anyIpv6, inNet(parseIpv6('2000::'), 3, IPV6_BITS)), (value) => {
      const text = toIpv6(value);
      expect([text, isPublicAddress(text), isAllowed(`[${text}]`)]).toEqual([
        text,
        isWorldIpv6(text),
        isWorldIpv6(text),
      ]);
    }),
    RUNS,
  );
});

test('the last address before each special range and the first behind it are judged by themselves', () => {
  const edges = (nets: [string, number][], parse: (text: string) => bigint, bits: number): bigint[] =>
    nets
      .flatMap(([net, prefix]) => [parse(net) - 1n, parse(net) + (1n << BigInt(bits - prefix))])
      .filter((value) => value >= 0n && value < 1n << BigInt(bits));
  const ipv4 = edges(SPECIAL_IPV4, parseIpv4, IPV4_BITS).map(toIpv4);
  expect(ipv4.filter(isPublicAddress)).toEqual(ipv4.filter((text) => !isSpecialIpv4(text)));
  const ipv6 = edges(SPECIAL_IPV6, parseIpv6, IPV6_BITS).map(toIpv6);
  expect(ipv6.filter(isPublicAddress)).toEqual(ipv6.filter(isWorldIpv6));
});

test.each(['', 'example.com', '1.2.3.4.5', '::1::', '1.1.1.1/8', ' 1.1.1.1', '2606:4700::1%eth0'])(
  'what is no plain address is none of the world: %j',
  (text) => {
    expect(isPublicAddress(text)).toBe(false);
  },
);
