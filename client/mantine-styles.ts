/**
 * Has each component of Mantine bring its own styles when the pages are built: a page waits for those that it shows, and components
 * that are nowhere shown cost nothing. While pages are worked on, all of them are there.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

/** The sheet of all components, which `main.tsx` imports. */
const EVERYTHING = /@mantine\/core\/styles\.layer\.css$/;
/** What of it belongs to no component. */
const BASE = ['baseline', 'default-css-variables', 'global'];
/** A component's class names, as the package has them: beside each there is a sheet of the same name in `styles/`. */
const CLASS_NAMES = /@mantine\/core\/esm\/.+\/(\w+)\.module\.mjs$/;

export function mantineStyles(): Plugin {
  return {
    name: 'solvent:mantine-styles',
    apply: 'build',
    enforce: 'pre',
    load(id) {
      if (!EVERYTHING.test(id)) return null;
      return BASE.map((name) => readFileSync(join(dirname(id), 'styles', `${name}.layer.css`), 'utf8')).join(
        '\n',
      );
    },
    transform(code, id) {
      const component = CLASS_NAMES.exec(id)?.[1];
      if (component === undefined) return null;
      return { code: `import '@mantine/core/styles/${component}.layer.css';\n${code}`, map: null };
    },
  };
}
