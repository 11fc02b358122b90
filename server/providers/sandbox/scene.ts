/**
 * What a picture of the sandbox is of: a sky, a sun and four ranges of hills, all drawn from one seed. It is said in
 * parts of the picture's width and height, so that the bitmap and the vector drawing are of the same place.
 */
import { randomFrom } from '../../random.ts';

/** The sun's middle, as parts of width and height. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** One range of hills: everything under its ridge, in one colour. */
export interface Hills {
  readonly colour: number;
  /** The height of the ridge at a part of the width, as a part of the picture's height from the top. */
  ridge(x: number): number;
}

/** Colours are numbers, 0xRRGGBB. */
export interface Scene {
  /** From the zenith to the horizon. */
  readonly sky: readonly [number, number, number];
  readonly sun: { readonly colour: number; readonly at: Point };
  /** From the farthest to the nearest. */
  readonly hills: readonly [Hills, Hills, Hills, Hills];
}

/** The sun's radius as a part of the shorter side, and how much wider its halo is. */
export const SUN_RADIUS = 0.11;
/** How many times as wide as the sun its halo is. */
export const HALO = 1.55;

/** A colour that lies between two others: `part` 0 is the first, 1 the second. */
export function blend(from: number, to: number, part: number): number {
  const mix = (shift: number) => {
    const a = (from >>> shift) & 0xff;
    const b = (to >>> shift) & 0xff;
    return Math.round(a + (b - a) * part) << shift;
  };
  return mix(16) | mix(8) | mix(0);
}

interface Theme {
  readonly sky: readonly [number, number, number];
  readonly sun: number;
  /** The farthest and the nearest hills; those between are blended. */
  readonly far: number;
  readonly near: number;
}

const THEMES: readonly Theme[] = [
  { sky: [0x2b1b5a, 0xa8417f, 0xffb26b], sun: 0xfff0c2, far: 0xa2497f, near: 0x1d1238 },
  { sky: [0x1c4e80, 0x5fa8d3, 0xfdf0d5], sun: 0xfffbe6, far: 0x7fb0bf, near: 0x123047 },
  { sky: [0x0b132b, 0x27406b, 0x6a8fb5], sun: 0xf1f5ff, far: 0x3f628c, near: 0x060b1a },
  { sky: [0x0f4c4a, 0x3a9d8f, 0xf2e9b8], sun: 0xfff7d6, far: 0x5fa58d, near: 0x0a2b2c },
  { sky: [0x6a1b4d, 0xe2606d, 0xffd7a1], sun: 0xfff3d9, far: 0xcc6470, near: 0x33102f },
  { sky: [0x3d348b, 0x7678ed, 0xf7c6d9], sun: 0xfff6fb, far: 0x9182d9, near: 0x1d1850 },
  { sky: [0x7a3b12, 0xe08e45, 0xffe8b6], sun: 0xfffaf0, far: 0xcb8550, near: 0x3a1b0d },
  { sky: [0x10331f, 0x4f8a5b, 0xe9f2c5], sun: 0xfffde7, far: 0x79a86f, near: 0x0c2217 },
];

/** The scene of a seed. */
export function sceneOf(seed: number): Scene {
  const random = randomFrom(seed);
  const theme = THEMES[Math.floor(random() * THEMES.length)] ?? THEMES[0];
  if (!theme) throw new Error('There is no theme.');
  const sun = { x: 0.18 + random() * 0.64, y: 0.2 + random() * 0.16 };
  const range = (index: number): Hills => {
    const base = 0.6 + index * 0.1;
    const waves = [0.045, 0.025, 0.01].map((height, octave) => ({
      height: height * (0.6 + random() * 0.8),
      speed: (octave * 1.7 + 1 + random() * 1.2) * 2 * Math.PI,
      shift: random() * 2 * Math.PI,
    }));
    return {
      colour: blend(theme.far, theme.near, index / 3),
      ridge: (x) => waves.reduce((y, wave) => y + Math.sin(x * wave.speed + wave.shift) * wave.height, base),
    };
  };
  return {
    sky: theme.sky,
    sun: { colour: theme.sun, at: sun },
    hills: [range(0), range(1), range(2), range(3)],
  };
}

/** Where the sun of an animation stands after a part of its time: an arc from the left to the right. */
export function sunAfter(part: number): Point {
  return { x: 0.1 + part * 0.8, y: 0.52 - Math.sin(Math.PI * part) * 0.36 };
}

/** The sky's colour at a part of the way from the zenith to the horizon. */
export function skyAt(scene: Scene, part: number): number {
  const [zenith, middle, horizon] = scene.sky;
  return part < 0.55 ? blend(zenith, middle, part / 0.55) : blend(middle, horizon, (part - 0.55) / 0.45);
}
