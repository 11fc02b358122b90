/**
 * Which addresses are nobody's business but ours. The address of an output comes from a vendor's answer; whoever could
 * write one must not be able to make Solvent fetch from inside its own network and publish what it finds.
 */
import { BlockList, isIP } from 'node:net';

const INNER = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carriers' own
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, where clouds keep their credentials
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15], // measurements
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4],
] as const) {
  INNER.addSubnet(network, bits, 'ipv4');
}
// Of IPv6 only 2000::/3 is given out to the public. Everything else is inner without being named: loopback, link-local,
// private, multicast, and IPv4 behind a translator (64:ff9b::/96) or in an old disguise.
const PUBLIC = new BlockList();
PUBLIC.addSubnet('2000::', 3, 'ipv6');
for (const [network, bits] of [
  ['2001::', 23], // protocols' own, Teredo among them
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4, which has an IPv4 address in it
  ['3fff::', 20], // documentation
] as const) {
  INNER.addSubnet(network, bits, 'ipv6');
}
// IPv4 in IPv6's clothes: the socket goes to the IPv4 address, which the list above is asked about.
const MAPPED = new BlockList();
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6');

/** True for an address that is private, loopback, link-local or otherwise not of the public internet. */
export function isInnerAddress(address: string): boolean {
  const plain = address.split('%')[0] ?? address;
  const version = isIP(plain);
  if (version === 0) return true;
  if (version === 4) return INNER.check(plain, 'ipv4');
  // A BlockList looks at the IPv4 address in a mapped one by itself.
  return INNER.check(plain, 'ipv6') || !(PUBLIC.check(plain, 'ipv6') || MAPPED.check(plain, 'ipv6'));
}
