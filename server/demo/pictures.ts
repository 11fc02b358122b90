/** Files for what the demo's calls have made: the sandbox makes each once, and the calls of the past share them. */

import { newId } from '../ids.ts';
import type { OutputRecord } from '../ledger/index.ts';
import type { Operation } from '../providers/index.ts';
import type { StoredFile } from '../storage/index.ts';
import type { Rooms } from './rooms.ts';
import { PROMPTS } from './wishes.ts';

/** Where the pictures lie from which some calls begin. Nothing is ever fetched from there. */
export const imageAddress = (index: number) => `https://shop.example/photos/${index}.jpg`;

/** Where the films lie that some calls dub. */
export const filmAddress = (index: number) => `https://shop.example/films/${index}.mp4`;

/** The files, by what was asked for. */
export interface Pictures {
  /** What a call has made, as rows of its own. */
  outputOf(operation: Operation, prompt: string): OutputRecord[];
}

/** Makes them. */
export async function makePictures({ sandbox, storage }: Rooms): Promise<Pictures> {
  const { signal } = new AbortController();
  const files = new Map<string, StoredFile>();
  const make = async (operation: Operation, vendorModel: string, prompt: string, more: object) => {
    const made = await sandbox.submit({
      generationId: newId(),
      model: vendorModel,
      vendorModel,
      request: { operation, prompt, count: 1, ...more },
      endUser: 'demo',
      signal,
    });
    if (made.status !== 'succeeded' || !made.outputs[0]) throw new Error(`The sandbox made no ${operation}.`);
    files.set(`${operation} ${prompt}`, await storage.store(made.outputs[0], signal));
  };
  for (const prompt of PROMPTS) await make('GENERATE_IMAGE', 'demo', prompt, { size: '512x512' });
  await make('GENERATE_VIDEO', 'demo', '', { durationSeconds: 5 });
  const edits = ['UPSCALE_IMAGE', 'REMOVE_BACKGROUND', 'VECTORIZE_IMAGE'] as const;
  for (const operation of edits) await make(operation, 'demo', '', { imageUrl: imageAddress(1) });
  await make('DUB_VIDEO', 'demo', '', {
    videoUrl: filmAddress(1),
    targetLanguage: 'es',
    durationSeconds: 60,
  });
  return {
    outputOf(operation, prompt) {
      const file = files.get(`${operation} ${prompt}`) ?? files.get(`${operation} `);
      if (!file) return [];
      return [
        {
          id: newId(),
          position: 0,
          sha256: file.sha256,
          contentType: file.contentType,
          bytes: file.bytes,
          width: file.width ?? null,
          height: file.height ?? null,
          durationSeconds: file.durationSeconds ?? null,
        },
      ];
    },
  };
}
