/** Files on their way to a vendor and back: what they are, where they are, and how they travel. */
import type { InputFile } from './provider.ts';

/** Whether it is an address that a file can be fetched from. */
export function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\//i.test(value);
}

const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  svg: 'image/svg+xml',
};

/** The type of a picture by the ending of its name; PNG when it has none that is known. */
export function typeOfEnding(ending: string): string {
  return TYPES[ending.toLowerCase()] ?? 'image/png';
}

/** The same, by the address of the picture. */
export function typeOfAddress(url: string): string {
  return typeOfEnding(/\.(\w+)(?:[?#]|$)/.exec(url)?.[1] ?? '');
}

const BEGINNINGS: readonly (readonly [contentType: string, beginning: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/webp', /^RIFF[\s\S]{4}WEBP/],
  ['image/gif', /^GIF8[79]a/],
];

/**
 * The type of a picture by its first bytes; undefined when it is none. Storage looks at them again. It is asked here
 * because an answer of a picture's bytes and nothing around them has nothing else to show that a picture was made.
 */
export function typeOfPicture(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return BEGINNINGS.find(([, beginning]) => beginning.test(head))?.[0];
}

/** The file within a text, for vendors that take addresses only: these bytes are the ones that were checked. */
export function dataUri({ bytes, contentType }: InputFile): string {
  return `data:${contentType};base64,${Buffer.from(bytes).toString('base64')}`;
}

/**
 * The file as a part of a form.
 *
 * @param name without an ending; vendors that go by one get the type's (`picture.png`, `film.mp4`).
 */
export function filePart({ bytes, contentType }: InputFile, name: string): File {
  const ending = contentType.replace(/^.*\/|\+.*$/g, '');
  // The types fear memory that threads share, of which there is none here; a copy of a film would be long.
  return new File([bytes as Uint8Array<ArrayBuffer>], `${name}.${ending}`, { type: contentType });
}
