/** Colours and sizes. Every pair of text and ground here has the contrast that WCAG 2.2 AA asks for, in both schemes. */
import {
  Anchor,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  NavLink,
} from '@mantine/core';

const ink: MantineColorsTuple = [
  '#eef3ff',
  '#dbe4fb',
  '#b5c6f3',
  '#8ca6ec',
  '#6a8be6',
  '#4f74dd',
  '#3d62cf',
  '#2f52b8',
  '#27469d',
  '#1d3780',
];

export const theme = createTheme({
  colors: { ink },
  primaryColor: 'ink',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: false,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.125rem' } } },
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: 'hover', inherit: true } }),
    NavLink: NavLink.extend({ defaultProps: { variant: 'light' } }),
  },
});

/** Tones of states, for text and lines on the page's own ground and on their pale one (`-pale`). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#4d5663',
    '--mantine-color-placeholder': '#5c6673',
    '--mantine-color-error': '#b42318',
    '--mantine-color-body': '#ffffff',
    '--mantine-color-anchor': 'var(--mantine-color-ink-7)',
    '--solvent-ground': '#f6f7f9',
    '--solvent-line': '#dfe3e8',
    '--solvent-good': '#0b6b3a',
    '--solvent-good-pale': '#e3f5ea',
    '--solvent-warning': '#7a4d00',
    '--solvent-warning-pale': '#fdf0d2',
    '--solvent-bad': '#ac1f17',
    '--solvent-bad-pale': '#fde8e6',
    '--solvent-busy': '#2f52b8',
    '--solvent-busy-pale': '#e8eeff',
    '--solvent-quiet': '#4d5663',
    '--solvent-quiet-pale': '#eceef1',
  },
  dark: {
    '--mantine-color-dimmed': '#a3adba',
    '--mantine-color-placeholder': '#949eac',
    '--mantine-color-error': '#ff9a91',
    '--mantine-color-body': '#181b20',
    '--mantine-color-anchor': 'var(--mantine-color-ink-3)',
    '--solvent-ground': '#101215',
    '--solvent-line': '#31363e',
    '--solvent-good': '#6fd79b',
    '--solvent-good-pale': '#12301f',
    '--solvent-warning': '#f2c14e',
    '--solvent-warning-pale': '#332711',
    '--solvent-bad': '#ff9a91',
    '--solvent-bad-pale': '#3d1917',
    '--solvent-busy': '#9db4f5',
    '--solvent-busy-pale': '#1b2747',
    '--solvent-quiet': '#a3adba',
    '--solvent-quiet-pale': '#262b32',
  },
});
