/** A dub is billed by the minutes of the film that was sent, and paid for by those that were said. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FILM_SECONDS } from '../support/vendors/elevenlabs.ts';
import { mp4 } from '../support/vendors/mp4.ts';
import { type JobStage, openJobStage } from './job-stage.ts';

let stage: JobStage;
/** What is read out of the film. */
let read: number | undefined;
beforeAll(async () => {
  stage = await openJobStage(['elevenlabs'], {
    fetchInput: async (url) => ({
      file: { url, bytes: mp4(FILM_SECONDS), contentType: 'video/mp4', durationSeconds: read },
    }),
  });
});
afterAll(async () => {
  await stage.server.expectSound();
  await stage[Symbol.asyncDispose]();
});

test.each([
  { is: 'longer than was paid for', seconds: 120.5, message: 'Ask again with durationSeconds: 121.' },
  {
    is: 'of a length that nobody can tell',
    seconds: undefined,
    message: 'does not say how long the video is',
  },
])('a film that is $is is not sent, and costs nothing', async ({ seconds, message }) => {
  const v = stage.of('elevenlabs');
  read = seconds;
  const generation = await v.begin({ durationSeconds: 120, waitMs: 10_000 });
  expect(generation.answer).toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining(message),
  });
  expect(v.vendor.submits).toBe(0);
  expect(await generation.attempts()).toEqual([]);
  await generation.expectBalance(0);
});
