/**
 * Whether an SVG may be served from our own origin, where a script in it could act as the person who looks at it.
 *
 * It is read as XML by a reader that knows little and refuses what it does not know, so that there is nothing
 * that a browser would understand otherwise: only listed elements, no event handler, no reference to anything
 * outside the file, no entity of its own, no encoding but UTF-8. It is refused, never cleaned: what a customer
 * paid for is not quietly changed.
 */

const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';
const OTHER_NAMESPACES_REFUSED = /xhtml|MathML/i;

const ELEMENTS: ReadonlySet<string> = new Set([
  ...['svg', 'g', 'defs', 'symbol', 'use', 'switch', 'title', 'desc', 'metadata', 'style', 'image'],
  ...['path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text', 'tspan', 'textPath'],
  ...['linearGradient', 'radialGradient', 'stop', 'pattern', 'clipPath', 'mask', 'marker', 'filter'],
  ...[
    'feBlend',
    'feColorMatrix',
    'feComponentTransfer',
    'feComposite',
    'feConvolveMatrix',
    'feDiffuseLighting',
  ],
  ...[
    'feDisplacementMap',
    'feDistantLight',
    'feDropShadow',
    'feFlood',
    'feFuncA',
    'feFuncB',
    'feFuncG',
    'feFuncR',
  ],
  ...[
    'feGaussianBlur',
    'feMerge',
    'feMergeNode',
    'feMorphology',
    'feOffset',
    'fePointLight',
    'feSpecularLighting',
  ],
  ...['feSpotLight', 'feTile', 'feTurbulence'],
]);

const OPEN = /<([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const OPEN_END = /\s*(\/?)>/y;
const CLOSE = /<\/([A-Za-z_][\w.:-]*)\s*>/y;
const DECLARATION =
  /^<\?xml\s+version\s*=\s*["']1\.\d["'](?:\s+encoding\s*=\s*["']([\w.-]+)["'])?(?:\s+standalone\s*=\s*["']\w+["'])?\s*\?>/;
const DOCTYPE = /<!DOCTYPE\s+svg[^>[]*>/y;
const REFERENCE = /&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));|&/g;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,/i;

/**
 * Why an SVG may not be served.
 *
 * @returns null when it may.
 */
export function svgProblem(bytes: Uint8Array): string | null {
  try {
    read(decodeUtf8(bytes));
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

class Refused extends Error {}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    // The byte order mark is dropped, as a browser does.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refused('the SVG is not UTF-8');
  }
}

function read(text: string): void {
  const open: string[] = [];
  let rootSeen = false;
  let style = '';
  let at = skipDeclaration(text);
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const end = next < 0 ? text.length : next;
    if (end > at) {
      const plain = text.slice(at, end);
      if (open.length === 0 && plain.trim() !== '') throw new Refused('the SVG has text outside its root');
      const decoded = dereference(plain);
      if (inStyle(open)) style += decoded;
      at = end;
      continue;
    }
    if (text.startsWith('<!--', at)) {
      at = after(text, '-->', at + 4);
    } else if (text.startsWith('<![CDATA[', at)) {
      const from = at + 9;
      at = after(text, ']]>', from);
      if (inStyle(open)) style += text.slice(from, at - 3);
    } else if (text.startsWith('<!', at)) {
      // Without an internal part it declares no entity, and browsers do not load the external one.
      const doctype = rootSeen ? null : sticky(DOCTYPE, text, at);
      if (!doctype) throw new Refused('the SVG has a declaration that is not plain');
      at += doctype[0].length;
    } else if (text.startsWith('</', at)) {
      const close = sticky(CLOSE, text, at);
      if (inStyle(open)) {
        refuseCss(style, 'a style');
        style = '';
      }
      if (!close || close[1] !== open.pop()) throw new Refused('the SVG is not well-formed XML');
      at += close[0].length;
    } else {
      const element = readElement(text, at, open.length === 0);
      // Its text would be read in one piece, over whatever stands in between.
      if (inStyle(open)) throw new Refused('the SVG has an element in a style');
      if (open.length === 0 && rootSeen) throw new Refused('the SVG has more than one root');
      rootSeen = true;
      if (!element.empty) open.push(element.name);
      at = element.end;
    }
  }
  if (!rootSeen || open.length > 0) throw new Refused('the SVG is not well-formed XML');
}

function inStyle(open: readonly string[]): boolean {
  return open.at(-1)?.split(':').at(-1) === 'style';
}

function skipDeclaration(text: string): number {
  if (!text.startsWith('<?xml')) return 0;
  const declaration = DECLARATION.exec(text);
  const encoding = declaration?.[1] ?? 'utf-8';
  if (!declaration || !/^utf-?8$/i.test(encoding)) throw new Refused('the SVG is not declared as UTF-8');
  return declaration[0].length;
}

function readElement(
  text: string,
  from: number,
  root: boolean,
): { name: string; empty: boolean; end: number } {
  const open = sticky(OPEN, text, from);
  if (!open) throw new Refused('the SVG has a processing instruction, or is not well-formed XML');
  const name = open[1] ?? '';
  const [local, prefix] = name.split(':').reverse();
  if (prefix === undefined || prefix === 'svg') {
    if (!ELEMENTS.has(local ?? '')) throw new Refused(`the SVG has an element <${name.slice(0, 40)}>`);
  } else if (/script/i.test(name)) {
    throw new Refused(`the SVG has an element <${name.slice(0, 40)}>`);
  }
  if (root && local !== 'svg') throw new Refused('the root is not svg');
  let at = from + open[0].length;
  let namespace = false;
  for (let found = sticky(ATTRIBUTE, text, at); found; found = sticky(ATTRIBUTE, text, at)) {
    const attribute = found[1] ?? '';
    const value = dereference(found[2] ?? found[3] ?? '');
    refuseAttribute(attribute, value);
    namespace ||= attribute === (prefix === undefined ? 'xmlns' : `xmlns:${prefix}`);
    at += found[0].length;
  }
  if (root && !namespace) throw new Refused('the root is not in the namespace of SVG');
  const end = sticky(OPEN_END, text, at);
  if (!end) throw new Refused('the SVG is not well-formed XML');
  return { name, empty: end[1] === '/', end: at + end[0].length };
}

function refuseAttribute(name: string, value: string): void {
  const local = (name.split(':').at(-1) ?? '').toLowerCase();
  if (name === 'xmlns' || name === 'xmlns:svg') {
    if (value !== SVG_NAMESPACE) throw new Refused('the SVG changes to another namespace');
    return;
  }
  if (name.startsWith('xmlns:')) {
    // Elements with another prefix mean nothing to a browser, as long as the prefix is not a disguise.
    if (value === SVG_NAMESPACE || OTHER_NAMESPACES_REFUSED.test(value)) {
      throw new Refused('the SVG disguises a namespace');
    }
    return;
  }
  if (local.startsWith('on')) throw new Refused(`the SVG has an event handler ${name.slice(0, 40)}`);
  if (name.toLowerCase() === 'xml:base')
    throw new Refused('the SVG changes what its references are relative to');
  if (local === 'href' || local === 'src') {
    if (!value.startsWith('#') && !PICTURE.test(value))
      throw new Refused('the SVG refers to something outside itself');
    return;
  }
  refuseCss(value, `its ${name.slice(0, 40)}`);
}

/** Attributes such as `fill` are CSS too, so each is looked at as a style is. */
function refuseCss(css: string, where: string): void {
  if (!/[(@\\]/.test(css)) return;
  if (/@import/i.test(css) || /(?:url|src)\((?!\s*["']?\s*#)/i.test(css) || /image(?:-set)?\(/i.test(css)) {
    throw new Refused(`the SVG refers to something outside itself in ${where}`);
  }
  // An escape can spell any of the above.
  if (css.includes('\\')) throw new Refused(`the SVG has an escape in ${where}`);
}

function dereference(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) {
      const character = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
      if (character !== undefined) return character;
    }
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : -1;
    if (code < 0 || code > 0x10ffff) throw new Refused('the SVG has an entity that XML does not define');
    return String.fromCodePoint(code);
  });
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  if (at < 0) throw new Refused('the SVG is not well-formed XML');
  return at + mark.length;
}

function sticky(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
