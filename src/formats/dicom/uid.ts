/**
 * Unique identifiers without a registered root: `2.25.` and a UUID as a decimal number.
 * Source: DICOM PS3.5 B.2, ITU-T X.667.
 */
import { createHash, randomUUID } from 'node:crypto';

const fromHex = (hex: string): string => `2.25.${BigInt(`0x${hex}`)}`;

/** A new identifier, from a random UUID. */
export function createUid(): string {
  return fromHex(randomUUID().replaceAll('-', ''));
}

/** The identifier that always stands for a text: from a UUID of version 8 made of its SHA-256. */
export function uidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return fromHex(bytes.toString('hex'));
}
