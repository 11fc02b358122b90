/** A scenario of the simulator as an address says it. */
import { expect, test } from 'vitest';
import { readUses, toUse } from '../../client/admin/components/plan/uses.ts';

test('uses are read from an address, and what cannot be one is left out', () => {
  const clip = { model: 'runway/gen3a_turbo', count: 15, durationSeconds: 8 };
  expect(
    readUses([clip, { model: 'openai/dall-e-3-hd', count: 0, size: '1024x1024', quality: 'hd' }]),
  ).toEqual([clip, { model: 'openai/dall-e-3-hd', count: 0, size: '1024x1024', quality: 'hd' }]);
  expect(
    readUses([
      null,
      'x',
      { count: 1 },
      { model: 'm' },
      { model: 'm', count: -1 },
      { model: 'm', count: 1.5 },
    ]),
  ).toEqual([]);
  expect(readUses([{ ...clip, durationSeconds: '8', size: 5, more: true }])).toEqual([
    { model: clip.model, count: 15 },
  ]);
  expect([readUses('x'), readUses(undefined), readUses({})]).toEqual([undefined, undefined, undefined]);
  expect(readUses(Array.from({ length: 60 }, () => clip))).toHaveLength(50);
});

test('a use is the same whether the API or an address said it', () => {
  expect(toUse({ model: 'm', count: 2, size: null, quality: null, durationSeconds: 8 })).toEqual({
    model: 'm',
    count: 2,
    durationSeconds: 8,
  });
});
