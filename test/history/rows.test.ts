import { describe, expect, it } from 'vitest';
import { readAmount, readCall, readInstant } from '../../server/history/read-row.ts';
import { describeOnEachDatabase, openTestDatabase } from '../support/databases.ts';
import { csv, HEADER, importText, row } from './fixture.ts';

describe('an amount', () => {
  it('is exact dollars', () => {
    expect(['0', '0.08', '12.5', '0.000001', '1000000'].map(readAmount)).toEqual([
      0n,
      80_000n,
      12_500_000n,
      1n,
      1_000_000_000_000n,
    ]);
  });

  it.each([
    ['1,234.5', 'write 1234.5, without separators of thousands'],
    ['0,04', 'write 0.04, with a point'],
    ['1e3', 'write it out, such as 0.001 for 1e-3'],
    ['-0.04', 'is negative: write 0 or more'],
    ['$0.04', 'write 0.04, without a currency'],
    ['0.04 USD', 'write 0.04, without a currency'],
    ['0.0400001', 'write at most six digits after the point'],
    ['four cents', 'write dollars such as 12.50'],
    ['', 'it is empty: write 0 when there was none'],
    ['.5', 'write dollars such as 12.50'],
    ['2000000', 'is it in cents?'],
    ['NaN', 'write dollars such as 12.50'],
  ])('%s is refused, with what would be right', (text, hint) => {
    expect(readAmount(text)).toContain(hint);
  });
});

describe('an instant', () => {
  it.each([
    ['2026-11-01T12:00:00Z', '2026-11-01T12:00:00.000Z'],
    ['2026-11-01T12:00:00.123456Z', '2026-11-01T12:00:00.123Z'],
    ['2026-11-01T14:00:00+02:00', '2026-11-01T12:00:00.000Z'],
    ['2026-11-01 12:00:00+00', '2026-11-01T12:00:00.000Z'],
    ['2026-11-01 12:00', '2026-11-01T12:00:00.000Z'],
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(readInstant(text)?.toISOString()).toBe(instant);
  });

  it.each(['2026-02-30', '2026-11-01T25:00:00Z', '11/01/2026', 'yesterday', ''])('%s is none', (text) => {
    expect(readInstant(text)).toBeNull();
  });
});

describe('a row', () => {
  const now = new Date('2026-11-29T00:00:00Z');
  const read = (different: Record<string, string>) => {
    const names = HEADER.split(',');
    const cells = row('a', different).split(',');
    return readCall((column) => cells[names.indexOf(column)], now);
  };

  it('is told all that is wrong with it, field by field', () => {
    const problem = read({
      external_id: '',
      operation: 'paint',
      tier: 'GOLD',
      status: 'perhaps',
      credits: '1.5',
      duration_ms: '-3',
      created_at: '2062-01-01',
    });
    expect(problem).toBe(
      [
        'external_id: it is empty',
        'operation: "paint" is none: write one of GENERATE_IMAGE, GENERATE_VIDEO, UPSCALE_IMAGE, REMOVE_BACKGROUND, VECTORIZE_IMAGE, DUB_VIDEO',
        'tier: "GOLD" is none: write one of FREE, PAYG, BASIC, STARTER, CREATOR, PRO, or nothing',
        'status: "perhaps" is none: write one of SUCCEEDED, FAILED, FAILED_BILLED, FAILED_UNBILLED, UNKNOWN, CANCELED',
        'created_at: 2062-01-01 is still to come: is it mistyped?',
        'credits: "1.5" is no whole number of credits from 0 to 2000000000: write it in digits alone',
        'duration_ms: "-3" is negative: write 0 or more milliseconds',
      ].join('; '),
    );
  });

  it('takes words as people write them', () => {
    expect(
      read({ operation: 'Text to image', tier: 'pro', status: 'Completed', provider: 'OpenAI' }),
    ).toMatchObject({
      operation: 'GENERATE_IMAGE',
      tier: 'PRO',
      outcome: 'SUCCEEDED',
      model: 'openai/dall-e-3-hd',
    });
    expect(read({ model: 'openai/dall-e-3-hd' })).toMatchObject({ model: 'openai/dall-e-3-hd' });
  });
});

describeOnEachDatabase('a file', (kind) => {
  it('is told what is wrong with the whole of it', async () => {
    const opened = await openTestDatabase(kind);
    const { database } = opened;
    const outcomes: [string | Uint8Array, string][] = [
      ['', 'The file is empty'],
      ['\n\n', 'The file is empty'],
      [
        csv(row('a')).replace('cost', 'cost_usd').replace('created_at', 'when'),
        'Line 1: The header lacks cost, created_at; it has cost_usd, when instead.',
      ],
      [`${HEADER}\n${row('a')}\n"open`, 'Line'],
      [new Uint8Array([0xff, 0xfe, 0x61, 0x00]), 'UTF-16'],
      [Buffer.concat([Buffer.from(csv(row('a'))), Buffer.from([0xff, 0x0a])]), 'not UTF-8'],
      ['[{"external_id": "a"}]', 'The header lacks provider'],
      ['{"external_id": "a"', 'in the middle of an object'],
      ['[1, 2]', 'no object'],
    ];
    for (const [text, message] of outcomes) {
      const { outcome } = await importText(database, text);
      expect(outcome).toMatchObject({ status: 'unreadable', message: expect.stringContaining(message) });
    }
    await opened.close();
  });

  it('is read with a byte order mark, CRLF, semicolons, quotes, empty lines, in any order of columns, and as JSON', async () => {
    const opened = await openTestDatabase(kind);
    const { database } = opened;
    const plain = csv(row('a'), row('b', { cost: '0.1' }));
    const objects = plain
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => {
        const cells = line.split(',');
        return Object.fromEntries(HEADER.split(',').map((name, index) => [name, cells[index]]));
      });
    // A number in JSON keeps the text that it was written in.
    const json = JSON.stringify(objects).replaceAll('"0.08"', '0.080000').replaceAll('"0.1"', '0.1');
    const texts = [
      plain,
      `\uFEFF${plain.replaceAll('\n', '\r\n')}`,
      plain.replaceAll(',', ';'),
      plain.replaceAll('openai', '"openai"').replace('\nb', '\n\n\nb'),
      plain
        .trim()
        .split('\n')
        .map((line) => line.split(',').reverse().join(','))
        .join('\n'),
      json,
      objects.map((object) => JSON.stringify(object)).join('\n'),
    ];
    for (const [index, text] of texts.entries()) {
      const { outcome, rejections } = await importText(database, text, { piece: 11 });
      expect(rejections).toEqual([]);
      expect(outcome).toMatchObject({
        status: 'done',
        summary: { rows: 2, added: index === 0 ? 2 : 0, present: index === 0 ? 0 : 2, costMicros: 180_000n },
      });
    }
    await opened.close();
  });

  it('names the line of each row that cannot be, and imports the others', async () => {
    const opened = await openTestDatabase(kind);
    const text = csv(
      row('a'),
      row('b', { cost: '1e3' }),
      `${row('c')},one too many`,
      '"two\nlines"',
      row('d'),
    );
    const { outcome, rejections } = await importText(opened.database, text);
    expect(outcome).toMatchObject({ status: 'done', summary: { rows: 5, added: 2, rejected: 3 } });
    expect(rejections.map(({ line, problem }) => [line, problem.split(':')[0]])).toEqual([
      [3, 'cost'],
      [4, 'the row has 13 fields and the header 12'],
      [6, 'the row has 1 fields and the header 12'],
    ]);
    await opened.close();
  });
});
