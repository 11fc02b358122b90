import { TableError } from './table.ts';

/**
 * Bytes as text.
 *
 * @throws TableError when they are no UTF-8. A byte order mark is left out.
 */
export async function* decode(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let first = true;
  for await (const chunk of bytes) {
    if (first && chunk.length >= 2 && (chunk[0] ?? 0) + (chunk[1] ?? 0) === 0xff + 0xfe) {
      throw new TableError('The file is UTF-16: save it as UTF-8.');
    }
    first = false;
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: true });
    } catch {
      throw new TableError('The file is not UTF-8 somewhere after here: save it as UTF-8.', line);
    }
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) line += 1;
    if (text !== '') yield text;
  }
  try {
    decoder.decode();
  } catch {
    throw new TableError('The file ends in the middle of a character: it is not whole.', line);
  }
}

/** What begins a text, and the whole text again, so that its kind can be told before it is read. */
export async function peek(
  texts: AsyncIterable<string>,
): Promise<{ readonly head: string; readonly texts: AsyncIterable<string> }> {
  const iterator = texts[Symbol.asyncIterator]();
  let head = '';
  let done = false;
  // The first line tells a CSV's delimiter; a few characters tell the rest.
  while (!done && (head.trim() === '' || !head.trimStart().includes('\n')) && head.length < 65_536) {
    const next = await iterator.next();
    done = next.done === true;
    if (!next.done) head += next.value;
  }
  return {
    head,
    texts: {
      async *[Symbol.asyncIterator]() {
        yield head;
        if (done) return;
        for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
      },
    },
  };
}
