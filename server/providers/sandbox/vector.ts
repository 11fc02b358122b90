/** Draws an order as SVG: the same place as the bitmap, with text that stays text. No script, no link, no font. */
import { LINE_CELLS, layOut } from './layout.ts';
import type { Order } from './order.ts';
import { HALO, type Hills, SUN_RADIUS, sceneOf } from './scene.ts';

const RIDGE_POINTS = 48;
/** How wide a letter of a sans-serif face is at most on the average, as a part of its size. */
const LETTER_WIDTH = 0.6;
/** A face's size against the cells of a line, so that both kinds of text take the same room. */
const SIZE_CELLS = 9;

/** One drawing, as UTF-8. */
export function drawVector(order: Order, seed: number): Uint8Array {
  const { width, height } = order;
  const scene = sceneOf(seed);
  const [zenith, middle, horizon] = scene.sky;
  const shorter = Math.min(width, height);
  const sun = `cx="${round(scene.sun.at.x * width)}" cy="${round(scene.sun.at.y * height)}" fill="${hex(scene.sun.colour)}"`;
  const { lines, cell } = layOut(drawable(order.text), {
    width: width * 0.78,
    height: height * 0.62,
    largest: shorter / 112,
    smallest: shorter / 230,
    widthOf: (text) => [...text].length * LETTER_WIDTH * SIZE_CELLS,
  });
  const textHeight = ((lines.length - 1) * LINE_CELLS + SIZE_CELLS) * cell;
  const padding = shorter * 0.045;
  const top = height / 2 - textHeight / 2;
  const text = lines.map((line, index) => {
    const y = top + (index * LINE_CELLS + SIZE_CELLS * 0.85) * cell;
    return `<text x="${width / 2}" y="${round(y)}" font-size="${round(cell * SIZE_CELLS)}" text-anchor="middle">${escapeXml(line)}</text>`;
  });
  const small = shorter / 42;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escapeXml(drawable(order.text))}</title>`,
    '<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">',
    `<stop offset="0" stop-color="${hex(zenith)}"/><stop offset="0.41" stop-color="${hex(middle)}"/>`,
    `<stop offset="0.74" stop-color="${hex(horizon)}"/></linearGradient></defs>`,
    `<rect width="${width}" height="${height}" fill="url(#sky)"/>`,
    `<circle r="${round(shorter * SUN_RADIUS * HALO)}" fill-opacity="0.38" ${sun}/>`,
    `<circle r="${round(shorter * SUN_RADIUS)}" ${sun}/>`,
    ...scene.hills.map((hills) => `<path fill="${hex(hills.colour)}" d="${ridge(hills, width, height)}"/>`),
    `<rect x="${round(width * 0.07)}" y="${round(top - padding)}" width="${round(width * 0.86)}"`,
    ` height="${round(textHeight + padding * 2)}" rx="${round(padding * 0.8)}" fill="#0b0d1c" fill-opacity="0.66"/>`,
    '<g fill="#fff" font-family="system-ui, sans-serif">',
    ...text,
    `<text x="${round(small)}" y="${round(height - small)}" font-size="${round(small)}">${escapeXml(drawable(order.model))} · sandbox</text>`,
    '</g></svg>',
  ];
  return new Uint8Array(Buffer.from(svg.join('\n')));
}

function ridge(hills: Hills, width: number, height: number): string {
  const points = Array.from({ length: RIDGE_POINTS + 1 }, (_, index) => {
    const part = index / RIDGE_POINTS;
    return `${round(part * width)} ${round(hills.ridge(part) * height)}`;
  });
  return `M0 ${height} L${points.join(' L')} L${width} ${height} Z`;
}

function hex(colour: number): string {
  return `#${colour.toString(16).padStart(6, '0')}`;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}

/** XML has no way at all to write most control characters, nor half of a surrogate pair. */
function drawable(text: string): string {
  return text.toWellFormed().replace(/[^\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ' ');
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
