import { describe, expect, test } from 'vitest';
import { identify, sniff } from '../../server/storage/content-type.ts';
import { readDimensions } from '../../server/storage/dimensions.ts';
import { output, PIXEL, quiet, startStore } from './support.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const FTYP = (major: string, ...others: string[]) => {
  const brands = latin1(`ftyp${major}\0\0\x02\0${others.join('')}`);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(brands.length + 4);
  return Buffer.concat([size, brands, latin1('\0\0\0\x08free')]);
};
const APNG = Buffer.concat([
  PIXEL.subarray(0, 33),
  latin1('\0\0\0\x08acTL\0\0\0\x01\0\0\0\0crc!'),
  PIXEL.subarray(33),
]);
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>';

describe('what a file is', () => {
  test.each<[string, Buffer]>([
    ['image/png', PIXEL],
    ['image/apng', APNG],
    ['image/jpeg', latin1('\xff\xd8\xff\xe0\0\x10JFIF')],
    ['image/gif', latin1('GIF89a\x01\0\x01\0')],
    ['image/webp', latin1('RIFF\x24\0\0\0WEBPVP8 ')],
    ['image/avif', FTYP('avif', 'mif1', 'miaf')],
    ['video/mp4', FTYP('isom', 'iso2', 'avc1', 'mp41')],
    ['video/mp4', FTYP('mp42')],
    ['audio/mp4', FTYP('M4A ', 'isom')],
    ['video/webm', latin1('\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm')],
    ['audio/mpeg', latin1('ID3\x04\0\0\0\0\0\0')],
    ['audio/mpeg', latin1('\xff\xfb\x90\x64')],
    ['audio/wav', latin1('RIFF\x24\0\0\0WAVEfmt ')],
    ['image/svg+xml', Buffer.from(SVG)],
    ['image/svg+xml', Buffer.from(`\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n${SVG}`)],
  ])('%s is told by its first bytes', (type, bytes) => {
    expect(sniff(bytes)).toBe(type);
  });

  test.each<[string, Buffer]>([
    ['a page', Buffer.from('<!DOCTYPE html><html><body><script>alert(1)</script>')],
    ['a page that holds an SVG', Buffer.from(`<html><body>${SVG}</body></html>`)],
    ['a script', Buffer.from('alert(1)')],
    ['a PDF', Buffer.from('%PDF-1.7')],
    ['HEIC, which browsers do not show', FTYP('heic', 'mif1')],
    ['Matroska, which browsers do not play', latin1('\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska')],
    ['an archive', latin1('PK\x03\x04')],
    ['AAC without a container', latin1('\xff\xf1\x50\x80')],
    ['nothing', Buffer.alloc(0)],
    ['a single byte', latin1('\xff')],
  ])('%s is nothing that the store takes', (_, bytes) => {
    expect(sniff(bytes)).toBeNull();
    expect(() => identify(bytes, 'image/png')).toThrow(expect.objectContaining({ code: 'WRONG_TYPE' }));
  });

  test('a picture may turn out to be another kind of picture, but not a film, and no film a picture', () => {
    expect(identify(PIXEL, 'image/webp')).toBe('image/png');
    expect(identify(APNG, 'image/png')).toBe('image/apng');
    expect(() => identify(FTYP('isom'), 'image/png')).toThrow(
      'The provider sent a file that cannot be served.',
    );
    expect(() => identify(PIXEL, 'video/mp4')).toThrow();
    expect(() => identify(PIXEL, 'text/html')).toThrow();
  });

  test('a provider that has no opinion of the type is told it', () => {
    expect(identify(PIXEL, 'application/octet-stream')).toBe('image/png');
    expect(identify(PIXEL, '')).toBe('image/png');
    expect(identify(PIXEL, 'IMAGE/PNG; charset=binary')).toBe('image/png');
  });

  test('a container that can hold sound alone is what it is declared to be', () => {
    expect(identify(FTYP('isom'), 'audio/mp4')).toBe('audio/mp4');
    expect(identify(FTYP('isom'), 'video/mp4')).toBe('video/mp4');
  });

  test('a page that calls itself a picture is not stored', async () => {
    await using store = await startStore();
    const page = Buffer.from('<html><script>alert(document.cookie)</script></html>');
    await expect(store.storage.store(output(page, 'image/png'), quiet())).rejects.toMatchObject({
      code: 'WRONG_TYPE',
      message: 'The provider sent a file that cannot be served.',
      detail: expect.stringContaining('<html>'),
    });
    expect(await store.files()).toEqual([]);
  });
});

describe('width and height', () => {
  const jpeg = latin1(
    '\xff\xd8\xff\xe1\x00\x06EXIF\xff\xc4\x00\x04\0\0\xff\xff\xc2\x00\x11\x08\x01\x68\x02\x80\x03\x01\x22\0\x02\x11\x01\x03\x11\x01',
  );

  test.each<[string, Buffer, number, number]>([
    ['image/png', PIXEL, 1, 1],
    ['image/apng', APNG, 1, 1],
    ['image/gif', latin1('GIF89a\x80\x02\x68\x01'), 640, 360],
    ['image/jpeg', jpeg, 640, 360],
    [
      'image/webp',
      latin1('RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a\x80\x02\x68\x01\0\0'),
      640,
      360,
    ],
    ['image/webp', latin1('RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x7f\xc2\x59\x00\0'), 640, 360],
    ['image/webp', latin1('RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\x67\x01\0'), 640, 360],
  ])('of %s are read from its header', (type, bytes, width, height) => {
    expect(readDimensions(bytes, type)).toEqual({ width, height });
  });

  test('of a header that is cut off anywhere are unknown, and no error', () => {
    for (let length = 0; length < 20; length += 1) {
      expect(readDimensions(jpeg.subarray(0, length), 'image/jpeg')).toBeNull();
      expect(readDimensions(PIXEL.subarray(0, length), 'image/png')).toBeNull();
    }
    expect(readDimensions(FTYP('isom'), 'video/mp4')).toBeNull();
  });
});
