/** A film that is no more than what says that it is one: the box by which an MP4 is known, and a text in the next. */

/** An MP4 for whoever looks at its first bytes. The text tells one film from another. */
export function film(text: string): Buffer {
  return Buffer.concat([
    box('ftyp', Buffer.from('isom\0\0\0\0isommp42', 'latin1')),
    box('mdat', Buffer.from(text)),
  ]);
}

function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}
