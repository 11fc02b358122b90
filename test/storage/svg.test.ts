import { describe, expect, test } from 'vitest';
import { svgProblem } from '../../server/storage/svg.ts';
import { output, quiet, startStore } from './support.ts';

const NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"';
const XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"';
const around = (inside: string, attributes = '') => `<svg ${NAMESPACE} ${attributes}>${inside}</svg>`;
const problem = (svg: string) => svgProblem(Buffer.from(svg));

describe('an SVG that is served', () => {
  test.each<[string, string]>([
    ['shapes and colours', around('<path d="M0 0L1 1" fill="#abc" transform="matrix(1 0 0 1 0 0)"/>')],
    [
      'gradients of its own',
      around('<defs><linearGradient id="a"/></defs><rect fill="url(#a)" style="mask: url( \'#m\' )"/>'),
    ],
    ['styles of its own', around('<style type="text/css"><![CDATA[.a{fill:#fff}]]></style>')],
    ['references within itself', around('<use xlink:href="#a"/><use href="#b"/>', XLINK)],
    ['a picture inside', around('<image href="data:image/png;base64,AAAA"/>')],
    [
      'what drawing programs leave',
      `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- Generator -->\n` +
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n' +
        around(
          '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>' +
            '<inkscape:page x="0" inkscape:label="picture (1)"/>',
          'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xml:space="preserve"',
        ),
    ],
    [
      'words that look like markup',
      around('<text>&lt;script&gt; url(http://x.example) on= &#x263A; &amp;</text>'),
    ],
    ['a prefix', '<svg:svg xmlns:svg="http://www.w3.org/2000/svg"><svg:g/></svg:svg>'],
  ])('may have %s', (_, svg) => {
    expect(problem(svg)).toBeNull();
  });

  test.each<[string, string]>([
    ['a script', around('<script>alert(1)</script>')],
    ['a script under a prefix', '<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:script/></s:svg>'],
    ['a script under a prefix of a part', around('<g xmlns:x="http://www.w3.org/2000/svg"><x:script/></g>')],
    [
      'a script whose namespace is spelled in references',
      around('<g xmlns:x="http://www.w3.org/2000/sv&#103;"/>'),
    ],
    ['a script in capitals, for whoever reads it as HTML', around('<SCRIPT>alert(1)</SCRIPT>')],
    ['a script after its end', `${around('')}<script/>`],
    ['a page inside', around('<foreignObject><p/></foreignObject>')],
    ['elements of a page', around('<g xmlns="http://www.w3.org/1999/xhtml"><img src="#"/></g>')],
    ['elements of a page under a prefix', around('<h:img xmlns:h="http://www.w3.org/1999/xhtml"/>')],
    ['an event handler', around('<g onclick="alert(1)"/>')],
    ['an event handler at its root', around('', 'onload="alert(1)"')],
    ['an event handler in capitals', around('<g ONLOAD="alert(1)"/>')],
    ['an event handler with spaces', around("<g\n  onload \n = 'alert(1)'/>")],
    ['a link', around('<a href="javascript:alert(1)"/>')],
    ['an outer reference', around('<use href="https://x.example/a.svg#b"/>')],
    [
      'an outer reference of another prefix',
      around('<use l:href="//x.example/a"/>', 'xmlns:l="http://www.w3.org/1999/xlink"'),
    ],
    ['an outer reference spelled in references', around('<image href="&#104;ttps://x.example/a.png"/>')],
    ['an SVG inside its data', around('<image href="data:image/svg+xml;base64,AAAA"/>')],
    ['an outer fill', around('<rect fill="url(https://x.example/a#b)"/>')],
    ['an outer fill with quotes', around('<rect style="fill:url( &quot;https://x.example/a&quot; )"/>')],
    ['an outer fill with escapes', around('<rect fill="u\\72l(https://x.example/a)"/>')],
    ['an outer style', around('<style>@import "https://x.example/a.css";</style>')],
    ['an outer style in CDATA', around('<style><![CDATA[@import "//x.example/a.css";]]></style>')],
    ['an outer style in two parts', around('<style>@imp<!-- -->ort "//x.example/a.css";</style>')],
    [
      'an outer style around an element',
      around('<style>@imp<style></style>ort "//x.example/a.css";</style>'),
    ],
    [
      'an outer style under a prefix',
      '<svg:svg xmlns:svg="http://www.w3.org/2000/svg"><svg:style>@import "a"</svg:style></svg:svg>',
    ],
    ['an outer font', around('<style>@font-face{src:url(https://x.example/a.woff)}</style>')],
    ['another base of its references', around('<use href="#a"/>', 'xml:base="https://x.example/"')],
    ['an animation of a link', around('<set attributeName="href" to="javascript:alert(1)"/>')],
    [
      'an outer style sheet',
      `<?xml version="1.0"?><?xml-stylesheet href="https://x.example/a"?>${around('')}`,
    ],
    ['entities of its own', `<!DOCTYPE svg [<!ENTITY a "<script/>">]>${around('&a;')}`],
    ['an entity of nobody', around('<text>&nbsp;</text>')],
    ['another encoding', `<?xml version="1.0" encoding="UTF-7"?>${around('+ADw-script/+AD4-')}`],
    ['another root', `<html><body>${around('')}</body></html>`],
    ['no namespace', '<svg><g/></svg>'],
    ['an end too few', `<svg ${NAMESPACE}><g>`],
    ['an end too many', `${around('')}</svg>`],
    ['ends in the wrong order', around('<g><text></g></text>')],
    ['attributes without quotes', around('<g onload=alert(1)/>')],
    ['text after its end', `${around('')} hello`],
    ['nothing in it', ''],
  ])('may not have %s', (_, svg) => {
    expect(problem(svg)).toMatch(/^the (?:SVG|root) /);
  });

  test('must be UTF-8', () => {
    expect(svgProblem(Buffer.from(around('<text>é</text>'), 'latin1'))).toBe('the SVG is not UTF-8');
    expect(svgProblem(Buffer.from(`\ufeff${around('')}`, 'utf16le'))).toMatch(/^the SVG/);
  });

  test('is read in time that grows with its length only', () => {
    const path = `<path d="${'M0 0L1 1'.repeat(250_000)}"/>`;
    const started = performance.now();
    expect(problem(around(path + '<g/>'.repeat(100_000)))).toBeNull();
    expect(problem(around(`<g ${' '.repeat(500_000)}`))).not.toBeNull();
    expect(problem(around(`<g a="${'&amp;'.repeat(100_000)}"/>`))).toBeNull();
    expect(problem('<!-- '.repeat(50_000))).not.toBeNull();
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('is refused whole and not cleaned, and leaves nothing behind', async () => {
    await using store = await startStore();
    const svg = Buffer.from(around('<script>alert(1)</script>'));
    await expect(store.storage.store(output(svg, 'image/svg+xml'), quiet())).rejects.toMatchObject({
      code: 'WRONG_TYPE',
      detail: 'The output was refused: the SVG has an element <script>.',
    });
    expect(await store.files()).toEqual([]);
  });
});
