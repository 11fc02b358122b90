/**
 * Paints orders. Everything is an index into one palette: the sky's shades, the same shades in the sun's halo,
 * the sun, the hills, then all of those once more as seen through the dark glass that the text stands on. So glass
 * is an addition, the sun goes behind the hills because only sky can become sun, and deflate has little to do.
 */
import { advanceOf, CAP_CELLS, fold, GLYPH_CELLS, type Glyph, glyphOf, widthOf } from './font.ts';
import { cut, LINE_CELLS, layOut } from './layout.ts';
import type { Order } from './order.ts';
import {
  type Canvas,
  createCanvas,
  crop,
  encodeApng,
  encodePng,
  type Frame,
  type Palette,
  type Rectangle,
} from './png.ts';
import { blend, HALO, type Point, type Scene, SUN_RADIUS, sceneOf, skyAt, sunAfter } from './scene.ts';

const SKY_SHADES = 50;
const HALO_FIRST = SKY_SHADES;
const SUN = HALO_FIRST + SKY_SHADES;
/** Each range of hills has its colour, then two that soften its ridge. */
const HILLS_FIRST = SUN + 1;
const COLOURS_PER_HILLS = 3;
const GLASS = HILLS_FIRST + COLOURS_PER_HILLS * 4;
const TEXT_FIRST = GLASS * 2;
const TEXT_LEVELS = 5;
const WHITE = TEXT_FIRST + TEXT_LEVELS - 1;
const EDGE_FIRST = TEXT_FIRST + TEXT_LEVELS;
const EDGE_LEVELS = 3;
const CLEAR = EDGE_FIRST + EDGE_LEVELS;

const GLASS_COLOUR = 0x0b0d1c;
const GLASS_DARKNESS = 0.66;
const HORIZON = 0.74;

/** One picture as PNG. */
export async function paintPicture(order: Order, seed: number): Promise<Uint8Array> {
  const scene = sceneOf(seed);
  const canvas = createCanvas(order.width, order.height);
  paintLand(canvas, scene);
  paintSun(canvas, scene.sun.at);
  paintText(canvas, order);
  if (order.kind !== 'cutout') return encodePng(canvas, paletteOf(scene));
  cutOut(canvas);
  return encodePng(canvas, paletteOf(scene));
}

/** One animation as APNG: the sun crosses the sky once in the asked duration, and again for ever. */
export async function paintAnimation(order: Order, seed: number): Promise<Uint8Array> {
  const scene = sceneOf(seed);
  const canvas = createCanvas(order.width, order.height);
  paintLand(canvas, scene);
  paintText(canvas, order);
  const empty = canvas.data.slice();
  const durationMs = (order.durationSeconds ?? 1) * 1000;
  const count = Math.min(
    MOST_FRAMES,
    Math.max(FEWEST_FRAMES, Math.round((durationMs / 1000) * FRAMES_PER_SECOND)),
  );
  const frames: Frame[] = [];
  let before: Rectangle | null = null;
  for (let index = 0; index < count; index += 1) {
    if (before) restore(canvas, empty, before);
    const now = paintSun(canvas, sunAfter(index / (count - 1)));
    const area: Rectangle = before
      ? around(before, now)
      : { x: 0, y: 0, width: canvas.width, height: canvas.height };
    // Rounding each frame's end, not its length, keeps the whole as long as it was asked to be.
    const delayMs = Math.round(((index + 1) * durationMs) / count) - Math.round((index * durationMs) / count);
    frames.push({ ...area, rows: crop(canvas, area), delayMs });
    before = now;
  }
  return encodeApng(canvas, frames, paletteOf(scene));
}

const FRAMES_PER_SECOND = 8;
const FEWEST_FRAMES = 8;
const MOST_FRAMES = 64;

function paletteOf(scene: Scene): Palette {
  const colours: number[] = [];
  const shade = (index: number) => skyAt(scene, index / (SKY_SHADES - 1));
  for (let index = 0; index < SKY_SHADES; index += 1) colours.push(shade(index));
  for (let index = 0; index < SKY_SHADES; index += 1)
    colours.push(blend(shade(index), scene.sun.colour, 0.38));
  colours.push(scene.sun.colour);
  scene.hills.forEach((hills, index) => {
    const behind = scene.hills[index - 1]?.colour ?? shade(SKY_SHADES - 8);
    colours.push(hills.colour, blend(behind, hills.colour, 1 / 3), blend(behind, hills.colour, 2 / 3));
  });
  const behindGlass = colours.map((colour) => blend(colour, GLASS_COLOUR, GLASS_DARKNESS));
  const middle = behindGlass[SKY_SHADES >> 1] ?? GLASS_COLOUR;
  const text = Array.from({ length: TEXT_LEVELS }, (_, level) =>
    blend(middle, 0xffffff, (level + 1) / TEXT_LEVELS),
  );
  const edge = Array.from({ length: EDGE_LEVELS }, () => 0xffffff);
  const opaque = new Array<number>(EDGE_FIRST).fill(0xff);
  return {
    colours: [...colours, ...behindGlass, ...text, ...edge, 0xffffff],
    alphas: [...opaque, 0x40, 0x80, 0xc0, 0x00],
  };
}

function paintLand(canvas: Canvas, scene: Scene): void {
  const { width, height, stride, data } = canvas;
  const pattern = new Uint8Array(4);
  for (let y = 0; y < height; y += 1) {
    const exact = Math.min(1, y / (height * HORIZON)) * (SKY_SHADES - 1);
    // Neighbours take turns between two shades, in proportion to how near each is; that hides the bands. The
    // pattern repeats every four pixels, so that deflate sees through it.
    for (let x = 0; x < 4; x += 1) {
      const threshold = DITHER[(y & 3) * 4 + x] ?? 0;
      pattern[x] = Math.min(SKY_SHADES - 1, Math.floor(exact + (threshold + 0.5) / DITHER.length));
    }
    const start = y * stride + 1;
    data.fill(pattern[0] ?? 0, start, start + width);
    if (pattern.some((shade) => shade !== pattern[0])) {
      for (let x = 0; x < width; x += 1) data[start + x] = pattern[x & 3] ?? 0;
    }
  }
  const ridge = new Float32Array(width);
  scene.hills.forEach((hills, index) => {
    const colour = HILLS_FIRST + index * COLOURS_PER_HILLS;
    let top = height;
    let foot = 0;
    for (let x = 0; x < width; x += 1) {
      const y = hills.ridge(x / width) * height;
      ridge[x] = y;
      top = Math.min(top, y);
      foot = Math.max(foot, y);
    }
    const first = Math.max(0, Math.floor(top));
    const full = Math.min(height, Math.ceil(foot));
    for (let y = first; y < full; y += 1) {
      const row = y * stride + 1;
      for (let x = 0; x < width; x += 1) {
        const covered = y + 1 - (ridge[x] ?? 0);
        if (covered >= 0.83) data[row + x] = colour;
        else if (covered > 0.17) data[row + x] = colour + (covered < 0.5 ? 1 : 2);
      }
    }
    for (let y = Math.max(full, 0); y < height; y += 1) data.fill(colour, y * stride + 1, (y + 1) * stride);
  });
}

// Bayer's matrix.
const DITHER = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];

/** Paints the sun where there is sky, behind glass or not, and answers the part that it changed. */
function paintSun(canvas: Canvas, at: Point): Rectangle {
  const { width, height, stride, data } = canvas;
  const radius = Math.min(width, height) * SUN_RADIUS;
  const halo = radius * HALO;
  const middle = { x: at.x * width, y: at.y * height };
  const left = Math.max(0, Math.floor(middle.x - halo));
  const top = Math.max(0, Math.floor(middle.y - halo));
  const right = Math.min(width, Math.ceil(middle.x + halo));
  const bottom = Math.min(height, Math.ceil(middle.y + halo));
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      const squared = (x + 0.5 - middle.x) ** 2 + (y + 0.5 - middle.y) ** 2;
      if (squared > halo * halo) continue;
      const pixel = y * stride + 1 + x;
      const index = data[pixel] ?? 0;
      const glass = index >= GLASS ? GLASS : 0;
      if (index - glass < SKY_SHADES)
        data[pixel] = squared <= radius * radius ? SUN + glass : index + HALO_FIRST;
    }
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function restore(canvas: Canvas, from: Uint8Array, area: Rectangle): void {
  for (let y = area.y; y < area.y + area.height; y += 1) {
    const start = y * canvas.stride + 1 + area.x;
    canvas.data.set(from.subarray(start, start + area.width), start);
  }
}

function around(a: Rectangle, b: Rectangle): Rectangle {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

function paintText(canvas: Canvas, order: Order): void {
  const { width, height } = canvas;
  const shorter = Math.min(width, height);
  const cutout = order.kind === 'cutout';
  const small = Math.max(1, shorter / 380);
  // The small print stands on a strip along the foot of the picture; a cut-out has no foot, so its glass holds both.
  const strip = Math.ceil(small * (CAP_CELLS + 8));
  const room = { width: width * (cutout ? 0.6 : 0.78), height: (height - strip) * (cutout ? 0.4 : 0.62) };
  const { lines, cell } = layOut(fold(order.text), {
    ...room,
    largest: Math.max(1, shorter / 112),
    smallest: Math.max(1, shorter / 230),
    widthOf,
  });
  const textWidth = Math.max(...lines.map(widthOf)) * cell;
  const textHeight = ((lines.length - 1) * LINE_CELLS + GLYPH_CELLS) * cell;
  const padding = Math.min(shorter * 0.045, (width - textWidth) / 2);
  const glassWidth = Math.min(width, Math.max(textWidth + padding * 2, width * 0.4));
  const glassHeight = Math.min(height, textHeight + padding * 2);
  const centre = { x: width / 2, y: (height - (cutout ? 0 : strip)) / 2 };
  layGlass(
    canvas,
    {
      x: Math.round(centre.x - glassWidth / 2),
      y: Math.round(centre.y - glassHeight / 2),
      width: Math.round(glassWidth),
      height: Math.round(glassHeight),
    },
    padding * 0.8,
  );
  lines.forEach((line, index) => {
    const x = centre.x - (widthOf(line) * cell) / 2;
    // Half the depth of the descenders: the eye centres a line by its capitals.
    const y = centre.y - textHeight / 2 + (index * LINE_CELLS + (GLYPH_CELLS - CAP_CELLS) / 2) * cell;
    paintLine(canvas, line, x, y, cell);
  });
  if (cutout) {
    const caption = cut(`${fold(order.model)}  -  sandbox`, (width * 0.6) / small, widthOf);
    const captionWidth = widthOf(caption) * small;
    const top = height * 0.8;
    layGlass(
      canvas,
      {
        x: Math.round(centre.x - captionWidth / 2 - small * 6),
        y: Math.round(top),
        width: Math.round(captionWidth + small * 12),
        height: strip,
      },
      strip / 2,
    );
    paintLine(canvas, caption, centre.x - captionWidth / 2, top + small * 4, small);
    return;
  }
  layGlass(canvas, { x: 0, y: height - strip, width, height: strip }, 0);
  const edge = small * 8;
  const mark = 'sandbox';
  const markWidth = widthOf(mark) * small;
  const baseline = height - strip + small * 4;
  const modelRoom = (width - edge * 3 - markWidth) / small;
  paintLine(canvas, mark, width - edge - markWidth, baseline, small);
  if (modelRoom > 20) paintLine(canvas, cut(fold(order.model), modelRoom, widthOf), edge, baseline, small);
}

/** Darkens a rounded rectangle; twice over the same pixel is once. */
function layGlass(canvas: Canvas, area: Rectangle, radius: number): void {
  const { stride, data } = canvas;
  const top = Math.max(0, area.y);
  const bottom = Math.min(canvas.height, area.y + area.height);
  for (let y = top; y < bottom; y += 1) {
    const fromEdge = Math.min(y - area.y, area.y + area.height - 1 - y) + 0.5;
    const inset = fromEdge < radius ? radius - Math.sqrt(radius * radius - (radius - fromEdge) ** 2) : 0;
    const left = Math.max(0, area.x + Math.round(inset));
    const right = Math.min(canvas.width, area.x + area.width - Math.round(inset));
    for (let pixel = y * stride + 1 + left; pixel < y * stride + 1 + right; pixel += 1) {
      const index = data[pixel] ?? 0;
      if (index < GLASS) data[pixel] = index + GLASS;
    }
  }
}

function paintLine(canvas: Canvas, text: string, left: number, top: number, cell: number): void {
  let x = left;
  for (const character of text) {
    const glyph = glyphOf(character);
    if (character !== ' ') paintGlyph(canvas, glyph, x, top, cell);
    x += advanceOf(glyph) * cell;
  }
}

// Where the ink ends between a cell that has it and one that has not. A little under one half joins cells that
// touch at a corner only, so that slanted strokes hold together.
const INK = 0.4;

/** Samples the glyph between its cells, so that the letters have soft, round edges at any size. */
function paintGlyph(canvas: Canvas, glyph: Glyph, left: number, top: number, cell: number): void {
  const { stride, data } = canvas;
  const { cells } = glyph;
  const cellsAcross = glyph.width + 2;
  const firstX = Math.max(0, Math.ceil(left - cell / 2 - 0.5));
  const lastX = Math.min(canvas.width, Math.floor(left + (glyph.width + 0.5) * cell - 0.5));
  const firstY = Math.max(0, Math.ceil(top - cell / 2 - 0.5));
  const lastY = Math.min(canvas.height, Math.floor(top + (GLYPH_CELLS + 0.5) * cell - 0.5));
  for (let y = firstY; y < lastY; y += 1) {
    const v = (y + 0.5 - top) / cell + 0.5;
    const row = Math.floor(v);
    const down = v - row;
    for (let x = firstX; x < lastX; x += 1) {
      const u = (x + 0.5 - left) / cell + 0.5;
      const column = Math.floor(u);
      const at = row * cellsAcross + column;
      const a = cells[at] ?? 0;
      const b = cells[at + 1] ?? 0;
      const c = cells[at + cellsAcross] ?? 0;
      const d = cells[at + cellsAcross + 1] ?? 0;
      const inked = a + b + c + d;
      if (inked === 0) continue;
      const across = u - column;
      const upper = a + (b - a) * across;
      const ink = inked === 4 ? 1 : upper + (c + (d - c) * across - upper) * down;
      const level = Math.min(TEXT_LEVELS, Math.round(((ink - INK) * cell + 0.5) * TEXT_LEVELS));
      if (level <= 0) continue;
      const pixel = y * stride + 1 + x;
      const index = TEXT_FIRST + level - 1;
      // Letters touch at their soft edges; the stronger ink stays.
      if ((data[pixel] ?? 0) < index) data[pixel] = index;
    }
  }
}

/** Leaves a rounded shape with a white rim, as a sticker has, and makes the rest transparent. */
function cutOut(canvas: Canvas): void {
  const { width, height, stride, data } = canvas;
  const rim = Math.max(1, Math.min(width, height) * 0.012);
  const reach = { x: width * 0.46, y: height * 0.46 };
  // A superellipse: rounder than a rectangle, squarer than an ellipse.
  const power = 3.2;
  const scale = Math.min(reach.x, reach.y);
  const across = Float64Array.from(
    { length: width },
    (_, x) => (Math.abs(x + 0.5 - width / 2) / reach.x) ** power,
  );
  for (let y = 0; y < height; y += 1) {
    const down = (Math.abs(y + 0.5 - height / 2) / reach.y) ** power;
    for (let x = 0; x < width; x += 1) {
      const sum = (across[x] ?? 0) + down;
      const pixel = y * stride + 1 + x;
      if (sum > 1.2) {
        data[pixel] = CLEAR;
        continue;
      }
      if (sum < 0.8) continue;
      const inside = (1 - sum ** (1 / power)) * scale;
      if (inside < -0.5) data[pixel] = CLEAR;
      else if (inside < 0.5)
        data[pixel] = EDGE_FIRST + Math.min(EDGE_LEVELS - 1, Math.floor((inside + 0.5) * EDGE_LEVELS));
      else if (inside < rim) data[pixel] = WHITE;
    }
  }
}
